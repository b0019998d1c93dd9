//! The tree of an agent: what lies in it, what its tools see of it, and what its model reads.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::faults::tree;
use crate::support::components::{built, built_of, directory};
use crate::support::{Host, Scratch, cofferdam, tool};

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Starts a host with this Agentfile.
fn serve<'a>(scratch: &'a Scratch, agentfile: &str) -> Host<'a> {
    let file = scratch.file("Agentfile", agentfile);
    Host::start(scratch, ["--agentfile".as_ref(), file.as_os_str()])
}

const HEAD: &str = "FROM scratch\nNAME otter\nMODEL builtin/commands\n";

#[test]
fn the_documents_tell_what_each_tool_reaches() {
    let scratch = Scratch::new();
    let asking = built(
        &scratch,
        "asking",
        "env_dump",
        &(directory("/workspace", "read-write")
            + &directory("/srv", "read-only")
            + &directory("/tmp", "read-write")
            + "[[env]]\nname = \"TEAM\"\nreason = \"r\"\n\
               [[env]]\nname = \"NONE\"\nreason = \"r\"\n\
               [[http]]\nhost = \"api.test\"\nreason = \"r\"\n\
               [[http]]\nhost = \"b.test\"\nreason = \"r\"\n"),
    );
    let cat = tool("cat");
    let echo = tool("echo");
    let host = serve(
        &scratch,
        &format!(
            "{HEAD}LABEL description=\"Reads\"\nBIN cat {}\nBIN echo {}\nBIN asking {} \"asks\"\n\
             ENV TEAM=secret-whale \"who it is\"\nCONFIG grant.asking.http=api.test\n\
             CONFIG limit.asking.wall=7s\nCAPABILITY note_save\n",
            cat.display(),
            echo.display(),
            asking.display()
        ),
    );
    let context = tree(&scratch.data()).join("etc/context");
    let agent = text(&context.join("AGENT.md"));
    for line in [
        "# otter\n\nReads\n",
        "There is no shell",
        "- `cat`: `/workspace` (read-only)\n",
        "- `echo`: its input alone\n",
        "- `asking`: `/workspace` (read-write); `/tmp`; requests to ",
        "variables `TEAM`. Not granted: `/srv`, variable `NONE`, requests to b.test\n",
        "- `TEAM`: who it is\n",
        "`note_save`. You have one only if",
    ] {
        assert!(agent.contains(line), "{line}: {agent}");
    }
    let workspace = text(&context.join("WORKSPACE.md"));
    for line in [
        "`/workspace` is yours",
        "`/tmp` is empty",
        "A call has at most 30s of time, 64MiB of memory",
        "`asking` has 7s of time.",
        "Your files may have 1GiB and 65_536 entries",
    ] {
        assert!(workspace.contains(line), "{line}: {workspace}");
    }
    assert!(!workspace.contains("/home"), "{workspace}");
    let yaml = text(&tree(&scratch.data()).join("etc/agent.yaml"));
    for text in [&agent, &workspace, &yaml] {
        assert!(!text.contains("secret-whale"), "{text}");
    }
    drop(host);
}

