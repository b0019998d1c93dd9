//! `cofferdam chat` on a real terminal, with somebody at the keys.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::components::{built, may_call};
use crate::support::{Dialogue, Host, Scratch, cofferdam, guest, tool};

const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";
const UP: &str = "\u{1b}[A";
const LEFT: &str = "\u{1b}[D";
const BACKSPACE: &str = "\u{7f}";

fn agentfile(scratch: &Scratch, model: &str, lines: &str) -> PathBuf {
    let echo = tool("echo");
    scratch.file(
        "Agentfile",
        format!(
            "FROM scratch\nNAME a\nMODEL {model}\nBIN echo {}\n{lines}",
            echo.display()
        ),
    )
}

/// The prompts of a session, as they are stored.
#[track_caller]
fn prompts(scratch: &Scratch, session: &str) -> Vec<String> {
    let line = ["sessions", "show", session, "--format", "json"];
    let messages = cofferdam(scratch, line).run().exits(0).json();
    let messages = messages.as_array().expect("messages");
    let prompts = messages.iter().filter(|message| message["role"] == "user");
    prompts
        .map(|message| {
            message["content"][0]["text"]
                .as_str()
                .expect("text")
                .to_owned()
        })
        .collect()
}

#[test]
fn a_line_is_edited_and_there_again_at_the_next_start() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "builtin/commands", "");
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let line = ["chat", "a", "--new", "--session", "s"];
    let mut terminal = Dialogue::start(&scratch, line);
    terminal.shows("session s");
    terminal.shows("a> ");
    terminal.types(&format!("run echo hxllo{}{BACKSPACE}e\r", LEFT.repeat(3)));
    terminal.shows("│ hello");
    terminal.shows("a> ");
    terminal.types(CTRL_D);
    assert_eq!(terminal.ended(), Some(0));

    let mut terminal = Dialogue::start(&scratch, line);
    terminal.shows("a> ");
    terminal.types(&format!("{UP}\r"));
    terminal.shows("│ hello");
    terminal.shows("a> ");
    terminal.types("/quit\r");
    assert_eq!(terminal.ended(), Some(0));
    assert_eq!(prompts(&scratch, "s"), ["run echo hello", "run echo hello"]);

    // What was typed is for this user alone, and goes with the agent.
    let history = scratch.data().join("history");
    let files = || std::fs::read_dir(&history).expect("a directory");
    let kept = files().next().expect("a history").expect("a file").path();
    let mode = |path| {
        std::fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!((mode(&history), mode(&kept)), (0o700, 0o600));
    cofferdam(&scratch, ["rm", "a"]).run().exits(0);
    assert_eq!(files().count(), 0);
}

#[test]
fn several_lines_are_one_message() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "builtin/commands", "");
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let mut terminal = Dialogue::start(&scratch, ["chat", "a", "--new", "--session", "s"]);
    let messages = [
        // Pasted, with a backslash that stays.
        (
            "\u{1b}[200~curl \\\n  -v\n/quit\u{1b}[201~\r",
            "curl \\\n  -v\n/quit",
        ),
        // Typed, line by line.
        ("one \\\rtwo\r", "one \ntwo"),
        ("```\r\ra\r```\r", "```\n\na\n```"),
        // For the model, though it begins like a command.
        ("/etc/hosts is what?\r", "/etc/hosts is what?"),
        (" /quit\r", " /quit"),
    ];
    for (keys, _) in messages {
        terminal.shows("a> ");
        terminal.types(keys);
        terminal.shows("I run one tool");
    }
    terminal.shows("a> ");
    // An empty line is no message, and ends nothing.
    terminal.types("\r/cost\r");
    terminal.shows("5 turns: ");
    assert_eq!(prompts(&scratch, "s"), messages.map(|(_, message)| message));
}

