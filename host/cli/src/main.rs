//! The `cofferdam` binary: the only crate that reads argv, environment and configuration, and
//! prints.

#![allow(
    clippy::disallowed_methods,
    reason = "this crate is where argv, environment and the operator's paths come in"
)]

mod access;
mod args;
mod attestations;
mod cli;
mod cmd;
mod config;
mod connect;
mod console;
mod deployment_args;
mod descriptors;
mod directory;
mod error;
mod error_stream;
mod fence;
mod guard;
mod host;
mod nearest;
mod offers;
mod past;
mod paths;
mod progress;
mod providers;
mod remedy;
mod secret;
mod service_manager;
mod signals;
mod stdin;
mod telemetry;
mod threads;
mod token;
mod told_access;
mod typed;

use std::process::ExitCode;

use clap::CommandFactory;
use cofferdam_server::Spans;
use mimalloc::MiMalloc;

use crate::cli::{Cli, Command};
use crate::cmd::runtime::Runtime;
use crate::config::Config;
use crate::error::Failure;
use crate::service_manager::Handed;
use crate::telemetry::Export;

/// The system's allocator takes a tenth of a call, and more where calls end on another thread than
/// they began on.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // The engine starts this binary again to compile; nothing else may happen before.
    let compiles = std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == "compile-worker");
    if compiles {
        return threads::with_stack(cmd::compile::run)
            .unwrap_or_else(|failure| cmd::compile::cannot_begin(&failure));
    }
    std::panic::set_hook(Box::new(console::panicked));
    let ended = threads::with_stack(|| {
        let code = match run().and_then(|()| console::finish()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => console::report(&failure),
        };
        error_stream::finish();
        code
    });
    ended.unwrap_or_else(|failure| console::report(&failure))
}

fn run() -> Result<(), Failure> {
    let cli = cli::parse()?;
    threads::suffice(cli.command.runs_tools())?;
    if cli.command.serves_others() {
        error_stream::serve_others(console::lost_lines)
            .map_err(|error| Failure::work(format!("standard error has no thread: {error}")))?;
    }
    let spans = console::log(cli.command.log_level(), cli.command.serves_others())?;
    let handed = match &cli.command {
        Command::Serve(_) => service_manager::handed()?,
        _ => Handed::default(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::work(format!("the async runtime cannot start: {error}")))?;
    let done = runtime.block_on(command(cli, handed, spans));
    // Reads of a file system or a terminal that never return must not keep the process from ending.
    runtime.shutdown_background();
    done
}

async fn command(cli: Cli, handed: Handed, spans: Spans) -> Result<(), Failure> {
    signals::keep_writes_from_ending_the_process()?;
    // A package is built where there is no home.
    match &cli.command {
        Command::Completions(completions) => {
            return cmd::completions::run(completions, Cli::command());
        }
        Command::Man(man) => return cmd::completions::pages(man, Cli::command()),
        _ => {}
    }
    if let Command::Runtime(Runtime::Serve(serve)) = cli.command {
        // Its home is in the agent's tree, and nothing else of the user is there.
        let data = paths::data_dir(cli.data_dir.or_else(|| Some(serve.data())))?;
        let config = Config::load(cli.config.as_deref(), &data)?;
        let collector = config.collector.clone();
        let work = Box::pin(cmd::runtime::run(serve, config, data));
        return Export::at_once(spans).during(collector, work).await;
    }
    let data = paths::data_dir(cli.data_dir)?;
    let config = || Config::load(cli.config.as_deref(), &data);
    match cli.command {
        Command::Serve(serve) => {
            let config = config()?;
            let collector = config.collector.clone();
            let work = cmd::serve::run(serve, config, cli.config.clone(), data, handed);
            let work = Box::pin(work);
            Export::of_host(spans).during(collector, work).await
        }
        Command::Chat(chat) => cmd::chat::run(chat, &data).await,
        Command::Prompt(prompt) => cmd::prompt::run(prompt, &data).await,
        Command::Run(run) => cmd::run::run(run, &config, &data).await,
        Command::Ps(listing) => cmd::ps::run(&listing, &data).await,
        Command::Start(agents) => cmd::operate::start(&agents, &data).await,
        Command::Stop(agents) => cmd::operate::stop(&agents, &data).await,
        Command::Restart(agents) => cmd::operate::restart(&agents, &data).await,
        Command::Rm(removal) => cmd::operate::remove(&removal, &data).await,
        Command::Inspect(inspect) => cmd::inspect::run(&inspect, &data).await,
        Command::Stats(stats) => cmd::stats::run(&stats, &data).await,
        Command::Sessions(sessions) => cmd::sessions::run(sessions, &data).await,
        Command::Tool(tool) => cmd::tool::run(tool, &config()?, data).await,
        Command::Mcp(mcp) => {
            let config = config()?;
            let work = Box::pin(cmd::mcp::run(mcp, &config, data));
            let collector = config.collector.clone();
            Export::at_once(spans).during(collector, work).await
        }
        Command::Selftest(selftest) => cmd::selftest::run(selftest).await,
        Command::Image(image) => cmd::image::run(image, &config, &data).await,
        Command::Completions(_) | Command::Man(_) | Command::Runtime(_) => Ok(()),
        Command::Audit(audit) => cmd::audit::run(audit, &data).await,
        Command::Logs(logs) => cmd::logs::run(logs, &data).await,
        Command::Provider(provider) => cmd::provider::run(provider, data).await,
        Command::Models(models) => cmd::models::run(models, &data).await,
        Command::Policy(policy) => cmd::policy::run(policy, data).await,
        Command::Review(review) => cmd::review::run(review, &config()?, data).await,
        Command::Approvals(approvals) => cmd::approvals::run(approvals, &data).await,
        Command::Token(token) => cmd::token::run(token, &data).await,
        Command::Secret(secret) => cmd::secret::run(secret, &config()?, data).await,
        Command::Schema(schema) => cmd::schema::run(&schema),
        Command::Config(command) => cmd::config::run(&command, &config()?, &data).await,
    }
}