#[test]
fn the_tree_has_the_files_and_modes_of_the_executor() {
    let scratch = Scratch::new();
    let cat = tool("cat");
    let bytes = std::fs::read(&cat).expect("a component");
    let host = serve(
        &scratch,
        &format!(
            "{HEAD}CONTEXT SOUL \"who\" <<EOF\nBe kind.\nEOF\nBIN cat {} \"prints\"\n\
             CONFIG max-tokens=100\nEXEC [\"serve\", \"-v\"]\n",
            cat.display()
        ),
    );
    let tree = tree(&scratch.data());
    for (name, mode) in [
        ("etc/Agentfile", 0o644),
        ("etc/agent.yaml", 0o644),
        ("etc/context/AGENT.md", 0o644),
        ("etc/context/WORKSPACE.md", 0o644),
        ("etc/context/SOUL.md", 0o644),
        ("etc/data/bins/cat/USAGE.md", 0o644),
        ("usr/bin/cat", 0o755),
    ] {
        let metadata = std::fs::metadata(tree.join(name)).unwrap_or_else(|_| panic!("{name}"));
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{name}");
    }
    for name in [
        "workspace",
        "tmp",
        "home/.config",
        "home/.cache",
        "home/.local/share",
        "var/lib",
    ] {
        assert!(tree.join(name).is_dir(), "{name}");
    }
    let id = tree.file_name().expect("a name").to_string_lossy();
    let digest = digest_of(&bytes);
    let yaml = text(&tree.join("etc/agent.yaml"));
    for line in [
        format!("id: {id}\n"),
        "name: otter\n".to_owned(),
        "model: builtin/commands\n".to_owned(),
        "workspace: /workspace\n".to_owned(),
        "  ref: cofferdam:".to_owned(),
        "max-tokens: \"100\"\n".to_owned(),
        "  file: /etc/context/SOUL.md\n".to_owned(),
        "  binary: /usr/bin/cat\n".to_owned(),
        digest,
        "  usage: /etc/data/bins/cat/USAGE.md\n".to_owned(),
    ] {
        assert!(yaml.contains(&line), "{line}: {yaml}");
    }
    // A start that changes nothing writes nothing.
    let written = |name: &str| std::fs::metadata(tree.join(name)).and_then(|file| file.modified());
    let before = written("etc/agent.yaml").expect("a time");
    drop(host);
    drop(Host::start::<&str>(&scratch, []));
    assert_eq!(written("etc/agent.yaml").expect("a time"), before);
    // A tree of an older host, with its Agentfile alone, is completed.
    std::fs::remove_file(tree.join("etc/agent.yaml")).expect("removed");
    std::fs::remove_dir_all(tree.join("etc/context")).expect("removed");
    let context = tree.join("etc/context");
    std::fs::create_dir(&context).expect("a directory");
    drop(Host::start::<&str>(&scratch, []));
    assert_eq!(text(&tree.join("etc/agent.yaml")), yaml);
}

/// The digest of these bytes, as a program says it that is none of ours.
fn digest_of(bytes: &[u8]) -> String {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut child = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sha256sum starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(bytes).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let line = String::from_utf8(output.stdout).expect("text");
    format!("sha256:{}", line.split(' ').next().expect("a digest"))
}

