//! Hosts, other tools and directories of a case: stood in for, and learned for the manifest.

use super::{beside, case};
use crate::support::Scratch;

#[test]
fn a_web_server_stands_in_for_the_hosts_of_a_case() {
    let scratch = Scratch::new();
    let manifest = "
        [[http]]
        host = \"*.test\"
        methods = [\"GET\"]
        reason = \"r\"
        [[secret]]
        name = \"token\"
        inject = { header = \"authorization\", format = \"Bearer {}\" }
        host = \"a.test\"
        reason = \"r\"
    ";
    let http = r#""http": {"https://a.test/x?y":
        {"status": 201, "headers": {"x-kind": "z"}, "body": "hello"}}"#;
    let ask = |name: &str, method: &str, url: &str, expect: &str| {
        format!(
            r#"{{"name": "{name}", "args": ["{method}", "{url}"], {http},
                "secrets": ["token"], "expect": {{{expect}}}}}"#
        )
    };
    let refused =
        |words: &str| format!(r#""outcome": "guest-error", "stderr": {{"pattern": "{words}"}}"#);
    let whole = r#""stdout": {"pattern": "^status: 201\n(?s:.*)x-kind: z\n(?s:.*)hello$"}"#;
    let cases = [
        ask("answered", "GET", "https://a.test/x?y", whole),
        ask(
            "another path",
            "GET",
            "https://a.test/x",
            r#""stdout": {"pattern": "^status: 404\n"}"#,
        ),
        ask(
            "another host",
            "GET",
            "https://b.test/x?y",
            &refused("DnsError"),
        ),
        ask(
            "another scheme",
            "GET",
            "http://a.test/x?y",
            &refused("DnsError"),
        ),
        ask(
            "another method",
            "POST",
            "https://a.test/x?y",
            &refused("HttpRequestDenied"),
        ),
        ask(
            "not declared",
            "GET",
            "https://a.example/",
            &refused("HttpRequestDenied"),
        ),
    ];
    let cases = format!("[{}]", cases.join(",\n"));
    let tested = beside(
        &scratch,
        "http_fetch",
        manifest,
        &cases,
        &["--format", "json"],
    )
    .exits(0)
    .json();
    assert_eq!(tested[0]["unused"], serde_json::json!([]));

    let idle = r#"{"name": "idle", "expect": {"outcome": "guest-error"}}"#;
    let tested = beside(
        &scratch,
        "http_fetch",
        manifest,
        idle,
        &["--format", "json"],
    )
    .exits(0)
    .json();
    let unused = tested[0]["unused"].to_string();
    assert!(
        unused.contains("[[http]] *.test: no case") && unused.contains("[[secret]] token: no case"),
        "{unused}"
    );

    // What is acknowledged instead of used, and what is asked for.
    let learned = beside(&scratch, "http_fetch", "", idle, &["--learn"])
        .exits(0)
        .stdout;
    for part in [
        "1 of 1 do",
        "[[unused]]\ninterface = \"wasi:http/outgoing-handler\"",
    ] {
        assert!(learned.contains(part), "{part}: {learned}");
    }
    // Of the narrowings that the author wrote, those stay that the cases need no wider.
    let narrow = manifest.replace(
        "methods = [\"GET\"]",
        "methods = [\"GET\", \"PUT\"]\npaths = [\"/x\", \"/never\"]",
    ) + "[limits]\nopen-files = 16\nhttp-requests = 0\n";
    let learned = beside(&scratch, "http_fetch", &narrow, &cases, &["--learn"])
        .exits(0)
        .stdout;
    for part in [
        "host = \"a.test\"\nmethods = [\"GET\"]\npaths = [\"/x\"]\nreason = \"r\"",
        "[limits]\nopen-files = \"16\"\n",
        "format = \"Bearer {}\"",
        "5 of 6 do",
        "Fails all the same: another host",
    ] {
        assert!(learned.contains(part), "{part}: {learned}");
    }
    assert!(!learned.contains("http-requests"), "{learned}");
}

#[test]
fn a_tool_calls_itself_in_a_case_and_a_row_for_calls_that_none_makes_is_told() {
    let scratch = Scratch::new();
    let manifest = "[[call]]\nname = \"guest\"\nreason = \"r\"\n";
    let idle = r#"{"name": "idle", "input": {"act": "nothing"}}"#;
    let tested = beside(&scratch, "nested", manifest, idle, &["--format", "json"])
        .exits(0)
        .json();
    assert_eq!(
        tested[0]["unused"],
        serde_json::json!(["[[call]] guest: no case calls another tool"])
    );

    let calls = r#"{"name": "calls",
        "input": {"act": "call", "tool": "guest", "input": {"act": "nothing"}},
        "expect": {"stdout": {"json": {"inner": {}}}}}"#;
    let tested = beside(&scratch, "nested", manifest, calls, &["--format", "json"])
        .exits(0)
        .json();
    assert_eq!(
        (&tested[0]["unused"], &case(&tested[0], "calls")["calls"]),
        (&serde_json::json!([]), &1.into())
    );
    let learned = beside(&scratch, "nested", manifest, calls, &["--learn"])
        .exits(0)
        .stdout;
    assert!(
        learned.contains("1 of 1 do") && learned.contains(manifest),
        "{learned}"
    );
    let wrong = calls.replace(r#"{"inner": {}}"#, "1");
    beside(&scratch, "nested", manifest, &wrong, &["--learn"])
        .exits(1)
        .complains(&["no case passes"]);
}

#[test]
fn a_directory_of_its_own_is_learned_for_each_path() {
    let scratch = Scratch::new();
    let looks = r#"{"name": "looks", "args": ["end"]}"#;
    let learned = beside(&scratch, "fs_tmp", "", looks, &["--learn"])
        .exits(0)
        .stdout;
    assert!(
        learned.contains("path = \"/tmp\"\naccess = \"read-write\"\nreason = \"\""),
        "{learned}"
    );
    assert_eq!(learned.matches("[[fs]]").count(), 1, "{learned}");
}
