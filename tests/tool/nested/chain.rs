//! Chains of calls: their depth, number, receipts and time.

use cofferdam_selftest::in_mode;
use serde_json::json;

use super::{answer, run};
use crate::support::components::{built, built_of, may_call};
use crate::support::{Scratch, cofferdam, guest};

#[test]
fn a_tool_that_calls_itself_for_ever_is_denied_at_the_fourth_depth() {
    let (receipt, mut answer) = answer(&may_call("nested"), &json!({ "act": "self" }));
    for _ in 0..4 {
        answer = answer["inner"].take();
    }
    assert_eq!(answer["outcome"], "Outcome::Denied", "{answer}");
    assert!(
        answer["message"]
            .as_str()
            .unwrap()
            .contains("nested 4 deep"),
        "{answer}"
    );
    assert_eq!(receipt["calls"], 1);
}

#[test]
fn the_depth_is_a_limit_like_the_others() {
    let two = may_call("nested") + "[limits]\nnested-depth = 2\n";
    let (_, answer) = answer(&two, &json!({ "act": "self" }));
    assert!(
        answer["inner"]["inner"]["message"]
            .as_str()
            .unwrap()
            .contains("nested 2 deep"),
        "{answer}"
    );
    let many = may_call("nested") + "[limits]\nnested-depth = 5\n";
    let ran = run(&many, &json!({ "act": "self" }), &[]).exits(0);
    let told = "asks for `nested-depth` = 5, and it gets 4 (the ceiling of this host is 4)";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

#[test]
fn every_inner_call_has_a_receipt() {
    let ran = run(&may_call("nested"), &json!({ "act": "self" }), &[]).exits(0);
    let receipts: Vec<_> = ran
        .stderr
        .lines()
        .filter(|line| line.contains("tool call tool=\"nested\""))
        .collect();
    assert_eq!(receipts.len(), 6, "{}", ran.stderr);
    assert!(
        receipts[0].contains("outcome=\"denied\"") && receipts[0].contains("depth=5"),
        "{}",
        receipts[0]
    );
    assert!(
        receipts[1].contains("outcome=\"ok\"") && receipts[1].contains("depth=4"),
        "{}",
        receipts[1]
    );
    assert!(
        receipts[5].contains("outcome=\"ok\"") && receipts[5].contains("depth=0"),
        "{}",
        receipts[5]
    );
}

#[test]
fn calls_are_counted_over_the_whole_chain() {
    let (receipt, counted) = answer(&may_call("nested"), &json!({ "act": "many" }));
    assert_eq!(
        (&counted["answered"], &counted["denied"]),
        (&json!(32), &json!(68)),
        "{counted}"
    );
    assert!(
        counted["last"]["message"]
            .as_str()
            .unwrap()
            .contains("`nested-calls`"),
        "{counted}"
    );
    assert_eq!(receipt["calls"], 100);
    let ran = run(&may_call("nested"), &json!({ "act": "many" }), &[]).exits(0);
    assert!(
        !ran.stderr.contains("denied"),
        "what is beyond the limit does not fill the log"
    );
    let ran = run(&may_call("nested"), &json!({ "act": "tree" }), &[]).exits(0);
    let made = ran
        .stderr
        .lines()
        .filter(|line| line.contains("tool call") && line.contains("outcome=\"ok\""))
        .count();
    assert_eq!(made, 33, "the calls of calls are counted too");
    // The first of them answered, and counted how many it could make itself: the thirty-one that
    // were left.
    assert!(ran.stdout.contains(r#""answered":1"#), "{}", ran.stdout);
}

#[test]
fn a_tool_calls_another_one_of_its_component() {
    let scratch = Scratch::new();
    let several = scratch.file(
        "several.wasm",
        in_mode(&std::fs::read(guest("nested")).unwrap(), "list-several"),
    );
    let component =
        built_of(&scratch, &several, "nested", &may_call("nested_second")).into_os_string();
    let args = ["tool".into(), "run".into(), component];
    let input = json!({ "act": "call", "tool": "nested_second", "input": { "act": "nothing" } })
        .to_string();
    let args = args
        .into_iter()
        .chain(["--".into(), "nested_first".into(), input.into()]);
    assert_eq!(
        cofferdam(&scratch, args).run().exits(0).json(),
        json!({ "inner": {} })
    );
}

#[test]
fn as_many_chains_as_there_are_places_run_to_their_end() {
    // One place for calls, so an inner call that waited for a place would wait for its own caller.
    let scratch = Scratch::new();
    scratch.file("data/cofferdam.toml", "[host]\ncalls = 1\n");
    let component = built(&scratch, "nested", "nested", &may_call("nested")).into_os_string();
    let args = [
        "tool".into(),
        "run".into(),
        component,
        "--".into(),
        "{\"act\": \"self\"}".into(),
    ];
    let ran = cofferdam(&scratch, args).run().exits(0);
    assert!(ran.stdout.contains("nested 4 deep"), "{}", ran.stdout);
}

#[test]
fn the_time_that_is_left_is_the_host_s_and_only_falls() {
    let (_, left) = answer(
        &(may_call("nested") + "[limits]\nwall = \"20s\"\n"),
        &json!({ "act": "deadline" }),
    );
    let (first, last) = (
        left["first"].as_u64().unwrap(),
        left["last"].as_u64().unwrap(),
    );
    assert!(last < first && first <= 20_000 && first > 10_000, "{left}");
}
