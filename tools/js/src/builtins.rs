//! Modules of Node that scripts use most, written in JavaScript: each is read when it is asked for.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use boa_engine::native_function::NativeFunctionPointer;
use boa_engine::object::{FunctionObjectBuilder, JsObject, ObjectInitializer};
use boa_engine::property::PropertyDescriptor;
use boa_engine::{
    Context, JsArgs, JsNativeError, JsResult, JsString, JsSymbol, JsValue, NativeFunction, Script,
    Source, js_string,
};

use crate::hot;

/// Modules by their names.
const MODULES: [(&str, &str); 21] = [
    ("assert", include_str!("builtins/assert.js")),
    ("buffer", include_str!("builtins/buffer.js")),
    ("buffer_more", include_str!("builtins/buffer_more.js")),
    ("console", include_str!("builtins/console.js")),
    ("crypto", include_str!("builtins/crypto.js")),
    ("events", include_str!("builtins/events.js")),
    // All of it is in `hot.rs` and `fs_more`.
    ("fs", "(function () {})"),
    ("fs_more", include_str!("builtins/fs_more.js")),
    ("locale", include_str!("builtins/locale.js")),
    ("os", include_str!("builtins/os.js")),
    ("path", include_str!("builtins/path.js")),
    ("perf_hooks", include_str!("builtins/perf_hooks.js")),
    ("process", include_str!("builtins/process.js")),
    ("process_more", include_str!("builtins/process_more.js")),
    ("readline", include_str!("builtins/readline.js")),
    ("stream", include_str!("builtins/stream.js")),
    ("timers", include_str!("builtins/timers.js")),
    ("url", include_str!("builtins/url.js")),
    ("url_query", include_str!("builtins/url_query.js")),
    ("util", include_str!("builtins/util.js")),
    ("web", include_str!("builtins/web.js")),
];

/// Names of a module that are read from another one when a script asks for them.
const LATER: [(&str, &str, &[&str]); 3] = [
    (
        "fs",
        "fs_more",
        &[
            "Dirent",
            "Stats",
            "access",
            "accessSync",
            "appendFile",
            "chmodSync",
            "chownSync",
            "closeSync",
            "constants",
            "copyFile",
            "copyFileSync",
            "cp",
            "cpSync",
            "createReadStream",
            "createWriteStream",
            "exists",
            "linkSync",
            "lstat",
            "lstatSync",
            "mkdir",
            "mkdirSync",
            "mkdtemp",
            "mkdtempSync",
            "open",
            "openSync",
            "promises",
            "readFile",
            "readSync",
            "readdir",
            "readdirSync",
            "realpath",
            "realpathSync",
            "rename",
            "renameSync",
            "rm",
            "rmSync",
            "rmdir",
            "rmdirSync",
            "stat",
            "statSync",
            "symlinkSync",
            "truncate",
            "truncateSync",
            "unlink",
            "unlinkSync",
            "utimesSync",
            "watch",
            "watchFile",
            "writeFile",
            "writeSync",
        ],
    ),
    (
        "process",
        "process_more",
        &[
            "stdin",
            "memoryUsage",
            "hrtime",
            "on",
            "once",
            "off",
            "emit",
            "addListener",
            "removeListener",
            "removeAllListeners",
            "listeners",
            "listenerCount",
            "execArgv",
            "execPath",
            "title",
            "release",
            "ppid",
            "cpuUsage",
            "chdir",
            "kill",
            "abort",
            "emitWarning",
            "umask",
            "getuid",
        ],
    ),
    (
        "url",
        "url_query",
        &[
            "URLSearchParams",
            "querystring",
            "fileURLToPath",
            "pathToFileURL",
            "parse",
            "format",
            "resolve",
            "domainToASCII",
        ],
    ),
];

/// Modules that are part of another one.
const PARTS: [(&str, &str, &str); 9] = [
    ("assert/strict", "assert", "strict"),
    ("fs/promises", "fs", "promises"),
    ("path/posix", "path", "posix"),
    ("timers/promises", "timers", "promises"),
    ("readline/promises", "readline", "promises"),
    ("util/types", "util", "types"),
    ("string_decoder", "buffer", "decoders"),
    ("querystring", "url", "querystring"),
    ("module", "util", "module"),
];

