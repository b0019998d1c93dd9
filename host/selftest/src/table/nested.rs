//! Tools that call tools. What a call may set in motion is bounded, and what is beyond is told to
//! the guest that called: it goes on, so its own call ends well.

use crate::guest::NESTED;
use crate::row::{REFUSED, Row, row};

/// A manifest by which the guest may call itself, under the name that the table gives it.
const ITSELF: &str = "[[call]]\nname = \"guest\"\nreason = \"to try\"\n";

/// One by which it may call another tool, and not itself.
const ANOTHER: &str = "[[call]]\nname = \"other\"\nreason = \"to try\"\n";

const fn nested(input: &'static [&'static str], says: &'static str) -> Row {
    Row {
        manifest: ITSELF,
        args: input,
        says,
        ..row(NESTED, "ok")
    }
}

pub(super) const ROWS: &[Row] = &[
    Row {
        after: |ended| ended.called(1),
        ..nested(
            &[r#"{"act": "self", "tool": "guest"}"#],
            "calls of tools are nested 4 deep, and that is the limit",
        )
    },
    Row {
        after: |ended| ended.called(100),
        // The outcome of each is in the answer, which is a text inside the receipt.
        ..nested(
            &[r#"{"act": "many", "tool": "guest"}"#],
            r#"\"answered\":32,\"denied\":68"#,
        )
    },
    // A tool that is there, and not declared.
    Row {
        manifest: ANOTHER,
        ..nested(
            &[r#"{"act": "call", "tool": "guest", "input": {"act": ""}}"#],
            "its manifest declares no call of `guest`",
        )
    },
    nested(
        &[r#"{"act": "call", "tool": "guest", "input": {}}"#],
        "is a required property",
    ),
    nested(
        &[r#"{"act": "log-flood"}"#],
        "log: 744 dropped beyond 256 and 65536 bytes",
    ),
    nested(
        &[r#"{"act": "progress-flood"}"#],
        "progress: 744 dropped beyond 256 and 65536 bytes",
    ),
    Row {
        mode: "list-call",
        outcome: REFUSED,
        ..nested(&["{}"], "does not list its tools")
    },
    Row {
        manifest: "",
        outcome: REFUSED,
        ..nested(&["{}"], "cofferdam:tool/calls@0.1.0")
    },
];
