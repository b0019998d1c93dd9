//! Files that are not tools, and manifests that do not say what their author meant: one clear
//! sentence each.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use crate::support::{Host, Scratch, cofferdam, content_of, guest, tool};

/// A user who is not the one of the host.
const NOBODY: u32 = 65_534;

/// Runs bytes as a tool; they must be refused with a sentence that holds `parts`.
#[track_caller]
fn check_component(bytes: &[u8], parts: &[&str]) {
    let scratch = Scratch::new();
    let path = scratch.file("tool.wasm", bytes);
    for command in ["run", "inspect"] {
        cofferdam(
            &scratch,
            ["tool".as_ref(), command.as_ref(), path.as_os_str()],
        )
        .run()
        .exits(2)
        .complains(parts);
    }
}

#[test]
fn a_file_that_is_no_component_is_refused() {
    let component = std::fs::read(tool("wc")).unwrap();
    let native = std::fs::read("/proc/self/exe").unwrap();
    check_component(b"", &["tool.wasm", "an empty file"]);
    check_component(b"hello", &["tool.wasm", "not a WebAssembly binary"]);
    check_component(
        &native[..4096],
        &["a native Linux program (ELF)", "wasm32-wasip2"],
    );
    check_component(b"#!/bin/sh\n", &["a script"]);
    check_component(
        b"\0asm\x01\0\0\0",
        &["a core WebAssembly module", "tool build"],
    );
    check_component(
        b"\0asm\x0d\0\x01\0",
        &["exports nothing", "wasi:cli/run", "cofferdam:tool/tools"],
    );
    check_component(
        &component[..component.len() / 2],
        &["not a valid WebAssembly component"],
    );
    check_component(&component[..6], &["not a valid WebAssembly component"]);
    let mut broken = component.clone();
    broken[1000..1100].fill(0xff);
    check_component(&broken, &["tool.wasm"]);
}

