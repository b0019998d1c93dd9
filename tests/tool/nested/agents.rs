//! Tools that call other tools of their agent, and end with their caller.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::components::{built, may_call};
use crate::support::{Host, Scratch, cofferdam, content_of, guest, tool};

/// An agent with `nested`, which may call `echo` and `nap`, and these two.
fn agent(scratch: &Scratch, limits: &str) -> PathBuf {
    let nested = built(
        scratch,
        "nested",
        "nested",
        &(may_call("echo") + &may_call("nap") + &may_call("spinner") + limits),
    );
    let spinner = built(scratch, "spinner", "nested", &may_call("spinner"));
    let mut file = "FROM scratch\nNAME a\nMODEL builtin/commands\n".to_owned();
    let nap = guest("clock_sleep");
    for (name, path) in [
        ("nested", nested),
        ("spinner", spinner),
        ("echo", tool("echo")),
        ("nap", nap),
    ] {
        file += &format!("BIN {name} {}\n", path.display());
    }
    scratch.file("Agentfile", file)
}

#[test]
fn a_tool_calls_another_one_of_its_agent() {
    let scratch = Scratch::new();
    let file = agent(&scratch, "");
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let input = json!({ "act": "call", "tool": "echo", "input": { "args": ["a b", "c"] } });
    let events = host.chat("a", &format!("run nested {input}"));
    let answer: Value = serde_json::from_str(&content_of(&events, "tool.result")).unwrap();
    assert_eq!(
        answer,
        json!({ "inner": { "stdout": "a b c\n", "stderr": "" } })
    );
    assert!(host.hears("tool call tool=\"echo\"").contains("depth=1"));
}

#[test]
fn a_tool_of_another_agent_is_not_there() {
    let scratch = Scratch::new();
    let nested = built(
        &scratch,
        "nested",
        "nested",
        &(may_call("echo") + &may_call("theirs")),
    );
    let echo = tool("echo");
    let file = |agent: &str, bins: &str| {
        let text = format!("FROM scratch\nNAME {agent}\nMODEL builtin/commands\n{bins}");
        scratch.file(&format!("{agent}/Agentfile"), text)
    };
    let own = file(
        "own",
        &format!(
            "BIN nested {}\nBIN echo {}\n",
            nested.display(),
            echo.display()
        ),
    );
    let other = file("other", &format!("BIN theirs {}\n", echo.display()));
    let files = [
        "--agentfile".as_ref(),
        own.as_os_str(),
        "--agentfile".as_ref(),
        other.as_os_str(),
    ];
    let mut host = Host::start(&scratch, files);
    let call = |host: &Host<'_>, tool: &str| -> Value {
        let input = json!({ "act": "call", "tool": tool, "input": { "args": ["here"] } });
        let result = content_of(
            &host.chat("own", &format!("run nested {input}")),
            "tool.result",
        );
        serde_json::from_str(&result).expect("an answer")
    };
    // It is there, for its own agent.
    assert_eq!(
        content_of(&host.chat("other", "run theirs here"), "tool.result"),
        "here\n"
    );
    host.hears_next("tool call tool=\"theirs\"");
    let refused = call(&host, "theirs");
    assert_eq!(refused["outcome"], "Outcome::Denied", "{refused}");
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("there is no tool `theirs`"),
        "{refused}"
    );
    assert_eq!(
        call(&host, "echo"),
        json!({ "inner": { "stdout": "here\n", "stderr": "" } })
    );
}

#[test]
fn an_inner_call_has_the_time_that_its_caller_has_left_and_ends_with_it() {
    let scratch = Scratch::new();
    let file = agent(&scratch, "[limits]\nwall = \"500ms\"\n");
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    for inner in ["nap", "spinner"] {
        let input = if inner == "nap" {
            json!({})
        } else {
            json!({ "act": "spin" })
        };
        let input = json!({ "act": "call", "tool": inner, "input": input });
        let events = host.chat("a", &format!("run nested {input}"));
        let said = content_of(&events, "tool.result");
        assert!(said.contains("deadline"), "{said}");
        let receipt = host.hears(&format!("tool call tool=\"{inner}\""));
        assert!(
            receipt.contains("\"deadline\"") || receipt.contains("\"cancelled\""),
            "{receipt}"
        );
    }
}

#[test]
fn an_inner_call_is_told_no_more_time_than_its_caller_has_left() {
    let scratch = Scratch::new();
    let file = agent(&scratch, "[limits]\nwall = \"5s\"\n");
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let input = json!({ "act": "call", "tool": "spinner", "input": { "act": "deadline" } });
    let answer: Value = serde_json::from_str(&content_of(
        &host.chat("a", &format!("run nested {input}")),
        "tool.result",
    ))
    .unwrap();
    assert!(
        answer["inner"]["first"].as_u64().unwrap() <= 5_000,
        "{answer}"
    );
}

#[test]
fn leaving_a_turn_stops_inner_calls() {
    let scratch = Scratch::new();
    let file = agent(&scratch, "");
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let input = json!({ "act": "call", "tool": "spinner", "input": { "act": "spin" } });
    let mut client = cofferdam(
        &scratch,
        [
            "chat",
            "a",
            &format!("run nested {input}"),
            "--format",
            "json",
        ],
    )
    .start();
    let stdout = client.stdout.take().expect("piped");
    let mut events = std::io::BufRead::lines(std::io::BufReader::new(stdout));
    assert!(events.any(|line| line.unwrap().contains("tool.call")));
    host.hears("tool says: spins");
    client.kill().unwrap();
    client.wait().unwrap();
    for tool in ["spinner", "nested"] {
        let receipt = host.hears(&format!("tool call tool=\"{tool}\""));
        assert!(receipt.contains("\"cancelled\""), "{receipt}");
    }
}
