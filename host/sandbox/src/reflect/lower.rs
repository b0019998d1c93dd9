//! JSON to values of WIT types.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use cofferdam_capability::{Account, json};
use serde_json::{Map, Value};
use wasmtime::component::Val;

use super::schema::NOT_FINITE;
use super::types::{Field, Integer, Named, Type};

/// Models forget the padding of base64, and it says nothing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A value that does not fit its type.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// Path to it: names and indexes from the innermost outward.
    steps: Vec<String>,
    problem: String,
}

impl Misfit {
    fn new(problem: impl Into<String>) -> Self {
        Self {
            steps: Vec::new(),
            problem: problem.into(),
        }
    }

    fn within(step: impl ToString) -> impl FnOnce(Self) -> Self {
        move |mut misfit| {
            // As RFC 6901 escapes them.
            misfit
                .steps
                .push(step.to_string().replace('~', "~0").replace('/', "~1"));
            misfit
        }
    }
}

/// The problem, after a JSON pointer to its place.
impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.steps.is_empty() {
            f.write_str("at ")?;
        }
        for step in self.steps.iter().rev() {
            write!(f, "/{step}")?;
        }
        if !self.steps.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for Misfit {}

/// The arguments of a call, from JSON text that holds an object. Its size is bounded before
/// (`stdin` of the limits), and its depth by the JSON reader.
pub(crate) fn arguments(
    parameters: &[Field],
    input: &str,
    account: &Account,
) -> Result<Vec<Val>, Misfit> {
    let held = json::parse(input, "the parsed arguments", account)
        .map_err(|problem| Misfit::new(format!("the input: {problem}")))?;
    Ok(members(parameters, &held.value, account)?
        .into_iter()
        .map(|(_, value)| value)
        .collect())
}

/// Memory of one value, in bytes.
const VALUE: usize = size_of::<Val>();

/// Memory of a name beside its text, in bytes.
const NAME: usize = size_of::<String>();

/// Charges what a value of a call's arguments takes of the host, before it is made.
fn charge(account: &Account, bytes: usize) -> Result<(), Misfit> {
    account
        .charge("the arguments", bytes)
        .map_err(|overdrawn| Misfit::new(overdrawn.to_string()))
}

