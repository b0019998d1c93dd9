//! Builds, which write the section of descriptors, or refuse what a host would refuse.

use std::path::PathBuf;

use super::{SECTION, build, built, hostile, inspect, section};
use crate::support::components::with_section;
use crate::support::{Scratch, guest, on_terminal};

#[test]
fn a_build_replaces_the_section_and_gives_the_same_bytes_again() {
    let scratch = Scratch::new();
    let read = |path: &PathBuf| std::fs::read(path).unwrap();
    built(&scratch, "", "twice", "").exits(0);
    let file = scratch.path().join("out/twice.wasm");
    let first = read(&file);
    built(&scratch, "", "twice", "").exits(0);
    assert_eq!(read(&file), first);
    // Built of what was built, with a lie and a second section in it.
    let lies = with_section(
        &with_section(&first, SECTION, b"lies"),
        SECTION,
        &section("lies"),
    );
    let lies = scratch.file("in/lies.wasm", lies);
    build(&scratch, &lies, "twice", "").exits(0);
    assert_eq!(read(&file), first);
    assert_eq!(inspect(&scratch, &file)["tools"][0]["description"], "tries");
    // Of a command they are only taken out.
    let command = std::fs::read(guest("exit_zero")).unwrap();
    let lies = scratch.file("in/command.wasm", with_section(&command, SECTION, b"lies"));
    build(&scratch, &lies, "twice", "").exits(0);
    let cleaned = read(&file);
    build(&scratch, &guest("exit_zero"), "twice", "").exits(0);
    assert_eq!(read(&file), cleaned);
}

#[test]
fn a_build_refuses_what_no_host_would_offer() {
    let scratch = Scratch::new();
    for (mode, says) in [
        ("list-trap", "does not list its tools: trap"),
        ("list-nothing", "it lists 0 tools"),
        ("list-many", "it lists 1000 tools: expected 1 to 64"),
        ("list-twice", "it lists `a` twice"),
        ("list-name", "is not the name of a tool"),
        ("list-schema", "is not JSON Schema"),
        ("list-draws", "holds the character U+001B"),
    ] {
        built(&scratch, mode, "refused", "")
            .exits(2)
            .complains(&[says]);
        assert!(
            !scratch.path().join("out/refused.wasm").exists(),
            "{mode} was written"
        );
    }
    // A terminal is sent the same sentence.
    let file = scratch.file("draws.wasm", hostile("list-draws"));
    let sent = on_terminal(
        &scratch,
        ["tool".as_ref(), "inspect".as_ref(), file.as_os_str()],
    );
    assert!(
        !sent.contains(&0x1b) && String::from_utf8_lossy(&sent).contains("U+001B"),
        "{}",
        sent.escape_ascii()
    );
}
