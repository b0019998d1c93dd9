//! Secrets of agents' tools: each profile in a real request to a server on loopback, where values
//! come from, and what happens when they cannot be had.

/// `cofferdam secret` from outside.
mod commands;

/// Servers that refuse a token.
mod refused;

/// Secrets among the other stages of a call.
mod stages;

/// Sources that fail, and those that have nothing.
mod sources;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cofferdam_selftest::{Dns, Reply, Web};
use serde_json::Value;

use crate::support::{Host, Scratch, cofferdam, content_of, dns, guest, web};

/// Secrets of the four profiles, each known by the host that it goes to.
const TOKEN: &str = "bearer/planted+0001";
const KEY: &str = "api-key/planted+0002";
const USER: &str = "planted-user:pass/planted+0003";
const CLIENT: &str = "planted-client:client/planted+0004";

/// The token that the server gives for the last one.
const ISSUED: &str = "issued/planted+0005";

/// A secret that is the name of a host as well.
const NAMED: &str = "planted-name-0009";

/// The manifest of the tool: every name below `test`, a secret for each of four hosts.
fn manifest(port: u16) -> String {
    format!(
        r#"schema = 1
[tool]
name = "fetch"
version = "1"
summary = "s"
[[http]]
host = "*.test"
ports = [{port}]
reason = "r"
[[http]]
host = "oauth.test"
ports = [{port}]
paths = ["/named"]
idempotency-header = "Idempotency-Key"
reason = "r"
[[secret]]
name = "token"
host = "bearer.test"
reason = "r"
[[secret]]
name = "key"
host = "key.test"
reason = "r"
auth = {{ profile = "api-key", header = "X-Api-Key" }}
[[secret]]
name = "user"
host = "basic.test"
reason = "r"
auth = {{ profile = "basic" }}
[[secret]]
name = "client"
host = "oauth.test"
reason = "r"
[secret.auth]
profile = "oauth2-client-credentials"
token-url = "http://auth.test:{port}/token"
scopes = ["read:all", "write"]
"#
    )
}

/// An agent `a` with the tool `fetch`, which is granted these secrets, and its servers.
struct Setting {
    scratch: Scratch,
    web: Web,
    /// The port of every server that the tool may reach.
    port: u16,
    dns: Dns,
    agentfile: PathBuf,
}

impl Setting {
    /// The web server answers with what it got at `/echo`, and with 401 at `/refuse`.
    fn new(secrets: &[&str]) -> Self {
        let token = format!(
            "{{\"access_token\":\"{ISSUED}\",\"token_type\":\"Bearer\",\"expires_in\":3600}}"
        );
        Self::with_tokens(secrets, Reply::Full("200 OK", token))
    }

    /// The same with another answer of the server of tokens.
    fn with_tokens(secrets: &[&str], token: Reply) -> Self {
        let web = web(&[
            ("/", Reply::Full("200 OK", "hello".to_owned())),
            ("/echo", Reply::Echo),
            ("/token", token),
            ("/refuse", Reply::Full("401 Unauthorized", "no".to_owned())),
        ]);
        let port = web.port();
        Self::at(port, web, secrets)
    }

    /// The same with the servers at this port.
    fn at(port: u16, web: Web, secrets: &[&str]) -> Self {
        let scratch = Scratch::new();
        let names = ["bearer", "key", "basic", "oauth", "auth", "other", NAMED]
            .map(|name| format!("{name}.test"));
        let names: Vec<(&str, &[&str])> = names
            .iter()
            .map(|name| (name.as_str(), &["127.0.0.1"][..]))
            .collect();
        let dns = dns(&names);
        let capabilities = scratch.file("capabilities.toml", manifest(port));
        let out = scratch.path().join("out");
        let build = [
            "tool".into(),
            "build".into(),
            guest("http_fetch").into_os_string(),
            "--capabilities".into(),
            capabilities.into(),
            "--out".into(),
            out.clone().into_os_string(),
        ];
        cofferdam(&scratch, build).run().exits(0);
        let bin = out.join("fetch.wasm");
        let agentfile = scratch.file(
            "Agentfile",
            format!(
                "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN fetch {}\n",
                bin.display()
            ),
        );
        let setting = Self {
            scratch,
            web,
            port,
            dns,
            agentfile,
        };
        setting.configure(secrets, "");
        setting
    }