#[test]
fn an_agent_is_as_its_operator_wants_it() {
    let scratch = Scratch::new();
    let rows = "[[env]]\nname = \"TEAM\"\nreason = \"r\"\n\
                [[env]]\nname = \"OTHER\"\nreason = \"r\"\n\
                [[env]]\nname = \"RUNTIME_MAX_TOKENS\"\nreason = \"r\"\n\
                [[env]]\nname = \"RUNTIME_STYLE\"\nreason = \"r\"\n";
    let reader = built(&scratch, "reader", "env_dump", rows);
    scratch.file(
        "Agentfile",
        format!(
            "FROM scratch\nNAME otter\nMODEL anthropic/none\nLABEL description=one\n\
             BIN reader {}\nENV TEAM=blue\nCONFIG style!\nCONFIG max-tokens=1\n",
            reader.display()
        ),
    );
    let serve = ["serve", "--agentfile", "Agentfile"];
    cofferdam(&scratch, serve)
        .run()
        .exits(2)
        .complains(&["CONFIG style", "[[agent]]"]);
    let row = "[[agent]]\nname = \"otter\"\nmodel = \"builtin/commands\"\n\
               label = { description = \"two\" }\nenv = { TEAM = \"red\", OTHER = \"x\" }\n\
               config = { style = \"7\", max-tokens = 64, \"limit.reader.wall\" = \"7s\" }\n";
    scratch.file("data/cofferdam.toml", row);
    let mut host = Some(Host::start(&scratch, &serve[1..]));
    for _ in 0..2 {
        let running = host.take().expect("a host");
        let said = running.tool_result("otter", "reader");
        for line in [
            "TEAM=red\n",
            "OTHER=x\n",
            "RUNTIME_MAX_TOKENS=64\n",
            "RUNTIME_STYLE=7\n",
        ] {
            assert!(said.contains(line), "{line}: {said}");
        }
        let inspect = ["tool", "inspect", "--agent", "otter", "--format", "json"];
        let shown = cofferdam(&scratch, inspect).run().exits(0).stdout;
        assert!(shown.contains("\"7s\""), "{shown}");
        let agent = text(&tree(&scratch.data()).join("etc/context/AGENT.md"));
        assert!(agent.contains("two") && !agent.contains("red"), "{agent}");
        drop(running);
        host = Some(Host::start::<&str>(&scratch, []));
    }
    drop(host);
    let show = cofferdam(&scratch, ["config", "show", "--format", "json"]);
    let shown = show.run().exits(0).json();
    assert_eq!(
        shown["agent"][0]["env"],
        serde_json::json!(["OTHER", "TEAM"])
    );
    for (row, says) in [
        ("env = { PATH = \"x\" }", "`PATH` is set by the host"),
        ("env = { A_API_KEY = \"x\" }", "looks like the key"),
        ("model = \"none\"", "provider/name"),
        ("config = { \"limit.wc.fuel\" = 1 }", "there is no BIN `wc`"),
        (
            "config = { \"limit.reader.fule\" = 1 }",
            "there is no limit `fule`",
        ),
        ("config = { \"limit.reader.wall\" = \"99h\" }", "ceiling"),
        (
            "config = { \"grant.reader.magic\" = 1 }",
            "there is no grant `magic`",
        ),
        ("config = { \"a b\" = 1 }", "letters, digits"),
        (
            "config = { \"limit.workspace.bytes\" = \"1TiB\" }",
            "ceiling of 16GiB",
        ),
        ("workspace-bytes = \"1TiB\"", "workspace-bytes"),
    ] {
        let text = format!("[[agent]]\nname = \"otter\"\nmodel = \"builtin/commands\"\n{row}\n");
        let text = text.replace("model = \"builtin/commands\"\nmodel", "model");
        let style = "style = \"7\"";
        let text = if row.starts_with("config") {
            text.replace("config = { ", &format!("config = {{ {style}, "))
        } else {
            format!("{text}config = {{ {style} }}\n")
        };
        scratch.file("data/cofferdam.toml", text);
        let data = ["--data-dir", "other"];
        let line = [
            "serve",
            "--agentfile",
            "Agentfile",
            "--config",
            "data/cofferdam.toml",
        ];
        cofferdam(&scratch, line.into_iter().chain(data))
            .run()
            .exits(2)
            .complains(&[says]);
    }
}

