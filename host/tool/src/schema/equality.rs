//! Values that are the same, as JSON Schema has it: numbers by what they are worth, objects in any
//! order.

use std::hash::{BuildHasher, Hasher, RandomState};

use serde_json::Value;

use super::meter::{Meter, Unchecked};
use super::number;

/// Steps for each item among those that have to be unlike: their hashes are sorted.
const SORT_STEPS: usize = 8;

pub(super) fn equal(a: &Value, b: &Value, meter: &mut Meter<'_>) -> Result<bool, Unchecked> {
    meter.step(1)?;
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => Ok(number::compare(a, b).is_eq()),
        (Value::String(a), Value::String(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            meter.text(a)?;
            Ok(a == b)
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (a, b) in a.iter().zip(b) {
                if !equal(a, b, meter)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
            for (key, a) in a {
                meter.text(key)?;
                let Some(b) = b.get(key) else {
                    return Ok(false);
                };
                if !equal(a, b, meter)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Null, Value::Null) => Ok(true),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        _ => Ok(false),
    }
}

/// Two items that are equal, by their places. Equal ones have the same hash, and nobody outside
/// knows the hashes.
pub(super) fn same(
    items: &[Value],
    meter: &mut Meter<'_>,
) -> Result<Option<(usize, usize)>, Unchecked> {
    meter.step(items.len().saturating_mul(SORT_STEPS))?;
    let hashes = RandomState::new();
    let mut hashed = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        hashed.push((hash(item, &hashes, meter)?, index));
    }
    hashed.sort_unstable();
    for (index, (hash, a)) in hashed.iter().enumerate() {
        for (_, b) in hashed
            .iter()
            .skip(index.saturating_add(1))
            .take_while(|(other, _)| other == hash)
        {
            if let (Some(item), Some(other)) = (items.get(*a), items.get(*b))
                && equal(item, other, meter)?
            {
                return Ok(Some((*a, *b)));
            }
        }
    }
    Ok(None)
}

/// The same for values that are equal, whatever the order of their keys.
fn hash(value: &Value, hashes: &RandomState, meter: &mut Meter<'_>) -> Result<u64, Unchecked> {
    meter.step(1)?;
    let mut hasher = hashes.build_hasher();
    match value {
        Value::Null => hasher.write_u8(0),
        Value::Bool(is) => hasher.write_u8(1 + u8::from(*is)),
        Value::Number(number) => {
            hasher.write_u8(3);
            // Equal numbers are equal as doubles; what rounding makes the same is compared.
            hasher.write_u64((number.as_f64().unwrap_or_default() + 0.0).to_bits());
        }
        Value::String(text) => {
            meter.text(text)?;
            hasher.write_u8(4);
            hasher.write(text.as_bytes());
        }
        Value::Array(items) => {
            hasher.write_u8(5);
            for item in items {
                hasher.write_u64(hash(item, hashes, meter)?);
            }
        }
        Value::Object(map) => {
            hasher.write_u8(6);
            let mut sum = 0_u64;
            for (key, value) in map {
                meter.text(key)?;
                let inner = hash(value, hashes, meter)?;
                sum = sum.wrapping_add(hashes.hash_one((key, inner)));
            }
            hasher.write_u64(sum);
        }
    }
    Ok(hasher.finish())
}
