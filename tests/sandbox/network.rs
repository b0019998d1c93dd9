//! What tools reach over HTTP, and what they do not. The nameserver and the web server are real, on
//! loopback; what counts is what the server has seen, and what the receipt says.

mod own_address;
mod redacted;

use std::io::Write;

use cofferdam_selftest::{Reply, SECRET, SPELLINGS, Web};
use serde_json::json;

use crate::support::call::{Call, LOOPBACK, refused, row, worked};
use crate::support::{Scratch, dns, start_tls, web};

/// A manifest that declares one host at one port.
fn declare(host: &str, port: u16) -> String {
    format!("[[http]]\nhost = \"{host}\"\nports = [{port}]\nreason = \"to try\"\n")
}

fn hello() -> Web {
    web(&[("/", Reply::Full("200 OK", "hello".to_owned()))])
}

#[test]
fn a_granted_host_is_reached_by_its_name() {
    let (scratch, web) = (Scratch::new(), web(&[("/", Reply::Echo)]));
    let dns = dns(&[("ok.test", &["127.0.0.1"])]);
    let port = web.port();
    let url = format!("http://OK.test:{port}/a?b=c");
    let receipt = row(
        "http_fetch",
        declare("ok.test", port),
        &["--http", "ok.test", LOOPBACK[0], LOOPBACK[1]],
        &["GET", &url],
    )
    .run(&scratch, &dns);
    worked(&receipt, "GET /a?b=c HTTP/1.1");
    worked(&receipt, &format!("host: ok.test:{port}"));
    assert_eq!(receipt["hosts"], json!({ format!("ok.test:{port}"): 1 }));
    assert_eq!(receipt["refusals"], json!([]));
}

#[test]
fn what_is_not_declared_and_offered_is_not_reached() {
    let (scratch, web) = (Scratch::new(), hello());
    let dns = dns(&[("a.test", &["127.0.0.1"]), ("b.test", &["127.0.0.1"])]);
    let port = web.port();
    let check = |declared: &str, offered: &[&str], url: String| {
        let flags = [offered, &LOOPBACK].concat();
        let receipt = row("http_fetch", declared, &flags, &["GET", &url]).run(&scratch, &dns);
        refused(&receipt, "HttpRequestDenied", "the host is not granted");
    };
    check(
        &declare("a.test", port),
        &["--http", "*"],
        format!("http://b.test:{port}/"),
    );
    check(
        &declare("*.a.test", port),
        &["--http", "*"],
        format!("http://a.test:{port}/"),
    );
    check(
        &declare("a.test", port),
        &[],
        format!("http://a.test:{port}/"),
    );
    check(
        &declare("a.test", port),
        &["--http", "b.test"],
        format!("http://a.test:{port}/"),
    );
    check(
        &declare("a.test", port),
        &["--http", "a.test:1"],
        format!("http://a.test:{port}/"),
    );
    check(
        &declare("a.test", port),
        &["--http", "*"],
        format!("http://127.0.0.1:{port}/"),
    );
    assert_eq!(web.connections(), 0);
}

#[test]
fn a_manifest_that_leaves_the_hosts_open_gets_those_that_the_operator_names() {
    let (scratch, web) = (Scratch::new(), hello());
    let dns = dns(&[("a.test", &["127.0.0.1"]), ("b.test", &["127.0.0.1"])]);
    let port = web.port();
    let manifest = "[[http]]\nhost = \"*\"\nmethods = [\"GET\"]\nreason = \"to try\"\n";
    let call = |offered: &[&str], method: &str, host: &str| {
        let flags = [offered, &LOOPBACK].concat();
        row(
            "http_fetch",
            manifest,
            &flags,
            &[method, &format!("http://{host}:{port}/")],
        )
        .run(&scratch, &dns)
    };
    let here = format!("a.test:{port}");
    worked(&call(&["--http", &here], "GET", "a.test"), "hello");
    // By itself it gives nothing: no host, no other host, no other port, no other method.
    refused(
        &call(&[], "GET", "a.test"),
        "HttpRequestDenied",
        "the host is not granted",
    );
    refused(
        &call(&["--http", &here], "GET", "b.test"),
        "HttpRequestDenied",
        "the host is not granted",
    );
    refused(
        &call(&["--http", "a.test"], "GET", "a.test"),
        "HttpRequestDenied",
        "port",
    );
    refused(
        &call(&["--http", "a.test:1"], "GET", "a.test"),
        "HttpRequestDenied",
        "port",
    );
    refused(
        &call(&["--http", &here], "POST", "a.test"),
        "HttpRequestDenied",
        "method POST",
    );
    assert_eq!(web.connections(), 1);
}

