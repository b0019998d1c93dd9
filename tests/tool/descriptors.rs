//! Which tools a component has is data, and the same for everybody; nothing of it runs before
//! somebody calls it.

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use cofferdam_selftest::in_mode;
use serde_json::{Value, json};

use crate::support::components::with_section;
use crate::support::liar::{Answer, Liar, Shelf};
use crate::support::mcp::Server;
use crate::support::{Host, Ran, Scratch, Typed, cofferdam, guest, on_terminal, tool};

/// The section of a component that says which tools it has.
const SECTION: &str = "cofferdam:descriptors";

/// `tool inspect`, as JSON.
#[track_caller]
fn inspect(scratch: &Scratch, component: &Path) -> Value {
    let args = [
        "tool".as_ref(),
        "inspect".as_ref(),
        component.as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
    ];
    cofferdam(scratch, args).run().exits(0).json()
}

/// The hostile component of typed tools, in this mode, built under this name.
fn built(scratch: &Scratch, mode: &str, name: &str, rows: &str) -> Ran {
    let file = scratch.file("in/hostile.wasm", hostile(mode));
    build(scratch, &file, name, rows)
}

fn build(scratch: &Scratch, component: &Path, name: &str, rows: &str) -> Ran {
    let head =
        format!("schema = 1\n[tool]\nname = \"{name}\"\nversion = \"1\"\nsummary = \"tries\"\n");
    let manifest = scratch.file("in/capabilities.toml", head + rows);
    let args = [
        "tool".into(),
        "build".into(),
        component.as_os_str().to_owned(),
        "--capabilities".into(),
    ];
    let args: Vec<OsString> = args
        .into_iter()
        .chain([manifest.into(), "--out".into(), "out".into()])
        .collect();
    cofferdam(scratch, args).run()
}

fn hostile(mode: &str) -> Vec<u8> {
    in_mode(&std::fs::read(guest("typed_hostile")).unwrap(), mode)
}

/// What the vendor of a model was told about the tools of an agent: name, description and schema of
/// each.
fn told_to_a_model(scratch: &Scratch, bins: &str) -> Vec<(String, String, Value)> {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let bodies = Arc::clone(&asked);
    let vendor = Liar::start(Shelf::default(), move |request| {
        bodies.lock().unwrap().push(request.body.clone());
        let event = json!({ "choices": [{ "index": 0, "delta": { "content": "hi" },
            "finish_reason": "stop" }] });
        let answer = Answer::ok(format!("data: {event}\n\ndata: [DONE]\n\n"));
        Some(answer.header("Content-Type: text/event-stream"))
    });
    let base = format!("http://{}/", vendor.reference("v1"));
    let file = scratch.file(
        "Agentfile",
        format!("FROM scratch\nNAME a\nMODEL openai/some-model\n{bins}"),
    );
    let host = Host::start_with(
        scratch,
        ["--agentfile".as_ref(), file.as_os_str()],
        &[("OPENAI_API_KEY", "sk-test"), ("OPENAI_API_BASE", &base)],
    );
    host.chat("a", "hello");
    let body: Value =
        serde_json::from_slice(&asked.lock().unwrap()[0]).expect("a vendor is sent JSON");
    let tools = body["tools"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|tool| &tool["function"]);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    tools
        .map(|tool| {
            (
                text(&tool["name"]),
                text(&tool["description"]),
                tool["parameters"].clone(),
            )
        })
        .collect()
}

