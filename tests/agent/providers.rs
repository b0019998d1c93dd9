//! `providers.yaml`: what holds, what is refused, and what a running host makes of a change.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::json;

use crate::support::vendor::{Vendor, json_answer, says};
use crate::support::{Host, Scratch, cofferdam, content_of, typed_unseen};

/// Nothing of it may be printed, logged or sent anywhere but to the vendor.
const KEY: &str = "sk-planted-0123456789";

/// Writes `providers.yaml` as its operator should.
fn providers(scratch: &Scratch, text: &str) -> PathBuf {
    std::fs::create_dir_all(scratch.data()).expect("a directory");
    // Whole at once, as `provider add` and editors do.
    let new = scratch.file("providers.new", text);
    std::fs::set_permissions(&new, PermissionsExt::from_mode(0o600)).expect("a mode");
    let path = scratch.data().join("providers.yaml");
    std::fs::rename(new, &path).expect("a file of its name");
    path
}

/// An agent whose model is `model`.
fn agentfile(scratch: &Scratch, model: &str) -> PathBuf {
    scratch.file(
        "Agentfile",
        format!("FROM scratch\nNAME a\nMODEL {model}\n"),
    )
}

fn one(name: &str, vendor: &Vendor, key: &str) -> String {
    let base = vendor.base();
    format!("providers:\n  - name: {name}\n    api-key: {key}\n    api-base: {base}\n")
}

#[test]
fn keys_come_from_the_file_and_a_change_holds_from_the_next_turn() {
    let scratch = Scratch::new();
    let vendor = Vendor::start(&[]);
    let path = providers(&scratch, &one("openai", &vendor, "${PLANTED}"));
    let file = agentfile(&scratch, "openai/m");
    let mut host = Host::start_with(
        &scratch,
        ["--agentfile".as_ref(), file.as_os_str()],
        &[
            ("PLANTED", KEY),
            ("OPENAI_API_KEY", "sk-of-the-environment"),
        ],
    );
    assert_eq!(content_of(&host.chat("a", "hello"), "message.create"), "hi");
    assert_eq!(vendor.keys(), [KEY], "the file goes before the environment");

    // Another key holds from the next turn, without a restart.
    providers(&scratch, &one("openai", &vendor, "sk-another"));
    host.chat("a", "hello");
    assert_eq!(vendor.keys()[1], "sk-another");

    // A file that is wrong changes nothing, and is told once.
    providers(
        &scratch,
        "providers:\n  - name: openai\n    api-kee: sk-x\n",
    );
    let told = host.hears(&format!("{}:", path.display()));
    assert!(told.contains("unknown key `api-kee`"), "{told}");
    assert!(told.contains("the providers stay as they were"), "{told}");
    host.chat("a", "hello");
    host.chat("a", "hello");
    assert_eq!(vendor.keys()[2..], ["sk-another", "sk-another"]);
    assert_eq!(host.has_said("api-kee"), 1);

    // So is one that others can read.
    providers(&scratch, &one("openai", &vendor, "sk-third"));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).expect("a mode");
    let told = host.hears("chmod 600");
    assert!(told.contains("0640"), "{told}");

    host.terminate();
}

#[test]
fn a_provider_that_is_gone_is_asked_no_more() {
    let scratch = Scratch::new();
    let vendor = Vendor::start(&[]);
    let path = providers(&scratch, &one("openai", &vendor, KEY));
    let file = agentfile(&scratch, "openai/m");
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    host.chat("a", "hello");
    let refused = |parts: &[&str]| {
        let chat = cofferdam(&scratch, ["chat", "a", "hello"]);
        chat.run().exits(1).complains(parts);
    };
    providers(&scratch, "providers: []\n");
    let gone = format!("provider \"openai\" not configured in {}", path.display());
    refused(&[&gone]);
    let limited = one("openai", &vendor, KEY) + "    models: [other]\n";
    providers(&scratch, &limited);
    refused(&["model \"m\" not available for provider \"openai\" (available: other)"]);
    std::fs::remove_file(&path).expect("a file");
    refused(&[&gone]);
    assert_eq!(vendor.keys().len(), 1);
    // It is back, and so is the agent.
    providers(&scratch, &one("openai", &vendor, "sk-new"));
    host.chat("a", "hello");
    assert_eq!(vendor.keys()[1], "sk-new");
}