#[test]
fn an_operator_who_offers_every_host_is_told_what_that_means() {
    let (scratch, web) = (Scratch::new(), hello());
    let dns = dns(&[("a.test", &["127.0.0.1"]), ("in.test", &["10.0.0.1"])]);
    let every = format!("*:{}", web.port());
    let call = |manifest: &str, host: &str| {
        let url = format!("http://{host}:{}/", web.port());
        let flags = ["--http", &*every, LOOPBACK[0], LOOPBACK[1]];
        row("http_fetch", manifest, &flags, &["GET", &url]).ran(&scratch, &dns, &[])
    };
    let open = "[[http]]\nhost = \"*\"\nreason = \"to try\"\n";
    let ran = call(open, "a.test");
    assert!(
        ran.stderr.contains("every public host") && ran.stderr.contains("name the hosts instead"),
        "{}",
        ran.stderr
    );
    worked(&ran.json(), "hello");
    // Public ones they are: what a name leads to is checked all the same.
    refused(
        &call(open, "in.test").json(),
        "DestinationIpProhibited",
        "private",
    );
    let named = call(&declare("a.test", web.port()), "a.test");
    assert!(
        !named.stderr.contains("every public host"),
        "{}",
        named.stderr
    );
}

#[test]
fn methods_ports_and_paths_narrow_a_host() {
    let (scratch, web, other) = (Scratch::new(), hello(), hello());
    let dns = dns(&[("a.test", &["127.0.0.1"])]);
    let port = web.port();
    let manifest = format!(
        "{}methods = [\"GET\"]\npaths = [\"/api\"]\n",
        declare("a.test", port)
    );
    let flags = ["--http", "a.test", LOOPBACK[0], LOOPBACK[1]];
    let call = |method: &str, url: String| {
        row("http_fetch", &*manifest, &flags, &[method, &url]).run(&scratch, &dns)
    };
    worked(
        &call("GET", format!("http://a.test:{port}/api/v1?q")),
        "hello",
    );
    refused(
        &call("POST", format!("http://a.test:{port}/api")),
        "HttpRequestDenied",
        "method POST",
    );
    refused(
        &call("TRACE", format!("http://a.test:{port}/api")),
        "HttpRequestDenied",
        "method TRACE",
    );
    refused(
        &call("GET", format!("http://a.test:{}/api", other.port())),
        "HttpRequestDenied",
        "port",
    );
    for path in [
        "/",
        "/apis",
        "/api/../x",
        "/api/%2e%2e/x",
        "/api%2f..%2fx",
        "/api/..;/x",
        "/api/%252e%252e/x",
    ] {
        refused(
            &call("GET", format!("http://a.test:{port}{path}")),
            "HttpRequestDenied",
            "path",
        );
    }
    assert_eq!((web.connections(), other.connections()), (1, 0));
}

#[test]
fn a_name_that_does_not_exist_is_told() {
    let (scratch, dns) = (Scratch::new(), dns(&[]));
    let receipt = row(
        "http_fetch",
        declare("no.test", 80),
        &["--http", "no.test"],
        &["GET", "http://no.test/"],
    );
    refused(&receipt.run(&scratch, &dns), "DnsError", "[]");
}

