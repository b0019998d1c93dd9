//! The command line, run to its end.

use std::ffi::OsStr;
use std::process::Child;
use std::time::Duration;

use cofferdam_selftest::Program;
use serde_json::Value;

use super::{Scratch, binary};

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The most memory the process held, in KiB.
    pub(crate) peak_kib: u64,
}

/// A command line of the binary under test, on the data directory of `scratch`.
pub(crate) struct Cofferdam(Program);

/// `cofferdam ARGS`, on the data directory of `scratch`.
pub(crate) fn cofferdam<S: AsRef<OsStr>>(
    scratch: &Scratch,
    args: impl IntoIterator<Item = S>,
) -> Cofferdam {
    let program = Program::new(&binary(), scratch.path(), args);
    let variables = scratch.variables().into_iter();
    Cofferdam(variables.fold(program, |program, (name, value)| program.env(name, value)))
}

impl Cofferdam {
    pub(crate) fn stdin(self, bytes: impl Into<Vec<u8>>) -> Self {
        Self(self.0.stdin(bytes))
    }

    pub(crate) fn env(self, name: &str, value: impl AsRef<OsStr>) -> Self {
        Self(self.0.env(name, value))
    }

    /// Waits so long for its end, instead of two minutes.
    pub(crate) fn patience(self, patience: Duration) -> Self {
        Self(self.0.patience(patience))
    }

    /// Starts it and leaves it to the test, with its output in pipes.
    pub(crate) fn start(self) -> Child {
        self.0.start().expect("the binary starts")
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Ran {
        let ran = self.0.run().unwrap_or_else(|problem| panic!("{problem}"));
        Ran {
            code: ran.code,
            stdout: ran.stdout,
            stderr: ran.stderr,
            peak_kib: ran.peak_kib,
        }
    }
}

impl Ran {
    /// The exit code, or a panic with everything that was printed.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout: {}\nstderr: {}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// One clear sentence on standard error that holds all of `parts`, and no trace of a panic.
    #[track_caller]
    pub(crate) fn complains(self, parts: &[&str]) -> Self {
        let complaint = self
            .stderr
            .lines()
            .find(|line| line.starts_with("error: "))
            .unwrap_or_default();
        for part in parts {
            assert!(
                complaint.contains(part),
                "`{part}` is not in the complaint: {}",
                self.stderr
            );
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.stdout, self.stderr))
    }
}