/// Components that are for another WASI, and a file that only describes interfaces: each is refused
/// by what it is.
#[test]
fn what_is_for_another_wasi_says_which_it_is() {
    let component = |text: &str| wat::parse_str(text).expect("valid text");
    let import = |name: &str| {
        component(&format!(
            "(component (import \"{name}\" (instance (export \"f\" (func)))))"
        ))
    };
    let advice = "this host runs WASI 0.2: build it with a toolchain for WASI 0.2";
    check_component(
        &import("wasi:cli/stdin@0.3.0"),
        &["for version 0.3.0 of WASI (wasi:cli/stdin@0.3.0)", advice],
    );
    for version in ["0.2.0-rc-2023-11-10", "0.3.0-rc-2025-09-16"] {
        let name = format!("wasi:cli/stdin@{version}");
        let said = format!("for the release candidate {version} of WASI ({name})");
        check_component(&import(&name), &[&said, advice]);
    }
    // What it exports says it too, and functions that are asynchronous.
    let module = "(core module $m (func (export \"f\"))) (core instance $i (instantiate $m))";
    let run =
        "(func $f (canon lift (core func $i \"f\"))) (instance $e (export \"run\" (func $f)))";
    check_component(
        &component(&format!(
            "(component {module} {run} (export \"wasi:cli/run@0.2.0-rc-2023-12-05\" (instance $e)))"
        )),
        &["release candidate 0.2.0-rc-2023-12-05", advice],
    );
    check_component(
        &component(&format!(
            "(component {module} (func $f async (canon lift (core func $i \"f\") async))
                (export \"f\" (func $f)))"
        )),
        &["for version 0.3 of WASI (asynchronous functions)", advice],
    );
    check_component(
        &component(
            "(component (type $p (component
                (type $i (instance (export \"f\" (func))))
                (export \"acme:shop/api@1.0.0\" (instance (type $i)))))
                (export \"api\" (type $p)))",
        ),
        &["is a WIT package", "nothing in it to run", "--wit"],
    );
}

#[test]
fn a_component_with_two_manifests_is_refused() {
    let mut component = std::fs::read(tool("wc")).unwrap();
    let name = "cofferdam:capabilities";
    let json = "{\"schema\":1}";
    let mut section = vec![
        0,
        u8::try_from(1 + name.len() + json.len()).unwrap(),
        u8::try_from(name.len()).unwrap(),
    ];
    section.extend(name.bytes().chain(json.bytes()));
    component.extend(section);
    check_component(&component, &["two `cofferdam:capabilities` sections"]);
}

/// Runs a guest with this manifest beside it; it must be refused with a sentence that holds
/// `parts`.
#[track_caller]
fn check_manifest(rows: &str, parts: &[&str]) {
    let scratch = Scratch::new();
    let tool = "[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";
    let capabilities = scratch.file("capabilities.toml", format!("schema = 1\n{tool}{rows}"));
    let args = [
        "tool".into(),
        "run".into(),
        guest("env_dump").into_os_string(),
        "--capabilities".into(),
    ];
    cofferdam(&scratch, args.into_iter().chain([capabilities.into()]))
        .run()
        .exits(2)
        .complains(parts);
}

#[test]
fn a_manifest_that_is_wrong_is_refused_with_its_place() {
    let fs = "[[fs]]\npath = \"/workspace\"\naccess = \"read-only\"\n";
    check_manifest(
        "[[fs]]\npth = \"/x\"\n",
        &["capabilities.toml:7:", "unknown key `pth`", "`path`"],
    );
    check_manifest(
        &format!("{fs}access = \"read-only\"\nreason = \"r\"\n"),
        &["capabilities.toml:9:", "duplicate key"],
    );
    check_manifest(fs, &["capabilities.toml:6:", "missing key `reason`"]);
    check_manifest(
        &format!("{fs}reason = \"  \"\n"),
        &["capabilities.toml:9:", "`reason` is empty"],
    );
    check_manifest(
        &format!("{fs}reason = \"r\"\n{fs}reason = \"r\"\n"),
        &["/workspace", "twice"],
    );
    for rows in [
        "[[http]]\nhost = \"a.test\"\n",
        "[[http]]\nhost = \"a.test\"\nmethods = [\"GET\", \"POST\"]\nports = [80]\npaths = \
            [\"/v1\"]\n",
        "[[tcp]]\nhost = \"a.test\"\nports = [5432, 5433]\n",
    ] {
        let other = rows
            .replace("\"GET\", \"POST\"", "\"POST\", \"GET\"")
            .replace("5432, 5433", "5433, 5432");
        check_manifest(
            &format!("{rows}reason = \"r\"\n{other}reason = \"s\"\n"),
            &["a.test", "twice", "one row"],
        );
    }
    check_manifest(
        "[[fs]]\npath = \"/a/../b\"\naccess = \"read-only\"\nreason = \"r\"\n",
        &[":7:", "/a/../b", "`..`"],
    );
    check_manifest(
        "[[fs]]\npath = \"workspace\"\naccess = \"read-only\"\nreason = \"r\"\n",
        &[":7:", "absolute path"],
    );
    check_manifest(
        "[[fs]]\npath = \"/w\"\naccess = \"rw\"\nreason = \"r\"\n",
        &[":8:", "`rw`", "read-write"],
    );
    check_manifest("[limits]\nmemory = 64\n", &[":7:", "64", "64MiB"]);
    check_manifest(
        "[limits]\nfule = 1\n",
        &[":7:", "unknown key `fule`", "`fuel`"],
    );
    check_manifest("[network]\n", &["unknown key `network`"]);
    check_manifest("[limits\n", &["capabilities.toml:6:"]);
}

#[test]
fn a_manifest_travels_in_the_component() {
    let scratch = Scratch::new();
    let inspect = |path: &std::path::Path| {
        let args = [
            "tool".as_ref(),
            "inspect".as_ref(),
            path.as_os_str(),
            "--format".as_ref(),
            "json".as_ref(),
        ];
        cofferdam(&scratch, args).run().exits(0).json()
    };
    let wc = inspect(&tool("wc"));
    assert_eq!(wc["manifest"]["tool"]["name"], "wc");
    assert_eq!(wc["manifest"]["fs"][0]["path"], "/workspace");
    assert_eq!(wc["shape"], "command");
    assert_eq!(inspect(&tool("text-stats"))["shape"], "typed");

    // Embedding another one replaces it, and the digest changes with it.
    let capabilities = scratch.file(
        "other.toml",
        "schema = 1\n[tool]\nname = \"o\"\nversion = \"1\"\nsummary = \"s\"\n",
    );
    let build = [
        "tool".into(),
        "build".into(),
        tool("wc").into_os_string(),
        "--capabilities".into(),
    ];
    let out = scratch.path().join("out");
    let build = build.into_iter().chain([
        capabilities.into(),
        "--out".into(),
        out.clone().into_os_string(),
    ]);
    cofferdam(&scratch, build).run().exits(0);
    let other = inspect(&out.join("o.wasm"));
    assert_eq!(
        other["manifest"],
        serde_json::json!({
            "schema": 1, "tool": { "name": "o", "version": "1", "summary": "s" }, "limits": {},
        })
    );
    assert_ne!(other["digest"], wc["digest"]);
    assert_eq!(other["imports"], wc["imports"]);
}

#[test]
fn a_component_without_a_manifest_gets_nothing() {
    let scratch = Scratch::new();
    let workspace = scratch.directory("workspace");
    let args = [
        "tool".into(),
        "run".into(),
        guest("fs_write").into_os_string(),
        "--dir".into(),
    ];
    let dir = format!("{}:/workspace", workspace.display());
    let ran = cofferdam(&scratch, args.into_iter().chain([dir.into()]))
        .run()
        .exits(1);
    assert!(
        ran.stderr.contains("does not declare /workspace"),
        "{}",
        ran.stderr
    );
    assert_eq!(std::fs::read_dir(workspace).unwrap().count(), 0);
}

#[test]
fn a_planted_compilation_is_not_loaded() {
    let scratch = Scratch::with_own_cache();
    let run = || {
        let args = [
            "tool".as_ref(),
            "run".as_ref(),
            tool("echo").as_os_str(),
            "--".as_ref(),
            "hi".as_ref(),
        ]
        .map(std::ffi::OsStr::to_owned);
        cofferdam(&scratch, args).run().exits(0)
    };
    run();
    let entries = std::fs::read_dir(scratch.data().join("cache"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let code = entries
        .into_iter()
        .find(|path| path.extension().is_some_and(|e| e == "cwasm"))
        .expect("an entry");
    let good = std::fs::read(&code).unwrap();
    let mut planted = good.clone();
    let middle = planted.len() / 2;
    planted[middle] ^= 0xff;
    std::fs::write(&code, &planted).unwrap();
    assert_eq!(run().stdout, "hi\n");
    assert_eq!(
        std::fs::read(&code).unwrap(),
        good,
        "the entry was compiled again"
    );
}

#[test]
fn compiled_code_is_kept_in_a_directory_of_this_user_alone() {
    let scratch = Scratch::with_own_cache();
    let run = || {
        cofferdam(
            &scratch,
            ["tool".as_ref(), "run".as_ref(), tool("true").as_os_str()],
        )
        .run()
    };
    run().exits(0);
    let cache = scratch.data().join("cache");
    let mode = |mode: u32| std::fs::set_permissions(&cache, Permissions::from_mode(mode)).unwrap();
    assert_eq!(cache.metadata().unwrap().mode() & 0o777, 0o700);
    for open in [0o770, 0o750, 0o707, 0o701, 0o722] {
        mode(open);
        run().exits(0);
        assert_eq!(
            cache.metadata().unwrap().mode() & 0o777,
            0o700,
            "it was {open:o}"
        );
    }
    if cache.metadata().unwrap().uid() != 0 {
        eprintln!("SKIPPED: a cache of another user needs root");
        return;
    }
    std::os::unix::fs::chown(&cache, Some(NOBODY), None).unwrap();
    run().exits(1).complains(&["it belongs to another user"]);
    std::os::unix::fs::chown(&cache, Some(0), None).unwrap();
    run().exits(0);
}

#[test]
fn a_local_image_becomes_a_tool_of_an_agent() {
    let scratch = Scratch::new();
    let capabilities = scratch.file(
        "capabilities.toml",
        "schema = 1\n[tool]\nname = \"args\"\nversion = \"1\"\nsummary = \"Prints its \
            arguments\"\n",
    );
    let build = [
        "tool".into(),
        "build".into(),
        guest("args_echo").into_os_string(),
        "--capabilities".into(),
    ];
    let build = build
        .into_iter()
        .chain([capabilities.into(), "--tag".into(), "args:1".into()]);
    cofferdam(&scratch, build).run().exits(0);
    let file = scratch.file(
        "Agentfile",
        "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN args args:1\n",
    );
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    assert_eq!(
        content_of(&host.chat("a", "run args 'a b'"), "tool.result"),
        "args\na b\n"
    );
}

#[test]
fn an_import_that_nobody_declared_is_refused_and_an_acknowledged_one_denies() {
    let scratch = Scratch::new();
    let component = guest("import_unknown");
    let run = |extra: &[&std::ffi::OsStr]| {
        let args = [
            "tool".as_ref(),
            "run".as_ref(),
            component.as_os_str(),
            "--format".as_ref(),
            "json".as_ref(),
        ];
        cofferdam(&scratch, args.iter().chain(extra)).run()
    };
    let parts = ["acme:power/lever@1.0.0", "declares nothing", "[[unused]]"];
    run(&[]).exits(2).complains(&parts);

    let tool = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";
    let rows = "[[unused]]\ninterface = \"acme:power/lever\"\nreason = \"a runtime brings it\"\n\
                [[fs]]\npath = \"/workspace\"\naccess = \"read-only\"\nreason = \"r\"\n";
    let capabilities = scratch.file("capabilities.toml", format!("{tool}{rows}"));
    let receipt = run(&["--capabilities".as_ref(), capabilities.as_os_str()])
        .exits(3)
        .json();
    assert_eq!(receipt["outcome"]["name"], "denied", "{receipt}");
    assert!(
        receipt["outcome"]["reason"]
            .as_str()
            .unwrap()
            .contains("pull of acme:power/lever"),
        "{receipt}"
    );

    // The reviewer is told of both: what is imported and denied, and what is declared and cannot be
    // used.
    let args = [
        "tool".as_ref(),
        "inspect".as_ref(),
        component.as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
    ];
    let args = args
        .into_iter()
        .chain(["--capabilities".as_ref(), capabilities.as_os_str()]);
    let inspected = cofferdam(&scratch, args).run().exits(0).json();
    assert_eq!(
        inspected["denied_imports"],
        serde_json::json!(["acme:power/lever@1.0.0"])
    );
    assert_eq!(
        inspected["needless_rows"],
        serde_json::json!(["[[fs]] without wasi:filesystem/"])
    );
}