#[test]
fn headers_are_limited_both_ways() {
    let scratch = Scratch::new();
    let web = web(&[("/few", Reply::Headers(90)), ("/many", Reply::Headers(200))]);
    let dns = dns(&[("a.test", &["127.0.0.1"])]);
    let flags = ["--http", "*", LOOPBACK[0], LOOPBACK[1]];
    let call = |path: &str| {
        let url = format!("http://a.test:{}{path}", web.port());
        row(
            "http_fetch",
            declare("a.test", web.port()),
            &flags,
            &["GET", &url],
        )
        .run(&scratch, &dns)
    };
    worked(&call("/few"), "x-89: v");
    refused(&call("/many"), "HttpResponseHeaderSectionSize", "[]");
    let receipt = row("http_header_flood", declare("a.test", 80), &[], &[]).run(&scratch, &dns);
    assert_eq!(receipt["outcome"]["name"], "guest-error", "{receipt}");
    assert!(
        receipt["outcome"]["message"]
            .as_str()
            .unwrap()
            .contains("more HTTP headers"),
        "{receipt}"
    );
}

#[test]
fn what_is_compressed_reaches_the_guest_as_it_came() {
    let scratch = Scratch::new();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(b"inside").expect("it is in memory");
    let sent = encoder.finish().expect("it is in memory");
    let web = web(&[(
        "/",
        Reply::Bytes("200 OK\r\ncontent-encoding: gzip", sent.clone()),
    )]);
    let dns = dns(&[("a.test", &["127.0.0.1"])]);
    let url = format!("http://a.test:{}/", web.port());
    let flags = ["--http", "a.test", LOOPBACK[0], LOOPBACK[1]];
    let receipt = row(
        "http_fetch",
        declare("a.test", web.port()),
        &flags,
        &["GET", &url],
    )
    .run(&scratch, &dns);
    worked(&receipt, "content-encoding: gzip\n");
    worked(&receipt, &format!("content-length: {}\n", sent.len()));
    // A text shows other bytes than those of characters as a mark.
    let shown = String::from_utf8_lossy(&sent);
    assert!(
        receipt["stdout"].as_str().unwrap().ends_with(&*shown) && shown.contains("inside"),
        "{receipt}"
    );
    // Nor is it asked for.
    assert!(
        !web.heads()[0].contains("accept-encoding"),
        "{:?}",
        web.heads()
    );
}

#[test]
fn a_server_that_says_nothing_is_left() {
    let (scratch, dns) = (Scratch::new(), dns(&[("a.test", &["127.0.0.1"])]));
    // The system takes the connection, and nobody ever reads from it.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = silent.local_addr().expect("a bound socket").port();
    let (http, https) = (
        format!("http://a.test:{port}/"),
        format!("https://a.test:{port}/"),
    );
    let call = |mut guest: Call| {
        guest.manifest = format!("{}[limits]\nwall = \"2s\"\n", declare("a.test", port));
        let receipt = guest.run(&scratch, &dns);
        assert!(
            receipt["wall_us"].as_u64().unwrap() < 4_000_000,
            "{receipt}"
        );
        assert_eq!(
            receipt["hosts"],
            json!({ format!("a.test:{port}"): 1 }),
            "{receipt}"
        );
        receipt
    };
    let flags = ["--http", "a.test", LOOPBACK[0], LOOPBACK[1]];
    // By the guest's own patience: for the response, and for the greeting of TLS.
    refused(
        &call(row("http_patience", "", &flags, &[&http])),
        "ConnectionReadTimeout",
        "[]",
    );
    refused(
        &call(row("http_patience", "", &flags, &[&https])),
        "ConnectionTimeout",
        "[]",
    );
    // By the deadline, because the host's own patience is longer.
    for url in [&http, &https] {
        let receipt = call(row("http_fetch", "", &flags, &["GET", url]));
        assert_eq!(receipt["outcome"]["name"], "deadline", "{receipt}");
    }
}

