//! The MCP door: a client that nobody here wrote (`mcp` from PyPI), and clients that mean no good.

mod bounds;
mod changes;
mod http;
mod served;

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use self::http::{post, read_until};
use crate::support::components::{built, may_call};
use crate::support::images::keep;
use crate::support::mcp::{Server, asked, client, lines, next, over_http, over_stdio, token};
use crate::support::{Host, Scratch, cofferdam, guest, tool};

/// How a client finds out which version to speak: the newest, or that of clients before it.
const MODES: [(&str, &str); 2] = [("auto", "2026-07-28"), ("legacy", "2025-11-25")];

/// Everything a client does, against one server.
#[track_caller]
fn a_client_is_served(server: &Value, version: &str) -> String {
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
    let progress = typed["progress"].as_array().unwrap();
    assert_eq!(
        progress.first().unwrap()[2],
        "text-stats was called",
        "{typed}"
    );
    assert_eq!(
        progress.last().unwrap()[2],
        "text-stats has ended",
        "{typed}"
    );
    assert!(
        progress[0][0].as_f64() < progress[1][0].as_f64(),
        "progress grows: {typed}"
    );

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

#[test]
fn an_image_is_served_and_guests_tell_their_progress_and_call_others() {
    let scratch = Scratch::new();
    let digest = keep(&scratch, "args:1", "Prints its arguments");
    let component = built(&scratch, "nested", "nested", &may_call("nested"));
    let tools = component.parent().expect("a directory");
    let mut server = Server::start(
        &scratch,
        ["--reload".as_ref(), "args:1".as_ref(), tools.as_os_str()],
    );
    server.initialize();
    let list = server.ask(1, "tools/list", json!({}))["result"]["tools"].clone();
    let described = |list: &Value| {
        list[0]["description"]
            .as_str()
            .unwrap()
            .contains("one on each line")
    };
    assert!(
        list[0]["name"] == "args" && described(&list),
        "its image says how to call it: {list}"
    );

    // Its own numbers grow after those of the host.
    let params = json!({ "name": "nested", "arguments": { "act": "progress" }, "_meta": {
        "progressToken": 1 } });
    let request = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params });
    server.send(request.to_string().as_bytes());
    let mut told: Vec<f64> = Vec::new();
    loop {
        let line: Value = serde_json::from_str(&next(&server.stdout, "jsonrpc")).expect("JSON");
        match line["params"]["progress"].as_f64() {
            Some(number) => told.push(number),
            None => break,
        }
    }
    assert!(
        told[0] < 1.0 && told.contains(&7.0) && told.is_sorted_by(|one, next| one < next),
        "{told:?}"
    );

    // Also those that are offered anew find what they call; the image is still there when its name
    // is not.
    cofferdam(&scratch, ["tool", "rm", &digest]).run().exits(0);
    std::fs::copy(tool("echo"), tools.join("echo.wasm")).expect("a copy");
    next(&server.stdout, "notifications/tools/list_changed");
    let call = |server: &mut Server, id, name: &str, arguments: Value| {
        server.ask(
            id,
            "tools/call",
            json!({ "name": name, "arguments": arguments }),
        )["result"]
            .clone()
    };
    let inner = call(&mut server, 3, "nested", json!({ "act": "self" }));
    assert_eq!(inner["_meta"]["cofferdam/receipt"]["calls"], 1, "{inner}");
    assert!(inner.to_string().contains("nested 4 deep"), "{inner}");
    let printed = call(&mut server, 4, "args", json!({ "args": ["a"] }));
    assert!(
        printed["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains('a')
            && printed["isError"] != true,
        "{printed}"
    );
}

#[test]
fn two_tools_of_one_name_are_refused() {
    let scratch = Scratch::new();
    let (one, other) = (tool("wc"), scratch.directory("other").join("same.wasm"));
    std::fs::copy(&one, &other).expect("a copy");
    let ran = cofferdam(
        &scratch,
        ["mcp".as_ref(), one.as_os_str(), other.as_os_str()],
    )
    .run()
    .exits(2);
    ran.complains(&[
        "same.wasm",
        "wc.wasm",
        "has a tool `wc` too",
        "another `name`",
    ]);
    // A guest without a manifest goes by its file's name, made one that clients take.
    let strange = scratch.path().join("a b.wasm");
    std::fs::copy(guest("clock_sleep"), &strange).expect("a copy");
    let ran = cofferdam(&scratch, ["mcp".as_ref(), strange.as_os_str()])
        .run()
        .exits(0);
    assert!(ran.stderr.contains("serving a_b"), "{}", ran.stderr);
}

