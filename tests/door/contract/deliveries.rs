//! Requests that are none, and requests that come a second time.

use serde_json::{Value, json};

use super::{client, ended, envelope, headers, host, http, operator, over_http, request, verdict};
use crate::support::components::{built_of, directory};
use crate::support::{Scratch, cofferdam, tool};

#[test]
fn what_is_no_request_gets_a_status_and_a_sentence() {
    let scratch = Scratch::new();
    let host = host(&scratch, &format!("BIN cat {}", tool("cat").display()));
    let token = headers(&operator(&scratch));
    let body = request("r", "cat", "hello").to_string();
    let (status, answer) = over_http(&host, &token, &body);
    assert_eq!(status, 200, "{answer}");
    let plain = token.replace("application/json", "text/plain");
    let with_charset = token.replace("application/json", "application/json; charset=utf-8");
    assert_eq!(over_http(&host, &with_charset, &body).0, 200);
    let large = "x".repeat((4 << 20) + 1);
    for (line, headers, body, status, part) in [
        (
            "POST /v1/tools/execute",
            token.as_str(),
            "{",
            400,
            "no envelope",
        ),
        (
            "POST /v1/tools/execute",
            &token,
            "[]",
            400,
            "expected a JSON object",
        ),
        ("POST /v1/tools/execute", &token, "", 400, "no envelope"),
        (
            "POST /v1/tools/execute",
            &plain,
            &body,
            400,
            "application/json",
        ),
        (
            "POST /v1/tools/execute",
            &token,
            &large,
            413,
            "at most 4194304 bytes",
        ),
        ("POST /v1/tools/execute", "", &body, 401, "Bearer"),
        ("GET /v1/tools/execute", &token, "", 404, "no such method"),
        ("POST /v1/tools", &token, &body, 404, "no such method"),
        (
            "POST /orloj.tool.v1.ToolService/Execute",
            &token,
            &body,
            404,
            "no such method",
        ),
    ] {
        let (found, answer) = http(&host, line, headers, body);
        assert_eq!(found, status, "{line}: {answer}");
        assert!(answer.contains(part), "{line}: {answer}");
        assert_eq!(answer.lines().count(), 1, "{line}: {answer}");
    }
    // A version beside the envelope counts as the one in it.
    let newer = token.replace("Version: v1", "Version: v9");
    let (status, answer) = over_http(&host, &newer, &body);
    let answer: Value = serde_json::from_str(&answer).expect("an envelope");
    assert_eq!(
        (status, &answer["error"]["code"]),
        (200, &json!("invalid_input"))
    );
    assert_eq!(answer["request_id"], "r");
    let token = operator(&scratch);
    let answers = ended(client(&host, &token, ""), &[json!([]), json!("x")]);
    for answer in answers {
        assert_eq!(answer["code"], "INVALID_ARGUMENT", "{answer}");
    }
}

#[test]
fn a_second_delivery_changes_nothing_twice_and_is_for_its_caller_alone() {
    let scratch = Scratch::new();
    let workspace = directory("/workspace", "read-write");
    let tee = built_of(&scratch, &tool("tee"), "tee", &workspace);
    let lines = format!(
        "BIN tee {}\nBIN cat {}",
        tee.display(),
        tool("cat").display()
    );
    let host = host(&scratch, &lines);
    let append = |id: &str, text: &str| {
        let input = json!({ "args": ["-a", "log"], "stdin": text });
        request(id, "tee", &input.to_string())
    };
    let log = || {
        let input = json!({ "args": ["log"] }).to_string();
        let read = envelope(&scratch, &host, &request("read", "cat", &input));
        read["output"]["result"]
            .as_str()
            .expect("a result")
            .to_owned()
    };
    let first = envelope(&scratch, &host, &append("w", "one\n"));
    assert_eq!(verdict(&first), "ok - - null", "{first}");
    let mut again = append("w", "one\n");
    again["attempt"] = json!(2);
    let again = envelope(&scratch, &host, &again);
    assert_eq!(again["output"], first["output"]);
    assert_eq!(again["usage"]["attempt"], 2, "{again}");
    assert_eq!(log(), "one\n");
    // A name is for one request.
    let other = envelope(&scratch, &host, &append("w", "two\n"));
    assert_eq!(other["error"]["details"]["field"], "request_id", "{other}");
    assert_eq!(log(), "one\n");
    // Another caller may choose the same name, and gets an answer of its own.
    let line = ["token", "create", "second", "--scope", "tools"];
    let second = cofferdam(&scratch, line).run().exits(0).stdout;
    let answers = ended(
        client(&host, second.trim_end(), ""),
        &[append("w", "two\n")],
    );
    assert_eq!(verdict(&answers[0]), "ok - - null", "{answers:?}");
    assert_eq!(log(), "one\ntwo\n");
    // A tool that reads is called again.
    envelope(&scratch, &host, &append("w2", "three\n"));
    assert_eq!(log(), "one\ntwo\nthree\n");
}
