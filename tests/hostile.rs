//! Guests that try the forbidden act from inside. Each ends in its own outcome, within its limit, and the host serves a
//! normal call right after.

use serde_json::Value;

use crate::files;
use crate::support::{Host, Scratch, cofferdam, content_of, guest, tool, wat_guest};

/// A hostile guest, what it is granted, and how it must end.
struct Row {
    guest: &'static str,
    /// `[[fs]]` access to `/workspace`; nothing when empty.
    access: &'static str,
    /// Keys of `[limits]` that differ from the default.
    limits: &'static str,
    /// What the variable MODE says to a guest that has several behaviours.
    mode: &'static str,
    args: &'static [&'static str],
    /// What the test puts where the guest looks, before the call.
    plant: fn(&Scratch),
    /// Further directories: on the host (absolute, or below the test's own), as the guest sees them, and the access.
    dirs: &'static [(&'static str, &'static str, &'static str)],
    outcome: &'static str,
    /// What the receipt must hold, the guest's output included.
    says: &'static str,
    /// What must hold afterwards, outside the sandbox and in the receipt.
    after: fn(&Scratch, &Value),
}

/// The wall clock of rows that would otherwise run for half a minute.
const SHORT: &str = "wall = \"1s\"";

/// Fuel of rows that use all of it in the cheapest way: the default would take seconds each.
const LITTLE: &str = "fuel = 1_000_000_000";

/// An outcome for components that do not get so far: refused when they are loaded.
const REFUSED: &str = "refused";

/// What a call may take beyond its wall clock before the test calls the limit broken. The host stops guests within
/// milliseconds; this is for a machine that runs other tests at the same time.
const SLACK_US: u64 = 2_000_000;

/// Memory that the process of one call may hold beyond the guest's own, in KiB: the host's code and the pool's bookkeeping.
const HOST_KIB: u64 = 160 << 10;

const fn row(guest: &'static str, outcome: &'static str) -> Row {
    Row {
        guest,
        access: "",
        limits: "",
        mode: "",
        args: &[],
        plant: |_| (),
        dirs: &[],
        outcome,
        says: "",
        after: |_, _| (),
    }
}

const fn typed(mode: &'static str, outcome: &'static str, says: &'static str) -> Row {
    Row { mode, says, args: &["{}"], ..row("typed_hostile", outcome) }
}

/// A row of a guest that makes entries until it is refused.
const fn maker(args: &'static [&'static str], says: &'static str) -> Row {
    Row { args, after: files::few_entries, access: "read-write", says, ..row("fs_many_files", "guest-error") }
}

/// A row of a guest that writes until it is refused.
const fn filler(args: &'static [&'static str]) -> Row {
    // The guest's libc makes EIO of every error of a stream; the receipt says what it was.
    let says = "after 64 MiB: ";
    Row { args, after: files::little_data, access: "read-write", says, ..row("fs_fill", "guest-error") }
}

/// A row of a guest that fills `/tmp` and ends as it is told.
const fn scratch(how: &'static [&'static str], limits: &'static str, outcome: &'static str) -> Row {
    let dirs = &[("", "/tmp", "read-write")];
    Row { args: how, limits, dirs, says: "filled /tmp", ..row("fs_tmp", outcome) }
}

