//! Length, keys, membership, conversion.

use std::rc::Rc;

use jaq_core::Native;
use jaq_core::box_iter::box_once;
use jaq_core::native::{run, v};

use super::native::{Filter, nullary, one, unary};
use crate::data::Kind;
use crate::val::{Error, Val, error, indices, json};

pub(super) fn all() -> Vec<Filter> {
    vec![
        nullary!("length", length),
        nullary!("keys", |value| keys(&value, true)),
        nullary!("keys_unsorted", |value| keys(&value, false)),
        unary!("has", |value, key| has(&value, &key)),
        unary!("contains", |value, part| contains(&value, &part)),
        unary!("_indices", |value, part| indices(&value, &part)),
        nullary!("type", |value| Ok(Val::text(value.kind()))),
        nullary!("tostring", |value| Ok(Val::Str(value.to_text()))),
        nullary!("tojson", |value| Ok(Val::text(value.to_string()))),
        nullary!("fromjson", |value| fromjson(&value)),
        nullary!("tonumber", tonumber),
        ("error", v(0), error_filter()),
        unary!("!loc", |_, line| Ok(Val::object([
            ("file", Val::text("<top-level>")),
            ("line", line),
        ]))),
        nullary!("add", add),
        nullary!("reverse", reverse),
        nullary!("to_entries", |value| to_entries(&value)),
        nullary!("toarray", |value| Ok(match value {
            array @ Val::Arr(_) => array,
            other => Val::array([other]),
        })),
        unary!("flatten", flatten),
        nullary!("infinite", |_| Ok(Val::from(f64::INFINITY))),
        nullary!("nan", |_| Ok(Val::from(f64::NAN))),
        run(("range", v(3), |mut cv| {
            let (by, to, from) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
            let (Val::Num(by, _), Val::Num(to, _), Val::Num(from, _)) = (by, to, from) else {
                return one(Err(error("Range bounds must be numeric")));
            };
            let mut next = from;
            Box::new(std::iter::from_fn(move || {
                let inside = (by > 0.0 && next < to) || (by < 0.0 && next > to);
                let now = next;
                next += by;
                inside.then(|| Ok(Val::from(now)))
            }))
        })),
    ]
}

/// Fails with its input, in paths as well.
const fn error_filter() -> Native<Kind> {
    Native::new(|cv| one(Err(Error::new(cv.1))))
        .with_paths(|cv| box_once(Err(Error::new(cv.1.0).into())))
}

fn length(value: Val) -> Result<Val, Error> {
    match value {
        Val::Null => Ok(Val::from(0_usize)),
        Val::Num(number, _) => Ok(Val::from(number.abs())),
        Val::Str(text) => Ok(Val::from(text.chars().count())),
        Val::Arr(values) => Ok(Val::from(values.len())),
        Val::Obj(fields) => Ok(Val::from(fields.len())),
        Val::Bool(_) => Err(error(format!("{} has no length", value.named()))),
    }
}

fn keys(value: &Val, sorted: bool) -> Result<Val, Error> {
    match value {
        Val::Arr(values) => Ok(Val::array((0..values.len()).map(Val::from))),
        Val::Obj(fields) => {
            let mut keys: Vec<Rc<str>> = fields.keys().cloned().collect();
            if sorted {
                keys.sort();
            }
            Ok(Val::array(keys.into_iter().map(Val::Str)))
        }
        other => Err(error(format!("{} has no keys", other.named()))),
    }
}

fn has(value: &Val, key: &Val) -> Result<Val, Error> {
    match (value, key) {
        (Val::Obj(fields), Val::Str(name)) => Ok(fields.contains_key(name).into()),
        (Val::Arr(values), Val::Num(index, _)) => {
            #[allow(clippy::cast_precision_loss, reason = "lengths are far below 2^53")]
            let length = values.len() as f64;
            Ok((*index >= 0.0 && *index < length).into())
        }
        _ => Err(error(format!(
            "Cannot check whether {} has a {} key",
            value.kind(),
            key.kind()
        ))),
    }
}

fn contains(value: &Val, part: &Val) -> Result<Val, Error> {
    let same_kind = value.kind() == part.kind();
    if !same_kind {
        return Err(error(format!(
            "{} and {} cannot have their containment checked",
            value.named(),
            part.named()
        )));
    }
    Ok(holds(value, part).into())
}

