//! `js`: runs JavaScript on the engine of Boa, with what scripts for Node use most.
//!
//! Each call is a sandbox of its own. The engine is interpreted and small: what costs milliseconds
//! at each start is left out (`Intl`, `Temporal`), and modules of Node are read when a script asks
//! for them.

mod args;
mod builtins;
mod bytes;
mod console;
mod dates;
mod engine;
mod errors;
mod failure;
mod files;
mod format;
mod hot;
mod inspect;
mod jobs;
mod json;
mod locale;
mod modules;
mod nesting;
mod options;
mod process;
mod program;
mod streams;
mod strings;
mod timers;
mod urls;

use std::path::Path;

use args::{Args, Shown, Source};
use boa_engine::builtins::promise::PromiseState;
use boa_engine::object::JsObject;
use boa_engine::parser::source::ReadChar;
use boa_engine::{Context, JsError, JsResult, JsString, JsSymbol, JsValue, Module, Script};
use cofferdam_command::{Complaints, Ending, Output, STDIN, Stop, arguments, read, run};
use failure::Code;
use program::{Form, Program};
use streams::Stream;

/// The exit code when code waits at its top for what never comes, as Node has it.
const UNSETTLED: u8 = 13;

fn main() -> std::process::ExitCode {
    run("js", include_str!("../USAGE.md"), js)
}

fn js(_: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse(arguments().collect())?;
    let (name, text) = match &args.source {
        Source::Code(code) => ("[eval]".to_owned(), code.clone()),
        Source::Stdin => ("[stdin]".to_owned(), lossy(&read(STDIN)?)),
        Source::File(file) => (absolute(file), lossy(&file_of(file)?)),
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let module = args.module || name.ends_with(".mjs");
    let code = Code {
        name: &name,
        text,
        insertions: &[],
    };
    let parse = || {
        let program = program::parse(text, module);
        program.map_err(|unparsed| Stop::new(failure::unparsed(&unparsed, &code)))
    };
    if args.check {
        return parse().map(|_| Ending::Success);
    }
    let mut context = engine::engine(Path::new(&name), &args.rest)
        .map_err(|error| Stop::new(format!("the engine does not start: {error}")))?;
    // Most code is a script, which the engine reads once; it may read none twice. Other forms are
    // looked for after that.
    let is_doubtful = module || program::is_doubtful(text);
    let script = (!is_doubtful).then(|| Script::parse(source(text, &name), None, &mut context));
    let (ended, insertions) = match script {
        Some(Ok(script)) => {
            let ends_in_value = || program::ends_in_value(text);
            let ended = play(
                &script,
                Form::Script,
                ends_in_value,
                args.shown,
                &mut context,
            );
            (ended, Vec::new())
        }
        _ => {
            let program = parse()?;
            let ended = play_program(&program, &name, args.shown, &mut context);
            (ended, program.insertions)
        }
    };
    let code = Code {
        insertions: &insertions,
        ..code
    };
    let ended = ended.and_then(|()| builtins::ends(&mut context));
    let ending = match ended {
        Ok(()) => exit_code(&mut context),
        Err(error) => {
            streams::flush()?;
            complaints.say(failure::uncaught(error, &code, &mut context));
            Ending::Failure
        }
    };
    streams::flush()?;
    // Taking the heap apart object by object would take longer than most scripts.
    std::mem::forget(context);
    Ok(ending)
}

/// Reads the file that a first operand names.
fn file_of(name: &str) -> Result<Vec<u8>, Stop> {
    read(name).map_err(|stop| {
        let sentence = stop.sentence();
        Stop::new(format!("{sentence}; code is given with -e CODE"))
    })
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn absolute(file: &str) -> String {
    let path = modules::absolute(Path::new(file), Path::new(modules::WORKSPACE));
    path.to_string_lossy().into_owned()
}

fn source<'a>(text: &'a str, name: &'a str) -> boa_engine::Source<'a, impl ReadChar + use<'a>> {
    boa_engine::Source::from_bytes(text).with_path(Path::new(name))
}

/// Runs a program of any form.
fn play_program(
    program: &Program,
    name: &str,
    shown: Shown,
    context: &mut Context,
) -> JsResult<()> {
    let source = source(&program.text, name);
    if program.form == Form::Module {
        return module(source, program, shown, context);
    }
    let script = Script::parse(source, None, context)?;
    play(
        &script,
        program.form,
        || program.ends_in_value,
        shown,
        context,
    )
}

/// Runs a script with its jobs and timers, and prints its value.
fn play(
    script: &Script,
    form: Form,
    ends_in_value: impl FnOnce() -> bool,
    shown: Shown,
    context: &mut Context,
) -> JsResult<()> {
    let value = script.evaluate(context)?;
    let is_shown = match shown {
        Shown::Always => true,
        Shown::Last => !value.is_undefined() && streams::is_unused() && ends_in_value(),
        Shown::Never => false,
    };
    let promise = value.as_promise();
    let awaited = promise.filter(|_| is_shown && shown == Shown::Last);
    if is_shown && awaited.is_none() {
        print(&value, shown, context)?;
    }
    context.run_jobs()?;
    match awaited.map(|promise| promise.state()) {
        Some(PromiseState::Fulfilled(value)) => print(&value, shown, context),
        Some(PromiseState::Pending) if form == Form::Body => unsettled(),
        _ => Ok(()),
    }
}

fn module(
    source: boa_engine::Source<'_, impl ReadChar>,
    program: &Program,
    shown: Shown,
    context: &mut Context,
) -> JsResult<()> {
    let key = JsString::from(program::VALUE);
    let global = context.global_object();
    if program.ends_in_value {
        builtins::hide(&global, program::VALUE, JsValue::undefined(), context)?;
    }
    let module = Module::parse(source, None, context)?;
    let promise = module.load_link_evaluate(context);
    context.run_jobs()?;
    match promise.state() {
        PromiseState::Fulfilled(_) if program.ends_in_value && shown != Shown::Never => {
            let value = global.get(key, context)?;
            print(&value, shown, context)
        }
        PromiseState::Fulfilled(_) => Ok(()),
        PromiseState::Rejected(reason) => Err(JsError::from_opaque(reason)),
        PromiseState::Pending => unsettled(),
    }
}

/// Ends a program that waits for what never comes.
fn unsettled() -> JsResult<()> {
    let warning = b"js: the code awaits a promise that is never settled\n";
    // Nobody is left to be told that it failed.
    let _ = Stream::Stderr.write(warning);
    cofferdam_command::exit(UNSETTLED)
}

/// Prints the value of the script.
fn print(value: &JsValue, shown: Shown, context: &mut Context) -> JsResult<()> {
    let is_result = match value.as_object() {
        Some(object) => !is_quiet(&object, context)?,
        None => !value.is_undefined(),
    };
    if shown != Shown::Always && !(is_result && streams::is_unused()) {
        return Ok(());
    }
    let text = format::shown(value, context)?;
    Stream::Stdout.line(&text).map_err(JsError::from_rust)
}

/// Returns true for objects that a script gets for what it starts: timers, sources of events.
fn is_quiet(object: &JsObject, context: &mut Context) -> JsResult<bool> {
    if timers::is_timer(object) {
        return Ok(true);
    }
    let Some(quiet) = builtins::quiet(context)? else {
        return Ok(false);
    };
    Ok(object.get::<JsSymbol>(quiet, context)?.to_boolean())
}

/// The exit code that the script has asked for by `process.exitCode`.
fn exit_code(context: &mut Context) -> Ending {
    match builtins::exit_code(context) {
        0 => Ending::Success,
        code => Ending::Code(code),
    }
}
