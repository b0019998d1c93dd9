//! Memory, tables, instances, and what the host holds or makes for a guest.

use crate::ended;
use crate::guest;
use crate::row::{REFUSED, Row, row};

pub(super) const ROWS: &[Row] = &[
    row(guest::MEMORY_GROW, "out-of-memory"),
    // Growing beyond its own maximum is no limit of the call's, and takes nothing.
    Row {
        after: ended::little_memory,
        says: "\"code\":7",
        ..row(guest::MEMORY_MAXIMUM, "guest-error")
    },
    Row {
        says: "memory",
        ..row(guest::MEMORY_INITIAL, REFUSED)
    },
    Row {
        says: "memory: ",
        ..row(guest::MEMORY_INSTANCES, "out-of-memory")
    },
    Row {
        says: "instances",
        ..row(guest::INSTANCES_MANY, REFUSED)
    },
    Row {
        says: "memories",
        ..row(guest::MEMORIES_MANY, REFUSED)
    },
    Row {
        says: "tables",
        ..row(guest::TABLES_MANY, REFUSED)
    },
    // Fewer than a common program has.
    Row {
        limits: "instances = 2",
        says: "instance count too high",
        ..row(guest::ARGS_ECHO, "out-of-memory")
    },
    Row {
        limits: "memories = 0",
        says: "memory count too high",
        ..row(guest::ARGS_ECHO, "out-of-memory")
    },
    Row {
        limits: "tables = 1",
        says: "table count too high",
        ..row(guest::ARGS_ECHO, "out-of-memory")
    },
    Row {
        says: "table elements: ",
        ..row(guest::TABLE_GROW, "out-of-memory")
    },
    Row {
        limits: "table-elements = 100",
        says: "limit 100",
        ..row(guest::TABLE_GROW, "out-of-memory")
    },
    // Traps when it finds bytes of an earlier call.
    Row {
        flags: &["--repeat", "40"],
        ..row(guest::MEMORY_CANARY, "ok")
    },
    // Traps when it finds bytes of an earlier call, also where this machine swaps:
    // `tests/sandbox/swap.rs` makes it.
    Row {
        flags: &["--repeat", "3"],
        ..row(guest::MEMORY_SWAPPED, "ok")
    },
    row(guest::MEMORY_FRESH, "ok"),
    // A thousand calls at once, each with all the memory it may have: they wait for each other
    // instead of adding up.
    Row {
        flags: &["--repeat", "1000", "--concurrent", "1000"],
        ..row(guest::MEMORY_FRESH, "ok").of_many_calls()
    },
    Row {
        says: "resource handles",
        ..row(guest::HANDLES_MANY, "guest-error")
    },
    // No function of the host is called for these: the engine counts them.
    Row {
        says: "handles of its own resources",
        ..row(guest::HANDLES_OWN, "guest-error")
    },
    Row {
        says: "handles of its own resources",
        ..row(guest::HANDLES_LENT, "guest-error")
    },
    row(guest::HOST_CALL_LARGE, "host-call-too-large").with_more_memory(),
    Row {
        says: "1099511627776 random bytes",
        ..row(guest::RANDOM_LARGE, "guest-error")
    },
];
