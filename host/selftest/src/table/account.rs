//! The account of a call covers what the host holds for its guest; a guest that breaks a rule of an
//! interface ends itself.

use crate::ended;
use crate::guest;
use crate::plant;
use crate::row::{Row, row};

/// A manifest that asks for HTTP, of which nothing is granted: resources can be made all the same.
const HTTP: &str = "[[http]]\nhost = \"*.test\"\nreason = \"to try\"\n";

/// As many handles as a host gives, so that the account ends the call.
const HANDLES: &str = "handles = 16_384";

/// A guest that makes the host hold things until its account does not cover them.
const fn held(way: &'static [&'static str]) -> Row {
    Row {
        limits: HANDLES,
        manifest: HTTP,
        args: way,
        says: "limit 64MiB (`host-memory`)",
        after: ended::much_host_memory,
        ..row(guest::HOST_MEMORY, "out-of-memory")
    }
}

/// A guest to which a single thing is refused.
const fn refused(way: &'static [&'static str], says: &'static str) -> Row {
    Row {
        manifest: HTTP,
        args: way,
        says,
        ..row(guest::HOST_MEMORY, "guest-error")
    }
}

/// A guest that breaks a rule.
const fn broken(rule: &'static [&'static str], says: &'static str) -> Row {
    Row {
        manifest: HTTP,
        args: rule,
        says,
        ..row(guest::RULES_BROKEN, "trap")
    }
}

pub(super) const ROWS: &[Row] = &[
    held(&["paths"]),
    held(&["bodies"]),
    held(&["written-bodies"]),
    held(&["finished-bodies"]),
    held(&["dropped-bodies"]),
    held(&["trailers"]),
    held(&["headers"]),
    held(&["listed-headers"]),
    held(&["cloned-headers"]),
    held(&["set-headers"]),
    held(&["viewed-headers"]),
    held(&["requests"]),
    held(&["responses"]),
    Row {
        access: "read-only",
        limits: "handles = 16_384\nlisting-entries = 262_144\nhost-memory = \"16MiB\"",
        plant: plant::long_names,
        says: "limit 16MiB (`host-memory`)",
        ..held(&["listings"])
    },
    Row {
        access: "read-write",
        limits: "handles = 16_384\nwritten = \"1GiB\"",
        ..held(&["pending-writes"])
    },
    // The engine counts a value of a result by the bytes that it copies.
    Row {
        limits: "host-call = \"64MiB\"",
        args: &["{}"],
        says: "the result: ",
        ..row(guest::RESULT_FLAGS, "out-of-memory")
    },
    refused(&["methods"], "refused"),
    Row {
        limits: HANDLES,
        ..refused(&["long-paths"], "refused")
    },
    refused(&["authorities"], "refused"),
    // Output beyond the account is dropped like output beyond its limit.
    Row {
        limits: "stdout = \"64MiB\"\nhost-memory = \"4MiB\"",
        outcome: "ok",
        ..refused(&["output"], "standard output: ")
    },
    Row {
        limits: "host-memory = \"1MiB\"",
        stdin: 2 << 20,
        args: &["read"],
        says: "standard input: ",
        ..row(guest::FS_DEV, "denied")
    },
    // Small things, as many as a host gives handles for, and large ones that are held only while
    // they are looked at.
    Row {
        limits: HANDLES,
        ..refused(&["options"], "resource handles")
    },
    Row {
        limits: HANDLES,
        ..refused(&["timers"], "resource handles")
    },
    Row {
        limits: HANDLES,
        ..refused(&["streams"], "resource handles")
    },
    // Each reads 1 MiB: these would be 2 GiB.
    Row {
        access: "read-write",
        limits: "handles = 2_048",
        ..refused(&["read-ahead"], "resource handles")
    },
    refused(&["schemes"], "refused"),
    Row {
        access: "read-write",
        ..refused(&["links"], "name-too-long")
    },
    Row {
        access: "read-write",
        ..refused(&["names"], "name-too-long")
    },
    Row {
        outcome: "trap",
        ..refused(&["poll"], "a poll of 20000 pollables")
    },
    // Rules of interfaces.
    broken(&["poll-nothing"], "a poll of no pollable"),
    broken(&["blocking-write"], "a blocking write of 5000 bytes"),
    broken(&["blocking-zeroes"], "a blocking write of 5000 bytes"),
    broken(&["write"], "a write of 2097152 bytes"),
    broken(&["zeroes"], "1099511627776 zeroes"),
    broken(&["child-first"], ""),
    row(guest::RULES_TEXT, "trap"),
    row(guest::RULES_POINTER, "trap"),
    row(guest::RULES_VALUE, "trap"),
    row(guest::RULES_HANDLE, "trap"),
];
