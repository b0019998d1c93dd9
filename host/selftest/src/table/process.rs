//! Input and results of a program: arguments, environment, output, exit code.

use crate::row::{Row, row};
use crate::{ended, guest};

/// As many bytes as one argument of a process of the host may have, nearly.
const LONG: &str = match std::str::from_utf8(&[b'x'; 100_000]) {
    Ok(text) => text,
    Err(_) => "",
};

pub(super) const ROWS: &[Row] = &[
    // Not forbidden, and the guest decides nothing but its own failure.
    Row {
        args: &["a b", "\"c\"", ""],
        says: "a b\\n\\\"c\\\"\\n\\n",
        ..row(guest::ARGS_ECHO, "ok")
    },
    Row {
        args: &["3"],
        says: "\"code\":3",
        ..row(guest::EXIT_CODE, "guest-error")
    },
    // The largest there is, which is no outcome of the host either.
    Row {
        args: &["255"],
        says: "\"code\":255",
        ..row(guest::EXIT_CODE, "guest-error")
    },
    // Rust's own way says success or failure.
    Row {
        args: &["3", "std"],
        says: "\"code\":1",
        ..row(guest::EXIT_CODE, "guest-error")
    },
    Row {
        says: "everything failed",
        ..row(guest::EXIT_ZERO, "ok")
    },
    // The host has a provider's key in its own environment.
    Row {
        says: "HOME=/home\\n",
        ..row(guest::ENV_DUMP, "ok")
    },
    // No directory that a variable names is there unless it was granted.
    Row {
        says: "TMPDIR=/tmp: ",
        after: ended::names_no_place,
        ..row(guest::ENV_PLACES, "ok")
    },
    // More than is passed in: refused before anything starts.
    Row {
        args: &[LONG, LONG, LONG],
        says: "the argument list has 300003 bytes",
        ..row(guest::ARGS_ECHO, "denied")
    },
    Row {
        mode: LONG,
        says: "the environment has ",
        ..row(guest::ENV_DUMP, "denied")
    },
    // It is read when the guest asks for it, and no more of it than the limit.
    Row {
        args: &["read"],
        stdin: (4 << 20) + 1,
        says: "standard input has more than 4194304 bytes",
        ..row(guest::FS_DEV, "denied")
    },
    // Almost no fuel is used: only the deadline can stop them.
    Row {
        says: "[output truncated: ",
        ..row(guest::STDOUT_FLOOD, "deadline").within_a_second()
    },
    Row {
        limits: "wall = \"1s\"\nfuel = 1_000_000_000_000\nstdout = \"0B\"",
        says: "\"stdout\":\"[output truncated: ",
        ..row(guest::STDOUT_FLOOD, "deadline").within_a_second()
    },
    Row {
        says: "[output truncated: ",
        ..row(guest::STDERR_FLOOD, "deadline").within_a_second()
    },
];
