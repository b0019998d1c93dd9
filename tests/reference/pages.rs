//! Pages with every key: each has its default and its ceiling there, and the examples run.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::{Kind, block, keys};
use crate::support::{Host, Ran, Scratch, checkout, cofferdam, content_of, guest, tool};

const AGENTFILE: &str = "host/image/README.md";
const CONFIG: &str = "host/cli/README.md";
const MANIFEST: &str = "host/capability/README.md";
const SCRIPT: &str = "host/model/README.md";

/// The cells of the row of a page whose first cell is `key`.
#[track_caller]
fn row(page: &str, key: &str) -> Vec<String> {
    let text = std::fs::read_to_string(checkout().join(page)).expect("the page is there");
    let begin = format!("| `{key}` |");
    let line = text.lines().find(|line| line.starts_with(&begin));
    let line = line.unwrap_or_else(|| panic!("{page} has no row for `{key}`"));
    let cells = line.trim_matches('|').split(" | ");
    cells.map(|cell| cell.trim().to_owned()).collect()
}

/// A number as pages write it, or a text.
fn written(value: &Value) -> String {
    let text = value.as_str().map_or(value.to_string(), str::to_owned);
    text.replace('_', "")
}

/// The numbers and texts of a cell, without what groups their digits.
fn holds(cell: &str, value: &Value) -> bool {
    let cell = cell.replace('_', "");
    let value = written(value);
    cell.split(|c: char| c == '`' || c.is_whitespace())
        .any(|word| word == value)
}

/// The most of a key, as its schema bounds it.
fn most(schema: &Value) -> Vec<Value> {
    let bounds = ["x-ceiling", "maximum", "maxLength", "maxItems"];
    let own = bounds.iter().find_map(|bound| schema.get(*bound));
    own.cloned().into_iter().collect()
}

/// Tells whether the row of every key has words, the default and the ceiling.
#[track_caller]
fn check(kind: Kind, page: &str) {
    let schema = kind.schema();
    let mut checked = 0;
    for key in keys(&schema) {
        let of_limits = ["[limits] ", "[ceiling] ", "[[grant]] limits."];
        if of_limits.iter().any(|table| key.name.starts_with(table)) {
            continue;
        }
        let cells = row(page, &key.name);
        let [_, what, left_out, at_most, leaks @ ..] = cells.as_slice() else {
            panic!("{page}: {cells:?}");
        };
        assert!(!what.is_empty() && !left_out.is_empty(), "{cells:?}");
        // Reviewers read of each key of a manifest what it can leak or change.
        let for_reviewers = usize::from(kind == Kind::Manifest);
        assert_eq!(leaks.len(), for_reviewers, "{cells:?}");
        assert!(leaks.iter().all(|leak| !leak.is_empty()), "{cells:?}");
        let default = &key.schema["default"];
        let values = default.as_array().cloned();
        for value in values.unwrap_or_else(|| vec![default.clone()]) {
            assert!(value.is_null() || holds(left_out, &value), "{cells:?}");
        }
        for value in most(&key.schema) {
            assert!(holds(at_most, &value), "{value}: {cells:?}");
        }
        checked += 1;
    }
    assert!(checked > 20, "{page}: {checked} keys");
}

#[test]
fn every_key_of_a_file_is_on_its_page_with_its_default_and_its_ceiling() {
    check(Kind::Manifest, MANIFEST);
    check(Kind::Config, CONFIG);
    let manifest = Kind::Manifest.schema();
    let config = Kind::Config.schema();
    let limits = manifest["properties"]["limits"]["properties"]
        .as_object()
        .expect("limits");
    assert!(limits.len() > 25);
    for (key, schema) in limits {
        let cells = row(MANIFEST, key);
        assert!(holds(&cells[2], &schema["default"]), "{cells:?}");
        assert!(holds(&cells[3], &schema["x-ceiling"]), "{cells:?}");
        let table = |table: &str| config["properties"][table]["properties"][key].clone();
        let cells = row(CONFIG, key);
        assert!(holds(&cells[1], &table("limits")["default"]), "{cells:?}");
        let ceiling = table("ceiling");
        assert!(holds(&cells[2], &ceiling["default"]), "{cells:?}");
        assert!(holds(&cells[3], &ceiling["x-ceiling"]), "{cells:?}");
    }
}

