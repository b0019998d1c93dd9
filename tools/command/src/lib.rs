//! What command tools share: one way in and out of `main`, and errors in words.
//!
//! A command is a function from arguments to an [`Ending`]. It writes to a buffered standard
//! output, says on standard error what went wrong, and ends with an exit code, as the program does
//! that it replaces.

mod case;
mod date_text;
mod exit;
mod input;
mod operands;
mod pattern;
mod words;

use std::fmt::Display;
use std::io::{self, BufWriter, StdoutLock, Write};

pub use case::{lower, upper};
pub use date_text::date_text;
pub use exit::exit;
pub use input::{STDIN, open, read};
pub use operands::{keep_equals, replace_value, take_empty_operands};
pub use pattern::Pattern;
pub use words::{path_error, words};

/// How much of its output a command collects before the host is called (32 KiB): a host call costs
/// more than a copy.
const OUTPUT_BUFFER: usize = 32 << 10;

/// Where a command writes: standard output, in large pieces.
pub type Output = BufWriter<StdoutLock<'static>>;

/// How a command ended, when it could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Exit code 0.
    Success,
    /// Exit code 1: nothing was found, or a problem was told on the way.
    Failure,
    /// Another exit code, where the program that the command replaces has several.
    Code(u8),
}

/// The reason why a command stopped, in one sentence without its name, and its exit code.
#[derive(Debug)]
pub struct Stop {
    sentence: String,
    code: u8,
}

/// Runs a command and ends the program with its exit code: `usage` is what `--help` prints.
pub fn run(
    name: &'static str,
    usage: &'static str,
    body: impl FnOnce(&mut Output, &Complaints) -> Result<Ending, Stop>,
) -> ! {
    let mut out = BufWriter::with_capacity(OUTPUT_BUFFER, io::stdout().lock());
    let complaints = Complaints { name };
    let ended = match lone_argument().as_deref() {
        Some("--help") => out
            .write_all(usage.as_bytes())
            .map_err(Stop::from)
            .map(|()| Ending::Success),
        Some("--version") => writeln!(out, "{name} (Cofferdam); --help says what it can")
            .map_err(Stop::from)
            .map(|()| Ending::Success),
        _ => body(&mut out, &complaints),
    };
    // What was printed before the problem comes before it.
    let flushed = out.flush();
    let ended = match (ended, flushed) {
        (Ok(ending), Ok(())) => Ok(ending),
        (Ok(_), Err(error)) => Err(error.into()),
        (Err(stop), _) => Err(stop),
    };
    exit(match ended {
        Ok(ending) => ending.code(),
        Err(Stop { sentence, code }) => {
            complaints.say(&sentence);
            code
        }
    })
}

/// The argument, if there is just one: among others `--help` may be a pattern or the value of an
/// option.
fn lone_argument() -> Option<String> {
    let mut arguments = arguments();
    arguments.next().filter(|_| arguments.next().is_none())
}

/// The arguments after the name of the program.
#[allow(
    clippy::disallowed_methods,
    reason = "a command's arguments are its input"
)]
pub fn arguments() -> impl Iterator<Item = String> {
    // The host hands over valid UTF-8, as WASI 0.2 has strings.
    std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
}

/// Reads the arguments as getopt does: `-t=` has the value `=`, and `-o=x` the value `=x`.
pub fn parser() -> lexopt::Parser {
    let mut parser = lexopt::Parser::from_env();
    parser.set_short_equals(false);
    parser
}

/// Where problems are told that do not stop the command.
#[derive(Debug, Clone, Copy)]
pub struct Complaints {
    name: &'static str,
}

impl Complaints {
    /// Says a sentence behind the name of the command.
    #[allow(clippy::print_stderr, reason = "this is where commands speak")]
    pub fn say(&self, sentence: impl Display) {
        eprintln!("{}: {sentence}", self.name);
    }
}

impl Ending {
    /// Its exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Code(code) => code,
        }
    }
}

impl Stop {
    /// Stops with a sentence and exit code 1.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            code: 1,
        }
    }

    /// For `map_err`: an error's own sentence, and exit code 1.
    pub fn of(error: impl Display) -> Self {
        Self::new(error.to_string())
    }

    /// The same with another exit code: `grep` and `diff` end with 2 for trouble, because 1 is an
    /// answer of theirs.
    #[must_use]
    pub fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// The sentence.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        self.code
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::new(words(&error))
    }
}

impl From<lexopt::Error> for Stop {
    fn from(error: lexopt::Error) -> Self {
        Self::new(format!("{error}; --help says what there is"))
    }
}

impl From<Ending> for bool {
    fn from(ending: Ending) -> Self {
        ending.code() == 0
    }
}

impl From<bool> for Ending {
    fn from(success: bool) -> Self {
        if success {
            Self::Success
        } else {
            Self::Failure
        }
    }
}
