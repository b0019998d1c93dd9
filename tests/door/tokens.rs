//! Tokens of clients and agents, from their making to their end.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::grpc::{command, ended};
use crate::support::{Host, Scratch, cofferdam, tool};

/// The longest time that a test waits for what should happen.
const PATIENCE: Duration = Duration::from_secs(60);

const CHAT: &str = "/openotters.agent.v1.AgentRuntime/Chat";
const HEALTH: &str = "/openotters.agent.v1.AgentRuntime/Health";
const LIST: &str = "/cofferdam.v1.Agents/ListAgents";
const CREATE: &str = "/cofferdam.v1.Agents/CreateAgent";

/// A prompt `hello`, in field 2 of a ChatRequest.
const HELLO: &str = "120568656c6c6f";

/// An agent that can sleep.
fn agentfile(scratch: &Scratch, name: &str) -> PathBuf {
    let sleep = tool("sleep");
    let sleep = sleep.display();
    let text = format!("FROM scratch\nNAME {name}\nMODEL builtin/commands\nBIN sleep {sleep}\n");
    scratch.file(&format!("{name}/Agentfile"), text)
}

/// A host with the agents a and b, on TCP.
fn start(scratch: &Scratch) -> Host<'_> {
    let (a, b) = (agentfile(scratch, "a"), agentfile(scratch, "b"));
    let args = [
        "--agentfile".as_ref(),
        a.as_os_str(),
        "--agentfile".as_ref(),
        b.as_os_str(),
    ];
    Host::listening(scratch, args)
}

#[track_caller]
fn create(scratch: &Scratch, name: &str, flags: &[&str]) -> String {
    let line = [&["token", "create", name][..], flags].concat();
    let made = cofferdam(scratch, line).run().exits(0);
    assert!(made.stderr.contains("the only time"), "{}", made.stderr);
    made.stdout.trim_end().to_owned()
}

/// The status of one call with a token.
#[track_caller]
fn call(scratch: &Scratch, host: &Host<'_>, token: &str, what: [&str; 3]) -> [String; 2] {
    let [path, message, agent] = what;
    let mut command = command(scratch, host, &["raw", path, message, agent, token]);
    command.env_remove("COFFERDAM_TOKEN");
    let [code, details] = [0, 1].map(|_| String::new());
    let said = ended(command);
    let text = |index: usize| said[index].as_str().unwrap_or_default().to_owned();
    [code + &text(0), details + &text(1)]
}

#[test]
fn a_token_reaches_its_agent_within_its_scopes_and_no_further() {
    let scratch = Scratch::new();
    let host = start(&scratch);
    let flags = ["--agent", "a", "--scope", "chat,read", "--expires", "30d"];
    let token = create(&scratch, "ci", &flags);
    let code = |what| call(&scratch, &host, &token, what);
    // The agent need not be named, although there are two.
    for agent in ["", "a"] {
        assert_eq!(code([CHAT, HELLO, agent])[0], "OK", "{agent}");
        assert_eq!(code([HEALTH, "", agent])[0], "OK", "{agent}");
    }
    for denied in [
        [CHAT, HELLO, "b"],
        [HEALTH, "", "b"],
        [HEALTH, "", "nobody"],
        [CREATE, "", ""],
        ["/openotters.agent.v1.AgentRuntime/DeleteSession", "", ""],
        ["/cofferdam.v1.Tools/ListTools", "", ""],
        ["/cofferdam.v1.Tokens/ListTokens", "", ""],
        ["/cofferdam.v1.Images/ListImages", "", ""],
    ] {
        assert_eq!(code(denied)[0], "PERMISSION_DENIED", "{denied:?}");
    }
    assert_eq!(code([LIST, "", ""])[0], "OK");
    let sentence = &code(["/cofferdam.v1.Tools/ListTools", "", ""])[1];
    assert!(
        sentence.contains("token `ci`") && sentence.contains("`tools`"),
        "{sentence}"
    );
    // One that does not exist is told as one that is not its own.
    let sentence = |agent| code([HEALTH, "", agent])[1].replace(&format!("`{agent}`"), "");
    assert_eq!(sentence("nobody"), sentence("b"));

    // It is listed without its secret, which is stored nowhere.
    let listed = cofferdam(&scratch, ["token", "ls", "--format", "json"])
        .run()
        .exits(0);
    let entry = &listed.json()[0];
    assert_eq!(
        json!([
            entry["name"],
            entry["agent"],
            entry["scopes"],
            entry["status"],
            entry["kind"]
        ]),
        json!(["ci", "a", ["chat", "read"], "active", "client"])
    );
    assert_eq!(
        entry["expires_at"].as_i64().unwrap() - entry["created_at"].as_i64().unwrap(),
        30 * 86_400
    );
    assert!(!listed.stdout.contains(&token));
    for file in ["cofferdam.db", "cofferdam.db-wal"] {
        let bytes = std::fs::read(scratch.data().join(file)).expect("the database");
        assert!(!holds(&bytes, token.as_bytes()), "{file} holds the token");
    }
    // The agent goes, and what was bound to it.
    cofferdam(&scratch, ["rm", "a"]).run().exits(0);
    assert_ne!(code([HEALTH, "", ""])[0], "OK");
    let listed = cofferdam(&scratch, ["token", "ls", "--format", "json"])
        .run()
        .exits(0);
    assert_eq!(listed.json(), json!([]));
}

