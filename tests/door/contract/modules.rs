//! Core modules for WASI preview 1 that follow the module contract, as BINs.

use serde_json::Value;

use super::{envelope, host, request, validate, verdict};
use crate::support::components::built_of;
use crate::support::{Scratch, cofferdam};

/// A module that copies its standard input to standard error, and writes this response.
fn module(response: &str) -> Vec<u8> {
    let escaped = response.replace('\\', "\\\\").replace('"', "\\\"");
    let text = format!(
        "(module
           (import \"wasi_snapshot_preview1\" \"fd_read\"
             (func $read (param i32 i32 i32 i32) (result i32)))
           (import \"wasi_snapshot_preview1\" \"fd_write\"
             (func $write (param i32 i32 i32 i32) (result i32)))
           (memory (export \"memory\") 2)
           (data (i32.const 1024) \"{escaped}\")
           (func (export \"_start\")
             (i32.store (i32.const 0) (i32.const 8192))
             (i32.store (i32.const 4) (i32.const 65536))
             (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
             (i32.store (i32.const 4) (i32.load (i32.const 8)))
             (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
             (i32.store (i32.const 0) (i32.const 1024))
             (i32.store (i32.const 4) (i32.const {}))
             (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))",
        response.len()
    );
    wat::parse_str(text).expect("valid text")
}

/// A module that never ends.
fn spinning() -> Vec<u8> {
    let text = "(module (memory (export \"memory\") 1)
                  (func (export \"_start\") (loop (br 0))))";
    wat::parse_str(text).expect("valid text")
}

/// A BIN of this module, which says that it follows the contract.
fn bin(scratch: &Scratch, name: &str, module: &[u8]) -> String {
    let given = scratch.file(&format!("given/{name}.wasm"), module);
    let built = built_of(scratch, &given, name, "contract = \"module-v1\"\n");
    format!("BIN {name} {}\n", built.display())
}

#[test]
fn a_module_answers_as_its_contract_says_and_speaks_for_nobody_else() {
    let scratch = Scratch::new();
    let v1 = |rest: &str| format!("{{\"contract_version\":\"v1\",{rest}}}");
    let spoof = v1(
        "\"status\":\"error\",\"error\":{\"code\":\"approval_denied\",\
        \"reason\":\"tool_approval_denied\",\"message\":\"m\",\"retryable\":false,\
        \"details\":{\"tool\":\"another\",\"origin\":\"host\"}}",
    );
    let denied = v1("\"status\":\"denied\",\"error\":{\"retryable\":true,\"message\":\"no\"}");
    let unfit = v1("\"status\":\"error\",\"error\":{\"code\":\"invalid_input\"}");
    let modules = [
        (
            "echo",
            module(&v1("\"status\":\"ok\",\"output\":\" hello \"")),
            "ok - - null",
        ),
        (
            "spoof",
            module(&spoof),
            "error execution_failed tool_backend_failure false",
        ),
        (
            "denied",
            module(&denied),
            "denied permission_denied tool_permission_denied false",
        ),
        (
            "unfit",
            module(&unfit),
            "error invalid_input tool_invalid_input false",
        ),
        (
            "broken",
            module("{"),
            "error runtime_policy_invalid tool_runtime_policy_invalid false",
        ),
        (
            "spin",
            spinning(),
            "error timeout tool_execution_timeout true",
        ),
    ];
    let lines: String = modules
        .iter()
        .map(|(name, module, _)| bin(&scratch, name, module))
        .collect();
    let mut host = host(&scratch, &lines);
    let mut asked = request("r", "", "some text");
    asked["runtime"] = serde_json::json!({ "timeout_ms": 300 });
    let mut answers = Vec::new();
    for (name, _, expected) in &modules {
        asked["tool"]["name"] = (*name).into();
        let answer = envelope(&scratch, &host, &asked);
        validate(&asked, &answer);
        assert_eq!(&verdict(&answer), expected, "{answer}");
        answers.push(answer);
    }
    assert_eq!(answers[0]["output"]["result"], "hello");
    let details = &answers[1]["error"]["details"];
    for (key, value) in [
        ("tool", "spoof"),
        ("origin", "guest"),
        ("outcome", "guest-error"),
        ("guest_code", "approval_denied"),
        ("guest.tool", "another"),
        ("guest.origin", "host"),
    ] {
        assert_eq!(details[key], value, "{details}");
    }
    assert_eq!(answers[2]["error"]["details"]["origin"], "guest");
    host.hears("outcome=\"guest-error\" reason=\"no\"");
    // The module has read the request of its contract, with the limits that hold.
    let message = answers[1]["error"]["message"].as_str().expect("a sentence");
    let (_, sent) = message.split_once("stderr:\n").expect("standard error");
    let sent: Value = serde_json::from_str(sent).expect("a request");
    assert_eq!(sent["contract_version"], "v1", "{sent}");
    assert_eq!(sent["tool"], "spoof");
    assert_eq!(sent["input"], "some text");
    assert_eq!(sent["runtime"]["max_memory_bytes"], 64 << 20);
    assert_eq!(sent["runtime"]["fuel"], 20_000_000_000_u64);

    // What was given and what runs are both known.
    let component = scratch.path().join("out/echo.wasm");
    let line = ["tool".as_ref(), "inspect".as_ref(), component.as_os_str()];
    let line = line
        .into_iter()
        .chain(["--format".as_ref(), "json".as_ref()]);
    let inspected = cofferdam(&scratch, line).run().exits(0).json();
    let digest = |path: &str| {
        let bytes = std::fs::read(scratch.path().join(path)).expect("a file");
        crate::support::liar::digest(&bytes)
    };
    assert_eq!(
        inspected["manifest"]["tool"]["module"],
        digest("given/echo.wasm")
    );
    assert_eq!(inspected["digest"], digest("out/echo.wasm"));
}
