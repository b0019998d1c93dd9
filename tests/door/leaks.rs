//! Keys and tokens, which no answer, no line of a log and no file beside their own tells.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::support::grpc::{client, command, ended};
use crate::support::vendor::{Vendor, json_answer, says};
use crate::support::{Host, Scratch, cofferdam};

/// The keys of providers, of the file and of the environment.
const KEY: &str = "sk-planted-in-the-file-0123456789";
const OF_ENVIRONMENT: &str = "sk-planted-in-the-environment-0123456789";

/// Something that must not be told, in the spellings that it could have.
struct Secret {
    what: &'static str,
    spellings: Vec<Vec<u8>>,
}

impl Secret {
    fn new(what: &'static str, secret: &str) -> Self {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        Self {
            what,
            spellings: vec![
                secret.as_bytes().to_vec(),
                BASE64_STANDARD.encode(secret).into_bytes(),
                hex.into_bytes(),
            ],
        }
    }

    fn is_in(&self, text: &[u8]) -> bool {
        let holds = |part: &Vec<u8>| text.windows(part.len()).any(|window| window == part);
        self.spellings.iter().any(holds)
    }
}

#[track_caller]
fn none_of(secrets: &[Secret], text: &[u8], place: &str) {
    for secret in secrets {
        assert!(!secret.is_in(text), "{place} tells {}", secret.what);
    }
}

/// An agent whose model is of the vendor.
fn agentfile(scratch: &Scratch, name: &str, model: &str) -> PathBuf {
    let text = format!("FROM scratch\nNAME {name}\nMODEL {model}\n");
    scratch.file(&format!("{name}/Agentfile"), text)
}

/// A vendor that repeats keys in what it says of them, as some do.
fn vendor() -> Vendor {
    Vendor::answering(|request| {
        let sent = request.headers.get("authorization");
        let sent = sent.cloned().unwrap_or_default();
        if sent.contains(KEY) {
            let error = json!({ "message": format!("Incorrect API key provided: {sent}") });
            return json_answer("401 Unauthorized", &json!({ "error": error }));
        }
        says("hi")
    })
}

fn token(scratch: &Scratch, line: &[&str]) -> String {
    let made = cofferdam(scratch, line).run().exits(0);
    assert!(!made.stderr.contains(made.stdout.trim_end()));
    made.stdout.trim_end().to_owned()
}

#[test]
fn no_answer_and_no_line_tells_a_key_or_a_token() {
    let scratch = Scratch::new();
    let vendor = vendor();
    let base = vendor.base();
    let row = |name: &str, key: &str| {
        format!("  - name: {name}\n    api-key: {key}\n    api-base: {base}\n")
    };
    let providers = format!(
        "providers:\n{}{}",
        row("openai", KEY),
        row("groq", "${PLANTED}")
    );
    let providers = scratch.file("data/providers.yaml", providers);
    std::fs::set_permissions(&providers, PermissionsExt::from_mode(0o600)).expect("ours");
    let a = agentfile(&scratch, "a", "openai/m");
    let b = agentfile(&scratch, "b", "groq/m");
    let args = [
        "--agentfile".as_ref(),
        a.as_os_str(),
        "--agentfile".as_ref(),
        b.as_os_str(),
    ];
    let args = ["--listen".as_ref(), "127.0.0.1:0".as_ref()]
        .into_iter()
        .chain(args);
    let env = [("PLANTED", OF_ENVIRONMENT), ("COFFERDAM_LOG", "trace")];
    let mut host = Host::start_with(&scratch, args, &env);
    let line = host.hears("listening on ");
    let socket = host.address.clone();
    let address = line.split("http://").nth(1).expect("TCP");
    host.address = address
        .split([' ', ','])
        .next()
        .expect("an address")
        .to_owned();
    let operator = std::fs::read_to_string(scratch.data().join("operator.token")).expect("made");
    let create = ["token", "create"];
    let all = "chat,read,write,tools";
    let named = token(
        &scratch,
        &[&create[..], &["named", "--scope", all]].concat(),
    );
    let bound = token(
        &scratch,
        &[&create[..], &["bound", "--scope", all, "--agent", "a"]].concat(),
    );
    let signed = token(
        &scratch,
        &[&create[..], &["signed", "--for-agent", "a"]].concat(),
    );
    let secrets = [
        Secret::new("a key of providers.yaml", KEY),
        Secret::new("a key of the environment", OF_ENVIRONMENT),
        Secret::new("the operator's token", operator.trim_end()),
        Secret::new("a client's token", &named),
        Secret::new("a bound token", &bound),
        Secret::new("an agent's token", &signed),
    ];

    // Turns that fail and that do not, and every method with every token that there is.
    for (agent, code) in [("a", 1), ("b", 0)] {
        let ran = cofferdam(&scratch, ["chat", agent, "hello"])
            .run()
            .exits(code);
        none_of(&secrets, (ran.stdout + &ran.stderr).as_bytes(), "chat");
    }
    for token in [operator.trim_end(), &*named, &*bound, &*signed, "wrong"] {
        for agent in ["a", "b"] {
            let action = ["answers", agent];
            let mut walk = command(&scratch, &host, &action);
            if token == "wrong" {
                // The list of methods is not for nobody.
                walk = command(&scratch, &host, &["statuses"]);
            }
            walk.env("COFFERDAM_TOKEN", token);
            let told = ended(walk);
            let texts = told.as_array().cloned().unwrap_or_default();
            for text in texts {
                let text = bytes(text.as_str().expect("digits"));
                let path = String::from_utf8_lossy(&text).into_owned();
                none_of(&secrets, &text, path.split(' ').next().expect("a path"));
            }
            none_of(&secrets, told.to_string().as_bytes(), "an answer");
        }
    }
    host.address = socket;
    let told = client(&scratch, &host, &["answers", "a"]);
    assert!(told.as_array().expect("answers").len() > 40);
    for line in [
        &["token", "ls", "--format", "json"][..],
        &["token", "ls"],
        &["provider", "ls", "--format", "json"],
        &["config", "show", "--format", "json"],
        &["inspect", "a", "--format", "json"],
        &["logs", "a"],
        &["sessions", "show", "", "--agent", "a"],
        &["token", "create", "named", "--scope", "read"],
        &["token", "revoke", "named"],
        &["token", "rotate", "--revoke"],
    ] {
        let ran = cofferdam(&scratch, line)
            .env("PLANTED", OF_ENVIRONMENT)
            .run();
        none_of(&secrets, (ran.stdout + &ran.stderr).as_bytes(), line[1]);
    }
    // Everything that was written, but where the operator keeps them.
    let data = scratch.data();
    let kept = [data.join("providers.yaml"), data.join("operator.token")];
    each_file(&data, &mut |path, bytes| {
        if !kept.iter().any(|kept| kept == path) {
            none_of(&secrets, bytes, &path.display().to_string());
        }
    });
    assert!(host.has_said("listening on ") > 0);
    for secret in &secrets {
        let clean = host.every_line(|line| !secret.is_in(line.as_bytes()));
        assert!(clean, "the log tells {}", secret.what);
    }
}

/// The bytes of hexadecimal digits.
fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(pair, 16).expect("digits")
    };
    pairs.map(byte).collect()
}

fn each_file(directory: &Path, look: &mut impl FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let entry = entry.expect("an entry");
        let path = entry.path();
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            each_file(&path, look);
        } else if kind.is_file() {
            look(&path, &std::fs::read(&path).expect("a file"));
        }
    }
}
