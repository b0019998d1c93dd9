//! Calls that ended at a limit, calls that went too deep, and exit codes, as they are told.

use crate::support::{Scratch, cofferdam, guest, tool};

/// `tool run` of a guest under a manifest that asks for nothing, in text; it ends with this code of
/// the process, and its last line says this.
#[track_caller]
fn says(flags: &[&str], component: &str, args: &[&str], code: i32, last: &str) {
    let scratch = Scratch::new();
    let line = ["tool", "run"]
        .iter()
        .chain(flags)
        .chain([&component, &"--"]);
    let ran = cofferdam(&scratch, line.chain(args)).run().exits(code);
    assert_eq!(
        ran.stderr.lines().last().unwrap_or_default(),
        last,
        "{}",
        ran.stderr
    );
}

#[test]
fn a_limit_is_told_with_its_value_and_the_way_to_change_it() {
    let spin = guest("cpu_spin").display().to_string();
    says(
        &["--fuel", "1000000"],
        &spin,
        &[],
        3,
        "error: cpu_spin: out-of-fuel: its limit of 1_000_000 (fuel) is used up; --fuel N gives it \
         more",
    );
    says(
        &["--wall", "200ms", "--fuel", "1000000000000"],
        &spin,
        &[],
        3,
        "error: cpu_spin: deadline: its limit of 200ms (wall) is used up; --wall DURATION gives it \
         more",
    );
    let grow = guest("memory_grow").display().to_string();
    says(
        &["--memory", "8MiB"],
        &grow,
        &[],
        3,
        "error: memory_grow: out-of-memory: its limit of 8MiB (memory) is used up; --memory SIZE \
         gives it more",
    );
    let echo = guest("args_echo").display().to_string();
    says(
        &["--limit", "tables=1"],
        &echo,
        &[],
        3,
        "error: args_echo: out-of-memory: its limit of 1 (tables) is used up; --limit \
         tables=VALUE gives it more",
    );
}

#[test]
fn calls_that_go_too_deep_are_no_bad_access() {
    let deep = guest("stack_deep").display().to_string();
    let too_deep = "error: stack_deep: stack-overflow: its calls went deeper than its stack, which \
                    no limit changes";
    says(&[], &deep, &[], 3, too_deep);
    says(&[], &deep, &["memory"], 3, too_deep);
    says(
        &[],
        &deep,
        &["pointer"],
        1,
        "error: stack_deep: trap: wasm trap: out of bounds memory access",
    );
}

/// The process has codes of its own, so it tells the command's in words.
#[test]
fn an_exit_code_is_told_where_it_is_not_that_of_the_process() {
    let code = guest("exit_code").display().to_string();
    says(&[], &code, &["0"], 0, "");
    says(&[], &code, &["1"], 1, "");
    says(&[], &code, &["2"], 1, "error: exit_code: exit code 2");
    says(&[], &code, &["255"], 1, "error: exit_code: exit code 255");

    let scratch = Scratch::new();
    let line = ["tool", "run", "--format", "json", &code, "--", "28"];
    let receipt = cofferdam(&scratch, line).run().exits(1).json();
    assert_eq!(receipt["outcome"]["code"], 28, "{receipt}");
}

/// `exit` of Rust's library, which drops the number, in a program that is linked with
/// `cofferdam-command`.
#[test]
fn a_library_that_exits_says_its_code() {
    let scratch = Scratch::new();
    let ls = tool("ls").display().to_string();
    let line = ["tool", "run", "--format", "json", &ls, "--", "/missing"];
    let receipt = cofferdam(&scratch, line).run().exits(1).json();
    assert_eq!(receipt["outcome"]["code"], 2, "{receipt}");
}