    /// Writes the configuration, with further tables.
    fn configure(&self, secrets: &[&str], more: &str) {
        let config = format!(
            "[network]\naddresses = [\"127.0.0.1/32\"]\nnameservers = [\"{}\"]\n{more}\n\
             [[grant]]\nagent = \"a\"\ntool = \"fetch\"\nhttp = [\"*\"]\nsecrets = {secrets:?}\n",
            self.dns.address
        );
        self.scratch.file("data/cofferdam.toml", config);
    }

    fn host(&self) -> Host<'_> {
        self.host_with(&[])
    }

    fn host_with(&self, env: &[(&str, &str)]) -> Host<'_> {
        let args = ["--agentfile".as_ref(), self.agentfile.as_os_str()];
        Host::start_with(&self.scratch, args, env)
    }

    /// Sets a secret through standard input.
    #[track_caller]
    fn set(&self, name: &str, value: &str, args: &[&str]) {
        let line = [&["secret", "set", name], args].concat();
        cofferdam(&self.scratch, line).stdin(value).run().exits(0);
    }

    /// The events of a turn in which the tool asks for this.
    fn events(&self, host: &Host<'_>, at: &str) -> Vec<Value> {
        self.events_of(host, "GET", at)
    }

    /// The same with another method.
    fn events_of(&self, host: &Host<'_>, method: &str, at: &str) -> Vec<Value> {
        let at = at.replacen('/', &format!(":{}/", self.port), 1);
        host.chat_in("a", "s", &format!("run fetch {method} http://{at}"))
    }

    fn ask(&self, host: &Host<'_>, at: &str) -> String {
        content_of(&self.events(host, at), "tool.result")
    }

    fn last_head(&self) -> String {
        self.web.heads().last().expect("a request").clone()
    }

    /// Requests for a token that the server has seen.
    fn exchanges(&self) -> usize {
        let heads = self.web.heads();
        heads
            .iter()
            .filter(|head| head.starts_with("POST /token"))
            .count()
    }

    /// The file of a secret in the store.
    fn stored(&self, name: &str) -> PathBuf {
        self.scratch.data().join("secrets").join(name)
    }
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .expect("it is the test's own");
}

/// Every file below a directory.
fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        match std::fs::symlink_metadata(&path).expect("an entry") {
            metadata if metadata.is_dir() => files(&path, found),
            metadata if metadata.is_file() => found.push(path),
            _ => {}
        }
    }
}

#[track_caller]
fn is_clean(what: &str, bytes: &[u8]) {
    let password = |pair: &'static str| pair.split_once(':').expect("a pair").1;
    let secrets = [
        TOKEN,
        KEY,
        USER,
        CLIENT,
        ISSUED,
        password(USER),
        password(CLIENT),
    ];
    for secret in secrets {
        for spelling in [secret.to_owned(), BASE64_STANDARD.encode(secret)] {
            let holds = bytes
                .windows(spelling.len())
                .any(|found| found == spelling.as_bytes());
            assert!(!holds, "{what} holds {spelling}");
        }
    }
}