/// The value of type `ty` that `value` says.
pub(crate) fn lower(ty: &Type, value: &Value, account: &Account) -> Result<Val, Misfit> {
    charge(account, VALUE)?;
    match ty {
        Type::Bool => value
            .as_bool()
            .map(Val::Bool)
            .ok_or_else(|| Misfit::new("expected true or false")),
        Type::Integer(integer) => self::integer(*integer, value),
        Type::F32 => {
            let wide = float(value)?;
            #[allow(
                clippy::cast_possible_truncation,
                reason = "the nearest value of 32 bits is what is wanted"
            )]
            let narrow = wide as f32;
            if wide.is_finite() && narrow.is_infinite() {
                return Err(Misfit::new(format!(
                    "{wide} is too large for a float of 32 bits"
                )));
            }
            Ok(Val::Float32(narrow))
        }
        Type::F64 => float(value).map(Val::Float64),
        Type::Char => {
            let mut chars = text(value)?.chars();
            match (chars.next(), chars.next()) {
                (Some(one), None) => Ok(Val::Char(one)),
                _ => Err(Misfit::new("expected exactly one character")),
            }
        }
        Type::String => {
            let text = text(value)?;
            charge(account, text.len())?;
            Ok(Val::String(text.to_owned()))
        }
        Type::Bytes => {
            let text = text(value)?;
            // Each byte becomes a value of its own.
            charge(account, text.len().saturating_mul(VALUE))?;
            let bytes = BASE64
                .decode(text)
                .map_err(|error| Misfit::new(format!("not base64: {error}")))?;
            Ok(Val::List(bytes.into_iter().map(Val::U8).collect()))
        }
        Type::List(item) => {
            let items = array(value)?.iter().enumerate();
            items
                .map(|(index, value)| lower(item, value, account).map_err(Misfit::within(index)))
                .collect::<Result<_, _>>()
                .map(Val::List)
        }
        Type::Tuple(types) => {
            let items = array(value)?;
            if items.len() != types.len() {
                return Err(Misfit::new(format!(
                    "expected {} items, found {}",
                    types.len(),
                    items.len()
                )));
            }
            let items = types.iter().zip(items).enumerate();
            items
                .map(|(index, (ty, value))| {
                    lower(ty, value, account).map_err(Misfit::within(index))
                })
                .collect::<Result<_, _>>()
                .map(Val::Tuple)
        }
        Type::Record(record) => members(&record.of, value, account).map(Val::Record),
        Type::Variant(variant) => {
            let (name, payload) = match value {
                Value::String(name) => (name.as_str(), None),
                _ => only_member(value).map(|(name, payload)| (name, Some(payload)))?,
            };
            let names = || variant.of.iter().map(|case| case.name.as_str());
            let case = variant
                .of
                .iter()
                .find(|case| case.name == name)
                .ok_or_else(|| unknown(name, names()))?;
            charge(account, NAME + name.len())?;
            match (&case.ty, payload) {
                (None, None) => Ok(Val::Variant(name.to_owned(), None)),
                (Some(ty), Some(payload)) => {
                    let payload = lower(ty, payload, account).map_err(Misfit::within(name))?;
                    Ok(Val::Variant(name.to_owned(), Some(Box::new(payload))))
                }
                (None, Some(_)) => Err(Misfit::new(format!(
                    "`{name}` has no value: write \"{name}\""
                ))),
                (Some(ty), None) => Err(Misfit::new(format!(
                    "`{name}` has a value: write {{\"{name}\": {ty}}}"
                ))),
            }
        }
        Type::Enum(cases) => {
            let name = text(value)?;
            charge(account, NAME + name.len())?;
            choice(cases, name).map(|name| Val::Enum(name.to_owned()))
        }
        Type::Flags(flags) => {
            let mut set: Vec<String> = Vec::new();
            for (index, value) in array(value)?.iter().enumerate() {
                let name = text(value)
                    .and_then(|name| choice(flags, name))
                    .map_err(Misfit::within(index))?;
                if set.iter().any(|other| other == name) {
                    return Err(Misfit::within(index)(Misfit::new(format!(
                        "`{name}` is there twice"
                    ))));
                }
                charge(account, NAME + name.len())?;
                set.push(name.to_owned());
            }
            Ok(Val::Flags(set))
        }
        Type::Option(_) if value.is_null() => Ok(Val::Option(None)),
        Type::Option(some) => {
            let value = match **some {
                // `null` would not say which of the two is empty.
                Type::Option(_) => match only_member(value)? {
                    ("some", value) => {
                        lower(some, value, account).map_err(Misfit::within("some"))?
                    }
                    (name, _) => return Err(unknown(name, ["some"].into_iter())),
                },
                _ => lower(some, value, account)?,
            };
            Ok(Val::Option(Some(Box::new(value))))
        }
        Type::Result(ok, err) => {
            let (name, payload) = only_member(value)?;
            let lowered = |ty: &Option<Box<Type>>| match ty {
                Some(ty) => Ok(Some(Box::new(lower(ty, payload, account)?))),
                None if payload.is_null() => Ok(None),
                None => Err(Misfit::new("expected null")),
            };
            let within = |ty| lowered(ty).map_err(Misfit::within(name));
            match name {
                "ok" => Ok(Val::Result(Ok(within(ok)?))),
                "err" => Ok(Val::Result(Err(within(err)?))),
                _ => Err(unknown(name, ["ok", "err"].into_iter())),
            }
        }
    }
}

