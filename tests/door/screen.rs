//! What reaches a terminal or the log: nothing that draws, hides or forges, whoever wrote it. A
//! pipe gets results as they are.

use std::ffi::OsStr;
use std::path::Path;

use cofferdam_selftest::in_mode;
use serde_json::json;

use crate::support::components::with_section;
use crate::support::mcp::Server;
use crate::support::{Host, Scratch, cofferdam, guest, on_terminal, tool};

/// Sets a title and the clipboard, clears the screen, begins a sequence in one character, turns the
/// direction of text, hides a letter, and goes back to the beginning of the line.
const DRAWING: &str = "a\u{1b}]0;title\u{7}\u{1b}]52;c;aGk=\u{7}\u{1b}[2J\u{9b}31m\u{202e}b\u{2066}\
     \u{200b}\u{ad}\u{e0041}\rc\u{8}\u{7f}d\te\nf";

/// Everything that a terminal was sent is text.
#[track_caller]
fn is_plain(sent: &[u8]) {
    let text = std::str::from_utf8(sent)
        .unwrap_or_else(|error| panic!("{error}: {}", sent.escape_ascii()));
    let acts = |c: &char| match c {
        '\n' | '\t' => false,
        c => c.is_control() || "\u{ad}\u{200b}\u{202e}\u{2066}\u{feff}\u{e0041}".contains(*c),
    };
    assert_eq!(text.chars().find(acts), None, "{}", sent.escape_ascii());
}

#[track_caller]
fn shows(sent: &[u8], parts: &[&str]) {
    is_plain(sent);
    let text = String::from_utf8_lossy(sent);
    parts
        .iter()
        .for_each(|part| assert!(text.contains(part), "`{part}` is not in {text}"));
}

fn args<'a>(args: &[&'a OsStr]) -> Vec<&'a OsStr> {
    args.to_vec()
}

#[test]
fn what_a_tool_prints_is_escaped_on_a_terminal_and_as_it_is_in_a_pipe() {
    let scratch = Scratch::new();
    let (echo, workspace) = (tool("echo"), scratch.directory("workspace"));
    let run = args(&[
        "tool".as_ref(),
        "run".as_ref(),
        echo.as_os_str(),
        "--".as_ref(),
        DRAWING.as_ref(),
    ]);
    assert_eq!(
        cofferdam(&scratch, &run).run().exits(0).stdout,
        format!("{DRAWING}\n")
    );
    let sent = on_terminal(&scratch, &run);
    shows(
        &sent,
        &[
            r"a\u{1b}]0;title\u{7}",
            r"\u{9b}31m\u{202e}b\u{2066}\u{200b}\u{ad}\u{e0041}\rc\u{8}\u{7f}d",
            "\te\n│ f\n",
        ],
    );

    // Bytes that are no text, and lines that end in CRLF.
    std::fs::write(workspace.join("bytes"), b"x\x9b2J\xff\r\ny\x1b").unwrap();
    let (cat, dir) = (tool("cat"), format!("{}:/workspace", workspace.display()));
    let run = [
        "tool".as_ref(),
        "run".as_ref(),
        cat.as_os_str(),
        "--dir".as_ref(),
        dir.as_ref(),
        "--".as_ref(),
        "bytes".as_ref(),
    ];
    shows(&on_terminal(&scratch, run), &["x\\x9b2J\\xff\n│ y\\u{1b}"]);
}

/// A component of typed tools that fails with a message that draws, built in this mode.
fn drawing(scratch: &Scratch) -> std::path::PathBuf {
    let file = scratch.file(
        "draws.wasm",
        in_mode(
            &std::fs::read(guest("typed_hostile")).unwrap(),
            "call-draws",
        ),
    );
    let manifest = "schema = 1\n[tool]\nname = \"draws\"\nversion = \"1\"\nsummary = \"s\"\n";
    let manifest = scratch.file("capabilities.toml", manifest);
    let build = [
        "tool".as_ref(),
        "build".as_ref(),
        file.as_os_str(),
        "--capabilities".as_ref(),
        manifest.as_os_str(),
    ];
    cofferdam(scratch, build).run().exits(0);
    scratch.path().join("target/tools/draws.wasm")
}

