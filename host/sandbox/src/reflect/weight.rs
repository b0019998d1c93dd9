//! Memory that a function's result takes on the host.

use wasmtime::component::Val;

use super::types::Type;

/// Bytes that an allocation takes at least, and more than it adds to a larger one.
const ALLOCATION: usize = 32;

/// Most bytes of a value without parts for each byte that the engine counts for it. Vectors grow by
/// doubling.
const PLAIN: usize = 5;

/// The same for a value with parts. The worst is a record with one field of one letter, for which
/// the engine makes room for four.
const NESTED: usize = 10;

/// Most bytes that a result of this type takes for each byte that the engine counts.
pub(super) fn density(ty: &Type) -> usize {
    match ty {
        Type::Bool
        | Type::Integer(_)
        | Type::F32
        | Type::F64
        | Type::Char
        | Type::String
        | Type::Bytes
        | Type::Enum(_) => PLAIN,
        Type::List(ty) | Type::Option(ty) => density(ty).max(NESTED),
        Type::Tuple(types) => densest(types),
        Type::Record(record) => densest(record.of.iter().map(|field| &field.ty)),
        Type::Variant(variant) => densest(variant.of.iter().filter_map(|case| case.ty.as_ref())),
        Type::Result(ok, err) => densest(ok.iter().chain(err).map(AsRef::as_ref)),
        Type::Flags(flags) => {
            let shortest = flags.of.iter().map(String::len).min().unwrap_or(1).max(1);
            // Its letters, and its place in a vector that has doubled.
            let most = shortest + ALLOCATION + 2 * size_of::<String>();
            most.div_ceil(shortest).max(NESTED)
        }
    }
}

fn densest<'a>(types: impl IntoIterator<Item = &'a Type>) -> usize {
    types.into_iter().map(density).fold(NESTED, usize::max)
}

/// Bytes that a value takes behind itself.
pub(super) fn weight(value: &Val) -> usize {
    match value {
        Val::String(text) | Val::Enum(text) => allocated(text.capacity()),
        Val::List(items) | Val::Tuple(items) | Val::FixedLengthList(items) => {
            sum(vector(items), items.iter().map(weight))
        }
        Val::Record(fields) => {
            let field =
                |(name, value): &(String, Val)| sum(allocated(name.capacity()), [weight(value)]);
            sum(vector(fields), fields.iter().map(field))
        }
        Val::Map(entries) => {
            let entry = |(key, value): &(Val, Val)| sum(weight(key), [weight(value)]);
            sum(vector(entries), entries.iter().map(entry))
        }
        Val::Variant(name, payload) => sum(allocated(name.capacity()), [boxed(payload.as_deref())]),
        Val::Option(payload) | Val::Result(Ok(payload) | Err(payload)) => boxed(payload.as_deref()),
        Val::Flags(names) => {
            let name = |name: &String| allocated(name.capacity());
            sum(vector(names), names.iter().map(name))
        }
        Val::Bool(_)
        | Val::S8(_)
        | Val::U8(_)
        | Val::S16(_)
        | Val::U16(_)
        | Val::S32(_)
        | Val::U32(_)
        | Val::S64(_)
        | Val::U64(_)
        | Val::Float32(_)
        | Val::Float64(_)
        | Val::Char(_)
        | Val::Resource(_)
        | Val::Future(_)
        | Val::Stream(_)
        | Val::ErrorContext(_) => 0,
    }
}

fn sum(first: usize, rest: impl IntoIterator<Item = usize>) -> usize {
    rest.into_iter().fold(first, usize::saturating_add)
}

fn vector<T>(items: &Vec<T>) -> usize {
    allocated(items.capacity().saturating_mul(size_of::<T>()))
}

fn boxed(value: Option<&Val>) -> usize {
    value.map_or(0, |value| sum(allocated(size_of::<Val>()), [weight(value)]))
}

/// Bytes that the allocator takes for so many: none for none.
fn allocated(bytes: usize) -> usize {
    match bytes {
        0 => 0,
        bytes => bytes.saturating_add(ALLOCATION / 2).max(ALLOCATION),
    }
}
