//! Guests that try the forbidden act from inside. Each ends in its own outcome, within its limit, and the host serves a
//! normal call right after.

use serde_json::Value;

use crate::support::{Host, Scratch, cofferdam, content_of, guest, tool};

/// A hostile guest, what it is granted, and how it must end.
struct Row {
    guest: &'static str,
    /// `[[fs]]` access to `/workspace`; nothing when empty.
    access: &'static str,
    /// Keys of `[limits]` that differ from the default.
    limits: &'static str,
    args: &'static [&'static str],
    outcome: &'static str,
    /// What standard output or error must hold.
    says: &'static str,
}

/// The wall clock of rows that would otherwise run for half a minute.
const SHORT: &str = "wall = \"1s\"";

/// What a call may take beyond its wall clock before the test calls the limit broken. The host stops guests within
/// milliseconds; this is for a machine that runs other tests at the same time.
const SLACK_US: u64 = 2_000_000;

const fn row(guest: &'static str, outcome: &'static str) -> Row {
    Row { guest, access: "", limits: "", args: &[], outcome, says: "" }
}

const ROWS: [Row; 15] = [
    // CPU
    row("cpu_spin", "out-of-fuel"),
    Row { limits: "wall = \"200ms\"", ..row("cpu_spin", "deadline") },
    row("stack_deep", "stack-overflow"),
    // Memory
    row("memory_grow", "out-of-memory"),
    // Output. The second one uses almost no fuel: only the deadline can stop it.
    Row { limits: SHORT, says: "[output truncated: ", ..row("stdout_flood", "deadline") },
    Row { limits: SHORT, says: "[output truncated: ", ..row("stderr_flood", "deadline") },
    // Time spent in the host
    Row { limits: SHORT, ..row("clock_sleep", "deadline") },
    // Files
    Row { access: "read-write", says: "/etc/passwd: ", ..row("fs_absolute", "guest-error") },
    Row { access: "read-write", says: "../..: ", ..row("fs_dotdot", "guest-error") },
    Row { access: "read-write", says: "outside: Operation not permitted", ..row("fs_symlink", "guest-error") },
    Row { access: "read-only", says: "not permitted", ..row("fs_write", "guest-error") },
    Row { says: "", ..row("fs_write", "guest-error") },
    // Environment
    Row { says: "HOME=/home\n", ..row("env_dump", "ok") },
    // Arguments and exit codes: not forbidden, and the guest decides nothing but its own failure.
    Row { args: &["a b", "\"c\"", ""], says: "a b\n\"c\"\n\n", ..row("args_echo", "ok") },
    Row { args: &["3"], ..row("exit_code", "guest-error") },
];

/// The manifest of a row.
fn manifest(row: &Row) -> String {
    let mut text = "schema = 1\n[tool]\nname = \"guest\"\nversion = \"0.0.0\"\nsummary = \"tries\"\n".to_owned();
    if !row.access.is_empty() {
        text += &format!("[[fs]]\npath = \"/workspace\"\naccess = \"{}\"\nreason = \"to try\"\n", row.access);
    }
    text + "[limits]\n" + row.limits + "\n"
}

/// A workspace with a file, and a link that leads out of it.
fn planted_workspace(scratch: &Scratch) -> std::path::PathBuf {
    let workspace = scratch.directory("workspace");
    scratch.file("workspace/notes.txt", "one\ntwo\n");
    scratch.file("secret/passwd", "root\n");
    std::os::unix::fs::symlink(scratch.path().join("secret"), workspace.join("outside")).expect("a link");
    workspace
}

