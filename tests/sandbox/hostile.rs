//! The hostile corpus, run as an operator runs it: by the binary that is installed.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use cofferdam_selftest::rows;
use serde_json::Value;

use crate::support::{Scratch, cofferdam, guest};

/// How long all rows may take on a machine that runs other tests at the same time: one takes half a
/// second.
const PATIENCE: Duration = Duration::from_secs(900);

#[test]
fn every_row_of_the_corpus_holds() {
    let scratch = Scratch::new();
    let run = |guests: &[String]| {
        let args = ["selftest", "--format", "json"]
            .into_iter()
            .chain(guests.iter().map(String::as_str));
        cofferdam(&scratch, args).patience(PATIENCE).run().json()
    };
    let failed = |report: &Value| -> Vec<Value> {
        let verdicts = report["verdicts"].as_array().expect("verdicts").iter();
        verdicts
            .filter(|verdict| !verdict["problem"].is_null())
            .cloned()
            .collect()
    };
    let report = run(&[]);
    assert_eq!(report["rows"], rows().count());
    // Other tests run at the same time, and rows are about time and memory. A limit that does not
    // hold fails again.
    let first = failed(&report);
    if !first.is_empty() {
        let guests: Vec<_> = first
            .iter()
            .map(|verdict| verdict["guest"].as_str().expect("a name").to_owned())
            .collect();
        let again = failed(&run(&guests));
        assert!(again.is_empty(), "{first:#?}\nand again: {again:#?}");
    }
}

#[test]
fn the_table_of_a_part_is_for_people() {
    let scratch = Scratch::new();
    let ran = cofferdam(&scratch, ["selftest", "exit_zero", "artifact_e"])
        .run()
        .exits(0);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert!(
        lines[0].contains("MUST END AS") && lines[1].contains("exit_zero"),
        "{}",
        ran.stdout
    );
    assert!(
        lines[2].contains("artifact_empty") && lines[2].ends_with("pass"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.ends_with("2 of 2 passed\n"), "{}", ran.stdout);
    cofferdam(&scratch, ["selftest", "nothing"])
        .run()
        .exits(2)
        .complains(&["nothing", "selftest"]);
}

#[test]
fn rows_are_shown_as_they_finish_and_listed_without_running() {
    let scratch = Scratch::new();
    let mut child = cofferdam(&scratch, ["selftest", "args_echo", "exit_zero"]).start();
    let stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut lines = stdout.lines().map_while(Result::ok);
    let header = lines.next().expect("a header");
    let first = lines.next().expect("a row");
    // The other row and the sum are still to come.
    assert!(child.try_wait().expect("ours").is_none());
    assert!(first.ends_with("pass"), "{first}");
    let column = |line: &str, name: &str| line.find(name).expect("a column");
    assert_eq!(
        column(&header, "MUST END AS"),
        column(&first, "out-of-memory")
    );
    assert!(lines.last().is_some_and(|line| line.ends_with(" passed")));
    assert!(child.wait().expect("ours").success());

    let list = |args: &[&str]| {
        let line = [&["selftest", "--list"], args].concat();
        cofferdam(&scratch, line).run().exits(0)
    };
    let all = list(&["--format", "json"]).json();
    assert_eq!(all.as_array().map(Vec::len), Some(rows().count()));
    assert!(
        all[0]["tries"]
            .as_str()
            .is_some_and(|tries| !tries.is_empty())
    );
    let some = list(&["exit_zero"]).stdout;
    assert_eq!(some.lines().count(), 2, "{some}");
    assert!(
        some.contains("MUST END AS") && some.contains("exit_zero"),
        "{some}"
    );
}

#[test]
fn fuel_that_runs_out_anywhere_is_out_of_fuel() {
    let scratch = Scratch::new();
    let run = |fuel: u64| {
        let args = [
            "tool".into(),
            "run".into(),
            guest("env_dump").into_os_string(),
            "--format".into(),
            "json".into(),
        ];
        let ran = cofferdam(
            &scratch,
            args.into_iter()
                .chain(["--fuel".into(), fuel.to_string().into()]),
        )
        .run();
        (
            ran.json()["outcome"]["name"].as_str().unwrap().to_owned(),
            ran.json()["fuel"].as_u64().unwrap(),
        )
    };
    let (outcome, needed) = run(1_000_000);
    assert_eq!(outcome, "ok");
    // Before the first host call, at and between host calls.
    for part in 0..24 {
        let fuel = needed * part / 24;
        assert_eq!(
            run(fuel),
            ("out-of-fuel".to_owned(), fuel),
            "with {fuel} of {needed}"
        );
    }
}
