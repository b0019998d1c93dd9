//! `cofferdam tool test`: runs a tool's own cases and the standard hostile inputs.

mod report;

use std::cell::OnceCell;
use std::path::PathBuf;

use clap::Args;
use cofferdam_workbench::CallerError;
use cofferdam_workbench::build::{self, Sources};
use cofferdam_workbench::test::{self, Cases, StandIns, Step, Subject};

use super::build::environment;
use crate::config::Config;
use crate::console;
use crate::error::Failure;
use crate::guard;
use crate::host::{self, RunnerOptions};
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

    /// How to print
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
    let mut built = build::components(&sources, &environment(), &console::progress)?;
    // Unless the rows are what is looked for.
    if !learn {
        built
            .iter()
            .try_for_each(|built| built.imports().map(drop))?;
        built = build::described(built, &|| Ok(host::runner(config, data)?)).await?;
    }
    let sandbox = |stand_ins: StandIns| -> Result<_, CallerError> {
        let StandIns { hosts, secrets } = stand_ins;
        let options = RunnerOptions {
            stand_ins: Some(hosts),
            secrets,
            ..RunnerOptions::default()
        };
        Ok(host::runner_with(
            config,
            data,
            options,
            guard::always(config, data)?,
        )?)
    };
    let mut all = Vec::new();
    for ((path, cases), built) in sources.paths.iter().zip(cases).zip(&built) {
        let origin = path.display().to_string();
        let subject = Subject::new(&origin, built, &config.ceiling, &sandbox);
        if learn {
            let learned = test::learn(&subject, &cases, &console::progress).await?;
            console::content(learned.to_toml()?.trim_end());
            continue;
        }
        let bar = OnceCell::new();
        let step = |step: Step<'_>| {
            bar.get_or_init(|| console::Progress::new(step.tool, step.calls))
                .step()
        };
        let tested = test::test(&subject, &cases, &step).await?;
        drop(bar);
        if format == TestFormat::Table {
            report::print(&tested);
        }
        all.push(tested);
    }
    match format {
        TestFormat::Table => {}
        TestFormat::Json => console::json(&all)?,
        TestFormat::Markdown if !learn => {
            report::MARKDOWN_HEAD.iter().for_each(console::line);
            all.iter()
                .for_each(|tested| console::line(report::markdown(tested)));
        }
        TestFormat::Markdown => {}
    }
    let (failed, calls) = all.iter().fold((0, 0), |(failed, calls), tested| {
        (failed + tested.failed(), calls + tested.cases.len())
    });
    match failed {
        0 => Ok(()),
        _ => Err(Failure::work(format!("{failed} of {calls} cases failed"))),
    }
}
