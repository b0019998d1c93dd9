//! Decisions of reviewers: what was approved runs, and what may do more waits for another decision.

/// Decisions that come to a running host over gRPC.
mod wire;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Host, Ran, Registry, Scratch, cofferdam, content_of, guest};

const REQUIRED: &str = "[host]\nrequire-review = true\n";

fn variable(name: &str) -> String {
    format!("[[env]]\nname = \"{name}\"\nreason = \"to try\"\n")
}

/// A component that prints its environment, and asks for these things.
fn probe(scratch: &Scratch, version: &str, rows: &str) -> PathBuf {
    let head = format!(
        "schema = 1\n[tool]\nname = \"probe\"\nversion = \"{version}\"\nsummary = \"tries\"\n"
    );
    let capabilities = scratch.file("capabilities.toml", format!("{head}{rows}"));
    let out = scratch.directory(version);
    let component = guest("env_dump");
    let build = ["tool", "build"].map(AsRef::as_ref);
    let build = build.into_iter().chain([
        component.as_os_str(),
        "--capabilities".as_ref(),
        capabilities.as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
        "--tag".as_ref(),
        "probe:1".as_ref(),
    ]);
    cofferdam(scratch, build).run().exits(0);
    out.join("probe.wasm")
}

fn call(scratch: &Scratch, component: &Path) -> Ran {
    let component = component.as_os_str();
    cofferdam(scratch, ["tool".as_ref(), "run".as_ref(), component]).run()
}

fn review(scratch: &Scratch, line: &[&str]) -> Ran {
    cofferdam(scratch, [&["review"], line].concat()).run()
}

fn decide(scratch: &Scratch, verdict: &str, component: &Path) -> Value {
    let component = component.to_str().expect("text");
    let line = [
        verdict, component, "--reason", "read it", "--format", "json",
    ];
    review(scratch, &line).exits(0).json()
}

