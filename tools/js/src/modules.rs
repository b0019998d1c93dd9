//! Files of a script: `require` and `import`, below `/workspace` and of what Node brings.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use boa_engine::module::{
    Module, ModuleLoader, ModuleRequest, Referrer, SyntheticModuleInitializer,
};
use boa_engine::object::JsObject;
use boa_engine::property::PropertyKey;
use boa_engine::{
    Context, JsArgs, JsError, JsNativeError, JsResult, JsString, JsValue, NativeFunction, Script,
    Source, js_string,
};

use crate::builtins::{self, Named, hide};
use crate::files::{read, system_error};
use crate::inspect::text;
use crate::json;
use crate::program::{self, Form};

/// The directory in which names begin.
pub(crate) const WORKSPACE: &str = "/workspace";

/// Endings that `require` and `import` try.
const ENDINGS: [&str; 7] = [
    "",
    ".js",
    ".cjs",
    ".mjs",
    ".json",
    "/index.js",
    "/index.mjs",
];

/// Files that are loaded.
#[derive(Default)]
pub(crate) struct Files {
    /// Of `require`: the object `module` of each.
    required: RefCell<HashMap<PathBuf, JsObject>>,
    /// Of `import`.
    imported: RefCell<HashMap<PathBuf, Module>>,
}

impl ModuleLoader for Files {
    async fn load_imported_module(
        self: Rc<Self>,
        referrer: Referrer,
        request: ModuleRequest,
        context: &RefCell<&mut Context>,
    ) -> JsResult<Module> {
        let context = &mut context.borrow_mut();
        let specifier = text(request.specifier());
        let directory = referrer.path().and_then(Path::parent);
        let directory = directory.unwrap_or(Path::new(WORKSPACE)).to_owned();
        match builtins::named(&specifier) {
            Named::Here(name) => {
                let exports = builtins::load(name, context)?;
                return wrapped(&exports, PathBuf::from(format!("node:{name}")), context);
            }
            Named::Refused(reason) => return Err(refused(&specifier, reason)),
            Named::Unknown => {}
        }
        let path = find(&specifier, &directory)?;
        let known = self.imported.borrow().get(&path).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let module = import(&path, context)?;
        self.imported.borrow_mut().insert(path, module.clone());
        Ok(module)
    }

    fn init_import_meta(self: Rc<Self>, meta: &JsObject, module: &Module, context: &mut Context) {
        let path = module.path().map(Path::to_string_lossy).unwrap_or_default();
        let path = absolute(Path::new(path.as_ref()), Path::new(WORKSPACE));
        let directory = path.parent().unwrap_or(Path::new(WORKSPACE)).to_owned();
        for (name, value) in [
            ("dirname", directory.to_string_lossy().into_owned()),
            ("filename", path.to_string_lossy().into_owned()),
            ("url", format!("file://{}", path.display())),
        ] {
            // A new object takes every property.
            let _ = meta.set(JsString::from(name), JsString::from(value), false, context);
        }
    }
}

/// The module of a file.
fn import(path: &Path, context: &mut Context) -> JsResult<Module> {
    let name = path.to_string_lossy().into_owned();
    let is_json = path.extension().is_some_and(|ending| ending == "json");
    let always = path.extension().is_some_and(|ending| ending == "mjs");
    if !is_json {
        let code = source(&name, context)?;
        let program = program::parse(&code, always);
        let form = program.map_or(Form::Module, |program| program.form);
        if always || form == Form::Module {
            let source = Source::from_bytes(&code).with_path(path);
            return Module::parse(source, None, context);
        }
    }
    let exports = require_file(path, context)?;
    wrapped(&exports, path.to_owned(), context)
}

/// A module whose default is a value, and whose names are those of its properties.
fn wrapped(exports: &JsValue, path: PathBuf, context: &mut Context) -> JsResult<Module> {
    let mut names = vec![js_string!("default")];
    if let Some(object) = exports.as_object().filter(|object| !object.is_array()) {
        let keys = object.own_property_keys(context)?;
        names.extend(keys.into_iter().filter_map(|key| match key {
            PropertyKey::String(name) if name != js_string!("default") => Some(name),
            _ => None,
        }));
    }
    let captures = (exports.clone(), names.clone());
    let steps = SyntheticModuleInitializer::from_copy_closure_with_captures(
        |module, captures: &(JsValue, Vec<JsString>), context| {
            let (exports, names) = captures;
            for name in names {
                let value = match exports.as_object() {
                    Some(object) if *name != js_string!("default") => {
                        object.get(name.clone(), context)?
                    }
                    _ => exports.clone(),
                };
                module.set_export(name, value)?;
            }
            Ok(())
        },
        captures,
    );
    Ok(Module::synthetic(&names, steps, Some(path), None, context))
}

/// Defines `require`, `module` and their like for the script itself.
pub(crate) fn define(path: &Path, context: &mut Context) -> JsResult<()> {
    let path = absolute(path, Path::new(WORKSPACE));
    let directory = path.parent().unwrap_or(Path::new(WORKSPACE)).to_owned();
    let module = module_object(&path, context)?;
    let require = require_function(&directory, context)?;
    let require_object = require.to_object(context)?;
    require_object.set(js_string!("main"), module.clone(), false, context)?;
    let exports = module.get(js_string!("exports"), context)?;
    let global = context.global_object();
    let name = |path: &Path| JsString::from(path.to_string_lossy().as_ref());
    hide(&global, "require", require, context)?;
    hide(&global, "module", module, context)?;
    hide(&global, "exports", exports, context)?;
    hide(&global, "__filename", name(&path), context)?;
    hide(&global, "__dirname", name(&directory), context)?;
    Ok(())
}

