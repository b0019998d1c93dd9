//! `cofferdam review`: one page about a tool or an agent, in every format, made of the bytes alone.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};

use crate::support::agents::build;
use crate::support::components::{built_of, with_section};
use crate::support::{Host, Ran, Scratch, cofferdam, tool};

/// Reviews something, with more arguments.
#[track_caller]
fn review(scratch: &Scratch, subject: &Path, more: &[&str]) -> Ran {
    let line: [OsString; 2] = ["review".into(), subject.into()];
    let line = line.into_iter().chain(more.iter().map(OsString::from));
    cofferdam(scratch, line).run()
}

#[track_caller]
fn as_json(scratch: &Scratch, subject: &Path, more: &[&str]) -> Value {
    let more = [&["--format", "json"], more].concat();
    review(scratch, subject, &more).exits(0).json()
}

/// The lines of a section of a page, without those of its table's head.
fn section(page: &str, title: &str) -> Vec<String> {
    let lines = page
        .lines()
        .skip_while(|line| *line != format!("== {title}"));
    let lines = lines.skip(1).take_while(|line| !line.is_empty());
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    lines.map(words).collect()
}

/// The rules that found something.
fn rules(page: &Value) -> Vec<&str> {
    let findings = page["tool"]["findings"].as_array().expect("findings");
    let rules = findings.iter().map(|finding| finding["rule"].as_str());
    rules.map(|rule| rule.expect("a rule")).collect()
}

/// A component of WebAssembly's text format, in a file.
fn component(scratch: &Scratch, name: &str, text: &str) -> std::path::PathBuf {
    let bytes = wat::parse_str(text).expect("a component");
    scratch.file(name, bytes)
}

#[test]
fn pages_of_three_tools_say_what_each_could_do() {
    let scratch = Scratch::new();
    let page = |name: &str| review(&scratch, &tool(name), &[]).exits(0).stdout;
    let asked = "what it asks for, and why";
    let stands_out = "what stands out";

    let pure = page("text-stats");
    assert!(pure.starts_with("Review of the tool text-stats "), "{pure}");
    assert!(
        pure.contains("pure, if everything it asks for is granted"),
        "{pure}"
    );
    assert_eq!(
        section(&pure, asked),
        [
            "ASKS FOR WHAT REASON",
            "nothing no directory, no network, no variable"
        ]
    );

    let reads = page("wc");
    assert!(
        reads.contains("read, if everything it asks for is granted"),
        "{reads}"
    );
    assert_eq!(
        section(&reads, asked),
        [
            "ASKS FOR WHAT REASON",
            "directory /workspace read-only reads the files it is asked to count"
        ]
    );
    assert!(!reads.contains("wasi:http/outgoing-handler"), "{reads}");

    let sends = page("curl");
    assert!(
        sends.contains("external, if everything it asks for is granted"),
        "{sends}"
    );
    let found = section(&sends, stands_out);
    let named = |rule: &str| found.iter().any(|line| line.contains(rule));
    for rule in [
        "any-host",
        "any-method",
        "reads-and-sends",
        "fetches-and-writes",
    ] {
        assert!(named(rule), "{rule}: {found:#?}");
    }
    let reached = section(&sends, "what its functions can reach").join("\n");
    assert!(
        reached.contains("wasi:http/outgoing-handler@0.2.12: handle")
            || reached.contains("wasi:http/outgoing-handler@"),
        "{reached}"
    );
    for page in [&pure, &reads, &sends] {
        let left = section(page, "what this page does not decide");
        assert!(
            left.len() >= 5 && left[0].contains("does what it promises"),
            "{left:#?}"
        );
    }
}