/// Modules that scripts do not see: others are made of them.
const HIDDEN: [&str; 6] = [
    "buffer_more",
    "fs_more",
    "locale",
    "process_more",
    "url_query",
    "web",
];

/// Globals that are read from a module when they are first used: the name, the module, and the
/// name there, or nothing for the module itself.
const GLOBALS: [(&str, &str, &str); 35] = [
    ("process", "process", ""),
    ("Buffer", "buffer", "Buffer"),
    ("atob", "buffer", "atob"),
    ("btoa", "buffer", "btoa"),
    ("URL", "url", "URL"),
    ("URLSearchParams", "url_query", "URLSearchParams"),
    ("TextEncoder", "web", "TextEncoder"),
    ("TextDecoder", "web", "TextDecoder"),
    ("structuredClone", "web", "structuredClone"),
    ("AbortController", "web", "AbortController"),
    ("AbortSignal", "web", "AbortSignal"),
    ("Event", "web", "Event"),
    ("EventTarget", "web", "EventTarget"),
    ("DOMException", "web", "DOMException"),
    ("fetch", "web", "fetch"),
    ("performance", "perf_hooks", "performance"),
    ("crypto", "crypto", "webcrypto"),
    ("readFile", "fs", "readText"),
    ("writeFile", "fs", "writeText"),
    ("Intl", "locale", "Intl"),
    // As in `node -e`, modules are there without `require`.
    ("assert", "assert", ""),
    ("buffer", "buffer", ""),
    ("events", "events", ""),
    ("fs", "fs", ""),
    ("os", "os", ""),
    ("path", "path", ""),
    ("perf_hooks", "perf_hooks", ""),
    ("querystring", "url", "querystring"),
    ("readline", "readline", ""),
    ("stream", "stream", ""),
    ("string_decoder", "buffer", "decoders"),
    ("timers", "timers", ""),
    ("url", "url", ""),
    ("util", "util", ""),
    ("global", "web", "global"),
];

/// Modules of Node that a tool cannot have, with the reason.
const REFUSED: [(&str, &str); 18] = [
    (
        "child_process",
        "a tool starts no programs: call the other tool yourself",
    ),
    ("cluster", "a tool starts no programs"),
    ("dgram", "scripts have no network: use the tool curl"),
    ("dns", "scripts have no network: use the tool curl"),
    ("http", "scripts have no network: use the tool curl"),
    ("http2", "scripts have no network: use the tool curl"),
    ("https", "scripts have no network: use the tool curl"),
    ("net", "scripts have no network: use the tool curl"),
    ("tls", "scripts have no network: use the tool curl"),
    ("inspector", "there is no debugger"),
    ("repl", "there is no terminal"),
    ("test", "there is no test runner: use assert"),
    ("tty", "there is no terminal"),
    ("v8", "the engine is another one"),
    ("vm", "use eval or new Function"),
    ("wasi", "a tool starts no programs"),
    ("worker_threads", "a tool has one thread"),
    ("zlib", "use the tool gzip"),
];

/// Modules that are loaded, and the functions of this program that they are made of.
struct Loaded {
    native: JsObject,
    modules: RefCell<HashMap<&'static str, JsValue>>,
    /// Globals that have been read or set.
    globals: RefCell<HashMap<JsString, JsValue>>,
}