#[test]
fn a_revoked_token_stops_at_once_also_in_the_middle_of_a_stream() {
    let scratch = Scratch::new();
    let host = start(&scratch);
    let token = create(&scratch, "ci", &["--scope", "chat", "--agent", "a"]);
    let mut following = command(&scratch, &host, &["cut", "a", "run sleep 25"]);
    let following = following
        .env("COFFERDAM_TOKEN", &token)
        .stdout(Stdio::piped());
    let mut following = following.spawn().expect("Python runs");
    let mut said = BufReader::new(following.stdout.take().expect("piped")).lines();
    let mut says = || said.next().expect("a line").expect("text");
    assert_eq!(says(), "\"tool.call\"");
    let revoked = Instant::now();
    cofferdam(&scratch, ["token", "revoke", "ci"])
        .run()
        .exits(0);
    let status: Value = serde_json::from_str(&says()).expect("JSON");
    assert_eq!(
        status,
        json!(["UNAUTHENTICATED", "the token of this request was revoked"])
    );
    // The tool sleeps for longer; the command and the client take most of this.
    assert!(
        revoked.elapsed() < Duration::from_secs(10),
        "{:?}",
        revoked.elapsed()
    );
    following.wait().expect("ours");
    assert_eq!(
        call(&scratch, &host, &token, [CHAT, HELLO, ""])[0],
        "UNAUTHENTICATED"
    );
    // Its turn is gone too.
    let deadline = Instant::now() + PATIENCE;
    let turns = || {
        cofferdam(&scratch, ["stats", "a", "--format", "json"])
            .run()
            .exits(0)
            .json()
    };
    while turns()[0]["turns"] != 0 {
        assert!(Instant::now() < deadline, "the turn goes on");
    }
    // It stays revoked, and its name is free.
    host.kill();
    let host = start(&scratch);
    assert_eq!(
        call(&scratch, &host, &token, [CHAT, HELLO, ""])[0],
        "UNAUTHENTICATED"
    );
    let ls = cofferdam(&scratch, ["token", "ls"]).run().exits(0).stdout;
    assert!(ls.contains("revoked"), "{ls}");
    let other = create(&scratch, "ci", &["--scope", "chat", "--agent", "a"]);
    assert_eq!(call(&scratch, &host, &other, [CHAT, HELLO, ""])[0], "OK");
    assert_eq!(
        call(&scratch, &host, &token, [CHAT, HELLO, ""])[0],
        "UNAUTHENTICATED"
    );
}

