//! `cofferdam.toml`: what holds, where it came from, and what is refused.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::{Host, Scratch, binary, cofferdam, content_of, guest, tool};

#[test]
fn what_holds_is_shown_with_its_origin() {
    let scratch = Scratch::new();
    let show = || {
        cofferdam(&scratch, ["config", "show", "--format", "json"])
            .run()
            .exits(0)
            .json()
    };
    let setting = |shown: &serde_json::Value, key: &str| {
        let settings = shown["settings"].as_array().unwrap();
        settings
            .iter()
            .find(|setting| setting["key"] == key)
            .unwrap()
            .clone()
    };
    let shown = show();
    assert_eq!(setting(&shown, "limits.memory")["value"], "64MiB");
    assert_eq!(setting(&shown, "limits.memory")["origin"], "default");

    let file = scratch.file(
        "data/cofferdam.toml",
        "[limits]\nfuel = 5_000_000\nmemory = \"32MiB\"\n[host]\ncalls = 8\n",
    );
    let shown = show();
    assert_eq!(setting(&shown, "limits.memory")["value"], "32MiB");
    assert_eq!(
        setting(&shown, "limits.memory")["origin"],
        format!("{}:3", file.display())
    );
    // Numbers are numbers, and what is written with a unit is a text.
    assert_eq!(setting(&shown, "host.calls")["value"], 8);
    assert_eq!(setting(&shown, "host.calls-per-agent")["value"], 8);
    assert_eq!(setting(&shown, "limits.fuel")["value"], 5_000_000);
    assert_eq!(shown["config"], file.display().to_string());
    assert_eq!(shown["data_dir"], scratch.data().display().to_string());
    let people = cofferdam(&scratch, ["config", "show"]).run().exits(0);
    let line = format!("configuration: {}", file.display());
    assert!(people.stdout.contains(&line), "{}", people.stdout);

    // And it holds: the default fuel of a call is the configured one.
    let args = [
        "tool".into(),
        "run".into(),
        guest("cpu_spin").into_os_string(),
        "--format".into(),
        "json".into(),
    ];
    let receipt = cofferdam(&scratch, args).run().exits(3).json();
    assert_eq!(
        (&receipt["outcome"]["name"], &receipt["fuel"]),
        (&"out-of-fuel".into(), &5_000_000.into())
    );
}

/// The engine has slots of the size of the ceiling; the sentence about what does not fit is ours.
#[test]
fn a_ceiling_below_what_a_tool_needs_is_told_in_a_sentence() {
    let scratch = Scratch::new();
    for (key, low) in [
        ("memory", "\"1MiB\""),
        ("table-elements", "1"),
        ("instances", "1"),
        ("memories", "0"),
        ("tables", "0"),
    ] {
        scratch.file("data/cofferdam.toml", format!("[ceiling]\n{key} = {low}\n"));
        let echo = tool("echo");
        let line = ["tool".as_ref(), "run".as_ref(), echo.as_os_str()];
        let ran = cofferdam(&scratch, line).run().exits(2);
        let most = format!("at most {}", low.trim_matches('"'));
        ran.complains(&[
            "echo.wasm needs",
            &format!("of `{key}` to start"),
            &most,
            &format!("raise `{key}` in [ceiling]"),
        ]);
        // The default goes down with it, and `config show` says why.
        let shown = cofferdam(&scratch, ["config", "show"]).run().exits(0);
        let line = format!(" limits.{key} ");
        let line = shown.stdout.lines().find(|shown| shown.contains(&line));
        let line = line.expect("the limit is shown");
        assert!(line.contains("default, lowered to [ceiling] at"), "{line}");
    }
}

#[test]
fn a_level_of_the_log_that_is_none_is_refused() {
    let scratch = Scratch::new();
    let show = |level: &str| {
        cofferdam(&scratch, ["config", "show"])
            .env("COFFERDAM_LOG", level)
            .run()
    };
    for wrong in ["loud", "***", "warn,loud", "cofferdam=loud"] {
        show(wrong)
            .exits(2)
            .complains(&["COFFERDAM_LOG", wrong, "`debug`"]);
    }
    for right in ["debug", "warn,cofferdam_tool=info", ""] {
        show(right).exits(0);
    }
}

