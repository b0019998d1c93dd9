//! `console`: printing, and groups. What counts, measures and draws tables is written in
//! JavaScript, and is only read when it is called.

use boa_engine::native_function::NativeFunctionPointer;
use boa_engine::object::{FunctionObjectBuilder, JsObject, ObjectInitializer};
use boa_engine::{
    Context, JsArgs, JsNativeError, JsResult, JsString, JsValue, NativeFunction, js_string,
};

use crate::builtins;
use crate::format::format;
use crate::inspect::inspect;
use crate::options::options;
use crate::streams::{self, Stream};

/// Methods that print.
const FUNCTIONS: [(&str, NativeFunctionPointer); 9] = [
    ("log", log),
    ("info", log),
    ("debug", log),
    ("error", error),
    ("warn", error),
    ("dir", dir),
    ("group", group),
    ("groupCollapsed", group),
    ("groupEnd", group_end),
];

/// Methods of the module `console`.
const MORE: [&str; 9] = [
    "table",
    "count",
    "countReset",
    "time",
    "timeEnd",
    "timeLog",
    "assert",
    "trace",
    "dirxml",
];

/// Makes the object.
pub(crate) fn console(context: &mut Context) -> JsObject {
    let mut console = ObjectInitializer::new(context);
    for (name, function) in FUNCTIONS {
        console.function(
            NativeFunction::from_fn_ptr(function),
            JsString::from(name),
            0,
        );
    }
    let console = console.build();
    for name in MORE {
        let function = NativeFunction::from_copy_closure_with_captures(more, JsString::from(name));
        let function = FunctionObjectBuilder::new(context.realm(), function)
            .name(JsString::from(name))
            .build();
        // A new object takes every property.
        let _ = console.set(JsString::from(name), function, false, context);
    }
    console
}

fn print(stream: Stream, text: &str) -> JsResult<JsValue> {
    stream.line(text).map_err(|error| {
        JsNativeError::error().with_message(format!("the output could not be written: {error}"))
    })?;
    Ok(JsValue::undefined())
}

fn log(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    print(Stream::Stdout, &format(arguments, context)?)
}

fn error(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    print(Stream::Stderr, &format(arguments, context)?)
}

fn dir(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let options = options(arguments.get_or_undefined(1), context)?;
    let shown = inspect(arguments.get_or_undefined(0), &options, context)?;
    print(Stream::Stdout, &shown)
}

fn group(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if !arguments.is_empty() {
        print(Stream::Stdout, &format(arguments, context)?)?;
    }
    streams::indent();
    Ok(JsValue::undefined())
}

fn group_end(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    streams::outdent();
    Ok(JsValue::undefined())
}

/// Calls the method of that name in the module.
fn more(
    this: &JsValue,
    arguments: &[JsValue],
    name: &JsString,
    context: &mut Context,
) -> JsResult<JsValue> {
    let module = builtins::load("console", context)?.to_object(context)?;
    let method = module.get(name.clone(), context)?.to_object(context)?;
    method.call(this, arguments, context)
}

/// `format(…)` and `inspect(value, options)`, as scripts see them in `native`.
pub(crate) const WORDS: [(&str, NativeFunctionPointer); 3] = [
    ("format", |_, arguments, context| {
        Ok(JsString::from(format(arguments, context)?).into())
    }),
    ("inspect", |_, arguments, context| {
        let options = options(arguments.get_or_undefined(1), context)?;
        let shown = inspect(arguments.get_or_undefined(0), &options, context)?;
        Ok(JsString::from(shown).into())
    }),
    ("indent", |_, _, _| {
        streams::indent();
        Ok(js_string!().into())
    }),
];
