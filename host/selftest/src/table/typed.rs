//! Typed tools: the list is guest code too, which runs under a grant that gives nothing and the
//! default limits, and a result can be as hostile as a program.

use crate::guest::TYPED_HOSTILE;
use crate::row::{REFUSED, Row, row};

const fn typed(mode: &'static str, outcome: &'static str, says: &'static str) -> Row {
    Row {
        mode,
        says,
        args: &["{}"],
        ..row(TYPED_HOSTILE, outcome)
    }
}

pub(super) const ROWS: &[Row] = &[
    typed("", "ok", "{}"),
    // By default the fuel ends it, and on a slow machine the deadline.
    typed("list-spin", REFUSED, "does not list its tools: "),
    typed("list-trap", REFUSED, "does not list its tools: trap"),
    typed(
        "list-large",
        REFUSED,
        "does not list its tools: host-call-too-large",
    ),
    typed(
        "list-many",
        REFUSED,
        "it lists 1000 tools: expected 1 to 64",
    ),
    typed("list-nothing", REFUSED, "it lists 0 tools"),
    typed("list-twice", REFUSED, "twice"),
    typed("list-name", REFUSED, "is not the name of a tool").within_a_second(),
    typed("list-draws", REFUSED, "holds the character U+001B"),
    typed("list-schema", REFUSED, "is not JSON Schema"),
    typed("call-spin", "out-of-fuel", "").with_little_fuel(),
    typed("call-panic", "trap", "on purpose"),
    typed("call-long", "ok", "[output truncated: "),
    typed("call-large", "host-call-too-large", ""),
    // A guest cannot choose a code that means a decision of the host, nor draw on a terminal with
    // what it says.
    typed("call-denied", "guest-error", "failed: denied: tool_status"),
    typed("call-draws", "guest-error", "failed: "),
];
