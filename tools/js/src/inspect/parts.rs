//! An object, taken apart: its frame, its contents, the keys that are shown.

use boa_engine::builtins::dataview::DataView;
use boa_engine::builtins::error::Error;
use boa_engine::builtins::promise::PromiseState;
use boa_engine::object::JsObject;
use boa_engine::object::builtins::{
    JsArrayBuffer, JsDate, JsMap, JsPromise, JsRegExp, JsSet, JsTypedArray,
};
use boa_engine::property::PropertyKey;
use boa_engine::value::JsVariant;
use boa_engine::{Context, JsResult, JsString, JsValue, js_string};

use super::names::{constructor, error, function, prefix, tag, text};
use super::text::quoted;

/// Arrays beyond this are not searched for keys that are no indexes: each index would be listed.
const LONG: u64 = 100_000;

/// An object, taken apart.
pub(crate) struct Parts {
    /// The name of an object that is too deep to be shown.
    pub(crate) name: String,
    /// Stands before the bracket. An object without contents is its base alone.
    pub(crate) base: String,
    pub(crate) open: String,
    pub(crate) close: &'static str,
    pub(crate) body: Body,
    pub(crate) keys: Vec<PropertyKey>,
}

/// Contents beside the properties.
pub(crate) enum Body {
    None,
    Array(u64),
    Typed(u64),
    Set(Vec<JsValue>),
    Map(Vec<(JsValue, JsValue)>),
    Promise(PromiseState),
    /// Texts as they are.
    Texts(Vec<String>),
}

/// The part of an object that is to be seen.
pub(crate) struct Shown {
    /// Columns that lines begin with.
    pub(crate) indentation: usize,
    /// Properties that are not enumerable are shown.
    pub(crate) hidden: bool,
}