#[test]
fn a_token_expires() {
    let scratch = Scratch::new();
    let host = start(&scratch);
    let token = create(&scratch, "short", &["--scope", "read", "--expires", "2s"]);
    let deadline = Instant::now() + PATIENCE;
    while call(&scratch, &host, &token, [LIST, "", ""])[0] != "UNAUTHENTICATED" {
        assert!(Instant::now() < deadline, "it goes on to hold");
    }
    let ls = cofferdam(&scratch, ["token", "ls"]).run().exits(0).stdout;
    assert!(ls.contains("expired"), "{ls}");
}

#[test]
fn a_token_of_an_agent_is_signed_rotated_and_revoked() {
    let scratch = Scratch::new();
    let host = start(&scratch);
    let flags = [
        "--for-agent",
        "a",
        "--link",
        "b",
        "--capability",
        "note_save",
    ];
    let token = create(&scratch, "of-a", &flags);
    let lone = create(&scratch, "lone", &["--for-agent", "a"]);
    let part = |token: &str, index| -> Value {
        let part = token.split('.').nth(index).expect("three parts");
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&bytes).expect("JSON")
    };
    let claims = part(&token, 1);
    let agents = cofferdam(&scratch, ["ps", "--format", "json"])
        .run()
        .exits(0)
        .json();
    assert_eq!(claims["agent_ref"], agents[0]["id"]);
    assert_eq!(claims["links"], json!([agents[1]["id"]]));
    assert_eq!(claims["capabilities"], json!(["note_save"]));
    assert_eq!(claims["iss"], "cofferdam:agent");
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lifetime, 90 * 86_400);
    assert_eq!(part(&token, 0)["alg"], "HS256");

    let code = |token: &str, what| call(&scratch, &host, token, what)[0].clone();
    let sessions = "/openotters.agent.v1.AgentRuntime/ListSessions";
    assert_eq!(code(&token, [sessions, "", ""]), "OK");
    assert_eq!(code(&token, [sessions, "", "b"]), "PERMISSION_DENIED");
    assert_eq!(code(&token, [CHAT, HELLO, "b"]), "OK");
    assert_eq!(code(&token, [CHAT, HELLO, "a"]), "PERMISSION_DENIED");
    assert_eq!(code(&lone, [CHAT, HELLO, "b"]), "PERMISSION_DENIED");
    assert_eq!(code(&lone, [CREATE, "", ""]), "PERMISSION_DENIED");

    // The first key goes on to prove what it has signed, and a new one signs.
    cofferdam(&scratch, ["token", "rotate"]).run().exits(0);
    let newer = create(&scratch, "newer", &["--for-agent", "a"]);
    assert_ne!(part(&newer, 0)["kid"], part(&token, 0)["kid"]);
    assert_eq!(code(&token, [sessions, "", ""]), "OK");
    assert_eq!(code(&newer, [sessions, "", ""]), "OK");
    cofferdam(&scratch, ["token", "revoke", "of-a"])
        .run()
        .exits(0);
    assert_eq!(code(&token, [sessions, "", ""]), "UNAUTHENTICATED");
    assert_eq!(code(&lone, [sessions, "", ""]), "OK");
    let rotated = cofferdam(
        &scratch,
        ["token", "rotate", "--revoke", "--format", "json"],
    );
    assert_eq!(rotated.run().exits(0).json()["revoked"], 2);
    for ended in [&lone, &newer] {
        assert_eq!(code(ended, [sessions, "", ""]), "UNAUTHENTICATED");
    }
    let last = create(&scratch, "last", &["--for-agent", "b"]);
    host.kill();
    // Keys and tokens are those of before.
    let host = start(&scratch);
    assert_eq!(call(&scratch, &host, &last, [sessions, "", ""])[0], "OK");
    assert_eq!(
        call(&scratch, &host, &lone, [sessions, "", ""])[0],
        "UNAUTHENTICATED"
    );
}

