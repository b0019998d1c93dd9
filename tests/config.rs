//! `cofferdam.toml`: what holds, where it came from, and what is refused.

use crate::support::{Host, Scratch, cofferdam, content_of, guest};

#[test]
fn what_holds_is_shown_with_its_origin() {
    let scratch = Scratch::new();
    let show = || cofferdam(&scratch, ["config", "show", "--format", "json"]).run().exits(0).json();
    let setting = |shown: &serde_json::Value, key: &str| {
        let settings = shown["settings"].as_array().unwrap();
        settings.iter().find(|setting| setting["key"] == key).unwrap().clone()
    };
    let shown = show();
    assert_eq!(setting(&shown, "limits.memory")["value"], "64MiB");
    assert_eq!(setting(&shown, "limits.memory")["origin"], "default");

    let file =
        scratch.file("data/cofferdam.toml", "[limits]\nfuel = 5_000_000\nmemory = \"32MiB\"\n[host]\ncalls = 8\n");
    let shown = show();
    assert_eq!(setting(&shown, "limits.memory")["value"], "32MiB");
    assert_eq!(setting(&shown, "limits.memory")["origin"], format!("{}:3", file.display()));
    assert_eq!(setting(&shown, "host.calls")["value"], "8");
    assert_eq!(setting(&shown, "host.calls-per-agent")["value"], "8");

    // And it holds: the default fuel of a call is the configured one.
    let args = ["tool".into(), "run".into(), guest("cpu_spin").into_os_string(), "--format".into(), "json".into()];
    let receipt = cofferdam(&scratch, args).run().exits(3).json();
    assert_eq!((&receipt["outcome"]["name"], &receipt["fuel"]), (&"out-of-fuel".into(), &5_000_000.into()));
}

#[track_caller]
fn check(text: &str, parts: &[&str]) {
    let scratch = Scratch::new();
    let file = scratch.file("c.toml", text);
    let args = ["config".as_ref(), "show".as_ref(), "--config".as_ref(), file.as_os_str()];
    cofferdam(&scratch, args).run().exits(2).complains(parts);
}

#[test]
fn a_configuration_that_is_wrong_is_refused_with_its_place() {
    check("[limit]\n", &["c.toml:1", "unknown key `limit`", "`limits`"]);
    check("[limits]\nfuel = 1\nfule = 1\n", &["c.toml:3", "unknown key `fule`"]);
    check("[limits]\nmemory = \"1GiB\"\n", &["[limits] `memory` = 1GiB", "ceiling of 256MiB"]);
    check("[ceiling]\nmemory = \"8GiB\"\n", &["[ceiling] `memory` = 8GiB", "4GiB"]);
    check("[host]\ncalls = 0\n", &["`calls` = 0", "1 to 1024"]);
    check("[host]\ncalls = 4\ncalls-per-agent = 5\n", &["`calls-per-agent` = 5", "1 to 4"]);
    let grant = "[[grant]]\nagent = \"a\"\ntool = \"t\"\n";
    check(&format!("{grant}{grant}"), &["[[grant]] for t of a", "twice"]);
    check("[limits\n", &["c.toml:1"]);
    let scratch = Scratch::new();
    cofferdam(&scratch, ["config", "show", "--config", "nowhere.toml"]).run().exits(2).complains(&["nowhere.toml"]);
}

#[test]
fn an_operators_decision_reaches_the_tool_that_declares_it() {
    let scratch = Scratch::new();
    let rows = "[[env]]\nname = \"TEAM\"\nreason = \"to sign\"\n";
    let tool = "schema = 1\n[tool]\nname = \"env\"\nversion = \"1\"\nsummary = \"s\"\n";
    let capabilities = scratch.file("capabilities.toml", format!("{tool}{rows}"));
    let out = scratch.path().join("out");
    let build = ["tool".into(), "build".into(), guest("env_dump").into_os_string(), "--capabilities".into()];
    cofferdam(&scratch, build.into_iter().chain([capabilities.into(), "--out".into(), out.clone().into()]))
        .run()
        .exits(0);
    let bin = out.join("env.wasm");
    let text = format!("FROM scratch\nNAME a\nMODEL builtin/commands\nBIN env {0}\nBIN other {0}\n", bin.display());
    let file = scratch.file("Agentfile", text);
    let grant = "[[grant]]\nagent = \"a\"\ntool = \"env\"\nenv = { TEAM = \"blue\", OTHER = \"x\" }\n";
    scratch.file("data/cofferdam.toml", grant);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let granted = content_of(&host.chat("a", "run env"), "tool.result");
    assert!(granted.contains("TEAM=blue\n") && !granted.contains("OTHER"), "{granted}");
    assert!(!content_of(&host.chat("a", "run other"), "tool.result").contains("TEAM"));
}
