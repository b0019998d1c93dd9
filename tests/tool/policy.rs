//! Policies: written, checked, explained, changed while a host runs, and brought along by images.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Host, Scratch, cofferdam, content_of, tool};

fn agentfile(scratch: &Scratch, lines: &str) -> PathBuf {
    let bins = ["touch", "wc", "ls"].map(|name| format!("BIN {name} {}\n", tool(name).display()));
    let text = format!(
        "FROM scratch\nNAME a\nMODEL builtin/commands\n{}{lines}",
        bins.concat()
    );
    scratch.file("Agentfile", text)
}

fn policy(scratch: &Scratch, name: &str, text: &str) {
    let directory = scratch.data().join("policy");
    std::fs::create_dir_all(&directory).expect("a directory");
    std::fs::write(directory.join(name), text).expect("a file");
}

fn result(host: &Host<'_>, prompt: &str) -> String {
    content_of(&host.chat("a", prompt), "tool.result")
}

fn explained(scratch: &Scratch, line: &[&str]) -> Value {
    let line = [&["policy", "explain"], line, &["--format", "json"]].concat();
    cofferdam(scratch, line).run().exits(0).json()
}

#[test]
fn a_policy_holds_from_the_next_call_on() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "");
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    assert!(!result(&host, "run touch a.txt").contains("denied"));
    policy(
        &scratch,
        "a.cedar",
        "permit (principal, action, resource);\n\
         @id(\"no-writing\")\n\
         forbid (principal is Agent, action, resource)\n\
         when { resource.effect == Effect::\"write\" };\n",
    );
    let refused = result(&host, "run touch b.txt");
    assert!(refused.contains("denied"), "{refused}");
    assert!(refused.contains("policy/a.cedar:2 no-writing"), "{refused}");
    // One that cannot be read permits nothing, and says where it is wrong.
    policy(&scratch, "a.cedar", "permit (principal, action, resource)");
    let refused = result(&host, "run ls");
    assert!(refused.contains("policy/a.cedar:1:"), "{refused}");
    host.hears("the policy cannot be used, so no tool may be called");
    policy(&scratch, "a.cedar", "permit (principal, action, resource);");
    assert!(!result(&host, "run ls").contains("denied"));
    // Said once.
    assert_eq!(host.has_said("the policy cannot be used"), 1);
}

#[test]
fn a_host_says_at_its_start_that_its_policy_is_wrong() {
    let scratch = Scratch::new();
    policy(
        &scratch,
        "a.cedar",
        "permit (principal, action, resource)\n  when { resource.efect == 1 };",
    );
    let file = agentfile(&scratch, "");
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let said = host.hears("the policy cannot be used");
    assert!(said.contains("policy/a.cedar:2:"), "{said}");
    assert!(result(&host, "run ls").contains("policy/a.cedar:2:"));
}

