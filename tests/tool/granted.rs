//! What `cofferdam.toml` lets the tools of agents reach over the network, through a real host and
//! real turns. The nameserver and the web server are on loopback; what counts is what the server
//! has seen, and what is told and stored.

use cofferdam_selftest::{Dns, Reply, SECRET, SPELLINGS};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Host, Scratch, cofferdam, content_of, dns, guest, tool, web};

/// The agent `a` with two tools that send what they are told, `fetch` and `other`. Their manifest
/// declares every host below `test`, and a secret for `own.test`.
fn agentfile(scratch: &Scratch, port: u16) -> PathBuf {
    let head = "schema = 1\n[tool]\nname = \"fetch\"\nversion = \"1\"\nsummary = \"s\"\n";
    let http = format!("[[http]]\nhost = \"*.test\"\nports = [{port}]\nreason = \"r\"\n");
    let inject = "inject = { header = \"Authorization\", format = \"Bearer {}\" }";
    let secret =
        format!("[[secret]]\nname = \"token\"\n{inject}\nhost = \"own.test\"\nreason = \"r\"\n");
    let capabilities = scratch.file("capabilities.toml", format!("{head}{http}{secret}"));
    let out = scratch.path().join("out");
    let build = [
        "tool".into(),
        "build".into(),
        guest("http_fetch").into_os_string(),
        "--capabilities".into(),
    ];
    let build = build.into_iter().chain([
        capabilities.into(),
        "--out".into(),
        out.clone().into_os_string(),
    ]);
    cofferdam(scratch, build).run().exits(0);
    let bin = out.join("fetch.wasm");
    let bins = format!("BIN fetch {0}\nBIN other {0}\n", bin.display());
    scratch.file(
        "Agentfile",
        format!("FROM scratch\nNAME a\nMODEL builtin/commands\n{bins}"),
    )
}

/// `[network]` that lets names lead to loopback, and a grant for `fetch` with these keys.
fn configure(scratch: &Scratch, dns: &Dns, network: &str, grant: &str) {
    let reach = format!(
        "addresses = [\"127.0.0.1/32\"]\nnameservers = [\"{}\"]\n",
        dns.address
    );
    let grant = format!("[[grant]]\nagent = \"a\"\ntool = \"fetch\"\n{grant}");
    scratch.file(
        "data/cofferdam.toml",
        format!("[network]\n{reach}{network}\n{grant}"),
    );
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .expect("it is the test's own");
}

/// The secret `token`, as an operator should keep it.
fn keep_secret(scratch: &Scratch) -> PathBuf {
    let file = scratch.file("data/secrets/token", format!("{SECRET}\n"));
    mode(&scratch.data().join("secrets"), 0o700);
    mode(&file, 0o600);
    file
}

/// What a tool of `a` answers.
#[track_caller]
fn ask(host: &Host<'_>, tool: &str, url: &str) -> String {
    content_of(
        &host.chat("a", &format!("run {tool} GET {url}")),
        "tool.result",
    )
}

#[test]
fn an_agents_tool_reaches_what_it_was_granted_and_no_more() {
    let scratch = Scratch::new();
    let web = web(&[("/", Reply::Full("200 OK", "hello".to_owned()))]);
    let dns = dns(&[
        ("a.test", &["127.0.0.1"]),
        ("b.test", &["127.0.0.1"]),
        ("in.test", &["169.254.169.254"]),
    ]);
    let file = agentfile(&scratch, web.port());
    let url = |host: &str| format!("http://{host}:{}/", web.port());
    configure(
        &scratch,
        &dns,
        "",
        "http = [\"a.test\", \"in.test\", \"c.org\"]\n",
    );
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    // What does not come together is told when the tool is made ready.
    let told = host.hears("does not declare requests to c.org");
    assert!(
        told.contains("agent=\"a\"") && told.contains("tool=\"fetch\""),
        "{told}"
    );
    host.hears("requests to *.test, which nobody offers");

    assert!(ask(&host, "fetch", &url("a.test")).contains("hello"));
    assert_eq!(web.connections(), 1);
    let refused = ask(&host, "fetch", &url("b.test"));
    assert!(refused.contains("HttpRequestDenied"), "{refused}");
    // The tool knows no more than that; the model reads why.
    let reason = format!(
        "[refused by the host: http GET b.test:{}: the host is not granted",
        web.port()
    );
    assert!(refused.contains(&reason), "{refused}");
    // Granted as a name, and its address is nobody's to grant by a name.
    let refused = ask(&host, "fetch", &url("in.test"));
    assert!(refused.contains("DestinationIpProhibited"), "{refused}");
    // A tool of the same agent without a grant of its own.
    let refused = ask(&host, "other", &url("a.test"));
    assert!(refused.contains("HttpRequestDenied"), "{refused}");
    assert_eq!(web.connections(), 1);

    // Revoked: the operator takes the row out and starts the host again.
    host.kill();
    configure(&scratch, &dns, "", "");
    let host = Host::start::<&str>(&scratch, []);
    let refused = ask(&host, "fetch", &url("a.test"));
    assert!(refused.contains("HttpRequestDenied"), "{refused}");
    // Granted again, and above what any tool is given here.
    host.kill();
    configure(&scratch, &dns, "hosts = [\"b.test\"]", "http = [\"*\"]\n");
    let host = Host::start::<&str>(&scratch, []);
    let refused = ask(&host, "fetch", &url("a.test"));
    assert!(refused.contains("HttpRequestDenied"), "{refused}");
    assert_eq!(web.connections(), 1);
    assert!(ask(&host, "fetch", &url("b.test")).contains("hello"));
}

