//! Access that is told before it is used, narrowed by the operator, and told again afterwards.

use serde_json::{Value, json};

use super::{agentfile, grant};
use crate::support::components::{built, directory};
use crate::support::{Host, Scratch, cofferdam, content_of};

/// The access of the only tool of the agent `a`.
#[track_caller]
fn access(scratch: &Scratch) -> Value {
    let line = ["tool", "inspect", "--agent", "a", "--format", "json"];
    cofferdam(scratch, line).run().exits(0).json()["tools"][0].take()
}

#[test]
fn the_access_of_every_tool_is_told_before_it_runs() {
    let scratch = Scratch::new();
    let rows = "[[env]]\nname = \"TEAM\"\nreason = \"r\"\n[[env]]\nname = \"OTHER\"\nreason = \
        \"r\"\n\
        [[http]]\nhost = \"api.test\"\nmethods = [\"GET\"]\npaths = [\"/v1\"]\nreason = \"r\"\n\
        [[http]]\nhost = \"evil.test\"\nreason = \"r\"\n\
        [[tcp]]\nhost = \"db.test\"\nports = [5432, 5433]\nreason = \"r\"\n\
        [[call]]\nname = \"grep\"\nreason = \"r\"\n[limits]\nwall = \"5s\"\n";
    let rows = directory("/workspace", "read-only") + &directory("/tmp", "read-write") + rows;
    let reader = built(&scratch, "reader", "env_dump", &rows);
    let quiet = built(&scratch, "quiet", "env_dump", "");
    let bins = format!(
        "BIN reader {}\nBIN quiet {}\n",
        reader.display(),
        quiet.display()
    );
    let file = agentfile(&scratch, &bins);
    let given = "env = { TEAM = \"blue\" }\nhttp = [\"api.test:443\"]\ntcp = [\"db.test:5432\"]\n";
    scratch.file("data/cofferdam.toml", grant("reader") + given);
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let agents = std::fs::read_dir(scratch.data().join("agents")).expect("trees");
    let tree = agents.flatten().next().expect("a tree").path();
    let place = tree
        .canonicalize()
        .expect("a tree")
        .join("workspace")
        .display()
        .to_string();
    let expected = format!(
        "agent a: reader gets directory /workspace read-only ({place}); directory /tmp read-write, \
         gone after the call; http api.test GET port 443 /v1; tcp db.test port 5432; variable \
         TEAM; call grep; limit wall = 5s instead of 30s"
    );
    assert_eq!(host.has_said(&expected), 1);
    assert_eq!(
        host.has_said("agent a: quiet gets nothing but its input"),
        1
    );
    let withheld = [
        "requests to evil.test, which nobody offers",
        "the variable OTHER, which has no value here",
    ];
    for sentence in withheld {
        assert_eq!(
            host.has_said(&format!(
                "its manifest declares {sentence} agent=\"a\" tool=\"reader\""
            )),
            1
        );
    }
    // The same beside a running host and when none runs, in a table and for machines.
    for running in [Some(host), None] {
        let shown = access(&scratch);
        let expected = json!({
            "tool": "reader", "directories": [{ "path": "/workspace", "access": "read-only",
                "host": place }],
            "scratch": true,
            "http": ["api.test GET port 443 /v1"], "tcp": ["db.test port 5432"],
            "secrets": [], "variables": ["TEAM"],
            "calls": ["grep"], "limits": [{ "name": "wall", "value": "5s", "default": "30s" }],
                "lower_limits": [],
        });
        for (key, value) in expected.as_object().expect("an object") {
            assert_eq!(shown[key], *value, "{key}");
        }
        assert_eq!(
            shown["withheld"].as_array().map(Vec::len),
            Some(2),
            "{shown}"
        );
        let table = cofferdam(&scratch, ["tool", "inspect", "--agent", "a"])
            .run()
            .exits(0)
            .stdout;
        for part in [
            "/workspace read-only",
            "api.test GET port 443 /v1",
            "withheld",
            withheld[0],
            "but its input",
        ] {
            assert!(table.contains(part), "{part}: {table}");
        }
        drop(running);
    }
    let one = cofferdam(&scratch, ["tool", "inspect", "--agent", "a", "quiet"])
        .run()
        .exits(0)
        .stdout;
    assert!(one.contains("quiet") && !one.contains("reader"), "{one}");
    let inspect = |args: &[&str]| {
        cofferdam(&scratch, ["tool", "inspect"].iter().chain(args))
            .run()
            .exits(2)
    };
    inspect(&["--agent", "a", "ghost"]).complains(&["no BIN `ghost`", "reader, quiet"]);
    inspect(&["--agent", "nobody"]).complains(&["no agent `nobody`", "a"]);
    inspect(&[]);
}

