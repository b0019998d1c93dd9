//! A data directory that is removed or replaced under a running host.

use super::{agentfile, agents, nothing};
use crate::support::{Host, Scratch, cofferdam};

fn agent(scratch: &Scratch) -> String {
    nothing(scratch, "a/one.wasm");
    agentfile(scratch, "a", "BIN one ./one.wasm").display().to_string()
}

#[test]
fn a_host_whose_data_directory_goes_says_so_and_ends() {
    for part in ["", "host.lock", "cofferdam.db"] {
        let scratch = Scratch::new();
        let file = agent(&scratch);
        let mut host = Host::start(&scratch, ["--agentfile", &file]);
        let path = scratch.data().join(part);
        if part.is_empty() {
            std::fs::remove_dir_all(&path).unwrap();
        } else {
            std::fs::remove_file(&path).unwrap();
        }
        let said = host.hears("was removed or replaced while this host ran");
        assert!(said.starts_with("error: "), "{said}");
        assert!(said.contains(&path.display().to_string().trim_end_matches('/').to_owned()), "{said}");
        assert_eq!(host.ended(), Some(1));
    }
}

#[test]
fn no_turn_is_answered_that_is_stored_nowhere() {
    let scratch = Scratch::new();
    let file = agent(&scratch);
    let _host = Host::start(&scratch, ["--agentfile", &file]);
    std::fs::remove_file(scratch.data().join("cofferdam.db")).unwrap();
    // At once, or when the host has ended already.
    let ran = cofferdam(&scratch, ["chat", "a", "run one"]).run();
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
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
