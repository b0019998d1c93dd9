//! What a caller hands to a tool, before anything is checked.

use cofferdam_sandbox::Invocation;
use serde_json::Value;

use crate::tool::{Entry, Tool};

/// The input of one call.
#[derive(Debug, Clone)]
pub enum Input {
    /// JSON that must fit the tool's schema: what a model writes.
    Json(Value),
    /// Arguments and standard input of a command: what a person types. Standard input may be any bytes.
    Command {
        /// The arguments, without the program's name.
        args: Vec<String>,
        /// Standard input.
        stdin: Vec<u8>,
    },
}

impl Input {
    /// Checks the input against the tool and says what is to be done. The error is for the caller.
    pub(crate) fn checked(self, tool: &Tool) -> Result<Invocation, String> {
        match (self, tool.entry()) {
            (Self::Command { args, stdin }, Entry::Command) => Ok(Invocation::Command { args, stdin }),
            (Self::Command { .. }, Entry::Typed { .. }) => {
                Err(format!("`{}` takes JSON, not arguments: its schema is {}", tool.name(), tool.schema()))
            }
            (Self::Json(value), entry) => {
                let value = with_lists_unquoted(value);
                tool.check(&value).map_err(|problem| {
                    format!(
                        "the input of `{}` does not fit its schema, {problem}; the schema is {}",
                        tool.name(),
                        tool.schema()
                    )
                })?;
                match entry {
                    Entry::Command => Ok(command(&value)),
                    Entry::Typed { tool } => Ok(Invocation::Typed { tool: tool.clone(), input: value.to_string() }),
                }
            }
        }
    }
}

/// Models at times write the list of arguments as a text that holds a list: `{"args": "[\"-l\"]"}`. It can mean only one
/// thing.
fn with_lists_unquoted(mut value: Value) -> Value {
    if let Some(args) = value.get_mut("args")
        && let Some(list) = args.as_str().and_then(|text| serde_json::from_str::<Vec<String>>(text).ok())
    {
        *args = Value::from(list);
    }
    value
}

fn command(value: &Value) -> Invocation {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let args = value.get("args").and_then(Value::as_array);
    let args = args.map(|args| args.iter().filter_map(text).collect()).unwrap_or_default();
    let stdin = value.get("stdin").and_then(text).unwrap_or_default().into_bytes();
    Invocation::Command { args, stdin }
}
