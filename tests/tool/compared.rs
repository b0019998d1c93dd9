//! `review diff`: what is wider is found, and what is not is let through, as exit codes tell a CI
//! job.

use serde_json::Value;

use crate::support::agents::build;
use crate::support::components::{built, directory};
use crate::support::images::keep;
use crate::support::{Ran, Scratch, cofferdam};

const HEAD: &str = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";

fn diff(scratch: &Scratch, old: &str, new: &str) -> Ran {
    let line = ["review", "diff", old, new, "--format", "json"];
    cofferdam(scratch, line).run()
}

/// Compares two manifests of these rows, and returns what differs.
fn manifests(scratch: &Scratch, old: &str, new: &str) -> Ran {
    let file = |name: &str, rows: &str| {
        let path = scratch.file(name, format!("{HEAD}{rows}"));
        path.display().to_string()
    };
    diff(scratch, &file("old.toml", old), &file("new.toml", new))
}

/// The kinds, categories and subjects of the differences.
fn differences(shown: &Value) -> Vec<String> {
    let changes = shown["changes"].as_array().expect("a list");
    let text = |change: &Value, key: &str| change[key].as_str().unwrap_or_default().to_owned();
    changes
        .iter()
        .map(|change| {
            let bin = text(change, "bin");
            let words = ["kind", "category", "subject"].map(|key| text(change, key));
            format!("{bin} {}", words.join(" ")).trim_start().to_owned()
        })
        .collect()
}

fn http(host: &str, keys: &str) -> String {
    format!("[[http]]\nhost = \"{host}\"\n{keys}reason = \"r\"\n")
}

fn tcp(host: &str, ports: &str) -> String {
    format!("[[tcp]]\nhost = \"{host}\"\nports = [{ports}]\nreason = \"r\"\n")
}

fn secret(host: &str, profile: &str) -> String {
    format!(
        "[[secret]]\nname = \"k\"\nhost = \"{host}\"\nauth = {{ profile = \"{profile}\" }}\n\
         reason = \"r\"\n"
    )
}

fn variable(name: &str) -> String {
    format!("[[env]]\nname = \"{name}\"\nreason = \"r\"\n")
}

fn call(keys: &str) -> String {
    format!("[[call]]\nname = \"wc\"\n{keys}reason = \"r\"\n")
}

#[test]
fn twelve_kinds_of_widening_end_with_3() {
    let scratch = Scratch::new();
    let get = http(
        "a.test",
        "methods = [\"GET\"]\nports = [443]\npaths = [\"/a\"]\n",
    );
    let wider = |from: &str, to: &str| get.replace(from, to);
    let rows = [
        (
            directory("/workspace", "read-only"),
            directory("/workspace", "read-write"),
            "directory /workspace",
        ),
        (
            directory("/workspace/a", "read-only"),
            directory("/workspace", "read-only"),
            "directory /workspace",
        ),
        (get.clone(), wider("a.test", "*.test"), "host *.test"),
        (
            get.clone(),
            wider("\"GET\"", "\"GET\", \"POST\""),
            "method a.test",
        ),
        (get.clone(), wider("443", "443, 8443"), "port a.test"),
        (get.clone(), wider("paths = [\"/a\"]\n", ""), "path a.test"),
        (tcp("a.test", "1"), tcp("a.test", "1, 2"), "tcp a.test"),
        (
            http("*.test", "") + &secret("a.test", "bearer"),
            http("*.test", "") + &secret("b.test", "bearer"),
            "secret k",
        ),
        (variable("A"), variable("A") + &variable("B"), "variable B"),
        (
            call("access = \"read-only\"\n"),
            call("hosts = []\n"),
            "call wc",
        ),
        (
            "[limits]\nwall = \"5s\"\n".to_owned(),
            "[limits]\nwall = \"6s\"\n".to_owned(),
            "limit wall",
        ),
        (
            http("a.test", "ports = [80, 443]\n"),
            http("a.test", "ports = [80, 443]\n") + &http("a.test", "ports = [81]\n"),
            "port a.test",
        ),
    ];
    for (old, new, found) in rows {
        let ran = manifests(&scratch, &old, &new).exits(3);
        let shown = ran.json();
        let expected = format!("widened {found}");
        assert!(differences(&shown).contains(&expected), "{found}: {shown}");
        assert_eq!(
            differences(&shown)[0].split(' ').next(),
            Some("widened"),
            "{shown}"
        );
        for part in ["is wider than", "new.toml", "old.toml"] {
            assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
        }
        // A comparison that is done is no error.
        assert!(!ran.stderr.contains("error:"), "{}", ran.stderr);
    }
}