#[test]
fn a_token_ends_with_its_agent() {
    let scratch = Scratch::new();
    let host = start(&scratch);
    let token = create(&scratch, "of-a", &["--for-agent", "a", "--link", "b"]);
    let code = |what| call(&scratch, &host, &token, what)[0].clone();
    assert_eq!(code([CHAT, HELLO, "b"]), "OK");
    cofferdam(&scratch, ["rm", "--force", "a"]).run().exits(0);
    // Also about another agent, and about none.
    assert_eq!(code([CHAT, HELLO, "b"]), "PERMISSION_DENIED");
    assert_eq!(
        code(["/grpc.health.v1.Health/Check", "", ""]),
        "PERMISSION_DENIED"
    );
}

#[test]
fn wrong_tokens_wait_and_keep_nobody_with_a_right_one_out() {
    let scratch = Scratch::new();
    let mut host = start(&scratch);
    let took = ended(command(&scratch, &host, &["guesses", "12"]));
    let took = took.as_array().expect("times");
    let last = took.last().and_then(Value::as_f64).expect("a time");
    assert!(last >= 1_000.0, "{took:?}");
    host.hears("requests from 127.0.0.1 had a wrong token");
    // From the same address.
    let token = create(&scratch, "ci", &["--scope", "read"]);
    assert_eq!(call(&scratch, &host, &token, [LIST, "", ""])[0], "OK");
    cofferdam(&scratch, ["ps"]).run().exits(0);
}

#[test]
fn errors_have_a_reason_that_programs_read() {
    let scratch = Scratch::new();
    let host = start(&scratch);
    let token = create(&scratch, "ci", &["--scope", "read"]);
    let details = |path| {
        let mut asked = command(&scratch, &host, &["details", path]);
        asked.env("COFFERDAM_TOKEN", &token);
        ended(asked).as_str().expect("details").to_owned()
    };
    for (path, reason) in [
        (CREATE, "NOT_PERMITTED"),
        ("/cofferdam.v1.Agents/Nothing", "NO_SUCH_METHOD"),
        // Two agents, and none is named: an error of a service.
        (HEALTH, "INVALID_ARGUMENT"),
    ] {
        let details = details(path);
        for part in ["google.rpc.ErrorInfo", reason, "cofferdam"] {
            assert!(details.contains(part), "{path}: {details:?}");
        }
    }
}

#[test]
fn wishes_that_cannot_be_are_told() {
    let scratch = Scratch::new();
    let _host = start(&scratch);
    create(&scratch, "ci", &["--scope", "read"]);
    let long = "a".repeat(65);
    for (line, parts) in [
        (vec!["Ci", "--scope", "read"], ["`Ci`", "a-z"]),
        (vec![&*long, "--scope", "read"], ["name of a token", "64"]),
        (
            vec!["x", "--scope", "admin"],
            ["`admin`", "chat, read, write or tools"],
        ),
        (
            vec!["x", "--scope", "read", "--expires", "11y"],
            ["3650 days", "longer"],
        ),
        (
            vec!["x", "--scope", "read", "--expires", "soon"],
            ["--expires soon", "30d"],
        ),
        (vec!["x"], ["--scope", "required"]),
    ] {
        let line = [vec!["token", "create"], line].concat();
        let ran = cofferdam(&scratch, line).run().exits(2);
        for part in parts {
            assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
        }
    }
    let fails = |line: &[&str], parts: &[&str]| {
        cofferdam(&scratch, line).run().exits(1).complains(parts);
    };
    fails(
        &["token", "create", "ci", "--scope", "read"],
        &["there is a token `ci`", "revoke it"],
    );
    cofferdam(
        &scratch,
        ["token", "create", "x", "--scope", "read", "--agent", "c"],
    )
    .run()
    .exits(2)
    .complains(&["there is no agent `c`"]);
    cofferdam(&scratch, ["token", "revoke", "x"])
        .run()
        .exits(2)
        .complains(&["there is no token `x`"]);
}

/// Returns true if these bytes are among those.
fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
