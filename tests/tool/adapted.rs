//! Core modules for WASI preview 1, of which `tool build` makes components: programs in C, as
//! Debian's compiler and libc leave them (`tests/components/c`), and modules that are no such
//! program.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Cofferdam, Ran, Scratch, checkout, cofferdam, module};

/// A manifest that asks for nothing.
const NOTHING: &str = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";

/// `tool build` of a module, with the component in `out`.
fn build(scratch: &Scratch, module: &Path, capabilities: &Path) -> Cofferdam {
    let args = [
        "tool".into(),
        "build".into(),
        module.as_os_str().to_owned(),
        "--capabilities".into(),
    ];
    cofferdam(
        scratch,
        args.into_iter()
            .chain([capabilities.into(), "--out".into(), "out".into()]),
    )
}

/// The component that `tool build` makes of a C program and a manifest that asks for nothing.
fn built(scratch: &Scratch, name: &str) -> PathBuf {
    build(scratch, &module(name), &scratch.file("t.toml", NOTHING))
        .run()
        .exits(0);
    scratch.path().join("out/t.wasm")
}

/// The program that counts words, with its own manifest.
fn words(scratch: &Scratch) -> PathBuf {
    build(
        scratch,
        &module("words"),
        &checkout().join("tests/components/c/capabilities.toml"),
    )
    .run()
    .exits(0);
    scratch.path().join("out/words.wasm")
}

/// `tool run` with these flags and arguments.
fn run(scratch: &Scratch, component: &Path, flags: &[&str], args: &[&str]) -> Cofferdam {
    let component = component.to_str().expect("a path of the test's own");
    let head = ["tool", "run", component, "--format", "json"]
        .into_iter()
        .chain(flags.iter().copied());
    cofferdam(scratch, head.chain(["--"]).chain(args.iter().copied()))
}

/// Calls the program that counts words, in a directory with two texts, and returns its receipt.
#[track_caller]
fn count(scratch: &Scratch, flags: &[&str], args: &[&str], stdin: &str, code: i32) -> Value {
    let component = words(scratch);
    scratch.file(
        "workspace/dam.txt",
        "The dam holds the river; the river rises.\n",
    );
    run(scratch, &component, flags, args)
        .stdin(stdin)
        .run()
        .exits(code)
        .json()
}

#[test]
fn a_program_in_c_reads_and_writes_what_it_was_granted() {
    let scratch = Scratch::new();
    let grant = ["--dir", "workspace:/workspace", "--env", "WORDS_MIN=4"];
    let receipt = count(&scratch, &grant, &["dam.txt", "-"], "holds holds", 0);
    assert_eq!(receipt["stdout"], "3\tholds\n2\triver\n1\trises\n");
    assert_eq!(
        (&receipt["outcome"]["name"], &receipt["bytes_in"]),
        (&json!("ok"), &json!(21)),
        "{receipt}"
    );
    assert_eq!(receipt["directories"], json!({ "/workspace": "read-only" }));
    assert!(
        receipt["fuel"].as_u64() > Some(1000) && receipt["files_opened"] == 1,
        "{receipt}"
    );

    let receipt = count(
        &scratch,
        &grant[..2],
        &["-o", "counts.txt", "/workspace/dam.txt"],
        "",
        0,
    );
    assert_eq!(
        (&receipt["stdout"], &receipt["bytes_written"]),
        (&json!(""), &json!(36)),
        "{receipt}"
    );
    assert_eq!(
        receipt["directories"],
        json!({ "/workspace": "read-write" })
    );
    let written = std::fs::read_to_string(scratch.path().join("workspace/counts.txt")).unwrap();
    assert_eq!(written, "3\tthe\n2\triver\n1\tdam\n1\tholds\n1\trises\n");
}

