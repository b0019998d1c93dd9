//! The functions of a component that a model can call.

use std::cell::Cell;
use std::collections::BTreeMap;

use cofferdam_capability::{MAX_TOOL_NAME, ToolName};
use serde_json::{Value, json};
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex};

use super::docs::{DocScope, Docs};
use super::schema::Schema;
use super::types::{self, Field, Names, Reader, Type, Unsupported, joined};
use crate::sentence::cut;

/// Functions of one component that are offered; the same bound as for typed tools
/// (`tool/src/runner.rs`).
const MAX_FUNCTIONS: usize = 64;

/// Functions and interfaces of one component that are looked at, of which some are refused: each is
/// looked at for a millisecond, whatever comes of it.
const MAX_LOOKED_AT: usize = 4 * MAX_FUNCTIONS;

/// Refused exports that a reviewer is shown with the reason; the rest are counted.
const MAX_REFUSED: usize = 64;

/// The longest description, in bytes (8 KiB): a model reads it in every turn.
const MAX_DESCRIPTION: usize = 8 << 10;

/// The largest schema, in bytes, as JSON text (32 KiB). With the description it stays below what a
/// descriptor may have.
const MAX_SCHEMA: usize = 32 << 10;

/// The names of these exports begin with a host's own protocol, in which nobody calls a function
/// with JSON.
const PROTOCOLS: &str = "wasi:";

/// The export that componentize-py makes for itself, by its interface, name and parameters: it has
/// run when the component was made.
const PYTHON_INIT: StartUp = StartUp {
    interface: "exports",
    name: "init",
    parameters: ["app-name", "symbols", "stub-wasi"],
};

/// A function that a toolchain calls by itself.
struct StartUp {
    interface: &'static str,
    name: &'static str,
    parameters: [&'static str; 3],
}

/// A function that a component exports, as a model sees it.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name, with the last name of its interface in front where it has one:
    /// `interface_function`.
    pub name: ToolName,
    /// The words of its author above it, else its signature in WIT.
    pub description: String,
    /// The JSON Schema of its parameters, an object.
    pub input_schema: Value,
    /// The JSON Schema of what it returns; of a `result`, that is the value of `ok`.
    pub output_schema: Value,
}

/// A function with what a call needs.
pub(crate) struct Entry {
    pub(crate) function: Function,
    pub(crate) index: ComponentExportIndex,
    pub(crate) parameters: Vec<Field>,
    pub(crate) result: Option<Type>,
}

/// Every exported function: those that can be called, and the rest with the reason.
#[derive(Default)]
pub(crate) struct Functions {
    pub(crate) entries: Vec<Entry>,
    /// The first of those that are refused, with the reason.
    pub(crate) refused: Vec<(String, String)>,
    /// Functions and interfaces that were looked at.
    looked_at: usize,
    /// Refused exports that are counted alone.
    more: usize,
}

/// The exported functions of a component.
pub(crate) fn functions(
    engine: &wasmtime::Engine,
    component: &Component,
    docs: &Docs,
) -> Functions {
    let ty = component.component_type();
    // A world imports its types, and the engine drops such imports; what is left is what it
    // exports.
    let world_types = types::named(
        ty.exports(engine)
            .filter_map(|(name, item)| Some((name, named_type(item.ty)?))),
    );
    let mut functions = Functions::default();
    for (export, item) in ty.exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(function) => {
                let place = Source {
                    interface: None,
                    names: &world_types,
                    docs: docs.world(),
                };
                let index = component.get_export_index(None, export);
                functions.add(export, &function, index, &place);
            }
            ComponentItem::ComponentInstance(_) if export.starts_with(PROTOCOLS) => {
                functions.refuse(export, "it belongs to WASI, and takes no JSON");
            }
            ComponentItem::ComponentInstance(instance) => {
                let last = last_name(export);
                if !functions.look() {
                    functions.skip(instance.exports(engine).len());
                    continue;
                }
                let items = instance
                    .exports(engine)
                    .filter_map(|(name, item)| Some((name, named_type(item.ty)?)));
                let place = Source {
                    interface: Some(last),
                    names: &types::named(items),
                    docs: docs.interface(last),
                };
                let outer = component.get_export_index(None, export);
                for (name, item) in instance.exports(engine) {
                    if let ComponentItem::ComponentFunc(function) = item.ty {
                        let index = outer
                            .as_ref()
                            .and_then(|outer| component.get_export_index(Some(outer), name));
                        functions.add(name, &function, index, &place);
                    }
                }
            }
            ComponentItem::Component(_) | ComponentItem::Module(_) | ComponentItem::CoreFunc(_) => {
                functions.refuse(export, "it is code to be linked, not a function");
            }
            ComponentItem::Type(_) | ComponentItem::Resource(_) => {}
        }
    }
    functions.without_collisions()
}

/// The place where a function is exported.
struct Source<'a> {
    interface: Option<&'a str>,
    names: &'a Names,
    docs: DocScope<'a>,
}

impl Functions {
    fn refuse(&mut self, name: &str, reason: &str) {
        if self.refused.len() < MAX_REFUSED {
            self.refused
                .push((cut(name).into_owned(), reason.to_owned()));
        } else {
            self.skip(1);
        }
    }

    /// Counts exports that are refused unseen.
    fn skip(&mut self, exports: usize) {
        self.more = self.more.saturating_add(exports);
    }

    /// Returns false if enough has been looked at.
    fn look(&mut self) -> bool {
        let looks = self.looked_at < MAX_LOOKED_AT;
        self.looked_at = self.looked_at.saturating_add(usize::from(looks));
        looks
    }

