//! Headers, bodies and trailers of responses, and servers that send none.

use std::io::Write;

use cofferdam_selftest::Reply;
use serde_json::json;

use super::declare;
use crate::support::call::{Call, LOOPBACK, refused, row, worked};
use crate::support::{Scratch, dns, web};

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
