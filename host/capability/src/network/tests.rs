use std::net::IpAddr;

use super::*;

#[test]
fn hosts_are_names_or_addresses_in_one_spelling() {
    let check = |text: &str, expected: Option<&str>| {
        let host = text.parse::<Host>().ok().map(|host| host.to_string());
        assert_eq!(host.as_deref(), expected, "{text}");
    };
    check("Example.ORG", Some("example.org"));
    check("xn--bcher-kva.example", Some("xn--bcher-kva.example"));
    check("localhost", Some("localhost"));
    check("127.0.0.1", Some("127.0.0.1"));
    check("[::1]", Some("[::1]"));
    check("[0:0::1]", Some("[::1]"));
    for wrong in [
        "",
        ".",
        "example.org.",
        "a..b",
        "-a.b",
        "a-.b",
        "bücher.example",
        "http://a.b",
        "a.b/c",
        "a.b:80",
        "u@a.b",
        "a b",
        "a\r\n.b",
        "*",
        "*.a.b",
        "127.1",
        "2130706433",
        "0x7f000001",
        "a.0x7f",
        "1.2.3.4.5",
        "010.0.0.1.",
        "[fe80::1%25eth0]",
        "[::1",
        "::1",
    ] {
        check(wrong, None);
    }
    check(&format!("{}.a", "a".repeat(64)), None);
    check(&"a.".repeat(130), None);
}

#[test]
fn patterns_cover_what_lies_below_and_meet_in_the_narrower_one() {
    let covers = |pattern: &str, host: &str| {
        pattern
            .parse::<HostPattern>()
            .expect("a pattern")
            .covers(&host.parse().expect("a host"))
    };
    assert!(covers("*.example.org", "a.example.org") && covers("*.example.org", "a.b.example.org"));
    assert!(!covers("*.example.org", "example.org") && !covers("*.example.org", "evilexample.org"));
    assert!(covers("Example.org", "example.org") && !covers("example.org", "a.example.org"));
    assert!(
        covers("*", "anything.at") && covers("*", "10.0.0.1") && !covers("*.0.0.a", "10.0.0.1")
    );
    let meet = |one: &str, other: &str, expected: Option<&str>| {
        let pattern = |text: &str| text.parse::<HostPattern>().expect("a pattern");
        for (one, other) in [(one, other), (other, one)] {
            let met = pattern(one)
                .meet(&pattern(other))
                .map(|met| met.to_string());
            assert_eq!(met.as_deref(), expected, "{one} {other}");
        }
    };
    meet("a.b", "a.b", Some("a.b"));
    meet("a.b", "*.b", Some("a.b"));
    meet("*.a.b", "*.b", Some("*.a.b"));
    meet("*", "*.b", Some("*.b"));
    meet("*", "*", Some("*"));
    meet("b", "*.b", None);
    meet("*.a.b", "*.c.b", None);
    for wrong in ["*.", "*.*.a", "a.*", "*.10.0.0.1", "*a.b", "**"] {
        assert!(wrong.parse::<HostPattern>().is_err(), "{wrong}");
    }
}

fn rule(host: &str, methods: &[&str], ports: &[u16], paths: &[&str]) -> HttpRule {
    let method = |method: &&str| Method::try_from((*method).to_owned()).expect("a method");
    let port = |port: &u16| Port::try_from(*port).expect("a port");
    let path = |path: &&str| PathPrefix::try_from((*path).to_owned()).expect("a path");
    HttpRule::new(
        host.parse().expect("a pattern"),
        methods.iter().map(method).collect(),
        ports.iter().map(port).collect(),
        paths.iter().map(path).collect(),
    )
}

