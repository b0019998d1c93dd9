//! Spans of turns, model calls and tool calls, as a collector gets them; and the trace of a client.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::components::{built, may_call};
use crate::support::grpc::{command, ended};
use crate::support::mcp::{PATIENCE, Server, token};
use crate::support::{Host, Scratch, checkout, cofferdam, python, tool};

/// The span of a client, in its trace.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The conventions by which spans are named.
const SCHEMA: &str = "https://opentelemetry.io/schemas/1.41.0";

/// Words that no span has.
const PROMPT: &str = "planted-in-the-prompt";
const INPUT: &str = "planted-in-the-input";
const SAID: &str = "planted-in-the-answer";

/// A collector that nobody here wrote: a server of `grpcio`.
struct Collector(Child);

/// Everything that a collector was sent.
struct Collected {
    spans: Vec<Value>,
    raw: Vec<u8>,
}

impl Collector {
    /// Starts one, and has every command in `scratch` export to it.
    fn start(scratch: &Scratch) -> Self {
        let mut command = Command::new(python());
        command
            .arg(checkout().join("tests/door/telemetry/collector.py"))
            .arg(checkout().join("tests/door/telemetry/otlp.proto"))
            .arg(scratch.directory("collected"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Python starts");
        let stdout = child.stdout.as_mut().expect("piped");
        let mut port = String::new();
        loop {
            let mut byte = [0];
            std::io::Read::read_exact(stdout, &mut byte).expect("a port");
            if byte == *b"\n" {
                break;
            }
            port.push(char::from(byte[0]));
        }
        let port = port.parse().expect("a port");
        configure(scratch, port);
        Self(child)
    }

    /// Ends it.
    fn end(mut self) -> Collected {
        drop(self.0.stdin.take());
        let output = self.0.wait_with_output().expect("Python ends");
        let collected: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let hex = collected["raw"].as_str().expect("a text");
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("digits");
        Collected {
            spans: collected["spans"].as_array().expect("spans").clone(),
            raw: (0..hex.len()).step_by(2).map(byte).collect(),
        }
    }
}

impl Collected {
    /// The spans of this name.
    fn named(&self, name: &str) -> Vec<&Value> {
        let named = self.spans.iter().filter(|span| span["name"] == name);
        named.collect()
    }

    /// The only span of this name.
    #[track_caller]
    fn only(&self, name: &str) -> &Value {
        let [span] = self.named(name)[..] else {
            panic!("{name}: {:#?}", self.spans);
        };
        span
    }

    #[track_caller]
    fn hold_none_of(&self, words: &[&str]) {
        for word in words {
            let mut windows = self.raw.windows(word.len());
            assert!(
                windows.all(|window| window != word.as_bytes()),
                "a span has `{word}`"
            );
        }
    }
}

fn configure(scratch: &Scratch, port: u16) {
    let text = format!("[telemetry]\notlp = \"http://127.0.0.1:{port}\"\n");
    scratch.file("data/cofferdam.toml", text);
}

/// An agent `a` whose model says and calls what is planted.
fn scripted(scratch: &Scratch) -> PathBuf {
    let arguments = json!({ "args": ["-c"], "stdin": INPUT });
    let calls = json!([{ "name": "wc", "arguments": arguments }]);
    let usage = json!({ "input": 11, "output": 3, "cached": 5 });
    let turns = [
        json!({ "text": SAID, "tool_calls": calls, "usage": usage }),
        json!({ "text": SAID, "usage": usage }),
    ];
    scratch.file(
        "a/turns.jsonl",
        turns.map(|turn| turn.to_string()).join("\n"),
    );
    let wc = tool("wc");
    let text = format!(
        "FROM scratch\nNAME a\nMODEL script/turns.jsonl\nBIN wc {}\n",
        wc.display()
    );
    scratch.file("a/Agentfile", text)
}

/// An agent `b` with a guest that does what it is told.
fn obedient(scratch: &Scratch) -> PathBuf {
    let nested = built(scratch, "nested", "nested", &may_call("nested"));
    let text = format!(
        "FROM scratch\nNAME b\nMODEL builtin/commands\nBIN nested {}\n",
        nested.display()
    );
    scratch.file("b/Agentfile", text)
}

fn start<'a>(scratch: &'a Scratch, agentfile: &Path) -> Host<'a> {
    Host::listening(scratch, ["--agentfile".as_ref(), agentfile.as_os_str()])
}

