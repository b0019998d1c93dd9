//! Requests that a case expects: URL, method, headers, secrets, body, and how many there are.

use serde_json::Value;

use super::{beside, case};
use crate::support::Scratch;

const MANIFEST: &str = "
    [[http]]
    host = \"a.test\"
    reason = \"r\"
    [[secret]]
    name = \"token\"
    inject = { header = \"authorization\", format = \"Bearer {}\" }
    host = \"a.test\"
    reason = \"r\"
";

fn ask(name: &str, args: &str, requests: &str) -> String {
    format!(
        r#"{{"name": "{name}", "args": {args}, "secrets": ["token"],
            "http": {{"https://a.test/x?y": {{"body": "hello"}}}},
            "expect": {{"requests": {requests}}}}}"#
    )
}

#[test]
fn a_case_says_which_requests_its_tool_sends() {
    let scratch = Scratch::new();
    let get = r#"["GET", "https://a.test/x?y", "x-kind:z"]"#;
    let cases = [
        ask(
            "all of it",
            get,
            r#"[{"method": "GET", "url": "https://A.test:443/x?y", "headers":
                {"X-Kind": "z", "authorization": "Bearer {token}", "cookie": null}, "body": ""}]"#,
        ),
        ask("nothing of it", get, "[{}]"),
        ask("none", get, "[]"),
        ask("two", get, "[{}, {}]"),
        ask("method", get, r#"[{"method": "PUT"}]"#),
        ask("url", get, r#"[{"url": "https://a.test/x"}]"#),
        ask(
            "header",
            get,
            r#"[{"headers": {"x-kind": {"pattern": "^a"}}}]"#,
        ),
        ask("missing", get, r#"[{"headers": {"x-other": "z"}}]"#),
        ask("extra", get, r#"[{"headers": {"x-kind": null}}]"#),
        ask(
            "secret",
            get,
            r#"[{"headers": {"authorization": "Bearer x"}}]"#,
        ),
        ask("body", get, r#"[{"body": {"json": {"a": 1}}}]"#),
    ];
    let tested = beside(
        &scratch,
        "http_fetch",
        MANIFEST,
        &format!("[{}]", cases.join(",\n")),
        &["--format", "json"],
    )
    .exits(1)
    .json();
    let told = |name: &str| {
        let problems = case(&tested[0], name)["problems"]
            .as_array()
            .expect("problems");
        let problems = problems.iter().filter_map(Value::as_str);
        problems.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(told("all of it"), "");
    assert_eq!(told("nothing of it"), "");
    let sent = "GET https://a.test/x?y";
    assert_eq!(
        told("none"),
        format!("requests: expected 0, found 1\n  {sent}")
    );
    assert_eq!(
        told("two"),
        format!("requests: expected 2, found 1\n  {sent}")
    );
    for (name, says) in [
        ("method", "method: expected PUT"),
        ("url", "url: expected https://a.test/x"),
        ("header", "header x-kind: no match of the pattern ^a"),
        ("missing", "header x-other: it is not there"),
        ("extra", "header x-kind: it is there"),
        ("body", "body: it is not JSON"),
    ] {
        let told = told(name);
        assert!(
            told.starts_with(&format!("request 1 ({sent}): {says}")),
            "{told}"
        );
    }
    // What a secret's value was is nobody's affair, not even in a failure.
    let secret = told("secret");
    assert!(secret.contains("+ Bearer {token}"), "{secret}");
}

#[test]
fn a_request_that_the_host_refused_was_not_sent() {
    let scratch = Scratch::new();
    let cases = ask("refused", r#"["GET", "https://b.test/"]"#, "[]").replace(
        "\"expect\": {",
        "\"expect\": {\"outcome\": \"guest-error\", ",
    );
    beside(&scratch, "http_fetch", MANIFEST, &cases, &[]).exits(0);
}
