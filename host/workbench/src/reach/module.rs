//! A core module, as far as its calls go.

use std::collections::{BTreeMap, HashMap};

use wasmparser::{
    CompositeInnerType, ConstExpr, Element, ElementItems, ElementKind, ExternalKind, FuncType,
    FunctionBody, Operator, Payload, RecGroup, TableInit, TypeRef, ValType,
};

use super::error::{ReachError, missing};
use super::work::Work;

/// The number of the type of a function among [`Signatures`]. None if two functions cannot be told
/// apart by it: a call of such a type may go to every function, and such a function may be behind
/// every call.
pub(super) type Signature = Option<u32>;

/// The types of functions of all modules, each with a number: a type has up to 2,000 values, and
/// one call after another compares them.
#[derive(Debug, Default)]
pub(super) struct Signatures(HashMap<FuncType, u32>);

impl Signatures {
    /// The number of a type.
    fn number(&mut self, function: &FuncType) -> Result<u32, ReachError> {
        if let Some(number) = self.0.get(function) {
            return Ok(*number);
        }
        let number = u32::try_from(self.0.len()).map_err(|_| ReachError::TooMuch)?;
        self.0.insert(function.clone(), number);
        Ok(number)
    }
}

/// A core module: its functions with the calls in each, and what it puts into tables.
#[derive(Debug, Default)]
pub(super) struct Module<'a> {
    types: Vec<Signature>,
    /// The type of every function, the imported ones first.
    functions: Vec<u32>,
    /// Imported functions, in order.
    pub(super) imported_functions: Vec<ImportName<'a>>,
    /// Imported tables, in order.
    pub(super) imported_tables: Vec<ImportName<'a>>,
    /// The number of tables that it defines.
    pub(super) tables: u32,
    /// Functions and tables that it exports.
    pub(super) exports: BTreeMap<&'a str, Exported>,
    /// The function that runs when it is instantiated.
    pub(super) start: Option<u32>,
    /// Its functions' bodies.
    pub(super) bodies: Vec<Body>,
    /// Functions that it puts into tables when it is instantiated.
    pub(super) segments: Vec<Segment>,
    /// Functions of which it has references: they may be called wherever a reference is.
    pub(super) taken: Vec<u32>,
    /// Tables that its instructions write, or that it fills with values that are not known here.
    pub(super) written: Vec<u32>,
}

/// The two names of an import.
#[derive(Debug, Clone, Copy)]
pub(super) struct ImportName<'a> {
    pub(super) module: &'a str,
    pub(super) name: &'a str,
}

impl ImportName<'_> {
    /// The bytes of both names, which are compared to find what is imported.
    pub(super) fn bytes(&self) -> usize {
        self.module.len().saturating_add(self.name.len())
    }
}

/// An export that matters for calls.
#[derive(Debug, Clone, Copy)]
pub(super) enum Exported {
    Function(u32),
    Table(u32),
    /// A memory, a global or a tag.
    Other,
}

/// An active element segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) table: u32,
    /// The first slot, if it is a constant.
    pub(super) offset: Option<u32>,
    /// Functions in the order of their slots; none for null.
    pub(super) functions: Vec<Option<u32>>,
}

/// The calls in a function.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) calls: Vec<u32>,
    pub(super) indirect: Vec<Indirect>,
    /// Types of calls through references.
    pub(super) by_reference: Vec<u32>,
}

/// A call through a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Indirect {
    pub(super) table: u32,
    pub(super) ty: u32,
    /// The slot, if it is a constant.
    pub(super) slot: Option<u32>,
}