/// Runs the client of gRPC in this trace.
#[track_caller]
fn traced(scratch: &Scratch, host: &Host<'_>, parent: &str, action: &[&str]) -> Value {
    let mut command = command(scratch, host, action);
    command.env("COFFERDAM_TEST_TRACEPARENT", parent);
    ended(command)
}

#[test]
fn a_turn_is_exported_in_the_trace_of_its_client() {
    let scratch = Scratch::new();
    let collector = Collector::start(&scratch);
    let mut host = start(&scratch, &scripted(&scratch));
    let events = traced(&scratch, &host, PARENT, &["stream", "s", PROMPT]);
    assert!(events.to_string().contains("tool.result"), "{events}");
    host.has_said("tool call tool=\"wc\"");
    // The log is as it is without spans.
    let is_quiet = |line: &str| {
        !["invoke_agent", "execute_tool", "gen_ai"]
            .iter()
            .any(|word| line.contains(word))
    };
    assert!(host.every_line(is_quiet));
    let operator = token(&scratch);
    assert_eq!(host.terminate(), Some(0));

    let collected = collector.end();
    collected.hold_none_of(&[PROMPT, INPUT, SAID, &operator]);
    let turn = collected.only("invoke_agent a");
    assert_eq!(
        (&turn["trace"], &turn["parent"]),
        (&json!(TRACE), &json!(SPAN))
    );
    let children = collected.named("chat turns.jsonl");
    let call = collected.only("execute_tool wc");
    assert_eq!(children.len(), 2);
    for child in children.iter().chain([&call]) {
        assert_eq!(
            (&child["trace"], &child["parent"]),
            (&json!(TRACE), &turn["id"])
        );
        assert!(child["nanoseconds"].as_u64() <= turn["nanoseconds"].as_u64());
    }
    for span in &collected.spans {
        assert_eq!(
            (&span["schema"], &span["failed"]),
            (&json!(SCHEMA), &json!(false))
        );
        assert_eq!(
            (&span["scope"], &span["events"]),
            (&json!("cofferdam"), &json!([]))
        );
        assert_eq!(span["resource"]["service.name"], "cofferdam");
    }
    let has = |span: &Value, expected: Value| {
        for (key, value) in expected.as_object().expect("attributes") {
            assert_eq!(&span["attributes"][key], value, "{key}: {span:#}");
        }
    };
    assert_eq!(turn["kind"], "INTERNAL");
    has(
        turn,
        json!({
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "a",
            "gen_ai.conversation.id": "s",
            "gen_ai.provider.name": "script",
            "gen_ai.request.model": "turns.jsonl",
            "gen_ai.usage.input_tokens": 22,
            "gen_ai.usage.output_tokens": 6,
            "cofferdam.stop_reason": "end",
            "cofferdam.calls": 1,
        }),
    );
    assert_eq!(children[0]["kind"], "CLIENT");
    has(
        children[0],
        json!({
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "turns.jsonl",
            "gen_ai.usage.input_tokens": 11,
            "gen_ai.usage.cache_read.input_tokens": 5,
        }),
    );
    has(
        call,
        json!({
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "wc",
            "gen_ai.tool.type": "function",
            "gen_ai.agent.name": "a",
            "gen_ai.conversation.id": "s",
            "cofferdam.outcome": "ok",
            "cofferdam.depth": 0,
        }),
    );
    let attributes = &call["attributes"];
    assert!(attributes["cofferdam.fuel"].as_u64() > Some(0), "{call:#}");
    assert!(attributes["cofferdam.peak_memory"].as_u64() > Some(0));
    let grant = attributes["cofferdam.grant"].as_str().expect("a digest");
    assert!(grant.starts_with("sha256:"), "{grant}");
    assert_eq!(attributes.get("cofferdam.limit"), None);
}

