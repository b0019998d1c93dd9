//! Projects in Python, JavaScript and C: from `tool new` to a call, and what stops their builds.
//!
//! `./just test` installs componentize-py, clang and, where npm is, componentize-js.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Cofferdam, Ran, Scratch, checkout, cofferdam};

/// How long a command that builds and compiles a language's interpreter may take, beside everything
/// else that runs.
const BUILDING: Duration = Duration::from_secs(600);

/// Where programs are looked for: those of the test's own Python, then the system's.
fn programs() -> OsString {
    let own = checkout().join("target/python/bin");
    let system = std::env::var_os("PATH").unwrap_or_default();
    let all = [own].into_iter().chain(std::env::split_paths(&system));
    std::env::join_paths(all).expect("no path holds a colon")
}

/// A command that builds a project.
fn building(scratch: &Scratch, args: &[&OsStr]) -> Cofferdam {
    cofferdam(scratch, args)
        .env("PATH", programs())
        .patience(BUILDING)
}

/// Starts a project in a directory of its own.
fn new(scratch: &Scratch, name: &str, shape: &str) -> PathBuf {
    cofferdam(scratch, ["tool", "new", name, "--shape", shape])
        .run()
        .exits(0);
    scratch.path().join(name)
}

/// `tool build`, with the digest of the component in what it prints.
fn build(scratch: &Scratch, project: &Path) -> Ran {
    let format = ["--format", "json"].map(OsStr::new);
    let args = ["tool", "build"].map(OsStr::new);
    let args = args.into_iter().chain([project.as_os_str()]).chain(format);
    building(scratch, &args.collect::<Vec<_>>()).run()
}

/// The cases of a new project pass in the sandbox, and nothing of the build is left among its
/// sources.
#[track_caller]
fn passes_its_cases(scratch: &Scratch, project: &Path) {
    let sources = entries(project);
    let args = ["tool".as_ref(), "test".as_ref(), project.as_os_str()];
    let ran = building(scratch, &args).run().exits(0);
    assert!(ran.stdout.contains(": 2 cases, "), "{}", ran.stdout);
    let mut left = entries(project);
    left.retain(|name| name != "target");
    assert_eq!(left, sources);
}

fn entries(directory: &Path) -> Vec<OsString> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    names
}

/// A project that greets: its cases, its words, its calls, and one build for the same files.
#[track_caller]
fn check_greeter(scratch: &Scratch, project: &Path) {
    passes_its_cases(scratch, project);
    // Neither toolchain makes the same bytes twice: this one was built for the cases.
    let [first, second] = [(); 2].map(|()| build(scratch, project).exits(0).json());
    assert_eq!(first["digest"], second["digest"]);
    let component = first["file"].as_str().expect("a path").to_owned();
    let inspect = ["tool", "inspect", &component, "--format", "json"];
    let shown = cofferdam(scratch, inspect).run().exits(0).json();
    let description = shown["tools"][0]["description"].as_str();
    let words = description.expect("its words");
    assert!(words.starts_with("Greets someone by name.\n"), "{words}");
    let call = |input: &str| {
        let run = ["tool", "run", &component, "--", input];
        cofferdam(scratch, run).patience(BUILDING).run()
    };
    assert_eq!(call("{\"name\": \" Ada \"}").exits(0).json(), "Hello, Ada!");
    call("{\"name\": \"\"}")
        .exits(1)
        .complains(&["name is blank"]);
}

#[test]
fn a_new_python_tool_builds_and_runs_as_it_is() {
    let scratch = Scratch::new();
    let project = new(&scratch, "say-hello", "python");
    check_greeter(&scratch, &project);
}

#[test]
fn a_new_javascript_tool_builds_and_runs_as_it_is() {
    let scratch = Scratch::new();
    let project = new(&scratch, "say-hello", "js");
    let installed = checkout().join("target/javascript/node_modules");
    if !installed.is_dir() {
        // Without npm there is no toolchain: the build has to say so.
        return check_missing(&scratch, &project, "componentize-js", "npm install");
    }
    std::os::unix::fs::symlink(installed, project.join("node_modules")).expect("a link");
    check_greeter(&scratch, &project);
}

#[test]
fn a_new_c_tool_builds_and_runs_as_it_is() {
    let scratch = Scratch::new();
    let project = new(&scratch, "capitals", "c");
    passes_its_cases(&scratch, &project);
    build(&scratch, &project).exits(0);
    let run = ["tool", "run", "target/tools/capitals.wasm", "--", "a", "b"];
    let ran = cofferdam(&scratch, run).run().exits(0);
    assert_eq!(ran.stdout, "A B\n");
}