#[test]
fn a_decision_is_explained_with_what_was_read() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "");
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let allowed = explained(&scratch, &["wc"]);
    assert_eq!(allowed["decision"], "allow");
    assert_eq!(allowed["policies"][0], "host:offered");
    policy(
        &scratch,
        "a.cedar",
        "permit (principal, action == Action::\"call\", resource);\n\
         permit (principal == Agent::\"a\", action, resource == Tool::\"wc\")\n\
         when { context.arguments.words.contains(\"-l\") };\n\
         forbid (principal, action, resource) when {\n\
           context.arguments.hasTag(\"args.1\") &&\n\
           context.arguments.getTag(\"args.1\") like \"*..*\"\n\
         };\n",
    );
    let asked = explained(&scratch, &["wc"]);
    assert_eq!(asked["decision"], "pending", "{asked}");
    let allowed = explained(&scratch, &["wc", "--args", r#"{"args":["-l","a"]}"#]);
    assert_eq!(allowed["decision"], "allow", "{allowed}");
    assert_eq!(allowed["policies"][0], "policy/a.cedar:2");
    let denied = explained(&scratch, &["wc", "--args", r#"{"args":["-l","../a"]}"#]);
    assert_eq!(denied["decision"], "deny", "{denied}");
    assert_eq!(denied["policies"][0], "policy/a.cedar:4");
    let read = denied["attributes"].as_array().unwrap();
    let place = r#"context.arguments.getTag("args.1")"#;
    let read = read.iter().find(|read| read["place"] == place).unwrap();
    assert_eq!(read["value"], r#""../a""#);
    let text = cofferdam(&scratch, ["policy", "explain", "wc"])
        .run()
        .exits(0)
        .stdout;
    assert!(text.starts_with("pending: "), "{text}");
    cofferdam(&scratch, ["policy", "explain", "wv"])
        .run()
        .exits(2)
        .complains(&["there is no tool `wv`", "wc"]);
    cofferdam(
        &scratch,
        ["policy", "explain", "wc", "--args", "{\"arg\":1}"],
    )
    .run()
    .exits(2)
    .complains(&["refused before"]);
}

#[test]
fn mistakes_are_found_before_they_are_used() {
    let scratch = Scratch::new();
    let ran = cofferdam(&scratch, ["policy", "check"]).run().exits(0);
    assert!(ran.stdout.contains("there is no policy"), "{}", ran.stdout);
    let line = ["policy", "check", "--format", "json"];
    let checked = cofferdam(&scratch, line).run().exits(0).json();
    assert_eq!(checked["policies"], 0);
    let good = scratch.file("good.cedar", "permit (principal, action, resource);");
    let ran = cofferdam(
        &scratch,
        ["policy".as_ref(), "check".as_ref(), good.as_os_str()],
    )
    .run();
    assert_eq!(ran.exits(0).stdout.trim(), "1 policy, without mistakes");
    let bad = scratch.file(
        "bad.cedar",
        "permit (principal, action, resource) when { resource.a };\n\
         permit (principal == User::\"x\", action, resource);\n",
    );
    let line = ["policy".as_ref(), "check".as_ref(), bad.as_os_str()];
    let ran = cofferdam(&scratch, line).run().exits(1);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert!(
        lines.iter().any(|line| line.contains("bad.cedar:1:")),
        "{lines:?}"
    );
    assert!(
        lines.iter().any(|line| line.contains("bad.cedar:2:")),
        "{lines:?}"
    );
    // Those of the data directory, with the file that is none.
    policy(&scratch, "a.ceder", "permit (principal, action, resource);");
    cofferdam(&scratch, ["policy", "check"])
        .run()
        .exits(1)
        .complains(&["a mistake"]);
    let line = ["policy", "check", "--format", "json"];
    let checked = cofferdam(&scratch, line).run().exits(1).json();
    assert_eq!(checked["problems"][0]["file"], "policy/a.ceder");
    let schema = cofferdam(&scratch, ["policy", "schema"])
        .run()
        .exits(0)
        .stdout;
    assert!(
        schema.contains("action callUnattended appliesTo"),
        "{schema}"
    );
}

#[test]
fn a_policy_to_start_from_replaces_none() {
    for profile in ["strict", "ask-on-write", "open"] {
        let scratch = Scratch::new();
        let line = ["policy", "init", "--profile", profile];
        cofferdam(&scratch, line).run().exits(0);
        cofferdam(&scratch, ["policy", "check"]).run().exits(0);
        let ran = cofferdam(&scratch, line).run().exits(2);
        ran.complains(&["there is a policy already"]);
    }
}

#[test]
fn the_policy_of_an_image_narrows_and_never_widens() {
    let scratch = Scratch::new();
    scratch.file(
        "own.cedar",
        "forbid (principal, action, resource == Tool::\"touch\");",
    );
    let file = agentfile(&scratch, "ADD own.cedar own.cedar\n");
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let refused = result(&host, "run touch a.txt");
    assert!(refused.contains("ADD own.cedar:1"), "{refused}");
    assert!(!result(&host, "run ls").contains("denied"));
    drop(host);
    scratch.file("own.cedar", "permit (principal, action, resource);");
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    host.hears("an image may only `forbid`");
}

#[test]
fn a_policy_that_is_nested_too_deep_harms_only_its_agent() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "");
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let deep = |open: &str, core: &str, close: &str| {
        let condition = open.repeat(5_000) + core + &close.repeat(5_000);
        format!("forbid (principal, action, resource) when {{ {condition} }};\n")
    };
    for (name, text) in [
        ("parentheses", deep("(", "true", ")")),
        ("chain", deep("", "true", " && true")),
    ] {
        scratch.file(&format!("{name}/own.cedar"), &text);
        let evil = format!("FROM scratch\nNAME {name}\nMODEL builtin/commands\nADD own.cedar\n");
        let file = scratch.file(&format!("{name}/Agentfile"), evil);
        let run = ["run".as_ref(), file.as_os_str()];
        let refused = cofferdam(&scratch, run).run().exits(2);
        refused.complains(&["ADD own.cedar:1:"]);
        let path = scratch.file(&format!("{name}/host.cedar"), &text);
        let check = ["policy".as_ref(), "check".as_ref(), path.as_os_str()];
        let told = cofferdam(&scratch, check).run().exits(1).stdout;
        assert!(told.contains("host.cedar:1:"), "{told}");
    }
    assert!(!result(&host, "run ls").contains("denied"));
}