#[test]
fn calls_of_tools_are_in_the_trace_of_their_client_and_so_are_their_receipts() {
    let scratch = Scratch::new();
    let collector = Collector::start(&scratch);
    let host = start(&scratch, &obedient(&scratch));
    let inner = json!({ "act": "call", "tool": "nested", "input": { "act": "nothing" } });
    let call = ["call_tool", "b", "nested", &inner.to_string()];
    let receipt = traced(&scratch, &host, PARENT, &call);
    assert_eq!(receipt["trace_id"], TRACE, "{receipt}");
    // One that its client does not record, and such as are malformed.
    let nothing = ["call_tool", "b", "nested", r#"{"act": "nothing"}"#];
    let unsampled = PARENT.replace("-01", "-00");
    let receipt = traced(&scratch, &host, &unsampled, &nothing);
    assert_eq!(receipt["trace_id"], TRACE, "{receipt}");
    for malformed in [
        &PARENT.to_uppercase(),
        &PARENT[..54],
        "x",
        &"0-".repeat(4_000),
    ] {
        let receipt = traced(&scratch, &host, malformed, &nothing);
        assert_eq!(receipt.get("trace_id"), None, "{receipt}");
    }
    // A call that a limit ends.
    let sleep = ["call_tool", "b", "nested", r#"{"act": "spin"}"#];
    let receipt = traced(&scratch, &host, PARENT, &sleep);
    assert_ne!(receipt["outcome"]["name"], "ok");
    assert_eq!(host.terminate(), Some(0));

    let collected = collector.end();
    let spans = collected.named("execute_tool nested");
    let (within, without): (Vec<_>, _) = spans.into_iter().partition(|span| span["trace"] == TRACE);
    let [outer] = within
        .iter()
        .filter(|span| span["attributes"]["cofferdam.depth"] == 0 && span["failed"] == false)
        .collect::<Vec<_>>()[..]
    else {
        panic!("{within:#?}");
    };
    assert_eq!(outer["parent"], SPAN);
    let inner = within
        .iter()
        .find(|span| span["attributes"]["cofferdam.depth"] == 1);
    assert_eq!(inner.expect("the call in it")["parent"], outer["id"]);
    let refused = within
        .iter()
        .find(|span| span["failed"] == true)
        .expect("a failure");
    let outcome = &refused["attributes"]["cofferdam.outcome"];
    assert_eq!(&refused["attributes"]["error.type"], outcome);
    let limit = &refused["attributes"]["cofferdam.limit"];
    assert!(limit == "fuel" || limit == "wall", "{refused:#}");
    assert_eq!(within.len(), 3, "{within:#?}");
    // Those with a malformed parent begin traces of their own.
    assert_eq!(without.len(), 4, "{without:#?}");
    assert!(without.iter().all(|span| span["parent"] == ""));
}

#[test]
fn clients_of_mcp_name_their_trace_in_a_request_or_in_a_header() {
    let scratch = Scratch::new();
    let collector = Collector::start(&scratch);
    let call = |meta: Value| {
        let arguments = json!({ "stdin": INPUT });
        json!({ "name": "wc", "arguments": arguments, "_meta": meta })
    };
    let trace = |answer: &Value| answer["result"]["_meta"]["cofferdam/receipt"]["trace_id"].clone();
    let mut server = Server::start(&scratch, [tool("wc")]);
    server.initialize();
    let answer = server.ask(1, "tools/call", call(json!({ "traceparent": PARENT })));
    assert_eq!(trace(&answer), TRACE, "{answer}");
    for malformed in [
        json!({}),
        json!({ "traceparent": 7 }),
        json!({ "traceparent": "00-x" }),
    ] {
        let answer = server.ask(2, "tools/call", call(malformed));
        assert_eq!(trace(&answer), Value::Null, "{answer}");
    }
    drop(server.stdin.take());
    assert_eq!(server.ends(), Some(0));

    // Over HTTP the header counts too, and the request's own goes before it.
    let args = [
        "--listen".into(),
        "127.0.0.1:0".into(),
        tool("wc").into_os_string(),
    ];
    let server = Server::start(&scratch, args);
    let address = server.address();
    let other = PARENT.replace("0af7", "1bf7");
    let version = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {} });
    let mut own = version.clone();
    own["traceparent"] = json!(PARENT);
    for (meta, expected) in [(version, &other[3..35]), (own, TRACE)] {
        let params = call(meta);
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let answer = posted(&scratch, &address, &other, &body);
        assert!(
            answer.contains(&format!("\"trace_id\":\"{expected}\"")),
            "{answer}"
        );
    }
    drop(server);

    // The tools of an agent: the trace goes on to the host.
    let host = start(&scratch, &obedient(&scratch));
    let mut server = Server::start(&scratch, ["--agent", "b"]);
    server.initialize();
    let params = json!({ "name": "nested", "arguments": { "act": "nothing" },
        "_meta": { "traceparent": PARENT } });
    let answer = server.ask(1, "tools/call", params);
    assert_eq!(trace(&answer), TRACE, "{answer}");
    drop(server);
    assert_eq!(host.terminate(), Some(0));

    let collected = collector.end();
    let spans = collected.named("execute_tool wc");
    let within = spans
        .iter()
        .filter(|span| span["trace"] == TRACE && span["parent"] == SPAN);
    assert!(within.count() >= 1, "{:#?}", collected.spans);
    collected.hold_none_of(&[INPUT]);
}

