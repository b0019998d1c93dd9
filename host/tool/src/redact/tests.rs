mod corpus;
mod forms;
mod shapes;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use cofferdam_capability::{Bytes, Limits, Time};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::spellings::MAX_REST;
use super::*;

/// Bytes that every encoding changes, and none of its characters beside another one like it.
const SECRET: &str = "s3cr3t/+?v \"al~*ue!'()<>";

/// A redactor that knows these secrets, by name and value.
fn of<const N: usize>(secrets: [(&str, &str); N]) -> Redactor {
    let redactor = Redactor::new();
    let known = secrets.map(|(name, value)| Known {
        source: name.to_owned(),
        mark: name.parse().unwrap(),
        value: Zeroizing::new(value.into()),
    });
    redactor.learn(known.into()).unwrap();
    redactor
}

fn redactor() -> Redactor {
    of([("key", SECRET), ("other", "another-secret")])
}

/// Returns what is told of `said`.
fn redacted(redactor: &Redactor, said: &[u8], cut: bool) -> Vec<u8> {
    redactor
        .redacted(said, cut)
        .unwrap_or_else(|| said.to_vec())
}

#[track_caller]
fn check(said: &str, expected: &str) {
    let clean = redacted(&redactor(), said.as_bytes(), false);
    assert_eq!(String::from_utf8(clean).unwrap(), expected, "{said}");
}

#[test]
fn every_spelling_of_a_secret_is_found() {
    check("nothing to see", "nothing to see");
    check(&format!("a {SECRET} b"), "a [redacted:key] b");
    check(
        &format!("{SECRET}{SECRET}another-secret"),
        "[redacted:key][redacted:key][redacted:other]",
    );
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    check(&format!("0x{hex}."), "0x[redacted:key].");
    check(&hex.to_uppercase(), "[redacted:key]");
    for encoded in [
        "s3cr3t%2F%2B%3Fv%20%22al~%2Aue%21%27%28%29%3C%3E",
        "s3cr3t%2f%2b%3fv%20%22al~%2aue%21%27%28%29%3c%3e",
        "s3cr3t%2F%2B%3Fv%20%22al~*ue!'()%3C%3E",
        "s3cr3t%2F%2B%3Fv+%22al%7E*ue%21%27%28%29%3C%3E",
        "s3cr3t%2f%2b%3fv+%22al%7e*ue%21%27%28%29%3c%3e",
        r#"s3cr3t/+?v \"al~*ue!'()<>"#,
    ] {
        check(&format!("x={encoded}&y"), "x=[redacted:key]&y");
    }
}

/// A text with each of its characters written in the next of several ways.
fn written(text: &str, ways: &[&dyn Fn(char) -> String]) -> String {
    text.chars()
        .zip(ways.iter().cycle())
        .map(|(c, way)| way(c))
        .collect()
}

#[test]
fn every_character_of_a_secret_may_be_escaped_in_several_ways() {
    let plain = |c: char| c.to_string();
    let small = |c: char| format!("\\u{:04x}", c as u32);
    let large = |c: char| format!("\\u{:04X}", c as u32);
    let signs = |c: char| {
        if c.is_ascii_punctuation() {
            format!("\\{c}")
        } else {
            c.to_string()
        }
    };
    let slash = |c: char| {
        if c == '/' {
            "\\/".to_owned()
        } else {
            c.to_string()
        }
    };
    let json = |c: char| {
        if c == '"' {
            "\\\"".to_owned()
        } else {
            slash(c)
        }
    };
    let short = |c: char| format!("\\x{:02x}", c as u32);
    let braces = |c: char| format!("\\u{{{:x}}}", c as u32);
    let percent = |c: char| format!("%{:02x}", c as u32);
    let unicode = |c: char| format!("%u{:04X}", c as u32);
    let decimal = |c: char| format!("&#{};", c as u32);
    let padded = |c: char| format!("&#{:07};", c as u32);
    let hex = |c: char| format!("&#x{:x};", c as u32);
    let capital = |c: char| format!("&#X{:04X};", c as u32);
    let named = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&apos;".to_owned(),
        '/' => "&sol;".to_owned(),
        c => c.to_string(),
    };
    let quoted = |c: char| format!("={:02X}", c as u32);
    let ways: [&dyn Fn(char) -> String; 16] = [
        &plain, &small, &large, &signs, &slash, &json, &short, &braces, &percent, &unicode,
        &decimal, &padded, &hex, &capital, &named, &quoted,
    ];
    for (index, first) in ways.iter().enumerate() {
        check(
            &format!("a {} b", written(SECRET, &[*first])),
            "a [redacted:key] b",
        );
        // Mixed with plain characters and with each other way; mail has a way of its own.
        for second in ways.iter().take(15).filter(|_| index < 15) {
            check(
                &format!("x {} y", written(SECRET, &[*first, *second])),
                "x [redacted:key] y",
            );
            check(
                &format!("x {} y", written(SECRET, &[*second, *second, *first])),
                "x [redacted:key] y",
            );
        }
    }
    // One inside another.
    let in_json = |text: &str| {
        serde_json::Value::from(text)
            .to_string()
            .trim_matches('"')
            .to_owned()
    };
    let in_html = |text: &str| text.chars().map(named).collect::<String>();
    check(&in_json(&in_json(SECRET)), "[redacted:key]");
    check(&in_html(&written(SECRET, &[&slash])), "[redacted:key]");
    check(&in_json(&in_html(SECRET)), "[redacted:key]");
    check(&in_json(&written(SECRET, &[&small])), "[redacted:key]");
    check(&in_html(&written(SECRET, &[&decimal])), "[redacted:key]");
}