const ROWS: [Row; 69] = [
    // CPU
    row("cpu_spin", "out-of-fuel"),
    Row { limits: "wall = \"200ms\"", ..row("cpu_spin", "deadline") },
    Row { limits: LITTLE, ..row("cpu_start_loop", "out-of-fuel") },
    Row { limits: SHORT, ..row("clock_spin", "deadline") },
    Row { limits: SHORT, ..row("clock_sleep", "deadline") },
    Row { limits: LITTLE, ..row("memory_fill", "out-of-fuel") },
    row("stack_deep", "stack-overflow"),
    Row { says: "everything failed", ..row("exit_zero", "ok") },
    // Memory
    row("memory_grow", "out-of-memory"),
    Row { says: "memory", ..row("memory_initial", REFUSED) },
    Row { says: "memory: ", ..row("memory_instances", "out-of-memory") },
    Row { says: "instances", ..row("instances_many", REFUSED) },
    Row { says: "memories", ..row("memories_many", REFUSED) },
    Row { says: "tables", ..row("tables_many", REFUSED) },
    Row { says: "table elements: ", ..row("table_grow", "out-of-memory") },
    Row { limits: "table-elements = 100", says: "limit 100", ..row("table_grow", "out-of-memory") },
    row("memory_canary", "ok"),
    // What the host holds or makes for the guest
    Row { says: "resource handles", ..row("handles_many", "guest-error") },
    Row { limits: "memory = \"256MiB\"", ..row("host_call_large", "host-call-too-large") },
    Row { says: "1099511627776 random bytes", ..row("random_large", "guest-error") },
    // Output. The second one uses almost no fuel: only the deadline can stop it.
    Row { limits: SHORT, says: "[output truncated: ", ..row("stdout_flood", "deadline") },
    Row { limits: SHORT, says: "[output truncated: ", ..row("stderr_flood", "deadline") },
    // Typed tools: the list is guest code too, and a result can be as hostile as a program.
    typed("", "ok", "{}"),
    Row { limits: LITTLE, ..typed("list-spin", REFUSED, "does not list its tools: out-of-fuel") },
    typed("list-large", REFUSED, "does not list its tools: host-call-too-large"),
    typed("list-many", REFUSED, "it lists 1000 tools: expected 1 to 64"),
    typed("list-nothing", REFUSED, "it lists 0 tools"),
    typed("list-twice", REFUSED, "twice"),
    Row { limits: SHORT, ..typed("list-name", REFUSED, "is not a tool name") },
    typed("list-schema", REFUSED, "is not JSON Schema"),
    Row { limits: LITTLE, ..typed("call-spin", "out-of-fuel", "") },
    typed("call-panic", "trap", "on purpose"),
    typed("call-long", "ok", "[output truncated: "),
    typed("call-large", "host-call-too-large", ""),
    // A guest cannot choose a code that means a decision of the host.
    typed("call-denied", "guest-error", "failed: denied: tool_status"),
    // Files
    Row { access: "read-write", says: "/etc/passwd: ", ..row("fs_absolute", "guest-error") },
    Row { access: "read-write", says: "../..: ", ..row("fs_dotdot", "guest-error") },
    Row { access: "read-write", says: "outside: Operation not permitted", ..row("fs_symlink", "guest-error") },
    Row { access: "read-only", says: "not permitted", ..row("fs_write", "guest-error") },
    Row { says: "", ..row("fs_write", "guest-error") },
    Row { access: "read-write", says: "read /proc/self/environ: ", ..row("fs_proc", "guest-error") },
    Row {
        plant: files::plant_proc,
        after: files::nothing_outside,
        access: "read-write",
        says: "not permitted",
        ..row("fs_link", "guest-error")
    },
    Row {
        access: "read-only",
        dirs: &[("out", "/out", "read-write")],
        says: "rename out: ",
        after: files::notes_unchanged,
        ..row("fs_read_only", "guest-error")
    },
    Row {
        plant: files::plant_pipe,
        dirs: &[("/dev", "/devices", "read-only")],
        limits: SHORT,
        after: |_, receipt| files::refused(receipt, "devices, pipes and sockets: "),
        access: "read-write",
        says: "open pipe: Operation not permitted",
        ..row("fs_special", "guest-error")
    },
    // Files: the limits of a call
    Row {
        after: |_, receipt| files::refused(receipt, "open files: "),
        access: "read-write",
        says: "64 files are open: Quota exceeded",
        ..row("fs_open_many", "guest-error")
    },
    Row {
        limits: "open-files = 7",
        access: "read-write",
        says: "7 files are open: Quota exceeded",
        ..row("fs_open_many", "guest-error")
    },
    Row { args: &["read"], access: "read-write", says: "64 streams are open", ..row("fs_streams", "guest-error") },
    Row { args: &["write"], access: "read-write", says: "64 streams are open", ..row("fs_streams", "guest-error") },
    Row { args: &["append"], access: "read-write", says: "64 streams are open", ..row("fs_streams", "guest-error") },
    Row {
        after: files::little_data,
        access: "read-write",
        says: "set its size: Quota exceeded",
        ..row("fs_sparse", "guest-error")
    },
    filler(&[]),
    filler(&["over"]),
    filler(&["append"]),
    maker(&["files"], "4096 files made: Quota exceeded"),
    maker(&["removed"], "4096 removed made: Quota exceeded"),
    maker(&["directories"], "4096 directories made: Quota exceeded"),
    maker(&["symlinks"], "4096 symlinks made: Quota exceeded"),
    maker(&["links"], "4095 links made: Quota exceeded"),
    maker(&["renames"], "4095 renames made: Quota exceeded"),
    Row {
        plant: files::plant_crowd,
        after: |_, receipt| files::refused(receipt, "directory entries in listings: 2 "),
        access: "read-write",
        says: "list a crowd: Quota exceeded",
        ..row("fs_list", "guest-error")
    },
    Row { access: "read-write", says: "the host answered every time", ..row("fs_times", "ok") },
    // Scratch: nothing of it may be left, however the call ends.
    scratch(&["end"], "", "ok"),
    scratch(&["fail"], "", "guest-error"),
    scratch(&["trap"], "", "trap"),
    scratch(&["sleep"], SHORT, "deadline"),
    // Environment
    Row { says: "HOME=/home\\n", ..row("env_dump", "ok") },
    // Imports
    Row { says: "acme:power/lever", ..row("import_unknown", REFUSED) },
    // Arguments and exit codes: not forbidden, and the guest decides nothing but its own failure.
    Row { args: &["a b", "\"c\"", ""], says: "a b\\n\\\"c\\\"\\n\\n", ..row("args_echo", "ok") },
    Row { args: &["3"], ..row("exit_code", "guest-error") },
];

