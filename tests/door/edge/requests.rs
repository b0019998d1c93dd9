//! Requests that do not come to their end.

use super::{Waiting, agentfile};
use crate::support::{Host, Scratch, content_of};

#[test]
fn bytes_of_unfinished_requests_are_bounded_over_all_clients() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "a", "builtin/commands", &["echo"]);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    // Fifteen times 11 MiB: the host has room for eleven of them.
    let mut unfinished = Waiting::start(&scratch, &host, &["unfinished", "15", "11"]);
    let refused = unfinished.says();
    assert_eq!(refused[0], "RESOURCE_EXHAUSTED", "{refused}");
    assert!(
        refused[1]
            .as_str()
            .expect("a sentence")
            .contains("as many bytes of requests as it may"),
        "{refused}"
    );
    // Its client goes, and there is room again.
    let codes = unfinished.goes_on();
    assert!(
        codes
            .as_array()
            .expect("a list")
            .iter()
            .any(|code| code == "CANCELLED"),
        "{codes}"
    );
    assert_eq!(
        content_of(&host.chat("a", "run echo here"), "tool.result"),
        "here\n"
    );
}
