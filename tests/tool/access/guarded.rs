//! Files that decide what runs next, and directories that tools may write, kept apart at every
//! door.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::grant;
use crate::support::components::{built, directory};
use crate::support::{Host, Scratch, binary, cofferdam};

/// An Agentfile of the agent `name` in this directory, with the component `tools/changes.wasm`
/// beside it.
fn project(scratch: &Scratch, place: &str, name: &str) -> std::path::PathBuf {
    let component = built(
        scratch,
        "changes",
        "fs_changes",
        &directory("/workspace", "read-write"),
    );
    let beside = scratch
        .directory(&format!("{place}/tools"))
        .join("changes.wasm");
    std::fs::rename(component, beside).expect("a name");
    let text = format!(
        "FROM scratch\nNAME {name}\nMODEL builtin/commands\nBIN changes ./tools/changes.wasm\n"
    );
    scratch.file(&format!("{place}/Agentfile"), text)
}

/// Redaction finds a value that a tool prints as it is, and not each of its characters.
#[test]
fn a_directory_with_a_secret_is_not_offered() {
    let scratch = Scratch::new();
    let token = scratch.file("outer/keys/token", "a value of a secret");
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    symlink(&token, scratch.path().join("link")).unwrap();
    let cat = crate::support::tool("cat").display().to_string();
    for (written, offered) in [
        ("outer/keys/token", "outer/keys"),
        ("link", "outer/keys"),
        ("outer/keys/token", "outer"),
    ] {
        let dir = format!("{}:/workspace:ro", scratch.path().join(offered).display());
        let secret = format!("token={written}");
        let args = ["tool", "run", "--secret", &secret, "--dir", &dir, &cat];
        cofferdam(&scratch, args).run().exits(2).complains(&[
            "/workspace",
            "a secret",
            "beside it",
        ]);
    }
}

#[test]
fn no_tool_of_an_agent_may_replace_what_its_host_is_started_with() {
    let scratch = Scratch::new();
    let file = project(&scratch, "project", "a");
    let second = project(&scratch, "second", "b");
    scratch.directory("project/work");
    scratch.directory("settings/work");
    let config = |dirs: &str| {
        let text = grant("changes") + "workspace = \"none\"\n" + &format!("dirs = [\"{dirs}\"]\n");
        scratch.file("settings/cofferdam.toml", text)
    };
    let serve = |dirs: &str, files: &[&Path]| {
        let config = config(dirs);
        let args = ["serve".as_ref(), "--config".as_ref(), config.as_os_str()].into_iter();
        let files = files
            .iter()
            .flat_map(|file| ["--agentfile".as_ref(), file.as_os_str()]);
        cofferdam(&scratch, args.chain(files)).run()
    };
    for (offered, role) in [
        (".", "the configuration"),
        ("..", "the data directory"),
        ("../project", "an Agentfile"),
        ("../project/tools", "a component"),
    ] {
        let ran = serve(&format!("{offered}:/workspace:rw"), &[&file]).exits(2);
        ran.complains(&[
            "agent a, BIN changes",
            "/workspace",
            role,
            if role.contains("data") { "" } else { ":ro" },
        ]);
    }
    // That of another agent, which is made later.
    let offered = "../second:/workspace:rw";
    let mut host = Host::start(&scratch, serve_args(&config(offered), &[&second, &file]));
    assert!(
        host.hears("error: agent a, BIN changes")
            .contains("an Agentfile")
    );
    host.kill();

    // Beside them, and read-only.
    for offered in [
        "work:/workspace:rw",
        "../project/work:/workspace:rw",
        "../project:/workspace:ro",
    ] {
        let mut host = Host::start(&scratch, serve_args(&config(offered), &[&file]));
        assert_eq!(
            host.has_said("agent a: changes gets directory /workspace"),
            1,
            "{offered}"
        );
        host.kill();
    }
    // Also when the agent is restored without its Agentfile, and a reviewer is told so before.
    for (offered, role) in [
        ("../project", "an Agentfile"),
        ("../project/tools", "a component"),
    ] {
        let config = config(&format!("{offered}:/workspace:rw"));
        let inspect = || {
            cofferdam(&scratch, inspect_args(&config))
                .run()
                .exits(2)
                .complains(&["BIN changes", role])
        };
        inspect();
        let mut host = Host::start(&scratch, serve_args(&config, &[]));
        assert_eq!(host.has_said(&format!("leads to {role}, ")), 1, "{offered}");
        inspect();
        host.kill();
    }
    let beside = config("../project/work:/workspace:rw");
    cofferdam(&scratch, inspect_args(&beside)).run().exits(0);
}

fn serve_args(config: &Path, files: &[&Path]) -> Vec<std::ffi::OsString> {
    let files = files
        .iter()
        .flat_map(|file| ["--agentfile".into(), file.as_os_str().to_owned()]);
    ["--config".into(), config.as_os_str().to_owned()]
        .into_iter()
        .chain(files)
        .collect()
}

fn inspect_args(config: &Path) -> Vec<std::ffi::OsString> {
    let config = ["--config".into(), config.as_os_str().to_owned()];
    ["tool", "inspect", "--agent", "a"]
        .map(std::ffi::OsString::from)
        .into_iter()
        .chain(config)
        .collect()
}