#[test]
fn a_program_in_c_fails_at_what_it_was_not_granted() {
    let scratch = Scratch::new();
    let failed = |flags: &[&str], args: &[&str], parts: &[&str]| {
        let receipt = count(&scratch, flags, args, "", 1);
        assert_eq!(receipt["outcome"]["name"], "guest-error", "{receipt}");
        let said = receipt["stderr"].as_str().unwrap();
        parts
            .iter()
            .for_each(|part| assert!(said.contains(part), "`{part}` is not in: {said}"));
    };
    let (read_only, read_write) = (
        ["--dir", "workspace:/workspace:ro"],
        ["--dir", "workspace:/workspace"],
    );
    scratch.file("outside.txt", "outside");
    failed(
        &read_only,
        &["-o", "counts.txt", "dam.txt"],
        &["words: counts.txt: "],
    );
    failed(
        &read_only,
        &["-o", "dam.txt", "dam.txt"],
        &["words: dam.txt: "],
    );
    failed(
        &read_write,
        &["missing.txt"],
        &["words: missing.txt: No such file"],
    );
    failed(
        &read_write,
        &["../outside.txt"],
        &["words: ../outside.txt: "],
    );
    failed(&[], &["dam.txt"], &["words: dam.txt: "]);
    failed(
        &["--env", "WORDS_MIN=few"],
        &[],
        &["words: WORDS_MIN: expected a number"],
    );
    let kept: Vec<_> = std::fs::read_dir(scratch.path().join("workspace"))
        .unwrap()
        .collect();
    assert_eq!(kept.len(), 1, "nothing was written: {kept:?}");
    let text = std::fs::read_to_string(scratch.path().join("workspace/dam.txt")).unwrap();
    assert!(text.starts_with("The dam"), "{text}");
}

/// The allocator of an older wasi-libc takes memory for its own that the adapter has made for
/// itself.
#[test]
fn a_program_in_c_and_the_adapter_keep_out_of_each_others_memory() {
    let scratch = Scratch::new();
    let text: Vec<_> = (10_000..60_000).map(|number| number.to_string()).collect();
    let receipt = count(
        &scratch,
        &["--dir", "workspace:/workspace"],
        &["-o", "counts.txt", "-"],
        &text.join(" "),
        0,
    );
    assert_eq!(
        (&receipt["outcome"]["name"], &receipt["stderr"]),
        (&json!("ok"), &json!("")),
        "{receipt}"
    );
    let written = std::fs::read_to_string(scratch.path().join("workspace/counts.txt")).unwrap();
    let expected: String = text.iter().map(|word| format!("1\t{word}\n")).collect();
    assert!(
        written == expected,
        "{} bytes instead of {}",
        written.len(),
        expected.len()
    );
}

#[test]
fn limits_hold_for_a_program_in_c() {
    let scratch = Scratch::new();
    let greedy = built(&scratch, "greedy");
    let ends = |flags: &[&str], what: &str, outcome: &str| {
        let receipt = run(&scratch, &greedy, flags, &[what]).run().exits(3).json();
        assert_eq!(receipt["outcome"]["name"], outcome, "{receipt}");
        receipt
    };
    let late = ends(&["--wall", "300ms"], "time", "deadline");
    assert!(
        (300_000..5_000_000).contains(&late["wall_us"].as_u64().unwrap()),
        "{late}"
    );
    let spent = ends(&["--fuel", "1000000"], "time", "out-of-fuel");
    assert_eq!(spent["fuel"], 1_000_000);

    // `malloc` gives NULL, and the program says so itself.
    let full = ends(&["--memory", "16MiB"], "memory", "out-of-memory");
    let said = full["stdout"].as_str().unwrap();
    assert!(said.ends_with("MiB, then: Out of memory\n"), "{said}");
    let pieces: u64 = said.split_once(' ').unwrap().0.parse().unwrap();
    assert!((12..16).contains(&pieces), "{said}");
    assert!(
        (pieces << 20..=16 << 20).contains(&full["peak_memory"].as_u64().unwrap()),
        "{full}"
    );
    assert!(
        full["refusals"][0].as_str().unwrap().contains("memory"),
        "{full}"
    );
}

