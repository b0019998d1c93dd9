//! Typed tools that call tools, log and tell their progress: what they may, and how they are
//! stopped.

use std::path::PathBuf;

use cofferdam_selftest::in_mode;
use serde_json::{Value, json};

use crate::support::components::{built, built_of, may_call};
use crate::support::{Host, Ran, Scratch, cofferdam, content_of, guest, tool};

/// Runs the guest alone, with these flags.
fn run(rows: &str, input: &Value, flags: &[&str]) -> Ran {
    let scratch = Scratch::new();
    let component = built(&scratch, "nested", "nested", rows);
    let args = ["tool", "run", component.to_str().expect("UTF-8")];
    let args = args
        .iter()
        .chain(flags)
        .copied()
        .map(str::to_owned)
        .chain(["--".to_owned(), input.to_string()]);
    cofferdam(&scratch, args)
        .env("COFFERDAM_LOG", "debug")
        .run()
}

/// Its receipt and its answer.
#[track_caller]
fn answer(rows: &str, input: &Value) -> (Value, Value) {
    let receipt = run(rows, input, &["--format", "json"]).exits(0).json();
    let answer =
        serde_json::from_str(receipt["stdout"].as_str().expect("text")).expect("an answer");
    (receipt, answer)
}

#[test]
fn a_tool_that_calls_itself_for_ever_is_denied_at_the_fourth_depth() {
    let (receipt, mut answer) = answer(&may_call("nested"), &json!({ "act": "self" }));
    for _ in 0..4 {
        answer = answer["inner"].take();
    }
    assert_eq!(answer["outcome"], "Outcome::Denied", "{answer}");
    assert!(
        answer["message"]
            .as_str()
            .unwrap()
            .contains("nested 4 deep"),
        "{answer}"
    );
    assert_eq!(receipt["calls"], 1);
}

