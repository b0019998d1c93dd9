//! `setTimeout` and its like, `queueMicrotask` and ticks.

use std::rc::Rc;
use std::time::Duration;

use boa_engine::job::{Job, PromiseJob};
use boa_engine::native_function::NativeFunctionPointer;
use boa_engine::object::builtins::JsFunction;
use boa_engine::object::{JsObject, ObjectInitializer};
use boa_engine::{
    Context, Finalize, JsArgs, JsData, JsError, JsNativeError, JsResult, JsValue, NativeFunction,
    Trace, js_string,
};

use crate::jobs::{Callback, Jobs};

/// The longest time that a timer takes; beyond it Node takes one millisecond.
const LONGEST: f64 = 2_147_483_647.0;

/// Functions that are globals.
pub(crate) const GLOBALS: [(&str, NativeFunctionPointer); 7] = [
    ("setTimeout", |_, arguments, context| {
        after(arguments, false, context)
    }),
    ("setInterval", |_, arguments, context| {
        after(arguments, true, context)
    }),
    ("setImmediate", immediate),
    ("clearTimeout", clear),
    ("clearInterval", clear),
    ("clearImmediate", clear),
    ("queueMicrotask", microtask),
];

/// Functions that scripts see as `native`.
pub(crate) const FUNCTIONS: [(&str, NativeFunctionPointer); 2] =
    [("tick", tick), ("elapsed", elapsed)];

/// A timer, as `setTimeout` returns it.
#[derive(Debug, Trace, Finalize, JsData)]
pub(crate) struct Handle {
    id: u32,
}

fn jobs(context: &mut Context) -> JsResult<Rc<Jobs>> {
    let jobs = context.downcast_job_executor::<Jobs>();
    jobs.ok_or_else(|| {
        JsNativeError::error()
            .with_message("there are no timers")
            .into()
    })
}

/// The function in the first place, with the arguments from `from` on.
fn callback(arguments: &[JsValue], from: usize) -> JsResult<Callback> {
    let function = arguments.get_or_undefined(0).as_object();
    let function = function.and_then(JsFunction::from_object).ok_or_else(|| {
        JsError::from(
            JsNativeError::typ().with_message("The \"callback\" argument must be of type function"),
        )
    })?;
    Ok(Callback {
        function,
        arguments: arguments.get(from..).unwrap_or_default().to_vec(),
    })
}

fn after(arguments: &[JsValue], repeats: bool, context: &mut Context) -> JsResult<JsValue> {
    let callback = callback(arguments, 2)?;
    let time = arguments.get_or_undefined(1).to_number(context)?;
    let time = if (1.0..=LONGEST).contains(&time) {
        time.trunc()
    } else {
        1.0
    };
    let time = Duration::from_secs_f64(time / 1_000.0);
    let id = jobs(context)?.timer(callback, time, repeats);
    Ok(handle(id, context))
}

fn immediate(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let callback = callback(arguments, 1)?;
    let id = jobs(context)?.immediate(callback);
    Ok(handle(id, context))
}

/// The object that stands for a timer.
fn handle(id: u32, context: &mut Context) -> JsValue {
    let itself = |this: &JsValue, _: &[JsValue], _: &mut Context| Ok(this.clone());
    let unref = |this: &JsValue, _: &[JsValue], context: &mut Context| {
        if let Some(id) = number(this) {
            jobs(context)?.unref(id);
        }
        Ok(this.clone())
    };
    let mut object = ObjectInitializer::with_native_data(Handle { id }, context);
    object
        .function(NativeFunction::from_fn_ptr(unref), js_string!("unref"), 0)
        .function(NativeFunction::from_fn_ptr(itself), js_string!("ref"), 0)
        .function(
            NativeFunction::from_fn_ptr(|_, _, _| Ok(true.into())),
            js_string!("hasRef"),
            0,
        );
    object.build().into()
}

/// The number of a timer, from its object or from itself.
fn number(timer: &JsValue) -> Option<u32> {
    let object = timer.as_object()?;
    let handle = object.downcast_ref::<Handle>()?;
    Some(handle.id)
}

/// Returns true for what `setTimeout` returns.
pub(crate) fn is_timer(object: &JsObject) -> bool {
    object.is::<Handle>()
}

fn clear(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if let Some(id) = number(arguments.get_or_undefined(0)) {
        jobs(context)?.clear(id);
    }
    Ok(JsValue::undefined())
}

fn microtask(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let callback = callback(arguments, usize::MAX)?;
    let job =
        PromiseJob::new(move |context| callback.function.call(&JsValue::undefined(), &[], context));
    context.enqueue_job(Job::PromiseJob(job));
    Ok(JsValue::undefined())
}

/// `tick(function, …)`: `process.nextTick`.
fn tick(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let callback = callback(arguments, 1)?;
    jobs(context)?.tick(callback);
    Ok(JsValue::undefined())
}

/// `elapsed()`: milliseconds since the script began.
fn elapsed(_: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    Ok((jobs(context)?.elapsed().as_secs_f64() * 1_000.0).into())
}
