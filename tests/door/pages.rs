//! Pages for programs that watch a host: its health and its metrics.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::http::{Page, ask, get};
use crate::support::mcp::token;
use crate::support::{Host, Scratch, cofferdam, tool};

/// The type of OpenMetrics text.
const OPEN_METRICS: &str =
    "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8";

/// An agent that counts and sleeps.
fn agentfile(scratch: &Scratch) -> PathBuf {
    let bins: String = ["wc", "sleep"]
        .iter()
        .map(|name| format!("BIN {name} {}\n", tool(name).display()))
        .collect();
    let text = format!("FROM scratch\nNAME a\nMODEL builtin/commands\n{bins}");
    scratch.file("Agentfile", text)
}

/// An agent whose model makes up the name of a tool.
fn inventive(scratch: &Scratch) -> PathBuf {
    let turns = "{\"tool_calls\": [{\"name\": \"made-up\", \"arguments\": {}}]}\n\
                 {\"text\": \"There is none.\"}\n";
    scratch.file("inventive/turns.jsonl", turns);
    let text = "FROM scratch\nNAME inventive\nMODEL script/turns.jsonl\n";
    scratch.file("inventive/Agentfile", text)
}

/// Creates a token with these flags.
#[track_caller]
fn create(scratch: &Scratch, name: &str, flags: &[&str]) -> String {
    let line = [&["token", "create", name][..], flags].concat();
    let made = cofferdam(scratch, line).run().exits(0).stdout;
    made.trim_end().to_owned()
}

/// The metrics of a host, as its operator reads them.
#[track_caller]
fn metrics(scratch: &Scratch, host: &Host<'_>) -> String {
    let Page { status, body, .. } = get(&host.address, "/metrics", Some(&token(scratch)));
    assert_eq!(status, 200, "{body}");
    assert!(body.ends_with("# EOF\n"), "{body}");
    body
}

/// The value of one series; nothing if it is not there.
fn value(metrics: &str, series: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series))?;
    line.trim().parse().ok()
}

#[test]
fn the_health_of_a_host_is_for_everybody_and_its_metrics_are_not() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let host = Host::listening(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let socket = format!("unix:{}", scratch.data().join("cofferdam.sock").display());
    for address in [&host.address, &socket] {
        let page = get(address, "/healthz", None);
        assert_eq!((page.status, page.body.as_str()), (200, "ok\n"));
    }
    let page = get(&host.address, "/metrics", None);
    assert_eq!(page.status, 401, "{page:?}");
    assert!(page.head.contains("www-authenticate: bearer"), "{page:?}");
    assert!(!page.body.contains("cofferdam_"));

    // Over the socket it is the operator who asks, unless there is a token.
    let page = get(&socket, "/metrics", None);
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.head.contains(OPEN_METRICS), "{page:?}");
    let operator = token(&scratch);
    let read = create(&scratch, "read", &["--scope", "read"]);
    let chat = create(&scratch, "chat", &["--scope", "chat,write,tools"]);
    let bound = create(&scratch, "bound", &["--scope", "read", "--agent", "a"]);
    let agent = create(&scratch, "agent", &["--for-agent", "a"]);
    for (token, status) in [
        (operator.as_str(), 200),
        (&read, 200),
        (&chat, 403),
        (&bound, 403),
        (&agent, 403),
        ("wrong", 401),
    ] {
        for address in [&host.address, &socket] {
            let page = get(address, "/metrics", Some(token));
            assert_eq!(page.status, status, "{page:?}");
        }
    }
    cofferdam(&scratch, ["token", "revoke", "read"])
        .run()
        .exits(0);
    assert_eq!(get(&host.address, "/metrics", Some(&read)).status, 401);

    let page = ask(&host.address, "POST", "/metrics", Some(&operator));
    assert_eq!(page.status, 405, "{page:?}");
    for path in ["/", "/metrics/", "/cofferdam.v1.Agents/ListAgents"] {
        assert_eq!(get(&host.address, path, None).status, 401);
        let page = get(&host.address, path, Some(&operator));
        assert_eq!(page.status, 404, "{page:?}");
        assert!(page.body.contains("speaks gRPC"), "{page:?}");
    }
    let page = ask(&host.address, "HEAD", "/healthz", None);
    assert_eq!((page.status, page.body.as_str()), (200, ""));
}