#[test]
fn inspect_mcp_clients_and_models_read_the_same_words() {
    let scratch = Scratch::new();
    let component = tool("text-stats");
    let inspected = inspect(&scratch, &component);
    assert_eq!(
        inspected["described"], true,
        "`tool build` writes the section"
    );
    let tool = &inspected["tools"][0];

    let table = ["tool".as_ref(), "inspect".as_ref(), component.as_os_str()];
    let table = cofferdam(&scratch, table).run().exits(0).stdout;
    for line in tool["description"].as_str().unwrap().lines() {
        assert!(table.contains(line), "`{line}` is not in {table}");
    }
    for schema in ["input_schema", "output_schema"] {
        assert!(
            table.contains(&tool[schema].to_string()),
            "the {schema} is not in {table}"
        );
    }

    let mut server = Server::start(&scratch, [component.as_os_str()]);
    server.initialize();
    let listed = server.ask(1, "tools/list", json!({}))["result"]["tools"][0].clone();
    assert_eq!(
        (&listed["name"], &listed["description"]),
        (&tool["name"], &tool["description"])
    );
    assert_eq!(
        (&listed["inputSchema"], &listed["outputSchema"]),
        (&tool["input_schema"], &tool["output_schema"])
    );

    let told = told_to_a_model(
        &scratch,
        &format!("BIN text-stats {}\n", component.display()),
    );
    let text = |key: &str| tool[key].as_str().unwrap().to_owned();
    assert_eq!(
        told,
        [(
            text("name"),
            text("description"),
            tool["input_schema"].clone()
        )]
    );
}

#[test]
fn a_component_that_says_its_tools_does_not_run_before_it_is_called() {
    let scratch = Scratch::new();
    built(&scratch, "", "quiet", "").exits(0);
    let quiet = std::fs::read(scratch.path().join("out/quiet.wasm")).unwrap();
    for mode in ["list-trap", "list-spin"] {
        // It would end here, or not at all, if it were asked.
        let component = scratch.file("out/quiet.wasm", in_mode(&quiet, mode));
        let args = ["tool".as_ref(), "inspect".as_ref(), component.as_os_str()];
        let ran = cofferdam(&scratch, args)
            .env("COFFERDAM_LOG", "info")
            .run()
            .exits(0);
        assert!(
            !ran.stderr.contains("tool call") && !ran.stderr.contains("note: "),
            "{}",
            ran.stderr
        );
        let mut server = Server::start(&scratch, [component.as_os_str()]);
        server.initialize();
        assert_eq!(
            server.ask(1, "tools/list", json!({}))["result"]["tools"][0]["name"],
            "quiet"
        );
        let file = format!(
            "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN quiet {}\n",
            component.display()
        );
        let file = scratch.file("Agentfile", file);
        let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
        assert_eq!(host.has_said("tool call"), 0);
        assert!(
            host.chat("a", "run quiet {}")
                .iter()
                .any(|event| event["type"] == "tool.result")
        );
        assert!(
            !scratch
                .data()
                .join("descriptors")
                .read_dir()
                .unwrap()
                .any(|_| true),
            "it needs no pin"
        );
    }
}

/// A listener that nobody has to connect to.
struct Lure(TcpListener);

impl Lure {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket");
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().expect("a bound socket").port()
    }

    fn caught(&self) -> bool {
        self.0.accept().is_ok()
    }
}

