//! Components that are asked for their tools: under a grant that gives nothing, and compared with
//! the first answer. One that carries descriptors is not asked.

use std::ffi::OsString;
use std::net::TcpListener;

use cofferdam_selftest::in_mode;
use serde_json::{Value, json};

use super::{built, hostile, inspect};
use crate::support::mcp::Server;
use crate::support::{Host, Ran, Scratch, Typed, cofferdam};

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
        let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
        assert!(host.is_silent_about("tool call"));
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
    let scratch = Scratch::with_own_cache();
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
