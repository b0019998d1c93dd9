//! Published advisories of the engine, and what is true of each in this build.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use cofferdam_selftest::{ADVISORIES, Absence, READ};
use serde_json::Value;

use crate::support::{Scratch, checkout, cofferdam};

/// The page with the table.
const PAGE: &str = "host/selftest/README.md";

/// The most time for the rows that try advisories, on a machine that runs other tests at the same
/// time: each takes half a second.
const PATIENCE: Duration = Duration::from_secs(600);

/// Features of the engine that no build has, beside those that an advisory names: compilers and
/// proposals that nothing here has been tried with.
const NEVER: [(&str, &str); 9] = [
    ("wasmtime", "all-arch"),
    ("wasmtime", "cache"),
    ("wasmtime", "pulley"),
    ("wasmtime", "stack-switching"),
    ("wasmtime", "threads"),
    ("wasmtime", "winch"),
    ("wasmtime-wasi", "default"),
    ("wasmtime-wasi-http", "component-model-async"),
    ("wasmtime-wasi-http", "default-send-request"),
];

/// Core modules that need a proposal which is off, by its name.
const PROPOSALS: [(&str, &str); 8] = [
    (
        "typed function references",
        "(type $t (func)) (func (param (ref null $t)) (call_ref $t (local.get 0)))",
    ),
    (
        "exceptions",
        "(tag $e) (func (block $b (try_table (catch_all $b) (throw $e))))",
    ),
    (
        "exceptions, imported",
        "(import \"m\" \"e\" (tag (param i32)))",
    ),
    (
        "garbage collection",
        "(type $s (struct (field i32))) (func (drop (struct.new $s (i32.const 1))))",
    ),
    (
        "garbage collection of numbers",
        "(func (drop (ref.i31 (i32.const 1))))",
    ),
    (
        "threads",
        "(memory 1 1 shared) (func (drop (i32.atomic.load (i32.const 0))))",
    ),
    ("large memories", "(memory i64 1)"),
    (
        "stack switching",
        "(type $f (func)) (type $c (cont $f)) (func (param (ref $f))
            (drop (cont.new $c (local.get 0))))",
    ),
];

/// Interfaces of WASI 0.3, which no component is linked to.
const WASI_3: [&str; 8] = [
    "wasi:cli/stdout@0.3.0",
    "wasi:clocks/monotonic-clock@0.3.0",
    "wasi:filesystem/types@0.3.0",
    "wasi:filesystem/preopens@0.3.0",
    "wasi:http/client@0.3.0",
    "wasi:http/handler@0.3.0",
    "wasi:http/types@0.3.0",
    "wasi:sockets/types@0.3.0",
];

/// The report of `selftest --advisories` with these further arguments.
fn report(scratch: &Scratch, args: &[&str]) -> Value {
    let line = [&["selftest", "--advisories", "--format", "json"], args].concat();
    let ran = cofferdam(scratch, line).patience(PATIENCE).run();
    ran.json()
}

/// A sentence about a state without the version of this build, which the page does not know.
fn without_version(here: &str) -> &str {
    here.split(" (this build has ").next().unwrap_or(here)
}

#[test]
fn no_fault_of_the_engine_that_is_known_holds_here() {
    let scratch = Scratch::new();
    let mut held = report(&scratch, &[]);
    if held["passed"] != held["rows"] {
        // Other tests run at the same time, and rows are about time and memory. A fault shows
        // again.
        held = report(&scratch, &[]);
    }
    assert_eq!(held["passed"], held["rows"], "{held:#}");
    let advisories = held["advisories"].as_array().expect("advisories");
    assert_eq!(advisories.len(), ADVISORIES.len());
    let mut standings = BTreeMap::<&str, u32>::new();
    for advisory in advisories {
        let standing = advisory["standing"].as_str().expect("a word");
        *standings.entry(standing).or_default() += 1;
        assert_ne!(standing, "update", "{advisory}");
        let rows = advisory["rows"].as_array().expect("rows");
        assert!(standing != "held" || !rows.is_empty(), "{advisory}");
        assert!(rows.iter().all(|row| row["passed"] == true), "{advisory}");
        let here = advisory["here"].as_str().expect("a sentence");
        assert!(rows.is_empty() || here.contains("pass)"), "{here}");
    }
    assert!(standings["held"] > 10 && standings["not-in-build"] > 10);
}

#[test]
fn the_table_is_for_people_and_listing_it_runs_nothing() {
    let scratch = Scratch::new();
    let listed = cofferdam(&scratch, ["selftest", "--advisories", "--list"])
        .run()
        .exits(0);
    let last = ADVISORIES.last().expect("advisories").id;
    assert!(listed.stdout.contains(last), "{}", listed.stdout);
    assert!(!listed.stdout.contains("pass"), "{}", listed.stdout);
    let list = report(&scratch, &["--list"]);
    assert_eq!(list["rows"], 0, "{list}");
    assert_eq!(list["advisories"][0]["id"], ADVISORIES[0].id);
    cofferdam(&scratch, ["selftest", "--advisories", "fs_link"])
        .run()
        .exits(2);
}

/// The engine that the report names is the one that is locked.
#[test]
fn the_version_of_the_engine_is_that_of_the_build() {
    let lock = std::fs::read_to_string(checkout().join("Cargo.lock")).expect("a lock file");
    let lock: toml::Table = lock.parse().expect("TOML");
    let packages = lock["package"].as_array().expect("packages");
    let engine = packages
        .iter()
        .find(|package| package["name"].as_str() == Some("wasmtime"))
        .expect("the engine");
    let list = report(&Scratch::new(), &["--list"]);
    assert_eq!(list["engine"].as_str(), engine["version"].as_str());
}

