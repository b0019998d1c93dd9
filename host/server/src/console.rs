//! What people see: words, tables, colour on a terminal alone.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the command line")]

use std::fmt::Display;
use std::io::{IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tracing_subscriber::EnvFilter;

use crate::error::Failure;

/// How a command prints its result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A table or text for people.
    #[default]
    Table,
    /// JSON for machines.
    Json,
}

/// Starts the log on standard error. `COFFERDAM_LOG` chooses what is in it, as `RUST_LOG` does elsewhere.
pub(crate) fn log(serving: bool) {
    // genai logs whole bodies of vendors' answers, which may hold what a user said.
    let usual = if serving { "info,genai=off" } else { "error,genai=off" };
    let filter = EnvFilter::try_from_env("COFFERDAM_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}

/// A sentence about what went wrong.
pub(crate) fn complain(sentence: &str) {
    eprintln!("{} {sentence}", paint(Stream::Stderr, "1;31", "error:"));
}

/// A sentence about what is going on; not part of the result.
pub(crate) fn note(sentence: &str) {
    eprintln!("{sentence}");
}

/// A sentence about what takes a while, on a terminal alone.
pub(crate) fn progress(sentence: &str) {
    if std::io::stderr().is_terminal() {
        note(sentence);
    }
}

/// How much of the work on a tool is done, on a terminal alone; gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// For so many cases of `tool`.
    pub(crate) fn new(tool: &str, cases: usize) -> Self {
        // Draws nothing where standard error is no terminal.
        let bar = ProgressBar::new(cases as u64).with_message(tool.to_owned());
        let style = ProgressStyle::with_template("{msg}: {pos} of {len} cases");
        Self(style.map(|style| bar.clone().with_style(style)).unwrap_or(bar))
    }

    /// One more is done.
    pub(crate) fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A line of the result.
pub(crate) fn line(text: impl Display) {
    // A reader that has seen enough closes its end, which is not our failure.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A piece of the result, seen at once.
pub(crate) fn piece(text: &str) {
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}

/// Bytes of the result, as they are.
pub(crate) fn bytes(bytes: &[u8]) {
    let _ = std::io::stdout().write_all(bytes);
}

/// Bytes for standard error, as they are.
pub(crate) fn error_bytes(bytes: &[u8]) {
    let _ = std::io::stderr().write_all(bytes);
}

/// One JSON document.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    line(serde_json::to_string(value).map_err(Failure::work)?);
    Ok(())
}

/// A table with one row for each entry, without lines between them.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().map(|name| name.to_uppercase()));
    table.add_rows(rows);
    line(table.trim_fmt());
}

/// Text that stands back, on a terminal.
pub(crate) fn dim(text: &str) -> String {
    paint(Stream::Stdout, "2", text)
}

/// Text that came and was not expected, on a terminal in green.
pub(crate) fn added(text: &str) -> String {
    paint(Stream::Stdout, "32", text)
}

/// Text that was expected and did not come, or a failure: on a terminal in red.
pub(crate) fn removed(text: &str) -> String {
    paint(Stream::Stdout, "31", text)
}

/// Which stream a colour is for.
enum Stream {
    Stdout,
    Stderr,
}

fn paint(stream: Stream, style: &str, text: &str) -> String {
    let terminal = match stream {
        Stream::Stdout => std::io::stdout().is_terminal(),
        Stream::Stderr => std::io::stderr().is_terminal(),
    };
    // https://no-color.org
    if terminal && std::env::var_os("NO_COLOR").is_none() {
        format!("\x1b[{style}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}
