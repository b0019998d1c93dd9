//! A line of the table.

use std::time::Duration;

use crate::ended::Ended;
use crate::guest::{ARGS_ECHO, Guest};
use crate::place::Place;
use crate::problem::Problem;

/// The outcome of components that do not get so far: they are refused when they are loaded.
pub(crate) const REFUSED: &str = "refused";

/// A hostile guest, what it is granted, and how it must end.
///
/// In `manifest`, `flags`, `args` and `says`, `{port}` is the port of the corpus's web server and
/// `{secret}` a file with a secret in it.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The program.
    pub guest: Guest,
    /// `[[fs]]` access to `/workspace`; nothing when empty.
    pub(crate) access: &'static str,
    /// Keys of `[limits]` that differ from the default, a line each: the manifest asks for them,
    /// and the operator gives them.
    pub(crate) limits: &'static str,
    /// Further rows of the manifest.
    pub(crate) manifest: &'static str,
    /// Which of its behaviours a guest shows that has several: the variable MODE says it, and the
    /// component itself.
    pub(crate) mode: &'static str,
    /// Arguments of the guest.
    pub(crate) args: &'static [&'static str],
    /// Bytes of standard input.
    pub(crate) stdin: usize,
    /// Flags of the operator on the command line.
    pub(crate) flags: &'static [&'static str],
    /// Puts files where the guest looks, before the call.
    pub(crate) plant: fn(&Place) -> Result<(), Problem>,
    /// True for a row about compiled code, which shares none with other rows.
    pub(crate) own_cache: bool,
    /// Further directories: on the host (absolute, or below the row's own), as the guest sees them,
    /// and the access.
    pub(crate) dirs: &'static [(&'static str, &'static str, &'static str)],
    /// The outcome it must have.
    pub outcome: &'static str,
    /// Text that the receipt must hold, the guest's output included.
    pub(crate) says: &'static str,
    /// Connections that the web server sees.
    pub(crate) reaches: usize,
    /// Checks that must pass afterwards, outside the sandbox and in the receipt.
    pub(crate) after: fn(&Ended<'_>) -> Result<(), Problem>,
    /// Limits of the process of the call.
    pub envelope: Envelope,
}

/// Limits of the process of one call, seen from outside.
#[derive(Debug, Clone, Copy)]
pub struct Envelope {
    /// The time it may run.
    pub wall: Duration,
    /// The memory it may hold at its peak, in KiB.
    pub memory_kib: u64,
    /// The descriptors it may have open at once.
    pub descriptors: usize,
}

/// Time that a call may take beyond its own deadline. The host stops guests within milliseconds;
/// this is for a machine that does other things at the same time.
const SLACK: Duration = Duration::from_secs(2);

/// Memory that the process of one call may hold beyond the guest's own, in KiB: the host's code and
/// the bookkeeping of its pool.
const HOST_KIB: u64 = 160 << 10;

/// The longest argument that is shown in full.
const MOST_SHOWN: usize = 64;

/// The most open files that an operator can give to a call.
const MANY_FILES: usize = 1_024;

/// Calls at once of one agent, by default.
const CALLS_PER_AGENT: u64 = 16;

/// Of every row that says nothing else: the default limits of a call.
const ENVELOPE: Envelope = Envelope {
    wall: Duration::from_secs(30).saturating_add(SLACK),
    memory_kib: (64 << 10) + HOST_KIB,
    // 64 files of the guest, and what a host has open.
    descriptors: 128,
};

/// A guest that is given nothing and must end in `outcome`.
pub(crate) const fn row(guest: Guest, outcome: &'static str) -> Row {
    Row {
        guest,
        access: "",
        limits: "",
        manifest: "",
        mode: "",
        args: &[],
        stdin: 0,
        flags: &[],
        plant: |_| Ok(()),
        own_cache: false,
        dirs: &[],
        outcome,
        says: "",
        reaches: 0,
        after: |_| Ok(()),
        envelope: ENVELOPE,
    }
}

impl Row {
    /// The same with a deadline of one second, and more fuel than any machine burns in it: the
    /// deadline alone is to end these rows, and would otherwise take half a minute.
    pub(crate) const fn within_a_second(self) -> Self {
        let wall = Duration::from_secs(1).saturating_add(SLACK);
        Self {
            limits: "wall = \"1s\"\nfuel = 1_000_000_000_000",
            envelope: Envelope {
                wall,
                ..self.envelope
            },
            ..self
        }
    }

