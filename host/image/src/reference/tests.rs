//! Tables of texts that are a reference and that are none.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use super::Reference;

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Checks the parts, `registry repository tag digest`, `-` for none.
#[track_caller]
fn check(text: &str, expected: &str) {
    let reference: Reference = text.parse().unwrap_or_else(|error| panic!("{error}"));
    let digest = reference
        .digest()
        .map(ToString::to_string)
        .unwrap_or("-".to_owned());
    let parts = [
        reference.registry().unwrap_or("-"),
        reference.repository(),
        reference.tag().unwrap_or("-"),
        digest.as_str(),
    ];
    assert_eq!(parts.join(" "), expected);
    assert_eq!(
        reference.to_string().parse::<Reference>().unwrap(),
        reference,
        "printed and parsed again"
    );
}

#[test]
fn parts() {
    check("wc", "- wc latest -");
    check("wc:1.0_RC-1", "- wc 1.0_RC-1 -");
    check("tools/wc", "- tools/wc latest -");
    check("f/a.b__c---d_e:x", "- f/a.b__c---d_e x -");
    // By its dot, the first component is a host.
    check("a.b/wc", "a.b wc latest -");
    check("wc.v2", "- wc.v2 latest -");
    check("localhost", "- localhost latest -");
    check("localhost/wc", "localhost wc latest -");
    check("localhost:5000/wc", "localhost:5000 wc latest -");
    check(
        "ghcr.io/openotters/tools/wc:1",
        "ghcr.io openotters/tools/wc 1 -",
    );
    check("GHCR.io/wc", "GHCR.io wc latest -");
    check("127.0.0.1:65535/wc:1", "127.0.0.1:65535 wc 1 -");
    check("host:5000", "- host 5000 -");
    check("oci://ghcr.io/wc:1", "ghcr.io wc 1 -");
    check("oci://wc", "- wc latest -");
    check(&format!("wc@sha256:{HEX}"), &format!("- wc - sha256:{HEX}"));
    check(
        &format!("ghcr.io/wc:1@sha256:{HEX}"),
        &format!("ghcr.io wc 1 sha256:{HEX}"),
    );
    let longest = "a".repeat(255);
    check(
        &format!("{longest}:{}", "t".repeat(128)),
        &format!("- {longest} {} -", "t".repeat(128)),
    );
}

#[test]
fn a_digest_alone() {
    check(&format!("sha256:{HEX}"), &format!("-  - sha256:{HEX}"));
    let bare: Reference = format!("sha256:{HEX}").parse().unwrap();
    assert!(bare.is_bare() && bare.tagged().is_none());
    // With anything else it is a name again.
    check(
        &format!("sha256:{}", &HEX[1..]),
        &format!("- sha256 {} -", &HEX[1..]),
    );
    check(&format!("wc@sha256:{HEX}"), &format!("- wc - sha256:{HEX}"));
}

#[track_caller]
fn check_refused(text: &str, expected: &str) {
    let error = text.parse::<Reference>().map_err(|error| error.to_string());
    let shown: String = text.chars().take(255).collect();
    assert_eq!(
        error,
        Err(format!(
            "`{}` is not an image reference: {expected}",
            shown.escape_debug()
        ))
    );
}

#[test]
fn wrong_repositories() {
    for (text, part) in [
        ("", ""),
        (":1", ""),
        ("/wc", ""),
        ("wc/", ""),
        ("a//b", ""),
        ("..", ".."),
        ("a/../b", ".."),
        ("a/..", ".."),
        ("tools/.wc", ".wc"),
        ("wc.", "wc."),
        ("-wc", "-wc"),
        ("a..b", "a..b"),
        ("a___b", "a___b"),
        ("a._b", "a._b"),
        ("Wc", "Wc"),
        ("w c", "w c"),
        ("wc\\x", "wc\\\\x"),
        ("wc\n", "wc\\n"),
        ("wç", "wç"),
        ("a:b:c", "a:b"),
        ("wc?x", "wc?x"),
    ] {
        let rule = "is not a name of lowercase letters and digits, with single `.`, `_` or `-` \
                    between them";
        check_refused(text, &format!("`{part}` {rule}"));
    }
    check_refused(&"a".repeat(256), "its name is longer than 255 characters");
}

#[test]
fn wrong_tags() {
    for text in [
        "wc:",
        "wc:.1",
        "wc:-1",
        "wc:a b",
        "wc:é",
        "a/b:..",
        &format!("wc:{}", "t".repeat(129)),
    ] {
        check_refused(
            text,
            "a tag is 1 to 128 letters, digits, `_`, `.` or `-`, and begins with none of the last \
             two",
        );
    }
}

#[test]
fn wrong_registries() {
    let long = format!("{}.a/x", "a".repeat(64));
    for text in [
        "../..",
        "../x",
        "-a.b/x",
        "a-.b/x",
        "a..b/x",
        ".a/x",
        "a_b.c/x",
        "h:/x",
        "h:0/x",
        "h:65536/x",
        "h:+1/x",
        ":1/x",
        "[::1]:5000/x",
        "wc:../x",
        &long,
    ] {
        let registry = text.split('/').next().unwrap();
        check_refused(
            text,
            &format!("`{registry}` is not a host name with an optional port"),
        );
    }
}

#[test]
fn other_spellings_of_registries() {
    for registry in [
        "127.0.0.1:05599",
        "127.1:5599",
        "127.1",
        "0x7f.1:5599",
        "0X7F.1:5599",
        "0x7f000001:5599",
        "0177.0.0.1:5599",
        "127.0.0.01:5599",
        "127.0.0.0x1",
        "127.0.0.0x",
        "2130706433:5599",
        "127.0.0.1.1:5599",
        "127.0.0.256",
        "reg.example:0443",
        "a.1",
    ] {
        check_refused(
            &format!("{registry}/tools/wc:1"),
            &format!(
                "`{registry}` is another spelling of a registry: write an address as four decimal \
                 numbers, and a port without zeros before it"
            ),
        );
    }
    // A dot at the end makes no other name of a host.
    check_refused(
        "reg.example./wc",
        "`reg.example.` is not a host name with an optional port",
    );
    check("0x7f.example/wc", "0x7f.example wc latest -");
    check("1.example:443/wc", "1.example:443 wc latest -");
    check("0xg.0xg/wc", "0xg.0xg wc latest -");
}

#[test]
fn wrong_digests() {
    let upper = HEX.to_uppercase();
    for text in [
        "",
        "sha256:",
        "sha256:../../etc/passwd",
        &format!("sha512:{HEX}"),
        &format!("sha256:{upper}"),
        &format!("sha256:{HEX}@x"),
    ] {
        let rule = "is not a digest: expected `sha256:` and 64 lowercase hexadecimal digits";
        check_refused(&format!("wc@{text}"), &format!("`{text}` {rule}"));
    }
}

#[test]
fn pinned_loses_the_tag() {
    let reference: Reference = "ghcr.io/wc:1".parse().unwrap();
    let pinned = reference.pinned(format!("sha256:{HEX}").parse().unwrap());
    assert_eq!(pinned.to_string(), format!("ghcr.io/wc@sha256:{HEX}"));
}
