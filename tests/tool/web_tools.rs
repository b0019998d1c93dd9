//! The tools that speak HTTP, against a nameserver and a web server on loopback: what was granted
//! works, what was not is told in a sentence and never sent.

use crate::support::{Ran, Scratch, cofferdam, dns, tool, web};
use cofferdam_selftest::{Dns, Reply, Web};

/// Where the tests' names lead.
const HERE: &[&str] = &["127.0.0.1"];

/// A server, the names that lead to it, and a workspace.
struct Net {
    scratch: Scratch,
    dns: Dns,
    web: Web,
}

impl Net {
    fn new() -> Self {
        let text = |body: &str| Reply::Full("200 OK\r\ncontent-type: text/plain", body.to_owned());
        let web = web(&[
            ("/", text("hello\n")),
            ("/echo", Reply::Echo),
            ("/gone", Reply::Full("404 Not Found", "gone\n".to_owned())),
            (
                "/moved",
                Reply::Full("302 Found\r\nlocation: /", String::new()),
            ),
            (
                "/loop",
                Reply::Full("302 Found\r\nlocation: /loop", String::new()),
            ),
            (
                "/away",
                Reply::Full("302 Found\r\nlocation: http://other.test/", String::new()),
            ),
            (
                "/file",
                Reply::Full("302 Found\r\nlocation: file:///etc/passwd", String::new()),
            ),
            ("/endless", Reply::Endless),
            ("/hold", Reply::Hold),
        ]);
        let dns = dns(&[
            ("a.test", HERE),
            ("b.test", HERE),
            ("other.test", HERE),
            ("in.test", &["10.0.0.1"]),
        ]);
        Self {
            scratch: Scratch::new(),
            dns,
            web,
        }
    }

    /// Runs a tool with `a.test` and `b.test` granted; `PORT` in arguments is the server's.
    fn run(&self, name: &str, args: &[&str]) -> Ran {
        let port = self.web.port();
        let workspace = self.scratch.directory("workspace");
        let mut words = vec![
            "tool".to_owned(),
            "run".to_owned(),
            tool(name).display().to_string(),
        ];
        let granted = [
            format!("a.test:{port}"),
            format!("b.test:{port}"),
            format!("in.test:{port}"),
        ];
        words.extend(
            granted
                .into_iter()
                .flat_map(|host| ["--http".to_owned(), host]),
        );
        words.extend(
            [
                "--allow-address",
                "127.0.0.1/32",
                "--nameserver",
                &self.dns.address.to_string(),
            ]
            .map(str::to_owned),
        );
        words.extend([
            "--dir".to_owned(),
            format!("{}:/workspace", workspace.display()),
            "--".to_owned(),
        ]);
        words.extend(
            args.iter()
                .map(|arg| arg.replace("PORT", &port.to_string())),
        );
        cofferdam(&self.scratch, words).run()
    }

    fn left(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.scratch.directory("workspace").join(name)).ok()
    }
}

/// It failed, and one line on standard error holds all of `parts`.
#[track_caller]
fn says(ran: Ran, parts: &[&str]) {
    let ran = ran.exits(1);
    let found = ran
        .stderr
        .lines()
        .any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(found, "{parts:?}: {}", ran.stderr);
}

#[test]
fn curl_reaches_what_was_granted() {
    let net = Net::new();
    assert_eq!(
        net.run("curl", &["-s", "http://a.test:PORT/"])
            .exits(0)
            .stdout,
        "hello\n"
    );
    assert_eq!(
        net.run("curl", &["-sL", "http://b.test:PORT/moved"])
            .exits(0)
            .stdout,
        "hello\n"
    );
    let posted = net
        .run(
            "curl",
            &[
                "-s",
                "-H",
                "X-Id: 7",
                "--json",
                "{\"a\":1}",
                "http://a.test:PORT/echo",
            ],
        )
        .exits(0);
    for line in [
        "POST /echo HTTP/1.1",
        "x-id: 7",
        "content-type: application/json",
        "content-length: 7",
    ] {
        assert!(posted.stdout.contains(line), "`{line}`: {}", posted.stdout);
    }
    let form = net
        .run(
            "curl",
            &[
                "-sG",
                "--data-urlencode",
                "q=a b&c",
                "-d",
                "x=1",
                "http://a.test:PORT/echo",
            ],
        )
        .exits(0);
    assert!(
        form.stdout.starts_with("GET /echo?q=a+b%26c&x=1 HTTP/1.1"),
        "{}",
        form.stdout
    );
    net.run(
        "curl",
        &[
            "-s",
            "-o",
            "page",
            "-w",
            "%{http_code}",
            "http://a.test:PORT/gone",
        ],
    )
    .exits(0);
    assert_eq!(net.left("page").as_deref(), Some("gone\n"));
}

