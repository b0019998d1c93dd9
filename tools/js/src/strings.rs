//! `repeat`, `padStart` and `padEnd`, in the memory that their results need: the engine takes eight
//! times as much, and fails where Node throws.

use boa_engine::native_function::NativeFunctionPointer;
use boa_engine::object::FunctionObjectBuilder;
use boa_engine::{Context, JsArgs, JsNativeError, JsResult, JsString, JsValue, NativeFunction};

use crate::builtins::hide;

/// The longest string, as in Node (2^29 - 24 units).
const LONGEST: usize = (1 << 29) - 24;

/// Puts the functions in the place of the engine's.
pub(crate) fn define(context: &mut Context) -> JsResult<()> {
    let prototype = context.intrinsics().constructors().string().prototype();
    let functions: [(&str, usize, NativeFunctionPointer); 3] = [
        ("repeat", 1, repeat),
        ("padStart", 2, |this, arguments, context| {
            pad(this, arguments, true, context)
        }),
        ("padEnd", 2, |this, arguments, context| {
            pad(this, arguments, false, context)
        }),
    ];
    for (name, length, function) in functions {
        let function = NativeFunction::from_fn_ptr(function);
        let function = FunctionObjectBuilder::new(context.realm(), function)
            .name(JsString::from(name))
            .length(length)
            .build();
        hide(&prototype, name, function, context)?;
    }
    Ok(())
}

fn string(this: &JsValue, context: &mut Context) -> JsResult<JsString> {
    this.require_object_coercible()?.to_string(context)
}

fn repeat(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let string = string(this, context)?;
    let count = arguments
        .get_or_undefined(0)
        .to_integer_or_infinity(context)?;
    let boa_engine::value::IntegerOrInfinity::Integer(count @ 0..) = count else {
        let count = arguments.get_or_undefined(0).to_string(context)?;
        return Err(JsNativeError::range()
            .with_message(format!(
                "Invalid count value: {}",
                count.to_std_string_lossy()
            ))
            .into());
    };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let length = string
        .len()
        .checked_mul(count)
        .filter(|length| *length <= LONGEST);
    Ok(filled(&string, length.ok_or_else(too_long)?).into())
}

fn pad(
    this: &JsValue,
    arguments: &[JsValue],
    before: bool,
    context: &mut Context,
) -> JsResult<JsValue> {
    let string = string(this, context)?;
    let length = arguments.get_or_undefined(0).to_length(context)?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let filler = arguments.get_or_undefined(1);
    let filler = if filler.is_undefined() {
        JsString::from(" ")
    } else {
        filler.to_string(context)?
    };
    let missing = length.saturating_sub(string.len());
    if missing == 0 || filler.is_empty() {
        return Ok(string.into());
    }
    if length > LONGEST {
        return Err(too_long());
    }
    let filled = filled(&filler, missing);
    let parts = if before {
        [filled, string]
    } else {
        [string, filled]
    };
    let [first, last] = &parts;
    Ok(JsString::concat(first.as_str(), last.as_str()).into())
}

fn too_long() -> boa_engine::JsError {
    JsNativeError::range()
        .with_message("Invalid string length")
        .into()
}

/// The string again and again, up to that many units.
fn filled(string: &JsString, length: usize) -> JsString {
    let latin: Option<Vec<u8>> = string.iter().map(|unit| u8::try_from(unit).ok()).collect();
    match latin.filter(|latin| latin.is_ascii()) {
        Some(ascii) => {
            let units: Vec<u8> = ascii.iter().copied().cycle().take(length).collect();
            JsString::from(String::from_utf8_lossy(&units).as_ref())
        }
        None => {
            let units: Vec<u16> = string.to_vec().into_iter().cycle().take(length).collect();
            JsString::from(units.as_slice())
        }
    }
}