#[test]
fn secrets_that_look_like_escapes_are_found() {
    let secret = r"a%41b\u0041c&amp;d=3De\n+ \\f";
    let redactor = of([("key", secret)]);
    let in_json = serde_json::Value::from(secret).to_string();
    let in_html = secret.replace('&', "&amp;");
    let in_url = secret
        .replace('%', "%25")
        .replace('&', "%26")
        .replace('+', "%2b")
        .replace(' ', "+");
    for said in [
        secret,
        &in_json,
        &in_html,
        &in_url,
        &in_json.replace('&', "\\u0026"),
    ] {
        let clean = String::from_utf8(redacted(&redactor, said.as_bytes(), false)).unwrap();
        assert_eq!(clean.trim_matches('"'), "[redacted:key]", "{said}");
    }
}

#[test]
fn each_place_has_its_own_mark_in_every_reading() {
    let escaped = SECRET.replace('/', "\\/");
    let said =
        format!("one {SECRET}\ntwo {escaped} &amp; 100%\nthree another-secret=\nfour {SECRET}");
    check(
        &said,
        "one [redacted:key]\ntwo [redacted:key] &amp; 100%\nthree [redacted:other]=\nfour \
            [redacted:key]",
    );
}

#[test]
fn base64_in_lines_is_found() {
    let long = SECRET.repeat(6);
    let redactor = of([("key", &long)]);
    for before in ["", "a", "ab", &"b".repeat(100)] {
        let encoded =
            base64::engine::general_purpose::STANDARD.encode(format!("{before}{long}after"));
        for width in [1, 3, 4, 7, 60, 64, 76] {
            for end in [
                "\n", "\r\n", "\n    ", "\r\n\t", "\\n", "\\r\\n", "&#10;", "%0D%0A",
            ] {
                let lines: Vec<_> = encoded
                    .as_bytes()
                    .chunks(width)
                    .map(|line| str::from_utf8(line).unwrap())
                    .collect();
                let said = format!("-----BEGIN-----\n{}\n-----END-----", lines.join(end));
                let clean = String::from_utf8(redacted(&redactor, said.as_bytes(), false)).unwrap();
                assert!(
                    clean.contains("[redacted:key]") && clean.ends_with("-----END-----"),
                    "{width}: {clean}"
                );
                let left = clean.len() - "-----BEGIN-----[redacted:key]-----END-----".len();
                let most = (before.len() + 16) * 4 / 3 * (1 + end.len() / width + end.len());
                assert!(left <= most, "{width} {end:?}: {clean}");
            }
        }
    }
}

#[test]
fn escapes_that_were_cut_leave_nothing_behind() {
    for said in [
        r"log: s3cr3t\u002",
        r"log: s3cr3t\",
        "log: s3cr3t&#4",
        "log: s3cr3t%2",
        r"log: s3cr3t\/\u002b\u00",
    ] {
        let clean = redacted(&redactor(), said.as_bytes(), true);
        assert_eq!(
            String::from_utf8(clean).unwrap(),
            "log: [redacted:key]",
            "{said}"
        );
    }
    // What is no secret stays, whole or cut.
    for said in [
        r"log: \u002",
        "a & b",
        "100 %",
        "x &#",
        "tail &amp",
        r"C:\dir\",
        "%zz &zz; \\zz =zz",
        "",
    ] {
        check(said, said);
        assert_eq!(
            redacted(&redactor(), said.as_bytes(), true),
            said.as_bytes(),
            "{said}"
        );
    }
}

#[test]
fn reading_takes_time_by_the_length_alone() {
    let parts = [
        "\\",
        "&",
        "%",
        "=",
        "\"",
        "'",
        "0",
        "a",
        ",",
        "&#x0000000",
        "\\ud83d",
        "&amp;amp;",
        "&ampl",
        "%25",
        "\n",
    ];
    for part in parts.into_iter().chain([
        "s3cr3t/+",
        "\\\\u005c",
        "=20",
        "= ",
        "\n  ",
        "\0",
        "A word, ",
        "a\u{2028}",
        "255,",
    ]) {
        let said = part.repeat((1 << 20) / part.len());
        let began = std::time::Instant::now();
        let clean = redacted(&redactor(), said.as_bytes(), true);
        let took = began.elapsed();
        println!("{part:?} {took:?}");
        assert!(
            took < std::time::Duration::from_secs(30),
            "{part:?} {took:?}"
        );
        assert!(clean.len() <= said.len() + 32);
    }
}

