//! Names of the data directory that lead to things of another kind: a file for a directory, a pipe
//! for a file.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::{agentfile, agents, nothing, tree};
use crate::support::{Host, Scratch, cofferdam};

/// Replaces what lies at `path` by a file.
fn file(path: &Path) {
    std::fs::remove_dir_all(path).unwrap();
    std::fs::write(path, "").unwrap();
}

fn pipe(path: &Path) {
    std::fs::remove_file(path).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(path)
            .status()
            .unwrap()
            .success()
    );
}

/// A data directory with an agent of each name, whose host has ended, and their trees in the same
/// order.
fn with_agents(scratch: &Scratch, names: [&str; 2]) -> [std::path::PathBuf; 2] {
    names.map(|name| {
        nothing(scratch, &format!("{name}/one.wasm"));
        let file = agentfile(scratch, name, "BIN one ./one.wasm")
            .display()
            .to_string();
        let before: Vec<_> = trees(scratch);
        assert_eq!(
            Host::start(scratch, ["--agentfile", &file]).terminate(),
            Some(0)
        );
        trees(scratch)
            .into_iter()
            .find(|tree| !before.contains(tree))
            .unwrap()
    })
}

fn trees(scratch: &Scratch) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(scratch.data().join("agents")) else {
        return Vec::new();
    };
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The states of the agents, by name.
fn states(scratch: &Scratch) -> Vec<(String, String)> {
    agents(scratch)
        .into_iter()
        .map(|(name, state, _)| (name, state))
        .collect()
}

#[test]
fn a_damaged_tree_keeps_no_other_agent_from_starting() {
    let damages: [&dyn Fn(&Path); 5] = [
        &|tree| file(&tree.join("workspace")),
        &|tree| pipe(&tree.join("etc/Agentfile")),
        &|tree| pipe(&tree.join("usr/bin/one")),
        &|tree| std::fs::write(tree.join("etc/Agentfile"), "FORM scratch").unwrap(),
        &|tree| file(tree),
    ];
    for damage in damages {
        let scratch = Scratch::new();
        let [a, _] = with_agents(&scratch, ["a", "b"]);
        damage(&a);
        let host = Host::start::<&str>(&scratch, []);
        let expected = [("a", "failed"), ("b", "ready")]
            .map(|(name, state)| (name.to_owned(), state.to_owned()));
        assert_eq!(states(&scratch), expected);
        cofferdam(&scratch, ["chat", "b", "run one"]).run().exits(0);
        cofferdam(&scratch, ["tool", "inspect", "--agent", "b"])
            .run()
            .exits(0);
        assert_eq!(host.terminate(), Some(0));
    }
}

#[test]
fn the_cache_is_made_anew_whatever_stands_in_its_place() {
    let scratch = Scratch::with_own_cache();
    nothing(&scratch, "one.wasm");
    let run = || cofferdam(&scratch, ["tool", "run", "one.wasm"]).run();
    run().exits(0);
    let cache = scratch.data().join("cache");
    file(&cache);
    run().exits(0);
    std::fs::remove_dir_all(&cache).unwrap();
    let elsewhere = scratch.directory("elsewhere");
    symlink(&elsewhere, &cache).unwrap();
    run().exits(0);
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
    std::fs::set_permissions(&cache, PermissionsExt::from_mode(0o755)).unwrap();
    run().exits(0);
    assert_eq!(
        cache.metadata().unwrap().permissions().mode() & 0o777,
        0o700
    );
    for entry in std::fs::read_dir(&cache)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if entry.extension().is_some() {
            std::fs::remove_file(&entry).unwrap();
            std::fs::create_dir_all(entry.join("inner")).unwrap();
        }
    }
    run().exits(0);
    run().exits(0);
}

#[test]
fn other_directories_are_named_with_the_way_back() {
    for name in ["scratch", "descriptors"] {
        let scratch = Scratch::new();
        nothing(&scratch, "one.wasm");
        let run = || cofferdam(&scratch, ["tool", "run", "one.wasm"]).run();
        run().exits(0);
        let path = scratch.data().join(name);
        file(&path);
        run().exits(1).complains(&[
            &path.display().to_string(),
            "is not a directory: move it away",
        ]);
        std::fs::remove_file(&path).unwrap();
        symlink(scratch.directory("elsewhere"), &path).unwrap();
        run().exits(1).complains(&[
            &path.display().to_string(),
            "is not a directory: move it away",
        ]);
        std::fs::remove_file(&path).unwrap();
        run().exits(0);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o777)).unwrap();
        run().exits(0);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_refused() {
    let scratch = Scratch::new();
    let place = scratch.file("data/cofferdam.toml", "");
    let show = || cofferdam(&scratch, ["config", "show"]).run();
    show().exits(0);
    pipe(&place);
    show()
        .exits(2)
        .complains(&["cofferdam.toml", "it is not a regular file"]);
    // A ceiling that lies where nothing is mounted yet is no reason to go on without it.
    std::fs::remove_file(&place).unwrap();
    for target in ["nowhere.toml", "cofferdam.toml"] {
        symlink(target, &place).unwrap();
        show().exits(2).complains(&["cofferdam.toml"]);
        std::fs::remove_file(&place).unwrap();
    }
}

#[test]
fn a_limit_of_the_system_on_file_sizes_ends_a_write_and_not_the_host() {
    let scratch = Scratch::new();
    let component = crate::support::components::built(
        &scratch,
        "fill",
        "fs_fill",
        &crate::support::components::directory("/workspace", "read-write"),
    );
    let work = format!("{}:/workspace:rw", scratch.directory("work").display());
    let ran = std::process::Command::new("prlimit")
        .arg(format!("--fsize={}", 20 << 20))
        .arg(crate::support::binary())
        .args(["tool", "run", "--receipt", "--dir", &work])
        .arg(component)
        .envs(scratch.variables())
        .output()
        .expect("prlimit is installed");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{}: {said}", ran.status);
    assert!(said.contains("after 20 MiB"), "{said}");
}

#[test]
fn a_pipe_for_the_database_is_refused() {
    let scratch = Scratch::new();
    nothing(&scratch, "a/one.wasm");
    let agentfile = agentfile(&scratch, "a", "BIN one ./one.wasm")
        .display()
        .to_string();
    assert_eq!(
        Host::start(&scratch, ["--agentfile", &agentfile]).terminate(),
        Some(0)
    );
    assert!(tree(&scratch.data()).is_dir());
    pipe(&scratch.data().join("cofferdam.db"));
    let ran = cofferdam(&scratch, ["serve", "--listen", "127.0.0.1:0"])
        .run()
        .exits(1);
    ran.complains(&["cofferdam.db is damaged", "regular file", "backup"]);
    // Nor does a reviewer wait for it, who reads it without a host.
    cofferdam(&scratch, ["tool", "inspect", "--agent", "a"])
        .run()
        .exits(2)
        .complains(&["cofferdam.db is damaged", "regular file"]);
}
