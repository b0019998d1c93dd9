//! Agentfiles whose instructions reach the tools: arguments, variables, limits, access, texts.

use std::ffi::OsStr;

use serde_json::Value;

use crate::support::components::{built, directory};
use crate::support::{Host, Scratch, cofferdam, content_of};

/// The access of a tool of the agent `otter`, as a reviewer reads it.
#[track_caller]
fn access(scratch: &Scratch, tool: &str) -> String {
    let line = ["tool", "inspect", "--agent", "otter", "--format", "json"];
    let shown = cofferdam(scratch, line).run().exits(0).json();
    let tools = shown["tools"].as_array().expect("tools");
    let found = tools.iter().find(|shown| shown.to_string().contains(tool));
    found.map_or_else(String::new, Value::to_string)
}

#[test]
fn what_an_agentfile_sets_holds_and_outlives_a_restart() {
    let scratch = Scratch::new();
    let variable = "[[env]]\nname = \"TEAM\"\nreason = \"r\"\n";
    let http = "[[http]]\nhost = \"*\"\nreason = \"r\"\n";
    let reader = built(
        &scratch,
        "reader",
        "env_dump",
        &(directory("/workspace", "read-write") + variable + http),
    );
    scratch.file("docs/soul.md", "Say that the tide is high.\n");
    let text = format!(
        "FROM scratch\nARG TEAM=blue\nNAME otter\nMODEL builtin/commands\n\
         RUNTIME ghcr.io/openotters/runtime\nEXEC [\"serve\"]\nCAPABILITY note_save\n\
         CONTEXT SOUL file://docs/soul.md\n\
         BIN reader {0}\nBIN other {0}\n\
         ENV TEAM=\"${{TEAM}} whale\" \"who it is\"\n\
         CONFIG limit.reader.wall=7s\n\
         CONFIG grant.reader.workspace=ro\n\
         CONFIG grant.reader.http=api.test\n\
         CONFIG max-tokens=100 \"kept\"\n",
        reader.display()
    );
    let file = scratch.file("Agentfile", &text);
    let args: [&OsStr; 2] = ["--agentfile".as_ref(), file.as_os_str()];
    let mut host = Some(Host::start(&scratch, args));
    // With its Agentfile, then without it and without the text that it names.
    for _ in 0..2 {
        let running = host.take().expect("a host");
        let said = content_of(&running.chat("otter", "run reader"), "tool.result");
        assert!(said.contains("TEAM=blue whale\n"), "{said}");
        let shown = access(&scratch, "reader");
        for part in ["read-only", "api.test", "7s"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let shown = access(&scratch, "other");
        for part in ["api.test", "7s"] {
            assert!(
                !shown.contains(part) || shown.contains("withheld"),
                "{part}: {shown}"
            );
        }
        let tree = std::fs::read_dir(scratch.data().join("agents")).expect("trees");
        let context = tree
            .flatten()
            .next()
            .expect("a tree")
            .path()
            .join("etc/context");
        let soul = std::fs::read_to_string(context.join("SOUL.md")).expect("a document");
        assert_eq!(soul.trim_end(), "Say that the tide is high.");
        let agent = std::fs::read_to_string(context.join("AGENT.md")).expect("a document");
        assert!(agent.contains("- `TEAM`: who it is\n"), "{agent}");
        assert!(
            !agent.contains("whale"),
            "a value is in the prompt: {agent}"
        );
        drop(running);
        let _ = std::fs::remove_file(scratch.path().join("docs/soul.md"));
        host = Some(Host::start::<&str>(&scratch, []));
    }
    // What the operator decides holds instead.
    drop(host);
    scratch.file(
        "data/cofferdam.toml",
        "[[grant]]\nagent = \"otter\"\ntool = \"reader\"\nenv = { TEAM = \"red\" }\n\
         http = [\"b.test\"]\nlimits = { wall = \"3s\" }\n",
    );
    let host = Host::start::<&str>(&scratch, []);
    let said = content_of(&host.chat("otter", "run reader"), "tool.result");
    assert!(said.contains("TEAM=red\n"), "{said}");
    let shown = access(&scratch, "reader");
    assert!(shown.contains("b.test") && shown.contains("3s"), "{shown}");
    assert!(!shown.contains("api.test"), "{shown}");
    assert!(shown.contains("read-only"), "{shown}");
}

#[test]
fn an_agentfile_gets_no_more_than_the_ceiling() {
    let scratch = Scratch::new();
    let quiet = built(&scratch, "quiet", "env_dump", "");
    let text = |setting: &str| {
        format!(
            "FROM scratch\nNAME otter\nMODEL builtin/commands\nBIN quiet {}\nCONFIG {setting}\n",
            quiet.display()
        )
    };
    let start = |setting: &str| {
        let file = scratch.file("Agentfile", text(setting));
        let args = ["serve".as_ref(), "--agentfile".as_ref(), file.as_os_str()];
        cofferdam(&scratch, args).run()
    };
    start("limit.quiet.memory=64GiB")
        .exits(2)
        .complains(&["memory", "64GiB"]);
    start("key!")
        .exits(2)
        .complains(&["CONFIG key", "required"]);
    let several = start("limit.quite.wall=1s\nENV PATH=/x\nEXEC serve").exits(2);
    for line in [
        ":5:8: there is no BIN `quite`; the BINs are quiet",
        ":6:5: `PATH` is set by the host",
        ":7:6: found `serve`",
    ] {
        assert!(several.stderr.contains(line), "{line}: {}", several.stderr);
    }
}

#[test]
fn agentfiles_are_laid_out() {
    let scratch = Scratch::new();
    let file = scratch.file("Agentfile", "from scratch\n\n\nname  otter # \nmodel a/b\n");
    let fmt = |more: &[&str]| {
        let own = ["image".as_ref(), "fmt".as_ref(), file.as_os_str()];
        let more = more.iter().map(OsStr::new);
        cofferdam(&scratch, own.into_iter().chain(more)).run()
    };
    fmt(&[])
        .exits(2)
        .complains(&["Agentfile:4:13", "left over"]);
    scratch.file(
        "Agentfile",
        "# mine\nfrom scratch\n\n\nname  otter\nmodel a/b\n",
    );
    fmt(&["--check"]).exits(1).complains(&["not formatted"]);
    fmt(&[]).exits(0);
    let text = std::fs::read_to_string(&file).expect("the file");
    assert_eq!(text, "# mine\nFROM scratch\n\nNAME otter\nMODEL a/b\n");
    fmt(&["--check"]).exits(0);
}
