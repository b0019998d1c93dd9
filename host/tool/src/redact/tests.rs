use zeroize::Zeroizing;

use super::*;

/// Bytes that every encoding changes, and none of its characters beside another one like it.
const SECRET: &str = "s3cr3t/+?v \"al~*ue!'()<>";

fn redactor() -> Redactor {
    let mut secrets = Secrets::default();
    secrets.insert("key".parse().unwrap(), Zeroizing::new(SECRET.into())).unwrap();
    secrets.insert("other".parse().unwrap(), Zeroizing::new(b"another-secret".to_vec())).unwrap();
    Redactor::new(&secrets)
}

#[track_caller]
fn check(said: &str, expected: &str) {
    let clean = redactor().redacted(said.as_bytes(), false);
    assert_eq!(String::from_utf8(clean).unwrap(), expected, "{said}");
}

#[test]
fn every_spelling_of_a_secret_is_found() {
    check("nothing to see", "nothing to see");
    check(&format!("a {SECRET} b"), "a [redacted:key] b");
    check(&format!("{SECRET}{SECRET}another-secret"), "[redacted:key][redacted:key][redacted:other]");
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

#[test]
fn base64_is_found_wherever_the_secret_begins() {
    for engine in [base64::engine::general_purpose::STANDARD, base64::engine::general_purpose::URL_SAFE] {
        for before in ["", "a", "ab", "abc", "Bearer "] {
            for after in ["", "z", "zy", "zyx"] {
                let encoded = engine.encode(format!("{before}{SECRET}{after}"));
                let clean = String::from_utf8(redactor().redacted(encoded.as_bytes(), false)).unwrap();
                assert!(clean.contains("[redacted:key]"), "{before}_{after}: {encoded} {clean}");
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
        let clean = redactor().redacted(said.as_bytes(), true);
        assert_eq!(String::from_utf8(clean).unwrap(), "log: [redacted:key]", "{said}");
    }
    // Where nothing was cut, it is no beginning.
    check("log: s3cr3t", "log: s3cr3t");
    let clean = redactor().redacted(b"log: s3cr", true);
    assert_eq!(clean, b"log: s3cr", "four bytes say nothing");
    let hex: String = SECRET.bytes().take(9).map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(redactor().redacted(hex.as_bytes(), true), b"[redacted:key]");
}

#[test]
fn bytes_that_are_no_text_stay_as_they_are() {
    let mut said = vec![0xff, 0, 0x80];
    said.extend_from_slice(SECRET.as_bytes());
    said.extend_from_slice(&[0xfe, 0xff]);
    let mut expected = vec![0xff, 0, 0x80];
    expected.extend_from_slice(b"[redacted:key]");
    expected.extend_from_slice(&[0xfe, 0xff]);
    assert_eq!(redactor().redacted(&said, false), expected);
}

#[test]
fn values_that_cannot_be_secrets_are_refused_without_being_shown() {
    let mut secrets = Secrets::default();
    for wrong in ["short", "with\nnewline", "with\r\nInjected: header", "nul\0nul\0"] {
        let error = secrets.insert("key".parse().unwrap(), Zeroizing::new(wrong.into())).unwrap_err().to_string();
        assert!(error.contains("key") && !error.contains(wrong), "{error}");
    }
    secrets.insert("key".parse().unwrap(), Zeroizing::new(SECRET.into())).unwrap();
    assert_eq!(format!("{secrets:?}"), "{SecretName(\"key\")}");
}
