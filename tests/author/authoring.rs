//! What an author does: start a project, test it, build it, run it; and what stops a build.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::{Cofferdam, Scratch, cofferdam, guest, target_dir};

/// The most that a typed tool may have which does next to nothing, in bytes (150 KiB): what every
/// typed tool pays.
const SMALLEST_TYPED: u64 = 150 << 10;

/// How long a command that compiles may take: cargo lets one of these tests at a time into the
/// directory they share, and the first compiles the SDK, beside everything else that runs.
const COMPILING: Duration = Duration::from_secs(900);

/// A command that compiles a project.
pub(super) fn compiling(scratch: &Scratch, args: &[&OsStr]) -> Cofferdam {
    cofferdam(scratch, args)
        .env("CARGO_TARGET_DIR", target_dir())
        .patience(COMPILING)
}

/// Starts a project in a directory of its own.
pub(super) fn new(scratch: &Scratch, flags: &[&str]) -> PathBuf {
    cofferdam(scratch, ["tool", "new"].iter().chain(flags))
        .run()
        .exits(0);
    scratch.path().join(flags[0])
}

/// Runs cargo in a project; what it said comes back with whether it was content.
fn cargo(project: &Path, args: &[&str]) -> (bool, String) {
    let mut cargo = Command::new("cargo");
    cargo
        .args(args)
        .current_dir(project)
        .env("CARGO_TARGET_DIR", target_dir());
    let output = cargo.output().expect("cargo starts");
    (
        output.status.success(),
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    )
}

#[track_caller]
pub(super) fn cargo_is_content(project: &Path, args: &[&str]) {
    let (content, said) = cargo(project, args);
    assert!(content, "{args:?}: {said}");
}

/// Its cases pass in the sandbox, and it falls over nothing.
#[track_caller]
pub(super) fn passes_its_cases(scratch: &Scratch, project: &Path) {
    let ran = compiling(
        scratch,
        &["tool".as_ref(), "test".as_ref(), project.as_os_str()],
    )
    .run()
    .exits(0);
    assert!(
        ran.stdout.contains(": 2 cases, ") && !ran.stdout.contains("unused: "),
        "{}",
        ran.stdout
    );
}

/// The component of a project, with its manifest inside.
pub(super) fn built(scratch: &Scratch, project: &Path) -> PathBuf {
    let out = scratch.path().join("tools");
    let args = [
        "tool".as_ref(),
        "build".as_ref(),
        project.as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
    ];
    compiling(scratch, &args).run().exits(0);
    let name = project.file_name().and_then(OsStr::to_str).expect("a name");
    out.join(format!("{name}.wasm"))
}

#[test]
fn a_new_typed_tool_tests_lints_builds_and_runs_as_it_is() {
    let scratch = Scratch::new();
    let project = new(&scratch, &["say-hello"]);
    cargo_is_content(&project, &["test", "--locked", "--quiet"]);
    cargo_is_content(
        &project,
        &[
            "clippy",
            "--locked",
            "--quiet",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ],
    );
    cargo_is_content(&project, &["fmt", "--check"]);
    passes_its_cases(&scratch, &project);
    let component = built(&scratch, &project);
    let size = std::fs::metadata(&component).unwrap().len();
    assert!(
        size <= SMALLEST_TYPED,
        "a typed tool that greets has {size} bytes: at most {SMALLEST_TYPED}"
    );
    let run = |input: &str| {
        let args = [
            "tool".as_ref(),
            "run".as_ref(),
            component.as_os_str(),
            "--".as_ref(),
            input.as_ref(),
        ];
        cofferdam(&scratch, args).run()
    };
    assert_eq!(
        run("{\"name\": \"Ada\"}").exits(0).json()["text"],
        "Hello, Ada!"
    );
    run("{\"name\": \" \"}")
        .exits(1)
        .complains(&["invalid-input", "name is blank"]);
    // What a model reads comes from the code, and nothing is imported that the tool does not use.
    let args = [
        "tool".as_ref(),
        "inspect".as_ref(),
        component.as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
    ];
    let shown = cofferdam(&scratch, args).run().exits(0).json();
    let words = shown["tools"][0]["description"].as_str().expect("a text");
    assert!(
        words.starts_with("Greets someone by name.\n\n## Usage\n\n"),
        "{words}"
    );
    assert_eq!(
        shown["tools"][0]["input_schema"]["properties"]["name"]["description"],
        "Whom to greet."
    );
    let imports = shown["imports"].to_string();
    assert!(
        imports.contains("cofferdam:tool/host@") && !imports.contains("cofferdam:tool/calls@"),
        "{imports}"
    );
}

