//! `cofferdam provider check`.

use std::path::Path;

use clap::Args;
use cofferdam_model::{Answered, Configured, Credentials, Error, configured};
use serde_json::{Value, json};

use crate::console::{self, Format};
use crate::error::Failure;
use crate::providers;

/// `cofferdam provider check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The provider [default: every provider of providers.yaml and of the environment]
    name: Option<String>,

    /// Also look for this model
    #[arg(long, value_name = "NAME", requires = "name")]
    model: Option<String>,

    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The result for one provider.
struct Checked {
    provider: String,
    /// Number of models that it lists, if it was asked for them.
    models: Option<usize>,
    /// The sentence about what is wrong.
    problem: Option<String>,
}

impl Check {
    pub(super) async fn run(self, data: &Path) -> Result<(), Failure> {
        let Self {
            name,
            model,
            format,
        } = self;
        let credentials = providers::checked(data)?;
        let is_named = name.is_some();
        let names = match name {
            Some(name) => vec![name],
            None => configured(&credentials)
                .into_iter()
                .map(|row| row.provider)
                .collect(),
        };
        if names.is_empty() {
            return Err(Failure::usage(format!(
                "there is no provider to check in {} or the environment",
                providers::path(data).display()
            ))
            .hint("add one with `cofferdam provider add NAME`"));
        }
        let mut results = Vec::new();
        for name in &names {
            console::progress(&format!("asking {name}"));
            let answer = cofferdam_model::check(name, model.as_deref(), &credentials).await;
            match answer {
                // Of those that the host knows, each has its row.
                Err(error @ (Error::UnknownProvider { .. } | Error::NotConfigured { .. }))
                    if is_named =>
                {
                    return Err(Failure::usage(error));
                }
                answer => results.push(Checked::of(name, answer, &credentials)),
            }
        }
        print(&results, format)?;
        let wrong: Vec<_> = results
            .iter()
            .filter_map(|result| result.problem.as_ref())
            .collect();
        match wrong.as_slice() {
            [] => Ok(()),
            [problem] => Err(Failure::work(problem.as_str())),
            wrong => Err(Failure::work(format!(
                "{} of {} providers cannot be used as they are configured",
                wrong.len(),
                results.len()
            ))),
        }
    }
}

impl Checked {
    fn of(provider: &str, answer: Result<Answered, Error>, credentials: &Credentials) -> Self {
        let (models, problem) = match answer {
            Ok(Answered { models, absent }) if absent.is_empty() => (Some(models.len()), None),
            Ok(Answered { models, absent }) => {
                let problem = format!(
                    "{provider} answers, and has no model {}: it lists {}",
                    absent.join(", "),
                    some(&models)
                );
                (Some(models.len()), Some(problem))
            }
            Err(error) => {
                let row = configured(credentials);
                let base = row
                    .into_iter()
                    .find(|row| row.provider == provider)
                    .and_then(|row: Configured| row.base);
                // The error is also for clients, and does not say where the provider is.
                let place = base.map_or(String::new(), |base| format!(" (asked at {base})"));
                (None, Some(format!("{error}{place}")))
            }
        };
        Self {
            provider: provider.to_owned(),
            models,
            problem,
        }
    }

    fn json(&self) -> Value {
        let Self {
            provider,
            models,
            problem,
        } = self;
        json!({
            "provider": provider,
            "ok": problem.is_none(),
            "models": models,
            "problem": problem,
        })
    }
}

/// Names of models that a sentence can hold.
fn some(models: &[String]) -> String {
    const SOME: usize = 8;
    match models.len() {
        0 => "none".to_owned(),
        count if count <= SOME => models.join(", "),
        count => {
            let first: Vec<_> = models.iter().take(SOME).map(String::as_str).collect();
            format!("{} and {} more", first.join(", "), count - SOME)
        }
    }
}

fn print(results: &[Checked], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        let rows: Vec<_> = results.iter().map(Checked::json).collect();
        return console::json(&rows);
    }
    let row = |result: &Checked| {
        let says = match (&result.problem, result.models) {
            (Some(problem), _) => problem.clone(),
            (None, Some(0) | None) => "answers".to_owned(),
            (None, Some(count)) => format!("answers, and lists {count} models"),
        };
        let state = result.problem.as_ref().map_or("ok", |_| "failed");
        vec![result.provider.clone(), state.to_owned(), says]
    };
    console::table(
        &["provider", "state", "says"],
        results.iter().map(row).collect(),
    );
    Ok(())
}
