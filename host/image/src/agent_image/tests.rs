//! Configs of agent images: what is written is read again, and what no Agentfile can say is
//! refused.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

use serde_json::{Value, json};

use super::{config_json, from_config_json};
use crate::agentfile::{Agentfile, parse};

/// The least that an agent is.
fn least() -> Value {
    json!({ "agent": { "model": "a/b", "name": "otter" } })
}

/// The least, with this key besides.
fn with(key: &str, value: Value) -> Value {
    let mut config = least();
    config["agent"][key] = value;
    config
}

#[track_caller]
fn read(config: &Value) -> Agentfile {
    from_config_json(config.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// Refuses a config, with a sentence that holds `part`.
#[track_caller]
fn check_refused(config: &Value, part: &str) {
    match from_config_json(config.to_string().as_bytes()) {
        Ok(agentfile) => panic!("accepted {config}: {agentfile:?}"),
        Err(error) => assert!(error.to_string().contains(part), "{part}: {error}"),
    }
}

const EVERYTHING: &str = r##"# syntax=openotters/agentfile:1
FROM scratch
RUNTIME ghcr.io/openotters/runtime:latest
NAME otter
MODEL anthropic/claude
ARG NONE
ARG team="a = b"
CONTEXT SOUL "who it is" <<EOF
${team} = "verbatim"
BIN evil ./evil.wasm
EOF
CONTEXT EMPTY <<EOF
EOF
CONFIG a=1
CONFIG b=-2.0
CONFIG c=true "yes"
CONFIG d=word
CONFIG e="12"
CONFIG f=""
CONFIG g
CONFIG h! "wanted"
CONFIG limit.wc.wall=5s
BIN wc ghcr.io/example/wc:1 "counts" <<EOF
wc -l FILE
EOF
BIN jq jq
EXEC ["serve", "--a=b", "x\ty"]
LABEL description="say \\ \"hi\""
LABEL team="${team}"
ENV GREETING="hello = there!" "greets"
ENV EMPTY=""
CAPABILITY note_save agent-exec
"##;

#[test]
fn what_is_written_is_read_again() {
    let agentfile = parse(EVERYTHING, "Agentfile").unwrap();
    let json = config_json(&agentfile).unwrap();
    let again = from_config_json(&json).unwrap();
    assert_eq!(again, agentfile);
    assert_eq!(config_json(&again).unwrap(), json);
    let text = String::from_utf8(json).unwrap();
    assert!(
        text.starts_with("{\n  \"syntax\": \"openotters/agentfile:1\",\n  \"agent\": {\n"),
        "{text}"
    );
    let keys = [
        "from",
        "runtime",
        "model",
        "name",
        "contexts",
        "configs",
        "bins",
        "exec",
        "labels",
        "args",
        "envs",
        "capabilities",
    ];
    let places = keys.map(|key| text.find(&format!("\n    \"{key}\":")).unwrap());
    assert!(places.is_sorted(), "{places:?}");
    assert!(!text.contains("\"adds\""), "an empty list is left out");
}

#[test]
fn older_and_looser_writers_are_read() {
    read(&least());
    let config = json!({ "agent": {
        "from": "scratch", "model": "a/b", "name": "otter", "runtime": "", "contexts": null,
        "labels": null, "exec": null, "new": [1],
        "adds": [{ "src": "./data/x.csv", "dst": "/etc/data/x.csv", "description": "towns" }],
        "args": { "none": null, "some": "1" },
        "configs": [{ "key": "a", "value": null }, { "key": "b", "value": 2 }, { "key": "b" }],
        "bins": [{ "name": "wc", "image": "ghcr.io/example/wc:1" }],
    } });
    let agentfile = read(&config);
    assert_eq!(agentfile.adds[0].name, "x.csv");
    assert_eq!(agentfile.adds[0].source.to_str(), Some("./data/x.csv"));
    assert_eq!(agentfile.args["none"], None);
    assert_eq!(agentfile.args["some"].as_deref(), Some("1"));
    assert_eq!(agentfile.configs.len(), 2);
    let config = with("from", json!("ghcr.io/example/base:1"));
    let from = read(&config).from.map(|from| from.to_string());
    assert_eq!(from.as_deref(), Some("ghcr.io/example/base:1"));
}

#[test]
fn what_is_no_config_is_refused() {
    check_refused(&json!({}), "missing field `agent`");
    check_refused(&json!([]), "cannot be read");
    check_refused(&json!({ "agent": null }), "cannot be read");
    let other = json!({ "syntax": "docker/dockerfile:1", "agent": {} });
    check_refused(&other, "has the syntax `docker/dockerfile:1`");
    let deep = "[".repeat(100_000);
    assert!(from_config_json(deep.as_bytes()).is_err());
}

#[test]
fn what_no_agentfile_can_say_is_refused() {
    let bin = |name: &str, image: &str| json!({ "name": name, "image": image });
    let add = |name: &str| json!({ "src": "x", "name": name });
    let usage = "x".repeat(1 << 20);
    for (key, value, part) in [
        ("model", json!("claude"), "a model is written"),
        ("model", json!("a/b c"), "MODEL takes one word"),
        ("name", json!("../x"), "an agent's name is"),
        ("name", json!("x\nBIN evil /bin/sh"), "NAME takes one word"),
        ("name", json!("<<EOF"), "NAME takes one word"),
        ("name", json!(7), "invalid type"),
        ("from", json!("Not An Image"), "names a base that is none"),
        ("runtime", json!("/bin/sh"), "is not an image reference"),
        (
            "contexts",
            json!([{ "name": "A/B" }]),
            "becomes a file name",
        ),
        (
            "contexts",
            json!([{ "name": "AGENT" }]),
            "writes AGENT.md itself",
        ),
        ("contexts", json!([{}]), "CONTEXT takes one word"),
        (
            "contexts",
            json!([{ "name": "A" }, { "name": "a" }]),
            "two contexts called `a`",
        ),
        (
            "contexts",
            json!([{ "name": "A", "file": "x\u{1b}" }]),
            "came from a path",
        ),
        (
            "contexts",
            json!([{ "name": "A", "description": "\u{202e}" }]),
            "invisible",
        ),
        (
            "configs",
            json!([{ "key": "a b" }]),
            "CONFIG takes one word",
        ),
        (
            "configs",
            json!([{ "key": "a", "value": {} }]),
            "cannot be read",
        ),
        (
            "configs",
            json!([{ "key": "a", "value": 1, "required": true }]),
            "is required",
        ),
        (
            "configs",
            json!([{ "key": "limit.wc.fuel", "value": 1 }]),
            "there is no BIN `wc`",
        ),
        (
            "bins",
            json!([bin("wc", "./wc.wasm")]),
            "has BIN wc as a file",
        ),
        (
            "bins",
            json!([bin("wc", "/bin/sh")]),
            "has BIN wc as a file",
        ),
        (
            "bins",
            json!([bin("../wc", "wc")]),
            "a model calls a tool by",
        ),
        (
            "bins",
            json!([bin("a", "b"), bin("a", "c")]),
            "two tools are called a",
        ),
        (
            "bins",
            json!([{ "name": "a", "image": "b", "usage": usage }]),
            "text of 1048576 bytes",
        ),
        ("adds", json!([add("..")]), "does not lie beside"),
        ("adds", json!([add("bins")]), "makes etc/data/bins itself"),
        ("adds", json!([{ "src": "x" }]), "ADD takes one word"),
        (
            "adds",
            json!([add("A"), { "src": "y", "dst": "/b/a" }]),
            "two files become",
        ),
        (
            "envs",
            json!([{ "key": "PATH", "value": "x" }]),
            "is set by the host",
        ),
        (
            "envs",
            json!([{ "key": "X_API_KEY", "value": "x" }]),
            "key of a model provider",
        ),
        (
            "envs",
            json!([{ "key": "A", "value": "\u{1b}[31m" }]),
            "control character",
        ),
        ("labels", json!({ "a b": "c" }), "LABEL takes one word"),
        (
            "labels",
            json!({ "io.cofferdam.agent.lock": "{}" }),
            "this host's own",
        ),
        (
            "labels",
            json!({ "a": "x".repeat(1 << 17) }),
            "at most 65536 are read",
        ),
        ("capabilities", json!(["a/b"]), "the name of a capability"),
        (
            "capabilities",
            json!(["x".repeat(1000)]),
            "the name of a capability",
        ),
        ("args", json!({ "a-b": "" }), "the name of an `ARG`"),
        ("exec", json!(["\u{0}"]), "control character"),
    ] {
        check_refused(&with(key, value), part);
    }
    // Nothing is expanded a second time.
    let mut config = with("args", json!({ "x": "BIN" }));
    config["agent"]["labels"] = json!({ "a": "${x}" });
    assert_eq!(read(&config).labels["a"], "${x}");
    let long = json!({ "agent": { "model": format!("a/{}", "x".repeat(1 << 20)), "name": "a" } });
    check_refused(&long, "more than 1048576 bytes");
}

#[test]
fn no_config_ends_the_host() {
    let agentfile = parse(EVERYTHING, "Agentfile").unwrap();
    let sound = config_json(&agentfile).unwrap();
    // Every byte is left out, changed, and is the last one. Most of these are no JSON; what is read
    // is an Agentfile again.
    for place in 0..sound.len() {
        let mut without = sound.clone();
        without.remove(place);
        let mut changed = sound.clone();
        changed[place] ^= 1;
        for config in [&without[..], &changed, &sound[..place]] {
            if let Ok(agentfile) = from_config_json(config) {
                let again = config_json(&agentfile).unwrap();
                assert_eq!(from_config_json(&again).unwrap(), agentfile);
            }
        }
    }
}