#[test]
fn a_component_that_is_asked_for_its_tools_reaches_nothing_and_leaves_a_line_in_the_log() {
    let (scratch, lure) = (Scratch::new(), Lure::new());
    scratch.file("workspace/secret.txt", "swordfish");
    let tcp = format!(
        "[[tcp]]\nhost = \"127.0.0.1\"\nports = [{}]\nreason = \"r\"\n",
        lure.port()
    );
    let rows = "[[fs]]\npath = \"/workspace\"\naccess = \"read-write\"\nreason = \"r\"\n\
                [[fs]]\npath = \"/tmp\"\naccess = \"read-write\"\nreason = \"r\"\n\
                [[env]]\nname = \"GRANTED\"\nreason = \"r\"\n";
    let head = "schema = 1\n[tool]\nname = \"reach\"\nversion = \"1\"\nsummary = \"tries\"\n";
    let manifest = scratch.file("capabilities.toml", format!("{head}{rows}{tcp}"));
    let component = scratch.file(
        "reach.wasm",
        hostile(&format!("list-reach:{}", lure.port())),
    );
    // Everything that it asks for is offered, and would be granted to a call.
    let (offer, dir) = (
        format!("127.0.0.1:{}", lure.port()),
        format!("{}/workspace:/workspace", scratch.path().display()),
    );
    let flags = [
        "--dir",
        &dir,
        "--env",
        "GRANTED=swordfish",
        "--tcp",
        &offer,
        "--allow-address",
        "127.0.0.1/32",
    ];
    let nothing = |description: &str| {
        for part in [
            "file Err(",
            "root Err(",
            "variable Err(",
            "sent false",
            "written false",
        ] {
            assert!(
                description.contains(part),
                "`{part}` is not in {description}"
            );
        }
        assert!(!description.contains("swordfish"), "{description}");
        assert!(!lure.caught(), "it sent something");
    };

    let run = [
        "tool".as_ref(),
        "run".as_ref(),
        component.as_os_str(),
        "--capabilities".as_ref(),
        manifest.as_os_str(),
    ];
    let run = run
        .into_iter()
        .chain(flags.iter().map(AsRef::as_ref))
        .chain(["--".as_ref(), "{}".as_ref()]);
    let ran = cofferdam(&scratch, run)
        .env("COFFERDAM_LOG", "info")
        .run()
        .exits(0);
    let is_call =
        |line: &&str| line.contains("tool call tool=\"reach\"") && line.contains("outcome=\"ok\"");
    let calls = |ran: &Ran| ran.stderr.lines().filter(is_call).count();
    assert_eq!(calls(&ran), 2, "the listing and the call: {}", ran.stderr);
    let args = [
        "tool".as_ref(),
        "inspect".as_ref(),
        component.as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
    ];
    let args = args
        .into_iter()
        .chain(["--capabilities".as_ref(), manifest.as_os_str()]);
    let ran = cofferdam(&scratch, args)
        .env("COFFERDAM_LOG", "info")
        .run()
        .exits(0);
    assert_eq!(calls(&ran), 1, "{}", ran.stderr);
    let inspected: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(inspected["described"], false);
    nothing(inspected["tools"][0]["description"].as_str().unwrap());

    let build = [
        "tool".as_ref(),
        "build".as_ref(),
        component.as_os_str(),
        "--capabilities".as_ref(),
        manifest.as_os_str(),
    ];
    cofferdam(&scratch, build).run().exits(0);
    let inspected = inspect(&scratch, &scratch.path().join("target/tools/reach.wasm"));
    nothing(inspected["tools"][0]["description"].as_str().unwrap());

    let mut server = Server::start(
        &scratch,
        flags
            .iter()
            .map(|flag| OsString::from(*flag))
            .chain([scratch.path().join("target/tools").into_os_string()]),
    );
    server.initialize();
    let listed =
        server.ask(1, "tools/list", json!({}))["result"]["tools"][0]["description"].clone();
    nothing(listed.as_str().unwrap());
}

#[test]
fn a_component_that_lists_other_tools_than_the_first_time_is_refused() {
    let scratch = Scratch::new();
    let component = scratch.file("random.wasm", hostile("list-random"));
    let run = || {
        let args = [
            "tool".as_ref(),
            "run".as_ref(),
            component.as_os_str(),
            "--".as_ref(),
            "{}".as_ref(),
        ];
        cofferdam(&scratch, args).run()
    };
    run().exits(0);
    let pins = || {
        let entries = std::fs::read_dir(scratch.data().join("descriptors")).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
    };
    let pin = pins()[0].clone();
    let says = [
        "lists other tools than the first time",
        "`a` has another description",
        "remove descriptors/",
    ];
    run().exits(2).complains(&says);
    // What is disposable does not hold it.
    std::fs::remove_dir_all(scratch.data().join("cache")).unwrap();
    run().exits(2).complains(&says);
    assert_eq!(pins(), std::slice::from_ref(&pin));
    // The operator decides, by the file that was named.
    std::fs::remove_file(&pin).unwrap();
    run().exits(0);
    std::fs::write(&pin, "{").unwrap();
    run()
        .exits(2)
        .complains(&["is no pin of descriptors", "remove it"]);
    // One that stays the same is offered again and again.
    let component = scratch.file("same.wasm", hostile(""));
    for _ in 0..2 {
        let args = [
            "tool".as_ref(),
            "run".as_ref(),
            component.as_os_str(),
            "--".as_ref(),
            "{}".as_ref(),
        ];
        cofferdam(&scratch, args).run().exits(0);
    }
    // Built here, it says it once and for all.
    built(&scratch, "list-random", "random", "").exits(0);
    let component = scratch.path().join("out/random.wasm");
    assert_eq!(
        inspect(&scratch, &component)["tools"],
        inspect(&scratch, &component)["tools"]
    );
}

