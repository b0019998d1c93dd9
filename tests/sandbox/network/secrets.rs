//! Secrets: in requests to their host alone, over TLS to a server that the system trusts, and in no
//! output.

use cofferdam_selftest::{Reply, SECRET, SPELLINGS};
use serde_json::json;

use super::declare;
use crate::support::call::{LOOPBACK, refused, row, worked};
use crate::support::{Scratch, dns, start_tls, web};

/// A manifest with a secret for `host`.
pub(super) fn with_secret(host: &str, port: u16) -> String {
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