#[test]
fn a_new_command_tests_lints_builds_and_runs_as_it_is() {
    let scratch = Scratch::new();
    let project = new(&scratch, &["capitals", "--shape", "command"]);
    cargo_is_content(&project, &["test", "--locked", "--quiet"]);
    cargo_is_content(
        &project,
        &[
            "clippy",
            "--locked",
            "--quiet",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ],
    );
    passes_its_cases(&scratch, &project);
    let component = built(&scratch, &project);
    let run = |args: &[&str], stdin: &str| {
        let all = [
            "tool".as_ref(),
            "run".as_ref(),
            component.as_os_str(),
            "--".as_ref(),
        ];
        let all = all.into_iter().chain(args.iter().map(OsStr::new));
        cofferdam(&scratch, all).stdin(stdin).run().exits(0).stdout
    };
    assert_eq!(run(&["hello", "world"], ""), "HELLO WORLD\n");
    assert_eq!(run(&[], "one\ntwo\n"), "ONE\nTWO\n");
}

#[test]
fn a_project_is_not_written_over_and_has_a_name_that_works() {
    let scratch = Scratch::new();
    scratch.file("taken/notes.txt", "mine");
    let new = |flags: &[&str]| cofferdam(&scratch, ["tool", "new"].iter().chain(flags)).run();
    new(&["taken"])
        .exits(2)
        .complains(&["taken is there already"]);
    assert_eq!(
        std::fs::read_dir(scratch.path().join("taken"))
            .unwrap()
            .count(),
        1
    );
    for name in [
        "",
        "Big",
        "a_b",
        "9lives",
        "../out",
        "a/b",
        "größe",
        &"a".repeat(64),
    ] {
        new(&[name])
            .exits(2)
            .complains(&["is not the name of a tool", "[a-z][a-z0-9-]{0,62}"]);
    }
    for name in ["match", "serde", "test"] {
        new(&[name])
            .exits(2)
            .complains(&[name, "choose another name"]);
    }
    new(&["fine", "--sdk", "."])
        .exits(2)
        .complains(&["no guest SDK in .", "--sdk"]);
    new(&["fine", "--sdk", ".", "--shape", "command"])
        .exits(2)
        .complains(&["--shape typed", "--shape pure"]);
    assert!(!scratch.path().join("fine").exists());
}

/// A project whose file has `from` replaced by `to` must not build, and say `parts`.
#[track_caller]
fn check_broken(file: &str, from: &str, to: &str, parts: &[&str]) {
    let scratch = Scratch::new();
    let project = new(&scratch, &["broken"]);
    let text = std::fs::read_to_string(project.join(file)).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(project.join(file), text.replace(from, to)).unwrap();
    let (content, said) = cargo(&project, &["check", "--locked", "--quiet"]);
    assert!(!content, "{to} was built");
    for part in parts {
        assert!(said.contains(part), "`{part}` is not in {said}");
    }
}

#[test]
fn a_manifest_that_a_host_would_refuse_ends_the_build_with_file_and_line() {
    let check = |to: &str, parts: &[&str]| check_broken("capabilities.toml", "# [[fs]]", to, parts);
    check(
        "[[fs]]\npath = \"/workspace\"\naccess = \"read-only\"",
        &["capabilities.toml:9:", "missing key `reason`"],
    );
    check(
        "[[dir]]\npath = \"/workspace\"",
        &["capabilities.toml:9:", "unknown key `dir`"],
    );
    check(
        "[limits]\nfule = 1",
        &["capabilities.toml:10:", "unknown key `fule`"],
    );
    check(
        "[[call]]\nname = \"a\"\nreason = \" \"",
        &["capabilities.toml:", "`reason` is empty"],
    );
}