#[test]
fn a_log_for_debugging_is_the_hosts_own() {
    let scratch = Scratch::new();
    let file = scratch.file(
        "Agentfile",
        "FROM scratch\nNAME a\nMODEL builtin/commands\n",
    );
    let line = ["--agentfile".as_ref(), file.as_os_str()];
    let mut host = Host::start_with(&scratch, line, &[("COFFERDAM_LOG", "debug")]);
    host.chat("a", "help");
    cofferdam(&scratch, ["ps"]).run().exits(0);
    host.signal("TERM");
    host.hears_up_to("nothing says this", 1, std::time::Duration::from_secs(60));
    // Frames of HTTP/2 and statements of SQL.
    for of_libraries in ["frame=", "rows_affected"] {
        assert!(host.is_silent_about(of_libraries), "{of_libraries}");
    }
    // Who wants them names them.
    let host = Host::start_with(&scratch, line, &[("COFFERDAM_LOG", "debug,h2=debug")]);
    let mut host = host;
    cofferdam(&scratch, ["ps"]).run().exits(0);
    host.hears("frame=");
}

#[test]
fn compiled_code_of_several_data_directories_is_shared() {
    let scratch = Scratch::with_own_cache();
    let cache = scratch.path().join("shared/compiled");
    scratch.file(
        "c.toml",
        format!("[host]\ncache-dir = \"{}\"\n", cache.display()),
    );
    let echo = guest("args_echo");
    for data in ["one", "two"] {
        let args = ["--data-dir", data, "--config", "c.toml", "tool", "run"];
        let args = args.map(std::ffi::OsStr::new).into_iter();
        cofferdam(&scratch, args.chain([echo.as_os_str()]))
            .run()
            .exits(0);
        assert!(!scratch.path().join(data).join("cache").exists());
    }
    let code = std::fs::read_dir(&cache)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension() == Some("cwasm".as_ref()))
        .count();
    assert_eq!(code, 1, "it was compiled once");
    assert_eq!(cache.metadata().unwrap().mode() & 0o777, 0o700);

    let show = |variable: Option<&std::path::Path>| {
        let shown = cofferdam(&scratch, ["--config", "c.toml", "config", "show"]);
        match variable {
            Some(path) => shown.env("COFFERDAM_CACHE_DIR", path),
            None => shown,
        }
        .run()
    };
    let shown = show(None).exits(0).stdout;
    assert!(shown.contains("c.toml:2"), "{shown}");
    let shown = show(Some(&scratch.path().join("other"))).exits(0).stdout;
    assert!(shown.contains("COFFERDAM_CACHE_DIR"), "{shown}");
    show(Some("somewhere".as_ref())).exits(2).complains(&[
        "COFFERDAM_CACHE_DIR = \"somewhere\"",
        "expected an absolute path",
    ]);

    // No tool may replace it.
    let above = format!("{}:/workspace:rw", scratch.path().join("shared").display());
    let args = ["--config", "c.toml", "tool", "run", "--dir", &above];
    let args = args.map(std::ffi::OsStr::new).into_iter();
    let cp = tool("cp");
    cofferdam(&scratch, args.chain([cp.as_os_str()]))
        .run()
        .exits(2)
        .complains(&["the directory of compiled code"]);
}

#[track_caller]
fn check(text: &str, parts: &[&str]) {
    let scratch = Scratch::new();
    let file = scratch.file("c.toml", text);
    let args = [
        "config".as_ref(),
        "show".as_ref(),
        "--config".as_ref(),
        file.as_os_str(),
    ];
    cofferdam(&scratch, args).run().exits(2).complains(parts);
}