#[test]
fn one_call_keeps_to_the_ceiling_of_the_network_as_well() {
    let scratch = Scratch::new();
    let web = web(&[("/", Reply::Full("200 OK", "hello".to_owned()))]);
    let dns = dns(&[("a.test", &["127.0.0.1"]), ("b.test", &["127.0.0.1"])]);
    agentfile(&scratch, web.port());
    configure(&scratch, &dns, "hosts = [\"a.test\"]", "");
    let run = |host: &str| {
        let url = format!("http://{host}:{}/", web.port());
        let args = [
            "tool",
            "run",
            "out/fetch.wasm",
            "--http",
            "*",
            "--format",
            "json",
            "--",
            "GET",
            &url,
        ];
        cofferdam(&scratch, args).run().json()
    };
    assert_eq!(run("a.test")["outcome"]["name"], "ok");
    let refused = run("b.test");
    assert!(
        refused["stderr"]
            .as_str()
            .unwrap()
            .contains("HttpRequestDenied"),
        "{refused}"
    );
    assert_eq!(web.connections(), 1);
    configure(&scratch, &dns, "hosts = []", "");
    let told = cofferdam(
        &scratch,
        [
            "tool",
            "run",
            "out/fetch.wasm",
            "--http",
            "*",
            "--",
            "GET",
            "http://a.test/",
        ],
    )
    .run();
    assert!(
        told.stderr
            .contains("requests to *.test, which this host gives to no tool"),
        "{}",
        told.stderr
    );
    assert_eq!(web.connections(), 1);
}

/// No spelling of the secret is in `text`.
#[track_caller]
fn clean(what: &str, text: &str) {
    for spelling in SPELLINGS {
        assert!(!text.contains(spelling), "{what} holds {spelling}: {text}");
    }
}

#[test]
fn a_secret_goes_to_its_host_and_is_neither_told_nor_stored() {
    let scratch = Scratch::new();
    let web = web(&[
        ("/echo", Reply::Echo),
        ("/say", Reply::Full("200 OK", SPELLINGS.join("\n"))),
    ]);
    let dns = dns(&[("own.test", &["127.0.0.1"]), ("other.test", &["127.0.0.1"])]);
    let file = agentfile(&scratch, web.port());
    keep_secret(&scratch);
    let granted = "http = [\"*\"]\nsecrets = [\"token\"]\n";
    configure(&scratch, &dns, "", granted);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let sent = format!("authorization: Bearer {SECRET}\r\n");
    let chat = |url: &str| -> Vec<Value> {
        let prompt = format!(
            "run fetch GET {}",
            url.replace("PORT", &web.port().to_string())
        );
        let ran = cofferdam(
            &scratch,
            [
                "chat",
                "a",
                &prompt,
                "--new",
                "--session",
                "s",
                "--format",
                "json",
            ],
        )
        .run()
        .exits(0);
        clean("the stream", &ran.stdout);
        ran.stdout
            .lines()
            .map(|line| serde_json::from_str(line).expect("an event is JSON"))
            .collect()
    };

    let events = chat("http://own.test:PORT/echo");
    assert!(
        content_of(&events, "tool.result").contains("authorization: Bearer [redacted:token]"),
        "{events:?}"
    );
    assert!(
        web.heads().last().unwrap().contains(&sent),
        "{:?}",
        web.heads()
    );
    let events = chat("http://own.test:PORT/say");
    let said = content_of(&events, "tool.result");
    assert_eq!(
        said.matches("[redacted:token]").count(),
        SPELLINGS.len(),
        "{said}"
    );
    let events = chat("http://other.test:PORT/echo");
    assert!(
        content_of(&events, "tool.result").contains("host: other.test"),
        "{events:?}"
    );
    assert!(
        !web.heads().last().unwrap().contains("authorization"),
        "{:?}",
        web.heads()
    );
    // The other tool declares the same secret and was not given it.
    let url = format!("http://own.test:{}/echo", web.port());
    assert!(ask(&host, "other", &url).contains("HttpRequestDenied"));

    // What was stored: as a client reads it, and as it lies on the disk.
    let shown = cofferdam(&scratch, ["sessions", "show", "s", "--format", "json"])
        .run()
        .exits(0)
        .stdout;
    assert!(shown.contains("[redacted:token]"), "{shown}");
    clean("the session", &shown);
    assert_eq!(host.terminate(), Some(0));
    for stored in std::fs::read_dir(scratch.data())
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if stored.is_file() {
            clean(
                &stored.display().to_string(),
                &String::from_utf8_lossy(&std::fs::read(&stored).unwrap()),
            );
        }
    }

    // Revoked: requests go on without it.
    configure(&scratch, &dns, "", "http = [\"*\"]\n");
    let _host = Host::start::<&str>(&scratch, []);
    let events = chat("http://own.test:PORT/echo");
    assert!(
        content_of(&events, "tool.result").contains("host: own.test"),
        "{events:?}"
    );
    assert!(
        !web.heads().last().unwrap().contains("authorization"),
        "{:?}",
        web.heads()
    );
}