#[test]
fn the_command_line_is_read_strictly() {
    let scratch = Scratch::new();
    let wc = tool("wc").display().to_string();
    let wrong = |args: &[&str]| {
        cofferdam(&scratch, [&["mcp"], args].concat())
            .run()
            .exits(2)
    };
    assert!(wrong(&[]).stderr.contains("PATH"));
    assert!(
        wrong(&["--agent", "a", &wc])
            .stderr
            .contains("cannot be used with")
    );
    // Grants of an agent are the agent's: nothing here could widen them.
    assert!(
        wrong(&["--agent", "a", "--dir", "/:/workspace"])
            .stderr
            .contains("cannot be used with")
    );
    wrong(&["--listen", "0.0.0.0:0", &wc]).complains(&["0.0.0.0:0", "not a loopback address"]);
    wrong(&["--dir", "nowhere", &wc]).complains(&["nowhere", "HOST:GUEST"]);
    wrong(&["missing.wasm"]).complains(&["missing.wasm"]);
    cofferdam(&scratch, ["mcp", "--agent", "a"])
        .run()
        .exits(1)
        .complains(&["no host answers", "cofferdam serve"]);
}

#[test]
fn nothing_in_a_request_widens_a_grant() {
    let scratch = Scratch::new();
    scratch.file("in/n.txt", "inside\n");
    scratch.file("secret.txt", "outside\n");
    let dir = format!("{}:/workspace:ro", scratch.path().join("in").display());
    let mut server = Server::start(
        &scratch,
        ["--dir".into(), dir.into(), tool("cat").into_os_string()],
    );
    server.initialize();
    let mut id = 0;
    let mut call = |params: Value| {
        id += 1;
        server.ask(id, "tools/call", params)["result"].clone()
    };
    let inside = call(json!({ "name": "cat", "arguments": { "args": ["n.txt"] } }));
    assert_eq!(inside["content"][0]["text"], "inside\n", "{inside}");
    let grant = &inside["_meta"]["cofferdam/receipt"]["grant"];
    assert!(grant.as_str().unwrap().starts_with("sha256:"), "{inside}");
    let outside = scratch.path().join("secret.txt").display().to_string();
    let everything = format!("{}:/workspace", scratch.path().display());
    for params in [
        json!({ "name": "cat", "arguments": { "args": [outside] } }),
        json!({ "name": "cat", "arguments": { "args": ["../secret.txt"] } }),
        json!({ "name": "cat", "arguments": { "args": ["/proc/self/environ"] } }),
        json!({ "name": "cat", "arguments": { "args": ["../secret.txt"] }, "_meta": {
            "dir": [everything], "cofferdam/dir": everything } }),
        json!({ "name": "cat", "arguments": { "args": ["../secret.txt"] }, "dir": everything,
            "offers": [everything] }),
        json!({ "name": "cat", "arguments": { "args": ["secret.txt"], "dir": everything } }),
    ] {
        let refused = call(params.clone());
        assert_eq!(refused["isError"], true, "{params}: {refused}");
        assert!(
            !refused.to_string().contains("outside\\n"),
            "{params}: {refused}"
        );
        assert_eq!(
            &refused["_meta"]["cofferdam/receipt"]["grant"], grant,
            "{params}"
        );
    }
}