#[test]
fn what_the_file_does_not_have_is_told_as_openotters_does() {
    let scratch = Scratch::new();
    let vendor = Vendor::start(&[]);
    let limited = one("openai", &vendor, KEY) + "    models: [small, large]\n";
    let path = providers(&scratch, &limited);
    let shown = path.display();
    let refused = |model: &str, parts: &[&str]| {
        let file = agentfile(&scratch, model);
        let line = ["serve".as_ref(), "--agentfile".as_ref(), file.as_os_str()];
        let ran = cofferdam(&scratch, line).run().exits(2).complains(parts);
        assert!(!ran.stderr.contains(KEY), "{}", ran.stderr);
    };
    refused(
        "anthropic/x",
        &[
            &format!("provider \"anthropic\" not configured in {shown}"),
            "ANTHROPIC_API_KEY",
        ],
    );
    refused(
        "openai/other",
        &["model \"other\" not available for provider \"openai\" (available: small, large)"],
    );
    refused("openai/", &["provider/name"]);
    // A key whose variable is not set is told with the variable.
    let file = agentfile(&scratch, "openai/small");
    providers(&scratch, &one("openai", &vendor, "$NOT_SET_ANYWHERE"));
    let line = ["serve".as_ref(), "--agentfile".as_ref(), file.as_os_str()];
    cofferdam(&scratch, line).run().exits(2).complains(&[
        "openai needs an API key",
        "`api-key` of openai in",
        ":2",
        "NOT_SET_ANYWHERE",
    ]);
}

