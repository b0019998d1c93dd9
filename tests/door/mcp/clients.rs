//! A foreign client (`mcp` from PyPI), over standard input and over HTTP.

use std::process::Command;

use serde_json::{Value, json};

use super::MODES;
use crate::support::mcp::{Server, asked, over_http, over_stdio};
use crate::support::{Scratch, binary, checkout, guest, python, tool};

/// Everything a client does, against one server.
#[track_caller]
pub(super) fn a_client_is_served(server: &Value, version: &str) -> String {
    let (about, _) = asked(server, &["about"]);
    assert_eq!(about["version"], version);
    assert_eq!(about["server"], "cofferdam");
    let (stats, wc) = (&about["tools"]["text-stats"], &about["tools"]["wc"]);
    assert_eq!(
        stats["inputSchema"]["properties"]["text"]["type"], "string",
        "{about}"
    );
    assert_eq!(
        stats["outputSchema"]["properties"]["words"]["type"], "integer",
        "{about}"
    );
    assert_eq!(
        stats["annotations"],
        json!({ "readOnlyHint": true, "openWorldHint": false })
    );
    assert_eq!(
        wc["inputSchema"]["properties"]["args"]["type"], "array",
        "{about}"
    );
    assert_eq!(wc.get("outputSchema"), None, "{about}");

    // A typed tool: the object, the same as text, a receipt; and the client has held it against the
    // schema.
    let (typed, _) = asked(server, &["call", "text-stats", r#"{"text": "a b\n"}"#]);
    assert_eq!(typed["structured"]["words"], 2, "{typed}");
    assert_eq!(
        serde_json::from_str::<Value>(typed["text"].as_str().unwrap()).unwrap(),
        typed["structured"]
    );
    assert_eq!(typed["failed"], false);
    let receipt = &typed["meta"]["cofferdam/receipt"];
    assert_eq!(receipt["outcome"]["name"], "ok", "{typed}");
    assert!(
        receipt["fuel"].as_u64().unwrap() > 0
            && receipt["component"]
                .as_str()
                .unwrap()
                .starts_with("sha256:")
    );
    // The end is told by the result alone.
    let progress = typed["progress"].as_array().unwrap();
    assert_eq!(progress.len(), 1, "{typed}");
    assert_eq!(progress[0][2], "text-stats was called", "{typed}");
    assert!(progress[0][0].as_f64() > Some(0.0), "{typed}");

    // A command: text. One that fails, and one that gets what it cannot take, say what to do.
    let (command, _) = asked(
        server,
        &["call", "wc", r#"{"args": ["-l"], "stdin": "1\n2\n"}"#],
    );
    assert_eq!(
        (&command["text"], &command["structured"]),
        (&json!("2\n"), &Value::Null),
        "{command}"
    );
    let (failed, _) = asked(server, &["call", "wc", r#"{"args": ["missing"]}"#]);
    assert_eq!(failed["failed"], true);
    assert!(
        failed["text"].as_str().unwrap().contains("missing"),
        "{failed}"
    );
    assert_eq!(
        failed["meta"]["cofferdam/receipt"]["outcome"]["name"],
        "guest-error"
    );
    let (misfit, _) = asked(server, &["call", "text-stats", r#"{"txt": "a"}"#]);
    assert_eq!(misfit["failed"], true);
    assert!(
        misfit["text"]
            .as_str()
            .unwrap()
            .contains("does not fit its schema"),
        "{misfit}"
    );
    let (unknown, _) = asked(server, &["call", "nothing", "{}"]);
    assert_eq!(unknown["code"], -32602);
    assert!(
        unknown["message"]
            .as_str()
            .unwrap()
            .contains("the tools are: clock_sleep, text-stats, wc"),
        "{unknown}"
    );

    let (after, said) = asked(
        server,
        &[
            "cancel",
            "clock_sleep",
            "{}",
            "text-stats",
            r#"{"text": "a"}"#,
        ],
    );
    assert_eq!(after["structured"]["words"], 1, "{after}");
    said
}

#[test]
fn a_foreign_client_is_served_over_stdio() {
    let scratch = Scratch::new();
    let paths = [tool("wc"), tool("text-stats"), guest("clock_sleep")]
        .map(|path| path.display().to_string());
    for (mode, version) in MODES {
        let said = a_client_is_served(
            &over_stdio(&scratch, mode, &paths.each_ref().map(String::as_str)),
            version,
        );
        let slept = said
            .lines()
            .find(|line| line.contains("clock_sleep") && line.contains("outcome"));
        assert!(
            slept.is_some_and(|line| line.contains("cancelled")),
            "the guest was not stopped: {said}"
        );
    }
}

#[test]
fn a_foreign_client_is_served_over_http() {
    let scratch = Scratch::new();
    let paths =
        [tool("wc"), tool("text-stats"), guest("clock_sleep")].map(|path| path.into_os_string());
    let server = Server::start(
        &scratch,
        ["--listen".into(), "127.0.0.1:0".into()]
            .into_iter()
            .chain(paths),
    );
    let address = server.address();
    for (mode, version) in MODES {
        a_client_is_served(&over_http(&scratch, mode, &address), version);
        assert!(
            server
                .complains("tool=\"clock_sleep\"")
                .contains("outcome=\"cancelled\"")
        );
    }
}

/// The calls are those of the tools' own cases, and the client ends by itself when it is kept
/// waiting.
#[test]
fn a_foreign_client_calls_every_tool_that_ships() {
    let scratch = Scratch::new();
    let output = Command::new(python())
        .arg(checkout().join("tests/conformance/clients.py"))
        .args([binary(), checkout().join("target/tools")])
        .envs(scratch.variables())
        .output()
        .expect("Python runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
