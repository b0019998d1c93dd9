//! `cofferdam provider`: the model providers of this host, and their keys.

mod add;
mod check;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use cofferdam_model::{Configured, KeyState, configured};
use serde_json::json;

use self::add::Add;
use self::check::Check;
use crate::args::Listing;
use crate::console::{self, Cell, Format};
use crate::error::Failure;
use crate::paths::DataDir;
use crate::providers;

/// `cofferdam provider`.
#[derive(Debug, Subcommand)]
pub(crate) enum Provider {
    /// List the providers of providers.yaml and of the environment.
    Ls(Listing),
    /// Add a provider to providers.yaml; its key comes from standard input or from a variable.
    Add(Add),
    /// Remove a provider from providers.yaml.
    Rm(Rm),
    /// Ask a provider if it can be used: its key, its address, its models.
    Check(Check),
}

/// `cofferdam provider rm`.
#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// The provider, as it is named in the file
    name: String,
}

pub(crate) async fn run(command: Provider, data: PathBuf) -> Result<(), Failure> {
    match command {
        Provider::Ls(Listing { format }) => list(format, &data),
        Provider::Add(add) => add.run(data),
        Provider::Rm(Rm { name }) => {
            let data = DataDir::open(data)?;
            providers::change(&data, |text, path| {
                cofferdam_model::without(text, path, &name)
            })?;
            console::note(&format!(
                "removed {name} from {}; a running host reads it within a second",
                providers::path(data.path()).display()
            ));
            Ok(())
        }
        Provider::Check(check) => check.run(&data).await,
    }
}

fn list(format: Format, data: &Path) -> Result<(), Failure> {
    let rows = configured(&providers::checked(data)?);
    if format == Format::Json {
        let rows: Vec<_> = rows.iter().map(row_as_json).collect();
        return console::json(&rows);
    }
    let problems: Vec<_> = rows.iter().filter_map(|row| row.problem.clone()).collect();
    let row = |row: Configured| {
        let Configured {
            provider,
            base,
            key,
            origin,
            models,
            problem: _,
        } = row;
        let models = match models.as_slice() {
            [] => "all".to_owned(),
            models => models.join(", "),
        };
        let address = base.unwrap_or_default();
        [provider, state(key).to_owned(), address, models, origin]
            .map(Cell::from)
            .into()
    };
    let rows: Vec<Vec<Cell>> = rows.into_iter().map(row).collect();
    console::table(&["provider", "key", "address", "models", "from"], rows);
    for problem in problems {
        console::note(&format!("note: {problem}"));
    }
    Ok(())
}

fn row_as_json(row: &Configured) -> serde_json::Value {
    let Configured {
        provider,
        base,
        key,
        origin,
        models,
        problem,
    } = row;
    json!({
        "provider": provider,
        "key": state(*key),
        "address": base,
        "models": models,
        "from": origin,
        "problem": problem,
    })
}

fn state(key: KeyState) -> &'static str {
    match key {
        KeyState::Set => "set",
        KeyState::Missing => "missing",
        KeyState::Unneeded => "not needed",
    }
}