#[test]
fn what_comes_after_a_body_is_handed_over() {
    let (scratch, dns) = (Scratch::new(), dns(&[("a.test", &["127.0.0.1"])]));
    let many: String = (0..200)
        .map(|number| format!("x-{number}: v\r\n"))
        .collect();
    let many: &'static str = many.leak();
    let web = web(&[
        ("/few", Reply::Trailers("x-sum: 5d41402a\r\n")),
        ("/many", Reply::Trailers(many)),
    ]);
    let flags = ["--http", "a.test", LOOPBACK[0], LOOPBACK[1]];
    let call = |path: &str| {
        let url = format!("http://a.test:{}{path}", web.port());
        row(
            "http_fetch",
            declare("a.test", web.port()),
            &flags,
            &["GET", &url],
        )
        .run(&scratch, &dns)
    };
    worked(&call("/few"), "hello\ntrailer x-sum: 5d41402a\n");
    let receipt = call("/many");
    assert_eq!(receipt["outcome"]["name"], "guest-error", "{receipt}");
}

#[test]
fn a_component_that_does_not_declare_http_is_not_loaded() {
    let (scratch, dns) = (Scratch::new(), dns(&[]));
    let ran = row(
        "http_fetch",
        "",
        &["--http", "*"],
        &["GET", "http://a.test/"],
    )
    .ran(&scratch, &dns, &[]);
    ran.exits(2)
        .complains(&["wasi:http/outgoing-handler", "declares nothing"]);
}

/// A manifest with a secret for `host`.
fn with_secret(host: &str, port: u16) -> String {
    let inject = "inject = { header = \"Authorization\", format = \"Bearer {}\" }";
    format!(
        "{}[[secret]]\nname = \"token\"\n{inject}\nhost = \"{host}\"\nreason = \"r\"\n",
        declare("*.test", port)
    )
}

#[test]
fn a_secret_reaches_its_host_and_nobody_else() {
    let scratch = Scratch::new();
    let web = web(&[
        ("/echo", Reply::Echo),
        ("/say", Reply::Full("200 OK", SPELLINGS.join("\n"))),
    ]);
    let dns = dns(&[("own.test", &["127.0.0.1"]), ("other.test", &["127.0.0.1"])]);
    let secret = format!(
        "token={}",
        scratch.file("token", format!("{SECRET}\n")).display()
    );
    let flags = ["--http", "*", "--secret", &secret, LOOPBACK[0], LOOPBACK[1]];
    let call = |url: &str, header: &[&str]| {
        let url = url.replace("PORT", &web.port().to_string());
        let args = [&["GET", &url], header].concat();
        let ran = row(
            "http_fetch",
            with_secret("own.test", web.port()),
            &flags,
            &args,
        )
        .ran(&scratch, &dns, &[]);
        for spelling in SPELLINGS {
            assert!(!ran.stdout.contains(spelling), "{spelling}: {}", ran.stdout);
        }
        ran.json()
    };
    let sent = format!("authorization: Bearer {SECRET}\r\n");

    worked(
        &call("http://own.test:PORT/echo", &[]),
        "authorization: Bearer [redacted:token]",
    );
    assert!(
        web.heads().last().unwrap().contains(&sent),
        "{:?}",
        web.heads()
    );
    // What the guest writes into that header does not count.
    worked(
        &call("http://own.test:PORT/echo", &["authorization:Basic eA=="]),
        "authorization: Bearer [redacted:token]",
    );
    assert!(
        web.heads().last().unwrap().contains(&sent)
            && !web.heads().last().unwrap().contains("eA==")
    );
    // The server says it in every spelling.
    let said = call("http://own.test:PORT/say", &[]);
    worked(&said, "[redacted:token]");
    assert_eq!(
        said["stdout"]
            .as_str()
            .unwrap()
            .matches("[redacted:token]")
            .count(),
        SPELLINGS.len(),
        "{said}"
    );
    // Another host gets no header, whatever the guest asks for.
    let echoed = call("http://other.test:PORT/echo", &["host-hint:own.test"]);
    worked(&echoed, "host: other.test");
    assert!(
        !web.heads().last().unwrap().contains("authorization"),
        "{:?}",
        web.heads()
    );
}