#[test]
fn what_the_adapter_imports_needs_no_row() {
    let scratch = Scratch::new();
    let hello = built(&scratch, "hello");
    let receipt = run(&scratch, &hello, &[], &[]).run().exits(0).json();
    assert_eq!(
        (&receipt["stdout"], &receipt["outcome"]["name"]),
        (&json!("hello\n"), &json!("ok")),
        "{receipt}"
    );

    let args = [
        "tool".as_ref(),
        "inspect".as_ref(),
        hello.as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
    ];
    let seen = cofferdam(&scratch, args).run().exits(0).json();
    assert_eq!(
        (&seen["shape"], &seen["denied_imports"]),
        (&json!("command"), &json!([])),
        "{seen}"
    );
    let imports: Vec<_> = seen["imports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let packages = [
        "wasi:cli/",
        "wasi:clocks/",
        "wasi:filesystem/",
        "wasi:io/",
        "wasi:random/",
    ];
    let known = |import: &&str| packages.iter().any(|package| import.starts_with(package));
    assert!(
        !imports.is_empty() && imports.iter().all(known),
        "{imports:?}"
    );

    // The same module and manifest give the same component.
    let bytes = std::fs::read(&hello).unwrap();
    assert_eq!(std::fs::read(built(&scratch, "hello")).unwrap(), bytes);
}

#[test]
fn a_module_that_is_run_before_it_is_built_is_told_the_next_step() {
    let scratch = Scratch::new();
    let parts = [
        "hello.wasm",
        "a core WebAssembly module",
        "tool build",
        "--capabilities",
    ];
    run(&scratch, &module("hello"), &[], &[])
        .run()
        .exits(2)
        .complains(&parts);
}

/// Builds a module in the text format with a manifest that asks for nothing.
fn assembled(scratch: &Scratch, text: &str) -> Ran {
    let module = scratch.file("module.wasm", wat::parse_str(text).expect("a module"));
    build(scratch, &module, &scratch.file("t.toml", NOTHING)).run()
}

/// Builds a module that is not to be made a component, for a reason that holds `parts`.
#[track_caller]
fn check_refused(text: &str, parts: &[&str]) {
    let scratch = Scratch::new();
    let ran = assembled(&scratch, text)
        .exits(2)
        .complains(&["module.wasm: it is a core module that"])
        .complains(parts);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(!scratch.path().join("out").exists(), "nothing is built");
}

