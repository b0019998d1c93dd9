//! `cofferdam models`: the models that agents can name.

use std::path::Path;

use clap::{Args, Subcommand};
use cofferdam_model::{Answered, Configured, configured};
use serde::Serialize;

use crate::console::{self, Format};
use crate::error::Failure;
use crate::providers;

/// `cofferdam models`.
#[derive(Debug, Subcommand)]
pub(crate) enum Models {
    /// List what MODEL in an Agentfile can name.
    Ls(Ls),
}

/// `cofferdam models ls`.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// Ask this provider for all of its models
    provider: Option<String>,

    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A row: a model, or every model of a provider.
#[derive(Serialize)]
struct Row {
    model: String,
    note: String,
}

pub(crate) async fn run(command: Models, data: &Path) -> Result<(), Failure> {
    let Models::Ls(Ls { provider, format }) = command;
    let credentials = providers::checked(data)?;
    let rows = match provider {
        None => known(configured(&credentials)),
        Some(provider) => {
            let allowed = configured(&credentials)
                .into_iter()
                .find(|row| row.provider == provider)
                .map_or_else(Vec::new, |row| row.models);
            let Answered { models, .. } =
                cofferdam_model::check(&provider, None, &credentials).await?;
            let row = |model: &String| {
                let name = model.strip_prefix("models/").unwrap_or(model);
                let is_allowed = allowed.is_empty() || allowed.iter().any(|known| known == name);
                let note = if is_allowed {
                    ""
                } else {
                    "not in `models` of providers.yaml"
                };
                Row {
                    model: format!("{provider}/{name}"),
                    note: note.to_owned(),
                }
            };
            models.iter().map(row).collect()
        }
    };
    if format == Format::Json {
        return console::json(&rows);
    }
    let rows = rows.into_iter().map(|row| vec![row.model, row.note]);
    console::table(&["model", "note"], rows.collect());
    Ok(())
}

/// The host's own models, and those of the providers that are configured.
fn known(providers: Vec<Configured>) -> Vec<Row> {
    let row = |model: &str, note: &str| Row {
        model: model.to_owned(),
        note: note.to_owned(),
    };
    let mut rows = vec![
        row(
            "builtin/commands",
            "makes a tool call of the prompt `run TOOL ARGUMENTS`; no key",
        ),
        row(
            "script/FILE",
            "replays the turns of a file beside the Agentfile; no key",
        ),
    ];
    for Configured {
        provider,
        models,
        problem,
        ..
    } in providers
    {
        let note = problem.unwrap_or_default();
        if models.is_empty() {
            let all = format!("every model: `cofferdam models ls {provider}` asks for them");
            let note = if note.is_empty() { all } else { note };
            rows.push(row(&format!("{provider}/MODEL"), &note));
            continue;
        }
        let models = models.iter().map(|model| format!("{provider}/{model}"));
        rows.extend(models.map(|model| row(&model, &note)));
    }
    rows
}
