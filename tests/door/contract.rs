//! Tool contract v1, over gRPC with a client in Python whose messages are JSON, and over HTTP.

/// The vectors of the contract, and its eight groups.
mod vectors;

/// Requests that are none, and those that come a second time.
mod deliveries;

/// Calls that wait for a person.
mod approvals;

/// Attempts: how often a failed call is made again.
mod retries;

/// Modules that follow the module contract, as tools.
mod modules;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Host, Scratch, checkout, python};

/// The operator's token.
#[track_caller]
fn operator(scratch: &Scratch) -> String {
    let token = std::fs::read_to_string(scratch.data().join("operator.token"));
    token.expect("made at the start").trim_end().to_owned()
}

/// A request of the contract in its usual form.
fn request(id: &str, tool: &str, input: &str) -> Value {
    json!({
        "tool_contract_version": "v1", "request_id": id, "namespace": "default",
        "agent": "research-agent", "tool": { "name": tool, "operation": "invoke" },
        "input_raw": input, "trace": { "trace_id": "default/task/a001", "span_id": id },
        "attempt": 1,
    })
}

/// A host that listens on TCP, with the agent `research-agent` that has these lines.
fn host<'a>(scratch: &'a Scratch, lines: &str) -> Host<'a> {
    let text = format!("FROM scratch\nNAME research-agent\nMODEL builtin/commands\n{lines}\n");
    let file = scratch.file("Agentfile", text);
    Host::listening(scratch, ["--agentfile".as_ref(), file.as_os_str()])
}

/// A command of the client in Python.
fn client(host: &Host<'_>, token: &str, agent: &str) -> Command {
    let mut command = Command::new(python());
    command
        .arg(checkout().join("tests/door/contract/client.py"))
        .args([&host.address, agent])
        .env("COFFERDAM_TOKEN", token)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// The answers to these requests over gRPC.
#[track_caller]
fn ended(mut command: Command, requests: &[Value]) -> Vec<Value> {
    let mut child = command.spawn().expect("Python runs");
    let mut stdin = child.stdin.take().expect("piped");
    stdin
        .write_all(json!(requests).to_string().as_bytes())
        .expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "the client failed");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The answers to these requests over gRPC, with the operator's token.
#[track_caller]
fn over_grpc(scratch: &Scratch, host: &Host<'_>, requests: &[Value]) -> Vec<Value> {
    ended(client(host, &operator(scratch), ""), requests)
}

/// The status and the body of the answer to a request over HTTP.
#[track_caller]
fn over_http(host: &Host<'_>, headers: &str, body: &str) -> (u16, String) {
    http(host, "POST /v1/tools/execute", headers, body)
}

/// The status and the body of the answer to a request with this method and this path.
#[track_caller]
fn http(host: &Host<'_>, line: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(&host.address).expect("it listens");
    let head = format!(
        "{line} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
        host.address,
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    // A body that is refused early is not read to its end.
    let _ = stream.write_all(body.as_bytes());
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    let text = String::from_utf8(text).expect("text");
    let status = text.get("HTTP/1.1 ".len()..).and_then(|text| text.get(..3));
    let status = status.unwrap_or_else(|| panic!("no answer to {line}: {text}"));
    let (_, body) = text.split_once("\r\n\r\n").expect("a body");
    (status.parse().expect("a status"), body.to_owned())
}

/// The headers of a client of the contract with this token.
fn headers(token: &str) -> String {
    format!(
        "Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         X-Tool-Contract-Version: v1\r\n"
    )
}

/// The envelope that answers a request over HTTP, with the operator's token.
#[track_caller]
fn envelope(scratch: &Scratch, host: &Host<'_>, request: &Value) -> Value {
    let (status, body) = over_http(host, &headers(&operator(scratch)), &request.to_string());
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).expect("an envelope")
}

/// Checks everything that holds of every envelope (the validator of the contract).
#[track_caller]
fn validate(request: &Value, response: &Value) {
    assert_eq!(response["tool_contract_version"], "v1", "{response}");
    assert_eq!(response["request_id"], request["request_id"], "{response}");
    assert_eq!(response["trace"], request["trace"], "{response}");
    assert!(
        response["usage"]["attempt"].as_u64() > Some(0),
        "{response}"
    );
    assert!(response["usage"]["duration_ms"].is_u64(), "{response}");
    let error = &response["error"];
    match response["status"].as_str() {
        Some("ok") => {
            assert!(error.is_null(), "{response}");
            assert!(response["output"]["result"].is_string(), "{response}");
        }
        Some("error" | "denied") => {
            for key in ["code", "reason", "message"] {
                let text = error[key].as_str().unwrap_or_default();
                assert!(!text.trim().is_empty(), "{response}");
            }
            assert!(error["retryable"].is_boolean(), "{response}");
            let details = error["details"].as_object();
            let mut details = details.into_iter().flat_map(|details| details.values());
            assert!(details.all(Value::is_string), "{response}");
        }
        other => panic!("status {other:?}: {response}"),
    }
}

/// A response in one line: status, code, reason and whether it may be retried.
fn verdict(response: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let error = &response["error"];
    format!(
        "{} {} {} {}",
        text(&response["status"]),
        text(&error["code"]),
        text(&error["reason"]),
        error["retryable"]
    )
}