#[test]
fn an_import_that_nobody_declared_is_on_the_page_of_a_component_that_no_host_loads() {
    let scratch = Scratch::new();
    let path = component(
        &scratch,
        "odd.wasm",
        r#"(component
            (import "evil:thing/power@1.0.0" (instance $i (export "f" (func))))
            (core func $low (canon lower (func $i "f")))
            (core instance $h (export "f" (func $low)))
            (core module $m (import "h" "f" (func $f)) (func (export "run") call $f))
            (core instance $m (instantiate $m (with "h" (instance $h))))
            (func $run (canon lift (core func $m "run")))
            (export "run" (func $run)))"#,
    );
    let page = as_json(&scratch, &path, &[]);
    assert_eq!(
        page["undeclared_imports"],
        json!(["evil:thing/power@1.0.0"])
    );
    let rules = rules(&page);
    for rule in ["undeclared-import", "no-manifest"] {
        assert!(rules.contains(&rule), "{rules:?}");
    }
    let inspect: [OsString; 3] = ["tool".into(), "inspect".into(), path.into()];
    let refused = cofferdam(&scratch, inspect).run();
    refused.exits(2).complains(&["evil:thing/power@1.0.0"]);
}

/// Two exports, of which one can send requests and the other cannot.
const QUIET_AND_LOUD: &str = r#"(component
    (import "wasi:http/outgoing-handler@0.2.12" (instance $http (export "handle" (func))))
    (import "wasi:random/insecure-seed@0.2.12" (instance $seed (export "insecure-seed" (func))))
    (core func $handle (canon lower (func $http "handle")))
    (core func $seed (canon lower (func $seed "insecure-seed")))
    (core instance $host (export "handle" (func $handle)) (export "seed" (func $seed)))
    (core module $m
        (import "h" "handle" (func $handle)) (import "h" "seed" (func $seed))
        (type $t (func)) (table 2 funcref) (elem (i32.const 0) $handle $seed)
        (func $send (call_indirect (type $t) (i32.const 0)))
        (func (export "quiet") (call_indirect (type $t) (i32.const 1)))
        (func (export "loud") call $send call $seed))
    (core instance $m (instantiate $m (with "h" (instance $host))))
    (func $quiet (canon lift (core func $m "quiet")))
    (func $loud (canon lift (core func $m "loud")))
    (export "quiet" (func $quiet))
    (export "loud" (func $loud)))"#;

#[test]
fn one_export_cannot_reach_the_network_and_the_other_can() {
    let scratch = Scratch::new();
    let path = component(&scratch, "two.wasm", QUIET_AND_LOUD);
    let http = "wasi:http/outgoing-handler@0.2.12";
    let seed = "wasi:random/insecure-seed@0.2.12";
    let expected = json!([
        { "export": "loud", "can_reach": { http: ["handle"], seed: ["insecure-seed"] },
            "cannot_reach": [] },
        { "export": "quiet", "can_reach": { seed: ["insecure-seed"] }, "cannot_reach": [http] },
    ]);
    let page = as_json(&scratch, &path, &[]);
    assert_eq!(page["tool"]["reach"]["exports"], expected);
    // What was kept of the first review says the same.
    let kept = std::fs::read_dir(scratch.data().join("reviewed")).expect("a directory");
    assert_eq!(kept.count(), 1);
    assert_eq!(as_json(&scratch, &path, &[]), page);
    // What cannot be read any more is found again.
    for entry in std::fs::read_dir(scratch.data().join("reviewed")).expect("a directory") {
        std::fs::write(entry.expect("an entry").path(), "{").expect("a file");
    }
    assert_eq!(as_json(&scratch, &path, &[]), page);
}