    /// Returns how many exports are refused.
    pub(crate) fn refusals(&self) -> usize {
        self.refused.len().saturating_add(self.more)
    }

    /// Returns the functions, and the first of those that are refused with the count of the others.
    pub(crate) fn with_count(mut self) -> (Vec<Entry>, Vec<(String, String)>) {
        if self.more > 0 {
            let reason = format!("after the first {MAX_REFUSED} they are counted alone");
            self.refused.push((format!("{} more", self.more), reason));
        }
        (self.entries, self.refused)
    }

    fn add(
        &mut self,
        own: &str,
        function: &ComponentFunc,
        index: Option<ComponentExportIndex>,
        source: &Source<'_>,
    ) {
        let name = source
            .interface
            .map_or_else(|| own.to_owned(), |interface| format!("{interface}_{own}"));
        // `[method]cart.add`, `[constructor]cart`, `[static]cart.all`.
        if own.starts_with('[') {
            let reason = "it belongs to a resource, which lives in one instance, and every call \
                          gets a new one";
            return self.refuse(&name, reason);
        }
        if !self.look() {
            return self.skip(1);
        }
        if self.entries.len() >= MAX_FUNCTIONS {
            return self.refuse(
                &name,
                &format!("the component has more than {MAX_FUNCTIONS} functions"),
            );
        }
        match entry(&name, own, function, index, source) {
            Ok(entry) => self.entries.push(entry),
            Err(unsupported) => self.refuse(&name, &unsupported.to_string()),
        }
    }

    /// Interfaces of two packages may have the same last name, and a model could not say which
    /// function it means.
    fn without_collisions(mut self) -> Self {
        let mut counts: BTreeMap<ToolName, u32> = BTreeMap::new();
        for entry in &self.entries {
            *counts.entry(entry.function.name.clone()).or_default() += 1;
        }
        let (entries, twice): (Vec<_>, Vec<_>) = self
            .entries
            .into_iter()
            .partition(|entry| counts.get(&entry.function.name) == Some(&1));
        self.entries = entries;
        let reason = "two interfaces with the same last name have a function of this name";
        twice
            .iter()
            .for_each(|entry| self.refuse(&entry.function.name, reason));
        self
    }
}

fn entry(
    name: &str,
    own: &str,
    function: &ComponentFunc,
    index: Option<ComponentExportIndex>,
    source: &Source<'_>,
) -> Result<Entry, Unsupported> {
    let name: ToolName = name.parse().map_err(|_| {
        // WIT allows no other characters.
        Unsupported::new(format!(
            "a model cannot call it: its name has more than {MAX_TOOL_NAME} characters"
        ))
    })?;
    if function.async_() {
        return Err(Unsupported::new(
            "it is async, which is not part of WASI 0.2",
        ));
    }
    let StartUp {
        interface,
        name: init,
        parameters,
    } = PYTHON_INIT;
    if source.interface == Some(interface)
        && own == init
        && function.params().map(|(name, _)| name).eq(parameters)
    {
        return Err(Unsupported::new(
            "it is the start-up code of componentize-py, which ran when the component was made",
        ));
    }
    let index = index.ok_or_else(|| Unsupported::new("the engine does not find it"))?;
    let mut reader = Reader::new(source.names);
    let parameter = |(name, ty): (&str, _)| {
        Ok(Field {
            name: reader.name(name)?,
            ty: reader.read(&ty)?,
        })
    };
    let parameters = function
        .params()
        .map(parameter)
        .collect::<Result<Vec<_>, Unsupported>>()?;
    let result = function
        .results()
        .next()
        .map(|ty| reader.read(&ty))
        .transpose()?;

    let room = Cell::new(Some(MAX_SCHEMA));
    let schema = Schema::new(source.docs.types, &room);
    let input_schema = schema.object(&parameters, None);
    let output_schema = match &result {
        Some(Type::Result(Some(ok), _)) => schema.of(ok),
        None | Some(Type::Result(None, _)) => json!({ "type": "null" }),
        Some(ty) => schema.of(ty),
    };
    if room.get().is_none()
        || input_schema.to_string().len() + output_schema.to_string().len() > MAX_SCHEMA
    {
        return Err(Unsupported::new(format!(
            "its schemas have more than {MAX_SCHEMA} bytes"
        )));
    }
    let description = match source.docs.function(own) {
        Some(words) if words.len() <= MAX_DESCRIPTION => words.to_owned(),
        Some(_) => {
            return Err(Unsupported::new(format!(
                "its documentation has more than {MAX_DESCRIPTION} bytes"
            )));
        }
        None => signature(own, &parameters, result.as_ref()),
    };
    let function = Function {
        name,
        description,
        input_schema,
        output_schema,
    };
    Ok(Entry {
        function,
        index,
        parameters,
        result,
    })
}

/// The function as WIT writes it, without types that would make it longer than a description may
/// be.
fn signature(own: &str, parameters: &[Field], result: Option<&Type>) -> String {
    let result = result.map(|ty| format!(" -> {ty}")).unwrap_or_default();
    let whole = format!(
        "{own}: func({}){result}",
        joined(parameters, Field::to_string)
    );
    if whole.len() <= MAX_DESCRIPTION {
        whole
    } else {
        format!("{own}: func(…)")
    }
}

pub(super) fn named_type(item: ComponentItem) -> Option<wasmtime::component::types::Type> {
    match item {
        ComponentItem::Type(ty) => Some(ty),
        _ => None,
    }
}

/// `stock` of `example:shop/stock@1.0.0`.
fn last_name(export: &str) -> &str {
    let interface = export
        .split_once('@')
        .map_or(export, |(interface, _)| interface);
    interface
        .rsplit_once('/')
        .map_or(interface, |(_, last)| last)
}