#[test]
fn a_configuration_that_is_wrong_is_refused_with_its_place() {
    check(
        "[limit]\n",
        &["c.toml:1", "unknown key `limit`", "`limits`"],
    );
    check(
        "[limits]\nfuel = 1\nfule = 1\n",
        &["c.toml:3", "unknown key `fule`"],
    );
    check(
        "[limits]\nmemory = \"1GiB\"\n",
        &["[limits] `memory` = 1GiB", "ceiling of 256MiB"],
    );
    check(
        "[ceiling]\nmemory = \"8GiB\"\n",
        &["[ceiling] `memory` = 8GiB", "4GiB"],
    );
    check("[host]\ncalls = 0\n", &["`calls` = 0", "1 to 1024"]);
    check(
        "[host]\ncalls = 4\ncalls-per-agent = 5\n",
        &["`calls-per-agent` = 5", "1 to 4"],
    );
    let grant = "[[grant]]\nagent = \"a\"\ntool = \"t\"\n";
    check(
        &format!("{grant}{grant}"),
        &["[[grant]] for t of a", "twice"],
    );
    check("[limits\n", &["c.toml:1"]);
    let scratch = Scratch::new();
    cofferdam(&scratch, ["config", "show", "--config", "nowhere.toml"])
        .run()
        .exits(2)
        .complains(&["nowhere.toml"]);
    check(
        "[network]\nhost = []\n",
        &["c.toml:2", "unknown key `host`", "`hosts`"],
    );
    check(
        "[network]\nhosts = [\"https://a.test\"]\n",
        &["c.toml:2", "https://a.test"],
    );
    check(
        "[network]\naddresses = [\n\"10.0.0.0/8\",\n\"loopback\"]\n",
        &["c.toml:2", "loopback", "10.1.0.0/16"],
    );
    check(
        "[network]\nnameservers = [\"1.1.1.1\"]\n",
        &["c.toml:2", "1.1.1.1", "ADDR:PORT"],
    );
    check(
        &format!("{grant}http = [\"a.test:0\"]\n"),
        &["c.toml:4", "1 to 65535"],
    );
    check(
        &format!("{grant}secrets = [\"to ken\"]\n"),
        &["c.toml:4", "to ken", "name of a secret"],
    );
}

#[test]
fn the_network_is_shown_with_its_origin() {
    let scratch = Scratch::new();
    let show = || {
        cofferdam(&scratch, ["config", "show", "--format", "json"])
            .run()
            .exits(0)
            .json()
    };
    let settings = |shown: serde_json::Value| -> Vec<(String, serde_json::Value, String)> {
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let of = |setting: &serde_json::Value| {
            (
                text(&setting["key"]),
                setting["value"].clone(),
                text(&setting["origin"]),
            )
        };
        shown["settings"]
            .as_array()
            .unwrap()
            .iter()
            .map(of)
            .collect()
    };
    let default = settings(show());
    let is = |settings: &[(String, serde_json::Value, String)],
              key: &str,
              value: serde_json::Value,
              origin: &str| {
        let found = settings
            .iter()
            .find(|setting| setting.0 == key)
            .unwrap_or_else(|| panic!("no {key}"));
        assert_eq!((&found.1, found.2.as_str()), (&value, origin), "{key}");
    };
    is(&default, "network.hosts", json!(["*"]), "default");
    is(&default, "network.addresses", json!([]), "default");
    is(&default, "network.nameservers", json!([]), "default");
    let people = cofferdam(&scratch, ["config", "show"])
        .run()
        .exits(0)
        .stdout;
    for words in ["public ones alone", "those of the system"] {
        assert!(people.contains(words), "{people}");
    }
    let network = "[network]\nhosts = [\"*.test\", \"a.org\"]\naddresses = [\"10.0.0.0/8\"]\n";
    let servers = "nameservers = [\"127.0.0.1:5353\", \"[::1]:53\"]\n";
    let grant = "[[grant]]\nagent = \"a\"\ntool = \"t\"\nhttp = [\"a.test:8080\", \
        \"b.test\"]\nsecrets = [\"token\"]\nlimits = { fuel = 1_000, \
        memory = \"1MiB\" }\nenv = { TEAM = \"never shown\" }\n";
    let file = scratch.file("data/cofferdam.toml", format!("{network}{servers}{grant}"));
    scratch.file("data/secrets/token", "never shown");
    let shown = show();
    assert!(!shown.to_string().contains("never shown"), "{shown}");
    let shown = settings(shown);
    let at = |line: u32| format!("{}:{line}", file.display());
    is(&shown, "network.hosts", json!(["*.test", "a.org"]), &at(2));
    is(&shown, "network.addresses", json!(["10.0.0.0/8"]), &at(3));
    let servers = json!(["127.0.0.1:5353", "[::1]:53"]);
    is(&shown, "network.nameservers", servers, &at(4));
    let http = json!(["a.test:8080", "b.test"]);
    is(&shown, "grant.a.t.http", http, &at(8));
    is(&shown, "grant.a.t.secrets", json!(["token"]), &at(9));
    let limits = json!({ "fuel": 1_000, "memory": "1MiB" });
    is(&shown, "grant.a.t.limits", limits, &at(10));
    is(&shown, "grant.a.t.env", json!(["TEAM"]), &at(11));
    // It holds also where it is left out.
    is(&shown, "grant.a.t.workspace", json!("rw"), "default");
}

