//! Sentences that operators read: notes of `run`, `rm` and a reload, statuses, hints, and mistakes
//! with their places.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Host, Scratch, cofferdam, tool};

/// An Agentfile of an agent `a` with one tool, which asks for the workspace alone.
fn agentfile(scratch: &Scratch) -> PathBuf {
    let cat = tool("cat");
    let text = format!(
        "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN cat {}\n",
        cat.display()
    );
    scratch.file("build/Agentfile", text)
}

#[test]
fn a_mount_and_a_variable_that_no_tool_sees_are_told() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch).display().to_string();
    let directory = scratch.directory("facts").display().to_string();
    let _host = Host::start::<&str>(&scratch, []);
    let mount = format!("{directory}:/srv/facts:ro");
    let line = ["run", &file, "-v", &mount, "-e", "TEAM=blue"];
    let ran = cofferdam(&scratch, line).run().exits(0);
    for note in [
        "note: no tool sees the mount /srv/facts: none of its tools has a row",
        "note: no tool sees `TEAM`: none of its tools has a row [[env]]",
    ] {
        assert!(ran.stderr.contains(note), "{note}: {}", ran.stderr);
    }
    let mount = format!("{directory}:/workspace/facts:ro");
    let line = ["run", &file, "-v", &mount, "--replace"];
    let ran = cofferdam(&scratch, line).run().exits(0);
    assert!(!ran.stderr.contains("no tool sees"), "{}", ran.stderr);
}

#[test]
fn an_agent_is_shown_with_the_choices_that_hold_now() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch).display().to_string();
    let host = Host::start::<&str>(&scratch, []);
    let line = ["run", &file, "--label", "team=blue", "--label", "kept=yes"];
    cofferdam(&scratch, line).run().exits(0);
    host.kill();
    let row = "[[agent]]\nname = \"a\"\nlabel = { team = \"red\" }\n\
               config = { max-tokens = 7 }\nworkspace-bytes = \"2MiB\"\n";
    scratch.file("data/cofferdam.toml", row);
    let _host = Host::start::<&str>(&scratch, []);
    let line = ["inspect", "a", "--format", "json"];
    let shown = cofferdam(&scratch, line).run().exits(0).json();
    let deployment = &shown["deployment"];
    assert_eq!(
        deployment["labels"],
        json!({ "kept": "yes", "team": "red" })
    );
    assert_eq!(deployment["configs"]["max-tokens"], "7");
    let people = cofferdam(&scratch, ["inspect", "a"]).run().exits(0).stdout;
    assert!(
        people.contains("team=red") && !people.contains("team=blue"),
        "{people}"
    );
    assert!(people.contains("0B of 2MiB"), "{people}");
}

#[test]
fn an_agent_of_a_file_of_serve_says_that_it_comes_back() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let ran = cofferdam(&scratch, ["rm", "a"]).run().exits(0);
    let note = format!(
        "note: a comes back at the next start of the host, and at SIGHUP: `serve \
                        --agentfile {}`",
        file.display()
    );
    assert!(ran.stderr.contains(&note), "{}", ran.stderr);
    let file = file.display().to_string();
    cofferdam(&scratch, ["run", &file]).run().exits(0);
    let ran = cofferdam(&scratch, ["rm", "a"]).run().exits(0);
    assert!(!ran.stderr.contains("comes back"), "{}", ran.stderr);
}

#[test]
fn a_reload_tells_the_access_that_changed_and_no_other() {
    let scratch = Scratch::new();
    let cat = tool("cat");
    let wc = tool("wc");
    let text = format!(
        "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN cat {}\nBIN wc {}\n",
        cat.display(),
        wc.display()
    );
    let file = scratch.file("Agentfile", text);
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    host.hears("agent a: cat gets");
    host.hears("agent a: wc gets");
    let row = "[[grant]]\nagent = \"a\"\ntool = \"wc\"\nlimits = { wall = \"7s\" }\n";
    scratch.file("data/cofferdam.toml", row);
    host.signal("HUP");
    host.hears("reloaded");
    assert_eq!(host.has_said("agent a: wc gets"), 2);
    assert_eq!(host.has_said("agent a: cat gets"), 1);
}

#[test]
fn a_list_of_agents_stays_narrow() {
    let scratch = Scratch::new();
    let file = scratch.file("a/Agentfile", "FROM scratch\nNAME a\nMODEL nobody/knows\n");
    let _host = Host::start::<&str>(&scratch, []);
    let file = file.display().to_string();
    cofferdam(&scratch, ["run", "-d", &file]).run().exits(0);
    cofferdam(&scratch, ["start", "a"]).run();
    let shown = cofferdam(&scratch, ["inspect", "a", "--format", "json"]);
    let shown: Value = shown.run().exits(0).json();
    let whole = shown["failure_message"].as_str().expect("a sentence");
    assert!(whole.len() > 48, "{shown}");
    let listed = cofferdam(&scratch, ["ps"]).run().exits(0).stdout;
    assert!(
        listed.contains("failed (model): ") && listed.contains('…'),
        "{listed}"
    );
    assert!(
        listed.lines().all(|line| line.chars().count() <= 100),
        "{listed}"
    );
    let people = cofferdam(&scratch, ["inspect", "a"]).run().exits(0).stdout;
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&people).contains(&words(whole)), "{people}");
}