#[test]
fn a_widened_upgrade_waits_for_another_decision() {
    let scratch = Scratch::new();
    scratch.file("data/cofferdam.toml", REQUIRED);
    let first = probe(&scratch, "1.0.0", &variable("A"));
    call(&scratch, &first).exits(3).complains(&[
        "`probe`",
        "was not reviewed",
        "`cofferdam review approve",
    ]);
    let made = review(&scratch, &["key", "new", "--format", "json"]);
    let fingerprint = made.exits(0).json()["fingerprint"].clone();
    let decided = decide(&scratch, "approve", &first);
    assert_eq!(decided["key"], fingerprint);
    assert_eq!(decided["counts"], true);
    call(&scratch, &first).exits(0);

    let wider = probe(&scratch, "2.0.0", &(variable("A") + &variable("B")));
    call(&scratch, &wider)
        .exits(3)
        .complains(&["may do more than sha256:", "the variable B"]);
    decide(&scratch, "approve", &wider);
    call(&scratch, &wider).exits(0);

    // Less passes by itself, unless every component is to be reviewed.
    let less = probe(&scratch, "3.0.0", "");
    call(&scratch, &less).exits(0);
    scratch.file(
        "data/cofferdam.toml",
        REQUIRED.replace("true", "\"digest\""),
    );
    call(&scratch, &less)
        .exits(3)
        .complains(&["was not reviewed"]);
    call(&scratch, &wider).exits(0);

    // A rejection holds also where nothing needs a review, and it can be taken back.
    scratch.file("data/cofferdam.toml", "");
    let rejected = decide(&scratch, "reject", &less);
    call(&scratch, &less)
        .exits(3)
        .complains(&["is rejected by own: read it"]);
    let id = rejected["id"].as_str().expect("an id");
    review(&scratch, &["revoke", id, "--reason", "a mistake"]).exits(0);
    call(&scratch, &less).exits(0);
    let listed = review(&scratch, &["ls", "probe", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(listed.as_array().map(Vec::len), Some(4));
}

#[test]
fn a_decision_counts_on_another_host_that_trusts_its_key() {
    let scratch = Scratch::new();
    let other = Scratch::new();
    let component = probe(&scratch, "1.0.0", &variable("A"));
    review(&scratch, &["key", "new"]).exits(0);
    decide(&scratch, "approve", &component);
    let file = scratch.path().join("decisions");
    let file = file.to_str().expect("text");
    review(&scratch, &["export", "--out", file]).exits(0);

    other.file("data/cofferdam.toml", REQUIRED);
    let imported = review(&other, &["import", file, "--format", "json"]);
    let imported = imported.exits(0).json();
    assert_eq!(imported[0]["counts"], false, "{imported}");
    call(&other, &component)
        .exits(3)
        .complains(&["was not reviewed"]);
    let key = scratch.data().join("reviews/key.pem.pub");
    let key = key.to_str().expect("text");
    let scoped = ["key", "trust", key, "--name", "ann", "--scope", "*"];
    review(&other, &scoped).exits(0);
    review(&other, &["import", file]).exits(0);
    review(&other, &["key", "rm", "ann"]).exits(0);
    let scoped = ["key", "trust", key, "--name", "ann", "--scope", "wc"];
    review(&other, &scoped).exits(0);
    call(&other, &component)
        .exits(3)
        .complains(&["whose key is not trusted for it here", "--scope probe"]);
    review(&other, &["key", "rm", "ann"]).exits(0);
    let scoped = ["key", "trust", key, "--name", "ann", "--scope", "pro*"];
    review(&other, &scoped).exits(0);
    call(&other, &component).exits(0);

    // Not a bit of it may be another one.
    let decisions = other.data().join("reviews/decisions");
    let mut entries = std::fs::read_dir(&decisions).expect("a directory");
    let decision = entries.next().expect("a decision").expect("a file").path();
    let mut bytes = std::fs::read(&decision).expect("a file");
    let place = bytes.len() / 2;
    bytes[place] ^= 1;
    std::fs::write(&decision, &bytes).expect("written");
    call(&other, &component).exits(3).complains(&["is damaged"]);
}

#[test]
fn an_agent_runs_what_was_reviewed_as_it_was_granted() {
    let scratch = Scratch::new();
    let rows = variable("A") + &variable("B");
    probe(&scratch, "1.0.0", &rows);
    let granted = |variables: &str| {
        let grant = format!(
            "{REQUIRED}[[grant]]\nagent = \"a\"\ntool = \"probe\"\nenv = {{ {variables} }}\n"
        );
        scratch.file("data/cofferdam.toml", grant);
    };
    granted("A = \"one\"");
    let text = "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN probe probe:1\n";
    let file = scratch.file("Agentfile", text);
    let start = || Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let answer = |host: &Host<'_>| content_of(&host.chat("a", "run probe"), "tool.result");
    let host = start();
    let refused = answer(&host);
    assert!(refused.contains("was not reviewed"), "{refused}");
    review(&scratch, &["key", "new"]).exits(0);
    let line = [
        "approve",
        "probe:1",
        "--agent",
        "a",
        "--reason",
        "one variable",
    ];
    review(&scratch, &line).exits(0);
    // From the next call on.
    let printed = answer(&host);
    assert!(printed.contains("A=one"), "{printed}");
    host.kill();

    granted("A = \"one\", B = \"two\"");
    let host = start();
    let refused = answer(&host);
    assert!(
        refused.contains("is not as it was approved") && refused.contains("the variable B"),
        "{refused}"
    );
}

#[test]
fn a_policy_can_ask_for_a_review() {
    let scratch = Scratch::new();
    let component = probe(&scratch, "1.0.0", &variable("A"));
    scratch.file(
        "data/policy/a.cedar",
        "permit (principal, action, resource);\n\
         @id(\"reviewed-alone\")\n\
         forbid (principal, action, resource) unless { resource.reviewed };\n",
    );
    call(&scratch, &component)
        .exits(3)
        .complains(&["a.cedar:2 reviewed-alone"]);
    review(&scratch, &["key", "new"]).exits(0);
    decide(&scratch, "approve", &component);
    call(&scratch, &component).exits(0);
}

#[test]
fn a_decision_travels_beside_its_image_through_a_registry() {
    let registry = Registry::start();
    let scratch = Scratch::new();
    let other = Scratch::new();
    let component = probe(&scratch, "1.0.0", &variable("A"));
    review(&scratch, &["attach", "probe:1"])
        .exits(2)
        .complains(&["nobody has decided about"]);
    review(&scratch, &["key", "new"]).exits(0);
    let approval = decide(&scratch, "approve", &component);
    let reference = registry.reference("probe:1");
    let push = || {
        review(&scratch, &["attach", "probe:1"]).exits(0);
        let line = ["tool", "push", "probe:1", &reference, "--plain-http"];
        cofferdam(&scratch, line).run().exits(0);
    };
    push();

    // An empty host has nothing but the reviewer's key.
    other.file("data/cofferdam.toml", REQUIRED);
    let key = scratch.data().join("reviews/key.pem.pub");
    let key = key.to_str().expect("text");
    review(&other, &["key", "trust", key, "--name", "ann"]).exits(0);
    let run = || {
        let line = ["tool", "run", "--plain-http", &reference];
        cofferdam(&other, line).run()
    };
    run().exits(3).complains(&["was not reviewed"]);
    let import = || {
        let line = ["import", &reference, "--plain-http", "--format", "json"];
        review(&other, &line).exits(0).json()
    };
    let imported = import();
    assert_eq!(imported[0]["id"], approval["id"]);
    assert_eq!(imported[0]["by"], "ann");
    run().exits(0);

    // What came later is fetched as well.
    let id = approval["id"].as_str().expect("an id");
    review(&scratch, &["revoke", id, "--reason", "second thoughts"]).exits(0);
    push();
    assert_eq!(import().as_array().map(Vec::len), Some(2));
    run().exits(3).complains(&["was not reviewed"]);

    // While the registry is away, those that are here are taken.
    let missing = registry.reference("nothing:1");
    drop(registry);
    let ran = review(&other, &["import", &reference, "--plain-http"]).exits(0);
    assert!(
        ran.stderr.contains("the registry could not be asked"),
        "{}",
        ran.stderr
    );
    review(&scratch, &["attach", &missing])
        .exits(2)
        .complains(&["is here", "cofferdam tool pull"]);
    review(&scratch, &["import", "nosuch.jsonl"])
        .exits(2)
        .complains(&["there is no file `nosuch.jsonl`", "no image"]);
}

#[test]
fn decisions_of_one_moment_do_not_damage_each_other() {
    let scratch = Scratch::new();
    let component = probe(&scratch, "1.0.0", "");
    review(&scratch, &["key", "new"]).exits(0);
    let component = component.to_str().expect("text");
    let mut running = Vec::new();
    for number in 0..8 {
        let reason = format!("number {number}");
        let line = ["review", "approve", component, "--reason", &reason];
        running.push(cofferdam(&scratch, line).start());
    }
    for mut child in running {
        assert!(child.wait().expect("ours").success());
    }
    let listed = review(&scratch, &["ls", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(listed.as_array().map(Vec::len), Some(8));
}

#[test]
fn a_lock_that_another_process_keeps_is_not_waited_for_without_an_end() {
    let scratch = Scratch::new();
    review(&scratch, &["key", "new"]).exits(0);
    cofferdam(&scratch, ["secret", "set", "token"])
        .stdin("a longer value")
        .run()
        .exits(0);
    let held = |name: &str| {
        let path = scratch.data().join(name);
        let file = std::fs::File::open(&path).expect("a lock");
        file.lock().expect("nobody has it");
        file
    };
    let locks = [held("reviews/.lock"), held("secrets/.lock"), held(".")];
    std::thread::scope(|scope| {
        for (line, lock) in [
            (["review", "key", "rm", "own"].as_slice(), "reviews/.lock"),
            (["secret", "rm", "token"].as_slice(), "secrets/.lock"),
            (["provider", "rm", "openai"].as_slice(), ""),
        ] {
            let scratch = &scratch;
            scope.spawn(move || {
                let path = scratch.data().join(lock).display().to_string();
                let path = path.trim_end_matches('/');
                let ran = cofferdam(scratch, line).run().exits(1);
                ran.complains(&["another process has kept", path, "locked for 10 s"]);
            });
        }
    });
    drop(locks);
    review(&scratch, &["key", "rm", "own"]).exits(0);
    cofferdam(&scratch, ["secret", "rm", "token"])
        .run()
        .exits(0);
}

#[test]
fn a_rule_that_becomes_stricter_holds_also_for_agents_that_cannot_be_made_anew() {
    let scratch = Scratch::new();
    let component = probe(&scratch, "1.0.0", "");
    scratch.file("data/cofferdam.toml", "");
    let bin = scratch.path().join("probe.wasm");
    std::fs::copy(&component, &bin).expect("copied");
    let text = "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN probe probe.wasm\n";
    let file = scratch.file("Agentfile", text);
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let answer = |host: &Host<'_>| content_of(&host.chat("a", "run probe"), "tool.result");
    assert!(!answer(&host).contains("denied"));
    std::fs::remove_file(&bin).expect("removed");
    scratch.file("data/cofferdam.toml", REQUIRED);
    host.signal("HUP");
    host.hears("goes on as it was");
    let refused = answer(&host);
    assert!(refused.contains("was not reviewed"), "{refused}");
}
