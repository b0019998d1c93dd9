//! Values of WIT types to JSON text.

use cofferdam_call::Output;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use wasmtime::component::Val;

use super::schema::{EXACT, NOT_FINITE};
use super::types::Type;
use crate::allowance::Allowance;

/// The room for a JSON text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room<'a> {
    /// Bytes that are kept.
    pub(crate) limit: usize,
    /// The time in which it is written.
    pub(crate) allowance: &'a Allowance,
}

/// The JSON text of a value: kept up to the limit, counted beyond it. The value is bounded before,
/// by the account of its call, and the names that are added to it by `types.rs`.
///
/// # Errors
///
/// If the call may not go on.
pub(crate) fn lift(
    ty: Option<&Type>,
    value: Option<&Val>,
    room: Room<'_>,
) -> Result<Output, serde_json::Error> {
    let mut output = Output::default();
    serde_json::to_writer(
        Cut {
            output: &mut output,
            room,
            unchecked: 0,
        },
        &Payload { ty, value },
    )?;
    Ok(output)
}

/// Bytes that are written before the time is looked at again (64 KiB): a fraction of a millisecond.
const CHECK_INTERVAL: usize = 64 << 10;

struct Cut<'a> {
    output: &'a mut Output,
    room: Room<'a>,
    /// Bytes since the time was looked at.
    unchecked: usize,
}

impl std::io::Write for Cut<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.unchecked = self.unchecked.saturating_add(bytes.len());
        if self.unchecked >= CHECK_INTERVAL {
            self.unchecked = 0;
            if self.room.allowance.ended().is_some() {
                return Err(std::io::ErrorKind::TimedOut.into());
            }
        }
        self.output.push(bytes, self.room.limit);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A value and its type.
pub(crate) struct Lifted<'a> {
    pub(crate) ty: &'a Type,
    pub(crate) value: &'a Val,
}

/// The payload of a case or a result: `null` if it has none.
struct Payload<'a> {
    ty: Option<&'a Type>,
    value: Option<&'a Val>,
}

impl Serialize for Payload<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match (self.ty, self.value) {
            (Some(ty), Some(value)) => Lifted { ty, value }.serialize(to),
            (None, None) => to.serialize_unit(),
            _ => Err(S::Error::custom(
                "a value is missing, or there is one without a type",
            )),
        }
    }
}

impl Serialize for Lifted<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match (self.ty, self.value) {
            (Type::Bool, Val::Bool(truth)) => to.serialize_bool(*truth),
            (Type::Integer(_), Val::S8(number)) => to.serialize_i8(*number),
            (Type::Integer(_), Val::U8(number)) => to.serialize_u8(*number),
            (Type::Integer(_), Val::S16(number)) => to.serialize_i16(*number),
            (Type::Integer(_), Val::U16(number)) => to.serialize_u16(*number),
            (Type::Integer(_), Val::S32(number)) => to.serialize_i32(*number),
            (Type::Integer(_), Val::U32(number)) => to.serialize_u32(*number),
            (Type::Integer(_), Val::S64(number)) if is_exact((*number).into()) => {
                to.serialize_i64(*number)
            }
            (Type::Integer(_), Val::U64(number)) if is_exact((*number).into()) => {
                to.serialize_u64(*number)
            }
            (Type::Integer(_), Val::S64(number)) => to.collect_str(number),
            (Type::Integer(_), Val::U64(number)) => to.collect_str(number),
            (Type::F32, Val::Float32(number)) if number.is_finite() => to.serialize_f32(*number),
            (Type::F64, Val::Float64(number)) if number.is_finite() => to.serialize_f64(*number),
            (Type::F32, Val::Float32(number)) => to.serialize_str(not_finite((*number).into())),
            (Type::F64, Val::Float64(number)) => to.serialize_str(not_finite(*number)),
            (Type::Char, Val::Char(one)) => to.serialize_char(*one),
            (Type::String, Val::String(text)) => to.serialize_str(text),
            (Type::Bytes, Val::List(items)) => {
                let byte = |item: &Val| match item {
                    Val::U8(byte) => Ok(*byte),
                    _ => Err(S::Error::custom("a byte is not a byte")),
                };
                let bytes = items.iter().map(byte).collect::<Result<Vec<_>, _>>()?;
                to.serialize_str(&BASE64_STANDARD.encode(bytes))
            }
            (Type::List(ty), Val::List(items)) => {
                to.collect_seq(items.iter().map(|value| Lifted { ty, value }))
            }
            (Type::Tuple(types), Val::Tuple(items)) if types.len() == items.len() => {
                let mut sequence = to.serialize_seq(Some(items.len()))?;
                for (ty, value) in types.iter().zip(items) {
                    sequence.serialize_element(&Lifted { ty, value })?;
                }
                sequence.end()
            }
            (Type::Record(record), Val::Record(members)) if record.of.len() == members.len() => {
                let mut object = to.serialize_map(Some(members.len()))?;
                for (field, (_, value)) in record.of.iter().zip(members) {
                    object.serialize_entry(
                        &field.name,
                        &Lifted {
                            ty: &field.ty,
                            value,
                        },
                    )?;
                }
                object.end()
            }
            (Type::Variant(variant), Val::Variant(name, payload)) => {
                let case = variant.of.iter().find(|case| case.name == *name);
                match (case.and_then(|case| case.ty.as_ref()), payload) {
                    (None, None) => to.serialize_str(name),
                    (ty, payload) => keyed(to, name, ty, payload.as_deref()),
                }
            }
            (Type::Enum(_), Val::Enum(name)) => to.serialize_str(name),
            (Type::Flags(_), Val::Flags(names)) => names.serialize(to),
            (Type::Option(_), Val::Option(None)) => to.serialize_unit(),
            (Type::Option(ty), Val::Option(Some(value))) => match **ty {
                // `null` would not say which of the two is empty.
                Type::Option(_) => keyed(to, "some", Some(ty), Some(value)),
                _ => Lifted { ty, value }.serialize(to),
            },
            (Type::Result(ok, _), Val::Result(Ok(value))) => {
                keyed(to, "ok", ok.as_deref(), value.as_deref())
            }
            (Type::Result(_, err), Val::Result(Err(value))) => {
                keyed(to, "err", err.as_deref(), value.as_deref())
            }
            _ => Err(S::Error::custom("a value is not of its type")),
        }
    }
}

fn keyed<S: Serializer>(
    to: S,
    key: &str,
    ty: Option<&Type>,
    value: Option<&Val>,
) -> Result<S::Ok, S::Error> {
    let mut object = to.serialize_map(Some(1))?;
    object.serialize_entry(key, &Payload { ty, value })?;
    object.end()
}

fn is_exact(number: i128) -> bool {
    number.abs() <= EXACT
}

fn not_finite(number: f64) -> &'static str {
    let same = |other: f64| number.is_nan() && other.is_nan() || number == other;
    NOT_FINITE
        .iter()
        .find(|(_, other)| same(*other))
        .map_or("NaN", |(name, _)| name)
}