fn module_object(path: &Path, context: &mut Context) -> JsResult<JsObject> {
    let module = JsObject::with_object_proto(context.intrinsics());
    let exports = JsObject::with_object_proto(context.intrinsics());
    let path = JsString::from(path.to_string_lossy().as_ref());
    module.set(js_string!("id"), path.clone(), false, context)?;
    module.set(js_string!("filename"), path, false, context)?;
    module.set(js_string!("exports"), exports, false, context)?;
    Ok(module)
}

/// The function `require` for files of a directory.
fn require_function(directory: &Path, context: &mut Context) -> JsResult<JsValue> {
    let directory = JsString::from(directory.to_string_lossy().as_ref());
    let require = NativeFunction::from_copy_closure_with_captures(
        |_, arguments, directory: &JsString, context| {
            let name = arguments.get_or_undefined(0);
            if !name.is_string() {
                return Err(JsNativeError::typ()
                    .with_message("require takes the name of a module")
                    .into());
            }
            let name = text(&name.to_string(context)?);
            require(&name, Path::new(&text(directory)), context)
        },
        directory,
    );
    let require = require.to_js_function(context.realm());
    hide(&require, "name", js_string!("require"), context)?;
    Ok(require.into())
}

fn require(name: &str, directory: &Path, context: &mut Context) -> JsResult<JsValue> {
    match builtins::named(name) {
        Named::Here(name) => builtins::load(name, context),
        Named::Refused(reason) => Err(refused(name, reason)),
        Named::Unknown => require_file(&find(name, directory)?, context),
    }
}

fn require_file(path: &Path, context: &mut Context) -> JsResult<JsValue> {
    let files = context.downcast_module_loader::<Files>().ok_or_else(|| {
        JsError::from(JsNativeError::error().with_message("there are no modules"))
    })?;
    let known = files.required.borrow().get(path).cloned();
    if let Some(module) = known {
        return module.get(js_string!("exports"), context);
    }
    let name = path.to_string_lossy().into_owned();
    let code = source(&name, context)?;
    let module = module_object(path, context)?;
    // Known before it is complete: files may need each other.
    files
        .required
        .borrow_mut()
        .insert(path.to_owned(), module.clone());
    let loaded = if path.extension().is_some_and(|ending| ending == "json") {
        let parsed = json::parse(&code, context);
        parsed.and_then(|value| module.set(js_string!("exports"), value, false, context))
    } else {
        run(&code, path, &module, context)
    };
    if let Err(error) = loaded {
        files.required.borrow_mut().remove(path);
        return Err(error);
    }
    module.get(js_string!("exports"), context)
}

/// Runs a file as a function of `module` and what belongs to it.
fn run(code: &str, path: &Path, module: &JsObject, context: &mut Context) -> JsResult<bool> {
    if program::parse(code, false).is_ok_and(|program| program.form == Form::Module) {
        return Err(JsNativeError::error()
            .with_message(format!(
                "{} is a module of import and export: load it with import",
                path.display()
            ))
            .into());
    }
    let code = code
        .strip_prefix("#!")
        .map_or_else(|| code.to_owned(), |rest| format!("//{rest}"));
    let function =
        format!("(function (exports, require, module, __filename, __dirname) {{{code}\n}})");
    let source = Source::from_bytes(&function).with_path(path);
    let function = Script::parse(source, None, context)?.evaluate(context)?;
    let function = function.to_object(context)?;
    let directory = path.parent().unwrap_or(Path::new(WORKSPACE));
    let exports = module.get(js_string!("exports"), context)?;
    let arguments = [
        exports.clone(),
        require_function(directory, context)?,
        module.clone().into(),
        JsString::from(path.to_string_lossy().as_ref()).into(),
        JsString::from(directory.to_string_lossy().as_ref()).into(),
    ];
    function.call(&exports, &arguments, context)?;
    Ok(true)
}

/// The file that a name means: itself, or with one of the usual endings.
fn find(name: &str, directory: &Path) -> JsResult<PathBuf> {
    let name = name.strip_prefix("file://").unwrap_or(name);
    let is_path = ["./", "../", "/"]
        .iter()
        .any(|start| name.starts_with(start));
    if !is_path && name != "." && name != ".." {
        return Err(failed(format!(
            "Cannot find module '{name}': there are no packages of npm here, and a file begins \
             with ./"
        )));
    }
    let base = absolute(Path::new(name), directory);
    let base = base.to_string_lossy();
    let candidates = ENDINGS
        .iter()
        .map(|ending| PathBuf::from(format!("{base}{ending}")));
    let found = candidates.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| failed(format!("Cannot find module '{name}': no file {base}")))
}

/// A path without `.` and `..`, from a directory on.
pub(crate) fn absolute(path: &Path, directory: &Path) -> PathBuf {
    let whole = Path::new(WORKSPACE).join(directory).join(path);
    let mut clean = PathBuf::new();
    for component in whole.components() {
        match component {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            other => clean.push(other),
        }
    }
    clean
}

fn source(path: &str, context: &mut Context) -> JsResult<String> {
    let bytes = read(path).map_err(|error| system_error(&error, "open", path, context))?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}

fn refused(name: &str, reason: &str) -> JsError {
    failed(format!("The module '{name}' is not here: {reason}"))
}

fn failed(sentence: String) -> JsError {
    JsNativeError::error().with_message(sentence).into()
}