/// Loads a component; it must be refused with a sentence that holds `parts`.
#[track_caller]
fn refused(component: &[u8], parts: &[&str]) {
    let scratch = Scratch::new();
    let file = scratch.file("tool.wasm", component);
    for command in ["run", "inspect"] {
        cofferdam(
            &scratch,
            ["tool".as_ref(), command.as_ref(), file.as_os_str()],
        )
        .run()
        .exits(2)
        .complains(parts);
    }
}

/// The section of one tool of this name.
fn section(name: &str) -> Vec<u8> {
    let tool = json!({ "name": name, "description": "d", "input_schema": { "type": "object" },
        "output_schema": null });
    json!({ "schema": 1, "tools": [tool] })
        .to_string()
        .into_bytes()
}

#[test]
fn a_section_that_cannot_be_used_is_refused() {
    let typed = std::fs::read(guest("typed_hostile")).unwrap();
    let with = |json: &[u8]| with_section(&typed, SECTION, json);
    let unusable = "its section `cofferdam:descriptors` cannot be used";
    refused(
        &with_section(&with(&section("a")), SECTION, &section("a")),
        &["two `cofferdam:descriptors` sections"],
    );
    refused(&with(b"{"), &[unusable, "EOF", "build it again"]);
    refused(&with(b""), &[unusable]);
    refused(&with(br#"{"schema":1,"tools":[]}"#), &[unusable, "0 tools"]);
    refused(
        &with(br#"{"schema":2,"tools":[]}"#),
        &[unusable, "`schema` is 2"],
    );
    refused(
        &with(&section("../a")),
        &[unusable, "is not the name of a tool"],
    );
    refused(
        &with(&vec![b' '; (1 << 20) + 1]),
        &["has 1048577 bytes: at most 1048576"],
    );
    refused(&with(&"[".repeat(1 << 20).into_bytes()), &[unusable]);
    let command = std::fs::read(guest("exit_zero")).unwrap();
    refused(
        &with_section(&command, SECTION, &section("a")),
        &["which is for typed tools, and it exports none"],
    );
}

#[test]
fn a_section_that_names_another_tool_than_there_is_gives_a_refusal_of_the_call() {
    let scratch = Scratch::new();
    // The tool as another toolchain would have left it, with words of somebody else.
    let component = std::fs::read(tool("text-stats")).unwrap();
    let place = component
        .windows(SECTION.len())
        .position(|bytes| bytes == SECTION.as_bytes())
        .expect("a section");
    let mut renamed = component.clone();
    // The section stays as it is under a name that means nothing.
    renamed[place] = b'x';
    let file = scratch.file(
        "stats.wasm",
        with_section(&renamed, SECTION, &section("absent")),
    );
    let args = [
        "tool".as_ref(),
        "run".as_ref(),
        file.as_os_str(),
        "--".as_ref(),
        "{}".as_ref(),
    ];
    cofferdam(&scratch, args)
        .run()
        .exits(1)
        .complains(&["not-found", "no tool named \"absent\""]);
    // What is not in the section is no tool, whatever the component would answer.
    let mut server = Server::start(&scratch, [file.as_os_str()]);
    server.initialize();
    let listed = server.ask(1, "tools/list", json!({}))["result"]["tools"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    let unknown = server.ask(
        2,
        "tools/call",
        json!({ "name": "text-stats_text-stats", "arguments": { "text": "a" } }),
    );
    assert!(
        unknown.to_string().contains("text-stats_text-stats"),
        "{unknown}"
    );
    assert!(
        unknown.get("error").is_some() || unknown["result"]["isError"] == true,
        "{unknown}"
    );
}

#[test]
fn a_build_replaces_the_section_and_gives_the_same_bytes_again() {
    let scratch = Scratch::new();
    let read = |path: &PathBuf| std::fs::read(path).unwrap();
    built(&scratch, "", "twice", "").exits(0);
    let file = scratch.path().join("out/twice.wasm");
    let first = read(&file);
    built(&scratch, "", "twice", "").exits(0);
    assert_eq!(read(&file), first);
    // Built of what was built, with a lie and a second section in it.
    let lies = with_section(
        &with_section(&first, SECTION, b"lies"),
        SECTION,
        &section("lies"),
    );
    let lies = scratch.file("in/lies.wasm", lies);
    build(&scratch, &lies, "twice", "").exits(0);
    assert_eq!(read(&file), first);
    assert_eq!(inspect(&scratch, &file)["tools"][0]["description"], "tries");
    // Of a command they are only taken out.
    let command = std::fs::read(guest("exit_zero")).unwrap();
    let lies = scratch.file("in/command.wasm", with_section(&command, SECTION, b"lies"));
    build(&scratch, &lies, "twice", "").exits(0);
    let cleaned = read(&file);
    build(&scratch, &guest("exit_zero"), "twice", "").exits(0);
    assert_eq!(read(&file), cleaned);
}

#[test]
fn a_build_refuses_what_no_host_would_offer() {
    let scratch = Scratch::new();
    for (mode, says) in [
        ("list-trap", "does not list its tools: trap"),
        ("list-nothing", "it lists 0 tools"),
        ("list-many", "it lists 1000 tools: expected 1 to 64"),
        ("list-twice", "it lists `a` twice"),
        ("list-name", "is not the name of a tool"),
        ("list-schema", "is not JSON Schema"),
        ("list-draws", "holds the character U+001B"),
    ] {
        built(&scratch, mode, "refused", "")
            .exits(2)
            .complains(&[says]);
        assert!(
            !scratch.path().join("out/refused.wasm").exists(),
            "{mode} was written"
        );
    }
    // A terminal is sent the same sentence.
    let file = scratch.file("draws.wasm", hostile("list-draws"));
    let sent = on_terminal(
        &scratch,
        ["tool".as_ref(), "inspect".as_ref(), file.as_os_str()],
    );
    assert!(
        !sent.contains(&0x1b) && String::from_utf8_lossy(&sent).contains("U+001B"),
        "{}",
        sent.escape_ascii()
    );
}

#[test]
fn copies_of_a_component_that_lists_its_tools_are_served_together() {
    let scratch = Scratch::new();
    for attempt in 0..4 {
        let name = format!("copies{attempt}");
        let copies = scratch.directory(&name);
        let component = Typed {
            output_schema: &format!("{attempt}"),
            ..Typed::default()
        };
        let component = std::fs::read(component.file(&scratch, &name)).unwrap();
        (0..4).for_each(|copy| {
            std::fs::write(copies.join(format!("copy{copy}.wasm")), &component).unwrap()
        });
        // The operator sees what has run, without asking for more of the log.
        let ran = cofferdam(&scratch, ["mcp".as_ref(), copies.as_os_str()])
            .run()
            .exits(0);
        let asked = ran
            .stderr
            .lines()
            .filter(|line| line.contains("asked for its tools"))
            .count();
        assert_eq!(asked, 4, "{}", ran.stderr);
    }
    let component = Typed::default().file(&scratch, "alone");
    let args = ["tool".as_ref(), "inspect".as_ref(), component.as_os_str()];
    assert!(
        cofferdam(&scratch, args)
            .run()
            .exits(0)
            .stderr
            .contains("asked for its tools")
    );
}
