//! The answers of these tools.

use cofferdam_image::agentfile::{Context, Env};
use cofferdam_store::Note;
use cofferdam_tool::HostToolError;
use serde_json::{Value, json};

use super::kind::Kind;
use super::source::Source;
use crate::notes::{NoteError, SavedNote, preview};

/// Answers a call. The input fits the schema of the tool.
pub(super) async fn answer(
    kind: Kind,
    source: &Source,
    input: Value,
) -> Result<String, HostToolError> {
    let Source {
        contexts,
        variables,
        mounts,
        notes,
    } = source;
    let text = |key: &str| input.get(key).and_then(Value::as_str).unwrap_or_default();
    let answer = match kind {
        Kind::ContextList => {
            let row = |context: &Context| {
                let Context {
                    name, description, ..
                } = context;
                json!({ "name": name, "description": description })
            };
            contexts.iter().map(row).collect()
        }
        Kind::ContextShow => {
            let name = text("name");
            let mut all = contexts.iter();
            let found = all.find(|context| context.name.eq_ignore_ascii_case(name));
            let Some(context) = found else {
                let names: Vec<_> = contexts.iter().map(|context| &*context.name).collect();
                return Err(HostToolError::Refused(format!(
                    "there is no document of this name; there is {}",
                    if names.is_empty() {
                        "none".to_owned()
                    } else {
                        names.join(", ")
                    }
                )));
            };
            return Ok(context.content.clone());
        }
        Kind::EnvList => {
            let row = |variable: &Env| {
                let Env {
                    key, description, ..
                } = variable;
                json!({ "key": key, "description": description })
            };
            variables.iter().map(row).collect()
        }
        Kind::MountList => json!(mounts),
        Kind::NoteList => notes
            .list(false)
            .await
            .map_err(refused)?
            .iter()
            .map(row)
            .collect(),
        Kind::NoteShow => return Ok(notes.get(text("key")).await.map_err(refused)?.content),
        Kind::NoteSave => {
            let pin = input.get("pin").and_then(Value::as_bool);
            let saved = notes.save(text("key"), text("content"), pin, None).await;
            let SavedNote { note, overwrote } = saved.map_err(refused)?;
            json!({ "key": note.key, "pinned": note.in_context, "overwrote": overwrote })
        }
        Kind::NotePin | Kind::NoteUnpin => {
            let pinned = kind == Kind::NotePin;
            row(&notes.pin(text("key"), pinned).await.map_err(refused)?)
        }
        Kind::NoteDelete => {
            json!({ "deleted": notes.delete(text("key")).await.map_err(refused)? })
        }
    };
    Ok(answer.to_string())
}

/// A note in a list.
fn row(note: &Note) -> Value {
    json!({
        "key": note.key,
        "preview": preview(&note.content),
        "pinned": note.in_context,
        "updated_at": note.updated_at,
    })
}

fn refused(error: NoteError) -> HostToolError {
    match error {
        NoteError::Store(error) => HostToolError::Failed(error.to_string()),
        error => HostToolError::Refused(error.to_string()),
    }
}
