//! Components that take much to be read: what the host holds for them, and what it says.

use std::path::Path;
use std::time::Duration;

use crate::support::{Ran, Scratch, cofferdam};

/// How long a command may take on a machine that runs other tests at the same time.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most memory that the process may hold, in KiB (400 MiB).
const MOST_KIB: u64 = 400 << 10;

/// The longest sentence, in bytes.
const MOST_SAID: usize = 2_000;

fn component(scratch: &Scratch, text: &str) -> std::path::PathBuf {
    scratch.file("tool.wasm", wat::parse_str(text).expect("valid text"))
}

fn command(scratch: &Scratch, verb: &str, tool: &Path) -> Ran {
    let ran = cofferdam(scratch, ["tool".as_ref(), verb.as_ref(), tool.as_os_str()])
        .patience(PATIENCE)
        .run();
    assert!(ran.peak_kib < MOST_KIB, "{} KiB", ran.peak_kib);
    assert!(
        ran.stderr.len() < MOST_SAID,
        "{} bytes: {}",
        ran.stderr.len(),
        ran.stderr
    );
    ran
}

#[test]
fn what_is_said_of_imports_and_exports_is_short() {
    let scratch = Scratch::new();
    let long = "a".repeat(2_000);
    let imports: String = (0..900)
        .map(|n| format!("(import \"{long}{n}\" (func))"))
        .collect();
    let tool = component(&scratch, &format!("(component {imports})"));
    command(&scratch, "run", &tool).exits(2).complains(&[
        "imports aaa",
        "…, and 895 more",
        "declares nothing",
    ]);
    let module = "(core module $m)";
    let exports: String = (0..900)
        .map(|n| format!("(export \"{long}{n}\" (core module $m))"))
        .collect();
    let tool = component(&scratch, &format!("(component {module} {exports})"));
    command(&scratch, "run", &tool)
        .exits(2)
        .complains(&["nothing that can be called", "; and 895 more"]);
    let exports: String = (0..2_000)
        .map(|n| format!("(export \"a{n}\" (core module $m))"))
        .collect();
    let tool = component(&scratch, &format!("(component {module} {exports})"));
    command(&scratch, "inspect", &tool)
        .exits(2)
        .complains(&["more than 1000 exports"]);
}

/// A megabyte of words about one type, and twenty functions that use it five hundred times each.
#[test]
fn words_of_a_package_are_not_multiplied() {
    let scratch = Scratch::new();
    let functions: String = (0..20)
        .map(|n| {
            format!(
                "(func $f{n} (param \"p\" (tuple {uses})) (canon lift (core func $i \"f\")
                    (memory (core memory $i \"memory\")) (realloc (core func $i \"r\"))))
                (export \"f{n}\" (func $f{n}))",
                uses = "$e ".repeat(500)
            )
        })
        .collect();
    let words = format!(
        "{{\\22worlds\\22:{{\\22w\\22:{{\\22types\\22:\
         {{\\22e\\22:{{\\22docs\\22:\\22{}\\22}}}}}}}}}}",
        "x".repeat(1_000_000)
    );
    let tool = component(
        &scratch,
        &format!(
            "(component
                (core module $m (memory (export \"memory\") 1) (func (export \"f\") (param i32))
                    (func (export \"r\") (param i32 i32 i32 i32) (result i32) i32.const 0))
                (core instance $i (instantiate $m))
                (type $e' (enum \"a\"))
                (export $e \"e\" (type $e'))
                {functions}
                (@custom \"package-docs\" \"\\01{words}\"))"
        ),
    );
    command(&scratch, "inspect", &tool)
        .exits(2)
        .complains(&["f0: its schemas have more than 32768 bytes"]);
}

/// Handles of resources that a guest makes for itself lie in tables of the engine.
#[test]
fn a_guest_holds_a_limited_number_of_its_own_resources() {
    let scratch = Scratch::new();
    let tool = component(
        &scratch,
        "(component
            (type $r (resource (rep i32)))
            (core func $new (canon resource.new $r))
            (core module $m (import \"l\" \"new\" (func $new (param i32) (result i32)))
                (func (export \"run\") (result i32)
                    (loop $again (drop (call $new (i32.const 7))) (br $again))
                    i32.const 0))
            (core instance $i (instantiate $m (with \"l\" (instance (export \"new\" (func $new))))))
            (func $run (result (result)) (canon lift (core func $i \"run\")))
            (instance $exports (export \"run\" (func $run)))
            (export \"wasi:cli/run@0.2.0\" (instance $exports)))",
    );
    let args = [
        "tool".as_ref(),
        "run".as_ref(),
        "--format".as_ref(),
        "json".as_ref(),
        tool.as_os_str(),
    ];
    let outcome = &cofferdam(&scratch, args)
        .patience(PATIENCE)
        .run()
        .exits(1)
        .json()["outcome"];
    assert_eq!(
        outcome["message"],
        "the guest holds more handles of its own resources than its limit"
    );
}
