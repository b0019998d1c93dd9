//! Secrets that a server sends back in the forms that programs write them in. The server is real,
//! on loopback, and the tool prints what it gets.

use cofferdam_selftest::{Reply, SECRET};

use super::secrets::with_secret;
use crate::support::call::{LOOPBACK, row};
use crate::support::{Scratch, dns, web};

/// [`SECRET`] as programs write it, by the name of the form.
const FORMS: [(&str, &str); 32] = [
    ("JSON in JSON in JSON", r"s3cr3t\\\\\\\/planted+value=1"),
    (
        "JSON in HTML",
        r"s3cr3t\u0026#x2f;planted\u0026plus;value\u003d1",
    ),
    (
        "HTML three times",
        "s3cr3t&amp;amp;#47;planted&amp;amp;#43;value&amp;amp;equals;1",
    ),
    (
        "HTML with zeros",
        "s3cr3t&#x000000000000000002f;planted&#000000000043;value=1",
    ),
    ("HTML without ends", "s3cr3t&#x2Fplanted&#43value=1"),
    ("octal", r"s3cr3t\057planted\053value\0751"),
    ("Python", r"s3cr3t\U0000002fplanted\x2bvalue\u003d1"),
    ("line goes on", "s3cr3t/plan\\\nted+value=1"),
    (
        "URL in URL in URL",
        "s3cr3t%25252Fplanted%25252Bvalue%25253D1",
    ),
    (
        "URL in JSON",
        r"s3cr3t\u00252Fplanted\u00252Bvalue\u00253D1",
    ),
    ("mail", "s3cr3t=2Fpl=\r\nanted+va= \r\nlue=3D1"),
    ("mail in JSON", r"s3cr3t=2Fpl=\r\nanted+value=3D1"),
    ("JSON in mail", "s3cr3t=5C/planted=\r\n=5Cu002bvalue=3D1"),
    ("HTML in mail", "s3cr3t=26#47;planted=26plus;value=3D1"),
    ("base64 with blanks", "czNjcjN0 L3BsYW50 ZWQrdmFs dWU9MQ=="),
    (
        "base64 in a page",
        "czNjcjN0<br>L3BsYW50<br />ZWQrdmFs<br/>\ndWU9MQ==",
    ),
    (
        "base64 in Unicode lines",
        "czNjcjN0\u{2028}L3BsYW50\u{2028}ZWQrdmFs\u{2028}dWU9MQ==",
    ),
    (
        "base64 in an answer to a mail",
        "czNjcjN0L3Bs\r\n> YW50ZWQrdmFs\r\n> dWU9MQ==",
    ),
    (
        "base64 in lines of JSON",
        r"czNjcjN0L3Bs\\nYW50ZWQrdmFs\\ndWU9MQ==",
    ),
    (
        "base64 of base64",
        "Y3pOamNqTjBMM0JzWVc1MFpXUXJkbUZzZFdVOU1RPT0=",
    ),
    (
        "base64 of JSON",
        "eyJrIjoiczNjcjN0XC9wbGFudGVkK3ZhbHVlPTEifQ==",
    ),
    (
        "base64 of a URL",
        "czNjcjN0JTJGcGxhbnRlZCUyQnZhbHVlJTNEMQ==",
    ),
    (
        "base64 of UTF-16",
        "cwAzAGMAcgAzAHQALwBwAGwAYQBuAHQAZQBkACsAdgBhAGwAdQBlAD0AMQA=",
    ),
    (
        "hexadecimal with colons",
        "73:33:63:72:33:74:2F:70:6C:61:6E:74:65:64:2B:76:61:6C:75:65:3D:31",
    ),
    (
        "hexadecimal with blanks",
        "73 33 63 72 33 74 2f 70 6c 61 6e 74 65 64 2b 76 61 6c 75 65 3d 31",
    ),
    (
        "hexadecimal numbers",
        "0x73,0x33,0x63,0x72,0x33,0x74,0x2f,0x70,0x6c,0x61,0x6e,0x74,\
         0x65,0x64,0x2b,0x76,0x61,0x6c,0x75,0x65,0x3d,0x31",
    ),
    (
        "numbers",
        "[115,51,99,114,51,116,47,112,108,97,110,116,101,100,43,118,97,108,117,101,61,49]",
    ),
    (
        "a buffer of Node",
        r#"{"type":"Buffer","data":[115, 51, 99, 114, 51, 116, 47, 112, 108, 97, 110, 116, 101, 100,
        43, 118, 97, 108, 117, 101, 61, 49]}"#,
    ),
    (
        "UTF-16",
        "s\x003\x00c\x00r\x003\x00t\x00/\x00p\x00l\x00a\x00n\x00t\x00\
         e\x00d\x00+\x00v\x00a\x00l\x00u\x00e\x00=\x001\x00",
    ),
    (
        "UTF-32",
        "s\x00\x00\x003\x00\x00\x00c\x00\x00\x00r\x00\x00\x003\x00\x00\x00t\x00\x00\x00\
         /\x00\x00\x00planted\x00\x00\x00+\x00\x00\x00value\x00\x00\x00=\x00\x00\x001",
    ),
    (
        "colours",
        "\x1b[01;31m\x1b[Ks3cr3t/\x1b[m\x1b[Kplanted+value=1",
    ),
    ("folded", "s3cr3t/planted\r\n +value=1"),
];

