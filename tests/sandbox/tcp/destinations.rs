//! Hosts and ports of a grant: tools are connected to them, and to nothing else.

use serde_json::{Value, json};

use super::{Echo, declare};
use crate::support::call::{LOOPBACK, refused, row, worked};
use crate::support::{Host, Scratch, cofferdam, content_of, dns, guest};

#[test]
fn a_granted_host_is_connected_to() {
    let (scratch, echo) = (Scratch::new(), Echo::start());
    let dns = dns(&[("a.test", &["127.0.0.1"]), ("b.a.test", &["127.0.0.1"])]);
    let check = |declared: &str, offered: &str, host: &str| {
        let before = echo.connections();
        let (offer, to) = (
            format!("{offered}:{}", echo.port),
            format!("{host}:{}", echo.port),
        );
        let flags = ["--tcp", &offer, LOOPBACK[0], LOOPBACK[1]];
        let receipt = row(
            "tcp_fetch",
            declare(declared, echo.port),
            &flags,
            &[&to, "hello"],
        )
        .run(&scratch, &dns);
        worked(&receipt, "hello");
        assert_eq!(receipt["hosts"], json!({ to: 1 }), "{receipt}");
        assert_eq!(receipt["refusals"], json!([]));
        assert_eq!(echo.connections(), before + 1);
    };
    check("a.test", "a.test", "a.test");
    check("*.a.test", "*", "b.a.test");
    check("a.test", "*.test", "a.test");
    // An address that is declared as such needs no name.
    check("127.0.0.1", "127.0.0.1", "127.0.0.1");
}

#[test]
fn nothing_else_is_connected_to_and_nobody_listens() {
    let (scratch, echo, other) = (Scratch::new(), Echo::start(), Echo::start());
    let dns = dns(&[("a.test", &["127.0.0.1"]), ("b.test", &["127.0.0.1"])]);
    let (port, offer) = (echo.port, format!("a.test:{}", echo.port));
    let flags = [
        "--tcp",
        &offer,
        LOOPBACK[0],
        LOOPBACK[1],
        "--limit",
        "tcp-connections=16",
    ];
    let tries = [
        // Not before its name was looked up: the grant is for the name.
        format!("127.0.0.1:{port}"),
        format!("a.test:{}", other.port),
        format!("127.0.0.1:{}", other.port),
        format!("b.test:{port}"),
        format!("[::ffff:127.0.0.1]:{}", other.port),
        format!("localhost:{port}"),
    ];
    let args: Vec<_> = tries.iter().map(String::as_str).collect();
    let receipt = row("tcp_connect", declare("a.test", port), &flags, &args).run(&scratch, &dns);
    refused(
        &receipt,
        "bind: access-denied",
        &format!("tcp 127.0.0.1:{port}: neither granted"),
    );
    for said in [
        "listen: access-denied",
        "serve: Permission denied",
        "datagram: Permission denied",
    ] {
        refused(
            &receipt,
            said,
            &format!("tcp 127.0.0.1:{}: neither granted", other.port),
        );
    }
    refused(&receipt, "", "tcp b.test: the host is not granted");
    refused(&receipt, "", "tcp localhost: the host is not granted");
    refused(&receipt, "", "tcp: no tool listens");
    refused(
        &receipt,
        "",
        "tcp: no tool chooses where its connections come from",
    );
    refused(&receipt, "", "udp: no tool gets it");
    assert_eq!(receipt["hosts"], json!({}));
    assert_eq!((echo.connections(), other.connections()), (0, 0));
}

#[test]
fn what_is_not_declared_and_offered_is_not_connected_to() {
    let (scratch, echo) = (Scratch::new(), Echo::start());
    let dns = dns(&[("a.test", &["127.0.0.1"])]);
    let port = echo.port;
    let to = format!("a.test:{port}");
    let check = |manifest: &str, offered: &[&str], refusal: &str| {
        let flags = [offered, &LOOPBACK].concat();
        let receipt = row("tcp_fetch", manifest, &flags, &[&to, "hello"]).run(&scratch, &dns);
        refused(&receipt, "", refusal);
        let receipt = row(
            "tcp_connect",
            manifest,
            &flags,
            &[&to, &format!("127.0.0.1:{port}")],
        )
        .run(&scratch, &dns);
        refused(&receipt, "", "udp: no tool gets it");
        refused(&receipt, "", "tcp: no host is granted");
    };
    check("", &["--tcp", &to], "tcp a.test: the host is not granted");
    check(
        &declare("a.test", port),
        &[],
        "tcp a.test: the host is not granted",
    );
    check(
        &declare("a.test", port),
        &["--tcp", "a.test:1"],
        "tcp a.test: the host is not granted",
    );
    check(
        &declare("a.test", port),
        &["--tcp", &format!("b.test:{port}")],
        "tcp a.test: the host is not granted",
    );
    check(
        &declare("*.a.test", port),
        &["--tcp", &to],
        "tcp a.test: the host is not granted",
    );
    // What is granted over HTTP is not granted over TCP.
    let http = format!("[[http]]\nhost = \"a.test\"\nports = [{port}]\nreason = \"r\"\n");
    check(
        &http,
        &["--http", "a.test"],
        "tcp a.test: the host is not granted",
    );
    assert_eq!(echo.connections(), 0);

    let flags = ["--tcp", &*to, "--tcp", "c.test:1", LOOPBACK[0], LOOPBACK[1]];
    let manifest = format!("{}{}", declare("a.test", port), declare("d.test", 5));
    let told = row("tcp_fetch", manifest, &flags, &[&to, "hello"])
        .ran(&scratch, &dns, &[])
        .exits(0)
        .stderr;
    assert!(
        told.contains("its manifest does not declare TCP to c.test:1"),
        "{told}"
    );
    assert!(
        told.contains("its manifest declares TCP to d.test, which nobody offers"),
        "{told}"
    );
}