#[test]
fn curl_says_what_was_not_granted() {
    let net = Net::new();
    let only = "is not granted to this tool: only the operator can grant other.test";
    says(
        net.run("curl", &["http://other.test:PORT/"]),
        &["curl: (7) GET http://other.test", only],
    );
    says(
        net.run("curl", &["-d", "x", "http://other.test:PORT/"]),
        &["POST http://other.test", only],
    );
    // Also where a server sends it there.
    says(
        net.run("curl", &["-L", "http://a.test:PORT/away"]),
        &["GET http://other.test", only],
    );
    says(
        net.run("curl", &["-L", "http://a.test:PORT/file"]),
        &["file:///etc/passwd", "cannot be followed"],
    );
    says(
        net.run("curl", &["-L", "http://a.test:PORT/loop"]),
        &["more than 10 redirects"],
    );
    says(
        net.run("curl", &["http://in.test:PORT/"]),
        &["in.test leads to an address inside a private network"],
    );
    says(
        net.run("curl", &["http://none.test/"]),
        &["none.test", "not granted"],
    );
    says(
        net.run("curl", &["http://user:word@a.test:PORT/"]),
        &["the operator gives a secret"],
    );
    assert!(
        net.web
            .heads()
            .iter()
            .all(|head| !head.contains("other.test")),
        "{:?}",
        net.web.heads()
    );
}

#[test]
fn what_was_for_one_host_is_not_sent_to_the_next() {
    let net = Net::new();
    let second = web(&[("/", Reply::Echo)]);
    let target = format!("302 Found\r\nlocation: http://b.test:{}/", second.port());
    let first = web(&[("/", Reply::Full(target.leak(), String::new()))]);
    let url = format!("http://a.test:{}/", first.port());
    let args = [
        "tool",
        "run",
        tool("curl").to_str().unwrap(),
        "--http",
        &format!("a.test:{}", first.port()),
    ]
    .into_iter()
    .chain([
        "--http",
        &format!("b.test:{}", second.port()),
        "--allow-address",
        "127.0.0.1/32",
        "--nameserver",
    ])
    .chain([
        net.dns.address.to_string().as_str(),
        "--",
        "-sL",
        "-H",
        "Authorization: mine",
        "-b",
        "c=1",
        &url,
    ])
    .map(str::to_owned)
    .collect::<Vec<_>>();
    let ran = cofferdam(&net.scratch, args).run().exits(0);
    assert!(ran.stdout.starts_with("GET / HTTP/1.1"), "{}", ran.stdout);
    assert!(
        !ran.stdout.contains("mine") && !ran.stdout.contains("c=1"),
        "{}",
        ran.stdout
    );
    let head = first.heads().concat();
    assert!(
        head.contains("authorization: mine") && head.contains("cookie: c=1"),
        "{head}"
    );
}

#[test]
fn responses_end_at_their_limits() {
    let net = Net::new();
    says(
        net.run(
            "curl",
            &["-s", "-S", "-o", "big", "http://a.test:PORT/endless"],
        ),
        &["the response was cut", "exceeds limit: 10485760 bytes"],
    );
    says(
        net.run("wget", &["http://a.test:PORT/endless"]),
        &["the response was cut", "exceeds limit: 10485760 bytes"],
    );
    assert_eq!(net.left("endless"), None, "half a download is none");
    says(
        net.run("curl", &["-m", "0.3", "http://a.test:PORT/hold"]),
        &["(28)", "did not answer in time"],
    );
}