    /// The same with five seconds: for guests that have much to do before they wait for the
    /// deadline.
    pub(crate) const fn within_five_seconds(self) -> Self {
        let wall = Duration::from_secs(5).saturating_add(SLACK);
        Self {
            limits: "wall = \"5s\"\nfuel = 1_000_000_000_000",
            envelope: Envelope {
                wall,
                ..self.envelope
            },
            ..self
        }
    }

    /// The same with little fuel: rows that use all of it in the cheapest way would otherwise take
    /// seconds.
    pub(crate) const fn with_little_fuel(self) -> Self {
        Self {
            limits: "fuel = 1_000_000_000",
            ..self
        }
    }

    /// The same with 256 MiB for the guest.
    pub(crate) const fn with_more_memory(self) -> Self {
        let envelope = Envelope {
            memory_kib: (256 << 10) + HOST_KIB,
            ..self.envelope
        };
        Self {
            limits: "memory = \"256MiB\"",
            envelope,
            ..self
        }
    }

    /// The same with as many open files as an operator may give, a handle for each, and five
    /// seconds.
    pub(crate) const fn with_many_files(self) -> Self {
        let wall = Duration::from_secs(5).saturating_add(SLACK);
        let envelope = Envelope {
            wall,
            descriptors: MANY_FILES + 64,
            ..self.envelope
        };
        Self {
            limits: "open-files = 1_024\nhandles = 2_048\nwall = \"5s\"",
            envelope,
            ..self
        }
    }

    /// The same for a process with many calls: as many at once as one agent may have, with a minute
    /// for all of them.
    pub(crate) const fn of_many_calls(self) -> Self {
        let wall = Duration::from_secs(60);
        let envelope = Envelope {
            wall,
            memory_kib: CALLS_PER_AGENT * (64 << 10) + HOST_KIB,
            ..self.envelope
        };
        Self {
            limits: "wall = \"60s\"",
            envelope,
            ..self
        }
    }

    /// Returns the text that tells this row from others of its guest: what it is given.
    pub fn variant(&self) -> String {
        let args = self.args.iter().map(|arg| match *arg {
            "" => "''".to_owned(),
            arg if arg.len() > MOST_SHOWN => format!("[{} bytes]", arg.len()),
            arg if arg.contains(char::is_control) => format!("{arg:?}"),
            arg => arg.to_owned(),
        });
        let mode = if self.mode.len() > MOST_SHOWN {
            "a long variable"
        } else {
            self.mode
        };
        let given = [mode, self.access]
            .into_iter()
            .map(str::to_owned)
            .chain(args);
        let stdin = (self.stdin > 0).then(|| format!("{} bytes on stdin", self.stdin));
        let repeated = if self.flags.contains(&"--repeat") {
            self.flags.join(" ")
        } else {
            String::new()
        };
        let parts = given
            .chain(stdin)
            .chain([repeated, self.limits.replace('\n', ", ")]);
        parts
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Returns true for an ordinary call: a guest that prints its arguments, under the default
    /// limits.
    pub(crate) fn is_normal(&self) -> bool {
        self.guest.name == ARGS_ECHO.name && self.outcome == "ok" && self.limits.is_empty()
    }

    /// Returns true if the guest can run inside an agent's host as it is here, with no more than
    /// its workspace.
    pub(crate) fn is_servable(&self) -> bool {
        self.outcome != REFUSED
            && self.mode.is_empty()
            && self.manifest.is_empty()
            && self.flags.is_empty()
            && self.outcome != "denied"
            && self.guest.name != "typed_hostile"
    }

    /// The limits that the operator gives, by key and value.
    pub(crate) fn given_limits(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let limits = self.limits.lines().filter_map(|line| line.split_once('='));
        limits.map(|(key, value)| (key.trim(), value.trim().trim_matches('"')))
    }

    /// The manifest of the row.
    pub(crate) fn capabilities(&self) -> String {
        let mut text =
            "schema = 1\n[tool]\nname = \"guest\"\nversion = \"0.0.0\"\nsummary = \"tries\"\n"
                .to_owned();
        let workspace =
            Some(("", "/workspace", self.access)).filter(|(.., access)| !access.is_empty());
        for (_, path, access) in workspace.iter().chain(self.dirs) {
            text +=
                &format!("[[fs]]\npath = \"{path}\"\naccess = \"{access}\"\nreason = \"to try\"\n");
        }
        if !self.mode.is_empty() {
            text += "[[env]]\nname = \"MODE\"\nreason = \"says what to try\"\n";
        }
        text + self.manifest + "[limits]\n" + self.limits + "\n"
    }
}
