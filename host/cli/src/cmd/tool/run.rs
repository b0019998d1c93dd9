//! `cofferdam tool run`: one call in the sandbox of this process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::RangedI64ValueParser;
use cofferdam_call::{Input, Outcome, Progress};
use cofferdam_capability::{Decision, Guarded};
use cofferdam_tool::{
    AttemptWishes, MAX_PROGRESS, Origin, Reached, Request, Runner, Tool, Toolbox,
};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::args::Registries;
use crate::config::Config;
use crate::console::{self, Format};
use crate::descriptors;
use crate::error::{EXIT_CODES, Failure};
use crate::guard;
use crate::host::{self, Recorded};
use crate::offers::{self, Offers};
use crate::paths::DataDir;
use crate::signals;
use crate::stdin;

use super::receipt;
use super::source::{Source, name_of};

/// The longest wait for what calls left in their `/tmp`. A full one of the largest size takes a few
/// seconds.
const CLEAN_UP: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Run {
    /// A component's file, or an image: its name on this machine, a registry's (pulled if it is not
    /// here), its digest
    #[arg(value_name = "REF|PATH")]
    tool: String,

    #[command(flatten)]
    reach: Registries,

    /// What it gets: arguments of a command; for typed tools the JSON input, after the tool's name
    /// if there are several
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,

    #[command(flatten)]
    offers: Offers,

    /// A capabilities.toml to use instead of the manifest in the component
    #[arg(long, value_name = "FILE")]
    capabilities: Option<PathBuf>,

    /// Print what the call used, on standard error
    #[arg(long)]
    receipt: bool,

    /// Call it so many times, each in a fresh sandbox
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = up_to(100_000))]
    repeat: u32,

    /// So many of these calls at once, as far as calls-per-agent in cofferdam.toml lets them; the
    /// others wait
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = up_to(10_000))]
    concurrent: u32,

    /// Write no line about it into the audit trail: to measure a tool, or to try one while the
    /// trail cannot be written
    #[arg(long)]
    unrecorded: bool,

    /// The format: json gives one object for each call, with the receipt and what the tool
    /// printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn up_to(most: i64) -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=most)
}

pub(super) async fn run(run: Run, config: &Config, data: &DataDir) -> Result<(), Failure> {
    let started = Instant::now();
    // One call at a time needs far less than all of it.
    descriptors::raise();
    let (mut options, decision) = offers::read(&run.offers)?;
    options.at_once = Some(run.concurrent);
    if run.unrecorded {
        options.recorded = Recorded::Nowhere;
    }
    let runner = Arc::new(host::runner_with(
        config,
        data,
        options,
        guarded(&run, config, data)?,
    )?);
    let toolbox = Arc::new(load(&runner, &run, decision, config, data).await?);
    let loading = started.elapsed();
    let (tool, input) = choose(&toolbox, &run.args)?;
    let cancel = CancellationToken::new();
    cancel_on_interrupt(&cancel)?;
    if run.receipt && run.format == Format::Table {
        console::note(&format!("loaded in {loading:.1?}"));
    }
    let mut started = 0;
    let mut calls = JoinSet::new();
    let mut first_failure = Ok(());
    loop {
        while started < run.repeat
            && calls.len() < run.concurrent as usize
            && !cancel.is_cancelled()
        {
            let (sender, progress) = mpsc::channel(MAX_PROGRESS);
            let request = Request {
                toolbox: Arc::clone(&toolbox),
                tool: tool.name().to_owned(),
                input: input.clone(),
                attempts: AttemptWishes::default(),
                origin: Origin::default(),
                approval: None,
                progress: Some(sender),
                cancel: cancel.clone(),
            };
            let runner = runner.clone();
            let format = run.format;
            calls
                .spawn(async move { tokio::join!(runner.call(request), show(progress, format)).0 });
            started += 1;
        }
        let Some(report) = calls.join_next().await else {
            break;
        };
        let report = report.map_err(Failure::work)?.map_err(Failure::usage)?;
        first_failure = first_failure.and(print(&report, &tool, &run));
    }
    host::finish_record(&runner).await;
    if tokio::time::timeout(CLEAN_UP, runner.emptied())
        .await
        .is_err()
    {
        console::note(
            "note: the /tmp of a call is not removed yet: the next command or host on this data \
             directory does it",
        );
    }
    first_failure
}

/// The files that decide what a run gets. The component itself is not among them: it is
/// loaded before it runs, its operator names it anew each time, and authors offer the project that
/// it lies in.
fn guarded(run: &Run, config: &Config, data: &DataDir) -> Result<Guarded, Failure> {
    let mut guarded = guard::always(config, data)?;
    guard::secrets(&mut guarded, &run.offers.secret)?;
    if let Some(path) = &run.capabilities {
        guard::add(&mut guarded, path, "a manifest")?;
    }
    Ok(guarded)
}

/// Shows how far a call has come, until it ends.
async fn show(mut progress: mpsc::Receiver<Progress>, format: Format) {
    while let Some(Progress {
        done,
        total,
        message,
    }) = progress.recv().await
    {
        if format == Format::Table {
            let total = total
                .map(|total| format!(" of {total}"))
                .unwrap_or_default();
            console::note(format!("progress: {done}{total} {message}").trim_end());
        }
    }
}

