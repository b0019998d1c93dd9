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

mod colour;
mod json_lines;
mod log;
mod size;
mod table;
mod time;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use cofferdam_capability::{ForeignText, is_hiding};
use cofferdam_image::agentfile::AgentfileError;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tracing::Level;

use self::colour::may_colour;
pub(crate) use self::log::log;
pub(crate) use self::size::size;
pub(crate) use self::table::Cell;
pub(crate) use self::time::when;
use crate::error::Failure;
use crate::error_stream::{self, ErrorStream};
use crate::fence::{self, Fence};

/// The longest that a command works without a word, where no progress is drawn: after it somebody
/// who reads along wonders.
pub(crate) const SILENCE: Duration = Duration::from_secs(2);

/// The columns of a terminal that does not say how many it has.
const COLUMNS: usize = 80;

/// The first failure of standard output.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

/// True once nobody reads standard output any more.
static UNREAD: AtomicBool = AtomicBool::new(false);

/// The format in which a command prints its result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A table or text for people.
    #[default]
    Table,
    /// JSON for machines.
    Json,
}

/// A sentence about what went wrong.
pub(crate) fn complain(sentence: &str) {
    tell(ERROR, &ForeignText::line(sentence).to_string());
}

/// The same over several lines, with or without its first word.
pub(crate) fn complain_in_lines(text: &str) {
    let text = text.strip_prefix("error:").unwrap_or(text).trim();
    tell(ERROR, &ForeignText::block(text).to_string());
}

/// A sentence about what is going on; not part of the result.
pub(crate) fn note(sentence: &str) {
    tell("", &ForeignText::line(sentence).to_string());
}

/// The line of the log about lines that are missing in it.
pub(crate) fn lost_lines(count: u64) -> String {
    let sentence = format!("{count} lines are missing here, because nobody read standard error");
    json_lines::sentence(Level::WARN, &sentence).unwrap_or(sentence)
}

/// A panic as an error of one line: its message may hold text from outside.
pub(crate) fn panicked(panic: &PanicHookInfo<'_>) {
    complain(&format!("this program failed: {panic}"));
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        notes(&backtrace.to_string());
    }
    error_stream::finish();
}

/// The word that a complaint begins with.
const ERROR: &str = "error:";

/// A line on standard error. One that cannot be written is lost: there is no other place for it.
/// A line that a terminal would break goes on below its beginning, not at the left edge.
fn tell(word: &str, text: &str) {
    let level = match word {
        ERROR => Level::ERROR,
        _ => Level::INFO,
    };
    if let Some(line) = json_lines::sentence(level, text) {
        let _ = ErrorStream.write_all(format!("{line}\n").as_bytes());
        return;
    }
    let space = if word.is_empty() { "" } else { " " };
    let text = if std::io::stderr().is_terminal() {
        let begun = word.len() + space.len();
        Fence::sentence(columns(Stream::Stderr), begun).text(text)
    } else {
        text.to_owned()
    };
    let word = match word {
        "" => String::new(),
        word => paint(Stream::Stderr, Style::Complaint, word),
    };
    let _ = ErrorStream.write_all(format!("{word}{space}{text}\n").as_bytes());
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

    /// For so many rows of a table that are worked on one after the other.
    pub(crate) fn of_rows(rows: usize) -> Self {
        let bar = ProgressBar::new(rows as u64);
        let style = ProgressStyle::with_template("{pos} of {len} {bar:30} {msg}");
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

    /// Says what is worked on.
    pub(crate) fn tell(&self, what: &str) {
        self.0.set_message(ForeignText::line(what).to_string());
    }

    /// A line of the result, above the bar and seen at once.
    pub(crate) fn line(&self, text: &str) {
        self.0.suspend(|| line(text));
        written(std::io::stdout().flush());
    }

    /// Does what may take long. Where no bar is drawn, a sentence says so after a while.
    pub(crate) fn patiently<T>(&self, sentence: &str, work: impl FnOnce() -> T) -> T {
        if std::io::stderr().is_terminal() {
            return work();
        }
        let (done, wait) = mpsc::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                if wait.recv_timeout(SILENCE) == Err(RecvTimeoutError::Timeout) {
                    note(sentence);
                }
            });
            let result = work();
            drop(done);
            result
        })
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
    match result {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => UNREAD.store(true, Relaxed),
        Err(error) => {
            // One that comes later says no more.
            let _ = UNWRITTEN.set(error.to_string());
        }
    }
}

/// Returns true once the reader of standard output has closed its end.
pub(crate) fn is_unread() -> bool {
    UNREAD.load(Relaxed)
}

