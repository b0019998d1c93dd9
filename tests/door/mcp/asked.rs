//! Calls that a person has to approve: the person at the client is asked, as its version does it.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::mcp::{Server, lines, next};
use crate::support::{Host, Scratch, binary, cofferdam, tool};

/// A host whose policy wants an approval of everything that the operator's clients write.
fn host(scratch: &Scratch) -> Host<'_> {
    let policy = scratch.data().join("policy");
    std::fs::create_dir_all(&policy).expect("a directory");
    let text = "permit (principal, action == Action::\"call\", resource);\n\
                permit (principal, action, resource)\n\
                when { resource.effect != Effect::\"write\" };";
    std::fs::write(policy.join("a.cedar"), text).expect("a file");
    let text = format!(
        "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN touch {}\n",
        tool("touch").display()
    );
    let file = scratch.file("Agentfile", text);
    Host::start(scratch, ["--agentfile".as_ref(), file.as_os_str()])
}

fn is_there(scratch: &Scratch, name: &str) -> bool {
    let mut agents = std::fs::read_dir(scratch.data().join("agents")).expect("agents");
    let agent = agents.next().expect("one").expect("an entry").path();
    agent.join("workspace").join(name).exists()
}

/// The parameters of a call by a client of the newest version.
fn call(name: &str, capabilities: &Value) -> Value {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "0" },
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    });
    json!({ "name": "touch", "arguments": { "args": [name] }, "_meta": meta })
}

#[test]
fn a_client_of_the_newest_version_calls_again_with_the_answer() {
    let scratch = Scratch::new();
    let _host = host(&scratch);
    let mut server = Server::start(&scratch, ["--agent", "a"]);
    let form = json!({ "elicitation": { "form": {} } });
    let asked = server.ask(1, "tools/call", call("one.txt", &form));
    let result = &asked["result"];
    assert_eq!(result["resultType"], "input_required", "{asked}");
    let question = &result["inputRequests"]["approval"];
    assert_eq!(question["method"], "elicitation/create", "{asked}");
    let message = question["params"]["message"].as_str().expect("words");
    assert!(
        message.contains("touch") && message.contains("one.txt"),
        "{message}"
    );
    assert!(!is_there(&scratch, "one.txt"));
    let answered = |action: &str, approve: bool| {
        let mut params = call("one.txt", &form);
        params["requestState"] = result["requestState"].clone();
        let content = json!({ "approve": approve });
        params["inputResponses"] = json!({ "approval": { "action": action, "content": content } });
        params
    };
    let answer = server.ask(2, "tools/call", answered("accept", true));
    assert_ne!(answer["result"]["isError"], true, "{answer}");
    assert!(is_there(&scratch, "one.txt"));
    // The same answer again, and for another call.
    let again = server.ask(3, "tools/call", answered("accept", true));
    assert_eq!(again["result"]["isError"], true, "{again}");
    // One who says no.
    let asked = server.ask(4, "tools/call", call("two.txt", &form));
    let mut params = call("two.txt", &form);
    params["requestState"] = asked["result"]["requestState"].clone();
    params["inputResponses"] = json!({ "approval": { "action": "decline" } });
    let denied = server.ask(5, "tools/call", params);
    assert_eq!(denied["result"]["isError"], true, "{denied}");
    assert!(!is_there(&scratch, "two.txt"));
}

#[test]
fn an_approval_that_was_asked_for_elsewhere_is_not_given_here() {
    let scratch = Scratch::new();
    let _host = host(&scratch);
    let form = json!({ "elicitation": {} });
    let mut server = Server::start(&scratch, ["--agent", "a"]);
    let asked = server.ask(1, "tools/call", call("one.txt", &form));
    // Another input with the answer for the first.
    let mut params = call("other.txt", &form);
    params["requestState"] = asked["result"]["requestState"].clone();
    params["inputResponses"] =
        json!({ "approval": { "action": "accept", "content": { "approve": true } } });
    let refused = server.ask(2, "tools/call", params);
    assert_eq!(refused["result"]["isError"], true, "{refused}");
    assert!(
        refused.to_string().contains("not about this call"),
        "{refused}"
    );
    // The first was not approved by it, either.
    let line = ["approvals", "ls", "--format", "json"];
    let waiting = cofferdam(&scratch, line).run().exits(0).json();
    assert_eq!(waiting[0]["state"], "pending", "{waiting}");
    assert_eq!(waiting[0]["arguments"], r#"{"args":["one.txt"]}"#);
    assert!(!is_there(&scratch, "other.txt"));
    // That of a model's call, which was not shown here.
    let line = ["chat", "a", "run touch three.txt", "--format", "json"];
    let mut chat = Command::new(binary())
        .args(line)
        .envs(scratch.variables())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    next(
        &lines(chat.stdout.take().expect("piped")),
        "approval.requested",
    );
    let line = ["approvals", "ls", "--format", "json"];
    let listed = cofferdam(&scratch, line).run().exits(0).json();
    let models = listed.as_array().expect("a list").iter();
    let mut models = models.filter(|asked| asked["principal"] == "agent a");
    let id = models.next().expect("it waits")["id"].clone();
    let mut params = call("three.txt", &form);
    params["requestState"] = id;
    params["inputResponses"] =
        json!({ "approval": { "action": "accept", "content": { "approve": true } } });
    let refused = server.ask(3, "tools/call", params);
    assert!(
        refused.to_string().contains("not about this call"),
        "{refused}"
    );
    assert!(!is_there(&scratch, "three.txt"));
    chat.kill().expect("it waits");
    chat.wait().expect("it ends");
}

#[test]
fn an_older_client_is_asked_by_a_request() {
    let scratch = Scratch::new();
    let _host = host(&scratch);
    let mut server = Server::start(&scratch, ["--agent", "a"]);
    let client = json!({ "name": "test", "version": "0" });
    let params = json!({ "protocolVersion": "2025-06-18", "clientInfo": client,
        "capabilities": { "elicitation": {} } });
    server.ask(0, "initialize", params);
    server.send(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "touch", "arguments": { "args": ["one.txt"] } } });
    server.send(call.to_string().as_bytes());
    let asked: Value =
        serde_json::from_str(&next(&server.stdout, "elicitation/create")).expect("JSON");
    let answer = json!({ "jsonrpc": "2.0", "id": asked["id"],
        "result": { "action": "accept", "content": { "approve": true } } });
    server.send(answer.to_string().as_bytes());
    let result = next(&server.stdout, "\"id\":1,");
    assert!(!result.contains("\"isError\":true"), "{result}");
    assert!(is_there(&scratch, "one.txt"));
}

#[test]
fn a_client_that_cannot_ask_reads_how_to_approve() {
    let scratch = Scratch::new();
    let _host = host(&scratch);
    let mut server = Server::start(&scratch, ["--agent", "a"]);
    server.initialize();
    let params = json!({ "name": "touch", "arguments": { "args": ["one.txt"] } });
    let result = server.ask(1, "tools/call", params);
    assert_eq!(result["result"]["isError"], true, "{result}");
    assert!(
        result.to_string().contains("cofferdam approvals approve"),
        "{result}"
    );
    assert!(!is_there(&scratch, "one.txt"));
}