/// The defaults that a schema tells are those that hold, and its ceilings hold too.
#[test]
fn defaults_and_ceilings_of_a_schema_are_those_of_the_host() {
    let scratch = Scratch::with_own_cache();
    let shown = cofferdam(&scratch, ["config", "show", "--format", "json"]);
    let shown = shown.run().exits(0).json();
    let schema = Kind::Config.schema();
    let mut highest = json!({});
    for table in ["host", "limits", "ceiling"] {
        for (key, schema) in schema["properties"][table]["properties"]
            .as_object()
            .expect("keys")
        {
            let settings = shown["settings"].as_array().expect("settings");
            let key = format!("{table}.{key}");
            let held = settings.iter().find(|setting| setting["key"] == *key);
            let held = held.unwrap_or_else(|| panic!("{key} is not shown"));
            if let Some(default) = schema.get("default") {
                assert_eq!(written(&held["value"]), written(default), "{key}");
            }
            let ceiling = schema.get("x-ceiling").or(schema.get("maximum"));
            if let Some(ceiling) = ceiling.filter(|_| table != "limits") {
                highest[table][key.split_once('.').expect("a table").1] = ceiling.clone();
            }
        }
    }
    let read = |document: &Value| Kind::Config.read(&scratch, &Kind::Config.write(document));
    read(&highest).exits(0);
    for table in ["host", "ceiling"] {
        for (key, ceiling) in highest[table].as_object().expect("keys") {
            let above = match ceiling {
                Value::String(text) if text.ends_with("iB") => json!("1025GiB"),
                Value::String(text) if text.ends_with("day") => json!("2day"),
                Value::String(text) => json!(format!("{text}0")),
                number => json!(number.as_u64().expect("a number") + 1),
            };
            let mut document = highest.clone();
            document[table][key] = above;
            read(&document).exits(2).complains(&[key]);
        }
    }
}

