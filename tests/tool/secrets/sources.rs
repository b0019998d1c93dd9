//! Where values come from, and that a source which fails is not passed over.

use cofferdam_selftest::Reply;

use super::{CLIENT, KEY, Setting, TOKEN, is_clean, mode};
use crate::support::Host;

/// The variable of the secret `token`.
const VARIABLE: (&str, &str) = ("COFFERDAM_SECRET_TOKEN", "environment/planted+0009");

/// The call is refused before anything is sent, the caller learns that it cannot be had, and the
/// log says why.
#[track_caller]
fn is_refused(setting: &Setting, host: &mut Host<'_>, why: &str) {
    let before = setting.web.connections();
    let told = setting.ask(host, "bearer.test/echo");
    assert!(told.contains("the secret `token` cannot be used"), "{told}");
    assert!(
        !told.contains(why),
        "paths and reasons are the operator's: {told}"
    );
    assert_eq!(setting.web.connections(), before);
    host.hears_next(why);
}

#[test]
fn the_environment_is_asked_after_the_store_and_for_its_own_names_alone() {
    let setting = Setting::new(&["token"]);
    let host = setting.host_with(&[VARIABLE, ("TOKEN", "raw/planted+0010"), ("token", "raw")]);
    setting.ask(&host, "bearer.test/echo");
    assert!(setting.last_head().contains(VARIABLE.1));
    setting.set("token", TOKEN, &[]);
    setting.ask(&host, "bearer.test/echo");
    assert!(setting.last_head().contains(TOKEN));
    host.kill();
    // A variable of the very name is none of a secret.
    setting.configure(&["key"], "");
    let host = setting.host_with(&[("key", KEY), ("KEY", KEY)]);
    let told = setting.ask(&host, "key.test/echo");
    assert!(told.contains("the secret `key` is not set"), "{told}");
}

#[test]
fn a_store_that_fails_does_not_fall_through() {
    let setting = Setting::new(&["token"]);
    setting.set("token", TOKEN, &[]);
    let mut host = setting.host_with(&[VARIABLE]);
    let (file, identity) = (setting.stored("host/token.age"), setting.stored("identity"));
    mode(&file, 0o640);
    is_refused(
        &setting,
        &mut host,
        "host/token.age is open to others (mode 0640): chmod 600",
    );
    mode(&file, 0o600);
    mode(&identity, 0o644);
    is_refused(
        &setting,
        &mut host,
        "identity is open to others (mode 0644): chmod 600",
    );
    mode(&identity, 0o600);
    mode(&setting.stored(""), 0o755);
    is_refused(
        &setting,
        &mut host,
        "secrets is open to others (mode 0755): chmod 700",
    );
    mode(&setting.stored(""), 0o700);
    let encrypted = std::fs::read(&file).expect("a file");
    std::fs::write(&file, &encrypted[..encrypted.len() - 1]).expect("a file");
    is_refused(&setting, &mut host, "cannot be decrypted");
    std::fs::remove_file(&file).expect("a file");
    std::os::unix::fs::symlink(&identity, &file).expect("a link");
    is_refused(&setting, &mut host, "is no file, or a link");
    std::fs::remove_file(&file).expect("a link");
    std::fs::write(&file, &encrypted).expect("a file");
    mode(&file, 0o600);
    let key = std::fs::read(&identity).expect("a file");
    std::fs::remove_file(&identity).expect("a file");
    is_refused(&setting, &mut host, "identity is missing");
    std::fs::write(&identity, &key).expect("a file");
    mode(&identity, 0o600);
    setting.ask(&host, "bearer.test/echo");
    assert!(setting.last_head().contains(TOKEN));
}

#[test]
fn a_program_is_asked_last_and_its_failure_ends_the_call() {
    let setting = Setting::new(&["token"]);
    let program = setting.scratch.file("program", "");
    let says = |script: &str| {
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a file");
        mode(&program, 0o700);
    };
    says("printf '%s/planted-%s\\n' \"$COFFERDAM_AGENT\" \"$2\"");
    let command = format!("[secrets]\ncommand = [{program:?}, \"show\"]\n");
    setting.configure(&["token"], &command);
    let mut host = setting.host();
    setting.ask(&host, "bearer.test/echo");
    assert!(setting.last_head().contains("Bearer a/planted-token\r\n"));
    says("exit 3");
    is_refused(&setting, &mut host, "it ended with exit status: 3");
    says("head -c 70000 /dev/zero");
    is_refused(&setting, &mut host, "it has printed more than");
    says("echo short");
    is_refused(&setting, &mut host, "5 bytes");
    says("exit 0");
    let told = setting.ask(&host, "bearer.test/echo");
    assert!(told.contains("the secret `token` is not set"), "{told}");
    // What the store has is not asked for.
    says("exit 3");
    setting.set("token", TOKEN, &[]);
    setting.ask(&host, "bearer.test/echo");
    assert!(setting.last_head().contains(TOKEN));
}

#[test]
fn a_secret_that_does_not_fit_its_profile_is_refused() {
    let setting = Setting::new(&["user"]);
    setting.set("user", "no-colon-in-it", &[]);
    let mut host = setting.host();
    let told = setting.ask(&host, "basic.test/echo");
    assert!(told.contains("the secret `user` cannot be used"), "{told}");
    host.hears("the value of user has no `:`");
    assert_eq!(setting.web.connections(), 0);
}

#[test]
fn a_server_that_gives_no_token_can_be_asked_again() {
    for (status, answer, why) in [
        ("503 Service Unavailable", "later", "it answered 503"),
        ("200 OK", "{}", "its answer is not that of a token"),
        (
            "200 OK",
            "{\"access_token\":\"issued/planted+0005\",\"token_type\":\"mac\"}",
            "its token is none of type `bearer`",
        ),
    ] {
        let setting = Setting::with_tokens(&["client"], Reply::Full(status, answer.to_owned()));
        setting.set("client", CLIENT, &[]);
        let mut host = setting.host();
        let told = setting.ask(&host, "oauth.test/echo");
        assert!(
            told.contains("could not be exchanged for a token: try again later"),
            "{told}"
        );
        host.hears(why);
        is_clean("the log", host.hears("gave no token").as_bytes());
        // The host of the secret has not heard of it.
        assert_eq!((setting.web.connections(), setting.exchanges()), (1, 1));
    }
}

#[test]
fn a_token_url_that_the_grant_does_not_reach_is_not_asked() {
    let setting = Setting::new(&["client"]);
    setting.set("client", CLIENT, &[]);
    let config = setting.scratch.data().join("cofferdam.toml");
    let text = std::fs::read_to_string(&config).expect("a file");
    let text = text.replace("http = [\"*\"]", "http = [\"oauth.test\"]");
    std::fs::write(&config, text).expect("a file");
    let mut host = setting.host();
    host.hears("the secret client is for auth.test, which it cannot send requests to");
    setting.ask(&host, "oauth.test/echo");
    assert_eq!(setting.exchanges(), 0);
    is_clean("the request", setting.last_head().as_bytes());
}