#[test]
fn the_workspace_can_be_narrowed_and_other_directories_added() {
    let scratch = Scratch::new();
    let rows = directory("/workspace", "read-write") + &directory("/data", "read-write");
    let tool = built(&scratch, "changes", "fs_changes", &rows);
    let file = agentfile(&scratch, &format!("BIN changes {}\n", tool.display()));
    scratch.file("shared/notes.txt", "shared");
    scratch.directory("shared/in");
    // Relative to the file, wherever the host is started from.
    scratch.directory("data");
    let start = |text: &str| {
        scratch.file("data/cofferdam.toml", grant("changes") + text);
        Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()])
    };
    let answer = |host: &Host<'_>| content_of(&host.chat("a", "run changes"), "tool.result");
    let mut host = start("");
    assert!(answer(&host).contains("changed"));
    assert_eq!(
        host.has_said("changes gets directory /workspace read-write"),
        1
    );
    host.kill();
    let mut host = start("workspace = \"ro\"\n");
    assert!(!answer(&host).contains("changed"));
    assert_eq!(
        host.has_said("changes gets directory /workspace read-only"),
        1
    );
    assert_eq!(
        host.has_said("it asks to write to /workspace, which is offered read-only"),
        1
    );
    host.kill();
    let mut host = start("workspace = \"none\"\ndirs = [\"../shared:/data:ro\"]\n");
    assert!(!answer(&host).contains("changed"));
    assert_eq!(host.has_said("changes gets directory /data read-only"), 1);
    assert_eq!(
        host.has_said("its manifest declares /workspace, which nobody offers"),
        1
    );
    host.kill();
    let shown = cofferdam(&scratch, ["config", "show"])
        .run()
        .exits(0)
        .stdout;
    assert!(
        shown.contains("grant.a.changes.workspace") && shown.contains("../shared:/data:ro"),
        "{shown}"
    );

    // One directory in another, as the tool sees them, keeps its own access.
    let mut host = start("dirs = [\"../shared:/workspace/shared:ro\"]\n");
    assert!(answer(&host).contains("changed"));
    assert_eq!(host.has_said("directory /workspace/shared read-only ("), 1);
    host.kill();

    // In place of the agent's own, and what is no longer written into it.
    let host = start("workspace = \"none\"\ndirs = [\"../shared:/workspace\"]\n");
    assert!(answer(&host).contains("changed"));
    assert!(scratch.path().join("shared/in-the-way").exists());
    host.kill();

    let refused = |text: &str, parts: &[&str]| {
        scratch.file("data/cofferdam.toml", grant("changes") + text);
        cofferdam(&scratch, ["serve", "--listen", "127.0.0.1:0"])
            .run()
            .exits(2)
            .complains(parts);
    };
    let place = "cofferdam.toml:4: [[grant]] for changes of a: `dirs`";
    refused("dirs = [\"shared\"]\n", &[place, "HOST:GUEST"]);
    refused("dirs = [\"../shared:data\"]\n", &[place, "absolute path"]);
    refused(
        "workspace = \"r\"\n",
        &["cofferdam.toml:4", "unknown variant `r`", "`ro`"],
    );
    // What holds for every grant holds here too: the agent fails, and says why.
    for (text, parts) in [
        // On the host they lie in one another: what is read-only there could be written here.
        (
            "workspace = \"none\"\ndirs = [\"../shared:/workspace\", \"../shared/in:/data:ro\"]\n",
            ["/data", "same access"],
        ),
        (
            "dirs = [\"../shared:/tmp\"]\n",
            ["/tmp", "cannot be offered"],
        ),
        (
            "dirs = [\"..:/data\"]\n",
            ["offered as /data", "holds the data directory"],
        ),
    ] {
        let mut host = start(text);
        let told = host.hears("error: agent a, BIN changes");
        assert!(parts.iter().all(|part| told.contains(part)), "{told}");
    }
}