/// Every mistake is told with its line, and never with a value.
#[test]
fn a_file_that_is_wrong_is_refused_and_no_value_is_repeated() {
    let scratch = Scratch::new();
    let many: String = (0..257).map(|n| format!("  - name: p{n}\n")).collect();
    let models = vec!["m"; 1_025].join(", ");
    for (text, parts) in [
        (
            "providers:\n  - name: a\n    api-kee: SECRET\n",
            &[":3:", "unknown key `api-kee`", "`api-key`"] as &[&str],
        ),
        (
            "provider:\n  - name: a\n",
            &[":1:", "unknown key `provider`", "`providers`"],
        ),
        (
            "providers:\n  - api-key: SECRET\n",
            &["the key `name` is missing"],
        ),
        (
            "providers:\n  - name: a\n    name: b\n",
            &[":3:", "`name` appears twice"],
        ),
        (
            "providers:\n  - name: a\n  - name: a\n",
            &[":3:", "\"a\" appears twice"],
        ),
        (
            "providers:\n  - name: a b\n",
            &[":2:", "is not the name of a provider"],
        ),
        (
            "providers:\n  - name: builtin\n",
            &[":2:", "the host's own"],
        ),
        ("providers:\n  - name: a\n    api-key: [SECRET]\n", &[":3:"]),
        (
            "providers:\n  - name: a\n    api-key: {SECRET: SECRET}\n",
            &[":3:"],
        ),
        (
            "providers:\n  - name: a\n    models: SECRET\n",
            &[":3:", "`models` (a list of texts)"],
        ),
        (
            "providers:\n  - name: a\n    models: ['']\n",
            &["`models` holds \"\""],
        ),
        (
            "providers:\n  - name: a\n    api-base: SECRET\n",
            &[":2:", "`api-base` is not a usable address", "not a URL"],
        ),
        (
            "providers:\n  - name: a\n    api-base: https://u:SECRET@h/\n",
            &[":2:", "a user name or a password"],
        ),
        (
            "providers:\n  - name: a\n    api-key: \"SECRET\\nSECRET\"\n",
            &[":2:", "`api-key` holds a line break"],
        ),
        (
            "providers:\n  - name: a\n    api-key: \"SECRET\n",
            &["providers.yaml"],
        ),
        ("providers: SECRET\n", &[":1:"]),
        ("SECRET\n", &[":1:"]),
        ("a: b\n---\nc: d\n", &["providers.yaml"]),
        (&format!("providers:\n{many}"), &["at most 256 providers"]),
        (
            &format!("providers:\n  - name: a\n    models: [{models}]\n"),
            &["more than 1024"],
        ),
        (
            &format!(
                "providers:\n  - name: a\n    api-key: {}\n",
                "x".repeat(16_385)
            ),
            &["more than 16384"],
        ),
        (&"#\n".repeat(524_289), &["more than 1048576 bytes"]),
    ] {
        providers(&scratch, text);
        let ran = cofferdam(&scratch, ["provider", "ls"]).run().exits(2);
        let ran = ran.complains(parts).complains(&["providers.yaml"]);
        assert!(!ran.stderr.contains("SECRET"), "{}", ran.stderr);
    }
    for (mode, code) in [(0o600, 0), (0o400, 0), (0o644, 2), (0o660, 2), (0o604, 2)] {
        let path = providers(&scratch, "providers: []\n");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("a mode");
        let ran = cofferdam(&scratch, ["provider", "ls"]).run().exits(code);
        if code != 0 {
            let told = format!("chmod 600 {}", path.display());
            ran.complains(&[&told, &format!("mode {mode:04o}")]);
        }
    }
    // What is no file is refused at once, and a link is followed.
    let path = scratch.data().join("providers.yaml");
    std::fs::remove_file(&path).expect("a file");
    std::fs::create_dir(&path).expect("a directory");
    cofferdam(&scratch, ["provider", "ls"]).run().exits(2);
    std::fs::remove_dir(&path).expect("a directory");
    let other = scratch.file("elsewhere", "providers:\n  - name: ollama\n");
    std::fs::set_permissions(&other, PermissionsExt::from_mode(0o600)).expect("a mode");
    std::os::unix::fs::symlink(&other, &path).expect("a link");
    let listed = cofferdam(&scratch, ["provider", "ls"])
        .run()
        .exits(0)
        .stdout;
    assert!(listed.contains("ollama"), "{listed}");
    // And stays one when it is changed.
    cofferdam(&scratch, ["provider", "rm", "ollama"])
        .run()
        .exits(0);
    assert!(path.symlink_metadata().expect("a link").is_symlink());
    assert!(
        !std::fs::read_to_string(&other)
            .expect("a file")
            .contains("ollama")
    );
}