#[test]
fn an_operators_decision_reaches_the_tool_that_declares_it() {
    let scratch = Scratch::new();
    let rows = "[[env]]\nname = \"TEAM\"\nreason = \"to sign\"\n";
    let tool = "schema = 1\n[tool]\nname = \"env\"\nversion = \"1\"\nsummary = \"s\"\n";
    let capabilities = scratch.file("capabilities.toml", format!("{tool}{rows}"));
    let out = scratch.path().join("out");
    let build = [
        "tool".into(),
        "build".into(),
        guest("env_dump").into_os_string(),
        "--capabilities".into(),
    ];
    cofferdam(
        &scratch,
        build
            .into_iter()
            .chain([capabilities.into(), "--out".into(), out.clone().into()]),
    )
    .run()
    .exits(0);
    let bin = out.join("env.wasm");
    let text = format!(
        "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN env {0}\nBIN other {0}\n",
        bin.display()
    );
    let file = scratch.file("Agentfile", text);
    let grant =
        "[[grant]]\nagent = \"a\"\ntool = \"env\"\nenv = { TEAM = \"blue\", OTHER = \"x\" }\n";
    scratch.file("data/cofferdam.toml", grant);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let granted = content_of(&host.chat("a", "run env"), "tool.result");
    assert!(
        granted.contains("TEAM=blue\n") && !granted.contains("OTHER"),
        "{granted}"
    );
    assert!(!content_of(&host.chat("a", "run other"), "tool.result").contains("TEAM"));
}

/// A host that is started, through `before`, with these limits on open files.
fn limited(scratch: &Scratch, soft: u32, hard: u32, before: &str) -> Command {
    let mut shell = Command::new("sh");
    let line = format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec {before} \"$0\" serve");
    shell
        .args(["-c", &line])
        .arg(binary())
        .env("COFFERDAM_DATA_DIR", scratch.data());
    shell
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    shell
}

#[test]
fn open_files_are_raised_and_must_do_for_all_calls() {
    let scratch = Scratch::new();
    let mut host = limited(&scratch, 256, 5_000, "").spawn().expect("a shell");
    let mut said = BufReader::new(host.stderr.take().expect("piped"))
        .lines()
        .map_while(Result::ok);
    assert!(
        said.any(|line| line.contains("listening on")),
        "64 calls with 64 files each fit"
    );
    let limits =
        std::fs::read_to_string(format!("/proc/{}/limits", host.id())).expect("the host runs");
    let open = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .expect("Linux tells");
    assert_eq!(open.split_whitespace().nth(3), Some("5000"), "{open}");
    host.kill().expect("the host is ours");
    host.wait().expect("the host is ours");

    let refused = |hard: u32, parts: &[&str]| {
        // A host that starts all the same would not end.
        let ended = limited(&scratch, 256, hard, "timeout 60")
            .output()
            .expect("a shell");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    };
    refused(
        4_000,
        &[
            "[host] `calls` = 64 needs 4688 open files",
            "may have 4000",
            "ulimit -Hn",
            "set `calls` to 53",
        ],
    );
    scratch.file(
        "data/cofferdam.toml",
        "[host]\ncalls = 8\n[limits]\nopen-files = 512\n",
    );
    refused(
        4_000,
        &[
            "[host] `calls` = 8 needs 4688 open files, 512 for each call",
            "set `calls` to 6",
        ],
    );
}
