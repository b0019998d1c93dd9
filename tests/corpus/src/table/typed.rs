//! Typed tools: the list is guest code too, and a result can be as hostile as a program.

use crate::guest::TYPED_HOSTILE;
use crate::row::{REFUSED, Row, row};

const fn typed(mode: &'static str, outcome: &'static str, says: &'static str) -> Row {
    Row { mode, says, args: &["{}"], ..row(TYPED_HOSTILE, outcome) }
}

pub(super) const ROWS: &[Row] = &[
    typed("", "ok", "{}"),
    typed("list-spin", REFUSED, "does not list its tools: out-of-fuel").with_little_fuel(),
    typed("list-large", REFUSED, "does not list its tools: host-call-too-large"),
    typed("list-many", REFUSED, "it lists 1000 tools: expected 1 to 64"),
    typed("list-nothing", REFUSED, "it lists 0 tools"),
    typed("list-twice", REFUSED, "twice"),
    typed("list-name", REFUSED, "is not a tool name").within_a_second(),
    typed("list-schema", REFUSED, "is not JSON Schema"),
    typed("call-spin", "out-of-fuel", "").with_little_fuel(),
    typed("call-panic", "trap", "on purpose"),
    typed("call-long", "ok", "[output truncated: "),
    typed("call-large", "host-call-too-large", ""),
    // A guest cannot choose a code that means a decision of the host.
    typed("call-denied", "guest-error", "failed: denied: tool_status"),
];