#[test]
fn ctrl_c_cancels_a_turn_and_ends_an_idle_chat_at_the_second_time() {
    let scratch = Scratch::new();
    let sleep = format!("BIN clock_sleep {}\n", guest("clock_sleep").display());
    let file = agentfile(&scratch, "builtin/commands", &sleep);
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let mut terminal = Dialogue::start(&scratch, ["chat", "a", "--new", "--session", "s"]);
    terminal.shows("a> ");
    terminal.types("run clock_sleep\r");
    terminal.shows("→ clock_sleep");
    terminal.shows("… clock_sleep 1 s");
    terminal.types(CTRL_C);
    terminal.shows("· the call of clock_sleep was interrupted");
    terminal.shows("the turn was cancelled");
    let line = host.hears("outcome=");
    assert!(line.contains("outcome=\"cancelled\""), "{line}");
    // The prompt is there again.
    terminal.shows("a> ");
    terminal.types("run echo alive\r");
    terminal.shows("│ alive");
    terminal.shows("a> ");

    terminal.types("not sent");
    terminal.shows("not sent");
    terminal.types(CTRL_C);
    terminal.shows("a> ");
    terminal.types(CTRL_C);
    terminal.shows("once more");
    terminal.shows("a> ");
    terminal.types(CTRL_C);
    assert_eq!(terminal.ended(), Some(0));
    assert_eq!(
        prompts(&scratch, "s"),
        ["run clock_sleep", "run echo alive"]
    );

    // One prompt alone: the command ends as an interrupted one.
    let mut terminal = Dialogue::start(&scratch, ["chat", "a", "run clock_sleep"]);
    terminal.shows("→ clock_sleep");
    terminal.types(CTRL_C);
    terminal.shows("the turn was cancelled");
    assert_eq!(terminal.ended(), Some(130));
}

#[test]
fn commands_tell_cost_tools_and_sessions() {
    let scratch = Scratch::new();
    let call = r#"{"tool_calls": [{"name": "echo", "arguments": {"args": ["x"]}}],
        "usage": {"input": 1200, "output": 30, "cached": 1000}}"#;
    let turns = format!(
        "{}\n{{\"text\": \"Done.\", \"usage\": {{\"input\": 1300, \"output\": 4}}}}\n",
        call.replace('\n', " ")
    );
    scratch.file("turns.jsonl", turns);
    let file = agentfile(&scratch, "script/turns.jsonl", "");
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let mut terminal = Dialogue::start(&scratch, ["chat", "a"]);
    terminal.shows("a> ");
    terminal.types("/cost\r");
    terminal.shows("no turn of this chat has ended yet");
    terminal.types("go\r");
    terminal.shows("Done.");
    let told = "2_500 tokens read (1_000 cached), 34 written · 1 call, ";
    // After the turn, and when somebody asks.
    terminal.shows(told);
    terminal.shows("a> ");
    terminal.types("/cost\r");
    terminal.shows(&format!("1 turn: {told}"));

    terminal.types("/tols\r");
    terminal.shows("there is no command /tols: did you mean /tools?");
    // Tab completes.
    terminal.types("/too\t\r");
    terminal.shows("TOOL");
    terminal.shows("echo");
    terminal.shows("a> ");
    terminal.types("/session\r");
    terminal.shows("\nsession cli:chat:");
    terminal.types("/session ls\r");
    terminal.shows("LAST ACTIVE");
    terminal.shows("a> ");
    terminal.types("/session cli:chat\r");
    terminal.shows("agent a has no session `cli:chat`; the nearest is `cli:chat:");
    terminal.types("/cancel\r");
    terminal.shows("no turn of this session runs");
    terminal.types("/session new\r");
    terminal.shows("session cli:chat:");
    terminal.types("/help\r");
    terminal.shows("/session [ls|NAME|new]");
    terminal.shows("a> ");
    // The script goes on from its beginning, so this session is another one.
    terminal.types("go\r");
    terminal.shows("→ echo");
    terminal.shows("a> ");
    terminal.types("/quit\r");
    assert_eq!(terminal.ended(), Some(0));
    let sessions = cofferdam(&scratch, ["sessions", "ls", "--format", "json"]);
    let sessions = sessions.run().exits(0).json();
    assert_eq!(sessions.as_array().map(Vec::len), Some(2), "{sessions}");
}

