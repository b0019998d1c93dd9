//! Agents' own addresses, for older clients.

use std::net::TcpListener;
use std::path::PathBuf;

use serde_json::json;

use crate::support::grpc::{client, command, ended};
use crate::support::{Host, Scratch, cofferdam};

/// An address of loopback that nobody has.
fn free() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    listener.local_addr().expect("an address").to_string()
}

/// An agent without tools.
fn agentfile(scratch: &Scratch, name: &str) -> PathBuf {
    let text = format!("FROM scratch\nNAME {name}\nMODEL builtin/commands\n");
    scratch.file(&format!("{name}/Agentfile"), text)
}

/// `run` of an agent with these flags.
fn run(scratch: &Scratch, name: &str, flags: &[&str]) -> crate::support::Ran {
    let file = agentfile(scratch, name).display().to_string();
    let line = [&["run", &*file][..], flags].concat();
    cofferdam(scratch, line).run()
}

#[test]
fn an_older_client_dials_one_agent_without_a_token() {
    let scratch = Scratch::new();
    let mut host = Host::start::<&str>(&scratch, []);
    let address = free();
    run(&scratch, "a", &["--addr", &address]).exits(0);
    run(&scratch, "b", &[]).exits(0);
    let socket = std::mem::replace(&mut host.address, address.clone());
    let dial = |host: &Host<'_>, action: &[&str]| {
        let mut command = command(&scratch, host, action);
        command.env_remove("COFFERDAM_TOKEN");
        ended(command)
    };
    assert_eq!(
        dial(&host, &["runtime"])["health"],
        json!(["ok", "a", "builtin/commands"])
    );
    assert!(dial(&host, &["chat", "s", "hello"]).is_string());
    assert_eq!(dial(&host, &["sessions"]), json!([["s", 2]]));
    // It is that agent's runtime, and nothing else.
    assert_eq!(dial(&host, &["sessions", "a"]), json!([["s", 2]]));
    let refused = |host: &Host<'_>, path, agent| dial(host, &["raw", path, "", agent])[0].clone();
    let health = "/openotters.agent.v1.AgentRuntime/Health";
    assert_eq!(refused(&host, health, "b"), "PERMISSION_DENIED");
    for path in [
        "/cofferdam.v1.Agents/ListAgents",
        "/cofferdam.v1.Agents/CreateAgent",
        "/cofferdam.v1.Tools/CallTool",
        "/cofferdam.v1.Tokens/ListTokens",
    ] {
        assert_eq!(refused(&host, path, ""), "PERMISSION_DENIED", "{path}");
    }
    let ps = cofferdam(&scratch, ["ps"]).run().exits(0).stdout;
    assert!(ps.contains(&address) && ps.contains("NO TOKEN"), "{ps}");

    // It is kept over a restart, and ends with its agent.
    host.kill();
    let mut host = Host::start::<&str>(&scratch, []);
    host.address = address.clone();
    assert_eq!(dial(&host, &["sessions"]), json!([["s", 2]]));
    host.address = socket;
    assert_eq!(
        client(&scratch, &host, &["sessions", "a"]),
        json!([["s", 2]])
    );
    cofferdam(&scratch, ["rm", "a"]).run().exits(0);
    host.address = address;
    let is_closed = || dial(&host, &["reaches", "2"]) == false;
    assert!((0..20).any(|_| is_closed()));
    let ps = cofferdam(&scratch, ["ps"]).run().exits(0).stdout;
    assert!(!ps.contains("NO TOKEN"), "{ps}");
}

#[test]
fn an_address_that_cannot_be_is_told() {
    let scratch = Scratch::new();
    let host = Host::start::<&str>(&scratch, []);
    let taken = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let taken = taken
        .local_addr()
        .map(|address| (taken, address.to_string()));
    let (listener, address) = taken.expect("an address");
    run(&scratch, "a", &["--addr", &address])
        .exits(1)
        .complains(&[&address, "the port is in use"]);
    run(&scratch, "a", &["--addr", "192.0.2.1:9001"])
        .exits(2)
        .complains(&["192.0.2.1:9001", "loopback"]);
    run(&scratch, "a", &["--addr", "127.0.0.1:0"])
        .exits(2)
        .complains(&["127.0.0.1:0", "chosen"]);
    assert_eq!(run(&scratch, "a", &["--addr", "9001"]).code, Some(2));
    drop(listener);
    run(&scratch, "a", &["--addr", &address]).exits(0);
    run(&scratch, "b", &["--addr", &address])
        .exits(1)
        .complains(&[&address, "another agent"]);
    run(&scratch, "a", &["--replace", "--addr", &address]).exits(0);
    host.kill();
    // Somebody else has it when the host starts again: the agent works, and `ps` says so.
    let listener = TcpListener::bind(&address).expect("it is free");
    let mut host = Host::start::<&str>(&scratch, []);
    host.hears("its own address cannot be opened");
    let ps = cofferdam(&scratch, ["ps"]).run().exits(0).stdout;
    assert!(ps.contains("not open") && ps.contains("ready"), "{ps}");
    drop(listener);
}
