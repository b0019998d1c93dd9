//! The functions of `fs` that most scripts use. Written in JavaScript, they would be read again in
//! each call that uses one.

use boa_engine::object::{FunctionObjectBuilder, JsObject};
use boa_engine::{Context, JsArgs, JsResult, JsString, JsValue, NativeFunction, js_string};

use crate::bytes;
use crate::files::{read_file, read_text, stat, write_file};
use crate::inspect::text;

/// A function that may ask for a module of JavaScript: the last argument but one is `require`.
type Function = fn(&JsValue, &[JsValue], &JsObject, &mut Context) -> JsResult<JsValue>;

/// Functions by their names.
const FUNCTIONS: [(&str, Function); 6] = [
    ("readFileSync", read_file_sync),
    ("writeFileSync", write_file_sync),
    ("appendFileSync", append_file_sync),
    ("existsSync", exists_sync),
    ("readText", read_global),
    ("writeText", write_global),
];

/// Functions that scripts do not see in the module: the globals `readFile` and `writeFile`.
const HIDDEN: [&str; 2] = ["readText", "writeText"];

/// Adds the functions to the exports of `fs`.
pub(crate) fn define(
    exports: &JsObject,
    require: &JsObject,
    context: &mut Context,
) -> JsResult<()> {
    for (name, function) in FUNCTIONS {
        let function = NativeFunction::from_copy_closure_with_captures(function, require.clone());
        let function = FunctionObjectBuilder::new(context.realm(), function)
            .name(JsString::from(name))
            .build();
        let property = boa_engine::property::PropertyDescriptor::builder()
            .value(function)
            .writable(true)
            .enumerable(!HIDDEN.contains(&name))
            .configurable(true);
        exports.define_property_or_throw(JsString::from(name), property, context)?;
    }
    Ok(())
}

/// Calls a function of a module.
fn other(
    module: &str,
    function: &str,
    arguments: &[JsValue],
    require: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    let name = JsString::from(module).into();
    let module = require.call(&JsValue::undefined(), &[name], context)?;
    let function = module
        .to_object(context)?
        .get(JsString::from(function), context)?;
    let function = function.to_object(context)?;
    function.call(&JsValue::undefined(), arguments, context)
}

/// The arguments with a path that is a text or a number.
fn with_path(
    arguments: &[JsValue],
    require: &JsObject,
    context: &mut Context,
) -> JsResult<Vec<JsValue>> {
    let path = arguments.get_or_undefined(0);
    let path = if path.is_string() || path.is_number() {
        path.clone()
    } else {
        other("fs_more", "name", arguments, require, context)?
    };
    let rest = arguments.iter().skip(1).cloned();
    Ok([path].into_iter().chain(rest).collect())
}

/// `readFileSync(path, options)`
fn read_file_sync(
    this: &JsValue,
    arguments: &[JsValue],
    require: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    let arguments = with_path(arguments, require, context)?;
    let options = arguments.get_or_undefined(1);
    let encoding = match options.as_object() {
        Some(options) => options.get(js_string!("encoding"), context)?,
        None => options.clone(),
    };
    let encoding = if encoding.is_null_or_undefined() {
        None
    } else {
        Some(text(&encoding.to_string(context)?))
    };
    if encoding
        .as_deref()
        .is_some_and(|name| matches!(name, "utf8" | "utf-8"))
    {
        return read_text(this, &arguments, context);
    }
    let bytes = read_file(this, &arguments, context)?;
    match encoding {
        None => other("buffer", "wrap", &[bytes], require, context),
        Some(encoding) => bytes::decoded(&bytes, &encoding, context),
    }
}

/// `writeFileSync(path, data, options)`
fn write_file_sync(
    this: &JsValue,
    arguments: &[JsValue],
    require: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    let data = arguments.get_or_undefined(1);
    let options = arguments.get_or_undefined(2);
    let is_plain = data.is_string()
        && (options.is_undefined() || options.as_string() == Some(js_string!("utf8")));
    if !is_plain {
        return other("fs_more", "writeFileSync", arguments, require, context);
    }
    let arguments = with_path(arguments, require, context)?;
    write_file(this, arguments.get(..2).unwrap_or_default(), context)
}

/// `appendFileSync(path, data, options)`
fn append_file_sync(
    this: &JsValue,
    arguments: &[JsValue],
    require: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    if !arguments.get_or_undefined(1).is_string() || arguments.len() > 2 {
        return other("fs_more", "appendFileSync", arguments, require, context);
    }
    let mut arguments = with_path(arguments, require, context)?;
    arguments.push(true.into());
    write_file(this, &arguments, context)
}

/// `existsSync(path)`
fn exists_sync(
    this: &JsValue,
    arguments: &[JsValue],
    require: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    let path = with_path(arguments, require, context);
    let exists = path.and_then(|mut path| {
        path.truncate(1);
        path.push(true.into());
        stat(this, &path, context)
    });
    Ok(exists.is_ok_and(|facts| !facts.is_undefined()).into())
}

/// The global `readFile(path)`: the text, or the bytes where the encoding is `null`.
fn read_global(
    this: &JsValue,
    arguments: &[JsValue],
    require: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    if arguments.get_or_undefined(1).is_null() {
        return read_file_sync(this, arguments, require, context);
    }
    let arguments = with_path(arguments, require, context)?;
    read_text(this, &arguments, context)
}

/// The global `writeFile(path, data)`: a text, bytes, or another value as JSON.
fn write_global(
    this: &JsValue,
    arguments: &[JsValue],
    require: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    let mut arguments = with_path(arguments, require, context)?;
    arguments.resize(2, JsValue::undefined());
    let data = arguments.get_or_undefined(1).clone();
    if !data.is_string() && !bytes::is_bytes(&data) {
        let json = context.global_object().get(js_string!("JSON"), context)?;
        let stringify = json
            .to_object(context)?
            .get(js_string!("stringify"), context)?;
        let stringify = stringify.to_object(context)?;
        let json = stringify.call(&json, &[data, JsValue::null(), 2.into()], context)?;
        arguments.truncate(1);
        arguments.push(json);
    }
    write_file(this, &arguments, context)
}