#[test]
fn a_name_that_leads_inside_is_refused() {
    let (scratch, echo) = (Scratch::new(), Echo::start());
    let port = echo.port;
    let check = |addresses: &[&str], flags: &[&str], what: &str| {
        let dns = dns(&[("in.test", addresses)]);
        let to = format!("in.test:{port}");
        let flags = [&["--tcp", &to], flags].concat();
        let receipt = row(
            "tcp_fetch",
            declare("in.test", port),
            &flags,
            &[&to, "hello"],
        )
        .run(&scratch, &dns);
        refused(&receipt, "", &format!("tcp in.test: it resolves to {what}"));
        assert_eq!(receipt["hosts"], json!({}), "{addresses:?}");
    };
    check(&["127.0.0.1"], &[], "127.0.0.1, which is loopback");
    check(
        &["169.254.169.254"],
        &[],
        "169.254.169.254, which is link-local",
    );
    check(&["::ffff:127.0.0.1"], &[], "127.0.0.1, which is loopback");
    check(
        &["127.0.0.1", "169.254.169.254"],
        &LOOPBACK,
        "169.254.169.254",
    );
    check(&["127.0.0.1", "fd00:ec2::254"], &LOOPBACK, "fd00:ec2::254");
    let (dns, to) = (dns(&[]), format!("127.0.0.1:{port}"));
    let literal = row(
        "tcp_fetch",
        declare("127.0.0.1", port),
        &["--tcp", &to],
        &[&to, "hello"],
    )
    .run(&scratch, &dns);
    refused(
        &literal,
        "Permission denied",
        &format!("tcp 127.0.0.1:{port}: it is 127.0.0.1, which is loopback"),
    );
    assert_eq!(echo.connections(), 0);
    let to = format!("no.test:{port}");
    let nowhere = row(
        "tcp_fetch",
        declare("no.test", port),
        &["--tcp", &to],
        &[&to, "hello"],
    )
    .run(&scratch, &dns);
    assert_eq!(
        (&nowhere["outcome"]["name"], &nowhere["refusals"]),
        (&json!("guest-error"), &json!([])),
        "{nowhere}"
    );
}

#[test]
fn an_agents_tool_is_connected_to_what_it_was_granted() {
    let (scratch, echo, other) = (Scratch::new(), Echo::start(), Echo::start());
    let dns = dns(&[("a.test", &["127.0.0.1"])]);
    let head = "schema = 1\n[tool]\nname = \"talk\"\nversion = \"1\"\nsummary = \"s\"\n";
    let ports = format!("ports = [{}, {}]", echo.port, other.port);
    let row = format!("[[tcp]]\nhost = \"a.test\"\n{ports}\nreason = \"r\"\n");
    let capabilities = scratch.file("capabilities.toml", format!("{head}{row}"));
    let out = scratch.path().join("out");
    let build = [
        "tool".into(),
        "build".into(),
        guest("tcp_fetch").into_os_string(),
        "--capabilities".into(),
    ];
    let build = build.into_iter().chain([
        capabilities.into(),
        "--out".into(),
        out.clone().into_os_string(),
    ]);
    cofferdam(&scratch, build).run().exits(0);
    let bin = out.join("talk.wasm");
    let file = scratch.file(
        "Agentfile",
        format!(
            "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN talk {}\n",
            bin.display()
        ),
    );
    let network = format!(
        "[network]\naddresses = [\"127.0.0.1/32\"]\nnameservers = [\"{}\"]\n",
        dns.address
    );
    let grant = format!(
        "[[grant]]\nagent = \"a\"\ntool = \"talk\"\ntcp = [\"a.test:{}\"]\n",
        echo.port
    );
    scratch.file("data/cofferdam.toml", format!("{network}{grant}"));
    let shown = cofferdam(&scratch, ["config", "show"])
        .run()
        .exits(0)
        .stdout;
    assert!(
        shown.contains("grant.a.talk.tcp") && shown.contains(&format!("a.test:{}", echo.port)),
        "{shown}"
    );
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let ask =
        |port: u16| -> Vec<Value> { host.chat("a", &format!("run talk a.test:{port} hello")) };
    assert_eq!(content_of(&ask(echo.port), "tool.result"), "hello");
    let refused = content_of(&ask(other.port), "tool.result");
    assert!(refused.contains("Permission denied"), "{refused}");
    assert_eq!((echo.connections(), other.connections()), (1, 0));
}