#[test]
fn a_secret_is_found_in_the_forms_that_servers_write() {
    let scratch = Scratch::new();
    let body: String = FORMS
        .iter()
        .map(|(name, form)| format!("<{name}>\n{form}\n</{name}>\n"))
        .collect();
    let web = web(&[("/", Reply::Full("200 OK", body))]);
    let dns = dns(&[("own.test", &["127.0.0.1"])]);
    let secret = format!("token={}", scratch.file("token", SECRET).display());
    let flags = ["--http", "*", "--secret", &secret, LOOPBACK[0], LOOPBACK[1]];
    let url = format!("http://own.test:{}/", web.port());
    let receipt = row(
        "http_fetch",
        with_secret("own.test", web.port()),
        &flags,
        &["GET", &url],
    )
    .run(&scratch, &dns);
    let said = receipt["stdout"].as_str().unwrap();
    for (name, form) in FORMS {
        let (_, rest) = said
            .split_once(&format!("<{name}>\n"))
            .expect("the name stays");
        let (said, _) = rest
            .split_once(&format!("</{name}>\n"))
            .expect("the name stays");
        assert!(
            said.contains("[redacted:token]") && !said.contains(form),
            "{name}: {said}"
        );
        let left = said.replace("[redacted:token]", "");
        assert!(left.trim().len() <= 32, "{name}: {said}");
    }
}

#[test]
fn a_form_that_is_cut_off_is_gone_as_well() {
    let scratch = Scratch::new();
    let dns = dns(&[("own.test", &["127.0.0.1"])]);
    let secret = format!(
        "token={}",
        scratch.file("token", "Zq/9&kP\"w<7Lm=xT").display()
    );
    let flags = ["--http", "*", "--secret", &secret, LOOPBACK[0], LOOPBACK[1]];
    for (form, ends) in [
        ("Zq/9&kP\"w<7Lm=\r\n=3DxT", [14, 15, 16, 17]),
        ("Zq%2F9%26kP%22w%3C7Lm%3DxT", [11, 13, 19, 24]),
        (r"Zq\\\/9\\u0026kP\\\u0022w<7Lm=xT", [14, 15, 22, 27]),
        ("Zq&sol;9&amp;kP&quot;w&lt;7Lm=xT", [14, 16, 24, 28]),
    ] {
        let web = web(&[(
            "/",
            Reply::Full("200 OK", format!("{}{form}", "x".repeat(1_000))),
        )]);
        let url = format!("http://own.test:{}/", web.port());
        let call = |limit: usize| {
            let manifest = format!(
                "{}[limits]\nstdout = \"{limit}B\"\n",
                with_secret("own.test", web.port())
            );
            row("http_fetch", manifest, &flags, &["GET", &url]).run(&scratch, &dns)["stdout"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let begin = call(1_000).find("xxx").expect("a body");
        for end in ends {
            let said = call(begin + 1_000 + end);
            let (said, _) = said.split_once("[output truncated").expect("cut");
            assert!(
                said.trim_end().ends_with("x[redacted:token]"),
                "{form} at {end}: {}",
                &said[begin + 990..]
            );
        }
    }
}