#[test]
fn wget_saves_what_was_granted_and_says_what_was_not() {
    let net = Net::new();
    let saved = net.run("wget", &["http://a.test:PORT/moved"]).exits(0);
    assert!(
        saved.stderr.contains("saved 6 bytes of http://a.test"),
        "{}",
        saved.stderr
    );
    assert_eq!(net.left("moved").as_deref(), Some("hello\n"));
    net.run("wget", &["-q", "http://a.test:PORT/moved"])
        .exits(0);
    assert_eq!(net.left("moved.1").as_deref(), Some("hello\n"));
    assert_eq!(
        net.run("wget", &["-qO-", "http://b.test:PORT/"])
            .exits(0)
            .stdout,
        "hello\n"
    );
    says(
        net.run("wget", &["http://a.test:PORT/gone"]),
        &["server returned 404 Not Found"],
    );
    assert_eq!(net.left("gone"), None);
    says(
        net.run("wget", &["http://other.test:PORT/x"]),
        &["wget: GET http://other.test", "only the operator can grant"],
    );
    assert_eq!(net.left("x"), None);
}

#[test]
fn ping_asks_over_http() {
    let net = Net::new();
    let ran = net
        .run("ping", &["-c", "2", "http://a.test:PORT/"])
        .exits(0);
    assert!(
        ran.stdout.contains("HEAD, not ICMP") && ran.stdout.contains("2 requests, 2 answered"),
        "{}",
        ran.stdout
    );
    assert!(
        net.web
            .heads()
            .iter()
            .all(|head| head.starts_with("HEAD / ")),
        "{:?}",
        net.web.heads()
    );
    says(
        net.run("ping", &["http://other.test:PORT/"]),
        &["ping: HEAD http://other.test", "is not granted"],
    );
}

#[test]
fn jina_asks_its_reader_with_the_key_of_the_operator() {
    let scratch = Scratch::new();
    let web = web(&[
        (
            "/https://example.com/long",
            Reply::Full("200 OK", "x".repeat(300 << 10)),
        ),
        ("/", Reply::Echo),
    ]);
    let dns = dns(&[("r.jina.ai", HERE)]);
    // The manifest as it ships, with the port of this server.
    let shipped =
        std::fs::read_to_string(crate::support::checkout().join("tools/jina/capabilities.toml"))
            .unwrap();
    let methods = "methods = [\"GET\"]\n";
    assert!(shipped.contains(methods));
    let manifest = shipped.replace(methods, &format!("{methods}ports = [{}]\n", web.port()));
    let manifest = scratch.file("capabilities.toml", manifest);
    let secret = format!(
        "jina-api-key={}",
        scratch.file("key", "jina_0123456789").display()
    );
    let run = |page: &str| {
        let reader = format!("http://r.jina.ai:{}", web.port());
        let args = [
            "tool",
            "run",
            tool("jina").to_str().unwrap(),
            "--capabilities",
            manifest.to_str().unwrap(),
        ]
        .into_iter()
        .chain([
            "--http",
            "r.jina.ai",
            "--secret",
            &secret,
            "--allow-address",
            "127.0.0.1/32",
            "--nameserver",
        ])
        .chain([
            dns.address.to_string().as_str(),
            "--",
            "--reader",
            &reader,
            page,
        ])
        .map(str::to_owned)
        .collect::<Vec<_>>();
        cofferdam(&scratch, args).run()
    };
    let ran = run("https://example.com/a?b=c#d").exits(0);
    assert!(
        ran.stdout
            .starts_with("GET /https://example.com/a?b=c HTTP/1.1"),
        "{}",
        ran.stdout
    );
    // The server has got it, and the tool's output does not show it.
    assert!(
        web.heads()
            .concat()
            .contains("authorization: Bearer jina_0123456789"),
        "{:?}",
        web.heads()
    );
    assert!(
        ran.stdout
            .contains("authorization: Bearer [redacted:jina-api-key]"),
        "{}",
        ran.stdout
    );
    let ran = run("https://example.com/long").exits(0);
    assert_eq!(ran.stdout.len(), 256 << 10);
    assert!(ran.stderr.contains("cut after 256 KiB"), "{}", ran.stderr);
}