#[test]
fn what_a_tool_fails_with_stays_on_its_line() {
    let scratch = Scratch::new();
    let component = drawing(&scratch);
    let run = args(&[
        "tool".as_ref(),
        "run".as_ref(),
        component.as_os_str(),
        "--".as_ref(),
        "{}".as_ref(),
    ]);
    let ran = cofferdam(&scratch, &run).run().exits(1);
    // A machine that compiles for long says so on a line of its own.
    let failures = ran
        .stderr
        .lines()
        .filter(|line| !line.starts_with("compiling "));
    assert_eq!(failures.count(), 1, "{}", ran.stderr);
    shows(
        ran.stderr.as_bytes(),
        &[r"draws: guest-error: failed: \u{1b}]0;title\u{7}\u{9b}2J\u{202e}\nerror: forged"],
    );
    shows(&on_terminal(&scratch, &run), &[r"\u{1b}]0;title\u{7}"]);
    // The receipt is on a terminal too, as lines or as JSON.
    for flags in [["--receipt", "--"], ["--format=json", "--"]] {
        let run = run
            .iter()
            .take(3)
            .copied()
            .chain(flags.map(OsStr::new))
            .chain(["{}".as_ref()]);
        is_plain(&on_terminal(&scratch, run));
    }
}

#[test]
fn what_models_and_tools_say_in_a_session_is_escaped_on_a_terminal() {
    let scratch = Scratch::new();
    let component = drawing(&scratch);
    let bins = format!(
        "BIN echo {}\nBIN draws {}\n",
        tool("echo").display(),
        component.display()
    );
    let file = scratch.file(
        "Agentfile",
        format!("FROM scratch\nNAME a\nMODEL builtin/commands\n{bins}"),
    );
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let said = format!("run echo \"{DRAWING}\"");
    let sent = on_terminal(&scratch, ["chat", "a", "--new", "--session", "s", &said]);
    shows(
        &sent,
        &[
            "→ echo ",
            "← ",
            // A model's input is JSON; of a result nothing is left that acts.
            r"a\u001b]0;title\u0007",
            r"│ a\u{202e}b\u{2066}",
        ],
    );
    shows(
        &on_terminal(
            &scratch,
            ["chat", "a", "--new", "--session", "s", "run draws {}"],
        ),
        &["← draws"],
    );
    // What a person writes comes back from the model.
    shows(
        &on_terminal(
            &scratch,
            [
                "chat",
                "a",
                "--new",
                "--session",
                "s",
                &format!("run {DRAWING}"),
            ],
        ),
        &[r"\u{9b}31m"],
    );
    shows(
        &on_terminal(&scratch, ["sessions", "show", "s"]),
        &[r"a\u{1b}]0;title\u{7}", r"\u{202e}b"],
    );
    is_plain(&on_terminal(
        &scratch,
        ["sessions", "show", "s", "--format", "json"],
    ));
    is_plain(&on_terminal(
        &scratch,
        [
            "chat",
            "a",
            "--new",
            "--session",
            "s",
            "--format",
            "json",
            &said,
        ],
    ));
    let shown = cofferdam(&scratch, ["sessions", "show", "s"])
        .run()
        .exits(0)
        .stdout;
    assert!(shown.contains(&said), "a pipe gets what was said: {shown}");
    // A session is called as its client likes.
    let name = "s\u{1b}[2J\nforged";
    cofferdam(&scratch, ["chat", "a", "--new", "--session", name, "help"])
        .run()
        .exits(0);
    shows(
        &on_terminal(&scratch, ["sessions", "ls"]),
        &[r"s\u{1b}[2J\nforged"],
    );
    shows(
        &on_terminal(&scratch, ["sessions", "show", "no\u{9b}2J\nerror: forged"]),
        &[r"no\u{9b}2J\nerror: forged"],
    );
}

