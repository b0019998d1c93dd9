//! The script's own process: arguments, variables, memory.

use std::path::Path;
use std::rc::Rc;

use boa_engine::native_function::NativeFunctionPointer;
use boa_engine::object::JsObject;
use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsResult, JsString, JsValue};

/// Functions that scripts see as `native`.
pub(crate) const FUNCTIONS: [(&str, NativeFunctionPointer); 3] = [
    ("arguments", arguments),
    ("variables", variables),
    ("memory", memory),
];

/// Arguments as Node has them: the program, the script unless it is code, the rest.
struct Arguments(Vec<String>);

/// Remembers the arguments. A path in brackets is no file.
pub(crate) fn define(path: &Path, rest: &[String], context: &mut Context) {
    let path = path.to_string_lossy();
    let file = (!path.starts_with('[')).then(|| path.into_owned());
    let program = "/usr/bin/js".to_owned();
    let all = [program]
        .into_iter()
        .chain(file)
        .chain(rest.iter().cloned());
    context.insert_data(Rc::new(Arguments(all.collect())));
}

/// `arguments()`
fn arguments(_: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let arguments = context.get_data::<Rc<Arguments>>().map(Rc::clone);
    let arguments = arguments.iter().flat_map(|arguments| &arguments.0);
    let arguments: Vec<JsValue> = arguments
        .map(|argument| JsString::from(argument.as_str()).into())
        .collect();
    Ok(JsArray::from_iter(arguments, context).into())
}

/// `variables()`
#[allow(
    clippy::disallowed_methods,
    reason = "a script sees the variables of its tool"
)]
fn variables(_: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let variables = JsObject::with_object_proto(context.intrinsics());
    for (name, value) in std::env::vars_os() {
        let name = JsString::from(name.to_string_lossy().as_ref());
        let value = JsString::from(value.to_string_lossy().as_ref());
        variables.set(name, value, false, context)?;
    }
    Ok(variables.into())
}

/// `memory()`: bytes of the sandbox's memory.
fn memory(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    #[cfg(target_family = "wasm")]
    let pages = core::arch::wasm32::memory_size(0);
    #[cfg(not(target_family = "wasm"))]
    let pages = 0_usize;
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    Ok((f64::from(pages) * 65_536.0).into())
}