#[test]
fn rows_that_nothing_needs_and_reaches_are_told() {
    let scratch = Scratch::new();
    let quiet = QUIET_AND_LOUD.replace("call $send call $seed", "call $seed");
    let quiet = component(&scratch, "quiet.wasm", &quiet);
    let rows = "[[http]]\nhost = \"a.example.org\"\nmethods = [\"GET\"]\nreason = \"asks\"\n\
        [[fs]]\npath = \"/workspace\"\naccess = \"read-only\"\nreason = \"reads\"\n\
        [[env]]\nname = \"NPM_TOKEN\"\nreason = \"publishes\"\n";
    let built = built_of(&scratch, &quiet, "quiet", rows);
    let page = as_json(&scratch, &built, &[]);
    let found = page["tool"]["findings"].as_array().expect("findings");
    let what = |rule: &str| {
        let of_rule = found.iter().filter(|finding| finding["rule"] == rule);
        of_rule
            .map(|finding| finding["what"].as_str().expect("text"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        what("needless-row"),
        [
            "[[fs]] without wasi:filesystem/",
            "[[env]] without wasi:cli/environment"
        ]
    );
    assert_eq!(
        what("unreached-row"),
        ["[[http]] without a way to wasi:http/outgoing-handler"]
    );
    assert_eq!(
        what("credential-variable"),
        ["variable NPM_TOKEN: opens packages that others install (`packages`)"]
    );
}

#[test]
fn grants_of_the_configuration_are_on_the_page() {
    let scratch = Scratch::new();
    let config = scratch.file(
        "cofferdam.toml",
        "[[grant]]\nagent = \"otter\"\ntool = \"curl\"\nhttp = [\"api.example.org\"]\n",
    );
    let config = config.to_str().expect("UTF-8");
    let page = review(&scratch, &tool("curl"), &["--config", config])
        .exits(0)
        .stdout;
    let granted = section(&page, "what this host grants to it");
    assert_eq!(
        granted[..2],
        ["AGENT GETS WHAT", "otter (has it not) http api.example.org"]
    );
    let sentence = granted[2..].join(" ");
    assert!(sentence.contains("nothing is granted now"), "{sentence}");
}

#[test]
fn the_grants_of_agents_that_have_a_tool_are_on_its_page() {
    let scratch = Scratch::new();
    let text = format!(
        "FROM scratch\nNAME otter\nMODEL builtin/commands\nBIN count {}\n",
        tool("wc").display()
    );
    let agentfile = scratch.file("Agentfile", text);
    let host = Host::start(&scratch, ["--agentfile".into(), agentfile]);
    drop(host);
    let page = as_json(&scratch, &tool("wc"), &[]);
    let grant = &page["grants"][0];
    assert_eq!(grant["agent"], "otter", "{page}");
    assert_eq!(grant["bin"], "count");
    assert_eq!(grant["effect"], "read");
    let directory = &grant["grant"]["directories"][0];
    assert_eq!(directory["path"], "/workspace");
    assert_eq!(directory["access"], "read-only");
    // No other tool of the agent's is meant.
    let other = as_json(&scratch, &tool("cat"), &[]);
    assert_eq!(other["grants"], json!([]));
}

#[test]
fn markdown_means_nothing_but_what_it_says() {
    let scratch = Scratch::new();
    let rows = "[[fs]]\npath = \"/workspace\"\naccess = \"read-only\"\n\
        reason = \"a | b <img src=x> [c](https://d) @e\"\n";
    let built = built_of(&scratch, &tool("wc"), "words", rows);
    let page = review(&scratch, &built, &["--format", "markdown"])
        .exits(0)
        .stdout;
    assert!(
        page.starts_with("# Review of the tool words 0.0.0\n"),
        "{page}"
    );
    let reason = "a \\| b &lt;img src=x&gt; \\[c\\](https:&#47;/d) &#64;e";
    let row = format!("| directory | /workspace read-only | {reason} |");
    assert!(page.contains(&row), "{page}");
}

/// The list of packages as `cargo auditable` writes it.
fn packages(json: &[u8]) -> Vec<u8> {
    let mut compressed = ZlibEncoder::new(Vec::new(), Compression::default());
    compressed.write_all(json).expect("memory");
    compressed.finish().expect("memory")
}

#[test]
fn packages_are_joined_with_advisories() {
    let scratch = Scratch::new();
    let list = json!({ "packages": [
        { "name": "time", "version": "0.1.42", "source": "crates.io" },
        { "name": "own", "version": "1.0.0", "source": "local", "root": true,
            "dependencies": [0] },
    ] });
    let wc = std::fs::read(tool("wc")).expect("a tool");
    let list = packages(list.to_string().as_bytes());
    let path = scratch.file("listed.wasm", with_section(&wc, ".dep-v0", &list));
    scratch.file(
        "db/crates/time/RUSTSEC-2020-0071.md",
        "```toml\n[advisory]\nid = \"RUSTSEC-2020-0071\"\npackage = \"time\"\n\
         date = \"2020-11-18\"\n\n[versions]\npatched = [\">=0.2.23\"]\n```\n\n\
         # Potential segfault in the time crate\n",
    );
    let database = scratch.path().join("db");
    let database = database.to_str().expect("UTF-8");
    let page = as_json(&scratch, &path, &["--advisories", database]);
    let built = &page["tool"]["built"];
    assert_eq!(
        built["packages"],
        json!([
            { "name": "own", "version": "1.0.0", "source": "local", "only_builds": false },
            { "name": "time", "version": "0.1.42", "source": "crates.io", "only_builds": false },
        ])
    );
    assert_eq!(built["advisories"][0]["id"], "RUSTSEC-2020-0071");
    assert!(rules(&page).contains(&"advisory"), "{page}");
    let wrong = ["--advisories", "nowhere"];
    review(&scratch, &path, &wrong)
        .exits(2)
        .complains(&["nowhere", "advisory-db"]);

    let bomb = packages(&vec![b' '; 9 << 20]);
    let bomb = scratch.file("bomb.wasm", with_section(&wc, ".dep-v0", &bomb));
    let page = as_json(&scratch, &bomb, &[]);
    assert!(rules(&page).contains(&"packages-unreadable"), "{page}");
    assert!(!rules(&page).contains(&"no-packages"), "{page}");
    assert!(
        page.to_string().contains("more than 8388608 bytes"),
        "{page}"
    );
}

#[test]
fn the_page_of_an_agent_says_where_data_can_go() {
    let scratch = Scratch::new();
    let send = built_of(
        &scratch,
        &tool("curl"),
        "send",
        "[[http]]\nhost = \"api.example.org\"\nmethods = [\"POST\"]\nreason = \"sends\"\n",
    );
    let text = format!(
        "FROM scratch\nNAME otter\nMODEL builtin/commands\nENV KEY=sesame\n\
         ADD rules.cedar\nBIN wc {}\nBIN send {}\n\
         CONFIG grant.send.http=api.example.org\n",
        tool("wc").display(),
        send.display()
    );
    scratch.file(
        "build/rules.cedar",
        "forbid (principal, action, resource) when { resource.name == \"send\" };\n",
    );
    build(&scratch, &text, "otter:1");
    let page = as_json(&scratch, Path::new("otter:1"), &[]);
    assert_eq!(page["kind"], "agent");
    assert_eq!(page["variables"], json!(["KEY"]));
    assert_eq!(page["policies"][0]["file"], "rules.cedar");
    assert_eq!(
        page["agent"]["flows"],
        json!([{
            "source": "/workspace",
            "host": "api.example.org",
            "through_model": true,
            "way": "wc reads /workspace → wc answers the model → the model calls send → send sends",
        }])
    );
    let shown = review(&scratch, Path::new("otter:1"), &[]).exits(0).stdout;
    let flows = section(&shown, "where data can go").join("\n");
    assert!(
        flows.contains("Without the model passing it on: nothing."),
        "{flows}"
    );
    assert!(
        flows.contains("/workspace can reach api.example.org\nwc reads"),
        "{flows}"
    );
    assert!(
        flows.contains("For send the author asks for api.example.org alone"),
        "{flows}"
    );
    assert!(!shown.contains("sesame"), "{shown}");

    // Each tool has a page of its own by the digest of its image, and none by its component's.
    let wc = &page["agent"]["tools"][0];
    let digest = |value: &Value| value.as_str().expect("a digest").to_owned();
    let image = digest(&wc["image_digest"]);
    assert!(shown.contains(&image), "{shown}");
    let own = review(&scratch, Path::new(&image), &[]).exits(0).stdout;
    assert!(own.starts_with("Review of the tool wc "), "{own}");
    let component = digest(&wc["page"]["component"]);
    review(&scratch, Path::new(&component), &[])
        .exits(2)
        .complains(&["component: name its image"]);
}

#[test]
fn the_words_that_a_model_reads_are_on_the_page() {
    let scratch = Scratch::new();
    let shown = review(&scratch, &tool("text-stats"), &[]).exits(0).stdout;
    let words = section(&shown, "what a model reads of it");
    assert!(words.iter().any(|line| line == "input:"), "{words:#?}");
    assert!(
        words.iter().any(|line| line.starts_with("- ")),
        "{words:#?}"
    );
    let page = as_json(&scratch, &tool("text-stats"), &[]);
    let schema = &page["tool"]["tools"][0]["input_schema"];
    assert_eq!(schema["type"], "object", "{page}");
    let page = as_json(&scratch, &tool("wc"), &[]);
    assert_eq!(page["tool"]["tools"][0]["name"], "wc");
    assert_eq!(page["tool"]["risk"], "low");

    let path = component(&scratch, "two.wasm", QUIET_AND_LOUD);
    let shown = review(&scratch, &path, &[]).exits(0).stdout;
    let words = section(&shown, "what a model reads of it").join("\n");
    assert!(words.contains("`cofferdam tool inspect`"), "{words}");
}

#[test]
fn a_page_ends_with_the_commands_to_go_on_with() {
    let scratch = Scratch::new();
    let path = tool("wc");
    let shown = review(&scratch, &path, &[]).exits(0).stdout;
    let next = section(&shown, "what to do next");
    let approve = format!("cofferdam review approve {} --reason", path.display());
    assert!(next[0].contains(&approve), "{next:#?}");
    assert_eq!(
        section(&shown, "limits of a call"),
        ["It asks for none: all are the defaults of this host."]
    );
}

#[test]
fn what_is_no_component_has_no_page() {
    let scratch = Scratch::new();
    let core = component(&scratch, "core.wasm", "(module)");
    review(&scratch, &core, &[])
        .exits(2)
        .complains(&["core WebAssembly module", "`cofferdam tool build FILE"]);
    let agentfile = scratch.file("agent/Agentfile", "FROM scratch\nNAME otter\n");
    let directory = scratch.path().join("agent");
    for path in [agentfile, directory] {
        review(&scratch, &path, &[])
            .exits(2)
            .complains(&["is not a component", "cofferdam image build"]);
    }
    let wrong = ["--advisories", "/nowhere"];
    review(&scratch, &tool("wc"), &wrong)
        .exits(2)
        .complains(&["/nowhere", "advisory-db"]);
}

#[test]
fn a_damaged_decision_is_on_the_page() {
    let scratch = Scratch::new();
    scratch.file("data/reviews/decisions/odd.json", "{}");
    let shown = review(&scratch, &tool("wc"), &[]).exits(0).stdout;
    let decisions = section(&shown, "decisions").join("\n");
    assert!(
        decisions.contains("the decisions cannot be read"),
        "{decisions}"
    );
    assert!(decisions.contains("odd.json"), "{decisions}");
}

#[test]
fn a_limit_above_the_default_is_no_narrower_one() {
    let scratch = Scratch::new();
    cofferdam(&scratch, ["review", "key", "new"]).run().exits(0);
    let rows = "[[fs]]\npath = \"/workspace\"\naccess = \"read-only\"\nreason = \"reads\"\n";
    let first = built_of(&scratch, &tool("wc"), "count", rows);
    let line: [OsString; 3] = ["review".into(), "approve".into(), first.into()];
    let line = line
        .into_iter()
        .chain(["--reason", "read it"].map(OsString::from));
    cofferdam(&scratch, line).run().exits(0);
    let more = format!("{rows}[limits]\nmemory = \"128MiB\"\n");
    let second = built_of(&scratch, &tool("wc"), "count", &more);
    let shown = review(&scratch, &second, &[]).exits(0).stdout;
    let decisions = section(&shown, "decisions").join("\n");
    assert!(decisions.contains("changed: limit memory"), "{decisions}");
    assert!(!decisions.contains("narrowed: limit"), "{decisions}");
}