#[test]
fn a_name_of_a_file_forges_no_line_of_the_log_or_of_an_error() {
    let scratch = Scratch::new();
    let name = "x\n2026-01-01T00:00:00Z ERROR forged\u{1b}[2J.wasm";
    let file = scratch.file(name, "no component");
    let ran = cofferdam(
        &scratch,
        ["tool".as_ref(), "inspect".as_ref(), file.as_os_str()],
    )
    .run()
    .exits(2);
    let escaped = r"x\n2026-01-01T00:00:00Z ERROR forged\u{1b}[2J.wasm is not a WebAssembly binary";
    assert!(
        ran.stderr.lines().count() == 1 && ran.stderr.contains(escaped),
        "{}",
        ran.stderr
    );

    // The log of a server that looks at a directory says what is wrong with its files.
    let tools = scratch.directory("tools");
    std::fs::copy(tool("echo"), tools.join("echo.wasm")).unwrap();
    let mut server = Server::start(&scratch, ["--reload".as_ref(), tools.as_os_str()]);
    server.initialize();
    std::fs::write(tools.join(name), "no component").unwrap();
    let line = server.complains("the tools stay as they were");
    assert!(line.contains(escaped), "{line}");
}

/// A manifest that holds the character in one of its texts is refused, whichever it is.
#[track_caller]
fn refuses(place: &str, manifest: &str) {
    for c in [
        '\u{1b}',
        '\n',
        '\t',
        '\r',
        '\u{7f}',
        '\u{9b}',
        '\u{202e}',
        '\u{2066}',
        '\u{200b}',
        '\u{ad}',
        '\u{e0041}',
    ] {
        let scratch = Scratch::new();
        let escape = format!("\\U{:08x}", u32::from(c));
        let file = scratch.file("capabilities.toml", manifest.replace('@', &escape));
        let component = guest("env_dump");
        let inspect = [
            "tool".as_ref(),
            "inspect".as_ref(),
            component.as_os_str(),
            "--capabilities".as_ref(),
        ];
        let ran = cofferdam(&scratch, inspect.into_iter().chain([file.as_os_str()]))
            .run()
            .exits(2);
        is_plain(ran.stderr.as_bytes());
        ran.complains(&["capabilities.toml", place]);
    }
}

#[test]
fn no_text_of_a_manifest_draws_on_the_page_of_its_reviewer() {
    let tool = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";
    refuses(
        "[tool] `summary` holds the character U+",
        &tool.replace("\"s\"", "\"a@b\""),
    );
    refuses(
        "[tool] `version` holds the character U+",
        &tool.replace("\"1\"", "\"1@\""),
    );
    refuses("`name`", &tool.replace("\"t\"", "\"t@\""));
    let fs = "[[fs]]\npath = \"/w\"\naccess = \"read-only\"\nreason = \"r\"\n";
    refuses(
        "[[fs]] `path` holds the character U+",
        &format!("{tool}{}", fs.replace("/w", "/w@x")),
    );
    refuses(
        "[[fs]] `reason` holds the character U+",
        &format!("{tool}{}", fs.replace("\"r\"", "\"r@x\"")),
    );
    let env = "[[env]]\nname = \"A@B\"\nreason = \"r\"\n";
    refuses(
        "[[env]] `name` holds the character U+",
        &format!("{tool}{env}"),
    );
    let unused = "[[unused]]\ninterface = \"a:b/c@\"\nreason = \"r\"\n";
    refuses(
        "[[unused]] `interface` holds the character U+",
        &format!("{tool}{unused}"),
    );
    refuses(
        "`path",
        &format!("{tool}[[http]]\nhost = \"a.test\"\npaths = [\"/a@\"]\nreason = \"r\"\n"),
    );
    refuses(
        "host",
        &format!("{tool}[[http]]\nhost = \"a@.test\"\nreason = \"r\"\n"),
    );
}

#[test]
fn words_in_a_component_that_draw_are_refused_and_do_not_reach_the_page() {
    let scratch = Scratch::new();
    let docs = json!({ "interfaces": { "stock": { "funcs": { "total": { "docs": DRAWING } } } } });
    let component = std::fs::read(crate::support::component("shop-plain")).unwrap();
    let payload = [&[1], docs.to_string().as_bytes()].concat();
    let component = scratch.file(
        "shop.wasm",
        with_section(&component, "package-docs", &payload),
    );
    let inspect = ["tool".as_ref(), "inspect".as_ref(), component.as_os_str()];
    shows(
        &on_terminal(&scratch, inspect),
        &["the description of `shop_stock_total` holds the character U+001B"],
    );
    is_plain(&on_terminal(
        &scratch,
        inspect
            .into_iter()
            .chain(["--format".as_ref(), "json".as_ref()]),
    ));
}