#[test]
fn twelve_harmless_changes_end_with_0() {
    let scratch = Scratch::new();
    let get = "methods = [\"GET\"]\n";
    let post = "methods = [\"POST\"]\n";
    let both = "methods = [\"POST\", \"GET\"]\n";
    let wide = directory("/workspace", "read-write");
    let rows = [
        (wide.clone(), directory("/workspace", "read-only")),
        (wide.clone(), directory("/workspace/a", "read-write")),
        (
            wide.clone(),
            wide.clone() + &directory("/workspace/a", "read-only"),
        ),
        (wide.clone(), wide.replace("to try", "another reason")),
        (
            http("a.test", get) + &http("a.test", post),
            http("a.test", both),
        ),
        (
            http("a.test", both),
            http("a.test", get) + &http("a.test", post),
        ),
        (
            http("*.test", ""),
            http("a.test", "") + &http("*.b.test", ""),
        ),
        (
            http("a.test", "ports = [80]\n") + &http("a.test", "ports = [443]\n"),
            http("a.test", ""),
        ),
        (
            http("a.test", "paths = [\"/a\"]\n"),
            http("a.test", "paths = [\"/%61/b\"]\n"),
        ),
        (
            tcp("a.test", "1, 2"),
            tcp("a.test", "1") + &tcp("a.test", "2"),
        ),
        (variable("A"), String::new()),
        (
            "[limits]\nwall = \"5s\"\n".to_owned(),
            "[limits]\nwall = \"4s\"\nmemory = \"64MiB\"\n".to_owned(),
        ),
    ];
    for (old, new) in rows {
        let shown = manifests(&scratch, &old, &new).exits(0).json();
        assert_eq!(shown["widened"], 0, "{new}: {shown}");
    }
    let plain = http("a.test", "");
    let header = http("a.test", "idempotency-header = \"idempotency-key\"\n");
    let shown = manifests(&scratch, &plain, &header).exits(0).json();
    assert_eq!(
        differences(&shown),
        ["changed idempotency-header a.test"],
        "{shown}"
    );
}

#[test]
fn people_and_ci_jobs_read_what_differs() {
    let scratch = Scratch::new();
    let file = |name: &str, text: String| scratch.file(name, text).display().to_string();
    let old = file(
        "old.toml",
        format!("{HEAD}{}", http("a.test", "methods = [\"GET\"]\n")),
    );
    let new = HEAD.replace("\"s\"", "\"reads | `all` \"") + &http("a.test", "");
    let new = file("new.toml", new);
    let text = cofferdam(&scratch, ["review", "diff", &old, &new])
        .run()
        .exits(3)
        .stdout;
    for line in [
        "widened method a.test",
        "  - a.test GET",
        "  + a.test any method",
        "  such as any method http://a.test with any path",
        // The host shows it to models.
        "widened description summary",
        "2 widened, 0 narrowed, 0 changed",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}: {text}");
    }
    let line = ["review", "diff", &old, &new, "--format", "markdown"];
    let text = cofferdam(&scratch, line).run().exits(3).stdout;
    let row = "| `widened` | `method a.test` | `a.test GET` | `a.test any method` | \
               `any method http://a.test with any path` |";
    assert!(text.lines().any(|shown| shown == row), "{text}");
    assert!(text.contains("`` reads \\| `all`  ``"), "{text}");
    let same = cofferdam(&scratch, ["review", "diff", &old, &old]).run();
    assert_eq!(same.exits(0).stdout, "no difference\n");
    let wrong = file("wrong.toml", "schema = 2\n".to_owned());
    let ran = cofferdam(&scratch, ["review", "diff", &old, &wrong]).run();
    ran.exits(2).complains(&["wrong.toml", "schema"]);
    let ran = cofferdam(&scratch, ["review", "diff", &old, "nowhere:1"]).run();
    ran.exits(2).complains(&["nowhere:1"]);
    let ran = cofferdam(&scratch, ["review", "diff", &old, "nosuch.toml"]).run();
    ran.exits(2)
        .complains(&["there is no file `nosuch.toml`", "no image"]);
}

