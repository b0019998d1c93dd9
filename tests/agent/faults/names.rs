//! Names that a tool puts where the host writes.

use std::os::unix::fs::symlink;
use std::process::Command;

use super::{agentfile, agents, nothing, tree};
use crate::support::{Host, Scratch, cofferdam, guest};

#[test]
fn no_name_in_a_workspace_keeps_a_file_from_being_copied_in() {
    let scratch = Scratch::new();
    let notes = scratch.file("README.md", "copied\n");
    nothing(&scratch, "a/one.wasm");
    let file = agentfile(&scratch, "a", "BIN one ./one.wasm")
        .display()
        .to_string();
    Host::start(&scratch, ["--agentfile", &file]).kill();
    let workspace = tree(&scratch.data()).join("workspace");
    let copy = format!("a:{}", notes.display());
    let planted: [&dyn Fn(); 5] = [
        &|| std::fs::create_dir_all(workspace.join("README.md.new/inner")).unwrap(),
        &|| symlink("../etc/Agentfile", workspace.join("README.md")).unwrap(),
        &|| symlink("nowhere", workspace.join("README.md")).unwrap(),
        &|| {
            assert!(
                Command::new("mkfifo")
                    .arg(workspace.join("README.md"))
                    .status()
                    .unwrap()
                    .success()
            )
        },
        &|| std::fs::write(workspace.join("README.md"), "the tool's").unwrap(),
    ];
    for plant in planted {
        plant();
        let mut host = Host::start(&scratch, ["--copy-in", &copy]);
        assert_eq!(
            std::fs::read_to_string(workspace.join("README.md")).unwrap(),
            "copied\n"
        );
        assert!(
            workspace
                .join("README.md")
                .symlink_metadata()
                .unwrap()
                .is_file()
        );
        let agentfile = tree(&scratch.data()).join("etc/Agentfile");
        assert!(
            std::fs::read_to_string(agentfile)
                .unwrap()
                .contains("NAME a")
        );
        assert!(host.is_silent_about("error: "));
        host.kill();
        std::fs::remove_file(workspace.join("README.md")).unwrap();
    }
    // A directory holds files of the tool, which nobody said to remove.
    std::fs::create_dir_all(workspace.join("README.md/inner")).unwrap();
    let mut host = Host::start(&scratch, ["--copy-in", &copy]);
    assert_eq!(
        host.has_said("README.md: a directory has this name: rename or remove it"),
        1
    );
    assert_eq!(agents(&scratch)[0].1, "ready");
    assert!(workspace.join("README.md/inner").exists());
}

#[test]
fn a_link_beside_a_component_that_is_built_leads_nowhere() {
    let scratch = Scratch::new();
    let capabilities = scratch.file(
        "capabilities.toml",
        "schema = 1\n[tool]\nname = \"probe\"\nversion = \"1\"\nsummary = \"s\"\n",
    );
    let out = scratch.directory("out");
    let precious = scratch.file("precious", "kept");
    for name in ["probe.wasm.new", "probe.wasm"] {
        symlink(&precious, out.join(name)).unwrap();
    }
    let build = [
        "tool".into(),
        "build".into(),
        guest("args_echo").into_os_string(),
        "--capabilities".into(),
    ];
    let build = build.into_iter().chain([
        capabilities.into(),
        "--out".into(),
        out.clone().into_os_string(),
    ]);
    cofferdam(&scratch, build).run().exits(0);
    assert_eq!(std::fs::read_to_string(precious).unwrap(), "kept");
    assert!(out.join("probe.wasm").symlink_metadata().unwrap().is_file());
}
