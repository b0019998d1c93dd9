//! Texts of `console.log` and `util.format`.

use boa_engine::object::JsObject;
use boa_engine::value::JsVariant;
use boa_engine::{Context, JsResult, JsString, JsValue, js_string};

use crate::inspect::{Options, inspect, text};

/// Joins values as `console.log` prints them: strings as they are, others shown, and the first
/// string may hold `%s` and the like.
pub(crate) fn format(values: &[JsValue], context: &mut Context) -> JsResult<String> {
    let mut values = values.iter();
    let mut out = String::new();
    let first = values.as_slice().first().and_then(JsValue::as_string);
    if let (Some(pattern), 2..) = (first, values.len()) {
        values.next();
        out = filled(&text(&pattern), &mut values, context)?;
        if values.len() > 0 {
            out.push(' ');
        }
    }
    for (place, value) in values.enumerate() {
        if place > 0 {
            out.push(' ');
        }
        out.push_str(&shown(value, context)?);
    }
    Ok(out)
}

/// A value as `console.log` prints it.
pub(crate) fn shown(value: &JsValue, context: &mut Context) -> JsResult<String> {
    match value.as_string() {
        Some(string) => Ok(text(&string)),
        None => inspect(value, &Options::default(), context),
    }
}

/// Puts values in the places that a pattern has for them.
fn filled(
    pattern: &str,
    values: &mut std::slice::Iter<'_, JsValue>,
    context: &mut Context,
) -> JsResult<String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let Some(letter) = after.chars().next() else {
            out.push('%');
            return Ok(out);
        };
        let known = "sdifjoOc".contains(letter);
        rest = after.get(letter.len_utf8()..).unwrap_or_default();
        match values.as_slice().first() {
            _ if letter == '%' => out.push('%'),
            Some(value) if known => {
                values.next();
                out.push_str(&converted(letter, value, context)?);
            }
            _ => {
                out.push('%');
                out.push(letter);
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn converted(letter: char, value: &JsValue, context: &mut Context) -> JsResult<String> {
    let flat = Options {
        depth: 0,
        ..Options::default()
    };
    match letter {
        's' => match value.variant() {
            JsVariant::String(string) => Ok(text(&string)),
            JsVariant::Object(object) if !is_printable(&object, context)? => {
                inspect(value, &flat, context)
            }
            JsVariant::Object(_) => Ok(text(&value.to_string(context)?)),
            _ => inspect(value, &flat, context),
        },
        'd' | 'i' | 'f' => number(letter, value, context),
        'j' => {
            let json = context.global_object().get(js_string!("JSON"), context)?;
            let json = json.to_object(context)?;
            let stringify = json
                .get(js_string!("stringify"), context)?
                .to_object(context)?;
            let made = stringify.call(&json.into(), std::slice::from_ref(value), context)?;
            Ok(text(&made.to_string(context)?))
        }
        'c' => Ok(String::new()),
        'o' => {
            let options = Options {
                depth: 4,
                hidden: true,
                ..Options::default()
            };
            inspect(value, &options, context)
        }
        _ => inspect(value, &Options::default(), context),
    }
}

fn number(letter: char, value: &JsValue, context: &mut Context) -> JsResult<String> {
    match value.variant() {
        JsVariant::BigInt(_) if letter != 'f' => {
            return inspect(value, &Options::default(), context);
        }
        JsVariant::Symbol(_) => return Ok("NaN".to_owned()),
        JsVariant::Object(_) if letter == 'd' => return Ok("NaN".to_owned()),
        _ => {}
    }
    let number = match letter {
        'd' => JsValue::from(value.to_number(context)?),
        _ => {
            let name = if letter == 'i' {
                "parseInt"
            } else {
                "parseFloat"
            };
            let parse = context.global_object().get(JsString::from(name), context)?;
            let parse = parse.to_object(context)?;
            parse.call(&JsValue::undefined(), std::slice::from_ref(value), context)?
        }
    };
    inspect(&number, &Options::default(), context)
}

/// Returns true for objects of a class of the script that say themselves how they look as text,
/// and for errors.
fn is_printable(object: &JsObject, context: &mut Context) -> JsResult<bool> {
    let intrinsics = context.intrinsics().constructors();
    let plain = intrinsics.object().prototype();
    let builtin = [
        intrinsics.array().prototype(),
        intrinsics.function().prototype(),
    ];
    if object.has_own_property(js_string!("toString"), context)? {
        return Ok(true);
    }
    if object.is::<boa_engine::builtins::error::Error>() {
        return Ok(true);
    }
    let mut next = object.prototype();
    while let Some(prototype) = next {
        let is_known = builtin
            .iter()
            .any(|known| JsObject::equals(known, &prototype));
        if is_known || JsObject::equals(&plain, &prototype) {
            return Ok(false);
        }
        if prototype.has_own_property(js_string!("toString"), context)? {
            return Ok(true);
        }
        next = prototype.prototype();
    }
    Ok(false)
}