#[test]
fn components_differ_in_what_they_import_and_in_what_a_model_reads() {
    let scratch = Scratch::new();
    let component = |name: &str, guest: &str, rows: &str| {
        let built = built(&scratch, "probe", guest, rows);
        let kept = scratch.path().join(name);
        std::fs::copy(built, &kept).expect("a copy");
        kept.display().to_string()
    };
    let old = component("old.wasm", "exit_zero", "");
    let same = component("same.wasm", "exit_zero", &variable("A"));
    let net = component("net.wasm", "tcp_connect", "");
    let shown = diff(&scratch, &old, &same).exits(3).json();
    assert_eq!(differences(&shown), ["widened variable A"]);
    let shown = diff(&scratch, &old, &net).exits(3).json();
    let imports = differences(&shown);
    let clock = "widened import wasi:clocks/monotonic-clock";
    assert!(imports.iter().any(|import| import == clock), "{imports:?}");
    let back = diff(&scratch, &net, &old).exits(0).json();
    let gone = "narrowed import wasi:clocks/monotonic-clock".to_owned();
    assert!(differences(&back).contains(&gone), "{back}");
    // Of images, with other words for the model.
    keep(&scratch, "args:1", "Prints its arguments");
    keep(&scratch, "args:2", "Prints its arguments twice");
    let ran = diff(&scratch, "args:1", "args:2").exits(3);
    let sentence = "args:2 needs reading again";
    assert!(ran.stderr.contains(sentence), "{}", ran.stderr);
    let shown = ran.json();
    assert_eq!(differences(&shown), ["widened description args"]);
    let text = shown["changes"][0]["new"].as_str().expect("a text");
    assert!(text.starts_with("Prints its arguments twice"), "{text}");
    diff(&scratch, "args:1", "args:1").exits(0);
}

#[test]
fn agents_differ_in_their_tools_their_model_and_what_they_bring() {
    let scratch = Scratch::new();
    keep(&scratch, "args:1", "Prints its arguments");
    keep(&scratch, "args:2", "Prints them");
    scratch.file(
        "build/rules.cedar",
        "forbid (principal, action, resource);\n",
    );
    let head = "FROM scratch\nNAME a\n";
    let old = "MODEL builtin/commands\nBIN args args:1\nENV TEAM=blue\nENV KEY=sesame\n\
        CONTEXT SOUL <<EOF\nBe kind.\nEOF\nADD rules.cedar\n";
    build(&scratch, &format!("{head}{old}"), "a:1");
    let new = "MODEL openai/gpt\nBIN args args:2\nBIN more args:1\nENV TEAM=red\nENV OTHER=x\n\
        CONTEXT SOUL <<EOF\nBe brief.\nEOF\nCAPABILITY shell\nCONFIG temperature=1\n";
    build(&scratch, &format!("{head}{new}"), "a:2");
    let ran = diff(&scratch, "a:1", "a:2").exits(3);
    let shown = ran.json();
    let expected = [
        "args widened description args",
        "widened bin more",
        "widened model MODEL",
        "widened context SOUL",
        "widened variable OTHER",
        "widened file rules.cedar",
        "widened capability shell",
        "narrowed variable KEY",
        "args changed bin args",
        "changed setting temperature",
        "changed variable TEAM",
    ];
    let found = differences(&shown);
    for change in expected {
        assert!(
            found.iter().any(|found| found == change),
            "{change}: {found:?}"
        );
    }
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for value in ["blue", "red", "sesame"] {
        assert!(!ran.stdout.contains(value), "{}", ran.stdout);
    }
    let back = diff(&scratch, "a:2", "a:1").exits(3).json();
    let found = differences(&back);
    for change in ["narrowed bin more", "narrowed file rules.cedar"] {
        assert!(
            found.iter().any(|found| found == change),
            "{change}: {found:?}"
        );
    }
    diff(&scratch, "a:1", "a:1").exits(0);
    let ran = diff(&scratch, "a:1", "args:1");
    ran.exits(2)
        .complains(&["a:1 is an agent", "args:1 is a tool"]);
    cofferdam(&scratch, ["review", "key", "new"]).run().exits(0);
    let line = ["review", "approve", "a:1", "--reason", "read it"];
    cofferdam(&scratch, line)
        .run()
        .exits(2)
        .complains(&["decisions are about tools", "image inspect a:1"]);
}