/// A name that may be one of a module of Node.
pub(crate) enum Named {
    /// It is one that is here.
    Here(&'static str),
    /// It is one, and the reason why it is not here.
    Refused(&'static str),
    Unknown,
}

/// The module of a name, with or without `node:`.
pub(crate) fn named(name: &str) -> Named {
    let name = name.strip_prefix("node:").unwrap_or(name);
    let whole = MODULES.iter().map(|(module, _)| *module);
    let parts = PARTS.iter().map(|(part, _, _)| *part);
    let here = whole.chain(parts).find(|known| *known == name);
    if let Some(known) = here.filter(|known| !HIDDEN.contains(known)) {
        return Named::Here(known);
    }
    let refused = REFUSED.iter().find(|(refused, _)| *refused == name);
    refused.map_or(Named::Unknown, |(_, reason)| Named::Refused(reason))
}

/// Defines the globals, none of which is read yet.
pub(crate) fn define(
    functions: &[&[(&str, NativeFunctionPointer)]],
    context: &mut Context,
) -> JsResult<()> {
    let mut native = ObjectInitializer::new(context);
    for (name, function) in functions.iter().copied().flatten() {
        native.function(
            NativeFunction::from_fn_ptr(*function),
            JsString::from(*name),
            0,
        );
    }
    let native = native.build();
    context.insert_data(Rc::new(Loaded {
        native,
        modules: RefCell::default(),
        globals: RefCell::default(),
    }));
    let global = context.global_object();
    for (name, _, _) in GLOBALS {
        let key = JsString::from(name);
        let get = NativeFunction::from_copy_closure_with_captures(get, key.clone());
        let set = NativeFunction::from_copy_closure_with_captures(set, key.clone());
        let realm = context.realm().clone();
        let accessor = PropertyDescriptor::builder()
            .get(FunctionObjectBuilder::new(&realm, get).build())
            .set(FunctionObjectBuilder::new(&realm, set).build())
            .enumerable(false)
            .configurable(true);
        global.define_property_or_throw(key, accessor, context)?;
    }
    Ok(())
}

/// Reads a global. It stays an accessor: the engine remembers at each place in the code that it
/// found one there.
fn get(_: &JsValue, _: &[JsValue], name: &JsString, context: &mut Context) -> JsResult<JsValue> {
    let loaded = context.get_data::<Rc<Loaded>>().map(Rc::clone);
    let known = loaded.and_then(|loaded| loaded.globals.borrow().get(name).cloned());
    if let Some(known) = known {
        return Ok(known);
    }
    let wanted = name.to_std_string_lossy();
    let global = GLOBALS.iter().find(|(global, _, _)| *global == wanted);
    let Some((_, module, part)) = global else {
        return Ok(JsValue::undefined());
    };
    let mut value = load(module, context)?;
    if !part.is_empty() {
        value = value
            .to_object(context)?
            .get(JsString::from(*part), context)?;
    }
    remember(name, &value, context);
    Ok(value)
}

fn set(
    _: &JsValue,
    arguments: &[JsValue],
    name: &JsString,
    context: &mut Context,
) -> JsResult<JsValue> {
    remember(name, arguments.get_or_undefined(0), context);
    Ok(JsValue::undefined())
}

fn remember(name: &JsString, value: &JsValue, context: &Context) {
    if let Some(loaded) = context.get_data::<Rc<Loaded>>() {
        loaded
            .globals
            .borrow_mut()
            .insert(name.clone(), value.clone());
    }
}

/// The exports of a module.
pub(crate) fn load(name: &str, context: &mut Context) -> JsResult<JsValue> {
    if let Some((_, module, part)) = PARTS.iter().find(|(known, _, _)| *known == name) {
        let module = load(module, context)?.to_object(context)?;
        return module.get(JsString::from(*part), context);
    }
    let loaded = context.get_data::<Rc<Loaded>>().map(Rc::clone);
    let module = MODULES.iter().find(|(known, _)| *known == name);
    let (Some(loaded), Some((name, source))) = (loaded, module) else {
        return Err(JsNativeError::error()
            .with_message(format!("there is no module {name}"))
            .into());
    };
    let known = loaded.modules.borrow().get(name).cloned();
    if let Some(known) = known {
        return Ok(known);
    }
    let path = format!("node:{name}");
    let source = Source::from_bytes(source).with_path(Path::new(&path));
    let function = Script::parse(source, None, context)?.evaluate(context)?;
    let function = function.to_object(context)?;
    let require = NativeFunction::from_fn_ptr(|_, arguments, context| {
        let name = arguments.get_or_undefined(0).to_string(context)?;
        load(&name.to_std_string_lossy(), context)
    });
    let require = require.to_js_function(context.realm());
    let exports = JsObject::with_object_proto(context.intrinsics());
    if *name == "fs" {
        hot::define(&exports, &require, context)?;
    }
    later(name, &exports, context)?;
    // Known before it is complete: modules may need each other.
    loaded
        .modules
        .borrow_mut()
        .insert(name, exports.clone().into());
    let arguments = [
        loaded.native.clone().into(),
        require.into(),
        exports.clone().into(),
    ];
    let returned = function.call(&JsValue::undefined(), &arguments, context)?;
    let exports = if returned.is_undefined() {
        exports.into()
    } else {
        returned
    };
    loaded.modules.borrow_mut().insert(name, exports.clone());
    Ok(exports)
}

/// Defines the names that are read from another module.
fn later(name: &str, exports: &JsObject, context: &mut Context) -> JsResult<()> {
    let known = LATER.iter().find(|(module, _, _)| *module == name);
    let Some((_, module, names)) = known else {
        return Ok(());
    };
    for name in *names {
        let captures = (JsString::from(*module), JsString::from(*name));
        let get = NativeFunction::from_copy_closure_with_captures(
            |_, _, captures: &(JsString, JsString), context| {
                let (module, name) = captures;
                let module = load(&module.to_std_string_lossy(), context)?;
                module.to_object(context)?.get(name.clone(), context)
            },
            captures.clone(),
        );
        let set = NativeFunction::from_copy_closure_with_captures(
            |_, arguments, captures: &(JsString, JsString), context| {
                let (module, name) = captures;
                let module = load(&module.to_std_string_lossy(), context)?.to_object(context)?;
                let value = arguments.get_or_undefined(0).clone();
                module.set(name.clone(), value, false, context)?;
                Ok(JsValue::undefined())
            },
            captures,
        );
        let realm = context.realm().clone();
        let accessor = PropertyDescriptor::builder()
            .get(FunctionObjectBuilder::new(&realm, get).build())
            .set(FunctionObjectBuilder::new(&realm, set).build())
            .enumerable(*name != "querystring")
            .configurable(true);
        exports.define_property_or_throw(JsString::from(*name), accessor, context)?;
    }
    Ok(())
}

/// Sets a property that scripts do not see when they list an object.
pub(crate) fn hide(
    object: &JsObject,
    name: &str,
    value: impl Into<JsValue>,
    context: &mut Context,
) -> JsResult<()> {
    let property = PropertyDescriptor::builder()
        .value(value)
        .writable(true)
        .enumerable(false)
        .configurable(true);
    object.define_property_or_throw(JsString::from(name), property, context)?;
    Ok(())
}

/// The symbol of objects that are no result of a script, if a module has made one.
pub(crate) fn quiet(context: &mut Context) -> JsResult<Option<JsSymbol>> {
    let Some(events) = loaded("events", context).and_then(|events| events.as_object()) else {
        return Ok(None);
    };
    let quiet = events.get(js_string!("quiet"), context)?;
    Ok(quiet.as_symbol())
}

/// `process.exitCode`, or 0.
pub(crate) fn exit_code(context: &mut Context) -> u8 {
    let process = loaded("process", context).and_then(|process| process.as_object());
    let code = process.and_then(|process| process.get(js_string!("exitCode"), context).ok());
    let code = code
        .and_then(|code| code.to_i32(context).ok())
        .unwrap_or_default();
    let [code, ..] = code.to_le_bytes();
    code
}

/// Tells listeners of the process that the script ends.
pub(crate) fn ends(context: &mut Context) -> JsResult<()> {
    let process = loaded("process", context).and_then(|process| process.as_object());
    let Some(process) = process else {
        return Ok(());
    };
    let handlers = process.get(js_string!("handlers"), context)?;
    if let Some(handlers) = handlers.as_callable() {
        handlers.call(&process.into(), &[], context)?;
    }
    Ok(())
}

/// The exports of a module, if it has been read.
fn loaded(name: &str, context: &Context) -> Option<JsValue> {
    let loaded = context.get_data::<Rc<Loaded>>()?;
    loaded.modules.borrow().get(name).cloned()
}