#[test]
fn a_tool_sees_the_locked_variables_and_nothing_else() {
    let scratch = Scratch::new();
    let env = tool("env");
    let probe = built(
        &scratch,
        "probe",
        "env_places",
        &directory("/workspace", "read-only"),
    );
    let homely = built(
        &scratch,
        "homely",
        "env_places",
        &(directory("/home", "read-write") + &directory("/tmp", "read-write")),
    );
    let agentfile = format!(
        "{HEAD}BIN env {}\nBIN probe {}\nBIN homely {}\nENV TEAM=blue\nCONFIG max-tokens=1\n",
        env.display(),
        probe.display(),
        homely.display()
    );
    let host = serve(&scratch, &agentfile);
    assert_eq!(
        host.tool_result("otter", "env"),
        "PATH=/usr/bin\nHOME=/home\nXDG_CONFIG_HOME=/home/.config\n\
         XDG_CACHE_HOME=/home/.cache\nXDG_DATA_HOME=/home/.local/share\nTMPDIR=/tmp\n\
         LANG=C.UTF-8\nOTTERS_AGENT_ROOT=/\n"
    );
    // Its libc takes the root for the directory in which relative paths resolve.
    let said = host.tool_result("otter", "probe");
    let there: Vec<_> = said
        .lines()
        .filter(|line| line.ends_with("is there"))
        .collect();
    assert_eq!(there, ["OTTERS_AGENT_ROOT=/ is there"], "{said}");
    let said = host.tool_result("otter", "homely");
    for line in [
        "HOME=/home is there",
        "XDG_CACHE_HOME=/home/.cache is there",
        "TMPDIR=/tmp is there",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    for line in ["PATH=/usr/bin: ", "OTTERS_AGENT_ROOT=/: "] {
        assert!(said.contains(line), "{line}: {said}");
    }
    // What a tool keeps for itself is there for its next call, also on another host.
    assert_eq!(host.tool_result("otter", "homely keep"), "kept 1\n");
    assert_eq!(host.tool_result("otter", "homely keep"), "kept 2\n");
    drop(host);
    let host = Host::start::<&str>(&scratch, []);
    assert_eq!(host.tool_result("otter", "homely keep"), "kept 3\n");
    assert!(host.tool_result("otter", "probe keep").contains("keep: "));
    // Who may not see the workspace does not see the home either.
    drop(host);
    let host = serve(
        &scratch,
        &format!("{agentfile}CONFIG grant.homely.workspace=none\n"),
    );
    let said = host.tool_result("otter", "homely");
    assert!(!said.contains("HOME=/home is there"), "{said}");
}

#[test]
fn added_files_are_read_by_the_tools_that_ask_for_them() {
    let scratch = Scratch::new();
    let row = directory("/etc/data", "read-only");
    let reader = built_of(&scratch, &tool("cat"), "reader", &row);
    let intruder = built(&scratch, "intruder", "fs_mounted", &row);
    let agentfile = format!(
        "{HEAD}ADD numbers.txt numbers \"what was counted\"\nADD more.txt\n\
         BIN reader {}\nBIN intruder {}\nBIN cat {}\n",
        reader.display(),
        intruder.display(),
        tool("cat").display()
    );
    let numbers = scratch.file("numbers.txt", "1 2 3\n");
    scratch.file("more.txt", "more\n");
    let host = serve(&scratch, &agentfile);
    assert_eq!(
        host.tool_result("otter", "reader /etc/data/numbers /etc/data/more.txt"),
        "1 2 3\nmore\n"
    );
    let said = host.tool_result("otter", "cat /etc/data/numbers");
    assert!(said.contains("No such file"), "{said}");
    let said = host.tool_result("otter", "intruder /etc/data");
    assert!(!said.contains("ESCAPED"), "{said}");
    let tree = tree(&scratch.data());
    let mode = std::fs::metadata(tree.join("etc/data/numbers"))
        .expect("a file")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o644);
    let agent = text(&tree.join("etc/context/AGENT.md"));
    for line in [
        "## Data files\n\nRead by `intruder`, `reader`.",
        "- `/etc/data/numbers`: what was counted\n",
        "- `/etc/data/more.txt`\n",
        "- `reader`: `/etc/data` (read-only)\n",
    ] {
        assert!(agent.contains(line), "{line}: {agent}");
    }
    // They are the agent's, and stay when the file beside the Agentfile changes or goes.
    drop(host);
    std::fs::remove_file(&numbers).expect("removed");
    let host = Host::start::<&str>(&scratch, []);
    assert_eq!(
        host.tool_result("otter", "reader /etc/data/numbers"),
        "1 2 3\n"
    );
    drop(host);
    std::fs::write(&numbers, "4\n").expect("written");
    let host = serve(&scratch, &agentfile);
    assert_eq!(host.tool_result("otter", "reader /etc/data/numbers"), "4\n");
    assert_eq!(text(&tree.join("etc/data/numbers")), "4\n");
}
