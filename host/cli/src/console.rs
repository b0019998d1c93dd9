//! Output for people: words, tables, colour on a terminal alone.
//!
//! Nothing else in the host prints. Whatever is printed or logged may hold text from outside, so
//! all of it is shown as [`ForeignText`]: a sentence, a line of the log and a line of a table
//! cannot be left or drawn over. The result of a tool or a model is written as it is, unless it
//! goes to a terminal.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the command line"
)]

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::process::ExitCode;
use std::sync::OnceLock;

use cofferdam_capability::{ForeignText, is_hiding};
use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::debug_fn;

use crate::error::Failure;

/// The first failure of standard output.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

/// The format in which a command prints its result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A table or text for people.
    #[default]
    Table,
    /// JSON for machines.
    Json,
}

/// Starts the log on standard error at its `usual` level. `COFFERDAM_LOG` chooses what is in it, as
/// `RUST_LOG` does elsewhere.
pub(crate) fn log(usual: &str) -> Result<(), Failure> {
    const VARIABLE: &str = "COFFERDAM_LOG";
    let filter = match std::env::var(VARIABLE) {
        Ok(written) if !written.is_empty() => chosen(&written).ok_or_else(|| {
            Failure::usage(format!(
                "{VARIABLE} = {written:?}: expected `error`, `warn`, `info` or `debug`"
            ))
        })?,
        // genai logs whole bodies of vendors' answers, which may hold what a user said.
        _ => EnvFilter::new(format!("{usual},genai=off")),
    };
    // Also what libraries log: a name that a guest or a client chose is on one line, whoever writes
    // it down.
    let fields = debug_fn(|writer, field, value| {
        let value = format!("{value:?}");
        let value = ForeignText::line(&value);
        match field.name() {
            "message" => write!(writer, "{value}"),
            name => write!(writer, "{name}={value}"),
        }
    });
    tracing_subscriber::fmt()
        .fmt_fields(fields.delimited(" "))
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && may_colour())
        .with_target(false)
        .init();
    Ok(())
}

/// Returns the filter that was written: levels, and directives `TARGET=LEVEL`. A word alone would
/// be taken for a target, of which everything is logged.
fn chosen(written: &str) -> Option<EnvFilter> {
    let is_known = |part: &str| part.contains('=') || part.parse::<LevelFilter>().is_ok();
    let known = written.split(',').map(str::trim).all(is_known);
    known.then(|| EnvFilter::try_new(written).ok()).flatten()
}

/// A sentence about what went wrong.
pub(crate) fn complain(sentence: &str) {
    tell(format!("{} {}", error_word(), ForeignText::line(sentence)));
}

/// The same over several lines, with or without its first word.
pub(crate) fn complain_in_lines(text: &str) {
    let text = text.strip_prefix("error:").unwrap_or(text).trim();
    tell(format!("{} {}", error_word(), ForeignText::block(text)));
}

/// A sentence about what is going on; not part of the result.
pub(crate) fn note(sentence: &str) {
    tell(ForeignText::line(sentence));
}

/// A panic as an error of one line: its message may hold text from outside.
pub(crate) fn panicked(panic: &PanicHookInfo<'_>) {
    complain(&format!("this program failed: {panic}"));
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        notes(&backtrace.to_string());
    }
}

fn error_word() -> String {
    paint(Stream::Stderr, Style::Complaint, "error:")
}

