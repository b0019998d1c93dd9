mod exact;

use super::*;
use crate::limits::Limits;

/// Checks the requests of the second one beyond the first, as an operator reads them.
#[track_caller]
fn check(old: &str, new: &str, expected: &str) {
    let manifest = |rows: &str| {
        let head = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";
        Manifest::from_toml(&format!("{head}{rows}"), "m").expect("a manifest")
    };
    let diff = Diff::new(&manifest(old), &manifest(new), &Ceiling::default());
    assert_eq!(diff.to_string(), expected, "{old} -> {new}");
    assert_eq!(diff.is_widened(), !expected.is_empty());
}

/// The same in both directions: what is narrower asks for nothing more, what is wider for
/// `expected`.
#[track_caller]
fn narrower(narrow: &str, wide: &str, expected: &str) {
    check(wide, narrow, "");
    check(wide, wide, "");
    check(narrow, wide, expected);
}

#[test]
fn directories_are_within_others_and_read_only_within_read_write() {
    let fs = |path: &str, access: &str| {
        format!("[[fs]]\npath = \"{path}\"\naccess = \"{access}\"\nreason = \"r\"\n")
    };
    narrower("", &fs("/workspace", "read-only"), "/workspace read-only");
    narrower(
        &fs("/workspace", "read-only"),
        &fs("/workspace", "read-write"),
        "/workspace read-write",
    );
    narrower(
        &fs("/workspace/a", "read-write"),
        &fs("/workspace", "read-write"),
        "/workspace read-write",
    );
    check(
        &fs("/workspace", "read-only"),
        &fs("/workspaces", "read-only"),
        "/workspaces read-only",
    );
    check(
        &fs("/workspace", "read-only"),
        &fs("/workspace/a", "read-write"),
        "/workspace/a read-write",
    );
    narrower("", &fs("/tmp", "read-write"), "/tmp read-write");
}

#[test]
fn requests_are_held_against_host_method_port_and_path() {
    let http =
        |host: &str, keys: &str| format!("[[http]]\nhost = \"{host}\"\n{keys}\nreason = \"r\"\n");
    let wide = |keys: &str| http("a.test", keys);
    narrower("", &wide(""), "requests to a.test");
    narrower(&wide(""), &http("*.test", ""), "requests to *.test");
    narrower(&http("*.test", ""), &http("*", ""), "requests to *");
    check(&wide(""), &http("b.test", ""), "requests to b.test");
    narrower(
        &wide("methods = [\"GET\"]"),
        &wide(""),
        "requests to a.test",
    );
    narrower(
        &wide("methods = [\"GET\"]"),
        &wide("methods = [\"POST\", \"GET\"]"),
        "requests to a.test",
    );
    narrower(
        &wide("paths = [\"/a/b\"]"),
        &wide("paths = [\"/a\"]"),
        "requests to a.test",
    );
    narrower(&wide("paths = [\"/a\"]"), &wide(""), "requests to a.test");
    check(
        &wide("paths = [\"/a\"]"),
        &wide("paths = [\"/ab\"]"),
        "requests to a.test",
    );
    narrower(
        &wide("ports = [80]"),
        &wide("ports = [80, 443]"),
        "requests to a.test",
    );
    // The usual ports belong to one scheme each; those that are named, to both.
    narrower(&wide(""), &wide("ports = [80, 443]"), "requests to a.test");
    check(&wide("ports = [443]"), &wide(""), "requests to a.test");
    // `*` without ports takes whatever port is offered, a named host a port of its own.
    check(
        &http("*", ""),
        &wide("ports = [8080]"),
        "requests to a.test",
    );
    check(
        &http("*", "ports = [80, 443]"),
        &http("*", ""),
        "requests to *",
    );
    // Two rows of which each permits a part permit the whole.
    let two = wide("methods = [\"GET\"]") + &wide("methods = [\"POST\"]");
    check(&two, &wide("methods = [\"GET\", \"POST\"]"), "");
    check(&wide("methods = [\"GET\", \"POST\"]"), &two, "");
}