/// The manifest of a row.
fn manifest(row: &Row) -> String {
    let mut text = "schema = 1\n[tool]\nname = \"guest\"\nversion = \"0.0.0\"\nsummary = \"tries\"\n".to_owned();
    if !row.access.is_empty() {
        text += &format!("[[fs]]\npath = \"/workspace\"\naccess = \"{}\"\nreason = \"to try\"\n", row.access);
    }
    if !row.mode.is_empty() {
        text += "[[env]]\nname = \"MODE\"\nreason = \"says what to try\"\n";
    }
    for (_, guest, access) in row.dirs {
        text += &format!("[[fs]]\npath = \"{guest}\"\naccess = \"{access}\"\nreason = \"to try\"\n");
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
    (row.plant)(&scratch);
    let capabilities = scratch.file("capabilities.toml", manifest(row));
    let component = guest_in(&scratch, row.guest);
    let mut args = vec!["tool".into(), "run".into(), component.into_os_string()];
    args.extend(["--format".into(), "json".into(), "--capabilities".into(), capabilities.into_os_string()]);
    args.extend(["--dir".into(), format!("{}:/workspace", workspace.display()).into()]);
    for (host, guest, _) in row.dirs.iter().filter(|(host, ..)| !host.is_empty()) {
        let host = scratch.directory(host);
        args.extend(["--dir".into(), format!("{}:{guest}", host.display()).into()]);
    }
    args.extend(["--env".into(), format!("MODE={}", row.mode).into(), "--".into()]);
    args.extend(row.args.iter().map(Into::into));
    // A secret of the host, which no guest may see.
    let ran = cofferdam(&scratch, args).env("ANTHROPIC_API_KEY", "sk-planted").run();
    let name = format!("{} {}", row.guest, row.mode);
    assert!(!ran.stdout.contains("sk-planted"), "{name}: a guest saw a secret");
    assert!(!ran.stdout.contains("ESCAPED") && !ran.stdout.contains("UNTESTED"), "{name}: {}", ran.stdout);
    if row.outcome == REFUSED {
        ran.exits(2).complains(&[row.says]);
        return;
    }
    let receipt = ran.json();
    assert_eq!(receipt["outcome"]["name"], row.outcome, "{name}: {receipt}");
    assert!(ran.stdout.contains(row.says), "{name}: `{}` is not in {receipt}", row.says);
    (row.after)(&scratch, &receipt);
    files::nothing_left(&scratch);
    let wall = if row.limits.contains("wall") { 1_000_000 } else { 30_000_000 };
    assert!(receipt["wall_us"].as_u64().unwrap() < wall + SLACK_US, "{name}: {receipt}");
    let memory = if row.limits.starts_with("memory") { 256 << 10 } else { 64 << 10 };
    assert!(ran.peak_kib < memory + HOST_KIB, "{name}: the process held {} KiB", ran.peak_kib);
    let by_limit = !matches!(row.outcome, "ok" | "guest-error" | "trap");
    assert_eq!(ran.code, Some(if by_limit { 3 } else { i32::from(row.outcome != "ok") }), "{name}");
}

/// The component of a guest, from Rust or from text.
fn guest_in(scratch: &Scratch, name: &str) -> std::path::PathBuf {
    let text = wat_guest(name);
    if text.exists() {
        let bytes = wat::parse_file(&text).unwrap_or_else(|error| panic!("{error}"));
        return scratch.file(&format!("{name}.wasm"), bytes);
    }
    guest(name)
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
        // What is refused when it is loaded never reaches a host.
        if seen.contains(&row.guest) || row.outcome == REFUSED || row.guest == "typed_hostile" {
            continue;
        }
        seen.push(row.guest);
        let capabilities = scratch.file("capabilities.toml", manifest(row));
        let out = scratch.path().join(row.guest);
        let component = guest_in(&scratch, row.guest).into_os_string();
        let build = ["tool".into(), "build".into(), component, "--capabilities".into()];
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

#[test]
fn memory_of_the_last_tenant_is_never_seen() {
    let scratch = Scratch::new();
    let component = guest_in(&scratch, "memory_canary").into_os_string();
    // Every call of one process gets a slot of the same pool; the guest traps when it finds what the last one left.
    let args = ["tool".into(), "run".into(), component, "--repeat".into(), "40".into()];
    cofferdam(&scratch, args).run().exits(0);
}

#[test]
fn fuel_that_runs_out_anywhere_is_out_of_fuel() {
    let scratch = Scratch::new();
    let run = |fuel: u64| {
        let args = ["tool".into(), "run".into(), guest("env_dump").into_os_string(), "--format".into(), "json".into()];
        let ran = cofferdam(&scratch, args.into_iter().chain(["--fuel".into(), fuel.to_string().into()])).run();
        (ran.json()["outcome"]["name"].as_str().unwrap().to_owned(), ran.json()["fuel"].as_u64().unwrap())
    };
    let (outcome, needed) = run(1_000_000);
    assert_eq!(outcome, "ok");
    // Before the first host call, at and between host calls.
    for part in 0..24 {
        let fuel = needed * part / 24;
        assert_eq!(run(fuel), ("out-of-fuel".to_owned(), fuel), "with {fuel} of {needed}");
    }
}