/// Takes an object apart.
pub(crate) fn parts(object: &JsObject, shown: &Shown, context: &mut Context) -> JsResult<Parts> {
    let name = constructor(object, context)?;
    let name = name.as_deref();
    let tag = tag(object, name, context)?;
    let tag = tag.as_str();
    let fallback = if object.is_array() { "Array" } else { "Object" };
    let start = |fallback: &str, size: &str| prefix(name, tag, fallback, size);
    let mut parts = Parts {
        name: start(fallback, "")
            .trim_end()
            .trim_matches(['[', ']'])
            .to_owned(),
        base: String::new(),
        open: "{".to_owned(),
        close: "}",
        body: Body::None,
        keys: Vec::new(),
    };
    if object.is_array() {
        let length = object
            .get(js_string!("length"), context)?
            .to_length(context)?;
        let before = match (name, tag) {
            (Some("Array"), "") => String::new(),
            _ => start("Array", &format!("({length})")),
        };
        if length <= LONG {
            parts.keys = named(keys(object, shown, context)?);
        }
        return Ok(elements(parts, &before, Body::Array(length)));
    }
    if let Ok(array) = JsTypedArray::from_object(object.clone()) {
        let length = u64::try_from(array.length(context)?).unwrap_or(u64::MAX);
        let before = start("TypedArray", &format!("({length})"));
        if length <= LONG {
            parts.keys = named(keys(object, shown, context)?);
        }
        return Ok(elements(parts, &before, Body::Typed(length)));
    }
    parts.keys = keys(object, shown, context)?;
    if let Ok(map) = JsMap::from_object(object.clone()) {
        let mut entries = Vec::new();
        map.for_each_native(|key, value| {
            entries.push((key, value));
            Ok(())
        })?;
        parts.open = start("Map", &format!("({})", entries.len())) + "{";
        if !entries.is_empty() {
            parts.body = Body::Map(entries);
        }
    } else if let Ok(set) = JsSet::from_object(object.clone()) {
        let mut entries = Vec::new();
        set.for_each_native(|value| {
            entries.push(value);
            Ok(())
        })?;
        parts.open = start("Set", &format!("({})", entries.len())) + "{";
        if !entries.is_empty() {
            parts.body = Body::Set(entries);
        }
    } else if object.is_callable() {
        parts.base = function(object, name, tag, context)?;
    } else if object.is::<Error>() {
        return errors(object, parts, shown, context);
    } else if let Ok(regexp) = JsRegExp::from_object(object.clone()) {
        let base = regexp.to_string(context)?;
        parts.base = based(start("RegExp", ""), "RegExp ", base);
    } else if let Ok(date) = JsDate::from_object(object.clone()) {
        let time = date.get_time(context)?.as_number().unwrap_or(f64::NAN);
        let base = if time.is_finite() {
            text(&date.to_iso_string(context)?.to_string(context)?)
        } else {
            "Invalid Date".to_owned()
        };
        parts.base = based(start("Date", ""), "Date ", base);
    } else if let Ok(promise) = JsPromise::from_object(object.clone()) {
        parts.open = start("Promise", "") + "{";
        parts.body = Body::Promise(promise.state());
    } else if let Ok(buffer) = JsArrayBuffer::from_object(object.clone()) {
        parts.open = start("ArrayBuffer", "") + "{";
        parts.body = Body::Texts(bytes(&buffer.to_vec().unwrap_or_default()));
    } else if object.is::<DataView>() {
        parts.open = start("DataView", "") + "{";
        for field in ["buffer", "byteOffset", "byteLength"] {
            parts.keys.insert(0, JsString::from(field).into());
        }
    } else if let Some(value) = boxed(object, name, context)? {
        parts.base = value;
        parts.keys = named(parts.keys);
    } else if (name, tag) == (Some("Object"), "") && is_arguments(object, context)? {
        parts.open = "[Arguments] {".to_owned();
    } else if (name, tag) == (None, "Module") {
        parts.open = "[Module: null prototype] {".to_owned();
    } else if ["WeakMap", "WeakSet"]
        .iter()
        .any(|weak| tag == *weak || name == Some(*weak))
    {
        parts.open = start("WeakMap", "") + "{";
        parts.body = Body::Texts(vec!["<items unknown>".to_owned()]);
    } else if (name, tag) != (Some("Object"), "") {
        parts.open = start("Object", "") + "{";
    }
    Ok(parts)
}

/// The parts of an array of whatever kind.
fn elements(parts: Parts, before: &str, body: Body) -> Parts {
    let is_empty = matches!(body, Body::Array(0) | Body::Typed(0));
    Parts {
        open: format!("{before}["),
        close: "]",
        body: if is_empty { Body::None } else { body },
        ..parts
    }
}

/// A base with the prefix, unless that is the usual one.
fn based(prefix: String, usual: &str, base: String) -> String {
    if prefix == usual {
        base
    } else {
        prefix + &base
    }
}

/// Keys that are shown.
fn keys(object: &JsObject, shown: &Shown, context: &mut Context) -> JsResult<Vec<PropertyKey>> {
    let keys = object.own_property_keys(context)?;
    let is_shown = |key: &PropertyKey| {
        let property = object.borrow().properties().get(key);
        let enumerable = property.is_none_or(|property| property.enumerable() == Some(true));
        enumerable || shown.hidden && !matches!(key, PropertyKey::Symbol(_))
    };
    Ok(keys.into_iter().filter(is_shown).collect())
}

/// Keys that are no indexes.
fn named(keys: Vec<PropertyKey>) -> Vec<PropertyKey> {
    let is_name = |key: &PropertyKey| !matches!(key, PropertyKey::Index(_));
    keys.into_iter().filter(is_name).collect()
}

