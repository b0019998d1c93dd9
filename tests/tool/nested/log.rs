//! Log and progress of a tool: shown while it runs, bounded, escaped and redacted.

use serde_json::json;

use super::run;
use crate::support::components::{built, may_call};
use crate::support::{Scratch, cofferdam};

#[test]
fn a_log_is_told_by_level_and_cannot_forge_lines() {
    let ran = run(&may_call("nested"), &json!({ "act": "log" }), &[]).exits(0);
    let line = |part: &str| {
        ran.stderr
            .lines()
            .find(|line| line.contains(part))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(
        line("a debug line").contains("DEBUG") && line("an info line").contains("INFO"),
        "{}",
        ran.stderr
    );
    assert!(
        line("an error line").contains("ERROR")
            && line("an error line").contains("tool=\"nested\"")
    );
    let forged = line("ERROR forged");
    assert!(
        forged.contains("WARN")
            && forged.contains(r"a line\nERROR forged\u{1b}[2J\r and \u{202e}turned"),
        "{forged}"
    );
}

#[test]
fn a_secret_is_taken_out_of_the_log_and_of_progress() {
    let scratch = Scratch::new();
    let rows = "[[http]]\nhost = \"a.test\"\nreason = \"r\"\n[[secret]]\nname = \"token\"\n\
                inject = { header = \"authorization\", format = \"{}\" }\nhost = \
                \"a.test\"\nreason = \"r\"\n";
    let component =
        built(&scratch, "nested", "nested", &(may_call("nested") + rows)).into_os_string();
    let secret = scratch
        .file("token", "swordfish-1234")
        .display()
        .to_string();
    let args = [
        "tool".into(),
        "run".into(),
        component,
        "--secret".into(),
        format!("token={secret}").into(),
    ];
    let input = json!({ "act": "log", "text": "it is swordfish-1234" }).to_string();
    let ran = cofferdam(
        &scratch,
        args.into_iter().chain(["--".into(), input.into()]),
    )
    .run()
    .exits(0);
    assert!(
        ran.stderr.contains("it is [redacted:token]") && !ran.stderr.contains("swordfish"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_flood_of_log_and_progress_is_cut_and_told() {
    let flood = |act: &str| {
        run(
            &may_call("nested"),
            &json!({ "act": act }),
            &["--format", "json"],
        )
        .exits(0)
    };
    let ran = flood("log-flood");
    assert_eq!(
        ran.stderr
            .lines()
            .filter(|line| line.contains("flood "))
            .count(),
        256
    );
    assert_eq!(
        ran.json()["refusals"],
        json!(["log: 744 dropped beyond 256 and 65536 bytes"])
    );
    let ran = flood("log-large");
    assert!(
        !ran.stderr.contains("large") && ran.stderr.contains("small"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        ran.json()["refusals"],
        json!(["log: 1 dropped beyond 256 and 65536 bytes"])
    );
    let ran = flood("progress-flood");
    assert_eq!(
        ran.json()["refusals"],
        json!(["progress: 744 dropped beyond 256 and 65536 bytes"])
    );
}

#[test]
fn progress_is_shown_while_the_tool_runs() {
    let ran = run(&may_call("nested"), &json!({ "act": "progress" }), &[]).exits(0);
    for line in [
        r"progress: 1 of 3 step\n1",
        r"progress: 3 of 3 step\n3",
        "progress: 7",
    ] {
        assert!(
            ran.stderr.lines().any(|said| said == line),
            "`{line}` is not in {}",
            ran.stderr
        );
    }
}
