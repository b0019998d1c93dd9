//! `review --since` and `--narrow`: what a tool may do against what its calls did.

use serde_json::{Value, json};

use crate::support::components::{built, built_of, directory};
use crate::support::{Ran, Scratch, cofferdam, tool as shipped};

/// The rows of a manifest of a tool that reads files, with comments of its author.
const ROWS: &str = "\n# where the notes are\n[[fs]]\npath = \"/workspace\"\n\
    access = \"read-write\" # to be sure\nreason = \"to try\"\n\n\
    # nobody knows why\n[[fs]]\npath = \"/home\"\naccess = \"read-only\"\nreason = \"to try\"\n\n\
    [[http]]\nhost = \"*.a.test\"\nreason = \"to try\"\n\n\
    [[call]]\nname = \"wc\"\nreason = \"to try\"\n\n\
    [[env]]\nname = \"TEAM\"\nreason = \"to try\"\n";

fn review(scratch: &Scratch, tool: &str, flags: &[&str]) -> Ran {
    let line = ["review", tool].into_iter().chain(flags.iter().copied());
    cofferdam(scratch, line).run()
}

/// The use of a row, as JSON shows it.
fn used<'a>(shown: &'a Value, subject: &str) -> &'a Value {
    let rows = shown["rows"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["subject"] == subject);
    &row.expect("a row")["used"]
}

/// Puts these lines in the place of each line of the trail.
fn rewrite_trail(scratch: &Scratch, lines_for: impl Fn(Value) -> Vec<Value>) {
    let trail = scratch.data().join("audit");
    let entries = std::fs::read_dir(trail).expect("a trail");
    let segments = entries.map(|entry| entry.expect("an entry").path());
    for segment in segments.filter(|path| path.extension().is_some_and(|end| end == "jsonl")) {
        let text = std::fs::read_to_string(&segment).expect("lines");
        let lines = text
            .lines()
            .flat_map(|line| lines_for(serde_json::from_str(line).expect("JSON")))
            .map(|line| line.to_string() + "\n");
        std::fs::write(&segment, lines.collect::<String>()).expect("lines");
    }
}

#[test]
fn a_manifest_is_narrowed_to_what_its_calls_used() {
    let scratch = Scratch::new();
    let tool = built_of(&scratch, &shipped("cat"), "reader", ROWS);
    let tool = tool.display().to_string();
    review(&scratch, &tool, &["--since", "1h"])
        .exits(2)
        .complains(&["no call of it is recorded", "earlier --since"]);
    scratch.file("files/a.txt", "a");
    let files = scratch.path().join("files").display().to_string();
    let mount = format!("{files}:/workspace:rw");
    let run = |tool: &str| {
        let line = [
            "tool", "run", tool, "--dir", &mount, "--repeat", "3", "--", "a.txt",
        ];
        cofferdam(&scratch, line).run().exits(0)
    };
    run(&tool);
    let shown = review(&scratch, &tool, &["--since", "1h", "--format", "json"]);
    let shown = shown.exits(0).json();
    assert_eq!((&shown["calls"], &shown["untold"]), (&json!(3), &json!(0)));
    assert_eq!(used(&shown, "/workspace"), true, "{shown}");
    for never in ["/home", "*.a.test", "wc"] {
        assert_eq!(used(&shown, never), false, "{never}: {shown}");
    }
    assert!(used(&shown, "TEAM").is_null(), "{shown}");
    let page = review(&scratch, &tool, &["--since", "1h"]).exits(0).stdout;
    assert!(
        page.contains("never used") && page.contains("memory"),
        "{page}"
    );
    // Of calls before a time nothing is known.
    let later = ["--since", "2100-01-01T00:00:00Z"];
    review(&scratch, &tool, &later).exits(2);
    let other = ["--since", "1h", "--agent", "nobody"];
    review(&scratch, &tool, &other)
        .exits(2)
        .complains(&["there is no agent `nobody`"]);

    // In its author's own words.
    let own = scratch.path().join("reader.toml").display().to_string();
    let narrow = ["--narrow", "--capabilities", &own];
    let smaller = review(&scratch, &tool, &narrow).exits(0).stdout;
    for part in [
        "# where the notes are",
        "access = \"read-only\" # to be sure",
        "name = \"TEAM\"",
        "memory = ",
    ] {
        assert!(smaller.contains(part), "{part}: {smaller}");
    }
    for part in ["/home", "nobody knows", "a.test", "[[call]]", "read-write"] {
        assert!(!smaller.contains(part), "{part}: {smaller}");
    }
    // It is built in, still runs, and allows nothing more.
    let file = scratch.file("smaller.toml", &smaller).display().to_string();
    let ran = cofferdam(
        &scratch,
        ["review", "diff", &own, &file, "--format", "json"],
    )
    .run();
    let changes = ran.exits(0).json();
    assert!(changes["narrowed"].as_u64() > Some(3), "{changes}");
    let out = scratch.path().join("smaller").display().to_string();
    let build = [
        "tool",
        "build",
        &tool,
        "--capabilities",
        &file,
        "--out",
        &out,
    ];
    cofferdam(&scratch, build).run().exits(0);
    let built = format!("{out}/reader.wasm");
    run(&built);
    // Without the text, the same manifest.
    let ran = review(&scratch, &tool, &["--narrow"]).exits(0);
    assert!(ran.stderr.contains("made from 3 calls"), "{}", ran.stderr);
    let plain = ran.stdout;
    let plain = scratch.file("plain.toml", plain).display().to_string();
    let ran = cofferdam(&scratch, ["review", "diff", &file, &plain]).run();
    assert_eq!(ran.exits(0).stdout, "no difference\n");
}

