//! Inputs checked against the tools that they are for.

use cofferdam_call::{Input, Outcome};
use cofferdam_capability::json::JsonError;
use cofferdam_capability::{Account, json};
use cofferdam_sandbox::{Allowance, Invocation};
use serde_json::Value;

use crate::module_contract;
use crate::schema::Unfit;
use crate::tool::{Entry, Tool};

/// The most bytes of a schema that a refusal shows. A model needs it to write a better call, and
/// reads all of what is usual.
const MAX_SHOWN_SCHEMA: usize = 8 << 10;

/// Checks the input against the tool and says what is to be done, within the allowance of the call:
/// what is parsed on the way is charged to its account.
///
/// # Errors
///
/// With the outcome of a call that cannot happen: it is denied, with a reason for the caller, or
/// has ended.
pub(crate) fn checked(
    input: Input,
    tool: &Tool,
    allowance: &Allowance,
) -> Result<Invocation, Outcome> {
    match (input, tool.entry()) {
        (Input::Command { args, stdin }, Entry::Command) => Ok(Invocation::Command { args, stdin }),
        (Input::Command { .. }, Entry::Typed { .. } | Entry::Module) => Err(denied(format!(
            "`{}` takes JSON, not arguments: its schema is {}",
            tool.name(),
            schema(tool)
        ))),
        (Input::Json(text), entry) => {
            let refused = |problem: JsonError| {
                denied(format!(
                    "the input of `{}` cannot be taken: {problem}",
                    tool.name()
                ))
            };
            let mut held =
                json::parse(&text, "the parsed input", allowance.account()).map_err(refused)?;
            drop(text);
            unquote_list(&mut held.value, allowance.account()).map_err(refused)?;
            tool.check(&mut held.value, allowance)
                .map_err(|unfit| match unfit {
                    Unfit::Wrong(problem) => denied(format!(
                        "the input of `{}` does not fit its schema, {problem}; the schema is {}",
                        tool.name(),
                        schema(tool)
                    )),
                    Unfit::Ended(outcome) => outcome,
                })?;
            match entry {
                Entry::Command => Ok(command(held.value)),
                Entry::Module => Ok(module(&held.value, tool)),
                // Written anew, so that the guest reads what was checked, also where a key was
                // there twice.
                Entry::Typed { tool } => Ok(Invocation::Typed {
                    tool: tool.clone(),
                    input: held.value.to_string(),
                }),
            }
        }
    }
}

fn denied(reason: String) -> Outcome {
    Outcome::Denied { reason }
}

/// The schema of a tool for a sentence, cut where it is long.
fn schema(tool: &Tool) -> String {
    let mut schema = tool.schema().to_string();
    if schema.len() > MAX_SHOWN_SCHEMA {
        schema.truncate(schema.floor_char_boundary(MAX_SHOWN_SCHEMA));
        schema.push('…');
    }
    schema
}

/// Models at times write the list of arguments as a text that holds a list: `{"args": "[\"-l\"]"}`.
/// It can mean only one thing.
fn unquote_list(value: &mut Value, account: &Account) -> Result<(), JsonError> {
    let Some(args) = value.get_mut("args") else {
        return Ok(());
    };
    let Some(text) = args
        .as_str()
        .filter(|text| text.trim_start().starts_with('['))
    else {
        return Ok(());
    };
    if json::weight(text.as_bytes()).is_err() {
        return Ok(());
    }
    let list = json::parse(text, "the parsed arguments", account)?.value;
    if list
        .as_array()
        .is_some_and(|list| list.iter().all(Value::is_string))
    {
        *args = list;
    }
    Ok(())
}

/// The request of the module contract on standard input.
fn module(value: &Value, tool: &Tool) -> Invocation {
    let input = value
        .get("input")
        .and_then(Value::as_str)
        .unwrap_or_default();
    Invocation::Command {
        args: Vec::new(),
        stdin: module_contract::request(input, tool.grant())
            .into_bytes()
            .into(),
    }
}

fn command(mut value: Value) -> Invocation {
    let text = |value: Value| {
        if let Value::String(text) = value {
            Some(text)
        } else {
            None
        }
    };
    let args = value.get_mut("args").map(Value::take);
    let args = match args {
        Some(Value::Array(args)) => args.into_iter().filter_map(text).collect(),
        _ => Vec::new(),
    };
    let stdin = value
        .get_mut("stdin")
        .map(Value::take)
        .and_then(text)
        .unwrap_or_default()
        .into_bytes()
        .into();
    Invocation::Command { args, stdin }
}
