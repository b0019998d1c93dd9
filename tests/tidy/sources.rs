//! Rules that Rust files keep. They are read as the compiler reads them, token by token, so that
//! comments, strings and line breaks neither hide anything nor look like something.

use proc_macro2::{Delimiter, Group, TokenTree};

use super::rust_tokens::{group, ident, is_parenthesis, is_punct, problem, runs, tokens};
use super::{File, all, files, none, one, rust};

/// The longest file in the host. Twice what the longest one there has; what grows further is two
/// things.
const MAX_LINES: usize = 500;

/// Macros that stand for work that is not done.
const UNDONE: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// The same in a comment, in two halves because this file keeps the rule as well.
const UNDONE_WORD: &str = concat!("FIX", "ME");

/// The contents of the attributes of a file, those inside `cfg_attr` included.
fn attributes(file: &File) -> Vec<Vec<TokenTree>> {
    let mut attributes = Vec::new();
    for run in runs(tokens(file)) {
        for (place, _) in run
            .iter()
            .enumerate()
            .filter(|(_, token)| is_punct(token, '#'))
        {
            let after = run[place + 1..].iter().find(|token| !is_punct(token, '!'));
            if let Some(group) = after
                .and_then(group)
                .filter(|group| group.delimiter() == Delimiter::Bracket)
            {
                let attribute: Vec<_> = group.stream().into_iter().collect();
                let conditional = attribute
                    .first()
                    .and_then(ident)
                    .is_some_and(|ident| *ident == "cfg_attr");
                let inner = attribute
                    .get(1)
                    .and_then(self::group)
                    .filter(|_| conditional);
                attributes.extend(inner.map(|inner| inner.stream().into_iter().collect()));
                attributes.push(attribute);
            }
        }
    }
    attributes
}

/// Work that is not done.
fn undone(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for run in runs(tokens(file)) {
        for three in run.windows(3) {
            let named =
                ident(&three[0]).is_some_and(|ident| UNDONE.iter().any(|name| *ident == *name));
            if named && is_punct(&three[1], '!') && group(&three[2]).is_some() {
                problems.push(problem(
                    file,
                    &three[0],
                    &format!("`{}!` is work that is not done: do it", three[0]),
                ));
            }
        }
    }
    for (text, number) in file.text.lines().zip(1..) {
        if text.contains(UNDONE_WORD) {
            problems.push(format!(
                "{}:{number}: {UNDONE_WORD} is work that is not done: do it",
                file.path
            ));
        }
    }
    problems
}

/// Lints that are switched off without saying why.
fn unreasoned(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for attribute in attributes(file) {
        for two in attribute.windows(2) {
            let Some(name) = ident(&two[0]).filter(|name| *name == "allow" || *name == "expect")
            else {
                continue;
            };
            let Some(lints) =
                group(&two[1]).filter(|group| group.delimiter() == Delimiter::Parenthesis)
            else {
                continue;
            };
            if !has_reason(lints) {
                let sentence =
                    format!("this `{name}` gives no reason: write `{name}(…, reason = \"…\")`");
                problems.push(problem(file, &two[0], &sentence));
            }
        }
    }
    problems
}

/// Returns true if the list ends in `reason = "…"` with something in it.
fn has_reason(lints: &Group) -> bool {
    let tokens: Vec<_> = lints.stream().into_iter().collect();
    tokens.windows(3).any(|three| {
        let named =
            ident(&three[0]).is_some_and(|ident| *ident == "reason") && is_punct(&three[1], '=');
        named
            && !three[2]
                .to_string()
                .trim_matches(['"', '#', 'r', ' '])
                .is_empty()
    })
}

/// `pub use` of another crate of this workspace.
fn passed_on(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for run in runs(tokens(file)) {
        for (place, two) in run.windows(2).enumerate() {
            let names =
                |token: &TokenTree, name: &str| ident(token).is_some_and(|ident| *ident == name);
            if !names(&two[0], "pub") || !(names(&two[1], "use") || names(&two[1], "extern")) {
                continue;
            }
            let statement = run[place..]
                .iter()
                .take_while(|token| !is_punct(token, ';'))
                .cloned();
            let all = runs(statement.collect());
            if let Some(name) = all
                .iter()
                .flatten()
                .filter_map(ident)
                .find(|name| name.to_string().starts_with("cofferdam_"))
            {
                let sentence = format!(
                    "`pub use` of {name}: who needs it names that crate in its own manifest"
                );
                problems.push(problem(file, &two[0], &sentence));
            }
        }
    }
    problems
}

/// Tests that do not run, and tests that wait for time to pass.
fn idle(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for attribute in attributes(file) {
        if let Some(ignore) = attribute
            .iter()
            .find(|token| ident(token).is_some_and(|ident| *ident == "ignore"))
        {
            problems.push(problem(
                file,
                ignore,
                "an ignored test tests nothing: mend it or remove it",
            ));
        }
    }
    for run in runs(tokens(file)) {
        for two in run.windows(2) {
            let sleeps = ident(&two[0])
                .is_some_and(|ident| *ident == "sleep" || ident.to_string().starts_with("sleep_"));
            if sleeps && is_parenthesis(&two[1]) {
                let sentence =
                    "a test that sleeps is slow or fails by chance: wait for what should happen";
                problems.push(problem(file, &two[0], sentence));
            }
        }
    }
    problems
}