#[test]
fn a_secret_is_not_in_the_names_of_hosts_either() {
    let scratch = Scratch::new();
    // Names of hosts are written in small letters.
    let (secret, host) = ("S3cr3t-Planted", "s3cr3t-planted.test");
    let (web, dns) = (
        web(&[("/", Reply::Full("200 OK", "said".to_owned()))]),
        dns(&[(host, &["127.0.0.1"])]),
    );
    let file = format!("token={}", scratch.file("token", secret).display());
    let flags = ["--http", "*", "--secret", &file, LOOPBACK[0], LOOPBACK[1]];
    let url = format!("http://{host}:{}/", web.port());
    let ran = row(
        "http_fetch",
        with_secret("own.test", web.port()),
        &flags,
        &["GET", &url],
    )
    .ran(&scratch, &dns, &[]);
    worked(&ran.json(), "said");
    assert_eq!(
        ran.json()["hosts"],
        json!({ format!("[redacted:token].test:{}", web.port()): 1 }),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_secret_that_is_cut_off_is_gone_as_well() {
    let scratch = Scratch::new();
    let dns = dns(&[("own.test", &["127.0.0.1"])]);
    let secret = format!("token={}", scratch.file("token", SECRET).display());
    let flags = ["--http", "*", "--secret", &secret, LOOPBACK[0], LOOPBACK[1]];
    let web = web(&[("/", Reply::Full("200 OK", SECRET.repeat(100)))]);
    let url = format!("http://own.test:{}/", web.port());
    for limit in 1_010..1_040 {
        let manifest = format!(
            "{}[limits]\nstdout = \"{limit}B\"\n",
            with_secret("own.test", web.port())
        );
        let receipt = row("http_fetch", manifest, &flags, &["GET", &url]).run(&scratch, &dns);
        let (said, _) = receipt["stdout"]
            .as_str()
            .unwrap()
            .split_once("[output truncated")
            .expect("cut");
        let (_, end) = said.trim_end().rsplit_once(']').expect("a mark");
        assert!(end.len() <= 4, "{limit}: {end}");
    }
}

#[test]
fn tls_needs_a_certificate_that_the_system_vouches_for() {
    let scratch = Scratch::new();
    let dns = dns(&[("own.test", &["127.0.0.1"]), ("other.test", &["127.0.0.1"])]);
    let (web, authority) = start_tls("own.test", &[("/", Reply::Echo)]);
    let authority = scratch.file("authority.pem", authority);
    let secret = format!("token={}", scratch.file("token", SECRET).display());
    let flags = ["--http", "*", "--secret", &secret, LOOPBACK[0], LOOPBACK[1]];
    let call = |host: &str, env: &[(&str, &str)]| {
        let url = format!("https://{host}:{}/", web.port());
        let call = row(
            "http_fetch",
            with_secret("own.test", web.port()),
            &flags,
            &["GET", &url],
        );
        call.ran(&scratch, &dns, env).json()
    };
    refused(&call("own.test", &[]), "TlsCertificateError", "[]");
    assert!(
        web.heads().is_empty(),
        "nothing was sent: {:?}",
        web.heads()
    );
    let trust = [("SSL_CERT_FILE", authority.to_str().unwrap())];
    worked(
        &call("own.test", &trust),
        "authorization: Bearer [redacted:token]",
    );
    assert_eq!(web.heads().len(), 1);
    // A certificate for one name is none for another at the same address.
    refused(&call("other.test", &trust), "TlsCertificateError", "[]");
    assert_eq!(web.heads().len(), 1);
}

#[test]
fn what_the_operator_mistypes_is_told() {
    let (scratch, dns) = (Scratch::new(), dns(&[]));
    let short = format!("token={}", scratch.file("short", "short").display());
    let lines = format!(
        "token={}",
        scratch.file("lines", "two\nlines of it").display()
    );
    let check = |flags: &[&str], parts: &[&str]| {
        let ran = row("http_fetch", declare("a.test", 80), flags, &[])
            .ran(&scratch, &dns, &[])
            .exits(2);
        for part in parts {
            assert!(ran.stderr.contains(part), "`{part}`: {}", ran.stderr);
        }
        assert!(!ran.stderr.contains("lines of it"), "{}", ran.stderr);
    };
    check(&["--secret", "token"], &["NAME=FILE"]);
    check(
        &["--secret", "to ken=/dev/null"],
        &["to ken", "name of a secret"],
    );
    check(&["--secret", "token=/nonexistent"], &["/nonexistent"]);
    check(&["--secret", &short], &["5 bytes", "8 to"]);
    check(&["--secret", &lines], &["line break"]);
    check(&["--http", "http://a.test"], &["http://a.test"]);
    check(&["--http", "a.test:0"], &["1 to 65535"]);
    check(&["--allow-address", "loopback"], &["loopback"]);
    check(&["--nameserver", "1.1.1.1"], &["1.1.1.1"]);
}

#[test]
fn rows_that_say_nothing_safe_are_refused() {
    let (scratch, dns) = (Scratch::new(), dns(&[]));
    let check = |manifest: &str, parts: &[&str]| {
        row("http_fetch", manifest, &[], &[])
            .ran(&scratch, &dns, &[])
            .exits(2)
            .complains(parts);
    };
    let http = |rest: &str| format!("[[http]]\nhost = \"a.test\"\nreason = \"r\"\n{rest}");
    let host = |host: &str| format!("[[http]]\nhost = \"{host}\"\nreason = \"r\"\n");
    check(&host("https://a.test"), &["`host`", "https://a.test"]);
    check(&host("a.test:80"), &["`host`", "a.test:80"]);
    check(&host("2130706433"), &["`host`", "2130706433"]);
    check(
        &http("methods = [\"get\"]\n"),
        &["`methods`", "get", "upper case"],
    );
    check(
        &http("methods = [\"CONNECT\"]\n"),
        &["`methods`", "CONNECT"],
    );
    check(&http("ports = [0]\n"), &["`ports`", "0"]);
    check(
        &http("paths = [\"/a/../b\"]\n"),
        &["`paths`", "/a/../b", "`..`"],
    );
    let secret = |name: &str, header: &str, format: &str, host: &str| {
        let inject = format!("inject = {{ header = \"{header}\", format = \"{format}\" }}");
        http(&format!(
            "[[secret]]\nname = \"{name}\"\n{inject}\nhost = \"{host}\"\nreason = \"r\"\n"
        ))
    };
    check(
        &secret("t k", "authorization", "{}", "a.test"),
        &["`name`", "t k"],
    );
    check(&secret("t", "Host", "{}", "a.test"), &["`header`", "Host"]);
    check(
        &secret("t", "transfer-encoding", "{}", "a.test"),
        &["`header`", "transfer-encoding"],
    );
    check(&secret("t", "a b", "{}", "a.test"), &["`header`", "a b"]);
    check(
        &secret("t", "x-key", "key", "a.test"),
        &["`format`", "key", "exactly one"],
    );
    check(
        &secret("t", "x-key", "{}{}", "a.test"),
        &["`format`", "exactly one"],
    );
    check(
        &secret("t", "x-key", "{}\\r\\nx: y", "a.test"),
        &["`format`"],
    );
    check(&secret("t", "x-key", "{}", "*.test"), &["`host`", "*.test"]);
    check(
        &secret("t", "x-key", "{}", "b.test"),
        &["`host = \"b.test\"`", "[[http]]"],
    );
}
