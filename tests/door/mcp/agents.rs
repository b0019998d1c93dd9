//! Tools of an agent, served through its host.

use std::process::Stdio;

use serde_json::json;

use super::MODES;
use super::clients::a_client_is_served;
use crate::support::components::{built, may_call};
use crate::support::mcp::{Server, asked, client, lines, next, over_stdio};
use crate::support::{Host, Scratch, cofferdam, guest, tool};

#[test]
fn an_agents_tools_are_served_through_its_host() {
    let scratch = Scratch::new();
    let agentfile = |tools: &[&str]| {
        let bin = |name: &&str| format!("BIN {name} {}\n", tool(name).display());
        let bins: String = tools.iter().map(bin).collect();
        let bins = bins + &format!("BIN clock_sleep {}\n", guest("clock_sleep").display());
        scratch.file(
            "Agentfile",
            format!("FROM scratch\nNAME a\nMODEL builtin/commands\n{bins}"),
        )
    };
    let copy = format!("a:{}", scratch.file("n.txt", "1\n2\n").display());
    let file = agentfile(&["wc", "text-stats"]);
    let host = Host::start(
        &scratch,
        [
            "--agentfile".as_ref(),
            file.as_os_str(),
            "--copy-in".as_ref(),
            copy.as_ref(),
        ],
    );
    for (mode, version) in MODES {
        let server = over_stdio(&scratch, mode, &["--agent", "a"]);
        a_client_is_served(&server, version);
        // The agent's workspace, under the agent's grant.
        let (counted, _) = asked(&server, &["call", "wc", r#"{"args": ["-l", "n.txt"]}"#]);
        assert_eq!(counted["text"], "2 n.txt\n", "{counted}");
    }
    asked_for_nobody(&scratch);

    // The host is started again with other tools, and this client is told.
    let server = over_stdio(&scratch, "legacy", &["--agent", "a"]);
    let mut client = client(&server, &["changes", "1"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python runs");
    let said = lines(client.stdout.take().expect("piped"));
    assert_eq!(next(&said, "["), r#"["clock_sleep", "text-stats", "wc"]"#);
    next(&said, "listening");
    host.kill();
    let file = agentfile(&["wc", "cat"]);
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    assert_eq!(next(&said, "["), r#"["cat", "clock_sleep", "wc"]"#);
    assert!(client.wait().expect("it ends").success());
}

#[test]
fn an_agents_tools_tell_their_progress_while_they_run() {
    let scratch = Scratch::new();
    let component = built(&scratch, "nested", "nested", &may_call("nested"));
    let text = format!(
        "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN nested {}\n",
        component.display()
    );
    let file = scratch.file("Agentfile", text);
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let nothing = ["nested", r#"{"act": "nothing"}"#];
    for (mode, _) in MODES {
        let server = over_stdio(&scratch, mode, &["--agent", "a"]);
        let (called, _) = asked(&server, &["call", "nested", r#"{"act": "progress"}"#]);
        let told: Vec<_> = called["progress"]
            .as_array()
            .unwrap()
            .iter()
            .map(|told| told[0].as_f64().unwrap())
            .collect();
        // Its own numbers grow after those of the door; of those that come at once the newest
        // counts.
        assert!(
            told[0] < 1.0 && told.contains(&7.0) && told.is_sorted_by(|one, next| one < next),
            "{called}"
        );
        // One that never ends is heard before its end, and ended by who has heard enough.
        let spin = ["cancel", "nested", r#"{"act": "progress-spin"}"#];
        let (after, _) = asked(&server, &[&spin[..], &nothing, &["halfway"]].concat());
        assert_eq!(
            after["progress"].as_array().unwrap().last().unwrap(),
            &json!([1.0, 2.0, "halfway"]),
            "{after}"
        );
        assert_eq!(after["failed"], false, "{after}");
    }
    let ended = host.hears("outcome=\"cancelled\"");
    assert!(ended.contains("tool call tool=\"nested\""), "{ended}");
    // A client that asks for no progress is answered all the same.
    let mut server = Server::start(&scratch, ["--agent", "a"]);
    server.initialize();
    let quiet = server.ask(
        1,
        "tools/call",
        json!({ "name": "nested", "arguments": { "act": "progress-flood" } }),
    );
    assert_eq!(
        quiet["result"]["_meta"]["cofferdam/receipt"]["outcome"]["name"], "ok",
        "{quiet}"
    );
}

fn asked_for_nobody(scratch: &Scratch) {
    let ran = cofferdam(scratch, ["mcp", "--agent", "nobody"])
        .run()
        .exits(2);
    ran.complains(&["nobody", "a"]);
}

#[test]
fn a_guest_of_an_agent_is_stopped_with_its_caller() {
    let scratch = Scratch::new();
    let bin = format!("BIN clock_sleep {}\n", guest("clock_sleep").display());
    let file = scratch.file(
        "Agentfile",
        format!("FROM scratch\nNAME a\nMODEL builtin/commands\n{bin}"),
    );
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let mut server = Server::start(&scratch, ["--agent", "a"]);
    server.initialize();
    let params = json!({ "name": "clock_sleep", "arguments": {}, "_meta": { "progressToken": 1 } });
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    server.send(request.to_string().as_bytes());
    // By then it runs on the host.
    next(&server.stdout, "clock_sleep goes on");
    server.child.kill().expect("it is ours");
    let ended = host.hears("tool call tool=\"clock_sleep\"");
    assert!(ended.contains("outcome=\"cancelled\""), "{ended}");
}