/// An error: its stack, and the properties that its stack does not say.
fn errors(
    object: &JsObject,
    parts: Parts,
    shown: &Shown,
    context: &mut Context,
) -> JsResult<Parts> {
    let stack = error(object, context)?;
    let line = format!("\n{}", " ".repeat(shown.indentation));
    let lines = stack.replace('\n', &line);
    let base = if stack.contains("\n    at ") {
        lines
    } else {
        format!("[{lines}]")
    };
    let mut keys = Vec::new();
    for key in parts.keys {
        let repeats = match &key {
            PropertyKey::String(name) => match text(name).as_str() {
                "stack" => true,
                "name" | "message" => {
                    let value = object.get(key.clone(), context)?;
                    value
                        .as_string()
                        .is_some_and(|value| stack.contains(&text(&value)))
                }
                _ => false,
            },
            _ => false,
        };
        if !repeats {
            keys.push(key);
        }
    }
    for hidden in ["cause", "errors"] {
        let key = PropertyKey::from(JsString::from(hidden));
        if !keys.contains(&key) && object.has_own_property(key.clone(), context)? {
            keys.push(key);
        }
    }
    Ok(Parts {
        base,
        keys,
        ..parts
    })
}

/// A value that was made an object, in words: `[Number: 1]`.
fn boxed(object: &JsObject, name: Option<&str>, context: &mut Context) -> JsResult<Option<String>> {
    let constructors = context.intrinsics().constructors();
    let kinds = [
        ("String", constructors.string().prototype()),
        ("Number", constructors.number().prototype()),
        ("Boolean", constructors.boolean().prototype()),
        ("BigInt", constructors.bigint().prototype()),
        ("Symbol", constructors.symbol().prototype()),
    ];
    // An object of another kind is told apart quickly: it has not this prototype near.
    let near = [
        object.prototype(),
        object.prototype().and_then(|it| it.prototype()),
    ];
    for (kind, prototype) in kinds {
        if !near
            .iter()
            .flatten()
            .any(|it| JsObject::equals(it, &prototype))
        {
            continue;
        }
        let value_of = prototype.get(js_string!("valueOf"), context)?;
        let value = value_of
            .as_callable()
            .map(|value_of| value_of.call(&object.clone().into(), &[], context));
        let Some(Ok(value)) = value else {
            return Ok(None);
        };
        let words = match value.variant() {
            JsVariant::String(string) => quoted(&text(&string)),
            JsVariant::Symbol(symbol) => text(&symbol.descriptive_string()),
            JsVariant::BigInt(number) => format!("{}n", number.to_string_radix(10)),
            JsVariant::Float64(number) if number == 0.0 && number.is_sign_negative() => {
                "-0".to_owned()
            }
            _ => text(&value.to_string(context)?),
        };
        let own = name.filter(|name| *name != kind);
        let own = own.map(|name| format!(" ({name})")).unwrap_or_default();
        return Ok(Some(format!("[{kind}{own}: {words}]")));
    }
    Ok(None)
}

/// Returns true for `arguments` of a function.
fn is_arguments(object: &JsObject, context: &mut Context) -> JsResult<bool> {
    let callee = PropertyKey::from(js_string!("callee"));
    if !object.has_own_property(callee, context)? {
        return Ok(false);
    }
    let to_string = context.intrinsics().constructors().object().prototype();
    let to_string = to_string.get(js_string!("toString"), context)?;
    let Some(to_string) = to_string.as_callable() else {
        return Ok(false);
    };
    let words = to_string.call(&object.clone().into(), &[], context)?;
    Ok(words.as_string() == Some(js_string!("[object Arguments]")))
}

/// Bytes in words.
fn bytes(bytes: &[u8]) -> Vec<String> {
    const MOST: usize = 50;
    let shown = bytes.iter().take(MOST).map(|byte| format!("{byte:02x}"));
    let mut shown: Vec<_> = shown.collect();
    match bytes.len().saturating_sub(MOST) {
        0 => {}
        1 => shown.push("... 1 more byte".to_owned()),
        more => shown.push(format!("... {more} more bytes")),
    }
    vec![
        format!("[Uint8Contents]: <{}>", shown.join(" ")),
        format!("byteLength: {}", bytes.len()),
    ]
}
