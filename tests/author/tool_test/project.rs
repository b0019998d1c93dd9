//! A project whose cases pass or fail, and whose manifest asks for too much.

use serde_json::Value;
use tempfile::TempDir;

use super::case;
use crate::support::{Ran, Scratch, cofferdam};

/// A tool that writes its input in capitals, and falls over input that is not UTF-8.
const SHOUT: &str = r#"
    use std::io::Read;

    fn main() {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).expect("text");
        let loud = text.to_uppercase();
        match std::env::args().nth(1).as_deref() {
            None => print!("{loud}"),
            Some("json") => println!("{{\"loud\": \"{loud}\", \"length\": {}, \"tags\": [1, 2]}}",
                loud.len()),
            Some("file") => {
                std::fs::remove_file("in.txt").expect("it is there");
                std::fs::write("sub/out.txt", loud).expect("the workspace is writable");
            }
            Some("greet") => println!("{}", std::env::var("GREETING").expect("a greeting")),
            Some("peek") => print!("{}",
                std::fs::read_to_string("/data/x").unwrap_or("nothing".to_owned())),
            Some("hungry") => println!("{}", std::hint::black_box(vec![1_u8; 100 << 20]).len()),
            Some(_) => {
                eprintln!("what?");
                std::process::exit(1);
            }
        }
    }
"#;

/// A package outside of the workspace, so that building it touches nothing else.
const PACKAGE: &str = r#"
    [package]
    name = "shout"
    version = "0.0.0"
    edition = "2024"
    [profile.guest]
    inherits = "release"
    opt-level = 1
    [workspace]
"#;

const LOCK: &str = "version = 4\n\n[[package]]\nname = \"shout\"\nversion = \"0.0.0\"\n";

const HEAD: &str = "schema = 1\n[tool]\nname = \"shout\"\nversion = \"0.0.0\"\nsummary = \"Writes \
    text | in capitals\"\n";

/// Asks for what its cases use, and for more.
const MUCH: &str = r#"
    [[fs]]
    path = "/workspace"
    access = "read-write"
    reason = "r"
    [[fs]]
    path = "/data"
    access = "read-write"
    reason = "r"
    [[fs]]
    path = "/tmp"
    access = "read-write"
    reason = "r"
    [[env]]
    name = "GREETING"
    reason = "the greeting"
    [[env]]
    name = "OTHER"
    reason = "r"
    [[http]]
    host = "a.test"
    reason = "r"
    [limits]
    memory = "128MiB"
    handles = 2_000
    fuel = 1_000_000_000
"#;

const PASSING: &str = r#"[
    {"name": "whole", "stdin": "a\nb\n", "expect": {"stdout": "A\nB\n", "stderr": ""}},
    {"name": "bytes", "stdin": {"base64": "YQ=="}, "expect": {"stdout": {"base64": "QQ=="}}},
    {"name": "exit", "args": ["x"], "expect": {"exit": 1}},
    {"name": "no exit", "stdin": "a", "expect": {"exit": 0, "stdout": "A"}},
    {"name": "pattern", "args": ["x"], "expect": {"outcome": "guest-error",
        "stderr": {"pattern": "^wh.t\\?\n$"}}},
    {"name": "json", "args": ["json"], "stdin": "a", "expect": {"stdout": {"json": {"loud": "A",
        "tags": [1, 2]}}}},
    {"name": "files", "args": ["file"], "stdin": "a", "files": {"in.txt": "x", "sub/": null,
        "kept": "k"},
     "expect": {"files": {"sub/out.txt": {"pattern": "^A$"}, "in.txt": null, "kept": "k"}}},
    {"name": "variable", "args": ["greet"], "env": {"GREETING": "hi"},
        "expect": {"stdout": "hi\n"}},
    {"name": "peek", "args": ["peek"], "expect": {"stdout": "nothing"}},
    {"name": "memory", "args": ["hungry"], "expect": {"stdout": "104857600\n"}},
    {"name": "fuel", "limits": {"fuel": "1000"}, "expect": {"outcome": "out-of-fuel"}}
]"#;