#[test]
fn a_secret_that_authenticates_in_another_way_is_more() {
    let secret = |auth: &str| {
        let http = "[[http]]\nhost = \"*.test\"\nreason = \"r\"\n";
        format!("{http}[[secret]]\nname = \"key\"\nhost = \"a.test\"\nreason = \"r\"\n{auth}")
    };
    let tokens = |host: &str, scopes: &str| {
        secret(&format!(
            "auth = {{ profile = \"oauth2-client-credentials\", token-url = \"https://{host}/t\", \
             scopes = [{scopes}] }}\n"
        ))
    };
    let of_profile = |auth: &str| secret(&format!("auth = {{ profile = {auth} }}\n"));
    let bearer = of_profile("\"bearer\"");
    let in_header = "inject = { header = \"Authorization\", format = \"Bearer {}\" }\n";
    // Three ways to say the same.
    check(&bearer, &secret(""), "");
    check(&secret(""), &secret(in_header), "");
    check(&bearer, &of_profile("\"basic\""), "the secret key");
    check(
        &bearer,
        &of_profile("\"api-key\", header = \"x\""),
        "the secret key",
    );
    let both = tokens("b.test", "\"read\", \"write\"");
    check(&bearer, &both, "the secret key");
    check(&both, &tokens("b.test", "\"read\""), "");
    check(
        &both,
        &tokens("b.test", "\"read\", \"all\""),
        "the secret key",
    );
    check(&both, &tokens("b.test", ""), "the secret key");
    check(&both, &tokens("c.test", "\"read\""), "the secret key");
}

#[test]
fn tcp_secrets_variables_and_calls_are_held_against_their_rows() {
    let tcp = |host: &str, ports: &str| {
        format!("[[tcp]]\nhost = \"{host}\"\nports = [{ports}]\nreason = \"r\"\n")
    };
    narrower(&tcp("a.test", "1"), &tcp("a.test", "1, 2"), "TCP to a.test");
    narrower(&tcp("a.test", "1"), &tcp("*.test", "1"), "TCP to *.test");
    let secret = |host: &str, header: &str, format: &str| {
        let http = "[[http]]\nhost = \"*.test\"\nreason = \"r\"\n";
        let inject = format!("inject = {{ header = \"{header}\", format = \"{format}\" }}");
        format!("{http}[[secret]]\nname = \"key\"\n{inject}\nhost = \"{host}\"\nreason = \"r\"\n")
    };
    let old = secret("a.test", "authorization", "{}");
    check(&old, &old, "");
    for new in [
        secret("b.test", "authorization", "{}"),
        secret("a.test", "x-key", "{}"),
        secret("a.test", "authorization", "Bearer {}"),
    ] {
        check(&old, &new, "the secret key");
    }
    narrower(
        "",
        "[[env]]\nname = \"A\"\nreason = \"r\"\n",
        "the variable A",
    );
    let call = |keys: &str| format!("[[call]]\nname = \"a\"\n{keys}reason = \"r\"\n");
    narrower("", &call(""), "calls of a");
    for keys in [
        "directories = [\"/workspace/a\"]\n",
        "access = \"read-only\"\n",
        "hosts = [\"a.test\"]\n",
    ] {
        narrower(&call(keys), &call(""), "calls of a");
    }
    narrower(
        &call("hosts = [\"a.test\"]\n"),
        &call("hosts = [\"*.test\"]\n"),
        "calls of a",
    );
    // Neither an import that stays closed nor another reason or version gives anything.
    check(
        "",
        "[[unused]]\ninterface = \"wasi:http/outgoing-handler\"\nreason = \"r\"\n",
        "",
    );
    check(
        "[[env]]\nname = \"A\"\nreason = \"r\"\n",
        "[[env]]\nname = \"A\"\nreason = \"another\"\n",
        "",
    );
}

#[test]
fn a_limit_that_is_left_out_is_the_default_and_none_is_given_above_it() {
    narrower(
        "[limits]\nmemory = \"1MiB\"\n",
        "[limits]\nmemory = \"2MiB\"\n",
        "more `memory`",
    );
    check("", "[limits]\nmemory = \"64MiB\"\nfuel = 1\n", "");
    // Less than the default was asked for, and now the default.
    check(
        "[limits]\nmemory = \"1MiB\"\nwall = \"1s\"\n",
        "",
        "more `wall`, more `memory`",
    );
    // More than the default comes from the operator alone, whoever asks for it.
    check("", "[limits]\nmemory = \"128MiB\"\n", "");
    check(
        "[limits]\nmemory = \"1MiB\"\n",
        "[limits]\nmemory = \"4GiB\"\n",
        "more `memory`",
    );
    let low = Ceiling {
        defaults: Limits {
            memory: crate::Bytes(1 << 20),
            ..Limits::DEFAULT
        },
        ..Ceiling::default()
    };
    let asks = |rows: &str| {
        let head = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n[limits]\n";
        Manifest::from_toml(&format!("{head}{rows}"), "m").expect("a manifest")
    };
    assert!(!Diff::new(&asks(""), &asks("memory = \"2MiB\"\n"), &low).is_widened());
    assert!(
        Diff::new(
            &asks("memory = \"1KiB\"\n"),
            &asks("memory = \"2MiB\"\n"),
            &low
        )
        .is_widened()
    );
}