#[test]
fn a_session_is_named_after_its_agent() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    host.chat_in("a", "s", "hello");
    let show = |line: &[&str]| {
        let line = ["sessions", "show"].iter().chain(line).copied();
        cofferdam(&scratch, line).run()
    };
    let shown = show(&["s"]).exits(0).stdout;
    assert_eq!(show(&["a", "s"]).exits(0).stdout, shown);
    assert_eq!(show(&["s", "--agent", "a"]).exits(0).stdout, shown);
    show(&["b", "s"]).exits(2).complains(&["no agent `b`"]);
    show(&["a", "t"]).exits(2).complains(&["no session `t`"]);
    show(&["a", "s", "--agent", "b"])
        .exits(2)
        .complains(&["named twice"]);
    cofferdam(&scratch, ["sessions", "rm", "a", "s"])
        .run()
        .exits(0);
}

#[test]
fn what_nobody_knows_ends_every_command_alike() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    for line in [
        &["chat", "nobody", "hello"][..],
        &["inspect", "nobody"],
        &["stats", "nobody"],
        &["logs", "nobody"],
        &["start", "nobody"],
        &["stop", "nobody"],
        &["restart", "nobody"],
        &["rm", "nobody"],
        &["sessions", "ls", "nobody"],
        &["tool", "inspect", "--agent", "nobody"],
    ] {
        cofferdam(&scratch, line)
            .run()
            .exits(2)
            .complains(&["no agent `nobody`"]);
    }
    for line in [
        &["run", "nobody:1"][..],
        &["image", "inspect", "nobody:1"],
        &["image", "rm", "nobody:1"],
        &["image", "export", "nobody:1", "-o", "x.tar"],
        &["tool", "run", "nobody:1"],
    ] {
        cofferdam(&scratch, line)
            .run()
            .exits(2)
            .complains(&["nobody:1"]);
    }
}

#[test]
fn a_provider_without_an_address_is_refused_with_the_next_step() {
    let scratch = Scratch::new();
    cofferdam(&scratch, ["provider", "add", "vlm", "--no-key"])
        .run()
        .exits(2)
        .complains(&["vlm", "`cofferdam provider add vlm --base URL`"]);
    assert!(!scratch.data().join("providers.yaml").exists());
}

#[test]
fn a_number_that_cannot_be_is_told_with_its_line_and_value() {
    let scratch = Scratch::new();
    for (text, place, says) in [
        ("\n[host]\ncalls = 0\n", ":3", "`calls` = 0: expected 1 to"),
        (
            "[host]\nworkspace-bytes = \"0B\"\n",
            ":2",
            "`workspace-bytes` = 0B",
        ),
        (
            "[host]\nscratch = \"9999GiB\"\n",
            ":2",
            "`scratch` = 9999GiB",
        ),
        (
            "[limits]\nwall = \"99days\"\n",
            ":2",
            "is above the ceiling of",
        ),
        (
            "[[agent]]\nname = \"a\"\nworkspace-bytes = \"999GiB\"\n",
            ":3",
            "`workspace-bytes` = 999GiB: expected",
        ),
        (
            "[[grant]]\nagent = \"a\"\ntool = \"b\"\nlimits = { wall = \"99days\" }\n",
            ":4",
            "is above the ceiling of",
        ),
    ] {
        let file = scratch.file("data/cofferdam.toml", text);
        let place = format!("{}{place}: ", file.display());
        cofferdam(&scratch, ["config", "show"])
            .run()
            .exits(2)
            .complains(&[&place, says]);
    }
}

#[test]
fn a_hint_names_the_data_directory_where_the_next_command_needs_it() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let arguments = ["--agentfile".as_ref(), file.as_os_str()];
    let mut host = Host::start(&scratch, arguments);
    let hint = host.hears("next: ");
    assert!(!hint.contains("--data-dir"), "{hint}");
}

#[test]
fn a_log_shows_words_as_they_were_written() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    host.chat("a", "run cat \"a\\b c\"");
    let shown = cofferdam(&scratch, ["logs", "a"]).run().exits(0).stdout;
    assert!(!shown.contains("\\\\"), "{shown}");
    assert!(!shown.contains("\\\""), "{shown}");
}