const FAILING: &str = r#"[
    {"name": "f-text", "stdin": "a\nb\n", "expect": {"stdout": "A\nC\n"}},
    {"name": "f-bytes", "stdin": "a", "expect": {"stdout": {"base64": "/w=="}}},
    {"name": "f-pattern", "stdin": "a", "expect": {"stdout": {"pattern": "^B"}}},
    {"name": "f-json", "args": ["json"], "expect": {"stdout": {"json": {"tags": [1, 3],
        "more": 1}}}},
    {"name": "f-outcome", "args": ["x"]},
    {"name": "f-exit", "args": ["x"], "expect": {"exit": 2}},
    {"name": "f-file", "files": {"a": "1"}, "expect": {"files": {"a": "2", "b": "3"}}},
    {"name": "f-gone", "files": {"a": "1"}, "expect": {"files": {"a": null}}},
    {"name": "f-vain", "env": {"LANG": "C", "NOBODY": "x"}, "secrets": ["token"]}
]"#;

/// What each of [`FAILING`] is told.
const TOLD: [(&str, &[&str]); 9] = [
    (
        "f-text",
        &["stdout: - expected, + found", "  A", "- C", "+ B"],
    ),
    ("f-bytes", &["at byte 0: expected 0xff, found 0x41"]),
    ("f-pattern", &["stdout: no match of the pattern ^B", "  A"]),
    (
        "f-json",
        &[
            "/tags/1: expected 3, found 2",
            "/more: expected 1, and it is not there",
        ],
    ),
    (
        "f-outcome",
        &[
            "outcome: expected ok, it is guest-error: exit code 1",
            "stderr: what?",
        ],
    ),
    (
        "f-exit",
        &["outcome: expected guest-error: exit code 2, it is guest-error: exit code 1"],
    ),
    (
        "f-file",
        &["file a: - expected", "- 2", "+ 1", "file b: No such file"],
    ),
    ("f-gone", &["file a: it is there"]),
    (
        "f-vain",
        &[
            "LANG is set by the host",
            "does not declare NOBODY",
            "does not declare token",
        ],
    ),
];

/// The package on disk, below `target`.
struct Project {
    dir: TempDir,
}

impl Project {
    fn new() -> Self {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory");
        let project = Self { dir };
        for (name, text) in [
            ("Cargo.toml", PACKAGE),
            ("Cargo.lock", LOCK),
            ("src/main.rs", SHOUT),
        ] {
            project.file(name, text);
        }
        project
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a directory"))
            .expect("directories");
        std::fs::write(path, text).expect("a file");
    }

    fn test(&self, scratch: &Scratch, flags: &[&str]) -> Ran {
        let args = [
            "tool".as_ref(),
            "test".as_ref(),
            self.dir.path().as_os_str(),
        ];
        cofferdam(
            scratch,
            args.into_iter().chain(flags.iter().map(AsRef::as_ref)),
        )
        .run()
    }
}