#[test]
fn what_is_asked_for_is_told_in_a_sentence_of_some_length() {
    let rows: String = (0..20)
        .map(|number| format!("[[env]]\nname = \"V{number}\"\nreason = \"r\"\n"))
        .collect();
    let first: Vec<_> = (0..8)
        .map(|number| format!("the variable V{number}"))
        .collect();
    check("", &rows, &format!("{} and 12 more", first.join(", ")));
}

#[test]
fn rows_together_cover_what_none_of_them_covers_alone() {
    let row = |keys: &str| format!("[[http]]\nhost = \"a.test\"\n{keys}reason = \"r\"\n");
    let get = "methods = [\"GET\"]\n";
    let post = "methods = [\"POST\"]\n";
    let both = "methods = [\"GET\", \"POST\"]\n";
    let under = |methods: &str, paths: &str| row(&format!("{methods}paths = [{paths}]\n"));
    let split = under(get, "\"/a\"") + &under(post, "\"/a\"") + &under(both, "\"/b\"");
    check(&split, &under(both, "\"/a/x\", \"/b\""), "");
    check(&split, &under(both, "\"/a\", \"/c\""), "requests to a.test");
    check(&split, &row(both), "requests to a.test");
    // The usual ports and one that is named, of which each row has a part.
    let ports = row("ports = [80]\n") + &row("ports = [443]\n");
    check(&ports, &row(""), "");
    check(&row(""), &ports, "requests to a.test");
    // A path without prefixes may be one that no prefix covers.
    check(&under(get, "\"/\""), &row(get), "requests to a.test");
    check(&row(get), &under(get, "\"/\""), "");
    check(&under(get, "\"/a\""), &under(get, "\"/%61/b\""), "");
}

#[test]
fn the_scratch_directory_is_no_part_of_the_root() {
    let fs = |path: &str| {
        format!("[[fs]]\npath = \"{path}\"\naccess = \"read-write\"\nreason = \"r\"\n")
    };
    check(&fs("/"), &(fs("/") + &fs("/tmp")), "/tmp read-write");
    check(&(fs("/") + &fs("/tmp")), &fs("/"), "");
}

#[test]
fn a_locked_variable_is_no_power() {
    check("", "[[env]]\nname = \"HOME\"\nreason = \"r\"\n", "");
}

/// Eight rows cover a new one together, and more rows make its values differ.
#[test]
fn a_manifest_that_was_made_to_take_long_takes_no_time() {
    const VALUES: usize = 320;
    let row = |[methods, ports, paths]: [Vec<String>; 3]| {
        format!(
            "[[http]]\nhost=\"*.test\"\nmethods=[{}]\nports=[{}]\npaths=[{}]\nreason=\"r\"\n",
            methods.join(","),
            ports.join(","),
            paths.join(",")
        )
    };
    let part = |has: &dyn Fn(usize, usize) -> bool| {
        let texts: [fn(usize) -> String; 3] = [
            |value| format!("\"M{value}\""),
            |value| format!("{}", value + 1),
            |value| format!("\"/{value}\""),
        ];
        let mut place = 0;
        texts.map(|text| {
            place += 1;
            let own = (0..VALUES).filter(|value| has(place, *value));
            own.map(text).collect()
        })
    };
    let mut old = String::new();
    for corner in 0..8_usize {
        let half = |place: usize, value: usize| (corner >> (place - 1)) % 2 == value % 2;
        old += &row(part(&half));
    }
    for seed in 1..5_usize {
        let some = |place: usize, value: usize| (value * 7 + place) >> seed & 3 == 0;
        old += &row(part(&some));
    }
    let new = row(part(&|_, _| true));
    let begun = std::time::Instant::now();
    check(&old, &new, "");
    check(
        &old,
        &new.replace("\"M1\",", "\"M1\",\"X\","),
        "requests to *.test",
    );
    assert!(begun.elapsed() < std::time::Duration::from_secs(20));
}

#[test]
fn without_steps_left_a_row_is_not_covered() {
    let rule = |methods: &[&str]| {
        let row = format!("host = \"a.test\"\nmethods = {methods:?}\nreason = \"r\"\n");
        toml::from_str::<crate::rows::HttpRow>(&row)
            .expect("a row")
            .rule()
    };
    let both = rule(&["GET", "POST"]);
    let split = [rule(&["GET"]), rule(&["POST"])];
    let mut steps = Steps::new();
    assert!(requests::uncovered(&both, &split, &mut steps).is_empty());
    while steps.take(1_000_000) {}
    assert!(!requests::uncovered(&both, &split, &mut steps).is_empty());
    // What one row covers needs none.
    assert!(requests::uncovered(&both, std::slice::from_ref(&both), &mut steps).is_empty());
}