#[test]
fn a_request_needs_one_rule_that_permits_all_of_it() {
    let policy = NetworkPolicy::new(
        vec![
            rule("plain.test", &[], &[], &[]),
            rule(
                "api.test",
                &["GET", "HEAD"],
                &[8443],
                &["/v1", "/v2/public/"],
            ),
            rule("api.test", &["POST"], &[8443], &["/v1/items"]),
        ],
        Vec::new(),
        AddressPolicy::default(),
    );
    let check =
        |method: &str, scheme: Scheme, host: &str, port: u16, path: &str, expected: &str| {
            let permitted =
                policy.permits(method, scheme, &host.parse().expect("a host"), port, path);
            let said = permitted
                .err()
                .map_or_else(|| "ok".to_owned(), |refusal| refusal.to_string());
            assert!(
                said.contains(expected),
                "{method} {host}:{port}{path}: {said}"
            );
        };
    use Scheme::{Http, Https};
    check("GET", Http, "plain.test", 80, "/", "ok");
    check("PURGE", Https, "plain.test", 443, "/a%2Fb/../c", "ok");
    check("GET", Http, "plain.test", 443, "/", "port 443");
    check("GET", Https, "plain.test", 80, "/", "port 80");
    check("CONNECT", Https, "plain.test", 443, "/", "no tool");
    check("TRACE", Http, "plain.test", 80, "/", "no tool");
    check("GET", Http, "other.test", 80, "/", "host is not granted");
    check("GET", Http, "a.plain.test", 80, "/", "host is not granted");
    check("GET", Https, "api.test", 8443, "/v1", "ok");
    check("GET", Http, "api.test", 8443, "/v1/x?", "ok");
    check("GET", Https, "api.test", 8443, "/%76%31/x", "ok");
    check("HEAD", Https, "api.test", 8443, "/v2/public", "ok");
    check("POST", Https, "api.test", 8443, "/v1/items/1", "ok");
    check("POST", Https, "api.test", 8443, "/v1/other", "path");
    check("DELETE", Https, "api.test", 8443, "/v1", "method DELETE");
    check("GET", Https, "api.test", 443, "/v1", "port 443");
    for path in [
        "/v10",
        "/",
        "",
        "v1",
        "/V1",
        "//v1",
        "/v2",
        "/v1/..",
        "/v1/../v2",
        "/v1/%2e%2e/v2",
        "/v1/.%2E/v2",
        "/v1/./x",
        "/v1/..;a=b/v2",
        "/v1%2f..%2fv2",
        "/v1/%5c..%5cv2",
        "/v1/..\\v2",
        "/v1/%252e%252e/v2",
        "/v1/%",
        "/v1/%zz",
        "/v1/%c0%ae%c0%ae/v2",
        "/v1/%00",
        "/v1/%0d%0a",
    ] {
        check("GET", Https, "api.test", 8443, path, "path");
    }
    check("GET", Http, "plain.test", 80, "/", "ok");
    assert!(
        NetworkPolicy::default()
            .permits("GET", Http, &"a.b".parse().expect("a host"), 80, "/")
            .is_err()
    );
}

#[test]
fn an_offer_narrows_a_rule_and_never_widens_it() {
    let check = |ports: &[u16], offer: &str, expected: Option<(&str, Option<u16>)>| {
        let offer: HostOffer = offer.parse().expect("an offer");
        let met = rule("*.a.test", &[], ports, &[]).meet(offer.pattern(), offer.port());
        let met = met.map(|rule| (rule.host.to_string(), rule.offered.map(u16::from)));
        assert_eq!(
            met.as_ref().map(|(host, port)| (host.as_str(), *port)),
            expected,
            "{ports:?} {offer}"
        );
    };
    check(&[], "*", Some(("*.a.test", None)));
    check(&[], "x.a.test:443", Some(("x.a.test", Some(443))));
    check(&[], "x.a.test:8080", None);
    check(&[8080, 9090], "*.test:9090", Some(("*.a.test", Some(9090))));
    check(&[8080], "*.test:80", None);
    check(&[], "a.test", None);
    let only = rule("a.test", &[], &[1, 2], &[])
        .meet(&HostPattern::ANY, Port::try_from(2).ok())
        .expect("both");
    assert!(only.permits("GET", Scheme::Http, 2, "/").is_ok());
    assert!(only.permits("GET", Scheme::Http, 1, "/").is_err());
    for wrong in [
        "a.b:0",
        "a.b:65536",
        "a.b:",
        "http://a.b",
        ":80",
        "",
        "a.b:80:80",
    ] {
        assert!(wrong.parse::<HostOffer>().is_err(), "{wrong}");
    }
    let refused = "https://api.example.org".parse::<HostOffer>();
    let refused = refused.expect_err("a scheme");
    assert!(
        refused.contains("a name alone, without scheme"),
        "{refused}"
    );
    assert_eq!(
        "[::1]:80"
            .parse::<HostOffer>()
            .expect("an offer")
            .to_string(),
        "[::1]:80"
    );
    assert_eq!(
        "[::1]".parse::<HostOffer>().expect("an offer").to_string(),
        "[::1]"
    );
}

