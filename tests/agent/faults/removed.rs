//! A data directory that is removed or replaced under a running host.

use super::{agentfile, agents, nothing, tree};
use crate::support::{Host, Scratch, cofferdam};

fn agent(scratch: &Scratch) -> String {
    nothing(scratch, "a/one.wasm");
    agentfile(scratch, "a", "BIN one ./one.wasm")
        .display()
        .to_string()
}

#[test]
fn a_host_whose_data_directory_goes_says_so_and_ends() {
    for part in [
        "",
        "host.lock",
        "cofferdam.db",
        "cofferdam.db-wal",
        "cofferdam.db-shm",
        "agents",
    ] {
        let scratch = Scratch::new();
        let file = agent(&scratch);
        let mut host = Host::start(&scratch, ["--agentfile", &file]);
        let path = scratch.data().join(part);
        if path.is_dir() {
            std::fs::remove_dir_all(&path).unwrap();
        } else {
            std::fs::remove_file(&path).unwrap();
        }
        let said = host.hears("was removed or replaced while this host ran");
        assert!(said.starts_with("error: "), "{said}");
        assert!(
            said.contains(&path.display().to_string().trim_end_matches('/').to_owned()),
            "{said}"
        );
        assert_eq!(host.ended(), Some(1));
    }
}

#[test]
fn no_turn_is_answered_that_is_stored_nowhere() {
    for part in ["cofferdam.db", "cofferdam.db-wal", "cofferdam.db-shm"] {
        let scratch = Scratch::new();
        let file = agent(&scratch);
        let host = Host::start(&scratch, ["--agentfile", &file]);
        cofferdam(
            &scratch,
            ["chat", "a", "--new", "--session", "kept", "run one"],
        )
        .run()
        .exits(0);
        std::fs::remove_file(scratch.data().join(part)).unwrap();
        // At once, or when the host has ended already.
        let ran = cofferdam(&scratch, ["chat", "a", "run one"]).run();
        assert_eq!(ran.code, Some(1), "{part}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(host.ended(), Some(1));
        if part == "cofferdam.db" {
            continue;
        }
        // What was stored before is in the database: the host has merged the log that it had open.
        let _host = Host::start::<&str>(&scratch, []);
        cofferdam(&scratch, ["sessions", "show", "kept"])
            .run()
            .exits(0);
    }
}

#[test]
fn a_log_of_the_database_that_is_cut_short_ends_the_host() {
    let scratch = Scratch::new();
    let file = agent(&scratch);
    // What is in the database itself is not lost.
    assert_eq!(
        Host::start(&scratch, ["--agentfile", &file]).terminate(),
        Some(0)
    );
    for length in [0, 100] {
        let mut host = Host::start(&scratch, ["--agentfile", &file]);
        cofferdam(&scratch, ["chat", "a", "run one"]).run().exits(0);
        let log = std::fs::File::options()
            .write(true)
            .open(scratch.data().join("cofferdam.db-wal"))
            .unwrap();
        log.set_len(length).unwrap();
        let ran = cofferdam(&scratch, ["chat", "a", "run one"]).run();
        assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
        let said = host.hears("; this host ends");
        assert!(
            said.starts_with("error: ") && said.contains("cofferdam.db-wal was cut short"),
            "{said}"
        );
        assert_eq!(host.ended(), Some(1));
        let host = Host::start(&scratch, ["--agentfile", &file]);
        cofferdam(&scratch, ["chat", "a", "run one"]).run().exits(0);
        assert_eq!(host.terminate(), Some(0));
    }
}

#[test]
fn a_tree_that_goes_concerns_its_agent_alone() {
    let scratch = Scratch::new();
    let file = agent(&scratch);
    assert_eq!(
        Host::start(&scratch, ["--agentfile", &file]).terminate(),
        Some(0)
    );
    let tree = tree(&scratch.data());
    nothing(&scratch, "b/one.wasm");
    let other = agentfile(&scratch, "b", "BIN one ./one.wasm")
        .display()
        .to_string();
    let mut host = Host::start(&scratch, ["--agentfile", &other]);
    let aside = scratch.path().join("aside");
    std::fs::rename(&tree, &aside).unwrap();
    host.hears(&format!(
        "{} was removed or replaced while this host ran",
        tree.display()
    ));
    cofferdam(&scratch, ["chat", "a", "run one"])
        .run()
        .exits(1)
        .complains(&["agent a is not running"]);
    cofferdam(&scratch, ["chat", "b", "run one"]).run().exits(0);
    // Nothing is made in its place, and it runs again when it is back.
    host.hears("it is missing: put it back");
    assert!(!tree.exists());
    std::fs::rename(&aside, &tree).unwrap();
    host.hears("agent a runs again");
    cofferdam(&scratch, ["chat", "a", "run one"]).run().exits(0);
}

#[test]
fn a_socket_that_goes_is_told() {
    let scratch = Scratch::new();
    let file = agent(&scratch);
    let mut host = Host::start(&scratch, ["--agentfile", &file]);
    let socket = scratch.data().join("cofferdam.sock");
    std::fs::remove_file(&socket).unwrap();
    host.hears(&format!(
        "error: {} was removed or replaced",
        socket.display()
    ));
    assert_eq!(host.terminate(), Some(0));
}

#[test]
fn a_host_that_ends_leaves_the_socket_of_a_newer_one() {
    let scratch = Scratch::new();
    let file = agent(&scratch);
    let old = Host::start(&scratch, ["--agentfile", &file]);
    std::fs::rename(scratch.data(), scratch.path().join("moved")).unwrap();
    let _new = Host::start(&scratch, ["--agentfile", &file]);
    let socket = scratch.data().join("cofferdam.sock");
    assert!(socket.exists());
    assert_eq!(old.ended(), Some(1));
    assert!(socket.exists());
    assert_eq!(agents(&scratch)[0].1, "ready");
}
