//! Limits of sockets, lookups and time.

use serde_json::json;

use super::{Echo, declare};
use crate::support::call::{LOOPBACK, refused, row};
use crate::support::{Scratch, dns};

#[test]
fn sockets_and_lookups_are_counted() {
    let (scratch, echo) = (Scratch::new(), Echo::start());
    let dns = dns(&[("a.test", &["127.0.0.1"])]);
    let to = format!("a.test:{}", echo.port);
    let flags = ["--tcp", &*to, LOOPBACK[0], LOOPBACK[1]];
    let check = |given: &[&str], most: usize| {
        let flags = [&flags, given].concat();
        let receipt =
            row("tcp_many", declare("a.test", echo.port), &flags, &[&to]).run(&scratch, &dns);
        refused(
            &receipt,
            "lookup: ",
            &format!("lookups of tcp-connections: 1 refused beyond {most}"),
        );
        refused(
            &receipt,
            "socket: ",
            &format!("tcp-connections: 1 refused beyond {most}"),
        );
        assert_eq!(
            receipt["stdout"],
            format!("lookups: {most}\nsockets: {most}\n")
        );
        assert_eq!(receipt["hosts"], json!({ to.clone(): most }));
    };
    check(&[], 4);
    check(&["--limit", "tcp-connections=7"], 7);
}

#[test]
fn a_server_that_says_nothing_is_left_at_the_deadline() {
    let (scratch, silent) = (Scratch::new(), Echo::silent());
    let dns = dns(&[("a.test", &["127.0.0.1"])]);
    let to = format!("a.test:{}", silent.port);
    let flags = ["--tcp", &*to, "--wall", "500ms", LOOPBACK[0], LOOPBACK[1]];
    let receipt = row(
        "tcp_fetch",
        declare("a.test", silent.port),
        &flags,
        &[&to, "hello"],
    )
    .run(&scratch, &dns);
    assert_eq!(receipt["outcome"]["name"], "deadline", "{receipt}");
    assert_eq!(receipt["hosts"], json!({ to: 1 }));
    assert!(
        receipt["wall_us"].as_u64().unwrap() < 2_500_000,
        "{receipt}"
    );
}