/// A line on standard error. One that cannot be written is lost: there is no other place for it.
fn tell(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The same with lines to copy below it.
pub(crate) fn notes(sentences: &str) {
    sentences.lines().for_each(note);
}

/// A sentence about what takes a while, on a terminal alone.
pub(crate) fn progress(sentence: &str) {
    if std::io::stderr().is_terminal() {
        note(sentence);
    }
}

/// A progress bar of the work on a tool, on a terminal alone; gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// For so many cases of `tool`.
    pub(crate) fn new(tool: &str, cases: usize) -> Self {
        // Draws nothing where standard error is no terminal.
        let bar = ProgressBar::new(cases as u64).with_message(ForeignText::line(tool).to_string());
        let style = ProgressStyle::with_template("{msg}: {pos} of {len} cases");
        Self(
            style
                .map(|style| bar.clone().with_style(style))
                .unwrap_or(bar),
        )
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

/// The look of a piece of a line on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// As everything else.
    Plain,
    /// Stands back.
    Dim,
    /// Came and was not expected: green.
    Added,
    /// Was expected and did not come, or a failure: red.
    Removed,
    /// Begins a complaint: red and bold.
    Complaint,
}

/// A line of the result.
pub(crate) fn line(text: impl Display) {
    spans(&[(Style::Plain, &text.to_string())]);
}

/// A line of the result in pieces that look different.
pub(crate) fn spans(spans: &[(Style, &str)]) {
    let line: String = spans
        .iter()
        .map(|&(style, text)| paint(Stream::Stdout, style, text))
        .collect();
    written(writeln!(std::io::stdout(), "{line}"));
}

/// Keeps the first failure of standard output. A reader that has seen enough closes its end, which
/// is none.
fn written(result: std::io::Result<()>) {
    if let Err(error) = result
        && error.kind() != ErrorKind::BrokenPipe
    {
        // One that comes later says no more.
        let _ = UNWRITTEN.set(error.to_string());
    }
}

/// Says on standard error why a command failed, and returns its exit code.
pub(crate) fn report(failure: &Failure) -> ExitCode {
    notes(failure.words());
    let sentence = failure.sentence();
    if !sentence.is_empty() {
        complain(&sentence);
    }
    failure.code()
}

/// Returns an error if a part of the result did not get where standard output leads.
pub(crate) fn finish() -> Result<(), Failure> {
    written(std::io::stdout().flush());
    match UNWRITTEN.get() {
        Some(error) => Err(Failure::work(format!(
            "the result could not be written to standard output: {error}"
        ))),
        None => Ok(()),
    }
}

/// A piece of what a tool or a model says, seen at once.
pub(crate) fn piece(text: &str) {
    bytes(text.as_bytes());
    written(std::io::stdout().flush());
}

/// Lines of what a tool or a model says, or of a document.
pub(crate) fn content(text: &str) {
    bytes(format!("{text}\n").as_bytes());
}

/// Bytes of what a tool or a model says: as they are, and on a terminal as text over several lines.
pub(crate) fn bytes(bytes: &[u8]) {
    written(write_to(std::io::stdout(), bytes));
}

/// The same on standard error.
pub(crate) fn error_bytes(bytes: &[u8]) {
    let _ = write_to(std::io::stderr(), bytes);
}

fn write_to(mut stream: impl Write + IsTerminal, bytes: &[u8]) -> std::io::Result<()> {
    if !stream.is_terminal() {
        return stream.write_all(bytes);
    }
    for chunk in bytes.utf8_chunks() {
        write!(stream, "{}", ForeignText::block(chunk.valid()))?;
        write!(stream, "{}", chunk.invalid().escape_ascii())?;
    }
    Ok(())
}

/// One JSON document. On a terminal it is the same document with more characters escaped.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string(value).map_err(Failure::work)?;
    if std::io::stdout().is_terminal() {
        // JSON has such characters inside strings alone, and escapes those below U+0020 itself.
        text = text
            .chars()
            .fold(String::with_capacity(text.len()), |mut shown, c| {
                if is_hiding(c) {
                    shown.extend(
                        c.encode_utf16(&mut [0; 2])
                            .iter()
                            .map(|unit| format!("\\u{unit:04x}")),
                    );
                } else {
                    shown.push(c);
                }
                shown
            });
    }
    written(writeln!(std::io::stdout(), "{text}"));
    Ok(())
}

/// A cell of a table, which nothing in it leaves.
#[derive(Debug)]
pub(crate) struct Cell(String);

impl Cell {
    /// Each of these on a line of its own.
    pub(crate) fn lines<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) -> Self {
        let lines = lines
            .into_iter()
            .map(|line| ForeignText::line(line.as_ref()).to_string());
        Self(lines.collect::<Vec<_>>().join("\n"))
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::lines([text])
    }
}

/// A table with one row for each entry, without lines between them.
pub(crate) fn table<C: Into<Cell>>(header: &[&str], rows: Vec<Vec<C>>) {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    // A terminal that says it has no columns does not know how many it has.
    if table.width() == Some(0) {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table.set_header(header.iter().map(|name| name.to_uppercase()));
    table.add_rows(rows.into_iter().map(|row| {
        row.into_iter()
            .map(|cell| cell.into().0)
            .collect::<Vec<_>>()
    }));
    written(writeln!(std::io::stdout(), "{}", table.trim_fmt()));
}

/// Which stream a colour is for.
enum Stream {
    Stdout,
    Stderr,
}

/// Returns false where the user wants no colour (<https://no-color.org>).
fn may_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none()
}

/// Text from outside on one line, in our colour.
fn paint(stream: Stream, style: Style, text: &str) -> String {
    let text = ForeignText::line(text);
    let terminal = match stream {
        Stream::Stdout => std::io::stdout().is_terminal(),
        Stream::Stderr => std::io::stderr().is_terminal(),
    };
    let code = match style {
        Style::Plain => return text.to_string(),
        Style::Dim => "2",
        Style::Added => "32",
        Style::Removed => "31",
        Style::Complaint => "1;31",
    };
    if terminal && may_colour() {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_string()
    }
}