#[test]
fn providers_are_added_listed_and_removed() {
    let scratch = Scratch::new();
    let path = scratch.data().join("providers.yaml");
    let add = |args: &[&str]| cofferdam(&scratch, ["provider", "add"].iter().chain(args));
    let ran = add(&["openai", "--model", "small"])
        .stdin(format!("{KEY}\n"))
        .run()
        .exits(0);
    assert!(!ran.stderr.contains(KEY) && !ran.stdout.contains(KEY));
    add(&["anthropic", "--key-env", "MY_KEY"])
        .env("MY_KEY", "x")
        .run()
        .exits(0);
    add(&["vllm", "--no-key", "--base", "http://127.0.0.1:8000/v1"])
        .run()
        .exits(0);
    let mode = std::fs::metadata(&path)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&path).expect("a file");
    assert!(text.contains("\"${MY_KEY}\""), "{text}");

    let ls = ["provider", "ls", "--format", "json"];
    let rows = cofferdam(&scratch, ls)
        .env("GROQ_API_KEY", KEY)
        .run()
        .exits(0);
    assert!(!rows.stdout.contains(KEY), "{}", rows.stdout);
    let rows = rows.json();
    let row = |place: usize| {
        let row = &rows[place];
        (row["provider"].clone(), row["key"].clone())
    };
    assert_eq!(row(0), (json!("openai"), json!("set")));
    assert_eq!(row(1), (json!("anthropic"), json!("missing")));
    assert!(
        rows[1]["problem"]
            .as_str()
            .expect("text")
            .contains("MY_KEY")
    );
    assert_eq!(row(2), (json!("vllm"), json!("not needed")));
    assert_eq!(rows[2]["address"], "http://127.0.0.1:8000/v1/");
    assert_eq!(row(3), (json!("groq"), json!("set")));
    assert_eq!(rows[3]["from"], "GROQ_API_KEY");
    assert_eq!(rows[0]["models"], json!(["small"]));
    let ran = cofferdam(&scratch, ["provider", "ls"]).run().exits(0);
    let note = "set MY_KEY in the environment of the host";
    assert!(ran.stderr.contains(note), "{}", ran.stderr);
    let people = ran.stdout;
    assert!(!people.contains("MY_KEY"), "{people}");
    // One provider that cannot be asked looks as it does among others.
    let ran = cofferdam(&scratch, ["provider", "check", "anthropic"]).run();
    let ran = ran.exits(1).complains(&["set MY_KEY in the environment"]);
    assert!(ran.stdout.contains("failed"), "{}", ran.stdout);
    assert!(
        people.contains("openai") && !people.contains(KEY),
        "{people}"
    );

    let models = cofferdam(&scratch, ["models", "ls", "--format", "json"])
        .run()
        .exits(0);
    let models = models.json();
    let names: Vec<_> = models
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| &row["model"])
        .collect();
    assert_eq!(
        names,
        [
            "builtin/commands",
            "script/FILE",
            "openai/small",
            "anthropic/MODEL",
            "vllm/MODEL"
        ]
    );

    // What is there is not overwritten, what is not there cannot go, and the file stays.
    add(&["openai"])
        .stdin("x\n")
        .run()
        .exits(2)
        .complains(&["\"openai\" is there already"]);
    cofferdam(&scratch, ["provider", "rm", "nobody"])
        .run()
        .exits(2)
        .complains(&["\"nobody\"", "there is openai, anthropic, vllm"]);
    add(&["x y"])
        .stdin("k\n")
        .run()
        .exits(2)
        .complains(&["is not the name of a provider"]);
    add(&["xai"])
        .stdin("")
        .run()
        .exits(2)
        .complains(&["expected the key", "--key-env"]);
    add(&["xai"])
        .stdin("a$b\n")
        .run()
        .exits(2)
        .complains(&["`$`"]);
    add(&["xai", "--key-env", KEY]).run().exits(2);
    add(&["xai", "--no-key", "--base", "localhost"])
        .run()
        .exits(2)
        .complains(&["`api-base`"]);
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), text);
    // A key is no argument.
    let ran = add(&["xai", "--key", KEY]).run().exits(2);
    assert!(ran.stderr.contains("--key"), "{}", ran.stderr);

    cofferdam(&scratch, ["provider", "rm", "anthropic"])
        .run()
        .exits(0);
    let text = std::fs::read_to_string(&path).expect("a file");
    assert!(
        !text.contains("anthropic") && text.contains("vllm"),
        "{text}"
    );
    let mode = std::fs::metadata(&path)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// A check asks the vendor, and says in one sentence what is wrong.
