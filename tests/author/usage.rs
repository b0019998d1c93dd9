//! `USAGE.md`: it travels in the component, and is read at every door.

use std::ffi::OsString;
use std::path::PathBuf;

use serde_json::json;

use crate::support::mcp::Server;
use crate::support::{Host, Ran, Scratch, cofferdam, guest};

const USAGE: &str = "# args\n\nPrints its arguments, one on each line.\n";

const HEAD: &str =
    "schema = 1\n[tool]\nname = \"args\"\nversion = \"1\"\nsummary = \"Shows words\"\n";

/// Builds a guest with `usage` beside its manifest.
fn build(scratch: &Scratch, usage: &[u8]) -> Ran {
    let capabilities = scratch.file("tool/capabilities.toml", HEAD);
    scratch.file("tool/USAGE.md", usage);
    let args: [OsString; 5] = [
        "tool".into(),
        "build".into(),
        guest("args_echo").into(),
        "--capabilities".into(),
        capabilities.into(),
    ];
    cofferdam(scratch, args).run()
}

#[test]
fn words_about_calling_a_tool_are_in_its_file_and_read_at_every_door() {
    let scratch = Scratch::new();
    build(&scratch, USAGE.as_bytes()).exits(0);
    let component: PathBuf = scratch.path().join("target/tools/args.wasm");
    let inspect = ["tool", "inspect", "target/tools/args.wasm"];
    let shown = cofferdam(&scratch, inspect.iter().chain(&["--format", "json"]))
        .run()
        .exits(0)
        .json();
    assert_eq!(shown["usage"], USAGE);
    // A model reads first what it is for, and then how to call it.
    let described = format!("Shows words\n\n## Usage\n\n{USAGE}");
    assert_eq!(shown["tools"][0]["description"], described);
    let table = cofferdam(&scratch, inspect).run().exits(0).stdout;
    assert!(
        table.contains("Prints its arguments, one on each line."),
        "{table}"
    );

    let mut server = Server::start(&scratch, [component.clone().into_os_string()]);
    server.initialize();
    let listed = server.ask(2, "tools/list", json!({}));
    let tool = &listed["result"]["tools"][0];
    assert_eq!(tool["description"], described, "{listed}");
    drop(server);

    let file = format!(
        "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN echo {}\n",
        component.display()
    );
    let agentfile = scratch.file("Agentfile", file);
    let host = Host::start(&scratch, ["--agentfile".into(), agentfile]);
    let agents = scratch.data().join("agents");
    let documents: Vec<_> = std::fs::read_dir(agents)
        .unwrap()
        .map(|agent| agent.unwrap().path().join("etc/data/bins/echo/USAGE.md"))
        .filter(|path| path.exists())
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    assert_eq!(documents, [USAGE]);
    drop(host);

    // A new build without the file takes the words away.
    std::fs::remove_file(scratch.path().join("tool/USAGE.md")).unwrap();
    let args: [OsString; 5] = [
        "tool".into(),
        "build".into(),
        component.into(),
        "--capabilities".into(),
        scratch.path().join("tool/capabilities.toml").into(),
    ];
    cofferdam(&scratch, args).run().exits(0);
    let shown = cofferdam(&scratch, inspect.iter().chain(&["--format", "json"]));
    let shown = shown.run().exits(0).json();
    assert_eq!(shown["usage"], json!(null));
    assert_eq!(shown["tools"][0]["description"], "Shows words");
}

#[test]
fn words_that_no_model_should_read_end_the_build() {
    let scratch = Scratch::new();
    for (usage, says) in [
        (
            vec![b'a'; (64 << 10) + 1],
            "it has 65537 bytes: at most 65536",
        ),
        ("one\u{200b}two".into(), "U+200B"),
        ("a\u{1b}[2Jb".into(), "U+001B"),
        (vec![b'a', 0xff], "not valid UTF-8 at byte 1"),
    ] {
        build(&scratch, &usage)
            .exits(2)
            .complains(&["tool/USAGE.md", says]);
    }
    build(&scratch, "\u{feff}one\r\ntwo".as_bytes()).exits(0);
}