impl<'a> Module<'a> {
    /// Adds a payload of the module.
    pub(super) fn add(
        &mut self,
        payload: Payload<'a>,
        signatures: &mut Signatures,
        work: &mut Work,
    ) -> Result<(), ReachError> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types {
                    self.add_types(&group?, signatures, work)?;
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    work.spend(1)?;
                    let named = ImportName {
                        module: import.module,
                        name: import.name,
                    };
                    match import.ty {
                        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                            self.functions.push(ty);
                            self.imported_functions.push(named);
                        }
                        TypeRef::Table(_) => self.imported_tables.push(named),
                        TypeRef::Memory(_) | TypeRef::Global(_) | TypeRef::Tag(_) => {}
                    }
                }
            }
            Payload::FunctionSection(functions) => {
                for ty in functions {
                    work.spend(1)?;
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    let index = self.next_table()?;
                    if let TableInit::Expr(value) = table?.init {
                        self.take_from(&value, work)?;
                        self.written.push(index);
                    }
                    self.tables += 1;
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    self.take_from(&global?.init_expr, work)?;
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    work.spend(1)?;
                    let exported = match export.kind {
                        ExternalKind::Func | ExternalKind::FuncExact => {
                            Exported::Function(export.index)
                        }
                        ExternalKind::Table => Exported::Table(export.index),
                        ExternalKind::Memory | ExternalKind::Global | ExternalKind::Tag => {
                            Exported::Other
                        }
                    };
                    self.exports.insert(export.name, exported);
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(elements) => {
                for element in elements {
                    self.add_element(element?, work)?;
                }
            }
            Payload::CodeSectionEntry(body) => self.add_body(&body, work)?,
            _ => {}
        }
        Ok(())
    }

    /// The signature of a type.
    pub(super) fn signature(&self, ty: u32) -> Result<Signature, ReachError> {
        at(&self.types, ty).copied().ok_or_else(|| missing("type"))
    }

    /// The signature of a function.
    pub(super) fn signature_of(&self, function: u32) -> Result<Signature, ReachError> {
        let ty = at(&self.functions, function).ok_or_else(|| missing("function"))?;
        self.signature(*ty)
    }

    fn next_table(&self) -> Result<u32, ReachError> {
        let imported = u32::try_from(self.imported_tables.len());
        imported
            .ok()
            .and_then(|imported| imported.checked_add(self.tables))
            .ok_or(ReachError::TooMuch)
    }

    fn add_types(
        &mut self,
        group: &RecGroup,
        signatures: &mut Signatures,
        work: &mut Work,
    ) -> Result<(), ReachError> {
        for ty in group.types() {
            work.spend(1)?;
            let plain = ty.is_final && ty.supertype_idx.is_none();
            let signature = match &ty.composite_type.inner {
                CompositeInnerType::Func(function) if plain && is_plain(function) => {
                    work.spend(function.params().len() + function.results().len())?;
                    Some(signatures.number(function)?)
                }
                _ => None,
            };
            self.types.push(signature);
        }
        Ok(())
    }

    fn add_element(&mut self, element: Element<'a>, work: &mut Work) -> Result<(), ReachError> {
        let mut functions = Vec::new();
        let mut is_known = true;
        match element.items {
            ElementItems::Functions(items) => {
                for item in items {
                    work.spend(1)?;
                    functions.push(Some(item?));
                }
            }
            ElementItems::Expressions(_, items) => {
                for item in items {
                    let value = item?;
                    self.take_from(&value, work)?;
                    match constant(&value)? {
                        Constant::Function(function) => functions.push(Some(function)),
                        Constant::Null => functions.push(None),
                        Constant::Number(_) | Constant::Other => {
                            is_known = false;
                            functions.push(None);
                        }
                    }
                }
            }
        }
        self.taken.extend(functions.iter().flatten());
        let ElementKind::Active {
            table_index,
            offset_expr,
        } = element.kind
        else {
            return Ok(());
        };
        let table = table_index.unwrap_or_default();
        if !is_known {
            self.written.push(table);
        }
        let offset = match constant(&offset_expr)? {
            Constant::Number(offset) => Some(offset),
            _ => None,
        };
        self.segments.push(Segment {
            table,
            offset,
            functions,
        });
        Ok(())
    }

    /// Notes the functions of which a constant expression makes references.
    fn take_from(&mut self, value: &ConstExpr<'a>, work: &mut Work) -> Result<(), ReachError> {
        for operator in value.get_operators_reader() {
            work.spend(1)?;
            if let Operator::RefFunc { function_index } = operator? {
                self.taken.push(function_index);
            }
        }
        Ok(())
    }

    fn add_body(&mut self, code: &FunctionBody<'a>, work: &mut Work) -> Result<(), ReachError> {
        let mut body = Body::default();
        let mut before = None;
        let mut operators = code.get_operators_reader()?;
        while !operators.eof() {
            work.spend(1)?;
            let operator = operators.read()?;
            let slot = before.take();
            match operator {
                Operator::I32Const { value } => before = Some(value.cast_unsigned()),
                Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                    body.calls.push(function_index);
                }
                Operator::CallIndirect {
                    type_index: ty,
                    table_index: table,
                }
                | Operator::ReturnCallIndirect {
                    type_index: ty,
                    table_index: table,
                } => body.indirect.push(Indirect { table, ty, slot }),
                Operator::CallRef { type_index } | Operator::ReturnCallRef { type_index } => {
                    body.by_reference.push(type_index);
                }
                Operator::RefFunc { function_index } => self.taken.push(function_index),
                Operator::TableSet { table }
                | Operator::TableFill { table }
                | Operator::TableGrow { table }
                | Operator::TableInit { table, .. }
                | Operator::TableCopy {
                    dst_table: table, ..
                }
                | Operator::TableAtomicSet {
                    table_index: table, ..
                }
                | Operator::TableAtomicRmwXchg {
                    table_index: table, ..
                }
                | Operator::TableAtomicRmwCmpxchg {
                    table_index: table, ..
                } => self.written.push(table),
                Operator::ContNew { .. }
                | Operator::ContBind { .. }
                | Operator::Suspend { .. }
                | Operator::Resume { .. }
                | Operator::ResumeThrow { .. }
                | Operator::ResumeThrowRef { .. }
                | Operator::Switch { .. } => {
                    return Err(ReachError::NotFollowed("stack switching"));
                }
                _ => {}
            }
        }
        body.calls.sort_unstable();
        body.calls.dedup();
        body.indirect.sort_unstable();
        body.indirect.dedup();
        body.by_reference.sort_unstable();
        body.by_reference.dedup();
        self.bodies.push(body);
        Ok(())
    }
}

/// The value of a constant expression.
enum Constant {
    Number(u32),
    Function(u32),
    Null,
    /// Anything else, such as an imported global.
    Other,
}

fn constant(value: &ConstExpr<'_>) -> Result<Constant, ReachError> {
    let mut operators = value.get_operators_reader();
    let first = operators.read()?;
    if operators.eof() || !matches!(operators.read()?, Operator::End) {
        return Ok(Constant::Other);
    }
    Ok(match first {
        Operator::I32Const { value } => Constant::Number(value.cast_unsigned()),
        Operator::RefFunc { function_index } => Constant::Function(function_index),
        Operator::RefNull { .. } => Constant::Null,
        _ => Constant::Other,
    })
}

/// Returns true if the type means the same in every module: it names no type of its own module.
fn is_plain(function: &FuncType) -> bool {
    let values = function.params().iter().chain(function.results());
    values.into_iter().all(|value| match value {
        ValType::Ref(reference) => !reference.is_concrete_type_ref(),
        _ => true,
    })
}

/// The entry of an index space.
pub(super) fn at<T>(entries: &[T], index: u32) -> Option<&T> {
    entries.get(usize::try_from(index).ok()?)
}
