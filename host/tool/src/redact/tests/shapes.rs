//! Credentials that the host does not know, by their shape.

use super::*;

#[track_caller]
fn check(said: &str, expected: &str) {
    let clean = redacted(&Redactor::new(), said.as_bytes(), false);
    assert_eq!(String::from_utf8(clean).unwrap(), expected, "{said}");
}

#[track_caller]
fn stays(said: &str) {
    check(said, said);
}

/// A token of so many characters in which letters and digits alternate.
fn random(length: usize) -> String {
    "a1B2c3D4e5F6g7H8".chars().cycle().take(length).collect()
}

#[test]
fn tokens_that_say_what_they_are_are_found() {
    let upper = "A1B2C3D4E5F6G7H8";
    for token in [
        format!("AKIA{upper}"),
        format!("ghp_{}", random(36)),
        format!("github_pat_{}_{}", random(22), random(59)),
        format!("sk-{}", random(48)),
        format!("sk-proj-{}", random(40)),
        format!("glpat-{}", random(20)),
        format!("eyJ{}.eyJ{}.{}", random(20), random(30), random(43)),
    ] {
        check(&format!("a {token} b"), "a [redacted] b");
        check(&format!("x={token}&y"), "x=[redacted]&y");
        check(
            &format!("{{\"t\":\"line\\n{token}\"}}"),
            "{\"t\":\"line\\n[redacted]\"}",
        );
        // In another word, or shorter, it is something else.
        stays(&format!("a{token}"));
        stays(&token[..token.len().min(12)]);
    }
    for said in [
        "sk-learn and sk-something-with-many-words-in-it-2024",
        "the task-a1B2c3D4e5F6g7H8a1B2",
        "AKIAAAAAA",
        "eyJhbGciOiJIUzI1NiJ9 alone",
        "ghp_",
    ] {
        stays(said);
    }
}

#[test]
fn private_keys_are_found_whole() {
    let line = random(64);
    let key =
        format!("-----BEGIN RSA PRIVATE KEY-----\n{line}\n{line}\n-----END RSA PRIVATE KEY-----");
    check(&format!("a\n{key}\nb"), "a\n[redacted]\nb");
    let in_json = serde_json::json!({ "key": key, "next": 1 }).to_string();
    check(&in_json, "{\"key\":\"[redacted]\",\"next\":1}");
    // Cut off, and two of them.
    let half = &key[..80];
    check(&format!("a {half}"), "a [redacted]");
    check(&format!("{key} {key}"), "[redacted] [redacted]");
    stays("-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----");
    stays("-----BEGIN PUBLIC KEY-----");
    stays("const BEGIN: &str = \"-----BEGIN PRIVATE KEY-----\";");
}

#[test]
fn credentials_of_headers_are_found_once_and_alone() {
    for (said, expected) in [
        (
            "Authorization: Bearer abc",
            "Authorization: Bearer [redacted]",
        ),
        (
            "authorization: Basic dXNlcjpwYXNz\r\naccept: */*",
            "authorization: Basic [redacted]\r\naccept: */*",
        ),
        (
            "curl -H 'Authorization: Bearer a1b2c3d4' https://a.test",
            "curl -H 'Authorization: Bearer [redacted]' https://a.test",
        ),
        (
            r#"{"Authorization": "Bearer abc.def", "a": 1}"#,
            r#"{"Authorization": "Bearer [redacted]", "a": 1}"#,
        ),
        (
            r#"{"text":"{\"authorization\":\"Bearer abc.def\"}"}"#,
            r#"{"text":"{\"authorization\":\"Bearer [redacted]\"}"}"#,
        ),
        ("X-Api-Key: a1b2c3d4e5", "X-Api-Key: [redacted]"),
        ("got Bearer a1b2c3d4e5 here", "got Bearer [redacted] here"),
    ] {
        check(said, expected);
    }
    for said in [
        "authorization: Bearer [redacted:token]",
        "Authorization: Bearer <token>",
        "Authorization: Bearer $TOKEN",
        "Authorization: Bearer {}",
        "Authorization: Bearer TOKEN",
        "Authorization: the header of HTTP",
        "the bearer of this letter",
        "Bearer authentication",
    ] {
        stays(said);
    }
}

#[test]
fn values_that_have_the_name_of_a_credential_are_found_and_nothing_after_them() {
    for (said, expected) in [
        ("api_key=a1b2c3d4e5", "api_key=[redacted]"),
        (
            "OPENAI_API_KEY=a1b2c3d4e5\nA=1",
            "OPENAI_API_KEY=[redacted]\nA=1",
        ),
        ("token=a1b2c3d4;next", "token=[redacted];next"),
        ("?access_token=a1b2c3d4&x=1", "?access_token=[redacted]&x=1"),
        ("password: 'hunter2x9y'", "password: '[redacted]'"),
        (r#"{"api_key":"v"}"#, r#"{"api_key":"[redacted]"}"#),
        (
            r#"{"password": "correcthorse"}"#,
            r#"{"password": "[redacted]"}"#,
        ),
        (
            r#"{"clientSecret": "a1b2c3d4"}"#,
            r#"{"clientSecret": "[redacted]"}"#,
        ),
        ("dbPassword = \"a1b2c3d4\"", "dbPassword = \"[redacted]\""),
        ("api_key = a1b2c3d4e5", "api_key = [redacted]"),
    ] {
        check(said, expected);
    }
    for said in [
        r#"{"nextPageToken": "a1b2c3d4e5f6"}"#,
        "next_page_token=a1b2c3d4e5f6",
        r#"{"password": "string", "api_key": ""}"#,
        "token: Utf8PathBuf",
        "let token = sha256_of(x)",
        "secret: base64::engine::general_purpose",
        "max_tokens: 4096",
        "\"max_tokens\": 4096, \"token\": 12345678",
        "secret_name: a1b2c3d4e5",
        "password=$PASSWORD_1234",
        "token == a1b2c3d4e5",
    ] {
        stays(said);
    }
}

#[test]
fn what_is_cut_off_is_gone_as_well() {
    let token = format!("ghp_{}", random(36));
    for end in 5..token.len() {
        let said = format!("a {}", &token[..end]);
        let clean = redacted(&Redactor::new(), said.as_bytes(), true);
        assert_eq!(clean, b"a [redacted]", "{end}");
    }
}

/// Texts in which each byte is the beginning of something that it is not.
#[test]
fn no_text_takes_long() {
    for piece in [
        "eyJ-",
        "password=",
        "authorization:digest $",
        "-----BEGIN PRIVATE KEY-----",
        "bearer ",
        "\"password\":\"a ",
        "sk-a_",
        "token='",
        "github_pat_",
    ] {
        let said = piece.repeat((1 << 20) / piece.len());
        let begun = std::time::Instant::now();
        let _ = redacted(&Redactor::new(), said.as_bytes(), false);
        let took = begun.elapsed();
        assert!(
            took < std::time::Duration::from_secs(4),
            "{piece}: {took:?}"
        );
    }
}