#[test]
fn a_collector_that_is_gone_or_stalls_holds_nothing_up() {
    let scratch = Scratch::new();
    // Nobody listens there any more.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    configure(&scratch, listener.local_addr().expect("a port").port());
    drop(listener);
    let agentfile = scripted(&scratch);
    let mut host = start(&scratch, &agentfile);
    host.chat("a", PROMPT);
    let line = host.hears("spans are dropped, because http://127.0.0.1:");
    assert!(line.contains("WARN"), "{line}");
    assert_eq!(host.terminate(), Some(0));

    // This one takes connections, and nothing else.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    configure(&scratch, silent.local_addr().expect("a port").port());
    let host = start(&scratch, &agentfile);
    host.chat_in("a", "another", PROMPT);
    let begun = Instant::now();
    assert_eq!(host.terminate(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_wrong_address_of_a_collector_is_refused_with_its_line() {
    let scratch = Scratch::new();
    for (written, part) in [
        ("127.0.0.1:4317", "begin with http://"),
        ("https://127.0.0.1:4317", "in clear"),
        ("http://127.0.0.1", "port is missing"),
        ("http://127.0.0.1:4317/v1/traces", "no path"),
    ] {
        let text = format!("[host]\n[telemetry]\notlp = \"{written}\"\n");
        scratch.file("data/cofferdam.toml", text);
        for line in [&["config", "show"][..], &["serve"]] {
            let ran = cofferdam(&scratch, line).run().exits(2);
            ran.complains(&["cofferdam.toml:3", part, "expected http://HOST:PORT"]);
        }
    }
    configure(&scratch, 4317);
    let shown = cofferdam(&scratch, ["config", "show"]).run().exits(0);
    assert!(shown.stdout.contains("telemetry.otlp"), "{}", shown.stdout);
    assert!(shown.stdout.contains("http://127.0.0.1:4317"));
}

/// The answer to a message for the door of MCP over HTTP, with this trace in its head.
#[track_caller]
fn posted(scratch: &Scratch, address: &str, parent: &str, body: &Value) -> String {
    let body = body.to_string();
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nAuthorization: Bearer {}\r\n\
         MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: wc\r\n\
         traceparent: {parent}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        token(scratch),
        body.len()
    );
    stream
        .write_all((head + &body).as_bytes())
        .expect("it reads");
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).expect("an answer");
    answer
}
