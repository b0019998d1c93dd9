//! Requests whose parameters are not those of their method.
//!
//! The library sorts them among the methods that it does not know.

use rmcp::model::{ErrorCode, ErrorData};
use serde_json::Value;

use super::message::ODD_PARAMS;
use super::tool_list::ToolList;

/// Methods that this server knows, with what their parameters are.
const METHODS: [(&str, &str); 6] = [
    ("tools/call", CALL),
    (
        "initialize",
        "an object with `protocolVersion`, `capabilities` and `clientInfo`",
    ),
    ("ping", "left out, or an object"),
    ("server/discover", "an object with `_meta`"),
    ("tools/list", "left out, or an object with a text `cursor`"),
    (
        "subscriptions/listen",
        "an object with `notifications`, such as {\"toolsListChanged\": true}",
    ),
];

const CALL: &str = "an object with `name`, a text, and `arguments`, an object";

/// The most bytes of a value that a sentence shows.
const MAX_SHOWN: usize = 80;

/// The most bytes of a schema that a sentence shows.
const MAX_SCHEMA: usize = 4 << 10;

/// Returns the sentence for a request whose method this server knows and whose parameters are
/// others than it takes.
pub(super) fn sentence(method: &str, params: Option<&Value>, tools: &ToolList) -> Option<String> {
    if method == ODD_PARAMS {
        let said = |key: &str| params?.get(key)?.as_str();
        let method = said("method")?;
        let found = said("found")?;
        return Some(format!(
            "`params` of `{method}` is {found}: expected {}",
            right(method)?
        ));
    }
    if method == "tools/call" {
        return Some(call(params, tools));
    }
    let found = params.map_or_else(|| "left out".to_owned(), shown);
    Some(format!(
        "`params` of `{method}` is {found}: expected {}",
        right(method)?
    ))
}

/// The error for a request of a method that this server does not have.
pub(super) fn no_method(method: &str) -> ErrorData {
    let end = method.floor_char_boundary(MAX_SHOWN);
    let shown = method.get(..end).unwrap_or_default();
    let sentence = format!(
        "there is no method `{shown}` here: this server offers tools alone, by `tools/list` and \
         `tools/call`"
    );
    ErrorData::new(ErrorCode::METHOD_NOT_FOUND, sentence, None)
}

/// The parameters of a method, in words.
fn right(method: &str) -> Option<&'static str> {
    let (_, right) = METHODS.into_iter().find(|(known, _)| *known == method)?;
    Some(right)
}

fn call(params: Option<&Value>, tools: &ToolList) -> String {
    let Some(Value::Object(map)) = params else {
        let found = params.map_or_else(|| "left out".to_owned(), shown);
        return format!("`params` of `tools/call` is {found}: expected {CALL}");
    };
    let name = match map.get("name") {
        Some(Value::String(name)) => name,
        found => {
            let found = found.map_or_else(|| "left out".to_owned(), shown);
            return format!(
                "`name` of `tools/call` is {found}: expected the name of a tool; the tools are: {}",
                tools.names()
            );
        }
    };
    let arguments = map.get("arguments");
    if let Some(arguments) = arguments.filter(|arguments| !arguments.is_object()) {
        let schema = tools.get(name).map(|entry| {
            let schema = Value::Object(entry.tool.input_schema.as_ref().clone());
            format!("; the schema of `{name}` is {}", cut(&schema, MAX_SCHEMA))
        });
        return format!(
            "`arguments` of `tools/call` is {}: expected an object, such as {{}} for none{}",
            shown(arguments),
            schema.unwrap_or_default()
        );
    }
    format!("`params` of `tools/call` is not what it takes: expected {CALL}")
}

fn shown(value: &Value) -> String {
    cut(value, MAX_SHOWN)
}

/// A value as JSON, cut where it is long.
fn cut(value: &Value, most: usize) -> String {
    let mut text = value.to_string();
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    text
}
