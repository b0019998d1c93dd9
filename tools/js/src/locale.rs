//! Texts for people: `toLocaleString` and `localeCompare` as in English, by the module `locale`.
//! The engine's own need data of languages, which are megabytes.

use std::cmp::Ordering;

use boa_engine::native_function::NativeFunctionPointer;
use boa_engine::object::FunctionObjectBuilder;
use boa_engine::{
    Context, JsArgs, JsNativeError, JsResult, JsString, JsValue, NativeFunction, js_string,
};

use crate::builtins::{self, hide};
use crate::inspect::text;

/// Puts the functions in the place of the engine's.
pub(crate) fn define(context: &mut Context) -> JsResult<()> {
    let constructors = context.intrinsics().constructors();
    let number = constructors.number().prototype();
    let bigint = constructors.bigint().prototype();
    let date = constructors.date().prototype();
    let string = constructors.string().prototype();
    let functions: [(_, &str, NativeFunctionPointer); 6] = [
        (&number, "toLocaleString", |this, arguments, context| {
            let number = this.to_number(context)?;
            match grouped(number).filter(|_| arguments.get_or_undefined(1).is_undefined()) {
                Some(words) => Ok(JsString::from(words).into()),
                None => words("number", &number.into(), arguments, None, context),
            }
        }),
        (&bigint, "toLocaleString", |this, arguments, context| {
            let this = this.to_bigint(context)?.into();
            words("number", &this, arguments, None, context)
        }),
        (&date, "toLocaleString", |this, arguments, context| {
            words("date", this, arguments, Some("all"), context)
        }),
        (&date, "toLocaleDateString", |this, arguments, context| {
            words("date", this, arguments, Some("date"), context)
        }),
        (&date, "toLocaleTimeString", |this, arguments, context| {
            words("date", this, arguments, Some("time"), context)
        }),
        (&string, "localeCompare", compare),
    ];
    for (prototype, name, function) in functions {
        let function = NativeFunction::from_fn_ptr(function);
        let function = FunctionObjectBuilder::new(context.realm(), function)
            .name(JsString::from(name))
            .build();
        hide(prototype, name, function, context)?;
    }
    Ok(())
}

/// A number of usual size with commas between thousands and at most three decimals.
fn grouped(number: f64) -> Option<String> {
    if number.is_nan() || number.abs() >= 1e15 {
        return None;
    }
    let fixed = format!("{:.3}", number.abs());
    let (whole, decimals) = fixed.split_once('.')?;
    // What is in the middle is rounded by the module, which looks at the digits.
    let exact = number.abs().to_string();
    if exact
        .split_once('.')
        .is_some_and(|(_, decimals)| decimals.len() > 3)
    {
        return None;
    }
    let mut words = String::new();
    if number.is_sign_negative() {
        words.push('-');
    }
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            words.push(',');
        }
        words.push(digit);
    }
    let decimals = decimals.trim_end_matches('0');
    if !decimals.is_empty() {
        words.push('.');
        words.push_str(decimals);
    }
    Some(words)
}

/// A number or a date in words, by the function of that name in the module.
fn words(
    function: &str,
    value: &JsValue,
    arguments: &[JsValue],
    parts: Option<&str>,
    context: &mut Context,
) -> JsResult<JsValue> {
    let module = builtins::load("locale", context)?.to_object(context)?;
    let function = module
        .get(JsString::from(function), context)?
        .to_object(context)?;
    let options = arguments.get_or_undefined(1).clone();
    let parts = parts.map_or(JsValue::undefined(), |parts| JsString::from(parts).into());
    function.call(
        &JsValue::undefined(),
        &[value.clone(), options, parts],
        context,
    )
}

/// `localeCompare(other, locales, options)`
fn compare(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if this.is_null_or_undefined() {
        return Err(JsNativeError::typ()
            .with_message("String.prototype.localeCompare called on null or undefined")
            .into());
    }
    let left = this.to_string(context)?;
    let right = arguments.get_or_undefined(0).to_string(context)?;
    let options = arguments.get_or_undefined(2);
    let ascii = [&left, &right]
        .iter()
        .all(|text| text.iter().all(|unit| unit < 0x80));
    if ascii && options.is_undefined() {
        let order = simple(&text(&left), &text(&right));
        return Ok((order as i32).into());
    }
    let module = builtins::load("locale", context)?.to_object(context)?;
    let function = module
        .get(js_string!("compare"), context)?
        .to_object(context)?;
    let values = [left.into(), right.into(), options.clone()];
    function.call(&JsValue::undefined(), &values, context)
}

/// Compares without case, signs before digits before letters; small letters come first where that
/// is the only difference.
fn simple(left: &str, right: &str) -> Ordering {
    let key = |byte: u8| (rank(byte), byte.to_ascii_lowercase());
    let order = left.bytes().map(key).cmp(right.bytes().map(key));
    order.then_with(|| right.cmp(left))
}

fn rank(byte: u8) -> usize {
    // Signs in the order in which Unicode's collation has them.
    const SIGNS: &[u8] = b"\t\n\x0b\x0c\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
    match byte {
        b'0'..=b'9' => SIGNS.len(),
        b'a'..=b'z' | b'A'..=b'Z' => SIGNS.len() + 1,
        _ => SIGNS.iter().position(|sign| *sign == byte).unwrap_or(0),
    }
}
