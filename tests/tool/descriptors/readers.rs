//! Readers of descriptors: a reviewer, MCP clients and the vendor of a model.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::inspect;
use crate::support::liar::{Answer, Liar, Shelf};
use crate::support::mcp::Server;
use crate::support::{Host, Scratch, cofferdam, tool};

/// What the vendor of a model was told about the tools of an agent: name, description and schema of
/// each.
fn told_to_a_model(scratch: &Scratch, bins: &str) -> Vec<(String, String, Value)> {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let bodies = Arc::clone(&asked);
    let vendor = Liar::start(Shelf::default(), move |request| {
        bodies.lock().unwrap().push(request.body.clone());
        let event = json!({ "choices": [{ "index": 0, "delta": { "content": "hi" },
            "finish_reason": "stop" }] });
        let answer = Answer::ok(format!("data: {event}\n\ndata: [DONE]\n\n"));
        Some(answer.header("Content-Type: text/event-stream"))
    });
    let base = format!("http://{}/", vendor.reference("v1"));
    let file = scratch.file(
        "Agentfile",
        format!("FROM scratch\nNAME a\nMODEL openai/some-model\n{bins}"),
    );
    let host = Host::start_with(
        scratch,
        ["--agentfile".as_ref(), file.as_os_str()],
        &[("OPENAI_API_KEY", "sk-test"), ("OPENAI_API_BASE", &base)],
    );
    host.chat("a", "hello");
    let body: Value =
        serde_json::from_slice(&asked.lock().unwrap()[0]).expect("a vendor is sent JSON");
    let tools = body["tools"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|tool| &tool["function"]);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    tools
        .map(|tool| {
            (
                text(&tool["name"]),
                text(&tool["description"]),
                tool["parameters"].clone(),
            )
        })
        .collect()
}

#[test]
fn inspect_mcp_clients_and_models_read_the_same_words() {
    let scratch = Scratch::new();
    let component = tool("text-stats");
    let inspected = inspect(&scratch, &component);
    assert_eq!(
        inspected["described"], true,
        "`tool build` writes the section"
    );
    let tool = &inspected["tools"][0];

    let table = ["tool".as_ref(), "inspect".as_ref(), component.as_os_str()];
    let table = cofferdam(&scratch, table).run().exits(0).stdout;
    for line in tool["description"].as_str().unwrap().lines() {
        assert!(table.contains(line), "`{line}` is not in {table}");
    }
    for schema in ["input_schema", "output_schema"] {
        assert!(
            table.contains(&tool[schema].to_string()),
            "the {schema} is not in {table}"
        );
    }

    let mut server = Server::start(&scratch, [component.as_os_str()]);
    server.initialize();
    let listed = server.ask(1, "tools/list", json!({}))["result"]["tools"][0].clone();
    assert_eq!(
        (&listed["name"], &listed["description"]),
        (&tool["name"], &tool["description"])
    );
    assert_eq!(
        (&listed["inputSchema"], &listed["outputSchema"]),
        (&tool["input_schema"], &tool["output_schema"])
    );

    let told = told_to_a_model(
        &scratch,
        &format!("BIN text-stats {}\n", component.display()),
    );
    let text = |key: &str| tool[key].as_str().unwrap().to_owned();
    assert_eq!(
        told,
        [(
            text("name"),
            text("description"),
            tool["input_schema"].clone()
        )]
    );
}
