//! Sections of descriptors that cannot be used, or name other tools than there are.

use serde_json::json;

use super::{SECTION, section};
use crate::support::components::with_section;
use crate::support::mcp::Server;
use crate::support::{Scratch, cofferdam, guest, tool};

/// Loads a component; it must be refused with a sentence that holds `parts`.
#[track_caller]
fn refused(component: &[u8], parts: &[&str]) {
    let scratch = Scratch::new();
    let file = scratch.file("tool.wasm", component);
    for command in ["run", "inspect"] {
        cofferdam(
            &scratch,
            ["tool".as_ref(), command.as_ref(), file.as_os_str()],
        )
        .run()
        .exits(2)
        .complains(parts);
    }
}

#[test]
fn a_section_that_cannot_be_used_is_refused() {
    let typed = std::fs::read(guest("typed_hostile")).unwrap();
    let with = |json: &[u8]| with_section(&typed, SECTION, json);
    let unusable = "its section `cofferdam:descriptors` cannot be used";
    refused(
        &with_section(&with(&section("a")), SECTION, &section("a")),
        &["two `cofferdam:descriptors` sections"],
    );
    refused(&with(b"{"), &[unusable, "EOF", "build it again"]);
    refused(&with(b""), &[unusable]);
    refused(&with(br#"{"schema":1,"tools":[]}"#), &[unusable, "0 tools"]);
    refused(
        &with(br#"{"schema":2,"tools":[]}"#),
        &[unusable, "`schema` is 2"],
    );
    refused(
        &with(&section("../a")),
        &[unusable, "is not the name of a tool"],
    );
    refused(
        &with(&vec![b' '; (1 << 20) + 1]),
        &["has 1048577 bytes: at most 1048576"],
    );
    refused(&with(&"[".repeat(1 << 20).into_bytes()), &[unusable]);
    let command = std::fs::read(guest("exit_zero")).unwrap();
    refused(
        &with_section(&command, SECTION, &section("a")),
        &["which is for typed tools, and it exports none"],
    );
}

#[test]
fn a_section_that_names_another_tool_than_there_is_gives_a_refusal_of_the_call() {
    let scratch = Scratch::new();
    // The tool as another toolchain would have left it, with words of somebody else.
    let component = std::fs::read(tool("text-stats")).unwrap();
    let place = component
        .windows(SECTION.len())
        .position(|bytes| bytes == SECTION.as_bytes())
        .expect("a section");
    let mut renamed = component.clone();
    // The section stays as it is under a name that means nothing.
    renamed[place] = b'x';
    let file = scratch.file(
        "stats.wasm",
        with_section(&renamed, SECTION, &section("absent")),
    );
    let args = [
        "tool".as_ref(),
        "run".as_ref(),
        file.as_os_str(),
        "--".as_ref(),
        "{}".as_ref(),
    ];
    cofferdam(&scratch, args)
        .run()
        .exits(1)
        .complains(&["not-found", "no tool named \"absent\""]);
    // What is not in the section is no tool, whatever the component would answer.
    let mut server = Server::start(&scratch, [file.as_os_str()]);
    server.initialize();
    let listed = server.ask(1, "tools/list", json!({}))["result"]["tools"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    let unknown = server.ask(
        2,
        "tools/call",
        json!({ "name": "text-stats_text-stats", "arguments": { "text": "a" } }),
    );
    assert!(
        unknown.to_string().contains("text-stats_text-stats"),
        "{unknown}"
    );
    assert!(
        unknown.get("error").is_some() || unknown["result"]["isError"] == true,
        "{unknown}"
    );
}