#[test]
fn methods_ports_and_paths_are_checked_when_they_are_written() {
    for wrong in ["get", "", "GET ", "GE\tT", "CONNECT", "TRACE", "A\r\nB"] {
        assert!(Method::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
    assert!(Port::try_from(0).is_err());
    for wrong in [
        "",
        "api",
        "/a/../b",
        "/a/%2e%2e",
        "/a?b",
        "/a#b",
        "/a%2fb",
        "/a%",
    ] {
        assert!(PathPrefix::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
}

#[track_caller]
fn check_address(allowed: &[&str], address: &str, expected: &str) {
    let allowed = allowed
        .iter()
        .map(|net| net.parse().expect("a network"))
        .collect();
    let checked =
        AddressPolicy::new(allowed).check(address.parse().expect("an address"), |_| false);
    let said = checked
        .err()
        .map_or_else(|| "ok".to_owned(), |refusal| refusal.to_string());
    assert!(said.contains(expected), "{address}: {said}");
}

#[test]
fn only_public_addresses_are_reached() {
    for public in [
        "93.184.216.34",
        "8.8.8.8",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "2a00:1450::1",
    ] {
        check_address(&[], public, "ok");
    }
    for (address, what) in [
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("0.0.0.0", "this host"),
        ("0.1.2.3", "this host"),
        ("10.0.0.5", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("100.64.1.2", "carrier"),
        ("100.100.100.200", "carrier"),
        ("169.254.169.254", "metadata"),
        ("168.63.129.16", "metadata"),
        ("192.0.0.192", "protocols"),
        ("192.0.2.1", "documentation"),
        ("192.88.99.1", "6to4"),
        ("198.18.0.1", "benchmarking"),
        ("198.51.100.1", "documentation"),
        ("203.0.113.1", "documentation"),
        ("224.0.0.1", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::127.0.0.1", "IPv4-compatible"),
        ("::8.8.8.8", "IPv4-compatible"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:169.254.169.254", "metadata"),
        ("::ffff:10.0.0.1", "private"),
        ("64:ff9b::7f00:1", "loopback"),
        ("64:ff9b::a9fe:a9fe", "metadata"),
        ("64:ff9b:1::808:808", "translation"),
        ("2002:7f00:1::", "loopback"),
        ("2002:a9fe:a9fe::1", "metadata"),
        ("2001:0:808:808::1", "Teredo"),
        ("2001:2::1", "protocols"),
        ("2001:db8::1", "documentation"),
        ("3fff::1", "documentation"),
        ("5f00::1", "segment"),
        ("100::1", "not public"),
        ("4000::1", "reserved"),
        ("9000::1", "reserved"),
        ("fc00::1", "unique local"),
        ("fd00:ec2::254", "unique local"),
        ("fe80::1", "link-local"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
    ] {
        check_address(&[], address, what);
    }
    check_address(&[], "::ffff:8.8.8.8", "ok");
    check_address(&[], "64:ff9b::808:808", "ok");
    check_address(&[], "2002:808:808::1", "ok");
}

#[test]
fn the_ceiling_opens_what_it_names_and_nothing_else() {
    check_address(&["127.0.0.1/32"], "127.0.0.1", "ok");
    check_address(&["127.0.0.1/32"], "::ffff:127.0.0.1", "ok");
    check_address(&["127.0.0.1/32"], "127.0.0.2", "loopback");
    check_address(&["10.0.0.0/8"], "10.1.2.3", "ok");
    check_address(&["10.0.0.0/8"], "169.254.169.254", "metadata");
    check_address(&["::1/128"], "::1", "ok");
    check_address(&["fd00:1::/32"], "fd00:1::5", "ok");
    check_address(&["fd00:1::/32"], "fd00:ec2::254", "unique local");
    // What is broader than a denied range does not mean it.
    check_address(&["0.0.0.0/0", "::/0"], "169.254.169.254", "metadata");
    check_address(&["0.0.0.0/0", "::/0"], "127.0.0.1", "loopback");
    check_address(&["0.0.0.0/0", "::/0"], "fd00:ec2::254", "unique local");
    check_address(&["8000::/1"], "fd00:ec2::254", "unique local");
}

#[test]
fn an_address_of_this_machine_is_reached_only_by_its_name_in_the_ceiling() {
    let check = |allowed: &[&str], address: &str, expected: &str| {
        let allowed = allowed
            .iter()
            .map(|net| net.parse().expect("a network"))
            .collect();
        let own = |own: IpAddr| {
            ["8.8.4.4", "10.0.0.5", "2600::5"]
                .iter()
                .any(|text| text.parse() == Ok(own))
        };
        let checked = AddressPolicy::new(allowed).check(address.parse().expect("an address"), own);
        let said = checked
            .err()
            .map_or_else(|| "ok".to_owned(), |refusal| refusal.to_string());
        assert!(said.contains(expected), "{address}: {said}");
    };
    // IPv4-mapped, NAT64 and 6to4 lead to the IPv4 address in them.
    for own in [
        "8.8.4.4",
        "2600::5",
        "::ffff:8.8.4.4",
        "64:ff9b::808:404",
        "2002:808:404::1",
    ] {
        check(&[], own, "an address of this machine");
        check(
            &["0.0.0.0/0", "::/0", "0.0.0.0/1", "2000::/3"],
            own,
            "an address of this machine",
        );
    }
    check(&[], "8.8.8.8", "ok");
    check(&["8.8.4.4/32"], "8.8.4.4", "ok");
    check(&["8.8.4.4/32"], "::ffff:8.8.4.4", "ok");
    check(&["2600::/16"], "2600::5", "ok");
    check(&["10.0.0.0/8"], "10.0.0.5", "ok");
    check(&["10.0.0.0/8"], "8.8.4.4", "an address of this machine");
}

#[test]
fn a_secret_travels_in_clear_only_where_the_ceiling_says_so() {
    let check = |allowed: &str, scheme: Scheme, address: &str, expected: bool| {
        let policy = AddressPolicy::new(vec![allowed.parse().expect("a network")]);
        let trusted = policy.trusts(scheme, address.parse().expect("an address"));
        assert_eq!(trusted, expected, "{allowed} {scheme:?} {address}");
    };
    check("10.0.0.0/8", Scheme::Https, "93.184.216.34", true);
    check("10.0.0.0/8", Scheme::Http, "93.184.216.34", false);
    check("10.0.0.0/8", Scheme::Http, "10.1.2.3", true);
    check("10.0.0.0/8", Scheme::Http, "::ffff:10.1.2.3", true);
    check("0.0.0.0/0", Scheme::Http, "93.184.216.34", false);
}