#[test]
fn each_profile_authenticates_at_its_host_and_is_nowhere_else() {
    let setting = Setting::new(&["token", "key", "user", "client"]);
    for (name, value) in [
        ("token", TOKEN),
        ("key", KEY),
        ("user", USER),
        ("client", CLIENT),
    ] {
        setting.set(name, value, &[]);
    }
    let mut host = setting.host();
    for (at, header) in [
        (
            "bearer.test/echo",
            format!("authorization: Bearer {TOKEN}\r\n"),
        ),
        ("key.test/echo", format!("x-api-key: {KEY}\r\n")),
        (
            "basic.test/echo",
            format!("authorization: Basic {}\r\n", BASE64_STANDARD.encode(USER)),
        ),
        (
            "oauth.test/echo",
            format!("authorization: Bearer {ISSUED}\r\n"),
        ),
    ] {
        let events = setting.events(&host, at);
        let sent = setting.last_head();
        assert!(sent.contains(&header), "{at}: {sent}");
        let told = content_of(&events, "tool.result");
        assert!(told.contains("[redacted:"), "{at}: {told}");
        is_clean(at, &serde_json::to_vec(&events).expect("JSON"));
    }
    // The exchange itself: the client's credentials as user and password, once for all calls.
    let heads = setting.web.heads();
    let exchange = heads.iter().find(|head| head.starts_with("POST /token"));
    let client = CLIENT.replace('/', "%2F").replace('+', "%2B");
    let basic = format!(
        "authorization: Basic {}\r\n",
        BASE64_STANDARD.encode(client)
    );
    assert!(
        exchange.is_some_and(|head| head.contains(&basic)),
        "{exchange:?}"
    );
    assert_eq!(setting.exchanges(), 1);
    // No other host gets any of them.
    let told = setting.ask(&host, "other.test/echo");
    assert!(told.contains("host: other.test"), "{told}");
    is_clean(
        "the request to another host",
        setting.last_head().as_bytes(),
    );
    // Nothing of them is in what the host has said or stored, but for the store itself, where they
    // are encrypted.
    host.hears("tool call");
    assert!(host.every_line(|line| {
        is_clean("the log", line.as_bytes());
        true
    }));
    assert_eq!(host.terminate(), Some(0));
    let mut stored = Vec::new();
    files(&setting.scratch.data(), &mut stored);
    assert!(
        stored
            .iter()
            .any(|file| file.ends_with("secrets/host/token.age"))
    );
    for file in stored {
        let bytes = std::fs::read(&file).expect("a file");
        is_clean(&file.display().to_string(), &bytes);
    }
}

#[test]
fn a_secret_that_is_set_anew_is_used_by_the_next_call() {
    let setting = Setting::new(&["token", "client"]);
    setting.set("token", TOKEN, &[]);
    setting.set("client", CLIENT, &[]);
    let host = setting.host();
    setting.ask(&host, "bearer.test/echo");
    assert!(setting.last_head().contains(TOKEN));
    assert_eq!(setting.exchanges(), 1);

    // Both are rotated while the host runs; what was sent before is still looked for.
    setting.set("token", "rotated/planted+0006", &[]);
    setting.set("client", "planted-client:rotated/0007", &[]);
    let told = setting.ask(&host, "bearer.test/echo?old=bearer/planted+0001");
    assert!(setting.last_head().contains("Bearer rotated/planted+0006"));
    assert!(!told.contains("planted+"), "{told}");
    assert_eq!(setting.exchanges(), 2);

    // An agent's own secret goes before the host's, and away again.
    setting.set("token", "of-agent/planted+0008", &["--agent", "a"]);
    setting.ask(&host, "bearer.test/echo");
    assert!(setting.last_head().contains("Bearer of-agent/planted+0008"));
    let rm = ["secret", "rm", "token", "--agent", "a"];
    cofferdam(&setting.scratch, rm).run().exits(0);
    setting.ask(&host, "bearer.test/echo");
    assert!(setting.last_head().contains("Bearer rotated/planted+0006"));

    // Without any, the call does not begin.
    cofferdam(&setting.scratch, ["secret", "rm", "token"])
        .run()
        .exits(0);
    let before = setting.web.connections();
    let told = setting.ask(&host, "bearer.test/echo");
    assert!(
        told.contains("the secret `token` is not set: `cofferdam secret set token`"),
        "{told}"
    );
    assert_eq!(setting.web.connections(), before);
}

#[test]
fn a_token_is_exchanged_once_until_a_server_refuses_it() {
    let setting = Setting::new(&["client"]);
    setting.set("client", CLIENT, &[]);
    let host = setting.host();
    for _ in 0..3 {
        setting.ask(&host, "oauth.test/echo");
    }
    assert_eq!(setting.exchanges(), 1);
    // Once more within the call, and anew for the next one, because it was refused again.
    setting.ask(&host, "oauth.test/refuse");
    assert_eq!(setting.exchanges(), 2);
    setting.ask(&host, "oauth.test/echo");
    assert_eq!(setting.exchanges(), 3);
    // Another host that refuses says nothing about the token.
    setting.ask(&host, "other.test/refuse");
    setting.ask(&host, "oauth.test/echo");
    assert_eq!(setting.exchanges(), 3);
}
