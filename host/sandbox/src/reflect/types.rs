//! WIT types, as far as they have a form in JSON.
//!
//! The engine's own types may be a graph that is exponentially larger when it is written out, and a
//! guest's author chooses it. So they are copied once into a tree of limited size, and everything
//! else walks that tree.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};

use wasmtime::component::types::Type as Engine;

/// Maximum depth to which types are nested. Interfaces written by people stay below ten; JSON
/// itself is read to a depth of 128.
const MAX_DEPTH: usize = 32;

/// Types, fields and cases in one function together. The schema of a function this large has about
/// 64 KiB, the most that a descriptor may have (`tool/src/runner.rs`).
const MAX_NODES: usize = 1024;

/// The same for all named types of one interface together.
const MAX_NAMED_NODES: usize = 4 * MAX_NODES;

/// The longest name of a field, case or flag, in bytes. It is repeated for every value in a list.
const MAX_NAME: usize = 128;

/// A type that has a form in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Type {
    Bool,
    Integer(Integer),
    F32,
    F64,
    Char,
    String,
    /// `list<u8>`.
    Bytes,
    List(Box<Self>),
    Record(Named<Vec<Field>>),
    Tuple(Vec<Self>),
    Variant(Named<Vec<Case>>),
    Enum(Named<Vec<String>>),
    Flags(Named<Vec<String>>),
    Option(Box<Self>),
    Result(Option<Box<Self>>, Option<Box<Self>>),
}

/// Something that WIT gives a name to.
#[derive(Debug, Clone, Eq)]
pub(crate) struct Named<T> {
    /// Its name, where the component exports the type and no other one like it.
    pub(crate) name: Option<String>,
    pub(crate) of: T,
}

/// The component model compares types by what they are made of, and so does this.
impl<T: PartialEq> PartialEq for Named<T> {
    fn eq(&self, other: &Self) -> bool {
        self.of == other.of
    }
}

impl<T: Hash> Hash for Named<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.of.hash(state);
    }
}

/// A field of a record, or a parameter of a function.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) ty: Type,
}

/// A case of a variant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) ty: Option<Type>,
}

/// The integers of WIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Integer {
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
}

impl Integer {
    /// The least and the greatest value.
    pub(crate) fn range(self) -> (i128, i128) {
        match self {
            Self::S8 => (i8::MIN.into(), i8::MAX.into()),
            Self::U8 => (0, u8::MAX.into()),
            Self::S16 => (i16::MIN.into(), i16::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::S32 => (i32::MIN.into(), i32::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::S64 => (i64::MIN.into(), i64::MAX.into()),
            Self::U64 => (0, u64::MAX.into()),
        }
    }

    /// Returns true if some values are beyond what every JSON reader keeps exactly.
    pub(crate) fn is_wide(self) -> bool {
        matches!(self, Self::S64 | Self::U64)
    }
}

/// The names of types, by what the types are made of. Two that look alike leave a type without a
/// name, because neither is known to be the right one.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<Type, Option<String>>);

/// A function that has no form in JSON, with the reason.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unsupported(String);

impl Unsupported {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Copies the types of one function.
pub(crate) struct Reader<'a> {
    names: &'a Names,
    nodes: usize,
    max_nodes: usize,
}

/// The types that have a name among these, up to a bound: beyond it, types stay without a name.
pub(crate) fn named<'a>(types: impl Iterator<Item = (&'a str, Engine)>) -> Names {
    let none = Names::default();
    let mut reader = Reader {
        names: &none,
        nodes: 0,
        max_nodes: MAX_NAMED_NODES,
    };
    let mut names = HashMap::new();
    for (name, ty) in types {
        if reader.nodes >= MAX_NAMED_NODES {
            break;
        }
        if name.len() > MAX_NAME {
            continue;
        }
        if let Ok(ty @ (Type::Record(_) | Type::Variant(_) | Type::Enum(_) | Type::Flags(_))) =
            reader.read(&ty)
        {
            names
                .entry(ty)
                .and_modify(|name| *name = None)
                .or_insert_with(|| Some(name.to_owned()));
        }
    }
    Names(names)
}

impl<'a> Reader<'a> {
    /// A reader that knows these types by name.
    pub(crate) fn new(names: &'a Names) -> Self {
        Self {
            names,
            nodes: 0,
            max_nodes: MAX_NODES,
        }
    }

    /// The type of a parameter or a result. The error says why it has no form in JSON.
    pub(crate) fn read(&mut self, ty: &Engine) -> Result<Type, Unsupported> {
        self.nested(ty, 0)
    }