/// Loads the component and grants it what the command line offers.
async fn load(
    runner: &Runner,
    run: &Run,
    decision: Decision,
    config: &Config,
    data: &DataDir,
) -> Result<Toolbox, Failure> {
    let supplied = run
        .capabilities
        .as_deref()
        .map(cofferdam_workbench::manifest)
        .transpose()?;
    let source = Source::load(&run.tool, run.reach.plain_http, config, data).await?;
    let installed = source.install(runner, supplied).await?;
    let name = name_of(&installed, &source);
    let mut toolbox = runner.toolbox();
    let tools = runner
        .offer(&installed, name, "", decision, &toolbox)
        .await
        .map_err(Failure::usage)?;
    if let Some(tool) = tools.first() {
        offers::tell(name, tool.grant());
    }
    for tool in tools {
        toolbox.add(tool).map_err(Failure::usage)?;
    }
    Ok(toolbox)
}

/// The tool that is meant and what it gets.
fn choose(toolbox: &Toolbox, args: &[String]) -> Result<(Arc<Tool>, Input), Failure> {
    let mut tools = toolbox.iter();
    if let (Some(tool), None) = (tools.next(), tools.next()) {
        return only(Arc::clone(tool), args);
    }
    let [name, input] = args else {
        let names = toolbox.names();
        return Err(Failure::usage(format!(
            "which tool? Write its name and its JSON input; there are: {names}"
        )));
    };
    let tool = toolbox.get(name).map_err(Failure::usage)?;
    Ok((Arc::clone(tool), json_input(input)?))
}

/// The one tool of a component, and its input.
fn only(tool: Arc<Tool>, args: &[String]) -> Result<(Arc<Tool>, Input), Failure> {
    if tool.is_command() {
        let stdin = stdin::of_process(tool.grant().limits().stdin);
        return Ok((
            tool,
            Input::Command {
                args: args.to_vec(),
                stdin,
            },
        ));
    }
    let [input] = args else {
        let name = tool.name();
        let schema = tool.schema();
        return Err(Failure::usage(format!(
            "`{name}` takes one JSON value: its schema is {schema}"
        )));
    };
    Ok((tool, json_input(input)?))
}

fn json_input(text: &str) -> Result<Input, Failure> {
    cofferdam_capability::json::weight(text.as_bytes())
        .map_err(|problem| Failure::usage(format!("the input: {problem}")))?;
    Ok(Input::Json(text.to_owned()))
}

/// Ctrl-C stops the guest, and there is still a receipt.
fn cancel_on_interrupt(cancel: &CancellationToken) -> Result<(), Failure> {
    let mut interrupt = signals::interrupt()?;
    let cancel = cancel.clone();
    tokio::spawn(async move {
        interrupt.recv().await;
        cancel.cancel();
    });
    Ok(())
}

fn print(report: &cofferdam_call::Report, tool: &Tool, run: &Run) -> Result<(), Failure> {
    let outcome = &report.receipt.outcome;
    if run.format == Format::Json {
        let mut object = serde_json::to_value(&report.receipt).map_err(Failure::work)?;
        if let Some(object) = object.as_object_mut() {
            object.insert("stdout".to_owned(), json!(report.stdout.text()));
            object.insert("stderr".to_owned(), json!(report.stderr.text()));
        }
        console::json(&object)?;
    } else {
        console::guest(report.stdout.bytes());
        console::guest_error(report.stderr.bytes());
        let markers = [report.stdout.marker(), report.stderr.marker()];
        let unlisted = report.receipt.unlisted_marker();
        for marker in markers.into_iter().flatten().chain(unlisted) {
            console::note(&marker);
        }
        if run.receipt {
            let lines = receipt::lines(&report.receipt);
            lines.iter().for_each(|line| console::note(line));
        }
    }
    let sentence = match outcome {
        // A command has said itself what it failed at, and 1 is this process's own exit code.
        Outcome::GuestError { code: 1, .. } if tool.is_command() => String::new(),
        Outcome::GuestError { code, .. } if tool.is_command() => {
            format!("{}: exit code {code}", tool.name())
        }
        _ => format!("{}: {outcome}{}", tool.name(), limit(report, tool)),
    };
    match () {
        () if outcome.is_ok() => Ok(()),
        () if outcome.is_limit() => Err(Failure::denied(sentence)),
        // Nothing else cancels a call here.
        () if matches!(outcome, Outcome::Cancelled) => Err(Failure::interrupted(sentence)),
        () => Err(Failure::work(sentence)),
    }
}

/// The limit that ended a call: its value, and the flag that gives more of it.
fn limit(report: &cofferdam_call::Report, tool: &Tool) -> String {
    let Some(Reached { name, value }) = Reached::of(&report.receipt, tool.grant().limits()) else {
        return match report.receipt.outcome {
            Outcome::StackOverflow => {
                ": its calls went deeper than its stack, which no limit changes".to_owned()
            }
            _ => String::new(),
        };
    };
    let flag = match name {
        "fuel" => "--fuel N".to_owned(),
        "memory" => "--memory SIZE".to_owned(),
        "wall" => "--wall DURATION".to_owned(),
        name => format!("--limit {name}=VALUE"),
    };
    format!(": its limit of {value} ({name}) is used up; {flag} gives it more")
}