/// Says on standard error why a command failed, and returns its exit code.
pub(crate) fn report(failure: &Failure) -> ExitCode {
    notes(failure.words());
    if let Some(AgentfileError { mistakes, more }) = failure.mistakes() {
        let mistakes = mistakes.iter();
        mistakes.for_each(|mistake| complain(&mistake.to_string()));
        if *more > 0 {
            note(&format!("{more} more: mend these first"));
        }
        return failure.code();
    }
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

/// Output of a guest: as it is in a pipe, and on a terminal in lines that are marked as the
/// guest's.
pub(crate) fn guest(bytes: &[u8]) {
    if !std::io::stdout().is_terminal() {
        return self::bytes(bytes);
    }
    let mut fence = Fence::guest(columns(Stream::Stdout));
    let shown = fence.bytes(bytes) + fence.end();
    written(write!(std::io::stdout(), "{shown}"));
}

/// The same on standard error.
pub(crate) fn guest_error(bytes: &[u8]) {
    let mut stderr = std::io::stderr();
    if !stderr.is_terminal() {
        let _ = stderr.write_all(bytes);
        return;
    }
    let mut fence = Fence::guest(columns(Stream::Stderr));
    let shown = fence.bytes(bytes) + fence.end();
    let _ = write!(stderr, "{shown}");
}

/// The columns of standard output, if it is a terminal.
pub(crate) fn terminal() -> Option<usize> {
    std::io::stdout()
        .is_terminal()
        .then(|| columns(Stream::Stdout))
}

/// Text that a [`Fence`] has made, seen at once.
pub(crate) fn fenced(text: &str) {
    written(write!(std::io::stdout(), "{text}").and_then(|()| std::io::stdout().flush()));
}

/// Draws a line of the host that the next one is drawn over, where a terminal may be sent escape
/// sequences. [`undraw`] takes it away, and has to before anything else is printed.
pub(crate) fn draw(sentence: &str, columns: usize) {
    if may_draw() {
        let sentence = ForeignText::line(sentence).to_string();
        // A line as wide as the terminal would leave it.
        let line = fence::beginning(&sentence, columns.saturating_sub(1));
        fenced(&format!("\r\x1b[2K{line}"));
    }
}

/// Takes away what was drawn.
pub(crate) fn undraw() {
    if may_draw() {
        fenced("\r\x1b[2K");
    }
}

fn may_draw() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stdout().is_terminal() && may_colour() && !is_dumb
}

/// The columns of the terminal that a stream leads to.
fn columns(stream: Stream) -> usize {
    table::columns(matches!(stream, Stream::Stderr)).unwrap_or(COLUMNS)
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
    let text = json_text(value)?;
    written(writeln!(std::io::stdout(), "{text}"));
    Ok(())
}

/// One JSON document that is an array, an item on each line, as they come.
#[derive(Debug, Default)]
pub(crate) struct JsonArray {
    begun: bool,
}

impl JsonArray {
    /// The next item.
    pub(crate) fn item(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text = json_text(value)?;
        let before = if std::mem::replace(&mut self.begun, true) {
            ",\n"
        } else {
            "[\n"
        };
        written(write!(std::io::stdout(), "{before}{text}"));
        Ok(())
    }

    /// No item follows.
    pub(crate) fn end(self) {
        let end = if self.begun { "\n]" } else { "[]" };
        written(writeln!(std::io::stdout(), "{end}"));
    }
}

fn json_text(value: &impl Serialize) -> Result<String, Failure> {
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
    Ok(text)
}

/// A tool call: one sentence on a terminal, and as it is in a pipe.
pub(crate) fn call(tool: &str, input: &str) {
    let call = format!("→ {tool} {input}");
    match terminal() {
        Some(columns) => {
            let call = ForeignText::line(&call).to_string();
            fenced(&format!("{}\n", Fence::sentence(columns, 0).text(&call)));
        }
        None => content(&call),
    }
}

/// A table with one row for each entry, without lines between them.
pub(crate) fn table<C: Into<Cell>>(header: &[&str], rows: Vec<Vec<C>>) {
    written(writeln!(
        std::io::stdout(),
        "{}",
        table::shown(header, rows)
    ));
}

/// Values with their names before them.
pub(crate) fn fields(title: &str, fields: Vec<(&str, Cell)>) {
    for text in table::fields(title, fields, terminal()) {
        line(text);
    }
}

/// Which stream a colour is for.
enum Stream {
    Stdout,
    Stderr,
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