#[test]
fn base64_is_found_wherever_the_secret_begins() {
    for engine in [
        base64::engine::general_purpose::STANDARD,
        base64::engine::general_purpose::URL_SAFE,
    ] {
        for before in ["", "a", "ab", "abc", "Bearer "] {
            for after in ["", "z", "zy", "zyx"] {
                let encoded = engine.encode(format!("{before}{SECRET}{after}"));
                let clean =
                    String::from_utf8(redacted(&redactor(), encoded.as_bytes(), false)).unwrap();
                assert!(
                    clean.contains("[redacted:key]"),
                    "{before}_{after}: {encoded} {clean}"
                );
                // What stays beside the mark is what the neighbours decide.
                let rest = clean.replace("[redacted:key]", "");
                let most = (before.len() + after.len()) * 4 / 3 + 6;
                assert!(rest.len() <= most, "{before}_{after}: {rest}");
            }
        }
    }
    let unpadded = STANDARD_NO_PAD.encode(SECRET);
    check(&unpadded, "[redacted:key]");
}

#[test]
fn a_secret_that_was_cut_leaves_nothing_behind() {
    for kept in MAX_REST + 1..SECRET.len() {
        let said = format!("log: {}", &SECRET[..kept]);
        let clean = redacted(&redactor(), said.as_bytes(), true);
        assert_eq!(
            String::from_utf8(clean).unwrap(),
            "log: [redacted:key]",
            "{said}"
        );
    }
    // Where nothing was cut, it is no beginning.
    check("log: s3cr3t", "log: s3cr3t");
    let clean = redacted(&redactor(), b"log: s3cr", true);
    assert_eq!(clean, b"log: s3cr", "four bytes say nothing");
    let hex: String = SECRET
        .bytes()
        .take(9)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        redacted(&redactor(), hex.as_bytes(), true),
        b"[redacted:key]"
    );
}

#[test]
fn bytes_that_are_no_text_stay_as_they_are() {
    let mut said = vec![0xff, 0, 0x80];
    said.extend_from_slice(SECRET.as_bytes());
    said.extend_from_slice(&[0xfe, 0xff]);
    let mut expected = vec![0xff, 0, 0x80];
    expected.extend_from_slice(b"[redacted:key]");
    expected.extend_from_slice(&[0xfe, 0xff]);
    assert_eq!(redacted(&redactor(), &said, false), expected);
}

#[tokio::test]
async fn looking_for_secrets_ends_with_the_call() {
    let said = "\\u005c".repeat(2 << 20);
    let limits = Limits {
        wall: Time(std::time::Duration::from_millis(20)),
        ..Limits::DEFAULT
    };
    let allowance = Allowance::begin(&limits, CancellationToken::new());
    let finders = redactor().finders();
    let late = allowance
        .within(finders.slowly(said.as_bytes(), false, allowance.account()))
        .await;
    assert_eq!(late.unwrap_err(), Outcome::Deadline);
    let cancel = CancellationToken::new();
    let allowance = Allowance::begin(&Limits::DEFAULT, cancel.clone());
    let search = allowance.within(finders.slowly(said.as_bytes(), false, allowance.account()));
    let (cancelled, ()) = tokio::join!(search, async { cancel.cancel() });
    assert_eq!(cancelled.unwrap_err(), Outcome::Cancelled);
}

#[tokio::test]
async fn what_is_found_is_on_the_account_of_the_call() {
    let said = format!("{SECRET} ").repeat(10_000);
    let held = |limit: u64| async move {
        let limits = Limits {
            host_memory: Bytes(limit),
            ..Limits::DEFAULT
        };
        let allowance = Allowance::begin(&limits, CancellationToken::new());
        let clean = redactor()
            .finders()
            .slowly(said.as_bytes(), false, allowance.account())
            .await;
        (clean, allowance.account().peak())
    };
    let (clean, peak) = held.clone()(64 << 20).await;
    assert!(
        clean
            .unwrap()
            .unwrap()
            .starts_with(b"[redacted:key] [redacted:key]")
    );
    assert!(peak > 10_000 * 24, "{peak}");
    let (refused, _) = held.clone()(400 << 10).await;
    assert_eq!(refused.unwrap_err().what, "secrets that were found");
    // What it works in as well.
    let (refused, _) = held(16 << 10).await;
    assert_eq!(refused.unwrap_err().what, "the search for secrets");
}