#[test]
fn a_check_says_what_is_wrong() {
    let scratch = Scratch::new();
    let check = |vendor: &Vendor, args: &[&str]| {
        providers(&scratch, &one("openai", vendor, KEY));
        let ran = cofferdam(&scratch, ["provider", "check", "openai"].iter().chain(args)).run();
        assert!(
            !ran.stderr.contains(KEY) && !ran.stdout.contains(KEY),
            "{}",
            ran.stderr
        );
        ran
    };
    let vendor = Vendor::start(&["small", "large"]);
    let ran = check(&vendor, &[]).exits(0);
    assert!(
        ran.stdout.contains("answers, and lists 2 models"),
        "{}",
        ran.stdout
    );
    assert_eq!(vendor.asked(), ["GET /v1/models"]);
    assert_eq!(vendor.keys(), [KEY]);
    check(&vendor, &["--model", "large"]).exits(0);
    check(&vendor, &["--model", "other"])
        .exits(1)
        .complains(&["has no model other", "it lists small, large"]);
    let rows = check(&vendor, &["--format", "json"]).exits(0).json();
    assert_eq!(
        rows[0],
        json!({ "provider": "openai", "ok": true, "models": 2, "problem": null })
    );
    let listed = cofferdam(&scratch, ["models", "ls", "openai"])
        .run()
        .exits(0)
        .stdout;
    assert!(
        listed.contains("openai/small") && listed.contains("openai/large"),
        "{listed}"
    );

    // A vendor that refuses a key likes to repeat it.
    let words = format!("Incorrect API key provided: {KEY}");
    let error = json!({ "error": { "message": words } });
    let answer = |status: &'static str, error: &serde_json::Value| {
        let error = error.clone();
        Vendor::answering(move |_| json_answer(status, &error))
    };
    check(&answer("401 Unauthorized", &error), &[])
        .exits(1)
        .complains(&[
            "401",
            "check the key in `api-key` of openai in",
            "(asked at http://127.0.0.1:",
        ]);
    check(
        &answer(
            "500 Internal Server Error",
            &json!({ "error": { "message": "broken" } }),
        ),
        &[],
    )
    .exits(1)
    .complains(&["answered 500", "broken"]);
    check(&answer("200 OK", &json!({ "no": "list" })), &[])
        .exits(1)
        .complains(&["not its protocol"]);
    check(&Vendor::answering(|_| says("hi")), &[])
        .exits(1)
        .complains(&["not its protocol"]);
    check(&answer("404 Not Found", &json!({})), &[])
        .exits(1)
        .complains(&["404"]);
    // A redirect would send the key elsewhere.
    let elsewhere = Vendor::start(&["small"]);
    let base = elsewhere.base();
    let redirect = Vendor::answering(move |_| {
        json_answer("302 Found", &json!({})).header(format!("location: {base}models"))
    });
    check(&redirect, &[]).exits(1).complains(&["302"]);
    assert!(elsewhere.asked().is_empty());

    // Nobody listens there.
    providers(
        &scratch,
        &format!(
            "providers:\n- name: openai\n  api-key: {KEY}\n  api-base: http://127.0.0.1:1/v1\n"
        ),
    );
    cofferdam(&scratch, ["provider", "check"])
        .run()
        .exits(1)
        .complains(&[
            "openai could not be reached",
            "(asked at http://127.0.0.1:1/v1/)",
        ]);
    cofferdam(&scratch, ["provider", "check", "nobody"])
        .run()
        .exits(2);
    let ran = cofferdam(&Scratch::new(), ["provider", "check"])
        .run()
        .exits(2);
    ran.complains(&["there is no provider to check", "provider add"]);
}

#[test]
fn a_check_of_a_vendor_that_says_nothing_ends() {
    let scratch = Scratch::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("a bound socket");
    providers(
        &scratch,
        &format!("providers:\n- name: vllm\n  api-base: http://{address}/v1\n"),
    );
    cofferdam(&scratch, ["provider", "check", "vllm"])
        .run()
        .exits(1)
        .complains(&["vllm gave no answer within 15 seconds"]);
}

/// On a terminal the key is asked for, and what is typed is not seen.
#[test]
fn a_key_that_is_typed_is_not_shown() {
    let scratch = Scratch::new();
    let seen = typed_unseen(&scratch, ["provider", "add", "openai"], KEY);
    assert!(
        seen.contains("added openai") && !seen.contains(KEY),
        "{seen}"
    );
    let path = scratch.data().join("providers.yaml");
    let text = std::fs::read_to_string(path).expect("a file");
    assert!(text.contains(KEY), "{text}");
}
