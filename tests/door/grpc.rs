//! A client that nobody here wrote: Python, generated from the `.proto` files by `grpcio-tools`.

use serde_json::Value;

use crate::support::grpc::{client, command, ended};
use crate::support::{Host, Scratch, tool};

#[test]
fn a_foreign_client_finds_and_uses_every_service() {
    let scratch = Scratch::new();
    let notes = scratch.file("n.txt", "1\n2\n");
    let text = format!(
        "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN wc {}\n",
        tool("wc").display()
    );
    let file = scratch.file("Agentfile", text);
    let copy = format!("a:{}", notes.display());
    let args = [
        "--agentfile".as_ref(),
        file.as_os_str(),
        "--copy-in".as_ref(),
        copy.as_ref(),
    ];
    let host = Host::listening(&scratch, args);

    let services = client(&scratch, &host, &["services"]);
    let expected = [
        "openotters.agent.v1.AgentRuntime",
        "cofferdam.v1.Agents",
        "cofferdam.v1.Chat",
        "cofferdam.v1.Images",
        "cofferdam.v1.Reviews",
        "cofferdam.v1.Sessions",
        "cofferdam.v1.Tokens",
        "cofferdam.v1.Tools",
        "grpc.health.v1.Health",
    ];
    for service in expected {
        assert!(
            services
                .as_array()
                .unwrap()
                .iter()
                .any(|name| name == service),
            "{service} is not in {services}"
        );
    }
    assert_eq!(client(&scratch, &host, &["health", ""]), "SERVING");
    // Each service tells its health, the standard ones included.
    let healths = client(&scratch, &host, &["healths"]);
    let healths = healths.as_object().expect("services");
    assert!(healths.len() >= expected.len(), "{healths:?}");
    assert!(
        healths.values().all(|health| health == "SERVING"),
        "{healths:?}"
    );
    let runtime = client(&scratch, &host, &["runtime"]);
    assert_eq!(
        runtime["health"],
        serde_json::json!(["ok", "a", "builtin/commands"])
    );
    assert_eq!(runtime["ready"], true);
    let object = serde_json::json!(["{\"n\":1}", "{\"n\": 1,"]);
    assert_eq!(runtime["prompt_object"], object);
    let refused = serde_json::json!([
        [
            "INVALID_ARGUMENT",
            "schema is required: give a JSON Schema of draft 2020-12"
        ],
        [
            "INVALID_ARGUMENT",
            "schema_name: expected 1 to 64 letters, digits, `-` and `_`, or none"
        ],
    ]);
    assert_eq!(runtime["no_object"], refused);

    let events = client(&scratch, &host, &["stream", "s1", "run wc -l n.txt"]);
    let types: Vec<_> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event[0].as_str().unwrap())
        .collect();
    let expected = [
        "step.start",
        "tool.call",
        "tool.result",
        "step.finish",
        "step.start",
    ];
    assert_eq!(types[..5], expected, "{events}");
    assert_eq!(
        types[types.len() - 2..],
        ["step.finish", "message.create"],
        "{events}"
    );
    assert!(
        types[5..types.len() - 2]
            .iter()
            .all(|kind| *kind == "text.delta"),
        "{events}"
    );
    assert_eq!(events[2][1], "2 n.txt\n");
    assert_eq!(
        client(&scratch, &host, &["chat", "s1", "run wc -c n.txt"]),
        "4 n.txt\n"
    );

    let messages = client(&scratch, &host, &["messages", "s1"]);
    let roles: Vec<_> = messages
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message[0].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant"]);
    assert_eq!(messages[0][1], "run wc -l n.txt");
    let parts: Value =
        serde_json::from_str(messages[1][1].as_str().unwrap()).expect("the parts of an answer");
    assert_eq!(parts[0]["kind"], "tool");
    assert_eq!(parts[0]["output"], "2 n.txt\n");
    host.kill();

    let host = Host::start::<&str>(&scratch, []);
    assert_eq!(client(&scratch, &host, &["messages", "s1"]), messages);
    assert_eq!(
        client(&scratch, &host, &["sessions"]),
        serde_json::json!([["s1", 4]])
    );
    assert_eq!(client(&scratch, &host, &["delete", "s1"]), "OK");
    assert_eq!(client(&scratch, &host, &["delete", "s1"]), "NOT_FOUND");
    assert_eq!(
        client(&scratch, &host, &["sessions"]),
        serde_json::json!([])
    );
}

