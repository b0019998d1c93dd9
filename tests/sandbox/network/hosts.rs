//! Hosts, ports, methods and paths of a grant: requests to them arrive, and no others.

use cofferdam_selftest::Reply;
use serde_json::json;

use super::{declare, hello};
use crate::support::call::{LOOPBACK, refused, row, worked};
use crate::support::{Scratch, dns, web};

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
