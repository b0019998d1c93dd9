//! `stack` of errors, as Node has it: the words of the error above its places.

use boa_engine::object::FunctionObjectBuilder;
use boa_engine::property::{PropertyDescriptor, PropertyKey};
use boa_engine::{Context, JsResult, JsString, JsValue, NativeFunction, js_string};

use crate::builtins::hide;
use crate::inspect::{text, title};

/// Replaces the getter of the engine, which knows the places alone.
pub(crate) fn define(context: &mut Context) -> JsResult<()> {
    let error = context.intrinsics().constructors().error();
    let prototype = error.prototype();
    let constructor = error.constructor();
    let key = PropertyKey::from(js_string!("stack"));
    let property = prototype.borrow().properties().get(&key);
    let getter = property
        .as_ref()
        .and_then(|property| property.get().cloned());
    let setter = property.and_then(|property| property.set().cloned());
    let Some(getter) = getter.and_then(|getter| getter.as_object()) else {
        return Ok(());
    };
    let get = NativeFunction::from_copy_closure_with_captures(
        |this, _, getter, context| {
            let places = getter.call(this, &[], context)?;
            let Some(object) = this.as_object() else {
                return Ok(places);
            };
            let Some(places) = places.as_string() else {
                return Ok(JsString::from(title(&object, context)?).into());
            };
            let words = title(&object, context)?;
            Ok(JsString::from(format!("{words}\n{}", text(&places).trim_end())).into())
        },
        getter,
    );
    let get = FunctionObjectBuilder::new(context.realm(), get).build();
    let accessor = PropertyDescriptor::builder()
        .get(get)
        .maybe_set(setter)
        .enumerable(false)
        .configurable(true);
    prototype.define_property_or_throw(key, accessor, context)?;
    let nothing = NativeFunction::from_fn_ptr(|_, _, _| Ok(JsValue::undefined()));
    let nothing = nothing.to_js_function(context.realm());
    hide(&constructor, "captureStackTrace", nothing, context)
}