    fn nested(&mut self, ty: &Engine, depth: usize) -> Result<Type, Unsupported> {
        self.count()?;
        if depth >= MAX_DEPTH {
            return Err(Unsupported(format!(
                "its types are nested deeper than {MAX_DEPTH}"
            )));
        }
        let depth = depth + 1;
        Ok(match ty {
            Engine::Bool => Type::Bool,
            Engine::S8 => Type::Integer(Integer::S8),
            Engine::U8 => Type::Integer(Integer::U8),
            Engine::S16 => Type::Integer(Integer::S16),
            Engine::U16 => Type::Integer(Integer::U16),
            Engine::S32 => Type::Integer(Integer::S32),
            Engine::U32 => Type::Integer(Integer::U32),
            Engine::S64 => Type::Integer(Integer::S64),
            Engine::U64 => Type::Integer(Integer::U64),
            Engine::Float32 => Type::F32,
            Engine::Float64 => Type::F64,
            Engine::Char => Type::Char,
            Engine::String => Type::String,
            Engine::List(list) => match list.ty() {
                Engine::U8 => Type::Bytes,
                item => Type::List(Box::new(self.nested(&item, depth)?)),
            },
            Engine::Record(record) => {
                let field = |field: wasmtime::component::types::Field<'_>| {
                    Ok(Field {
                        name: self.name(field.name)?,
                        ty: self.nested(&field.ty, depth)?,
                    })
                };
                let fields = record
                    .fields()
                    .map(field)
                    .collect::<Result<_, Unsupported>>()?;
                self.named(Type::Record(unnamed(fields)))
            }
            Engine::Tuple(tuple) => Type::Tuple(
                tuple
                    .types()
                    .map(|item| self.nested(&item, depth))
                    .collect::<Result<_, _>>()?,
            ),
            Engine::Variant(variant) => {
                let case = |case: wasmtime::component::types::Case<'_>| {
                    let ty = case.ty.map(|ty| self.nested(&ty, depth)).transpose()?;
                    Ok(Case {
                        name: self.name(case.name)?,
                        ty,
                    })
                };
                let cases = variant
                    .cases()
                    .map(case)
                    .collect::<Result<_, Unsupported>>()?;
                self.named(Type::Variant(unnamed(cases)))
            }
            Engine::Enum(cases) => {
                let cases = cases
                    .names()
                    .map(|name| self.name(name))
                    .collect::<Result<_, _>>()?;
                self.named(Type::Enum(unnamed(cases)))
            }
            Engine::Flags(flags) => {
                let flags = flags
                    .names()
                    .map(|name| self.name(name))
                    .collect::<Result<_, _>>()?;
                self.named(Type::Flags(unnamed(flags)))
            }
            Engine::Option(option) => Type::Option(Box::new(self.nested(&option.ty(), depth)?)),
            Engine::Result(result) => {
                let mut payload = |ty: Option<Engine>| match ty {
                    Some(ty) => Ok::<_, Unsupported>(Some(Box::new(self.nested(&ty, depth)?))),
                    None => Ok(None),
                };
                Type::Result(payload(result.ok())?, payload(result.err())?)
            }
            Engine::Own(_) | Engine::Borrow(_) => {
                return Err(Unsupported::new(
                    "it passes a resource, which lives in one instance and has no form in JSON",
                ));
            }
            Engine::Future(_) | Engine::Stream(_) | Engine::ErrorContext => {
                return Err(Unsupported::new(
                    "it passes a future, a stream or an error context, which have no form in JSON",
                ));
            }
            // Newer than WASI 0.2, and off in this host's engine.
            Engine::Map(_) | Engine::FixedLengthList(_) => {
                return Err(Unsupported::new(
                    "it passes a map or a list of fixed length, which are not part of WASI 0.2",
                ));
            }
        })
    }

    fn count(&mut self) -> Result<(), Unsupported> {
        self.nodes += 1;
        if self.nodes > self.max_nodes {
            let reason = format!(
                "its types have more than {} parts when they are written out",
                self.max_nodes
            );
            return Err(Unsupported(reason));
        }
        Ok(())
    }

    /// The name of a parameter, field, case or flag. The error says that it is too long.
    pub(crate) fn name(&mut self, name: &str) -> Result<String, Unsupported> {
        self.count()?;
        if name.len() > MAX_NAME {
            return Err(Unsupported(format!(
                "it has a name of {} bytes: at most {MAX_NAME} are taken",
                name.len()
            )));
        }
        Ok(name.to_owned())
    }

    /// The type with its name, where exactly one exported type looks like it.
    fn named(&self, mut ty: Type) -> Type {
        let found = self.names.0.get(&ty).cloned().flatten();
        if let Type::Record(Named { name, .. })
        | Type::Variant(Named { name, .. })
        | Type::Enum(Named { name, .. })
        | Type::Flags(Named { name, .. }) = &mut ty
        {
            *name = found;
        }
        ty
    }
}

fn unnamed<T>(of: T) -> Named<T> {
    Named { name: None, of }
}

/// As WIT writes it; a record or variant whose name is not known is written out.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Integer(integer) => write!(f, "{}", format!("{integer:?}").to_lowercase()),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::Char => f.write_str("char"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("list<u8>"),
            Self::List(item) => write!(f, "list<{item}>"),
            Self::Tuple(items) => write!(f, "tuple<{}>", joined(items, Self::to_string)),
            Self::Option(some) => write!(f, "option<{some}>"),
            Self::Result(None, None) => f.write_str("result"),
            Self::Result(Some(ok), None) => write!(f, "result<{ok}>"),
            Self::Result(None, Some(err)) => write!(f, "result<_, {err}>"),
            Self::Result(Some(ok), Some(err)) => write!(f, "result<{ok}, {err}>"),
            Self::Record(Named {
                name: Some(name), ..
            })
            | Self::Variant(Named {
                name: Some(name), ..
            })
            | Self::Enum(Named {
                name: Some(name), ..
            })
            | Self::Flags(Named {
                name: Some(name), ..
            }) => f.write_str(name),
            Self::Record(record) => {
                write!(f, "record {{ {} }}", joined(&record.of, Field::to_string))
            }
            Self::Variant(variant) => {
                write!(f, "variant {{ {} }}", joined(&variant.of, Case::to_string))
            }
            Self::Enum(cases) => write!(f, "enum {{ {} }}", cases.of.join(", ")),
            Self::Flags(flags) => write!(f, "flags {{ {} }}", flags.of.join(", ")),
        }
    }
}

impl Field {
    /// Returns true if it may be left out, because its type is an option.
    pub(crate) fn may_be_left_out(&self) -> bool {
        matches!(self.ty, Type::Option(_))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.ty)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.ty {
            Some(ty) => write!(f, "{}({ty})", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A list as WIT writes it.
pub(crate) fn joined<T>(items: &[T], one: impl Fn(&T) -> String) -> String {
    items.iter().map(one).collect::<Vec<_>>().join(", ")
}
