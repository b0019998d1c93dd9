//! The engine with everything that a script finds in it.

use std::path::Path;
use std::rc::Rc;

use boa_engine::{Context, JsResult, JsString, NativeFunction};

use crate::builtins::{self, hide};
use crate::jobs::{Hooks, Jobs};
use crate::modules::{self, Files};
use crate::{bytes, console, dates, errors, files, json, locale, process, strings, timers, urls};

/// Calls inside one another. What calls back from the engine (`map`, `sort`, getters) takes from
/// the stack of the sandbox, and ends there first.
const RECURSION: usize = 10_000;

/// Values on the stack of the engine, which is on the heap.
const STACK: usize = 1 << 20;

/// Makes the engine for a script of that path, with its arguments.
pub(crate) fn engine(path: &Path, arguments: &[String]) -> JsResult<Context> {
    let mut context = Context::builder()
        .job_executor(Rc::new(Jobs::new()))
        .module_loader(Rc::new(Files::default()))
        .host_hooks(Rc::new(Hooks))
        .build()?;
    let limits = context.runtime_limits_mut();
    limits.set_recursion_limit(RECURSION);
    limits.set_stack_size_limit(STACK);
    let context_ref = &mut context;
    for (name, function) in timers::GLOBALS {
        let function = NativeFunction::from_fn_ptr(function);
        context_ref.register_global_builtin_callable(JsString::from(name), 1, function)?;
    }
    let global = context_ref.global_object();
    let console = console::console(context_ref);
    hide(&global, "console", console, context_ref)?;
    let functions = [
        files::FUNCTIONS.as_slice(),
        bytes::FUNCTIONS.as_slice(),
        timers::FUNCTIONS.as_slice(),
        console::WORDS.as_slice(),
        process::FUNCTIONS.as_slice(),
        urls::FUNCTIONS.as_slice(),
    ];
    builtins::define(&functions, context_ref)?;
    process::define(path, arguments, context_ref);
    json::define(context_ref)?;
    errors::define(context_ref)?;
    dates::define(context_ref)?;
    strings::define(context_ref)?;
    locale::define(context_ref)?;
    modules::define(path, context_ref)?;
    Ok(context)
}
