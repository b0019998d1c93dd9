//! What tools are connected to over TCP, and what they are not. The nameserver and the servers are
//! real, on loopback; what counts is who was connected to, and what the receipt says.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use cofferdam_selftest::SECRET;
use serde_json::{Value, json};

use crate::support::call::{LOOPBACK, refused, row, worked};
use crate::support::{Host, Scratch, cofferdam, content_of, dns, guest};

/// How long a server waits for a client that says nothing more.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that sends back what it reads; it ends with the test process.
struct Echo {
    port: u16,
    connections: Arc<AtomicUsize>,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Echo {
    fn start() -> Self {
        Self::serve(|client, said| client.write_all(said).expect("the client reads"))
    }

    /// One that takes what it is sent, says nothing and stays until the client goes.
    fn silent() -> Self {
        Self::serve(|client, _| {
            client.read_to_end(&mut Vec::new()).ok();
            thread::park_timeout(PATIENCE);
        })
    }

    fn serve(answer: fn(&mut std::net::TcpStream, &[u8])) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let connections = Arc::new(AtomicUsize::new(0));
        let heard = Arc::new(Mutex::default());
        let echo = Self {
            port,
            connections: Arc::clone(&connections),
            heard: Arc::clone(&heard),
        };
        thread::spawn(move || {
            for mut client in listener.incoming().map_while(Result::ok) {
                connections.fetch_add(1, Ordering::SeqCst);
                client.set_read_timeout(Some(PATIENCE)).expect("a socket");
                let heard = Arc::clone(&heard);
                thread::spawn(move || {
                    let mut said = Vec::new();
                    if client.read_to_end(&mut said).is_ok() {
                        heard
                            .lock()
                            .expect("no other thread panics")
                            .push(said.clone());
                        answer(&mut client, &said);
                    }
                });
            }
        });
        echo
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// What each client said.
    fn heard(&self) -> Vec<Vec<u8>> {
        self.heard.lock().expect("no other thread panics").clone()
    }
}

/// A row of a manifest that declares one host at one port.
fn declare(host: &str, port: u16) -> String {
    format!("[[tcp]]\nhost = \"{host}\"\nports = [{port}]\nreason = \"to try\"\n")
}

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
