//! What people write by hand: JSON Schemas for their editors, and pages with every key.

/// The schemas fit the files that ship and the parsers.
mod schemas;

/// The pages tell every key with its default and its ceiling, and their examples run.
mod pages;

/// The example of a review in a CI job runs.
mod reviews;

use serde_json::Value;

use crate::support::{Ran, Scratch, checkout, cofferdam, guest};

/// A file that has a schema and a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Manifest,
    Config,
    Case,
}

/// A key of a schema.
#[derive(Debug)]
struct Key {
    /// As a page writes it: `schema`, `[tool] name`, `[[secret]] inject.header`.
    name: String,
    schema: Value,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Manifest, Self::Config, Self::Case];

    /// Its name on the command line.
    fn name(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Config => "config",
            Self::Case => "case",
        }
    }

    fn schema(self) -> Value {
        cofferdam(&Scratch::new(), ["schema", self.name()])
            .run()
            .exits(0)
            .json()
    }

    /// Reads a text as the binary does. The file lies in `scratch`.
    fn read(self, scratch: &Scratch, text: &str) -> Ran {
        let component = guest("exit_zero");
        match self {
            Self::Manifest => {
                let file = scratch.file("capabilities.toml", text);
                let line = ["tool".as_ref(), "inspect".as_ref(), component.as_os_str()];
                let capabilities = ["--capabilities".as_ref(), file.as_os_str()];
                cofferdam(scratch, line.into_iter().chain(capabilities)).run()
            }
            Self::Config => {
                let file = scratch.file("cofferdam.toml", text);
                let line = ["config".as_ref(), "show".as_ref(), "--config".as_ref()];
                cofferdam(scratch, line.into_iter().chain([file.as_os_str()])).run()
            }
            Self::Case => {
                scratch.file("tool/cases/a.json", text);
                let file = scratch.path().join("tool/exit_zero.wasm");
                std::fs::copy(component, &file).expect("a copy");
                let line = ["tool".as_ref(), "test".as_ref(), file.as_os_str()];
                cofferdam(scratch, line).run()
            }
        }
    }

    /// A document as this file writes it.
    fn write(self, document: &Value) -> String {
        match self {
            Self::Manifest | Self::Config => toml::to_string(document).expect("TOML"),
            Self::Case => document.to_string(),
        }
    }

    /// A text of this file as a document.
    fn document(self, text: &str) -> Value {
        match self {
            Self::Manifest | Self::Config => toml::from_str(text).expect("TOML"),
            Self::Case => serde_json::from_str(text).expect("JSON"),
        }
    }
}

/// Every key of a schema, tables included.
fn keys(schema: &Value) -> Vec<Key> {
    let mut found = Vec::new();
    collect(schema, "", &mut found);
    found
}

fn collect(schema: &Value, place: &str, found: &mut Vec<Key>) {
    for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
        let rows = &schema["items"];
        let name = match place {
            "" if rows["properties"].is_object() => format!("[[{key}]]"),
            "" if schema["properties"].is_object() => format!("[{key}]"),
            "" => key.clone(),
            table if table.ends_with(']') => format!("{table} {key}"),
            inline => format!("{inline}.{key}"),
        };
        let schema = schema.clone();
        collect(&schema, &name, found);
        collect(rows, &name, found);
        found.push(Key { name, schema });
    }
}

/// The text of a block of a page whose first line ends in `info`.
#[track_caller]
fn block(page: &str, info: &str) -> String {
    let text = std::fs::read_to_string(checkout().join(page)).expect("the page is there");
    let mut lines = text.lines();
    let begun = lines.any(|line| line.starts_with("```") && line.ends_with(info));
    assert!(begun, "{page} has no block `{info}`");
    let block: Vec<_> = lines.take_while(|line| *line != "```").collect();
    block.join("\n") + "\n"
}