#[test]
fn limits_of_the_agent_itself_are_compared_by_their_amounts() {
    let scratch = Scratch::new();
    keep(&scratch, "args:1", "Prints its arguments");
    let head = "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN args args:1\n";
    let version = |tag: &str, configs: &[&str]| {
        let configs = configs.iter().map(|config| format!("CONFIG {config}\n"));
        build(
            &scratch,
            &format!("{head}{}", configs.collect::<String>()),
            tag,
        );
    };
    version(
        "a:1",
        &["limit.workspace.bytes=1MiB", "limit.turn.wall=60s"],
    );
    let larger = [
        "limit.workspace.bytes=16GiB",
        "limit.workspace.entries=1_000_000",
        "limit.turn.wall=90s",
    ];
    version("a:2", &larger);
    let shown = diff(&scratch, "a:1", "a:2").exits(3).json();
    let expected = [
        "widened setting limit.turn.wall",
        "widened setting limit.workspace.bytes",
        "widened setting limit.workspace.entries",
    ];
    let mut found = differences(&shown);
    found.sort();
    assert_eq!(found, expected, "{shown}");
    // One that is gone leaves the room to the host.
    let back = diff(&scratch, "a:2", "a:1").exits(3).json();
    let expected = [
        "narrowed setting limit.turn.wall",
        "narrowed setting limit.workspace.bytes",
        "widened setting limit.workspace.entries",
    ];
    let mut found = differences(&back);
    found.sort();
    assert_eq!(found, expected, "{back}");
    let smaller = ["limit.workspace.bytes=1KiB", "limit.turn.wall=1s"];
    version("a:3", &smaller);
    let shown = diff(&scratch, "a:1", "a:3").exits(0).json();
    let narrowed = differences(&shown);
    assert_eq!(narrowed.len(), 2, "{shown}");
    assert!(
        narrowed.iter().all(|line| line.starts_with("narrowed ")),
        "{shown}"
    );
    version(
        "a:4",
        &["limit.workspace.bytes=1024KiB", "limit.turn.wall=1m"],
    );
    let shown = diff(&scratch, "a:1", "a:4").exits(0).json();
    assert_eq!(shown["widened"], 0, "{shown}");
    // A limit of a BIN is told once, with its BIN; one that is left open is told as a setting.
    version("a:5", &["limit.args.wall=1s"]);
    version("a:6", &["limit.args.wall=2s"]);
    version("a:7", &[]);
    version("a:8", &["limit.args.wall!"]);
    let shown = diff(&scratch, "a:5", "a:6").exits(3).json();
    assert_eq!(differences(&shown), ["args widened limit wall"], "{shown}");
    let shown = diff(&scratch, "a:7", "a:8").exits(3).json();
    let open = ["widened setting limit.args.wall"];
    assert_eq!(differences(&shown), open, "{shown}");
}