#[test]
fn nothing_is_concluded_from_lines_that_do_not_say_it() {
    let scratch = Scratch::new();
    let rows = directory("/workspace", "read-only");
    let tool = built(&scratch, "quiet", "exit_zero", &rows)
        .display()
        .to_string();
    cofferdam(&scratch, ["tool", "run", &tool]).run().exits(0);
    let flags = ["--since", "1h", "--format", "json"];
    let shown = review(&scratch, &tool, &flags).exits(0).json();
    assert_eq!(used(&shown, "/workspace"), false, "{shown}");
    // As a former host wrote its lines.
    rewrite_trail(&scratch, |mut line| {
        line.as_object_mut().expect("an object").remove("reach");
        vec![line]
    });
    let ran = review(&scratch, &tool, &flags).exits(0);
    let shown = ran.json();
    assert_eq!(shown["untold"], 1, "{shown}");
    assert!(used(&shown, "/workspace").is_null(), "{shown}");
    assert!(shown["narrowed"]["fs"].is_array(), "{shown}");
    assert!(ran.stderr.contains("do not say all"), "{}", ran.stderr);
}

#[test]
fn a_call_that_was_denied_half_way_counts_and_one_that_never_ran_does_not() {
    let scratch = Scratch::new();
    let clock = "[[unused]]\ninterface = \"wasi:clocks/wall-clock\"\nreason = \"to try\"\n";
    let read = |path| directory(path, "read-only");
    let rows = format!("{clock}{}{}", read("/workspace"), read("/home"));
    let tool = built_of(&scratch, &shipped("find"), "finder", &rows);
    let tool = tool.display().to_string();
    scratch.file("files/a.txt", "a");
    let files = scratch.path().join("files").display().to_string();
    let mount = format!("{files}:/workspace:rw");
    // The clock is asked for once the file was found.
    let line = ["tool", "run", &tool, "--dir", &mount, "--"];
    let age = [".", "-name", "a.txt", "-mmin", "-60"];
    let ran = cofferdam(&scratch, line.iter().chain(&age)).run().exits(3);
    assert!(ran.stderr.contains("wasi:clocks/wall-clock"), "{ran:?}");
    let flags = ["--since", "1h", "--format", "json"];
    let ran = review(&scratch, &tool, &flags).exits(0);
    assert!(!ran.stderr.contains("left out"), "{}", ran.stderr);
    let shown = ran.json();
    assert_eq!(shown["calls"], 1, "{shown}");
    assert_eq!(shown["left_out"], 0, "{shown}");
    assert_eq!(used(&shown, "/workspace"), true, "{shown}");
    assert_eq!(used(&shown, "/home"), false, "{shown}");
    let smaller = review(&scratch, &tool, &["--narrow"]).exits(0).stdout;
    assert!(
        smaller.contains("/workspace") && !smaller.contains("/home"),
        "{smaller}"
    );

    // Beside it one that a policy refused, and one whose input was no good.
    rewrite_trail(&scratch, |line| {
        if line["outcome"] != "denied" {
            return vec![line];
        }
        let mut refused = line.clone();
        refused["decision"]["verdict"] = json!("deny");
        let mut unfit = line.clone();
        unfit["usage"]["fuel"] = json!(0);
        vec![line, refused, unfit]
    });
    let ran = review(&scratch, &tool, &flags).exits(0);
    let sentence = "2 calls are left out, because they never ran";
    assert!(ran.stderr.contains(sentence), "{}", ran.stderr);
    let shown = ran.json();
    assert_eq!(shown["calls"], 1, "{shown}");
    assert_eq!(shown["left_out"], 2, "{shown}");
}