#[test]
fn a_guest_is_stopped_when_its_client_is_gone() {
    let scratch = Scratch::new();
    let call = |meta: Value| json!({ "name": "clock_sleep", "arguments": {}, "_meta": meta });

    let mut server = Server::start(&scratch, [guest("clock_sleep")]);
    server.initialize();
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call(json!({
        "progressToken": 1 })) });
    server.send(request.to_string().as_bytes());
    next(&server.stdout, "clock_sleep was called");
    server.stdin = None;
    assert!(
        server
            .complains("tool=\"clock_sleep\"")
            .contains("outcome=\"cancelled\"")
    );
    assert_eq!(server.ends(), Some(0));

    let server = Server::start(
        &scratch,
        [
            "--listen".into(),
            "127.0.0.1:0".into(),
            guest("clock_sleep").into_os_string(),
        ],
    );
    let address = server.address();
    let meta = json!({
        "progressToken": 1, "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call(meta) })
        .to_string();
    let headers = format!(
        "Authorization: Bearer {}\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: \
            tools/call\r\nMcp-Name: clock_sleep\r\n",
        token(&scratch)
    );
    let mut stream = post(&address, &address, &headers, &body);
    read_until(&mut stream, "clock_sleep was called");
    drop(stream);
    assert!(
        server
            .complains("tool=\"clock_sleep\"")
            .contains("outcome=\"cancelled\"")
    );
}

#[test]
fn garbage_on_standard_input_ends_nothing() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, [tool("text-stats")]);
    let garbage: [&[u8]; 9] = [
        b"",
        b"not JSON",
        b"\xff\xfe\x00\x80",
        b"[1, 2, 3]",
        b"{}",
        br#"{"jsonrpc":"1.0","id":1,"method":"tools/list"}"#,
        br#"{"jsonrpc":"2.0","id":{"a":1},"method":"tools/list"}"#,
        br#"{"jsonrpc":"2.0","id":77,"result":{}}"#,
        br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":12345}}"#,
    ];
    server.initialize();
    for line in garbage {
        server.send(line);
    }
    server.send(&[b"[".repeat(200_000), b"]".repeat(200_000)].concat());
    server.send(&b"x".repeat(13 << 20));
    let arguments = json!({ "name": "text-stats", "arguments": { "text": "still there" } });
    let answer = server.ask(5, "tools/call", arguments);
    assert_eq!(
        answer["result"]["structuredContent"]["words"], 2,
        "{answer}"
    );
    // A client that ends in the middle of a message is only gone.
    server
        .stdin
        .as_mut()
        .expect("not closed")
        .write_all(br#"{"jsonrpc":"#)
        .expect("the server reads");
    server.stdin = None;
    assert_eq!(server.ends(), Some(0));
    for line in server.stdout.try_iter() {
        assert_eq!(
            serde_json::from_str::<Value>(&line).expect("the protocol alone")["jsonrpc"],
            "2.0"
        );
    }
    assert!(
        !server
            .stderr
            .try_iter()
            .any(|line| line.contains("panicked"))
    );
}

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
        .exits(1);
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

#[test]
fn a_signal_ends_a_server_that_is_still_compiling() {
    use std::os::unix::process::CommandExt;

    let scratch = Scratch::new();
    let mut command = std::process::Command::new(crate::support::binary());
    command
        .arg("mcp")
        .args(["jq", "rg", "yq"].map(tool))
        .env("COFFERDAM_DATA_DIR", scratch.data())
        .process_group(0);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let children = format!("/proc/{0}/task", child.id());
    let compilers = || {
        let tasks = std::fs::read_dir(&children)
            .into_iter()
            .flatten()
            .filter_map(Result::ok);
        let lists =
            tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
        lists
            .flat_map(|list| {
                list.split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    };
    let started = loop {
        let found = compilers();
        if !found.is_empty() {
            break found;
        }
        assert_eq!(
            child.try_wait().unwrap(),
            None,
            "it ended before it compiled"
        );
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    };
    // As a terminal does: to every process of the group.
    let group = format!("-{}", child.id());
    assert!(
        std::process::Command::new("kill")
            .args(["-s", "INT", "--", &group])
            .status()
            .unwrap()
            .success()
    );
    let ended = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("error"), "{stderr}");
    // Its compilers end with it, although the signal did not reach them.
    let alive = |pid: &String| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("compile-worker")
    };
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while started.iter().any(alive) {
        assert!(
            std::time::Instant::now() < deadline,
            "a compiler goes on without its host"
        );
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
}
