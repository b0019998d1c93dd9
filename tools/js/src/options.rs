//! Options of `util.inspect`, as scripts write them.

use boa_engine::object::JsObject;
use boa_engine::{Context, JsResult, JsString, JsValue};

use crate::inspect::Options;

/// Reads options: an object, or undefined for the usual ones.
pub(crate) fn options(value: &JsValue, context: &mut Context) -> JsResult<Options> {
    let mut options = Options::default();
    let Some(object) = value.as_object() else {
        return Ok(options);
    };
    for (name, target) in [
        ("depth", &mut options.depth),
        ("breakLength", &mut options.line),
        ("maxArrayLength", &mut options.elements),
        ("maxStringLength", &mut options.characters),
    ] {
        if let Some(number) = number(&object, name, context)? {
            *target = number;
        }
    }
    let compact = object.get(JsString::from("compact"), context)?;
    match (compact.as_boolean(), compact.as_number()) {
        (Some(false), _) => options.shared_levels = 0,
        (_, Some(_)) => {
            options.shared_levels = number(&object, "compact", context)?.unwrap_or_default();
        }
        _ => {}
    }
    options.sorted = object.get(JsString::from("sorted"), context)?.to_boolean();
    options.hidden = object
        .get(JsString::from("showHidden"), context)?
        .to_boolean();
    Ok(options)
}

/// A number, or none for what is left out. `null` and `Infinity` are without limit.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float ends at the ends of the integer"
)]
fn number(object: &JsObject, name: &str, context: &mut Context) -> JsResult<Option<usize>> {
    let value = object.get(JsString::from(name), context)?;
    Ok(match value.as_number() {
        Some(number) => Some(number.min(f64::from(u32::MAX)) as usize),
        None if value.is_null() => Some(u32::MAX as usize),
        None => None,
    })
}