/// A build without any program on `PATH`.
#[track_caller]
fn check_missing(scratch: &Scratch, project: &Path, program: &str, remedy: &str) {
    let args = ["tool".as_ref(), "build".as_ref(), project.as_os_str()];
    cofferdam(scratch, args)
        .env("PATH", scratch.directory("nothing"))
        .run()
        .exits(1)
        .complains(&[&format!("{program} is not there"), remedy]);
}

#[test]
fn a_missing_toolchain_is_named_with_how_to_install_it() {
    let scratch = Scratch::new();
    let check = |shape: &str, program: &str, remedy: &str| {
        let project = new(&scratch, &format!("of-{shape}"), shape);
        check_missing(&scratch, &project, program, remedy);
    };
    check("python", "componentize-py", "pip install componentize-py");
    check(
        "js",
        "componentize-js",
        "npm install --save-dev @bytecodealliance/componentize-js",
    );
    check("c", "clang", "clang, lld, wasi-libc and libclang-rt-dev");
}

#[test]
fn a_toolchain_that_fails_is_told_in_its_own_words() {
    let scratch = Scratch::new();
    let project = new(&scratch, "broken", "c");
    std::fs::write(project.join("main.c"), "int main(void) { return no; }\n").expect("a file");
    let ran = build(&scratch, &project)
        .exits(1)
        .complains(&["clang could not build", "broken"]);
    assert!(
        ran.stderr.contains("main.c:1:25: error: use of undeclared"),
        "{}",
        ran.stderr
    );
    // Nothing of it is taken for a component by the next build.
    build(&scratch, &project).exits(1);
    std::fs::write(project.join("main.c"), "int main(void) { return 0; }\n").expect("a file");
    let built = build(&scratch, &project).exits(0).json();
    // A changed file is another component.
    std::fs::write(project.join("main.c"), "int main(void) { return 3; }\n").expect("a file");
    let changed = build(&scratch, &project).exits(0).json();
    assert_ne!(built["digest"], changed["digest"]);
}

#[test]
fn a_directory_that_is_no_project_is_refused_with_what_would_be_one() {
    let scratch = Scratch::new();
    let manifest = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";
    let check = |files: &[&str], parts: &[&str]| {
        let directory = scratch.directory("project");
        for file in files {
            scratch.file(&format!("project/{file}"), manifest);
        }
        build(&scratch, &directory).exits(2).complains(parts);
        std::fs::remove_dir_all(directory).expect("it is there");
    };
    check(
        &["capabilities.toml"],
        &["nothing to build", "Cargo.toml", "app.py", "app.js", "*.c"],
    );
    check(
        &["capabilities.toml", "app.py", "main.c"],
        &["app.py and main.c are of two languages"],
    );
    check(&["app.py", "t.wit"], &["capabilities.toml"]);
    check(
        &["capabilities.toml", "app.py"],
        &["0 WIT files", "expected one file *.wit"],
    );
    check(
        &["capabilities.toml", "app.js", "a.wit", "b.wit"],
        &["2 WIT files", "a directory wit/"],
    );
    new(&scratch, "fine", "c");
    cofferdam(
        &scratch,
        ["tool", "new", "sdk", "--shape", "js", "--sdk", "."],
    )
    .run()
    .exits(2)
    .complains(&["--shape typed"]);
}

#[test]
fn packages_and_projects_are_built_together_in_their_order() {
    let scratch = Scratch::new();
    let project = new(&scratch, "capitals", "c");
    let rust = checkout().join("tools/true");
    let args = ["tool", "build"].map(OsString::from).into_iter();
    let paths = [rust.clone().into(), project.into(), rust.into()];
    let all: Vec<OsString> = args
        .chain(paths)
        .chain(["--format".into(), "json".into()])
        .collect();
    let ran = building(
        &scratch,
        &all.iter().map(OsString::as_os_str).collect::<Vec<_>>(),
    );
    let printed = ran.run().exits(0).stdout;
    let built = serde_json::Deserializer::from_str(&printed).into_iter::<Value>();
    let names: Vec<_> = built
        .map(|built| built.expect("JSON")["tool"].clone())
        .collect();
    assert_eq!(names, ["true", "capitals", "true"]);
}
