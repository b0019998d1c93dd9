//! The JSON Schema of `cases/*.json`.
//!
//! It is written here by hand, because the crate that reads cases makes tools and knows no editors;
//! `tests/reference` holds its keys against those of the reader.

use cofferdam_call::OutcomeName;
use cofferdam_capability::{LimitsRequest, schema};
use serde_json::{Value, json};

/// Cases of one tool.
const MAX_CASES: usize = 1_024;

/// The longest name of a case, in bytes.
const MAX_NAME: usize = 200;

/// Returns the schema of a file: one case, or an array of them.
pub(super) fn schema() -> Value {
    let case = case();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cases/*.json",
        "description": "Calls of a tool for `cofferdam tool test`, and how each must end: one \
            case, or an array of them.",
        "anyOf": [case, { "type": "array", "maxItems": MAX_CASES, "items": case }],
    })
}

fn case() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["name"],
        "properties": {
            "name": {
                "description": "The name of the case, unlike any other of the tool. `hostile: ` \
                    and the name of a standard input says what is expected of that one instead.",
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_NAME,
            },
            "tool": {
                "description": "The one of several typed tools that is called.",
                "type": "string",
            },
            "args": {
                "description": "The arguments of a command.",
                "type": "array",
                "items": { "type": "string" },
                "default": [],
            },
            "input": { "description": "The input of a typed tool: any JSON value." },
            "stdin": content("The standard input of a command."),
            "env": {
                "description": "Values of variables that the manifest declares.",
                "type": "object",
                "additionalProperties": { "type": "string" },
            },
            "files": {
                "description": "Files below `/workspace`, by their paths. A path that ends in `/` \
                    is an empty directory, and its value is null.",
                "type": "object",
                "additionalProperties": {
                    "anyOf": [content("The content of the file."), { "type": "null" }],
                },
            },
            "http": http(),
            "secrets": {
                "description": "Names of secrets that the manifest declares; their values are made \
                    up.",
                "type": "array",
                "items": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" },
                "default": [],
            },
            "limits": limits(),
            "expect": expect(),
        },
    })
}

/// The web server that stands in for the network.
fn http() -> Value {
    json!({
        "description": "Answers by URL. Other hosts do not exist, other paths are 404.",
        "type": "object",
        "propertyNames": { "pattern": "^https?://" },
        "additionalProperties": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "status": {
                    "description": "The status of the answer.",
                    "type": "integer",
                    "default": 200,
                    "minimum": 200,
                    "maximum": 599,
                },
                "headers": {
                    "description": "The headers of the answer, by name.",
                    "type": "object",
                    "additionalProperties": { "type": "string" },
                },
                "body": content("The body of the answer."),
            },
        },
    })
}

/// The limits of the call; those that are left out are the manifest's.
fn limits() -> Value {
    let mut limits = schema::of::<LimitsRequest>();
    if let Value::Object(keywords) = &mut limits {
        keywords.remove("$schema");
        keywords.remove("title");
        keywords.insert(
            "description".to_owned(),
            json!("Limits of the call instead of the manifest's."),
        );
    }
    crate::config::without_defaults(Some(&mut limits));
    limits
}

fn expect() -> Value {
    let outcomes = OutcomeName::ALL.map(OutcomeName::as_str);
    json!({
        "description": "The result that the call must have. What is left out is not looked at.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "outcome": {
                "description": "The name of the outcome: `ok` when left out, or what `exit` means.",
                "enum": outcomes,
                "default": "ok",
            },
            "exit": {
                "description": "The exit code of a command.",
                "type": "integer",
                "minimum": 0,
                "maximum": 255,
            },
            "stdout": expected("Standard output of a command, or the result of a typed tool."),
            "stderr": expected("Standard error of a command."),
            "files": {
                "description": "Files below `/workspace` after the call, by their paths. Null is a \
                    file that must not be there.",
                "type": "object",
                "additionalProperties": {
                    "anyOf": [expected("The content of the file."), { "type": "null" }],
                },
            },
            "requests": {
                "description": "Every request that the tool sends, in their order.",
                "type": "array",
                "items": request(),
            },
        },
    })
}

/// One request that the tool sends. What is left out is not looked at.
fn request() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "method": { "description": "Its method, such as `GET`.", "type": "string" },
            "url": {
                "description": "Its URL.",
                "type": "string",
                "pattern": "^https?://",
            },
            "headers": {
                "description": "Its headers, by name. Null is a header that must not be there.",
                "type": "object",
                "additionalProperties": {
                    "anyOf": [expected("The value of the header."), { "type": "null" }],
                },
            },
            "body": expected("Its body."),
        },
    })
}

/// Bytes: a text, or base64 where they are none.
fn content(description: &str) -> Value {
    json!({
        "description": description,
        "anyOf": [{ "type": "string" }, form("base64", &json!({ "type": "string" }))],
    })
}

/// Bytes that are expected: exactly, by a pattern, or as JSON with at least this.
fn expected(description: &str) -> Value {
    let text = json!({ "type": "string" });
    json!({
        "description": description,
        "anyOf": [text, form("base64", &text), form("pattern", &text), form("json", &json!(true))],
    })
}

/// An object with this key alone.
fn form(key: &str, value: &Value) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": [key],
        "properties": { key: value },
    })
}