#[track_caller]
fn check(row: &Row) {
    let scratch = Scratch::new();
    let workspace = planted_workspace(&scratch);
    let capabilities = scratch.file("capabilities.toml", manifest(row));
    let component = guest(row.guest);
    let mut args = vec!["tool".into(), "run".into(), component.into_os_string()];
    args.extend(["--format".into(), "json".into(), "--capabilities".into(), capabilities.into_os_string()]);
    args.extend(["--dir".into(), format!("{}:/workspace", workspace.display()).into(), "--".into()]);
    args.extend(row.args.iter().map(Into::into));
    // A secret of the host, which no guest may see.
    let ran = cofferdam(&scratch, args).env("ANTHROPIC_API_KEY", "sk-planted").run();
    let receipt = ran.json();
    assert_eq!(receipt["outcome"]["name"], row.outcome, "{}: {receipt}", row.guest);
    let printed = format!("{}{}", receipt["stdout"].as_str().unwrap(), receipt["stderr"].as_str().unwrap());
    assert!(printed.contains(row.says), "{}: `{}` is not in {receipt}", row.guest, row.says);
    assert!(!printed.contains("ESCAPED"), "{}: {receipt}", row.guest);
    assert!(!printed.contains("UNTESTED"), "{}: {receipt}", row.guest);
    assert!(!ran.stdout.contains("sk-planted"), "{}: a guest saw a secret", row.guest);
    let wall = if row.limits.is_empty() { 30_000_000 } else { 1_000_000 };
    assert!(receipt["wall_us"].as_u64().unwrap() < wall + SLACK_US, "{}: {receipt}", row.guest);
    let by_limit = !matches!(row.outcome, "ok" | "guest-error" | "trap");
    assert_eq!(ran.code, Some(if by_limit { 3 } else { i32::from(row.outcome != "ok") }), "{}", row.guest);
}

#[test]
fn every_guest_ends_in_its_own_outcome() {
    for row in &ROWS {
        check(row);
    }
}

#[test]
fn the_host_serves_a_normal_call_after_each() {
    let scratch = Scratch::new();
    let mut agentfile = "FROM scratch\nNAME hostile\nMODEL builtin/commands\n".to_owned();
    agentfile += &format!("BIN wc {}\n", tool("wc").display());
    let mut seen = Vec::new();
    for row in &ROWS {
        if seen.contains(&row.guest) {
            continue;
        }
        seen.push(row.guest);
        let capabilities = scratch.file("capabilities.toml", manifest(row));
        let out = scratch.path().join(row.guest);
        let build = ["tool".into(), "build".into(), guest(row.guest).into_os_string(), "--capabilities".into()];
        let build = build.into_iter().chain([capabilities.into(), "--out".into(), out.clone().into_os_string()]);
        cofferdam(&scratch, build).run().exits(0);
        agentfile += &format!("BIN {} {}\n", row.guest, out.join("guest.wasm").display());
    }
    let agentfile = scratch.file("Agentfile", agentfile);
    let notes = scratch.file("notes.txt", "one\ntwo\n");
    let copy_in = format!("hostile:{}", notes.display());
    let args = ["--agentfile".into(), agentfile.into_os_string(), "--copy-in".into(), copy_in.into()];
    let host = Host::start::<std::ffi::OsString>(&scratch, args);
    normal_call(&host);
    let (memory, descriptors) = (host.resident_kib(), host.descriptors());
    for name in seen {
        let events = host.chat("hostile", &format!("run {name}"));
        let result = content_of(&events, "tool.result");
        assert!(!result.is_empty() && !result.contains("ESCAPED"), "{name}: {result}");
        normal_call(&host);
    }
    // A guest's memory (64 MiB) may still be mapped for the next one; the whole run must not add up.
    assert!(host.resident_kib() < memory + 128 * 1024, "{} KiB, before {memory}", host.resident_kib());
    assert!(host.descriptors() <= descriptors + 4, "{}, before {descriptors}", host.descriptors());
}

#[track_caller]
fn normal_call(host: &Host<'_>) {
    let events: Vec<Value> = host.chat("hostile", "run wc -l notes.txt");
    assert_eq!(content_of(&events, "tool.result"), "2 notes.txt\n");
}