#[test]
fn a_foreign_client_is_told_what_it_did_wrong() {
    let scratch = Scratch::new();
    let agent = |name: &str| {
        scratch
            .file(
                name,
                format!("FROM scratch\nNAME {name}\nMODEL builtin/commands\n"),
            )
            .into_os_string()
    };
    let args = [
        "--agentfile".into(),
        agent("a"),
        "--agentfile".into(),
        agent("b"),
    ];
    let host = Host::start(&scratch, args);
    let statuses = client(&scratch, &host, &["mistakes"]);
    let status = |mistake: &str| {
        (
            statuses[mistake][0].as_str().unwrap(),
            statuses[mistake][1].as_str().unwrap(),
        )
    };
    assert_eq!(status("no agent named").0, "INVALID_ARGUMENT");
    assert!(status("no agent named").1.contains("a, b"));
    assert_eq!(status("unknown agent").0, "NOT_FOUND");
    assert_eq!(status("empty prompt").0, "INVALID_ARGUMENT");
    assert_eq!(status("prompt of 10 MiB").0, "INVALID_ARGUMENT");
    assert!(status("prompt of 10 MiB").1.contains("1048576"));
    assert_eq!(status("request of 13 MiB").0, "OUT_OF_RANGE");
    assert!(status("request of 13 MiB").1.contains("12582912"));
    assert_eq!(status("invalid UTF-8").0, "INVALID_ARGUMENT");
    // Nothing of it was stored, and the host goes on.
    assert_eq!(
        client(&scratch, &host, &["sessions", "a"]),
        serde_json::json!([])
    );
}

#[test]
fn tcp_asks_for_the_token_before_anything_else() {
    let scratch = Scratch::new();
    let file = scratch.file(
        "Agentfile",
        "FROM scratch\nNAME a\nMODEL builtin/commands\n",
    );
    let host = Host::listening(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let right =
        std::fs::read_to_string(scratch.data().join("operator.token")).expect("made at the start");
    let right = right.trim_end();
    let code = |token: &str| {
        let mut command = command(&scratch, &host, &["statuses"]);
        match token {
            "" => command.env_remove("COFFERDAM_TOKEN"),
            token => command.env("COFFERDAM_TOKEN", token),
        };
        ended(command)
    };
    for wrong in [
        "",
        &right[1..],
        &format!("{right}0"),
        &"0".repeat(right.len()),
    ] {
        let statuses = code(wrong);
        for (request, status) in statuses.as_object().unwrap() {
            assert_eq!(status[0], "UNAUTHENTICATED", "{request}: {statuses}");
            let sentence = status[1].as_str().unwrap();
            assert!(
                sentence.contains("Bearer") && sentence.contains("operator's token"),
                "{request}: {statuses}"
            );
            // Any user of the machine reads it.
            assert!(!sentence.contains('/'), "{request}: {statuses}");
        }
    }
    let statuses = code(right);
    for request in ["health", "reflection", "ready", "agents", "chat"] {
        assert_eq!(statuses[request][0], "OK", "{statuses}");
    }
    assert_eq!(statuses["nothing"][0], "UNIMPLEMENTED", "{statuses}");
    host.kill();

    // Without the flag there is the socket alone, which needs no token, and gRPC's C core finds
    // through it.
    let mut host = Host::start::<&str>(&scratch, []);
    assert!(!host.hears("listening on ").contains("http://"));
    assert_eq!(client(&scratch, &host, &["health", ""]), "SERVING");
    assert_eq!(
        client(&scratch, &host, &["chat", "s", "hello"])
            .as_str()
            .map(str::is_empty),
        Some(false)
    );
}
