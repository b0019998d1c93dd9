//! Calls that are permitted by rows of the manifest, with inputs that fit the schema of the tool.

use cofferdam_selftest::in_mode;
use serde_json::json;

use super::{answer, run};
use crate::support::components::may_call;
use crate::support::{Scratch, cofferdam, guest};

#[test]
fn a_tool_that_is_not_declared_or_not_there_is_denied() {
    let call = |tool: &str| {
        let (_, answer) = answer(
            &may_call("ghost"),
            &json!({ "act": "call", "tool": tool, "input": { "act": "nothing" } }),
        );
        assert_eq!(answer["outcome"], "Outcome::Denied", "{answer}");
        answer["message"].as_str().unwrap().to_owned()
    };
    assert!(call("nested").contains("declares no call of `nested`"));
    assert!(call("other").contains("declares no call of `other`"));
    assert!(call("ghost").contains("there is no tool `ghost`"));
    // The name is the guest's word, and goes to the log.
    let input = json!({ "act": "call", "tool": format!("x\nERROR forged{}", "y".repeat(100_000)),
        "input": {} });
    let ran = run(&may_call("ghost"), &input, &[]).exits(0);
    let line = ran
        .stderr
        .lines()
        .find(|line| line.contains("forged"))
        .expect("it is logged");
    assert!(
        line.contains(r"x\nERROR forgedyyy") && line.len() < 500,
        "{line}"
    );
}

#[test]
fn an_inner_input_is_held_against_its_schema() {
    let call = |text: &str| {
        let (_, answer) = answer(
            &may_call("nested"),
            &json!({ "act": "call-text", "text": text }),
        );
        assert_eq!(answer["outcome"], "Outcome::Denied", "{answer}");
        answer["message"].as_str().unwrap().to_owned()
    };
    assert!(call("{").contains("not JSON"));
    assert!(call("{}").contains("\"act\" is a required property"));
    assert!(call(&"[".repeat(100_000)).contains("nested more than 120 deep"));
}

#[test]
fn an_import_of_calls_needs_a_row_and_one_of_the_host_does_not() {
    let scratch = Scratch::new();
    let args = [
        "tool".as_ref(),
        "run".as_ref(),
        guest("nested").into_os_string().as_os_str(),
    ]
    .map(ToOwned::to_owned);
    cofferdam(&scratch, args)
        .run()
        .exits(2)
        .complains(&["cofferdam:tool/calls@0.1.0", "declares nothing"]);
    let head = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";
    for (rows, says) in [
        (may_call("a b"), "is not the name of a tool"),
        (may_call("a") + &may_call("a"), "appears twice"),
        (
            "[[call]]\nname = \"a\"\n".to_owned(),
            "missing key `reason`",
        ),
    ] {
        let file = scratch.file("capabilities.toml", format!("{head}{rows}"));
        let args = [
            "tool".into(),
            "inspect".into(),
            guest("nested").into_os_string(),
            "--capabilities".into(),
        ];
        cofferdam(&scratch, args.into_iter().chain([file.into()]))
            .run()
            .exits(2)
            .complains(&[says]);
    }
}

#[test]
fn a_component_that_lists_its_tools_calls_none() {
    let scratch = Scratch::new();
    let component = scratch.file(
        "nested.wasm",
        in_mode(&std::fs::read(guest("nested")).unwrap(), "list-call"),
    );
    let head = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";
    let file = scratch.file("capabilities.toml", head.to_owned() + &may_call("nested"));
    for command in ["build", "run"] {
        let args = [
            "tool".into(),
            command.into(),
            component.clone().into(),
            "--capabilities".into(),
            file.clone().into(),
        ];
        let args: [std::ffi::OsString; 5] = args;
        cofferdam(&scratch, args)
            .run()
            .exits(2)
            .complains(&["does not list its tools", "trap"]);
    }
}
