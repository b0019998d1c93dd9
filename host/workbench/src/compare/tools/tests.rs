use std::time::{Duration, Instant};

use serde_json::json;

use super::*;

const HEAD: &str = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";

fn version(rows: &str, tools: Vec<Descriptor>, imports: &[&str], denied: &[&str]) -> ToolVersion {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    ToolVersion {
        manifest: Manifest::from_toml(&format!("{HEAD}{rows}"), "m").unwrap(),
        surface: Some(Surface {
            form: "typed".to_owned(),
            imports: owned(imports),
            denied: owned(denied),
            tools,
        }),
    }
}

fn tool(name: &str, description: &str) -> Descriptor {
    Descriptor {
        name: name.parse().unwrap(),
        description: description.to_owned(),
        input_schema: json!({ "type": "object" }),
        output_schema: None,
    }
}

/// The differences of two versions, as words.
#[track_caller]
fn check(old: &ToolVersion, new: &ToolVersion, expected: &[&str]) {
    let changes = tools(old, new, &Ceiling::default());
    let words = |change: &Change| {
        let kind = change.kind.as_str();
        format!("{kind} {} {}", change.category.as_str(), change.subject)
    };
    let found: Vec<_> = changes.iter().map(words).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_a_model_reads_is_wider_when_it_differs() {
    let of = |tools: Vec<Descriptor>| version("", tools, &[], &[]);
    let old = of(vec![tool("a", "Reads."), tool("b", "Writes.")]);
    check(&old, &old, &[]);
    let said = of(vec![tool("a", "Reads all."), tool("b", "Writes.")]);
    check(&old, &said, &["widened description a"]);
    let less = of(vec![tool("a", "Reads.")]);
    check(&old, &less, &["narrowed tool b"]);
    check(&less, &old, &["widened tool b"]);
    let renamed = of(vec![tool("c", "Reads.")]);
    check(&less, &renamed, &["widened name a"]);
    let mut typed = tool("a", "Reads.");
    typed.input_schema = json!({ "type": "object", "required": ["path"] });
    typed.output_schema = Some(json!({}));
    let typed = of(vec![typed]);
    check(
        &less,
        &typed,
        &["widened schema input of a", "widened schema output of a"],
    );
}

#[test]
fn an_import_counts_by_its_interface_and_if_it_may_be_used() {
    let of = |imports: &[&str], denied: &[&str]| version("", Vec::new(), imports, denied);
    let old = of(&["wasi:io/streams@0.2.6"], &[]);
    let newer = of(&["wasi:io/streams@0.2.9"], &[]);
    check(&old, &newer, &["changed import wasi:io/streams"]);
    let more = of(&["wasi:io/streams@0.2.6", "wasi:http/types@0.2.6"], &[]);
    check(&old, &more, &["widened import wasi:http/types"]);
    check(&more, &old, &["narrowed import wasi:http/types"]);
    let http = "wasi:http/types@0.2.6";
    let denied = of(&["wasi:io/streams@0.2.6", http], &[http]);
    check(&old, &denied, &["changed import wasi:http/types"]);
    check(&denied, &more, &["widened import wasi:http/types"]);
}

#[test]
fn of_a_manifest_alone_a_model_may_read_the_summary() {
    let alone = |summary: &str| {
        let text = HEAD.replace("\"s\"", &format!("{summary:?}"));
        let manifest = Manifest::from_toml(&text, "m").unwrap();
        ToolVersion {
            manifest,
            surface: None,
        }
    };
    check(&alone("a"), &alone("b"), &["widened description summary"]);
}

#[test]
fn a_hundred_tools_are_compared_while_a_person_blinks() {
    let rows = |methods: &str| -> String {
        let http = (0..10).map(|host| {
            format!(
                "[[http]]\nhost = \"h{host}.test\"\nmethods = [{methods}]\npaths = [\"/a\", \
                 \"/b\"]\nreason = \"r\"\n"
            )
        });
        let fs = (0..5).map(|place| {
            format!("[[fs]]\npath = \"/p{place}\"\naccess = \"read-only\"\nreason = \"r\"\n")
        });
        http.chain(fs).collect()
    };
    let offered = || vec![tool("a", "Reads."), tool("b", "Writes.")];
    let old = version(&rows("\"GET\""), offered(), &["wasi:io/streams@0.2.6"], &[]);
    let new = rows("\"GET\", \"POST\"");
    let new = version(&new, offered(), &["wasi:io/streams@0.2.6"], &[]);
    let ceiling = Ceiling::default();
    let begun = Instant::now();
    let widened: usize = (0..100).map(|_| tools(&old, &new, &ceiling).len()).sum();
    let taken = begun.elapsed();
    assert_eq!(widened, 1_000);
    // Without optimization and beside other tests; alone it takes about 60 ms.
    assert!(taken < Duration::from_secs(1), "{taken:?}");
}