#[test]
fn no_tool_of_a_command_line_may_replace_what_it_names() {
    let scratch = Scratch::new();
    let component = built(
        &scratch,
        "changes",
        "fs_changes",
        &directory("/workspace", "read-write"),
    );
    let config = scratch.file("settings/cofferdam.toml", "");
    let manifest = scratch.file(
        "manifests/own.toml",
        std::fs::read(scratch.path().join("changes.toml")).unwrap(),
    );
    let secret = scratch.file("secrets/token", "the token");
    let link = scratch.directory("links").join("changes.wasm");
    symlink(&component, &link).unwrap();
    let run = |door: &[&str], component: &Path, offered: &Path, flags: &[&Path]| {
        let dir = format!("{}:/workspace", offered.display());
        let line = door.iter().map(std::ffi::OsString::from).chain([
            component.into(),
            "--dir".into(),
            dir.into(),
        ]);
        cofferdam(
            &scratch,
            line.chain(flags.iter().map(|flag| flag.as_os_str().to_owned())),
        )
        .run()
    };
    let secret = format!("token={}", secret.display());
    let settings = [Path::new("--config"), &config];
    let secrets = [Path::new("--secret"), Path::new(&secret)];
    let manifests = [Path::new("--capabilities"), &manifest];
    let program = binary();
    let cases: [(&Path, &Path, &[&Path], &str); 6] = [
        (&component, component.parent().unwrap(), &[], "a component"),
        (&link, link.parent().unwrap(), &[], "a component"),
        (
            &component,
            config.parent().unwrap(),
            &settings,
            "the configuration",
        ),
        (
            &component,
            manifest.parent().unwrap(),
            &manifests,
            "a manifest",
        ),
        (
            &component,
            &scratch.path().join("secrets"),
            &secrets,
            "a secret",
        ),
        (&component, program.parent().unwrap(), &[], "this program"),
    ];
    for (component, offered, flags, role) in cases {
        for door in [&["tool", "run"][..], &["mcp"]] {
            let is_server = door == ["mcp"];
            // An author runs a component from the project that is offered to it.
            if (role == "a manifest" && is_server) || (role == "a component" && !is_server) {
                continue;
            }
            let ran = run(door, component, offered, flags).exits(2);
            let offered = offered.canonicalize().unwrap();
            ran.complains(&[
                &format!("{}, offered read-write as /workspace", offered.display()),
                role,
                ":ro",
            ]);
        }
    }
    run(
        &["tool", "run"],
        &component,
        &scratch.directory("work"),
        &secrets,
    )
    .exits(0);
    run(
        &["tool", "run"],
        &component,
        component.parent().unwrap(),
        &[],
    )
    .exits(0);
}

#[test]
fn no_tool_may_replace_the_key_of_a_signer() {
    let scratch = Scratch::new();
    let component = built(
        &scratch,
        "changes",
        "fs_changes",
        &directory("/workspace", "read-write"),
    );
    let keys = scratch.directory("keys");
    let other = scratch.directory("other");
    let key = keys.join("release.pub");
    scratch.file(
        "data/cofferdam.toml",
        format!(
            "[[signer]]\nname = \"release\"\nkey = {key:?}\nimages = [\"registry.test/tools/*\"]\n"
        ),
    );
    let run = |offered: &Path| {
        let dir = format!("{}:/workspace", offered.display());
        let args = ["tool", "run", "--dir", &dir].map(std::ffi::OsString::from);
        cofferdam(&scratch, args.into_iter().chain([component.clone().into()])).run()
    };
    run(&keys).exits(2).complains(&["the key of a signer"]);
    run(&other).exits(0);
}

#[test]
fn no_tool_may_replace_a_credential_helper() {
    let scratch = Scratch::new();
    let component = built(
        &scratch,
        "changes",
        "fs_changes",
        &directory("/workspace", "read-write"),
    );
    let run = |config: &str, offered: &str| {
        scratch.file("docker/config.json", config);
        let found = ["before", "found", "after"].map(|name| scratch.directory(name));
        scratch.file("found/docker-credential-one", "#!/bin/sh");
        let mut paths = Vec::from(found);
        paths.extend(std::env::split_paths(
            &std::env::var_os("PATH").unwrap_or_default(),
        ));
        let dir = format!("{}:/workspace", scratch.path().join(offered).display());
        let args = ["tool", "run", "--dir", &dir].map(std::ffi::OsString::from);
        cofferdam(&scratch, args.into_iter().chain([component.clone().into()]))
            .env("DOCKER_CONFIG", scratch.path().join("docker"))
            .env("PATH", std::env::join_paths(paths).unwrap())
            .run()
    };
    for config in [
        r#"{"credsStore": "one"}"#,
        r#"{"credHelpers": {"registry.test": "one"}}"#,
    ] {
        for offered in ["before", "found"] {
            run(config, offered)
                .exits(2)
                .complains(&["a credential helper", "docker-credential-one"]);
        }
        run(config, "after").exits(0);
    }
    // One that is not there could be made anywhere.
    run(r#"{"credsStore": "two"}"#, "after")
        .exits(2)
        .complains(&["a credential helper"]);
    for config in ["{}", "no JSON"] {
        run(config, "before").exits(0);
    }
}
