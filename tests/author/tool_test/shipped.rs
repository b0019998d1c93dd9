//! Cases of a tool that ships with the host, run on its component.

use crate::support::{Scratch, checkout, cofferdam};

#[test]
fn tools_are_tested_as_they_ship() {
    let scratch = Scratch::new();
    let manifest = checkout().join("tools/text-stats/capabilities.toml");
    let component = scratch.file(
        "text-stats.wasm",
        std::fs::read(crate::support::tool("text-stats")).unwrap(),
    );
    let cases =
        std::fs::read_to_string(checkout().join("tools/text-stats/cases/counts.json")).unwrap();
    scratch.file("cases/counts.json", cases);
    let args = [
        "tool".as_ref(),
        "test".as_ref(),
        component.as_os_str(),
        "--capabilities".as_ref(),
        manifest.as_os_str(),
    ];
    let ran = cofferdam(&scratch, args).run().exits(0);
    assert!(
        ran.stdout.contains("5 cases, 4 hostile inputs") && ran.stdout.contains("denied"),
        "{}",
        ran.stdout
    );
}