#[test]
fn a_summary_is_made_on_request_and_replaces_nothing() {
    let scratch = Scratch::new();
    let turns = ["one", "two", "three"].map(|text| format!("{{\"text\": \"{text}\"}}\n"));
    scratch.file("turns.jsonl", turns.concat());
    let file = agentfile(&scratch, "script/turns.jsonl", "");
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let mut terminal = Dialogue::start(&scratch, ["chat", "a", "--new", "--session", "s"]);
    terminal.shows("a> ");
    terminal.types("/compact\r");
    terminal.shows("agent a has no session `s`");
    for answer in ["one", "two", "three"] {
        terminal.shows("a> ");
        terminal.types("next\r");
        terminal.shows(&format!("  {answer}"));
        if answer == "one" {
            terminal.shows("a> ");
            terminal.types("/compact\r");
            terminal.shows("too short for a summary");
        }
    }
    terminal.shows("a> ");
    terminal.types("/compact\r");
    terminal.shows("a summary stands for 4 messages");
    assert_eq!(prompts(&scratch, "s").len(), 3, "all of it is there");
    // The model reads the summary and the last answer, so its script is at the second turn.
    terminal.shows("a> ");
    terminal.types("next\r");
    terminal.shows("  two");
}

#[test]
fn a_session_that_is_not_there_is_no_new_one_in_silence() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "builtin/commands", "");
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let chat = |args: &[&str]| {
        let line = ["chat", "a", "hi"].iter().chain(args).copied();
        cofferdam(&scratch, line.collect::<Vec<_>>()).run()
    };
    chat(&["-s", "last"])
        .exits(2)
        .complains(&["agent a has no session `last`", "`--new` begins it"]);
    for _ in 0..2 {
        chat(&["-s", "last", "--new"]).exits(0);
    }
    chat(&["-s", "last"]).exits(0);
    chat(&["-s", "lsat"])
        .exits(2)
        .complains(&["no session `lsat`; the nearest is `last`; `--new` begins it"]);
    let sessions = cofferdam(&scratch, ["sessions", "ls", "--format", "json"]);
    assert_eq!(sessions.run().exits(0).json()[0]["message_count"], 6);
}

#[test]
fn a_tool_tells_its_progress_while_it_runs() {
    let scratch = Scratch::new();
    let nested = built(&scratch, "nested", "nested", &may_call("nested"));
    let nested = format!("BIN nested {}\n", nested.display());
    let file = agentfile(&scratch, "builtin/commands", &nested);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let events = host.chat("a", r#"run nested {"act": "progress"}"#);
    let told = |event: &&Value| event["type"] == "tool.progress";
    let last = events.iter().rfind(told).expect("progress");
    // A client that is behind misses some; the newest counts.
    assert_eq!(last["progress"]["done"], 7);
    assert_eq!(last["tool"], "nested");
    let result = events
        .iter()
        .position(|event| event["type"] == "tool.result");
    let progress = events.iter().rposition(|event| told(&event));
    assert!(progress < result, "{events:?}");
    let usage = &events.last().expect("an end")["usage"];
    assert_eq!(usage["calls"], 1);
    assert!(usage["fuel"].as_u64() > Some(0), "{usage}");

    let mut terminal = Dialogue::start(&scratch, ["chat", "a"]);
    terminal.shows("a> ");
    terminal.types("run nested {\"act\": \"progress-spin\"}\r");
    terminal.shows("s: 1/2 halfway");
    terminal.types(CTRL_C);
    terminal.shows("the turn was cancelled");
}