#[test]
fn every_key_of_a_case_is_on_its_page() {
    let page = checkout().join("tools/README.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let (_, section) = page.split_once("## Cases\n").expect("a section");
    let (section, _) = section.split_once("\n## ").expect("another one");
    let rows: Vec<_> = section
        .lines()
        .filter(|line| line.starts_with('|'))
        .collect();
    let schema = Kind::Case.schema();
    let case = &schema["anyOf"][0]["properties"];
    let names = |place: &Value, before: &str| -> Vec<String> {
        let keys = place.as_object().expect("keys").keys();
        keys.map(|key| format!("`{before}{key}`")).collect()
    };
    let mut keys = names(case, "");
    keys.retain(|key| key != "`expect`");
    keys.extend(names(&case["expect"]["properties"], "expect."));
    keys.extend(names(
        &case["http"]["additionalProperties"]["properties"],
        "",
    ));
    assert!(keys.len() > 15, "{keys:?}");
    for key in keys {
        assert!(rows.iter().any(|row| row.contains(&key)), "{key}");
    }
}

/// The rules by which a name looks like that of a credential stand on the page of the manifest.
#[test]
fn every_rule_of_credentials_is_on_the_page() {
    let source = checkout().join("host/capability/src/credential.rs");
    let source = std::fs::read_to_string(source).expect("the rules are there");
    let rule =
        regex::Regex::new(r#"(of_names|of_endings)\(\s*"([^"]+)",\s*"[^"]+",\s*&\[([^\]]*)\]"#);
    let word = regex::Regex::new(r#""([^"]+)""#).expect("a pattern");
    let mut rules = 0;
    for found in rule.expect("a pattern").captures_iter(&source) {
        let cells = row(MANIFEST, &found[2]);
        let before = if &found[1] == "of_endings" { "*_" } else { "" };
        for name in word.captures_iter(&found[3]) {
            let name = format!("`{before}{}`", &name[1]);
            assert!(cells[1].contains(&name), "{name}: {cells:?}");
        }
        rules += 1;
    }
    assert_eq!(rules, 12);
}

/// The words in backquotes after `begin`, or all of them as a list with commas.
fn listed(complaint: &str, begin: &str) -> Vec<String> {
    let (_, list) = complaint.split_once(begin).expect("the list");
    let list = list.lines().next().unwrap_or_default();
    list.split([',', ';'])
        .map(|word| word.trim().to_owned())
        .collect()
}

/// What a host says that is started with this Agentfile.
fn refused(scratch: &Scratch, agentfile: &str) -> String {
    let file = scratch.file("Agentfile", agentfile);
    let line = ["serve".as_ref(), "--agentfile".as_ref(), file.as_os_str()];
    let ran = cofferdam(scratch, line).run();
    assert_ne!(ran.code, Some(0), "{}", ran.stderr);
    ran.stderr
}

#[test]
fn every_instruction_of_an_agentfile_is_on_its_page() {
    let scratch = Scratch::new();
    let said = refused(&scratch, "FROM scratch\nZZZZZZZZZZ x\n");
    let instructions = listed(&said, "the instructions are ");
    assert!(instructions.len() >= 12, "{said}");
    let page = std::fs::read_to_string(checkout().join(AGENTFILE)).expect("the page is there");
    for instruction in &instructions {
        let begin = format!("| `{instruction} ");
        assert!(page.lines().any(|line| line.starts_with(&begin)), "{begin}");
    }
    // The numbers of the page.
    let head = "FROM scratch\nNAME a\nMODEL builtin/commands\n";
    let long = "x".repeat(64);
    for (text, number) in [
        (format!("FROM scratch\nNAME {long}\n"), "63"),
        (format!("{head}CONTEXT {long} <<EOF\nEOF\n"), "63"),
        (format!("{head}BIN {long} ./a.wasm\n"), "63"),
        (
            format!("FROM scratch\nNAME a\nMODEL a/{}\n", "x".repeat(255)),
            "256",
        ),
        (format!("{head}# {}\n", "x".repeat(65_536)), "65536"),
        (format!("{head}{}", "# x\n".repeat(262_144)), "1048576"),
    ] {
        let said = refused(&scratch, &text);
        assert!(said.contains(number) && page.contains(number), "{said}");
    }
}

#[test]
fn every_key_of_a_script_is_on_its_page() {
    let head = "FROM scratch\nNAME a\nMODEL script/turns.jsonl\n";
    let refused = |line: &str| {
        let scratch = Scratch::new();
        scratch.file("turns.jsonl", line);
        refused(&scratch, head)
    };
    let keys = |said: &str| -> Vec<String> {
        let (_, list) = said.split_once("expected").expect("a list");
        let words = list.split('`').skip(1).step_by(2);
        words.map(str::to_owned).collect()
    };
    let turn = keys(&refused("{\"unknown\": 1}\n"));
    assert_eq!(turn.len(), 3, "{turn:?}");
    turn.iter().for_each(|key| drop(row(SCRIPT, key)));
    let usage = keys(&refused("{\"usage\": {\"unknown\": 1}}\n"));
    assert_eq!(usage.len(), 3, "{usage:?}");
    for key in &usage {
        drop(row(SCRIPT, &format!("usage.{key}")));
    }
    let call = keys(&refused("{\"tool_calls\": [{\"unknown\": 1}]}\n"));
    assert_eq!(call.len(), 3, "{call:?}");
    for key in &call {
        drop(row(SCRIPT, &format!("tool_calls[].{key}")));
    }
    let page = std::fs::read_to_string(checkout().join(SCRIPT)).expect("the page is there");
    let one = "{\"name\": \"a\", \"arguments\": {}}";
    let many = format!("{{\"tool_calls\": [{}]}}\n", [one; 33].join(", "));
    for (text, number) in [(many, "32"), ("# x\n".repeat(262_145), "1048576")] {
        let said = refused(&text);
        assert!(said.contains(number) && page.contains(number), "{said}");
    }
}

/// Writes `providers.yaml` for its operator alone, and lists it.
fn listed_providers(scratch: &Scratch, text: &str) -> Ran {
    let file = scratch.file("data/providers.yaml", text);
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o600)).expect("a mode");
    let line = ["provider", "ls", "--format", "json"];
    cofferdam(scratch, line).env("ANTHROPIC_API_KEY", "k").run()
}

#[test]
fn every_key_of_providers_yaml_is_on_its_page_and_its_example_runs() {
    let scratch = Scratch::new();
    let keys = |text: &str| -> Vec<String> {
        let said = listed_providers(&scratch, text).exits(2).stderr;
        let (_, list) = said.split_once("expected").expect("a list");
        let words = list.split('`').skip(1).step_by(2);
        words.map(str::to_owned).collect()
    };
    assert_eq!(keys("unknown: 1\n"), ["providers"]);
    drop(row(SCRIPT, "providers"));
    let of_one = keys("providers:\n- unknown: 1\n");
    assert_eq!(of_one.len(), 4, "{of_one:?}");
    for key in &of_one {
        drop(row(SCRIPT, &format!("providers[].{key}")));
    }
    // The numbers of the page.
    let page = std::fs::read_to_string(checkout().join(SCRIPT)).expect("the page is there");
    let many: String = (0..257).map(|n| format!("- name: p{n}\n")).collect();
    let models = vec!["m"; 1_025].join(", ");
    let long = "x".repeat(257);
    let one = |key: &str, value: &str| format!("providers:\n- name: a\n  {key}: {value}\n");
    for (text, number) in [
        (format!("providers:\n{many}"), "256"),
        (format!("providers:\n- name: {long}\n"), "256"),
        (one("api-key", &"x".repeat(16_385)), "16384"),
        (
            one("api-base", &format!("http://{}", "x".repeat(2_048))),
            "2048",
        ),
        (one("models", &format!("[{models}]")), "1024"),
        (one("models", &format!("[{long}]")), "256"),
        ("#\n".repeat(524_289), "1048576"),
    ] {
        let said = listed_providers(&scratch, &text).exits(2).stderr;
        assert!(said.contains(number) && page.contains(number), "{said}");
    }
    let listed = listed_providers(&scratch, &block(SCRIPT, "providers.yaml"));
    let listed = listed.exits(0).json();
    assert_eq!(listed[0]["provider"], "anthropic");
    assert_eq!(listed[0]["key"], "set");
    assert_eq!(listed[1]["models"], json!(["qwen3", "llama-4"]));
}

#[test]
fn the_examples_of_the_pages_run() {
    let scratch = Scratch::new();
    let manifest = scratch.file("capabilities.toml", block(MANIFEST, "capabilities.toml"));
    let build = ["tool".as_ref(), "build".as_ref()];
    let component = guest("exit_zero");
    let rest = [
        component.as_os_str(),
        "--capabilities".as_ref(),
        manifest.as_os_str(),
        "--out".as_ref(),
        "out".as_ref(),
    ];
    cofferdam(&scratch, build.into_iter().chain(rest))
        .run()
        .exits(0);
    let built = scratch.path().join("out/fetch-notes.wasm");
    let inspect = ["tool".as_ref(), "inspect".as_ref(), built.as_os_str()];
    let inspected = cofferdam(&scratch, inspect).run().exits(0).stdout;
    assert!(inspected.contains("whose notes"), "{inspected}");

    scratch.file("cofferdam.toml", block(CONFIG, "cofferdam.toml"));
    let line = ["config", "show", "--config", "cofferdam.toml"];
    let shown = cofferdam(&scratch, line).run().exits(0).stdout;
    assert!(shown.contains("grant.demo.fetch-notes.limits"), "{shown}");

    // An agent of the page's Agentfile, and one of the page's script.
    std::fs::copy(tool("echo"), scratch.path().join("echo.wasm")).expect("a copy");
    let greeter = scratch.file("Agentfile", block(AGENTFILE, "Agentfile"));
    scratch.file("turns.jsonl", block(SCRIPT, "script"));
    scratch.file(
        "Counter",
        format!(
            "FROM scratch\nNAME counter\nMODEL script/turns.jsonl\nBIN wc {}\n",
            tool("wc").display()
        ),
    );
    // A name alone, without `./`.
    let files = [
        "--agentfile".as_ref(),
        greeter.as_os_str(),
        "--agentfile".as_ref(),
        "Counter".as_ref(),
    ];
    let host = Host::start(&scratch, files);
    let said = host.chat("greeter", "run echo hello");
    assert_eq!(content_of(&said, "tool.result"), "hello\n");
    let said = host.chat("counter", "count");
    assert_eq!(content_of(&said, "tool.result"), "2\n");
    assert!(content_of(&said, "message.create").contains("There are two."));
}