#[test]
fn cases_pass_or_say_what_differs() {
    let (scratch, project) = (Scratch::new(), Project::new());
    project.file("capabilities.toml", &format!("{HEAD}{MUCH}"));
    project.file("cases/a.json", PASSING);
    project.file("cases/b.json", FAILING);

    let ran = project
        .test(&scratch, &["--format", "json"])
        .exits(1)
        .complains(&["10 of 26 cases failed"]);
    assert!(
        !ran.stderr.contains("cases\r") && !ran.stderr.contains("building shout"),
        "{}",
        ran.stderr
    );
    let all = ran.json();
    let tested = &all[0];
    let order: Vec<_> = tested["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["name"].as_str().unwrap())
        .collect();
    assert_eq!(order[..2], ["whole", "bytes"]);
    assert_eq!(order[11..20], TOLD.map(|(name, _)| name));
    for passing in &order[..11] {
        assert_eq!(
            case(tested, passing)["passed"],
            true,
            "{}",
            case(tested, passing)
        );
    }
    for (name, parts) in TOLD {
        let failed = case(tested, name);
        let problems: Vec<_> = failed["problems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|text| text.as_str().unwrap())
            .collect();
        let problems = problems.join("\n");
        assert_eq!(failed["passed"], false);
        assert!(
            parts.iter().all(|part| problems.contains(part)),
            "{name}: {problems}"
        );
    }
    let ends = [
        "empty input",
        "huge arguments",
        "huge input",
        "deep JSON",
        "closed stdin",
    ];
    for name in ends {
        assert_eq!(
            case(tested, &format!("hostile: {name}"))["passed"],
            true,
            "{tested}"
        );
    }
    let panics = case(tested, "hostile: invalid UTF-8");
    assert_eq!(
        (&panics["passed"], &panics["outcome"]["name"]),
        (&Value::from(false), &Value::from("trap"))
    );
    assert!(
        panics["problems"][0]
            .as_str()
            .unwrap()
            .contains("expected an outcome of its own"),
        "{panics}"
    );
    assert!(case(tested, "memory")["peak_memory"].as_u64().unwrap() > 100 << 20);

    let ran = project.test(&scratch, &[]).exits(1);
    for part in [
        "FAIL f-text",
        "  - C\n  + B\n",
        "FAIL hostile: invalid UTF-8",
        "20 cases, 6 hostile inputs",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains('\x1b'), "colour is for terminals");
}

#[test]
fn what_no_case_uses_is_named_and_what_is_needed_is_learned() {
    let (scratch, project) = (Scratch::new(), Project::new());
    project.file("capabilities.toml", &format!("{HEAD}{MUCH}"));
    project.file("cases/a.json", PASSING);
    project.file(
        "cases/b.json",
        r#"{"name": "hostile: invalid UTF-8", "expect": {"outcome": "trap"}}"#,
    );

    let tested = project
        .test(&scratch, &["--format", "json"])
        .exits(0)
        .json();
    let unused: Vec<_> = tested[0]["unused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect();
    let expected = [
        "[[fs]] /data: no case writes there, so read-only is enough",
        "[[fs]] /tmp: no case looks there",
        "[[http]] a.test: no case sends",
        "[[env]] OTHER: no case gives it",
        "[limits] handles = 2_000: every case passes with the default of 1_024",
    ];
    assert_eq!(unused.len(), expected.len(), "{unused:#?}");
    assert!(
        unused
            .iter()
            .zip(expected)
            .all(|(told, part)| told.starts_with(part)),
        "{unused:#?}"
    );
    let suggestion = &tested[0]["suggestion"];
    assert_eq!(
        suggestion["limits"],
        serde_json::json!({"memory": "256MiB"}),
        "{suggestion}"
    );

    let table = project
        .test(&scratch, &["--format", "markdown"])
        .exits(0)
        .stdout;
    let row = table.lines().last().unwrap();
    assert!(
        row.starts_with("| `shout` | Writes text \\| in capitals | ") && row.ends_with(" MiB |"),
        "{table}"
    );

    let learned = project.test(&scratch, &["--learn"]).exits(0).stdout;
    for part in [
        "11 of 11 do",
        "path = \"/workspace\"\naccess = \"read-write\"\nreason = \"r\"",
        "memory = \"128MiB\"",
        // Below the default: its author narrowed it.
        "fuel = \"1_000_000_000\"",
    ] {
        assert!(learned.contains(part), "{part}: {learned}");
    }
    for part in ["/data", "/tmp", "a.test", "OTHER", "handles"] {
        assert!(!learned.contains(part), "{part}: {learned}");
    }
    project.file("capabilities.toml", &learned);
    let tested = project
        .test(&scratch, &["--format", "json"])
        .exits(0)
        .json();
    assert_eq!(tested[0]["unused"], serde_json::json!([]));
    // From nothing the same rows are learned, and their reasons are still to be written.
    project.file("capabilities.toml", HEAD);
    let bare = project.test(&scratch, &["--learn"]).exits(0).stdout;
    assert_eq!(bare.matches("reason = \"\"").count(), 2, "{bare}");
    project.file("capabilities.toml", &bare);
    project
        .test(&scratch, &[])
        .exits(2)
        .complains(&["`reason` is empty"]);
    project.file(
        "capabilities.toml",
        &bare.replace("reason = \"\"", "reason = \"its cases need it\""),
    );
    project.test(&scratch, &[]).exits(0);
}