#[test]
fn a_line_of_the_log_says_who_called_what_and_how_it_ended() {
    let scratch = Scratch::new();
    let code = built(&scratch, "code", "exit_code", "");
    let file = agentfile(&scratch, &format!("BIN code {}\n", code.display()));
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let digest = access(&scratch)["component"]
        .as_str()
        .expect("text")
        .to_owned();
    // A session is named by its client.
    let forged = "s\nINFO tool call tool=\"forged\"";
    cofferdam(
        &scratch,
        ["chat", "a", "run code 7", "--new", "--session", forged],
    )
    .run()
    .exits(0);
    let line = host.hears("tool call tool=\"code\"");
    for part in [
        "agent=\"a\"",
        "session=\"s\\nINFO tool call tool=\\\"forged\\\"\"",
        &format!("component={digest}"),
        "outcome=\"guest-error\"",
        "reason=\"exit code 7\"",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[test]
fn a_directory_that_is_missing_withholds_its_tool_alone() {
    let scratch = Scratch::new();
    let tool = built(
        &scratch,
        "reader",
        "env_dump",
        &directory("/data", "read-only"),
    );
    let quiet = built(&scratch, "quiet", "env_dump", "");
    let bins = format!(
        "BIN reader {}\nBIN quiet {}\n",
        tool.display(),
        quiet.display()
    );
    let file = agentfile(&scratch, &bins);
    scratch.file(
        "data/cofferdam.toml",
        grant("reader") + "dirs = [\"../nowhere:/data:ro\"]\nenv = { KEY = \"v4lue\" }\n",
    );
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let told = host.hears("agent a does not get reader");
    for part in [
        "error: ",
        "cofferdam.toml:4: [[grant]] for reader of a: `dirs`",
        "../nowhere",
        "No such file",
    ] {
        assert!(told.contains(part), "`{part}` is not in {told}");
    }
    assert!(content_of(&host.chat("a", "run quiet"), "tool.result").contains("PATH"));
    let list = cofferdam(&scratch, ["ps", "--format", "json"])
        .run()
        .exits(0)
        .json();
    assert_eq!(
        (&list[0]["status"], &list[0]["tools"]),
        (&json!("ready"), &json!(["quiet"]))
    );
    // Also for who looks before the host runs.
    let table = cofferdam(&scratch, ["tool", "inspect", "--agent", "a"])
        .run()
        .exits(0)
        .stdout;
    assert!(
        table.contains("it is not offered") && table.contains("../nowhere"),
        "{table}"
    );
    let shown = access(&scratch);
    assert_eq!(
        (&shown["tool"], shown.get("directories")),
        (&json!("reader"), None),
        "{shown}"
    );
    assert!(
        shown["not_offered"]
            .as_str()
            .is_some_and(|reason| reason.contains("../nowhere")),
        "{shown}"
    );
    // Of variables the names alone are shown.
    for format in ["table", "json"] {
        let shown = cofferdam(&scratch, ["config", "show", "--format", format])
            .run()
            .exits(0)
            .stdout;
        assert!(shown.contains("KEY") && !shown.contains("v4lue"), "{shown}");
    }
}

#[test]
fn the_access_of_an_agent_that_is_restored_later_is_told_first() {
    let scratch = Scratch::new();
    let tool = built(
        &scratch,
        "reader",
        "env_dump",
        &directory("/workspace", "read-only"),
    );
    let file = agentfile(&scratch, &format!("BIN reader {}\n", tool.display()));
    Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]).terminate();
    let trees = std::fs::read_dir(scratch.data().join("agents")).unwrap();
    let bin = trees
        .map(|tree| tree.unwrap().path().join("usr/bin/reader"))
        .next()
        .unwrap();
    let whole = std::fs::read(&bin).unwrap();
    std::fs::write(&bin, "broken").unwrap();
    let mut host = Host::start::<&str>(&scratch, []);
    host.hears("not restored");
    assert!(host.is_silent_about("reader gets"));
    std::fs::write(&bin, whole).unwrap();
    host.hears("agent a runs again");
    assert_eq!(
        host.has_said("agent a: reader gets directory /workspace read-only"),
        1
    );
}

#[test]
fn a_variable_that_no_manifest_declares_is_told() {
    let scratch = Scratch::new();
    let component = crate::support::tool("true").display().to_string();
    let ran = cofferdam(&scratch, ["tool", "run", "--env", "TEAM=blue", &component])
        .run()
        .exits(0);
    let told = "its manifest does not declare the variable TEAM";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}
