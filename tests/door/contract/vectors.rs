//! The vectors of the contract (each over both doors), and a guest that is really stopped.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{client, ended, envelope, host, operator, over_grpc, request, validate, verdict};
use crate::support::components::built;
use crate::support::{Host, Scratch, cofferdam, guest, tool};

const OK: &str = "ok - - null";
const DENIED: &str = "denied permission_denied tool_permission_denied false";
const TIMEOUT: &str = "error timeout tool_execution_timeout true";
const UNSUPPORTED: &str = "error unsupported_tool tool_unsupported false";
const INVALID: &str = "error invalid_input tool_invalid_input false";
const POLICY: &str = "error runtime_policy_invalid tool_runtime_policy_invalid false";
const SECRET: &str = "error secret_resolution_failed tool_secret_resolution_failed false";
const ISOLATION: &str = "error isolation_unavailable tool_isolation_unavailable false";
const FAILED: &str = "error execution_failed tool_backend_failure true";
/// A failure that comes again however often the call is made.
const LIMIT: &str = "error execution_failed tool_backend_failure false";

/// Milliseconds in which a call with a bounded time has to be back.
const BOUND: u64 = 120;

/// The tools of the vectors, under the names that these use.
fn tools(scratch: &Scratch) -> String {
    let bins = [
        ("web_search", tool("sed")),
        ("vector_db", tool("cat")),
        ("spin", guest("cpu_spin")),
        ("exit", guest("exit_code")),
        ("grow", guest("memory_grow")),
        ("deep", guest("stack_deep")),
        ("flood", guest("stdout_flood")),
        ("dotdot", built(scratch, "dotdot", "fs_dotdot", "")),
        ("env", guest("env_dump")),
    ];
    let mut lines: Vec<_> = bins
        .iter()
        .map(|(name, path)| format!("BIN {name} {}", path.display()))
        .collect();
    lines.push("CONFIG limit.vector_db.stdin=4B".to_owned());
    lines.join("\n")
}

/// The input of `sed` that makes it answer as the tool of the first vector does.
fn echoed() -> String {
    let input = json!({ "args": ["s/^/ok:web_search:/"], "stdin": "tool=web_search payload" });
    input.to_string()
}

/// A request, changed in one place.
fn changed(mut request: Value, place: &str, value: Value) -> Value {
    *request.pointer_mut(place).expect("a place") = value;
    request
}

/// The same with a section more.
fn with(mut request: Value, section: &str, value: Value) -> Value {
    request[section] = value;
    request
}

fn milliseconds(response: &Value) -> u64 {
    response["usage"]["duration_ms"].as_u64().expect("a number")
}

#[test]
fn every_vector_has_its_verdict_over_both_doors() {
    let scratch = Scratch::new();
    let host = host(&scratch, &tools(&scratch));
    let base = |tool: &str| request("r1", tool, &format!("tool={tool} payload"));
    let timeout = |millis: u64| json!({ "timeout_ms": millis });
    let vectors = [
        (request("r1", "web_search", &echoed()), OK),
        (base("vector_db"), DENIED),
        (with(base("spin"), "runtime", timeout(1)), TIMEOUT),
        (with(base("spin"), "runtime", timeout(10)), TIMEOUT),
        (with(base("spin"), "runtime", timeout(15)), TIMEOUT),
        (base("missing_tool"), UNSUPPORTED),
        (
            changed(base("spin"), "/tool/operation", json!("delete")),
            UNSUPPORTED,
        ),
        (
            changed(base("spin"), "/tool_contract_version", json!("v9")),
            INVALID,
        ),
        (changed(base("spin"), "/tool/name", json!(" ")), INVALID),
        (changed(base("spin"), "/agent", json!("another")), INVALID),
        (request("r1", "web_search", "{\"args\": 1}"), INVALID),
        (
            with(base("spin"), "runtime", json!({ "backoff": "soon" })),
            POLICY,
        ),
        (
            with(base("spin"), "runtime", json!({ "timeout_ms": -1 })),
            POLICY,
        ),
        (
            with(base("spin"), "auth", json!({ "secret_ref": "no" })),
            SECRET,
        ),
        (
            with(base("spin"), "runtime", json!({ "mode": "container" })),
            ISOLATION,
        ),
        // Limits and escapes.
        (request("r1", "exit", "{\"args\": [\"3\"]}"), FAILED),
        (base("grow"), LIMIT),
        (base("deep"), LIMIT),
        (request("r1", "dotdot", ""), FAILED),
    ];
    let requests: Vec<_> = vectors.iter().map(|(request, _)| request.clone()).collect();
    let answers = over_grpc(&scratch, &host, &requests);
    for ((request, expected), over_grpc) in vectors.iter().zip(answers) {
        let mut over_http = envelope(&scratch, &host, request);
        validate(request, &over_http);
        validate(request, &over_grpc);
        assert_eq!(&verdict(&over_http), expected, "{request}: {over_http}");
        over_http["usage"] = over_grpc["usage"].clone();
        assert_eq!(over_http, over_grpc, "{request}");
    }
    let echo = envelope(&scratch, &host, &request("r", "web_search", &echoed()));
    assert_eq!(
        echo["output"]["result"],
        "ok:web_search:tool=web_search payload"
    );
    let unknown = envelope(
        &scratch,
        &host,
        &changed(base("spin"), "/tool_contract_version", json!("v9")),
    );
    assert_eq!(
        unknown["error"]["details"],
        json!({ "field": "tool_contract_version", "expected": "v1" })
    );
    // What a tool may not have is not there, and what it says too much is cut and said.
    let env = envelope(&scratch, &host, &request("r", "env", ""));
    assert_eq!(env["status"], "ok", "{env}");
    assert!(!env.to_string().contains("COFFERDAM_DATA_DIR"), "{env}");
    let flood = envelope(&scratch, &host, &request("r", "flood", ""));
    assert!(flood.to_string().contains("truncated"), "{flood}");
}

