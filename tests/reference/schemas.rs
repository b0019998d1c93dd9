//! JSON Schemas for editors, held against the files that ship and against the parsers.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{Kind, block};
use crate::support::{Scratch, checkout, python};

/// A validator that nobody here wrote (`jsonschema` from PyPI). Prints for each document what is
/// wrong with it, or nothing.
const VALIDATOR: &str = "import json, sys\n\
    from jsonschema import Draft202012Validator as V\n\
    asked = json.load(sys.stdin)\n\
    V.check_schema(asked['schema'])\n\
    v = V(asked['schema'])\n\
    said = lambda e: e.json_path + ': ' + e.message\n\
    print(json.dumps([' '.join(map(said, v.iter_errors(d))) for d in asked['documents']]))\n";

/// The example of each page, which has every key.
const EXAMPLES: [(Kind, &str, &str); 2] = [
    (
        Kind::Manifest,
        "host/capability/README.md",
        "capabilities.toml",
    ),
    (Kind::Config, "host/cli/README.md", "cofferdam.toml"),
];

/// The problems of each document, as the validator tells them.
#[track_caller]
fn problems(schema: &Value, documents: &[Value]) -> Vec<String> {
    let mut validator = Command::new(python());
    validator.args(["-c", VALIDATOR]);
    validator.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = validator.spawn().expect("Python starts");
    let asked = json!({ "schema": schema, "documents": documents }).to_string();
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(asked.as_bytes()).expect("Python reads");
    drop(stdin);
    let output = child.wait_with_output().expect("Python ends");
    assert!(output.status.success(), "the schema is none");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Every file of the checkout that is one of this kind.
fn shipped(kind: Kind) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(checkout(), &mut |path| {
        let is_one = match kind {
            Kind::Manifest => path.ends_with("capabilities.toml"),
            Kind::Config => path.ends_with("cofferdam.toml"),
            Kind::Case => {
                let in_cases = path
                    .parent()
                    .is_some_and(|parent| parent.ends_with("cases"));
                in_cases && path.extension().is_some_and(|end| end == "json")
            }
        };
        if is_one {
            found.push(path.to_owned());
        }
    });
    found
}

fn walk(directory: &Path, found: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            walk(&path, found);
        } else if path.is_file() {
            found(&path);
        }
    }
}

#[test]
fn every_file_that_ships_fits_its_schema() {
    for kind in Kind::ALL {
        let mut places: Vec<String> = Vec::new();
        let mut documents = Vec::new();
        for path in shipped(kind) {
            let text = std::fs::read_to_string(&path).expect("a text");
            documents.push(kind.document(&text));
            places.push(path.display().to_string());
        }
        for (_, page, info) in EXAMPLES.iter().filter(|example| example.0 == kind) {
            documents.push(kind.document(&block(page, info)));
            places.push((*page).to_owned());
        }
        if kind == Kind::Config {
            documents.push(kind.document(&block("README.md", "toml")));
            places.push("README.md".to_owned());
        }
        let least = if kind == Kind::Config { 2 } else { 50 };
        assert!(documents.len() >= least, "{kind:?}: {}", documents.len());
        let problems = problems(&kind.schema(), &documents);
        let wrong: Vec<_> = places
            .iter()
            .zip(problems)
            .filter(|(_, problem)| !problem.is_empty())
            .collect();
        assert!(wrong.is_empty(), "{kind:#?}: {wrong:#?}");
    }
}

/// The place of a table in a schema, and a text in which it has the key `unknown` alone.
const TABLES: [(Kind, &str, &str); 30] = [
    (Kind::Manifest, "", "unknown = 1\n"),
    (Kind::Manifest, "/tool", "[tool]\nunknown = 1\n"),
    (Kind::Manifest, "/fs/items", "[[fs]]\nunknown = 1\n"),
    (Kind::Manifest, "/http/items", "[[http]]\nunknown = 1\n"),
    (Kind::Manifest, "/tcp/items", "[[tcp]]\nunknown = 1\n"),
    (Kind::Manifest, "/secret/items", "[[secret]]\nunknown = 1\n"),
    (
        Kind::Manifest,
        "/secret/items/inject",
        "[[secret]]\ninject = { unknown = 1 }\n",
    ),
    (
        Kind::Manifest,
        "/secret/items/auth",
        "[[secret]]\nauth = { unknown = 1 }\n",
    ),
    (Kind::Manifest, "/env/items", "[[env]]\nunknown = 1\n"),
    (Kind::Manifest, "/call/items", "[[call]]\nunknown = 1\n"),
    (Kind::Manifest, "/unused/items", "[[unused]]\nunknown = 1\n"),
    (Kind::Manifest, "/limits", "[limits]\nunknown = 1\n"),
    (Kind::Config, "", "unknown = 1\n"),
    (Kind::Config, "/host", "[host]\nunknown = 1\n"),
    (Kind::Config, "/network", "[network]\nunknown = 1\n"),
    (Kind::Config, "/tls", "[tls]\nunknown = 1\n"),
    (Kind::Config, "/telemetry", "[telemetry]\nunknown = 1\n"),
    (Kind::Config, "/secrets", "[secrets]\nunknown = 1\n"),
    (Kind::Config, "/limits", "[limits]\nunknown = 1\n"),
    (Kind::Config, "/ceiling", "[ceiling]\nunknown = 1\n"),
    (Kind::Config, "/agent/items", "[[agent]]\nunknown = 1\n"),
    (Kind::Config, "/grant/items", "[[grant]]\nunknown = 1\n"),
    (Kind::Config, "/signer/items", "[[signer]]\nunknown = 1\n"),
    (
        Kind::Config,
        "/grant/items/limits",
        "[[grant]]\nlimits = { unknown = 1 }\n",
    ),
    (
        Kind::Config,
        "/grant/items/retry",
        "[[grant]]\nretry = { unknown = 1 }\n",
    ),
    (Kind::Case, "", "{\"unknown\": 1}"),
    (
        Kind::Case,
        "/http/additionalProperties",
        "{\"name\": \"a\", \"http\": {\"http://a.test/\": {\"unknown\": 1}}}",
    ),
    (
        Kind::Case,
        "/limits",
        "{\"name\": \"a\", \"limits\": {\"unknown\": 1}}",
    ),
    (
        Kind::Case,
        "/expect",
        "{\"name\": \"a\", \"expect\": {\"unknown\": 1}}",
    ),
    (
        Kind::Case,
        "/expect/requests/items",
        "{\"name\": \"a\", \"expect\": {\"requests\": [{\"unknown\": 1}]}}",
    ),
];