fn integer(integer: Integer, value: &Value) -> Result<Val, Misfit> {
    let number = match value {
        Value::Number(number) => number
            .as_i64()
            .map(i128::from)
            .or_else(|| number.as_u64().map(i128::from))
            .or_else(|| whole(number.as_f64()?)),
        // Digits alone: Rust would also take a sign in front of them that JSON does not know.
        Value::String(text) if integer.is_wide() && !text.starts_with('+') => text.parse().ok(),
        _ => None,
    };
    let number = number.ok_or_else(|| Misfit::new("expected a whole number"))?;
    let lowered = match integer {
        Integer::S8 => i8::try_from(number).map(Val::S8),
        Integer::U8 => u8::try_from(number).map(Val::U8),
        Integer::S16 => i16::try_from(number).map(Val::S16),
        Integer::U16 => u16::try_from(number).map(Val::U16),
        Integer::S32 => i32::try_from(number).map(Val::S32),
        Integer::U32 => u32::try_from(number).map(Val::U32),
        Integer::S64 => i64::try_from(number).map(Val::S64),
        Integer::U64 => u64::try_from(number).map(Val::U64),
    };
    let (least, greatest) = integer.range();
    lowered.map_err(|_| Misfit::new(format!("{number} is not from {least} to {greatest}")))
}

/// JSON Schema counts 3.0 among the integers, and some writers write it so. Beyond 2^53 it would be
/// a guess.
fn whole(number: f64) -> Option<i128> {
    #[allow(clippy::cast_precision_loss, reason = "2^53 is exact as a double")]
    let exact = number.fract() == 0.0 && number.abs() <= super::schema::EXACT as f64;
    #[allow(
        clippy::cast_possible_truncation,
        reason = "it is whole, and far smaller than 2^127"
    )]
    exact.then_some(number as i128)
}

fn float(value: &Value) -> Result<f64, Misfit> {
    let named = |text: &str| {
        NOT_FINITE
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, number)| *number)
    };
    let number = value.as_f64().or_else(|| named(value.as_str()?));
    number.ok_or_else(|| Misfit::new("expected a number, \"NaN\", \"Infinity\" or \"-Infinity\""))
}

fn text(value: &Value) -> Result<&str, Misfit> {
    value.as_str().ok_or_else(|| Misfit::new("expected text"))
}

fn array(value: &Value) -> Result<&Vec<Value>, Misfit> {
    value
        .as_array()
        .ok_or_else(|| Misfit::new("expected an array"))
}

fn object(value: &Value) -> Result<&Map<String, Value>, Misfit> {
    value
        .as_object()
        .ok_or_else(|| Misfit::new("expected an object"))
}

fn only_member(value: &Value) -> Result<(&str, &Value), Misfit> {
    let mut members = object(value)?.iter();
    match (members.next(), members.next()) {
        (Some((name, value)), None) => Ok((name, value)),
        _ => Err(Misfit::new("expected an object with exactly one member")),
    }
}

/// The fields in their order. Options may be left out, and nothing may be there that no field
/// takes.
fn members(
    fields: &[Field],
    value: &Value,
    account: &Account,
) -> Result<Vec<(String, Val)>, Misfit> {
    let object = object(value)?;
    if let Some(name) = object
        .keys()
        .find(|name| !fields.iter().any(|field| field.name == **name))
    {
        return Err(unknown(
            name,
            fields.iter().map(|field| field.name.as_str()),
        ));
    }
    let member = |field: &Field| {
        charge(account, NAME + field.name.len() + VALUE)?;
        let value = match object.get(&field.name) {
            Some(value) => lower(&field.ty, value, account).map_err(Misfit::within(&field.name))?,
            None if field.may_be_left_out() => Val::Option(None),
            None => return Err(Misfit::new(format!("`{}` is missing", field.name))),
        };
        Ok((field.name.clone(), value))
    };
    fields.iter().map(member).collect()
}

fn choice<'a>(names: &Named<Vec<String>>, name: &'a str) -> Result<&'a str, Misfit> {
    let known = names.of.iter().map(String::as_str);
    if known.clone().any(|known| known == name) {
        Ok(name)
    } else {
        Err(unknown(name, known))
    }
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Misfit {
    Misfit::new(format!(
        "`{name}` is not known; there are: {}",
        known.collect::<Vec<_>>().join(", ")
    ))
}