#[test]
fn grants_for_nobody_are_told_with_their_place_and_what_there_is() {
    let scratch = Scratch::new();
    let dns = dns(&[]);
    let file = agentfile(&scratch, 1);
    let row =
        |agent: &str, tool: &str| format!("[[grant]]\nagent = \"{agent}\"\ntool = \"{tool}\"\n");
    let rest = row("a", "ghost") + &row("nobody", "fetch");
    configure(
        &scratch,
        &dns,
        "",
        &format!("env = {{ A = \"1\" }}\n{rest}"),
    );
    let config = scratch.data().join("cofferdam.toml");
    let text = std::fs::read_to_string(&config).expect("it was written");
    let place = |line: &str| {
        let number = text
            .lines()
            .position(|written| written == line)
            .expect("it is in the file")
            + 1;
        format!("{}:{number}: [[grant]]", config.display())
    };
    let show = || {
        cofferdam(&scratch, ["config", "show"])
            .run()
            .exits(0)
            .stderr
    };
    // Before there are any agents, and nothing is made by looking.
    assert!(
        show().contains("there is no agent `a`; there is none"),
        "{}",
        show()
    );
    assert!(!scratch.data().join("agents").exists());

    let expected = [
        (
            place("tool = \"ghost\""),
            "for ghost of a grants nothing: agent `a` has no BIN `ghost`; there is fetch, other",
        ),
        (
            place("agent = \"nobody\""),
            "for fetch of nobody grants nothing: there is no agent `nobody`; there is a",
        ),
    ];
    let first = ["--agentfile".as_ref(), file.as_os_str()];
    // When the agent is made, and when it is restored.
    for args in [&first[..], &[]] {
        let mut host = Host::start(&scratch, args);
        assert_eq!(host.has_said("grants nothing"), 2);
        for (place, sentence) in &expected {
            assert_eq!(
                host.has_said(&format!("{place} {sentence}")),
                1,
                "{place} {sentence}"
            );
        }
        host.kill();
        let shown = show();
        for (place, sentence) in &expected {
            assert!(shown.contains(&format!("{place} {sentence}")), "{shown}");
        }
        assert_eq!(shown.matches("grants nothing").count(), 2, "{shown}");
    }
}

#[test]
fn an_agents_tool_that_reaches_every_host_is_told_when_the_host_starts() {
    let scratch = Scratch::new();
    let dns = dns(&[]);
    let text = format!(
        "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN fetch {}\n",
        tool("curl").display()
    );
    let file = scratch.file("Agentfile", text);
    let said = "note: agent a: fetch: it may send requests, and with them what it reads, to every \
                public host";
    configure(&scratch, &dns, "", "http = [\"*\"]\n");
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    assert_eq!(host.has_said(said), 1);
    host.kill();
    // Restored, with the hosts named.
    configure(&scratch, &dns, "", "http = [\"a.test\"]\n");
    let mut host = Host::start::<&str>(&scratch, []);
    host.hears("agent a: fetch gets");
    assert!(host.is_silent_about("every public host"));
    host.kill();
    configure(&scratch, &dns, "", "http = [\"*\"]\n");
    assert_eq!(Host::start::<&str>(&scratch, []).has_said(said), 1);
}
