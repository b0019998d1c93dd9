//! Standard output and standard error, as scripts write to them.

use std::cell::RefCell;
use std::io::{self, BufWriter, Stdout, Write};

/// Bytes that go out at once, because a script that ends at a limit loses what is collected: more
/// than a person reads.
const PROMPT: usize = 16 << 10;

/// Bytes that are collected after that, because a host call costs more than a copy.
const COLLECTED: usize = 32 << 10;

thread_local! {
    /// A program has one standard output, and one script.
    static STREAMS: RefCell<Streams> = RefCell::new(Streams {
        stdout: BufWriter::with_capacity(COLLECTED, io::stdout()),
        written: 0,
        indentation: String::new(),
    });
}

struct Streams {
    stdout: BufWriter<Stdout>,
    written: usize,
    /// Of `console.group`.
    indentation: String,
}

/// A stream of the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    /// Writes bytes as they are.
    pub(crate) fn write(self, bytes: &[u8]) -> io::Result<()> {
        STREAMS.with_borrow_mut(|streams| match self {
            Self::Stdout => {
                streams.stdout.write_all(bytes)?;
                streams.written = streams.written.saturating_add(bytes.len());
                if streams.written <= PROMPT {
                    streams.stdout.flush()?;
                }
                Ok(())
            }
            Self::Stderr => {
                streams.stdout.flush()?;
                io::stderr().write_all(bytes)
            }
        })
    }

    /// Writes a line, each line of it indented as `console.group` asks.
    pub(crate) fn line(self, text: &str) -> io::Result<()> {
        let indentation = STREAMS.with_borrow(|streams| streams.indentation.clone());
        let mut line = if indentation.is_empty() {
            text.to_owned()
        } else {
            let inner = format!("\n{indentation}");
            format!("{indentation}{}", text.replace('\n', &inner))
        };
        line.push('\n');
        self.write(line.as_bytes())
    }
}

/// Returns true if nothing has been written to standard output.
pub(crate) fn is_unused() -> bool {
    STREAMS.with_borrow(|streams| streams.written == 0)
}

/// Indents the lines that follow by two columns more.
pub(crate) fn indent() {
    STREAMS.with_borrow_mut(|streams| streams.indentation.push_str("  "));
}

/// Takes back one `indent`.
pub(crate) fn outdent() {
    STREAMS.with_borrow_mut(|streams| {
        let shorter = streams.indentation.len().saturating_sub(2);
        streams.indentation.truncate(shorter);
    });
}

/// Hands over what is collected.
pub(crate) fn flush() -> io::Result<()> {
    STREAMS.with_borrow_mut(|streams| streams.stdout.flush())
}