#[test]
fn a_function_that_is_no_tool_ends_the_build_with_what_would_be_right() {
    let check = |from: &str, to: &str, says: &str| {
        check_broken("src/lib.rs", from, to, &["src/lib.rs", says])
    };
    check(
        "/// Greets someone by name.\n#[tool]",
        "#[tool]",
        "a tool needs a doc comment",
    );
    check(
        "#[tool]",
        "#[tool(name = \"Say Hello\")]",
        "is not the name of a tool",
    );
    check("#[tool]", "#[tool(title = \"hello\")]", "expected `name = ");
    check(
        "fn broken(input: Input,",
        "fn broken(input: &Input,",
        "takes its input by value",
    );
    check(
        "export!(broken);",
        "export!(broken, broken);",
        "two tools of one component have the same name",
    );
    check("export!(broken);", "export!();", "name the tools");
}

#[test]
fn an_import_that_nobody_declared_is_refused_by_the_build() {
    let scratch = Scratch::new();
    let head = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";
    let build = |component: &str, rows: &str| {
        let file = scratch.file("capabilities.toml", format!("{head}{rows}"));
        let args = [
            "tool".into(),
            "build".into(),
            guest(component).into_os_string(),
            "--capabilities".into(),
        ];
        cofferdam(&scratch, args.into_iter().chain([file.into()])).run()
    };
    build("nested", "").exits(2).complains(&[
        "capabilities.toml:5: ",
        "cofferdam:tool/calls@0.1.0",
        "add [[call]]",
    ]);
    build("http_fetch", "").exits(2).complains(&[
        "capabilities.toml:5: ",
        "wasi:http/",
        "add [[http]]",
    ]);
    let test = [
        "tool".into(),
        "test".into(),
        guest("nested").into_os_string(),
        "--capabilities".into(),
    ];
    let test = test
        .into_iter()
        .chain([scratch.file("capabilities.toml", head).into()]);
    cofferdam(&scratch, test)
        .run()
        .exits(2)
        .complains(&["capabilities.toml:5: ", "add [[call]]"]);
    build("nested", "[[call]]\nname = \"a\"\nreason = \"r\"\n").exits(0);
    build(
        "nested",
        "[[unused]]\ninterface = \"cofferdam:tool/calls\"\nreason = \"r\"\n",
    )
    .exits(0);
}

#[test]
fn what_a_tool_imports_is_told_when_it_is_built() {
    let scratch = Scratch::new();
    let rows = "[[call]]\nname = \"a\"\nreason = \"r\"\n";
    let head = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";
    let file = scratch.file("capabilities.toml", format!("{head}{rows}"));
    let build = |format: &str| {
        let args = [
            "tool".into(),
            "build".into(),
            guest("nested").into_os_string(),
            "--capabilities".into(),
        ];
        cofferdam(
            &scratch,
            args.into_iter()
                .chain([file.clone().into(), "--format".into(), format.into()]),
        )
        .run()
    };
    let table = build("table").exits(0).stdout;
    assert!(
        table
            .lines()
            .any(|line| line == "imports cofferdam:tool/calls@0.1.0"),
        "{table}"
    );
    let built = build("json").exits(0).json();
    let told: Vec<_> = built["imports"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|name| name.as_str())
        .collect();
    assert!(told.contains(&"cofferdam:tool/calls@0.1.0"), "{told:?}");
    let component = std::fs::read(scratch.path().join("target/tools/t.wasm")).unwrap();
    assert_eq!(
        (built["tool"].as_str(), built["size"].as_u64()),
        (Some("t"), Some(component.len() as u64))
    );
    assert!(
        built["digest"]
            .as_str()
            .is_some_and(|digest| digest.starts_with("sha256:")),
        "{built}"
    );
}