/// Files that have become two things.
fn long(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    let sentence = || {
        format!(
            "{}: {lines} lines, more than {MAX_LINES}: split it along its nouns",
            file.path
        )
    };
    (lines > MAX_LINES).then(sentence).into_iter().collect()
}

/// Problems that `rule` finds in the host's own code, tests beside it left out.
fn all_of_host(rule: fn(&File) -> Vec<String>) -> Vec<String> {
    let own = |file: &&File| file.path.split('/').nth(2) == Some("src");
    files("host", ".rs")
        .iter()
        .filter(own)
        .flat_map(rule)
        .collect()
}

#[test]
fn no_work_is_left_undone() {
    none(all(".", undone));
}

#[test]
fn every_exception_has_its_reason() {
    none(all(".", unreasoned));
}

#[test]
fn no_crate_passes_another_one_on() {
    none(all_of_host(passed_on));
}

#[test]
fn no_test_is_ignored_or_sleeps() {
    // The hostile guests are not tests; one of them sleeps for a year.
    let tests: Vec<_> = files("tests", ".rs")
        .into_iter()
        .chain(files("host/selftest", ".rs"))
        .collect();
    none(
        tests
            .iter()
            .filter(|file| !file.path.starts_with("host/selftest/guests/"))
            .flat_map(idle)
            .collect(),
    );
}

#[test]
fn no_file_of_the_host_is_too_long() {
    none(all("host", long));
}

#[test]
fn undone_work_is_found() {
    for name in UNDONE {
        one(
            undone(&rust(&format!("fn f() {{\n    {name}!();\n}}"))),
            "a.rs:2:",
        );
        one(
            undone(&rust(&format!(
                "fn f() {{ g(|| [{name} !\n(\"later\")]) }}"
            ))),
            "not done",
        );
        none(undone(&rust(&format!(
            "// {name}!()\nfn {name}() {{ let _ = \"{name}!()\"; {name}() }}"
        ))));
    }
    one(
        undone(&rust(&format!("\n\n/* {UNDONE_WORD} */"))),
        "a.rs:3:",
    );
    none(undone(&rust("fn f(todo: bool) -> bool { todo != (true) }")));
}

#[test]
fn an_exception_without_a_reason_is_found() {
    one(
        unreasoned(&rust("\n#[allow(dead_code)]\nfn f() {}")),
        "a.rs:2: this `allow`",
    );
    one(
        unreasoned(&rust("#![expect(\n    dead_code,\n    missing_docs,\n)]")),
        "this `expect`",
    );
    one(
        unreasoned(&rust("#[cfg_attr(test, allow(dead_code))] fn f() {}")),
        "gives no reason",
    );
    one(
        unreasoned(&rust("#[allow(dead_code, reason = \"\")] fn f() {}")),
        "gives no reason",
    );
    one(
        unreasoned(&rust(
            "macro_rules! m { () => { #[allow(dead_code)] fn f() {} } }",
        )),
        "gives no reason",
    );
    one(
        unreasoned(&rust("#[allow(dead_code)] // reason = \"no\"\nfn f() {}")),
        "gives no reason",
    );
    none(unreasoned(&rust(
        "#[allow(\n    dead_code,\n    reason = \"yes\"\n)]\nfn f() { x.expect(y); }",
    )));
    none(unreasoned(&rust(
        "#[cfg_attr(test, expect(dead_code, reason = r#\"yes\"#))] fn f() {}",
    )));
    none(unreasoned(&rust(
        "// #[allow(x)]\nfn f() { \"#[allow(x)]\"; }",
    )));
}

#[test]
fn a_crate_that_is_passed_on_is_found() {
    one(
        passed_on(&rust("\npub use cofferdam_tool::Tool;")),
        "a.rs:2: `pub use` of cofferdam_tool",
    );
    one(
        passed_on(&rust("mod m { pub use ::cofferdam_tool as tool; }")),
        "cofferdam_tool",
    );
    one(
        passed_on(&rust(
            "pub use {\n    std::fmt,\n    cofferdam_tool::{Tool, Report},\n};",
        )),
        "cofferdam_tool",
    );
    one(
        passed_on(&rust("pub extern crate cofferdam_tool;")),
        "cofferdam_tool",
    );
    none(passed_on(&rust(
        "pub use tool::Tool; use cofferdam_tool::Tool; pub(crate) use cofferdam_tool::Report;",
    )));
}

#[test]
fn an_idle_test_is_found() {
    one(
        idle(&rust("#[test]\n#[ignore]\nfn f() {}")),
        "a.rs:2: an ignored test",
    );
    one(
        idle(&rust("#[test]\n#[ignore = \"slow\"]\nfn f() {}")),
        "an ignored test",
    );
    one(
        idle(&rust("#[cfg_attr(debug_assertions, ignore)]\nfn f() {}")),
        "an ignored test",
    );
    one(
        idle(&rust("fn f() { std::thread::sleep(SECOND) }")),
        "a test that sleeps",
    );
    one(
        idle(&rust(
            "async fn f() { tokio::time::sleep_until(\nlater).await }",
        )),
        "a test that sleeps",
    );
    none(idle(&rust(
        "// sleep(1)\nfn ignore() { run(\"sleep(1)\", clock_sleep(), ignore()) }",
    )));
}

#[test]
fn a_file_that_is_too_long_is_found() {
    none(long(&rust(&"\n".repeat(MAX_LINES))));
    one(long(&rust(&"\n".repeat(MAX_LINES + 1))), "a.rs: 501 lines");
}
