//! Rows of manifests: those that are refused, those with a secret beside them, and what a reviewer
//! reads of them.

use cofferdam_selftest::SECRET;
use serde_json::json;

use super::{Echo, declare};
use crate::support::call::{LOOPBACK, row};
use crate::support::{Scratch, cofferdam, dns, guest};

#[test]
fn rows_that_say_nothing_safe_are_refused() {
    let (scratch, dns) = (Scratch::new(), dns(&[]));
    let check = |manifest: &str, parts: &[&str]| {
        row("tcp_fetch", manifest, &[], &[])
            .ran(&scratch, &dns, &[])
            .exits(2)
            .complains(parts);
    };
    let tcp = |rest: &str| format!("[[tcp]]\nhost = \"a.test\"\nreason = \"r\"\n{rest}");
    check(&tcp(""), &["missing key `ports`"]);
    check(&tcp("ports = []\n"), &["`ports` has 0 ports", "1 to 16"]);
    check(
        &tcp(&format!("ports = {:?}\n", (1..18).collect::<Vec<_>>())),
        &["`ports` has 17 ports", "1 to 16"],
    );
    check(&tcp("ports = [0]\n"), &["`ports`", "0"]);
    check(
        "[[tcp]]\nhost = \"*\"\nports = [1]\nreason = \"r\"\n",
        &["[[tcp]] `host = \"*\"`", "name the hosts"],
    );
    check(
        "[[tcp]]\nhost = \"a.test:1\"\nports = [1]\nreason = \"r\"\n",
        &["`host`", "a.test:1"],
    );
    check(
        "[[tcp]]\nhost = \"a.test\"\nports = [1]\n",
        &["missing key `reason`"],
    );
    let ran = row("tcp_fetch", declare("a.test", 1), &["--tcp", "a.test"], &[])
        .ran(&scratch, &dns, &[])
        .exits(2);
    assert!(ran.stderr.contains("names no port"), "{}", ran.stderr);
}

#[test]
fn no_secret_goes_over_tcp() {
    let (scratch, echo) = (Scratch::new(), Echo::start());
    let dns = dns(&[("a.test", &["127.0.0.1"])]);
    let (port, to) = (echo.port, format!("a.test:{}", echo.port));
    let inject = "inject = { header = \"Authorization\", format = \"Bearer {}\" }";
    let secret =
        format!("[[secret]]\nname = \"token\"\n{inject}\nhost = \"a.test\"\nreason = \"r\"\n");
    // By a grant over TCP alone it goes nowhere.
    let alone =
        row("tcp_fetch", declare("a.test", port) + &secret, &[], &[]).ran(&scratch, &dns, &[]);
    alone
        .exits(2)
        .complains(&["`host = \"a.test\"`", "[[http]]"]);
    // To the host that it is for, in what is HTTP to that host.
    let http = format!("[[http]]\nhost = \"a.test\"\nports = [{port}]\nreason = \"r\"\n");
    let file = format!("token={}", scratch.file("token", SECRET).display());
    let flags = [
        "--tcp",
        &to,
        "--http",
        &to,
        "--secret",
        &file,
        LOOPBACK[0],
        LOOPBACK[1],
    ];
    let sent = "GET / HTTP/1.1\r\nhost: a.test\r\nauthorization: Bearer {}\r\n\r\n";
    let receipt = row(
        "tcp_fetch",
        declare("a.test", port) + &http + &secret,
        &flags,
        &[&to, sent],
    )
    .run(&scratch, &dns);
    assert_eq!(
        (&receipt["outcome"]["name"], &receipt["stdout"]),
        (&json!("ok"), &json!(sent)),
        "{receipt}"
    );
    assert_eq!(echo.heard(), [sent.as_bytes()]);
}

#[test]
fn a_reviewer_sees_what_is_declared_and_what_stays_denied() {
    let scratch = Scratch::new();
    let inspect = |manifest: &str| {
        let head = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";
        let capabilities = scratch
            .file("capabilities.toml", format!("{head}{manifest}"))
            .into_os_string();
        let args = [
            "tool".into(),
            "inspect".into(),
            guest("tcp_connect").into_os_string(),
            "--capabilities".into(),
        ];
        cofferdam(&scratch, args.into_iter().chain([capabilities]))
            .run()
            .exits(0)
            .stdout
    };
    let denied = |shown: &str| {
        let after = shown.split_once("of these denied").expect("something is").1;
        after
            .split_once("exports")
            .expect("it exports")
            .0
            .to_owned()
    };
    let shown = inspect(&declare("*.db.test", 5432));
    assert!(
        shown.contains("*.db.test port 5432") && shown.contains("to try"),
        "{shown}"
    );
    assert!(
        denied(&shown).contains("wasi:sockets/udp@")
            && !denied(&shown).contains("wasi:sockets/tcp@"),
        "{shown}"
    );
    assert!(denied(&inspect("")).contains("wasi:sockets/tcp@"));
}