/// CPU time of the host, in clock ticks.
fn ticks(host: &Host<'_>) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", host.pid())).expect("it runs");
    let (_, fields) = stat.rsplit_once(") ").expect("a name");
    let fields: Vec<_> = fields.split(' ').collect();
    let number = |index: usize| -> u64 { fields[index].parse().expect("a number") };
    number(11) + number(12)
}

#[test]
fn a_guest_whose_time_is_over_or_whose_caller_is_gone_is_stopped() {
    let scratch = Scratch::new();
    let spin = format!(
        "BIN spin {}\nCONFIG limit.spin.wall=5m\n",
        guest("cpu_spin").display()
    );
    // No fuel ends it before its caller does.
    let mut host = host(
        &scratch,
        &format!("{spin}CONFIG limit.spin.fuel=1_000_000_000_000"),
    );
    let base = request("r", "spin", "");
    let bounded = with(base.clone(), "runtime", json!({ "timeout_ms": 10 }));
    let answer = envelope(&scratch, &host, &bounded);
    let details = &answer["error"]["details"];
    assert!(
        details["limit"].is_null(),
        "the caller's time, and no limit: {details}"
    );
    let fastest = (0..10).map(|_| envelope(&scratch, &host, &bounded));
    let fastest = fastest.map(|response| milliseconds(&response)).min();
    assert!(fastest < Some(BOUND), "{fastest:?} ms");
    host.hears("outcome=\"deadline\"");

    // The caller cancels before the call has begun, and while it runs.
    for after in ["0", "300"] {
        let mut command = client(&host, &operator(&scratch), "");
        command.arg(after);
        let answers = ended(command, std::slice::from_ref(&base));
        assert_eq!(answers[0]["code"], "CANCELLED", "{answers:?}");
        let late = answers[0]["ms"].as_f64().expect("a number");
        assert!(
            late < after.parse::<f64>().expect("a number") + 80.0,
            "{late} ms"
        );
    }
    host.hears("outcome=\"cancelled\"");
    // Nothing of them goes on: the host has less than a tenth of a core's time to do.
    let before = ticks(&host);
    thread::park_timeout(Duration::from_secs(1));
    let spent = ticks(&host) - before;
    assert!(spent < 10, "{spent} hundredths of a second");

    // A host that ends tells its callers so, in an envelope.
    let token = operator(&scratch);
    let command = client(&host, &token, "");
    let running = thread::scope(|scope| {
        let answered = scope.spawn(|| ended(command, &[base]));
        // It runs when the host uses a core for it.
        let begun = ticks(&host);
        while ticks(&host) - begun < 20 {
            thread::park_timeout(Duration::from_millis(20));
        }
        host.signal("TERM");
        host.signal("TERM");
        answered.join().expect("an answer")
    });
    let cancelled = "error canceled tool_execution_canceled false";
    assert_eq!(verdict(&running[0]), cancelled, "{running:?}");
}

#[test]
fn labels_and_traces_are_in_the_log_and_secrets_are_not() {
    let scratch = Scratch::new();
    let mut host = host(&scratch, &tools(&scratch));
    let mut asked = with(
        request("req-7", "web_search", &echoed()),
        "auth",
        json!({ "profile": "Bearer", "scopes": ["A", "a"] }),
    );
    asked["tool"]["capabilities"] = json!(["Data.Read"]);
    asked["tool"]["risk_level"] = json!("High");
    let response = envelope(&scratch, &host, &asked);
    validate(&asked, &response);
    let begins = host.hears("contract call begins");
    for part in ["req-7", "default/task/a001", "data.read", "high", "bearer"] {
        assert!(begins.contains(part), "{part}: {begins}");
    }
    let ends = host.hears("contract call ended");
    for part in ["req-7", "status=\"ok\"", "duration_ms"] {
        assert!(ends.contains(part), "{part}: {ends}");
    }
    let denied = request("req-8", "vector_db", "too much for it");
    envelope(&scratch, &host, &denied);
    let ends = host.hears_next("contract call ended");
    assert!(ends.contains("tool_permission_denied"), "{ends}");
    assert!(!ends.contains(&operator(&scratch)), "{ends}");
}

#[test]
fn a_token_with_the_scope_calls_tools_of_its_agent_alone() {
    let scratch = Scratch::new();
    let host = host(&scratch, &tools(&scratch));
    let token = |name: &str, flags: &[&str]| {
        let line = [&["token", "create", name][..], flags].concat();
        let made = cofferdam(&scratch, line).run().exits(0).stdout;
        made.trim_end().to_owned()
    };
    let tools = token("tools", &["--scope", "tools", "--agent", "research-agent"]);
    let chat = token("chat", &["--scope", "chat"]);
    let asked = request("r", "web_search", &echoed());
    let answers = ended(client(&host, &tools, ""), std::slice::from_ref(&asked));
    assert_eq!(verdict(&answers[0]), OK, "{answers:?}");
    for (token, agent, code, status) in [
        (chat.as_str(), "", "PERMISSION_DENIED", 403),
        ("wrong", "", "UNAUTHENTICATED", 401),
        (tools.as_str(), "other", "PERMISSION_DENIED", 403),
    ] {
        let answers = ended(client(&host, token, agent), std::slice::from_ref(&asked));
        assert_eq!(answers[0]["code"], code, "{answers:?}");
        let mut headers = super::headers(token);
        if !agent.is_empty() {
            headers += &format!("Cofferdam-Agent: {agent}\r\n");
        }
        let (found, body) = super::over_http(&host, &headers, &asked.to_string());
        assert_eq!(found, status, "{body}");
    }
}