#[test]
fn the_page_has_every_advisory_as_it_is() {
    let page = std::fs::read_to_string(checkout().join(PAGE)).expect("the page is there");
    assert!(page.contains(READ), "{PAGE} does not say {READ}");
    let list = report(&Scratch::new(), &["--list"]);
    let rows = list["advisories"].as_array().expect("advisories").iter();
    let expected: Vec<_> = rows
        .map(|advisory| {
            let cell = |key: &str| advisory[key].as_str().expect("text");
            format!(
                "| {} | {} | {} | {} | {} |",
                cell("id"),
                cell("published"),
                cell("fixed"),
                cell("about"),
                without_version(cell("here")),
            )
        })
        .collect();
    let written: Vec<_> = page
        .lines()
        .filter(|line| line.starts_with("| GHSA-"))
        .collect();
    assert_eq!(
        written,
        expected,
        "the table of {PAGE} has to be:\n{}",
        expected.join("\n")
    );
}

/// Features of the packages of the engine, as cargo resolves them for this workspace.
fn features() -> BTreeMap<String, Vec<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(["--filter-platform", &target])
        .current_dir(checkout())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let names: BTreeMap<_, _> = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|package| (package["id"].as_str(), package["name"].as_str()))
        .collect();
    let nodes = metadata["resolve"]["nodes"].as_array().expect("nodes");
    let features = |node: &Value| -> Vec<String> {
        let features = node["features"].as_array().expect("features").iter();
        features
            .map(|feature| feature.as_str().expect("a name").to_owned())
            .collect()
    };
    nodes
        .iter()
        .filter_map(|node| Some((names.get(&node["id"].as_str())?.as_ref()?, node)))
        .filter(|(name, _)| name.starts_with("wasmtime"))
        .map(|(name, node)| ((*name).to_owned(), features(node)))
        .collect()
}

#[test]
fn parts_of_the_engine_that_are_not_in_this_build_are_switched_off() {
    let features = features();
    // Those that are on are seen, so one that is off would be too.
    assert!(features["wasmtime"].contains(&"component-model".to_owned()));
    assert!(features["wasmtime-wasi"].contains(&"p2".to_owned()));
    let absent = ADVISORIES.iter().flat_map(|advisory| advisory.absent);
    let mut named: Vec<_> = absent
        .filter_map(|absence| match *absence {
            Absence::Feature { package, name } => Some((package, name)),
            Absence::Proposal(_) | Absence::Platform(_) => None,
        })
        .collect();
    assert!(named.len() > 10, "{named:?}");
    named.extend(NEVER);
    for (package, feature) in named {
        let on = &features[package];
        assert!(
            !on.contains(&feature.to_owned()),
            "{package} is built with {feature}: {on:?}"
        );
    }
}

/// Runs this component; it must be refused before anything of it is compiled or run.
#[track_caller]
fn check_refused(text: &str, about: &str, parts: &[&str]) {
    let scratch = Scratch::new();
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{about}: {error}"));
    let path = scratch.file("tool.wasm", bytes);
    let args = ["tool".as_ref(), "run".as_ref(), path.as_os_str()];
    let ran = cofferdam(&scratch, args).run();
    assert_eq!(ran.code, Some(2), "{about}: {}{}", ran.stdout, ran.stderr);
    ran.complains(parts);
}

#[test]
fn modules_of_proposals_that_are_off_are_refused() {
    // The same component without a proposal runs.
    let command = |module: &str| {
        format!(
            "(component
                (core module $m {module}
                    (func (export \"run\") (result i32) i32.const 0))
                (core module $other)
                (core instance $i (instantiate $m))
                (func $run (result (result)) (canon lift (core func $i \"run\")))
                (instance $exports (export \"run\" (func $run)))
                (export \"wasi:cli/run@0.2.0\" (instance $exports)))"
        )
    };
    let scratch = Scratch::new();
    let plain = wat::parse_str(command("")).expect("valid text");
    let plain = scratch.file("tool.wasm", plain);
    cofferdam(
        &scratch,
        ["tool".as_ref(), "run".as_ref(), plain.as_os_str()],
    )
    .run()
    .exits(0);
    let named = ADVISORIES.iter().flat_map(|advisory| advisory.absent);
    for absence in named {
        if let Absence::Proposal(name) = absence {
            let tried = PROPOSALS.iter().any(|(proposal, _)| proposal == name);
            assert!(tried, "{name} is not in the list of this test");
        }
    }
    for (proposal, module) in PROPOSALS {
        // An import of the module would have to be given to it.
        let text = if module.contains("(import") {
            let other = format!("(core module $other {module})");
            command("").replace("(core module $other)", &other)
        } else {
            command(module)
        };
        check_refused(&text, proposal, &["tool.wasm"]);
    }
}

#[test]
fn interfaces_of_another_wasi_are_linked_to_nothing() {
    for interface in WASI_3 {
        let text = format!("(component (import \"{interface}\" (instance (export \"f\" (func)))))");
        check_refused(&text, interface, &[interface, "WASI 0.2"]);
    }
    for package in ["wasi_unstable", "wasi_snapshot_preview1"] {
        let text = format!(
            "(module (import \"{package}\" \"fd_readdir\"
                (func (param i32 i32 i32 i64 i32) (result i32)))
                (memory (export \"memory\") 1) (func (export \"_start\")))"
        );
        check_refused(&text, package, &["a core WebAssembly module"]);
        // Nor can a component name one of them.
        let text = format!("(component (import \"{package}\" (instance (export \"f\" (func)))))");
        let named = wat::parse_str(&text);
        if named.is_ok() {
            check_refused(&text, package, &[package]);
        }
    }
}
