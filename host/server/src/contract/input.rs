//! The input of a tool, from that of an envelope.

use cofferdam_capability::json;
use cofferdam_tool::Tool;

/// Returns the JSON that a tool is called with. No input is an empty object. A command takes an
/// object by its schema (`args`, `stdin`), and any other text as its standard input; a module takes
/// the text as it is.
pub(super) fn of(encoded: String, tool: &Tool) -> String {
    if encoded.is_empty() {
        return "{}".to_owned();
    }
    let is_object = encoded.starts_with('{') && json::weight(encoded.as_bytes()).is_ok();
    if tool.is_command() && !is_object {
        return serde_json::json!({ "stdin": encoded }).to_string();
    }
    if tool.is_module() {
        return serde_json::json!({ "input": encoded }).to_string();
    }
    encoded
}