#[test]
fn the_depth_is_a_limit_like_the_others() {
    let two = may_call("nested") + "[limits]\nnested-depth = 2\n";
    let (_, answer) = answer(&two, &json!({ "act": "self" }));
    assert!(
        answer["inner"]["inner"]["message"]
            .as_str()
            .unwrap()
            .contains("nested 2 deep"),
        "{answer}"
    );
    let many = may_call("nested") + "[limits]\nnested-depth = 5\n";
    let ran = run(&many, &json!({ "act": "self" }), &[]).exits(0);
    let told = "asks for `nested-depth` = 5, and it gets 4 (the ceiling of this host is 4)";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

#[test]
fn every_inner_call_has_a_receipt() {
    let ran = run(&may_call("nested"), &json!({ "act": "self" }), &[]).exits(0);
    let receipts: Vec<_> = ran
        .stderr
        .lines()
        .filter(|line| line.contains("tool call tool=\"nested\""))
        .collect();
    assert_eq!(receipts.len(), 6, "{}", ran.stderr);
    assert!(
        receipts[0].contains("outcome=\"denied\"") && receipts[0].contains("depth=5"),
        "{}",
        receipts[0]
    );
    assert!(
        receipts[1].contains("outcome=\"ok\"") && receipts[1].contains("depth=4"),
        "{}",
        receipts[1]
    );
    assert!(
        receipts[5].contains("outcome=\"ok\"") && receipts[5].contains("depth=0"),
        "{}",
        receipts[5]
    );
}

#[test]
fn calls_are_counted_over_the_whole_chain() {
    let (receipt, counted) = answer(&may_call("nested"), &json!({ "act": "many" }));
    assert_eq!(
        (&counted["answered"], &counted["denied"]),
        (&json!(32), &json!(68)),
        "{counted}"
    );
    assert!(
        counted["last"]["message"]
            .as_str()
            .unwrap()
            .contains("`nested-calls`"),
        "{counted}"
    );
    assert_eq!(receipt["calls"], 100);
    let ran = run(&may_call("nested"), &json!({ "act": "many" }), &[]).exits(0);
    assert!(
        !ran.stderr.contains("denied"),
        "what is beyond the limit does not fill the log"
    );
    let ran = run(&may_call("nested"), &json!({ "act": "tree" }), &[]).exits(0);
    let made = ran
        .stderr
        .lines()
        .filter(|line| line.contains("tool call") && line.contains("outcome=\"ok\""))
        .count();
    assert_eq!(made, 33, "the calls of calls are counted too");
    // The first of them answered, and counted how many it could make itself: the thirty-one that
    // were left.
    assert!(ran.stdout.contains(r#""answered":1"#), "{}", ran.stdout);
}

#[test]
fn a_tool_that_is_not_declared_or_not_there_is_denied() {
    let call = |tool: &str| {
        let (_, answer) = answer(
            &may_call("ghost"),
            &json!({ "act": "call", "tool": tool, "input": { "act": "nothing" } }),
        );
        assert_eq!(answer["outcome"], "Outcome::Denied", "{answer}");
        answer["message"].as_str().unwrap().to_owned()
    };
    assert!(call("nested").contains("declares no call of `nested`"));
    assert!(call("other").contains("declares no call of `other`"));
    assert!(call("ghost").contains("there is no tool `ghost`"));
    // The name is the guest's word, and goes to the log.
    let input = json!({ "act": "call", "tool": format!("x\nERROR forged{}", "y".repeat(100_000)),
        "input": {} });
    let ran = run(&may_call("ghost"), &input, &[]).exits(0);
    let line = ran
        .stderr
        .lines()
        .find(|line| line.contains("forged"))
        .expect("it is logged");
    assert!(
        line.contains(r"x\nERROR forgedyyy") && line.len() < 500,
        "{line}"
    );
}

#[test]
fn an_inner_input_is_held_against_its_schema() {
    let call = |text: &str| {
        let (_, answer) = answer(
            &may_call("nested"),
            &json!({ "act": "call-text", "text": text }),
        );
        assert_eq!(answer["outcome"], "Outcome::Denied", "{answer}");
        answer["message"].as_str().unwrap().to_owned()
    };
    assert!(call("{").contains("not JSON"));
    assert!(call("{}").contains("\"act\" is a required property"));
    assert!(call(&"[".repeat(100_000)).contains("nested more than 120 deep"));
}

#[test]
fn an_import_of_calls_needs_a_row_and_one_of_the_host_does_not() {
    let scratch = Scratch::new();
    let args = [
        "tool".as_ref(),
        "run".as_ref(),
        guest("nested").into_os_string().as_os_str(),
    ]
    .map(ToOwned::to_owned);
    cofferdam(&scratch, args)
        .run()
        .exits(2)
        .complains(&["cofferdam:tool/calls@0.1.0", "declares nothing"]);
    let head = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";
    for (rows, says) in [
        (may_call("a b"), "is not the name of a tool"),
        (may_call("a") + &may_call("a"), "appears twice"),
        (
            "[[call]]\nname = \"a\"\n".to_owned(),
            "missing key `reason`",
        ),
    ] {
        let file = scratch.file("capabilities.toml", format!("{head}{rows}"));
        let args = [
            "tool".into(),
            "inspect".into(),
            guest("nested").into_os_string(),
            "--capabilities".into(),
        ];
        cofferdam(&scratch, args.into_iter().chain([file.into()]))
            .run()
            .exits(2)
            .complains(&[says]);
    }
}

#[test]
fn a_component_that_lists_its_tools_calls_none() {
    let scratch = Scratch::new();
    let component = scratch.file(
        "nested.wasm",
        in_mode(&std::fs::read(guest("nested")).unwrap(), "list-call"),
    );
    let head = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";
    let file = scratch.file("capabilities.toml", head.to_owned() + &may_call("nested"));
    for command in ["build", "run"] {
        let args = [
            "tool".into(),
            command.into(),
            component.clone().into(),
            "--capabilities".into(),
            file.clone().into(),
        ];
        let args: [std::ffi::OsString; 5] = args;
        cofferdam(&scratch, args)
            .run()
            .exits(2)
            .complains(&["does not list its tools", "trap"]);
    }
}

#[test]
fn a_tool_calls_another_one_of_its_component() {
    let scratch = Scratch::new();
    let several = scratch.file(
        "several.wasm",
        in_mode(&std::fs::read(guest("nested")).unwrap(), "list-several"),
    );
    let component =
        built_of(&scratch, &several, "nested", &may_call("nested_second")).into_os_string();
    let args = ["tool".into(), "run".into(), component];
    let input = json!({ "act": "call", "tool": "nested_second", "input": { "act": "nothing" } })
        .to_string();
    let args = args
        .into_iter()
        .chain(["--".into(), "nested_first".into(), input.into()]);
    assert_eq!(
        cofferdam(&scratch, args).run().exits(0).json(),
        json!({ "inner": {} })
    );
}

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

#[test]
fn as_many_chains_as_there_are_places_run_to_their_end() {
    // One place for calls, so an inner call that waited for a place would wait for its own caller.
    let scratch = Scratch::new();
    scratch.file("data/cofferdam.toml", "[host]\ncalls = 1\n");
    let component = built(&scratch, "nested", "nested", &may_call("nested")).into_os_string();
    let args = [
        "tool".into(),
        "run".into(),
        component,
        "--".into(),
        "{\"act\": \"self\"}".into(),
    ];
    let ran = cofferdam(&scratch, args).run().exits(0);
    assert!(ran.stdout.contains("nested 4 deep"), "{}", ran.stdout);
}

#[test]
fn a_log_is_told_by_level_and_cannot_forge_lines() {
    let ran = run(&may_call("nested"), &json!({ "act": "log" }), &[]).exits(0);
    let line = |part: &str| {
        ran.stderr
            .lines()
            .find(|line| line.contains(part))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(
        line("a debug line").contains("DEBUG") && line("an info line").contains("INFO"),
        "{}",
        ran.stderr
    );
    assert!(
        line("an error line").contains("ERROR")
            && line("an error line").contains("tool=\"nested\"")
    );
    let forged = line("ERROR forged");
    assert!(
        forged.contains("WARN")
            && forged.contains(r"a line\nERROR forged\u{1b}[2J\r and \u{202e}turned"),
        "{forged}"
    );
}

#[test]
fn a_secret_is_taken_out_of_the_log_and_of_progress() {
    let scratch = Scratch::new();
    let rows = "[[http]]\nhost = \"a.test\"\nreason = \"r\"\n[[secret]]\nname = \"token\"\n\
                inject = { header = \"authorization\", format = \"{}\" }\nhost = \
                \"a.test\"\nreason = \"r\"\n";
    let component =
        built(&scratch, "nested", "nested", &(may_call("nested") + rows)).into_os_string();
    let secret = scratch
        .file("token", "swordfish-1234")
        .display()
        .to_string();
    let args = [
        "tool".into(),
        "run".into(),
        component,
        "--secret".into(),
        format!("token={secret}").into(),
    ];
    let input = json!({ "act": "log", "text": "it is swordfish-1234" }).to_string();
    let ran = cofferdam(
        &scratch,
        args.into_iter().chain(["--".into(), input.into()]),
    )
    .run()
    .exits(0);
    assert!(
        ran.stderr.contains("it is [redacted:token]") && !ran.stderr.contains("swordfish"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_flood_of_log_and_progress_is_cut_and_told() {
    let flood = |act: &str| {
        run(
            &may_call("nested"),
            &json!({ "act": act }),
            &["--format", "json"],
        )
        .exits(0)
    };
    let ran = flood("log-flood");
    assert_eq!(
        ran.stderr
            .lines()
            .filter(|line| line.contains("flood "))
            .count(),
        256
    );
    assert_eq!(
        ran.json()["refusals"],
        json!(["log: 744 dropped beyond 256 and 65536 bytes"])
    );
    let ran = flood("log-large");
    assert!(
        !ran.stderr.contains("large") && ran.stderr.contains("small"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        ran.json()["refusals"],
        json!(["log: 1 dropped beyond 256 and 65536 bytes"])
    );
    let ran = flood("progress-flood");
    assert_eq!(
        ran.json()["refusals"],
        json!(["progress: 744 dropped beyond 256 and 65536 bytes"])
    );
}

#[test]
fn progress_is_shown_while_the_tool_runs() {
    let ran = run(&may_call("nested"), &json!({ "act": "progress" }), &[]).exits(0);
    for line in [
        r"progress: 1 of 3 step\n1",
        r"progress: 3 of 3 step\n3",
        "progress: 7",
    ] {
        assert!(
            ran.stderr.lines().any(|said| said == line),
            "`{line}` is not in {}",
            ran.stderr
        );
    }
}

#[test]
fn the_time_that_is_left_is_the_host_s_and_only_falls() {
    let (_, left) = answer(
        &(may_call("nested") + "[limits]\nwall = \"20s\"\n"),
        &json!({ "act": "deadline" }),
    );
    let (first, last) = (
        left["first"].as_u64().unwrap(),
        left["last"].as_u64().unwrap(),
    );
    assert!(last < first && first <= 20_000 && first > 10_000, "{left}");
}