/// The tables of a schema, by their places. A form of bytes (`{"base64": …}`) is none.
fn tables<'a>(schema: &'a Value, place: &str, found: &mut Vec<(String, &'a Value)>) {
    if let Some(properties) = schema["properties"].as_object() {
        found.push((place.to_owned(), schema));
        for (key, schema) in properties {
            tables(schema, &format!("{place}/{key}"), found);
        }
    }
    for inner in ["items", "additionalProperties"] {
        if schema[inner].is_object() {
            tables(&schema[inner], &format!("{place}/{inner}"), found);
        }
    }
}

/// The words in backquotes after `expected`: the keys that a parser knows.
fn known(complaint: &str) -> BTreeSet<String> {
    let (_, expected) = complaint.rsplit_once("expected").unwrap_or_default();
    let words = expected.split('`').skip(1).step_by(2);
    words.map(str::to_owned).collect()
}

#[test]
fn a_schema_and_its_parser_know_the_same_keys() {
    for kind in Kind::ALL {
        let schema = kind.schema();
        // A file of cases is one of them or an array.
        let top = schema["anyOf"].get(0).unwrap_or(&schema);
        let mut found = Vec::new();
        tables(top, "", &mut found);
        let places: BTreeSet<_> = found.iter().map(|(place, _)| place.as_str()).collect();
        let of_kind = TABLES.iter().filter(|table| table.0 == kind);
        let written: BTreeSet<_> = of_kind.clone().map(|table| table.1).collect();
        assert_eq!(places, written, "{kind:?}: a table has no text here");
        let mut documents = Vec::new();
        for (_, place, text) in of_kind {
            let scratch = Scratch::new();
            let ran = kind.read(&scratch, text).exits(2);
            let ran = ran.complains(&["unknown key `unknown`"]);
            let (_, table) = found
                .iter()
                .find(|(found, _)| found == place)
                .expect("a table of the schema");
            assert_eq!(table["additionalProperties"], json!(false), "{place}");
            let keys = table["properties"].as_object().expect("keys");
            let keys: BTreeSet<_> = keys.keys().cloned().collect();
            assert_eq!(keys, known(&ran.stderr), "{kind:?} {place}");
            documents.push(kind.document(text));
        }
        let problems = problems(&schema, &documents);
        assert!(problems.iter().all(|problem| !problem.is_empty()));
    }
}

/// The document without one of its keys, or with another value there; each once for every key.
fn changed(document: &Value) -> Vec<Value> {
    let mut changed = Vec::new();
    match document {
        Value::Object(entries) => {
            for (key, value) in entries {
                let with = |value: Option<Value>| {
                    let mut entries = entries.clone();
                    match value {
                        Some(value) => entries.insert(key.clone(), value),
                        None => entries.remove(key),
                    };
                    Value::Object(entries)
                };
                changed.push(with(None));
                changed.extend(["x y", ""].map(|text| with(Some(json!(text)))));
                changed.extend([json!(7), json!(["x"])].map(|value| with(Some(value))));
                let inner = self::changed(value).into_iter();
                changed.extend(inner.map(|value| with(Some(value))));
            }
        }
        Value::Array(values) => {
            if let [Value::Object(_)] = values.as_slice() {
                let inner = self::changed(&values[0]).into_iter();
                changed.extend(inner.map(|value| json!([value])));
            }
        }
        _ => {}
    }
    changed
}

/// An editor may miss what only the host knows, and marks nothing that the host takes.
#[test]
fn a_schema_refuses_nothing_that_its_parser_takes() {
    for (kind, page, info) in EXAMPLES {
        let example = kind.document(&block(page, info));
        let documents = changed(&example);
        let problems = problems(&kind.schema(), &documents);
        let mut agreed = 0;
        for (document, problem) in documents.iter().zip(&problems) {
            if problem.is_empty() {
                continue;
            }
            // The variable of a shared cache goes before the file.
            let scratch = match kind {
                Kind::Config => Scratch::with_own_cache(),
                _ => Scratch::new(),
            };
            let ran = kind.read(&scratch, &kind.write(document));
            assert_eq!(ran.code, Some(2), "{problem}: {}", kind.write(document));
            agreed += 1;
        }
        assert!(agreed > 50, "{kind:?}: {agreed} of {}", documents.len());
    }
}
