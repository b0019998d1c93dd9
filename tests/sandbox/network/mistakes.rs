//! Flags of the operator and rows of manifests that are refused.

use super::declare;
use crate::support::call::row;
use crate::support::{Scratch, dns};

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
    let auth = |auth: &str| {
        http(&format!(
            "[[secret]]\nname = \"t\"\nhost = \"a.test\"\nreason = \"r\"\n{auth}\n"
        ))
    };
    let exchange = "profile = \"oauth2-client-credentials\"";
    for (keys, parts) in [
        (
            "auth = { profile = \"digest\" }".to_owned(),
            &["digest"][..],
        ),
        (
            "auth = { profile = \"api-key\" }".to_owned(),
            &["\"t\"", "needs `header`"],
        ),
        (
            "auth = { profile = \"basic\", header = \"x\" }".to_owned(),
            &["`header` is for the profile `api-key` alone"],
        ),
        (format!("auth = {{ {exchange} }}"), &["needs `token-url`"]),
        (
            format!("auth = {{ {exchange}, token-url = \"https://u@a.test/\" }}"),
            &["`token-url`", "neither a user nor a fragment"],
        ),
        (
            format!("auth = {{ {exchange}, token-url = \"https://b.test/token\" }}"),
            &[
                "`token-url = \"https://b.test/token\"`",
                "is in no [[http]] row",
                "POST",
            ],
        ),
        (
            format!("auth = {{ {exchange}, token-url = \"https://a.test/\", scopes = [\"a b\"] }}"),
            &["`scopes`", "a b"],
        ),
        (
            "auth = { profile = \"basic\" }\ninject = { header = \"x\", format = \"{}\" }"
                .to_owned(),
            &["`inject` and `auth`", "keep one"],
        ),
    ] {
        check(&auth(&keys), parts);
    }
}
