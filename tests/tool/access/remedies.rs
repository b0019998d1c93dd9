//! What is withheld is told with the line or the flag that gives it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::{agentfile, grant};
use crate::support::components::{built, directory};
use crate::support::{Host, Scratch, cofferdam};

const ROWS: &str = "[[env]]\nname = \"TEAM\"\nreason = \"r\"\n\
    [[http]]\nhost = \"*.api.test\"\nreason = \"r\"\n\
    [[http]]\nhost = \"one.test\"\nports = [8443]\nreason = \"r\"\n\
    [[tcp]]\nhost = \"db.test\"\nports = [5432, 5433]\nreason = \"r\"\n\
    [[secret]]\nname = \"token\"\ninject = { header = \"Authorization\", format = \"Bearer {}\" }\n\
    host = \"one.test\"\nreason = \"r\"\n\
    [limits]\nmemory = \"128MiB\"\n";

/// The only tool of the agent `a`, and what is told about it.
#[track_caller]
fn access(scratch: &Scratch) -> (Value, String) {
    let line = ["tool", "inspect", "--agent", "a", "--format"];
    let json = cofferdam(scratch, line.into_iter().chain(["json"]))
        .run()
        .exits(0)
        .json()["tools"][0]
        .take();
    let table = cofferdam(scratch, line.into_iter().chain(["table"]))
        .run()
        .exits(0);
    (json, table.stdout + &table.stderr)
}

#[test]
fn the_lines_that_are_told_give_everything_that_was_withheld() {
    let scratch = Scratch::new();
    let rows = directory("/notes", "read-only") + &directory("/workspace", "read-write") + ROWS;
    let component = built(&scratch, "asking", "env_dump", &rows);
    let file = agentfile(&scratch, &format!("BIN asking {}\n", component.display()));
    scratch.directory("notes");
    let secret = scratch.file("data/secrets/token", "the token");
    for (path, mode) in [(scratch.data().join("secrets"), 0o700), (secret, 0o600)] {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("the test's own");
    }
    let narrow = grant("asking") + "workspace = \"none\"\nhttp = [\"one.test\"]\n";
    scratch.file("data/cofferdam.toml", narrow);
    Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]).kill();
    let (json, told) = access(&scratch);
    assert_eq!(json["withheld"].as_array().map(Vec::len), Some(7), "{json}");
    for line in [
        "cofferdam.toml:3",
        "workspace = \"rw\"  # in place of what is there",
        "dirs = [\"DIRECTORY:/notes:ro\"]",
        "env = { \"TEAM\" = \"VALUE\" }",
        "http = [\"*.api.test\"]  # with what is there",
        "limits = { memory = \"128MiB\" }",
        "secrets = [\"token\"]",
        "tcp = [\"db.test:5432\", \"db.test:5433\"]",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    // Without a row, all of it as it is told.
    scratch.file("data/cofferdam.toml", "");
    let (_, told) = access(&scratch);
    let rows = told
        .split_once("write into cofferdam.toml\n")
        .expect("the rows")
        .1;
    let notes = scratch.path().join("notes").display().to_string();
    scratch.file(
        "data/cofferdam.toml",
        rows.replace("DIRECTORY", &notes).replace("VALUE", "blue"),
    );
    let (json, told) = access(&scratch);
    assert_eq!(json["withheld"], json!([]), "{rows}");
    // Where each directory is, and where the secret goes.
    let workspace = json["directories"][1]["host"].as_str().expect("a path");
    assert!(
        workspace.ends_with("/workspace") && workspace.contains("/agents/"),
        "{workspace}"
    );
    assert_eq!(
        json["directories"][0],
        json!({ "path": "/notes", "access": "read-only", "host": notes })
    );
    assert_eq!(
        json["secrets"],
        json!(["token toward one.test as `authorization: Bearer {}`"])
    );
    let mut host = Host::start::<&str>(&scratch, []);
    assert!(host.is_silent_about("to give it more"));
    let line = format!(
        "directory /notes read-only ({notes}); directory /workspace read-write ({workspace}); "
    );
    assert_eq!(
        (
            host.has_said(&line),
            host.has_said("as `authorization: Bearer {}`")
        ),
        (1, 1)
    );
    assert!(
        told.contains(&notes) && told.contains("as `authorization: Bearer {}`"),
        "{told}"
    );
}

#[test]
fn the_flags_that_are_told_give_everything_that_was_withheld() {
    let scratch = Scratch::new();
    let component = built(
        &scratch,
        "asking",
        "env_dump",
        &(directory("/notes", "read-write") + ROWS),
    );
    let run = |flags: &[String]| {
        let args = ["tool".into(), "run".into(), component.display().to_string()].into_iter();
        cofferdam(&scratch, args.chain(flags.iter().cloned()))
            .run()
            .exits(0)
            .stderr
    };
    let told = run(&[]);
    let flags = told
        .lines()
        .find_map(|line| line.split_once("to give it more, add "))
        .expect("a line")
        .1;
    let (notes, token) = (
        scratch.directory("notes"),
        scratch.file("secrets/token", "the token"),
    );
    let flags = flags
        .replace("DIRECTORY", &notes.display().to_string())
        .replace("VALUE", "blue");
    let flags = flags
        .replace("FILE", &token.display().to_string())
        .replace('\'', "");
    let flags: Vec<_> = flags.split(' ').map(str::to_owned).collect();
    let told = run(&flags);
    assert!(!told.contains("note: "), "{flags:?}: {told}");
    // A reviewer reads where the secret goes.
    let shown = cofferdam(
        &scratch,
        ["tool".as_ref(), "inspect".as_ref(), component.as_os_str()],
    )
    .run()
    .exits(0)
    .stdout;
    assert!(
        shown.contains("token toward one.test as `authorization: Bearer {}`"),
        "{shown}"
    );
}
