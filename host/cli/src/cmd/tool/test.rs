//! `cofferdam tool test`: runs a tool's own cases and the standard hostile inputs.

pub(super) mod report;

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use clap::Args;
use cofferdam_tool::Runner;
use cofferdam_workbench::CallerError;
use cofferdam_workbench::build::{self, Built, Sources};
use cofferdam_workbench::test::{self, Cases, StandIns, Step, Subject, Tested};

use super::build::{environment, tell};
use crate::config::Config;
use crate::console;
use crate::error::Failure;
use crate::guard;
use crate::host::{self, Recorded, RunnerOptions};
use crate::paths::DataDir;

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Directories with a Cargo.toml, a capabilities.toml and cases/*.json, or one component that
    /// was built otherwise with cases/ beside it
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The capabilities.toml of a component that was built otherwise
    #[arg(long, value_name = "FILE")]
    capabilities: Option<PathBuf>,

    /// Print the smallest capabilities.toml with which the cases pass, instead of testing
    #[arg(long, conflicts_with = "format")]
    learn: bool,

    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: TestFormat,
}

/// The forms in which `tool test` prints its result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum TestFormat {
    /// Tables and differences for people.
    #[default]
    Table,
    /// JSON for machines.
    Json,
    /// A table of the tools with rounded figures, for a README.
    Markdown,
}

pub(super) async fn run(test: Test, config: &Config, data: &DataDir) -> Result<(), Failure> {
    let Test {
        paths,
        capabilities,
        learn,
        format,
    } = test;
    // A mistake in a case costs seconds, not a build.
    let cases = paths
        .iter()
        .map(|path| Cases::read(path))
        .collect::<Result<Vec<_>, _>>()?;
    let sources = Sources {
        paths,
        capabilities,
        wit: None,
    };
    let built = if learn {
        // The rows are what is looked for.
        let built = build::components(&sources, &environment(), &console::progress)?;
        built.iter().for_each(|built| tell(built, &config.ceiling));
        built
    } else {
        built(&sources, config, data).await?
    };
    if learn {
        let sandbox = |stand_ins| sandbox(stand_ins, config, data);
        let mut useless = Vec::new();
        for ((path, cases), built) in sources.paths.iter().zip(cases).zip(&built) {
            let origin = path.display().to_string();
            let subject = Subject::new(&origin, built, &config.ceiling, &sandbox);
            let learned = test::learn(&subject, &cases, &console::progress).await?;
            console::content(learned.to_toml()?.trim_end());
            if learned.passes_none() {
                useless.push(origin);
            }
        }
        if !useless.is_empty() {
            return Err(Failure::work(format!(
                "{}: no case passes with what it asks for",
                useless.join(", ")
            ))
            .hint("`cofferdam tool test` says why they fail"));
        }
        return Ok(());
    }
    let mut all = Vec::new();
    for ((path, cases), built) in sources.paths.iter().zip(&cases).zip(&built) {
        let tested = tested(path, cases, built, config, data).await?;
        if format == TestFormat::Table {
            report::print(&tested);
        }
        all.push(tested);
    }
    match format {
        TestFormat::Table => {}
        TestFormat::Json => console::json(&all)?,
        TestFormat::Markdown => {
            report::MARKDOWN_HEAD.iter().for_each(console::line);
            all.iter()
                .for_each(|tested| console::line(report::markdown(tested)));
        }
    }
    verdict(&all)
}

/// Builds tools whose imports are declared, with their descriptors inside.
pub(super) async fn built(
    sources: &Sources,
    config: &Config,
    data: &DataDir,
) -> Result<Vec<Built>, Failure> {
    let environment = environment();
    let built = build::components(sources, &environment, &console::progress)?;
    for built in &built {
        built.imports()?;
        tell(built, &config.ceiling);
    }
    let runner = || Ok(host::runner(config, data)?);
    Ok(build::described(built, &environment, &runner).await?)
}

/// Runs the cases of a tool that was built from `path`.
pub(super) async fn tested(
    path: &Path,
    cases: &Cases,
    built: &Built,
    config: &Config,
    data: &DataDir,
) -> Result<Tested, Failure> {
    let origin = path.display().to_string();
    let sandbox = |stand_ins| sandbox(stand_ins, config, data);
    let subject = Subject::new(&origin, built, &config.ceiling, &sandbox);
    let bar = OnceCell::new();
    let step = |step: Step<'_>| {
        bar.get_or_init(|| console::Progress::new(step.tool, step.calls))
            .step()
    };
    Ok(test::test(&subject, cases, &step).await?)
}

/// The sandbox of one call.
fn sandbox(stand_ins: StandIns, config: &Config, data: &DataDir) -> Result<Runner, CallerError> {
    let StandIns { hosts, secrets } = stand_ins;
    let options = RunnerOptions {
        stand_ins: Some(hosts),
        secrets: secrets.into(),
        recorded: Recorded::Nowhere,
        ..RunnerOptions::default()
    };
    Ok(host::runner_with(
        config,
        data,
        options,
        guard::always(config, data)?,
    )?)
}

/// The failure of cases that did not pass.
pub(super) fn verdict(all: &[Tested]) -> Result<(), Failure> {
    let (failed, calls) = all.iter().fold((0, 0), |(failed, calls), tested| {
        (failed + tested.failed(), calls + tested.cases.len())
    });
    match failed {
        0 => Ok(()),
        _ => Err(Failure::work(format!("{failed} of {calls} cases failed"))),
    }
}
