//! Cases that are refused, with the file and the place of the mistake.

use super::beside;
use crate::support::{Scratch, cofferdam};

#[test]
fn a_case_that_is_wrong_is_refused_with_its_place() {
    let check = |cases: &str, parts: &[&str]| {
        let scratch = Scratch::new();
        let ran = beside(&scratch, "args_echo", "", cases, &[]).exits(2);
        ran.complains(&["cases/a.json"]).complains(parts);
    };
    check(
        "[{\"name\": \"a\"},\n {\"name\": \"b\", \"arg\": []}]",
        &["a.json:2:", "case 2 (`b`)", "unknown key `arg`"],
    );
    check(
        r#"{"name": "a", "expect": {"out": ""}}"#,
        &["case 1 (`a`)", "unknown key `out`"],
    );
    check(r#"{"args": []}"#, &["case 1", "missing key `name`"]);
    check(r#"{"name": "a", "#, &["a.json:1:"]);
    check(r#"{"name": ""}"#, &["`name`"]);
    check(
        r#"[{"name": "a"}, {"name": "a"}]"#,
        &["case 2 (`a`)", "another case has this name"],
    );
    check(
        r#"{"name": "a", "expect": {"outcome": "fine"}}"#,
        &["`fine`", "guest-error"],
    );
    check(
        r#"{"name": "a", "expect": {"outcome": "ok", "exit": 2}}"#,
        &["`outcome`", "exit code 2 ends as guest-error"],
    );
    check(r#"{"name": "a", "expect": {"exit": 256}}"#, &["256", "u8"]);
    check(
        r#"{"name": "a", "input": {}, "expect": {"exit": 1}}"#,
        &["`exit` is for commands"],
    );
    check(
        r#"{"name": "a", "expect": {"stdout": {"pattern": "("}}}"#,
        &["`pattern`"],
    );
    check(
        r#"{"name": "a", "expect": {"stdout": {"regex": "a"}}}"#,
        &["`regex`", "\"json\""],
    );
    check(r#"{"name": "a", "stdin": {"base64": "%"}}"#, &["`base64`"]);
    check(
        r#"{"name": "a", "files": {"../b": "x"}}"#,
        &["`../b`", "below /workspace"],
    );
    check(
        r#"{"name": "a", "expect": {"files": {"/etc/passwd": null}}}"#,
        &["`/etc/passwd`"],
    );
    check(
        r#"{"name": "a", "files": {"d": null}}"#,
        &["`d`", "ends in `/`"],
    );
    check(
        r#"{"name": "a", "input": {}, "args": []}"#,
        &["`input` is for typed tools"],
    );
    check(r#"{"name": "a", "limits": {"fule": 1}}"#, &["fule"]);
    check(
        r#"{"name": "a", "http": {"a.test": {}}}"#,
        &["a.test", "http://"],
    );
    check(
        r#"{"name": "a", "http": {"http://a.test/": {"status": 99}}}"#,
        &["`status`: 99"],
    );
    check(r#"{"name": "a", "secrets": ["a b"]}"#, &["\"a b\""]);
    let request = |text: &str| format!(r#"{{"name": "a", "expect": {{"requests": [{text}]}}}}"#);
    check(&request(r#"{"path": "/"}"#), &["`path`", "`url`"]);
    check(&request(r#"{"method": "get"}"#), &["\"get\""]);
    check(&request(r#"{"headers": {"a b": null}}"#), &["\"a b\""]);
    check(
        r#"{"name": "hostile: huge inputs"}"#,
        &["`huge inputs`", "huge input, "],
    );
    check(
        r#"{"name": "hostile: deep JSON", "args": []}"#,
        &["leave out `args`"],
    );
    let scratch = Scratch::new();
    beside(
        &scratch,
        "args_echo",
        "",
        r#"{"name": "hostile: wrong types"}"#,
        &[],
    )
    .exits(2)
    .complains(&["wrong types"]);
    beside(
        &scratch,
        "args_echo",
        "",
        r#"{"name": "a", "tool": "b"}"#,
        &[],
    )
    .exits(2)
    .complains(&["no tool `b`", "guest"]);
    cofferdam(&scratch, ["tool", "test", "guest.wasm"])
        .run()
        .exits(2)
        .complains(&["--capabilities"]);
    cofferdam(&scratch, ["tool", "test"])
        .run()
        .exits(2)
        .complains(&["Cargo.toml"]);
}