fn holds(value: &Val, part: &Val) -> bool {
    match (value, part) {
        (Val::Obj(fields), Val::Obj(parts)) => parts
            .iter()
            .all(|(key, part)| fields.get(key).is_some_and(|value| holds(value, part))),
        (Val::Arr(values), Val::Arr(parts)) => parts
            .iter()
            .all(|part| values.iter().any(|value| holds(value, part))),
        (Val::Str(text), Val::Str(part)) => text.contains(&**part),
        _ => value == part,
    }
}

fn fromjson(value: &Val) -> Result<Val, Error> {
    let Val::Str(text) = value else {
        return Err(error(format!(
            "{} only strings can be parsed",
            value.named()
        )));
    };
    json(text).map_err(|what| {
        let shown = Val::Str(text.clone()).cut(60);
        error(format!("{shown} cannot be parsed as JSON: {what}"))
    })
}

fn tonumber(value: Val) -> Result<Val, Error> {
    match &value {
        Val::Num(..) => return Ok(value),
        Val::Str(text) => {
            if let Ok(number @ Val::Num(..)) = json(text) {
                return Ok(number);
            }
        }
        _ => {}
    }
    Err(error(format!(
        "{} cannot be parsed as a number",
        value.named()
    )))
}

fn add(value: Val) -> Result<Val, Error> {
    let values: Vec<Val> = match value {
        Val::Arr(values) => Rc::try_unwrap(values).unwrap_or_else(|values| (*values).clone()),
        Val::Obj(fields) => fields.values().cloned().collect(),
        other => return Err(other.no_iteration()),
    };
    if values.iter().all(|value| matches!(value, Val::Str(_))) && !values.is_empty() {
        let texts: Vec<&str> = values
            .iter()
            .filter_map(|value| match value {
                Val::Str(text) => Some(&**text),
                _ => None,
            })
            .collect();
        return Ok(Val::text(texts.concat()));
    }
    values
        .into_iter()
        .try_fold(Val::Null, |sum, value| sum + value)
}

fn reverse(value: Val) -> Result<Val, Error> {
    match value {
        Val::Arr(mut values) => {
            Rc::make_mut(&mut values).reverse();
            Ok(Val::Arr(values))
        }
        Val::Str(text) => Ok(Val::text(text.chars().rev().collect::<String>())),
        Val::Null => Ok(Val::array([])),
        Val::Obj(fields) if fields.is_empty() => Ok(Val::array([])),
        other => Err(other.no_index(&Val::from(0_usize))),
    }
}

fn to_entries(value: &Val) -> Result<Val, Error> {
    let entry = |key: Val, value: &Val| Val::object([("key", key), ("value", value.clone())]);
    match value {
        Val::Obj(fields) => {
            let entries = fields.iter();
            Ok(Val::array(
                entries.map(|(key, value)| entry(Val::Str(key.clone()), value)),
            ))
        }
        Val::Arr(values) => {
            let entries = values.iter().enumerate();
            Ok(Val::array(
                entries.map(|(key, value)| entry(Val::from(key), value)),
            ))
        }
        _ => Err(error(format!("{} has no keys", value.named()))),
    }
}

fn flatten(value: Val, depth: Val) -> Result<Val, Error> {
    let Val::Num(depth, _) = depth else {
        return Err(error("flatten depth must be a number"));
    };
    if depth < 0.0 {
        return Err(error("flatten depth must not be negative"));
    }
    let mut flat = Vec::new();
    match &value {
        Val::Arr(values) => flatten_into(&mut values.iter(), depth, &mut flat),
        Val::Obj(fields) => flatten_into(&mut fields.values(), depth, &mut flat),
        other => return Err(other.no_iteration()),
    }
    Ok(Val::array(flat))
}

fn flatten_into(values: &mut dyn Iterator<Item = &Val>, depth: f64, flat: &mut Vec<Val>) {
    for value in values {
        match value {
            Val::Arr(inner) if depth > 0.0 => {
                flatten_into(&mut inner.iter(), depth - 1.0, flat);
            }
            other => flat.push(other.clone()),
        }
    }
}