#[test]
fn a_name_that_is_a_path_is_refused_before_anything_is_written() {
    let long = "x".repeat(65);
    for name in [
        "/x",
        "../x",
        "a/b",
        ".",
        "..",
        "",
        "a.b",
        "-rf",
        long.as_str(),
        "\\u0000",
        "a\\nb",
        "\\u202ex",
    ] {
        let scratch = Scratch::new();
        let manifest =
            format!("schema = 1\n[tool]\nname = \"{name}\"\nversion = \"1\"\nsummary = \"s\"\n");
        let manifest = scratch.file("in/capabilities.toml", manifest);
        let (component, out) = (guest("exit_zero"), scratch.path().join("in/out"));
        for last in [["--out", "in/out"], ["--tag", "t:1"]] {
            let build = [
                "tool".as_ref(),
                "build".as_ref(),
                component.as_os_str(),
                "--capabilities".as_ref(),
            ];
            let build = build
                .into_iter()
                .chain([manifest.as_os_str()])
                .chain(last.map(OsStr::new));
            cofferdam(&scratch, build).run().exits(2).complains(&[
                "capabilities.toml",
                "[tool] `name`",
                "expected 1 to 64",
            ]);
        }
        assert!(
            !out.exists() && entries(scratch.path()) == ["in"],
            "{name}: {:?}",
            entries(scratch.path())
        );
        // What TOML writes escaped is plain text on a command line.
        if !name.contains('\\') {
            cofferdam(&scratch, ["tool", "new", "--", name])
                .run()
                .exits(2);
            assert_eq!(entries(scratch.path()), ["in"], "{name}");
        }
    }
}

fn entries(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.retain(|name| name != "data");
    names.sort();
    names
}

#[test]
fn a_file_without_a_manifest_is_called_by_a_name_that_is_one() {
    let scratch = Scratch::new();
    for (file, name) in [
        ("my tool.wasm", "my_tool"),
        ("\u{1b}[2J.wasm", "2J"),
        ("..wasm", "tool"),
        ("a.b.wasm", "a_b"),
    ] {
        let path = scratch.file(file, std::fs::read(guest("exit_zero")).unwrap());
        let inspect = [
            "tool".as_ref(),
            "inspect".as_ref(),
            path.as_os_str(),
            "--format".as_ref(),
            "json".as_ref(),
        ];
        assert_eq!(
            cofferdam(&scratch, inspect).run().exits(0).json()["tools"][0]["name"],
            name
        );
    }
}

#[test]
fn a_command_line_that_is_wrong_is_shown_escaped() {
    let scratch = Scratch::new();
    let wrong = [
        vec!["ps", "--format", DRAWING],
        vec![DRAWING],
        vec!["ps", "--\u{1b}]0;a\u{7}"],
        vec!["serve", "--listen", DRAWING],
        vec!["tool", "run", "x", "--wall", DRAWING],
        vec!["tool", "run", "x", "--http", DRAWING],
        vec!["tool", "run", "x", "--repeat", DRAWING],
        vec!["tool", "run", "x", "--allow-address", DRAWING],
    ];
    for line in wrong {
        shows(
            &on_terminal(&scratch, &line),
            &["error: ", r"\u{1b}]0;", "--help"],
        );
        let ran = cofferdam(&scratch, &line).run().exits(2);
        shows(ran.stderr.as_bytes(), &["error: ", r"\u{1b}]0;"]);
    }
    // What stands in variables, in errors and in help.
    let listen = cofferdam(&scratch, ["serve"])
        .env("COFFERDAM_LISTEN", DRAWING)
        .run()
        .exits(2);
    shows(listen.stderr.as_bytes(), &["error: ", r"\u{1b}]0;"]);
    let help = cofferdam(&scratch, ["serve", "--help"])
        .env("COFFERDAM_CONFIG", DRAWING)
        .run()
        .exits(0);
    shows(
        help.stdout.as_bytes(),
        &["COFFERDAM_CONFIG", "Usage: cofferdam serve"],
    );
    cofferdam(&scratch, ["--version"]).run().exits(0);
}
