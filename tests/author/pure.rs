//! Typed tools that can only compute: `tool new --shape pure`, `tools/text-stats`.

use std::ffi::OsStr;
use std::path::Path;

use serde_json::{Value, json};

use super::authoring::{built, cargo_is_content, compiling, new, passes_its_cases};
use crate::support::{Ran, Scratch, cofferdam, tool};

/// The most that a pure tool may have which does next to nothing, in bytes (64 KiB): most of it
/// reads and writes JSON, and words errors.
const SMALLEST: u64 = 64 << 10;

/// The most that `tools/text-stats` may have, in bytes (90 KiB): the table of small letters alone
/// takes 12.
const TEXT_STATS: u64 = 90 << 10;

fn inspected(scratch: &Scratch, component: &Path) -> Value {
    let args: [&OsStr; 5] = [
        "tool".as_ref(),
        "inspect".as_ref(),
        component.as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
    ];
    cofferdam(scratch, args).run().exits(0).json()
}

fn run(scratch: &Scratch, component: &Path, input: &str) -> Ran {
    let args: [&OsStr; 5] = [
        "tool".as_ref(),
        "run".as_ref(),
        component.as_os_str(),
        "--".as_ref(),
        input.as_ref(),
    ];
    cofferdam(scratch, args).run()
}

#[test]
fn a_new_pure_tool_tests_builds_and_runs_as_it_is() {
    let scratch = Scratch::new();
    let project = new(&scratch, &["greet-purely", "--shape", "pure"]);
    cargo_is_content(&project, &["test", "--locked", "--quiet"]);
    cargo_is_content(&project, &["fmt", "--check"]);
    passes_its_cases(&scratch, &project);
    let component = built(&scratch, &project);
    let size = std::fs::metadata(&component).unwrap().len();
    assert!(size <= SMALLEST, "it has {size} bytes: at most {SMALLEST}");
    let shown = inspected(&scratch, &component);
    assert_eq!(shown["imports"], json!(["cofferdam:tool/host@0.1.0"]));
    assert_eq!(
        (&shown["pure"], &shown["shape"], &shown["described"]),
        (&json!(true), &json!("typed"), &json!(true))
    );
    // The schemas that it was asked for before it was built without what makes them.
    let described = &shown["tools"][0];
    let words = described["description"].as_str().expect("a text");
    assert!(
        words.starts_with("Greets someone by name.\n\n## Usage\n\n"),
        "{words}"
    );
    assert_eq!(
        described["input_schema"]["properties"]["name"]["description"],
        "Whom to greet."
    );
    let ran = run(&scratch, &component, r#"{"name": "Ada"}"#).exits(0);
    assert_eq!(ran.json()["text"], "Hello, Ada!");
    let args = ["tool".as_ref(), "inspect".as_ref(), component.as_os_str()];
    let table = cofferdam(&scratch, args).run().exits(0).stdout;
    assert!(table.contains("it can only compute"), "{table}");

    // It answers `list` itself, with the same words, where a host asks.
    let whole = std::fs::read(&component).unwrap();
    let bare = scratch.file("bare.wasm", without_last_section(&whole));
    let asked = inspected(&scratch, &bare);
    assert_eq!(asked["described"], json!(false));
    assert_eq!(asked["tools"], shown["tools"]);

    // Without standard error, the words of a panic go to the host's log.
    let source = project.join("src/lib.rs");
    let text = std::fs::read_to_string(&source).unwrap();
    let panics = "let name = input.name.trim();\n    assert!(name != \"boom\", \"it went off\");";
    std::fs::write(
        &source,
        text.replace("let name = input.name.trim();", panics),
    )
    .unwrap();
    let component = built(&scratch, &project);
    let ran = run(&scratch, &component, r#"{"name": "boom"}"#).exits(1);
    assert!(
        ran.stderr.contains("it went off") && ran.stderr.contains("src/lib.rs:"),
        "{}",
        ran.stderr
    );

    // Power is refused when it is built, and not found when it is reviewed.
    let calls = "let name = input.name.trim();\n    let _ = context.call::<()>(\"wc\", &());";
    std::fs::write(
        &source,
        text.replace("let name = input.name.trim();", calls),
    )
    .unwrap();
    let row = "\n[[call]]\nname = \"wc\"\nreason = \"r\"\n";
    let manifest = project.join("capabilities.toml");
    let manifest_text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, manifest_text + row).unwrap();
    let args = ["tool".as_ref(), "build".as_ref(), project.as_os_str()];
    compiling(&scratch, &args).run().exits(2).complains(&[
        "shape `pure`",
        "cofferdam:tool/calls@0.1.0",
        "can only compute",
    ]);
}

/// A component without the section that was added last: the descriptors.
fn without_last_section(component: &[u8]) -> &[u8] {
    // After the header, each section is its kind, its size in LEB128, and so many bytes.
    let mut place = 8;
    let mut last = place;
    while place < component.len() {
        last = place;
        let mut size = 0;
        let mut shift = 0;
        loop {
            place += 1;
            let byte = usize::from(component[place]);
            size |= (byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        place += 1 + size;
    }
    assert!(
        component[last..]
            .windows(21)
            .any(|bytes| bytes == b"cofferdam:descriptors")
    );
    &component[..last]
}

#[test]
fn a_tool_that_only_computes_is_small_and_told_from_its_imports() {
    let scratch = Scratch::new();
    let stats = tool("text-stats");
    let wc = tool("wc");
    let shown = inspected(&scratch, &stats);
    assert_eq!(shown["pure"], json!(true));
    assert_eq!(shown["imports"], json!(["cofferdam:tool/host@0.1.0"]));
    assert_eq!(inspected(&scratch, &wc)["pure"], json!(false));
    let size = std::fs::metadata(&stats).unwrap().len();
    assert!(
        size <= TEXT_STATS,
        "it has {size} bytes: at most {TEXT_STATS}"
    );
}

#[test]
fn a_shape_that_there_is_not_is_refused_with_the_one_there_is() {
    let scratch = Scratch::new();
    let project = new(&scratch, &["odd", "--shape", "pure"]);
    let path = project.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"pure\"", "\"puer\"")).unwrap();
    let args = ["tool".as_ref(), "build".as_ref(), project.as_os_str()];
    compiling(&scratch, &args).run().exits(2).complains(&[
        "odd/Cargo.toml",
        "[package.metadata.cofferdam]",
        "shape = \"pure\"",
    ]);
}
