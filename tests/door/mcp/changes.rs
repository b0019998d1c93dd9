//! Files that come, go and are replaced while clients are served, where the operator asked for
//! that.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};

use super::MODES;
use crate::support::mcp::{Server, client, lines, next, over_stdio};
use crate::support::{Scratch, cofferdam, guest, tool};

#[test]
fn clients_hear_of_tools_that_come_and_go() {
    // Small ones, and compiled once: this is about hearing of them.
    let scratch = Scratch::new();
    let (one, other) = (guest("args_echo"), guest("exit_zero"));
    for (mode, _) in MODES {
        let tools = scratch.directory(mode);
        std::fs::copy(&one, tools.join("one.wasm")).expect("a copy");
        let server = over_stdio(&scratch, mode, &["--reload", &tools.display().to_string()]);
        let mut client = client(&server, &["changes", "2"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python runs");
        let said = lines(client.stdout.take().expect("piped"));
        assert_eq!(next(&said, "["), r#"["one"]"#);
        next(&said, "listening");
        // Whole or not at all, as installers do it; a half one would be left out until it is whole.
        std::fs::copy(&other, tools.join("half")).expect("a copy");
        std::fs::rename(tools.join("half"), tools.join("other.wasm")).expect("a name");
        assert_eq!(next(&said, "["), r#"["one", "other"]"#);
        std::fs::remove_file(tools.join("one.wasm")).expect("it was there");
        assert_eq!(next(&said, "["), r#"["other"]"#);
        assert!(client.wait().expect("it ends").success());
    }
}

#[test]
fn a_client_that_waits_for_news_may_go_at_any_time() {
    let scratch = Scratch::new();
    let tools = scratch.directory("tools");
    let mut server = Server::start(&scratch, ["--reload".as_ref(), tools.as_os_str()]);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "0" },
    });
    let discovered = server.ask(1, "server/discover", json!({ "_meta": meta }));
    assert!(discovered["result"].is_object(), "{discovered}");
    let params = json!({ "notifications": { "toolsListChanged": true }, "_meta": meta });
    let request =
        json!({ "jsonrpc": "2.0", "id": 2, "method": "subscriptions/listen", "params": params });
    server.send(request.to_string().as_bytes());
    next(&server.stdout, "notifications/subscriptions/acknowledged");
    std::fs::copy(guest("args_echo"), tools.join("one.wasm")).expect("a copy");
    next(&server.stdout, "notifications/tools/list_changed");
    server.stdin = None;
    // The news end with an answer; who is made to end by its library waiting long enough gives
    // none.
    next(&server.stdout, "\"id\":2,");
    assert_eq!(server.ends(), Some(0));
}

#[test]
fn what_is_wrong_with_changed_files_leaves_the_tools_as_they_were() {
    let scratch = Scratch::new();
    let tools = scratch.directory("tools");
    std::fs::copy(tool("echo"), tools.join("echo.wasm")).expect("a copy");
    let mut server = Server::start(&scratch, ["--reload".as_ref(), tools.as_os_str()]);
    server.initialize();
    std::fs::write(tools.join("x.wasm"), "not a component").expect("a file");
    let list = |server: &mut Server, id| {
        server.ask(id, "tools/list", json!({}))["result"]["tools"].clone()
    };
    server.complains("the tools stay as they were");
    assert_eq!(list(&mut server, 1).as_array().unwrap().len(), 1);
    // Another name for a tool that is there already: neither of the two may win.
    std::fs::remove_file(tools.join("x.wasm")).expect("it was there");
    std::fs::copy(tool("echo"), tools.join("same.wasm")).expect("a copy");
    server.complains("has a tool `echo` too");
    assert_eq!(list(&mut server, 2).as_array().unwrap().len(), 1);
    std::fs::copy(guest("exit_zero"), tools.join("other.wasm")).expect("a copy");
    std::fs::remove_file(tools.join("same.wasm")).expect("it was there");
    next(&server.stdout, "notifications/tools/list_changed");
    assert_eq!(list(&mut server, 3).as_array().unwrap().len(), 2);
}

/// A guest as the tool `probe`, with these rows in its manifest, beside the directory that is
/// served.
fn probe(scratch: &Scratch, guest_name: &str, rows: &str) -> PathBuf {
    let head = "schema = 1\n[tool]\nname = \"probe\"\nversion = \"0.0.0\"\nsummary = \"tries\"\n";
    let capabilities = scratch.file("capabilities.toml", format!("{head}{rows}"));
    let out = scratch.path().join("out");
    let build = [
        "tool".into(),
        "build".into(),
        guest(guest_name).into_os_string(),
        "--capabilities".into(),
    ];
    let build = build.into_iter().chain([
        capabilities.into(),
        "--out".into(),
        out.clone().into_os_string(),
    ]);
    cofferdam(scratch, build).run().exits(0);
    out.join("probe.wasm")
}

fn variable(name: &str) -> String {
    format!("[[env]]\nname = \"{name}\"\nreason = \"to try\"\n")
}

/// Puts a component under a name of the directory that is served, in place of one of that name, and
/// returns what there is when the client has heard of it.
#[track_caller]
fn put(server: &mut Server, component: &Path, place: &Path) -> Value {
    std::fs::rename(component, place).expect("a name");
    next(&server.stdout, "notifications/tools/list_changed");
    let list = server.ask(1, "tools/list", json!({}))["result"]["tools"].clone();
    list.as_array()
        .expect("a list")
        .iter()
        .map(|tool| tool["name"].clone())
        .collect()
}

#[test]
fn a_replaced_component_gets_no_more_than_was_decided_about() {
    let scratch = Scratch::new();
    let tools = scratch.directory("tools");
    let place = tools.join("probe.wasm");
    std::fs::rename(probe(&scratch, "env_dump", &variable("A")), &place).expect("a name");
    std::fs::copy(tool("echo"), tools.join("echo.wasm")).expect("a copy");
    let offers = ["--reload", "--env", "A=one", "--env", "B=two"].map(Into::into);
    let mut server = Server::start(
        &scratch,
        offers.into_iter().chain([tools.clone().into_os_string()]),
    );
    server.initialize();
    let call = |server: &mut Server| {
        let answer = server.ask(2, "tools/call", json!({ "name": "probe", "arguments": {} }));
        answer.to_string()
    };
    let before = call(&mut server);
    assert!(
        before.contains("A=one") && !before.contains("B=two"),
        "{before}"
    );

    // Under the same offers it would get another variable.
    let wider = probe(&scratch, "env_dump", &(variable("A") + &variable("B")));
    assert_eq!(put(&mut server, &wider, &place), json!(["echo"]));
    let told = server.complains("probe.wasm is withheld");
    for part in [
        "asks for more than when this was started: the variable B;",
        "`cofferdam tool inspect`",
        "start this again",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let after = call(&mut server);
    assert!(
        after.contains("there is no tool `probe`") && !after.contains("B=two"),
        "{after}"
    );

    // Other code that asks for the same: it is there, and it is the other one.
    let other = probe(&scratch, "args_echo", &variable("A"));
    assert_eq!(put(&mut server, &other, &place), json!(["echo", "probe"]));
    assert!(!call(&mut server).contains("A=one"));

    // Whoever asks for less gets less, and what was decided about is still what was there at the
    // start.
    let wider = probe(&scratch, "env_dump", &variable("B"));
    assert_eq!(put(&mut server, &wider, &place), json!(["echo"]));
    server.complains("the variable B;");
    let narrower = probe(&scratch, "env_dump", "");
    assert_eq!(
        put(&mut server, &narrower, &place),
        json!(["echo", "probe"])
    );
    let less = call(&mut server);
    assert!(less.contains("HOME=") && !less.contains("A=one"), "{less}");
    std::fs::remove_file(&place).expect("it was there");
    next(&server.stdout, "notifications/tools/list_changed");
    let same = probe(&scratch, "env_dump", &variable("A"));
    assert_eq!(put(&mut server, &same, &place), json!(["echo", "probe"]));
    assert!(call(&mut server).contains("A=one"));
}

#[test]
fn a_component_that_comes_later_gets_nothing_that_nobody_decided_about() {
    let scratch = Scratch::new();
    let tools = scratch.directory("tools");
    std::fs::copy(tool("echo"), tools.join("echo.wasm")).expect("a copy");
    let args = [
        "--reload".into(),
        "--env".into(),
        "A=one".into(),
        tools.clone().into_os_string(),
    ];
    let mut server = Server::start(&scratch, args);
    server.initialize();
    let place = tools.join("later.wasm");
    std::fs::rename(probe(&scratch, "env_dump", &variable("A")), &place).expect("a name");
    let told = server.complains("later.wasm is withheld");
    assert!(
        told.contains(
            "was not there when this was started, and its manifest asks for the variable A;"
        ),
        "{told}"
    );
    let quiet = probe(&scratch, "env_dump", "");
    assert_eq!(put(&mut server, &quiet, &place), json!(["echo", "probe"]));
    // The operator decides by starting it again.
    std::fs::rename(probe(&scratch, "env_dump", &variable("A")), &place).expect("a name");
    let again = ["--env".into(), "A=one".into(), tools.into_os_string()];
    let mut server = Server::start(&scratch, again);
    server.initialize();
    let answer = server.ask(1, "tools/call", json!({ "name": "probe", "arguments": {} }));
    assert!(answer.to_string().contains("A=one"), "{answer}");
}