#[test]
fn calls_turns_and_limits_are_counted_and_labels_are_bounded() {
    let scratch = Scratch::new();
    scratch.file("data/cofferdam.toml", "[limits]\nwall = \"300ms\"\n");
    let files = [agentfile(&scratch), inventive(&scratch)];
    let args = files
        .iter()
        .flat_map(|file| ["--agentfile".as_ref(), file.as_os_str()]);
    let host = Host::listening(&scratch, args);
    let before = metrics(&scratch, &host);
    assert_eq!(value(&before, "cofferdam_pool_places"), Some(64.0));
    assert_eq!(value(&before, "cofferdam_pool_running"), Some(0.0));
    let fuel = "cofferdam_tool_limit_refusals_total{limit=\"fuel\"}";
    assert_eq!(value(&before, fuel), Some(0.0));
    assert!(!before.contains("tool=\""), "{before}");

    host.chat("a", "run wc -l");
    host.chat("a", "run wc -w");
    host.chat("a", "run sleep 30");
    // A name that a model makes up is no label.
    host.chat("inventive", "go on");
    // A request that says nothing begins no turn.
    let empty = cofferdam(&scratch, ["chat", "a"]).stdin("").run();
    empty.complains(&["the prompt is empty"]);
    cofferdam(&scratch, ["sessions", "ls"])
        .run()
        .exits(2)
        .complains(&["which agent?", "--agent NAME", "a, inventive"]);
    let after = metrics(&scratch, &host);
    for (series, expected) in [
        (
            "cofferdam_tool_calls_total{tool=\"wc\",outcome=\"ok\"}",
            2.0,
        ),
        (
            "cofferdam_tool_calls_total{tool=\"sleep\",outcome=\"deadline\"}",
            1.0,
        ),
        ("cofferdam_tool_limit_refusals_total{limit=\"wall\"}", 1.0),
        (
            "cofferdam_tool_call_duration_seconds_count{tool=\"wc\"}",
            2.0,
        ),
        (
            "cofferdam_tool_call_duration_seconds_bucket{le=\"+Inf\",tool=\"sleep\"}",
            1.0,
        ),
        (
            "cofferdam_tool_call_duration_seconds_bucket{le=\"0.25\",tool=\"sleep\"}",
            0.0,
        ),
        ("cofferdam_tool_call_wait_seconds_count", 3.0),
        ("cofferdam_turns_total{stop_reason=\"end\"}", 4.0),
        ("cofferdam_turn_duration_seconds_count", 4.0),
        (
            "cofferdam_model_requests_total{provider=\"builtin\",outcome=\"ok\"}",
            6.0,
        ),
        (
            "cofferdam_model_requests_total{provider=\"script\",outcome=\"ok\"}",
            2.0,
        ),
        (
            "cofferdam_model_tokens_total{provider=\"builtin\",kind=\"input\"}",
            0.0,
        ),
        ("cofferdam_pool_running", 0.0),
        ("cofferdam_pool_waiting", 0.0),
    ] {
        assert_eq!(value(&after, series), Some(expected), "{series}\n{after}");
    }
    assert!(value(&after, "cofferdam_tool_fuel_total{tool=\"wc\"}") > Some(0.0));
    assert!(!after.contains("made-up"), "{after}");

    // A tool that is gone with its agent is none any more.
    cofferdam(&scratch, ["rm", "a", "--force"]).run().exits(0);
    let gone = metrics(&scratch, &host);
    assert!(!gone.contains("tool=\""), "{gone}");
    let turns = "cofferdam_turns_total{stop_reason=\"end\"}";
    assert_eq!(value(&gone, turns), Some(4.0));
}

#[test]
fn calls_that_run_and_wait_are_shown_while_they_do() {
    let scratch = Scratch::new();
    scratch.file("data/cofferdam.toml", "[host]\ncalls = 1\n");
    let file = agentfile(&scratch);
    let host = Host::listening(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let mut turns: Vec<_> = (0..3)
        .map(|_| {
            let line = ["chat", "a", "run sleep 20"];
            cofferdam(&scratch, line).start()
        })
        .collect();
    // Each look is a request of its own.
    let shown = |running: f64, waiting: f64| {
        let metrics = metrics(&scratch, &host);
        value(&metrics, "cofferdam_pool_running") == Some(running)
            && value(&metrics, "cofferdam_pool_waiting") == Some(waiting)
    };
    while !shown(1.0, 2.0) {}
    for turn in &mut turns {
        turn.kill().expect("ours");
        turn.wait().expect("ours");
    }
    while !shown(0.0, 0.0) {}
    // A turn is counted once it is stored.
    let cancelled = "cofferdam_turns_total{stop_reason=\"cancelled\"}";
    while value(&metrics(&scratch, &host), cancelled) != Some(3.0) {}
}

/// Programs that negotiate HTTP/2, as Prometheus does over TLS.
#[test]
fn pages_are_read_over_http_2_too() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let host = Host::listening(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let authorization = format!("authorization: Bearer {}", token(&scratch));
    for (path, header, status) in [
        ("/healthz", "x: y", "2 200"),
        ("/metrics", "x: y", "2 401"),
        ("/metrics", &authorization, "2 200"),
    ] {
        let ran = Command::new("curl")
            .args(["--silent", "--http2-prior-knowledge", "--header", header])
            .args(["--output", "/dev/null", "--write-out"])
            .arg("%{http_version} %{http_code}")
            .arg(format!("http://{}{path}", host.address))
            .stderr(Stdio::inherit())
            .output()
            .expect("curl runs");
        assert_eq!(String::from_utf8_lossy(&ran.stdout), status, "{path}");
    }
}
