//! Inputs checked against the tools that they are for.

use cofferdam_call::{Input, Outcome};
use cofferdam_capability::json::JsonError;
use cofferdam_capability::{Account, Digest, json};
use cofferdam_sandbox::{Allowance, Invocation};
use serde_json::Value;

use crate::arguments;
use crate::schema::Unfit;
use crate::tool::{Entry, Tool};

/// The most bytes of a schema that a refusal shows. A model needs it to write a better call, and
/// reads all of what is usual.
const MAX_SHOWN_SCHEMA: usize = 8 << 10;

/// An input that was checked.
pub(crate) struct Checked {
    /// The work to do, or the outcome of a call that cannot happen: it is denied, with a reason for
    /// the caller, or has ended.
    pub(crate) invocation: Result<Invocation, Outcome>,
    /// The digest of the arguments, also of those that are refused; none where they are no JSON.
    pub(crate) arguments: Option<Digest>,
}

impl Checked {
    /// A call that ends before its input is read.
    pub(crate) fn unread(outcome: Outcome) -> Self {
        Self {
            invocation: Err(outcome),
            arguments: None,
        }
    }
}

/// Checks the input against the tool and says what is to be done, within the allowance of the call:
/// what is parsed on the way is charged to its account.
pub(crate) fn checked(input: Input, tool: &Tool, allowance: &Allowance) -> Checked {
    let mut arguments = None;
    Checked {
        invocation: invocation(input, tool, allowance, &mut arguments),
        arguments,
    }
}

/// The work that an input asks for. Its digest goes to `arguments`, also if it is refused.
fn invocation(
    input: Input,
    tool: &Tool,
    allowance: &Allowance,
    arguments: &mut Option<Digest>,
) -> Result<Invocation, Outcome> {
    if let Input::Command { args, stdin } = &input {
        *arguments = arguments::digest_of_command(args, stdin);
    }
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
            let length = text.len();
            drop(text);
            unquote_list(&mut held.value, allowance.account()).map_err(refused)?;
            let fits = tool.check(&mut held.value, allowance);
            // The canonical form is made in pieces that together are no longer than the text.
            let canonical = allowance.account().hold("the canonical input", length);
            let canonical = canonical.map_err(|overdrawn| {
                denied(format!(
                    "the input of `{}` cannot be taken: {overdrawn}",
                    tool.name()
                ))
            })?;
            *arguments = arguments::digest(&held.value);
            drop(canonical);
            fits.map_err(|unfit| match unfit {
                Unfit::Wrong(problem) => denied(format!(
                    "the input of `{}` does not fit its schema, {problem}; the schema is {}",
                    tool.name(),
                    schema(tool)
                )),
                Unfit::Ended(outcome) => outcome,
            })?;
            match entry {
                Entry::Command => Ok(command(held.value)),
                Entry::Module => Ok(module(held.value)),
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

/// The text for a module, which gets its request when it runs.
fn module(mut value: Value) -> Invocation {
    let input = value.get_mut("input").map(Value::take);
    Invocation::Command {
        args: Vec::new(),
        stdin: match input {
            Some(Value::String(input)) => input.into_bytes().into(),
            _ => Vec::new().into(),
        },
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