#[test]
fn a_module_that_is_no_command_is_refused() {
    let with = |fields: &str| {
        format!("(module {fields} (memory (export \"memory\") 1) (func (export \"_start\")))")
    };
    let other = "or make a component of it with its own toolchain";
    check_refused(
        &with(r#"(import "env" "abort" (func))"#),
        &["imports `abort` of `env`", other],
    );
    check_refused(
        &with(r#"(import "wasi_unstable" "fd_write" (func))"#),
        &["`wasi_unstable`", other],
    );
    check_refused(
        r#"(module (import "wasi_snapshot_preview1" "m" (memory 1)))"#,
        &["imports `m`", "functions"],
    );
    check_refused(
        &with(r#"(import "wasi_snapshot_preview1" "sock_open" (func))"#),
        &["`sock_open`"],
    );
    check_refused(
        &with(r#"(import "wasi_snapshot_preview1" "fd_write" (func))"#),
        &["`fd_write`", "type mismatch"],
    );
    check_refused(
        &with(r#"(func (export "_initialize"))"#),
        &["`_initialize`", "a reactor", other],
    );
    check_refused("(module)", &["no function `_start`", other]);
    check_refused(
        r#"(module (memory (export "memory") 1) (global (export "_start") i32 (i32.const 0)))"#,
        &["no function `_start`"],
    );
    check_refused(
        r#"(module (memory 1) (func (export "_start")))"#,
        &["no `memory`", other],
    );
    let memory = |memory: &str| {
        format!("(module (memory (export \"memory\") {memory}) (func (export \"_start\")))")
    };
    check_refused(&memory("i64 1"), &["64-bit", other]);
    check_refused(&memory("1 2 shared"), &["shared", other]);
    check_refused(
        &memory("1 2"),
        &["begins with 1 pages", "may have 2", "larger maximum"],
    );
    let start = r#"(module (memory (export "memory") 1) (func (export "_start") (param i32)))"#;
    check_refused(start, &["`_start`", "expected: (func)"]);
}

#[test]
fn a_module_that_is_broken_is_refused() {
    let scratch = Scratch::new();
    let whole = std::fs::read(module("hello")).unwrap();
    let capabilities = scratch.file("t.toml", NOTHING);
    for (length, problem) in [
        (8, "no function `_start`"),
        (9, "is not valid"),
        (whole.len() / 2, "is not valid"),
    ] {
        let broken = scratch.file("broken.wasm", &whole[..length]);
        build(&scratch, &broken, &capabilities)
            .run()
            .exits(2)
            .complains(&["broken.wasm", "a core module", problem]);
    }
    check_refused(
        r#"(module (memory (export "memory") 1) (func (export "_start") i32.const 1))"#,
        &["is not valid"],
    );
}

/// Until it has grown its memory itself, a program is told the size it was linked with, although
/// the adapter has made it larger; then the true one.
#[test]
fn a_program_is_told_the_size_of_its_own_memory() {
    // Each ends in a trap where the size is another one.
    let check = |fields: &str, memory: &str| {
        let text = format!(
            r#"(module
                (import "wasi_snapshot_preview1" "args_sizes_get"
                    (func $args (param i32 i32) (result i32)))
                {fields}
                (func $expect (param i32 i32)
                    (if (i32.ne (local.get 0) (local.get 1)) (then unreachable)))
                (func (export "_start")
                    (drop (call $args (i32.const 0) (i32.const 4)))
                    (call $expect (memory.size {memory}) (i32.const 3))
                    (call $expect (memory.grow {memory} (i32.const 4)) (i32.const 5))
                    (call $expect (memory.size {memory}) (i32.const 9))))"#
        );
        let scratch = Scratch::new();
        assembled(&scratch, &text).exits(0);
        let ran = run(&scratch, &scratch.path().join("out/t.wasm"), &[], &[]).run();
        assert_eq!(ran.exits(0).json()["outcome"]["name"], "ok");
    };
    check(r#"(memory (export "memory") 3)"#, "0");
    check(
        r#"(memory (export "memory") 3)
            (global (mut i32) (i32.const 7)) (global i64 (i64.const 1))"#,
        "0",
    );
    check(r#"(memory 1) (memory $m (export "memory") 3)"#, "$m");
}

/// `proc_exit` has a number, and what a function of preview 1 answers is an error of its own.
#[test]
fn exit_codes_and_errors_of_preview_1_arrive_as_they_are() {
    let functions = [
        ("fd_write", 99),
        ("fd_write", 0),
        ("fd_read", 99),
        ("fd_read", 1),
    ];
    for (function, descriptor) in functions {
        let scratch = Scratch::new();
        let text = format!(
            r#"(module
                (import "wasi_snapshot_preview1" "{function}"
                    (func $io (param i32 i32 i32 i32) (result i32)))
                (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (memory (export "memory") 1)
                (func (export "_start")
                    (i32.store (i32.const 0) (i32.const 16))
                    (i32.store (i32.const 4) (i32.const 6))
                    (call $exit (call $io
                        (i32.const {descriptor}) (i32.const 0) (i32.const 1) (i32.const 8)))))"#
        );
        assembled(&scratch, &text).exits(0);
        let component = scratch.path().join("out/t.wasm");
        let receipt = run(&scratch, &component, &[], &[]).run().exits(1).json();
        // BADF.
        assert_eq!(
            receipt["outcome"]["code"], 8,
            "{function} {descriptor}: {receipt}"
        );
    }
}
