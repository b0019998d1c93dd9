//! Each row of `tests/PARITY.md` names tests that exist, or says why there are none.

use super::promises::has_test;
use super::{file, none, one};

/// The document with the table.
const DOCUMENT: &str = "tests/PARITY.md";

/// The rows that there are to be. Those between are about jobs, and agents that talk to agents.
fn rows() -> impl Iterator<Item = usize> {
    (1..=83).chain(94..=95)
}

/// A row without a test says so in these words first.
const WITHOUT: &str = "Not yet: ";

/// Rows that are missing or out of order, and rows that nothing shows.
fn problems(document: &str, text: &impl Fn(&str) -> Option<String>) -> Vec<String> {
    let found: Vec<_> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .filter(|row| row.starts_with(|c: char| c.is_ascii_digit()))
        .map(|row| row.split(" | ").collect::<Vec<_>>())
        .collect();
    let mut problems = Vec::new();
    for (place, number) in rows().enumerate() {
        let Some([written, _, shown]) = found.get(place).map(Vec::as_slice) else {
            problems.push(format!(
                "{DOCUMENT}: row {number} is missing or has no three cells"
            ));
            continue;
        };
        if *written != number.to_string() {
            problems.push(format!(
                "{DOCUMENT}: row {written} stands where {number} belongs"
            ));
        }
        let tests: Vec<_> = shown
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|name| name.contains("::"))
            .collect();
        if tests.is_empty() && !shown.starts_with(WITHOUT) {
            problems.push(format!(
                "{DOCUMENT}: row {number} names no test: name one, or write `{WITHOUT}` and why"
            ));
        }
        let missing = tests.iter().filter(|test| !has_test(test, text));
        problems.extend(missing.map(|test| format!("{DOCUMENT}: row {number}: no test is {test}")));
    }
    let expected = rows().count();
    if found.len() > expected {
        problems.push(format!(
            "{DOCUMENT}: there are {} rows: expected {expected}",
            found.len()
        ));
    }
    problems
}

#[test]
fn every_row_names_what_shows_it() {
    let document = file(DOCUMENT).expect("the repository has it");
    none(problems(&document.text, &|path| {
        file(path).map(|file| file.text)
    }));
}

#[test]
fn a_row_that_nothing_shows_is_found() {
    let text = |path: &str| (path == "tests/a/b.rs").then(|| "#[test]\nfn works() {}".to_owned());
    let check = |first: &str| {
        let rest = rows()
            .skip(1)
            .map(|row| format!("| {row} | x | `a::b::works` |\n"));
        let document = format!(
            "| row | x | y |\n|---|---|---|\n{first}{}",
            rest.collect::<String>()
        );
        problems(&document, &text)
    };
    none(check("| 1 | x | `a::b::works`, in `other` words |\n"));
    none(check("| 1 | x | Not yet: it comes |\n"));
    one(check("| 1 | x | it works |\n"), "row 1 names no test");
    one(check("| 1 | x | `a::b::gone` |\n"), "no test is a::b::gone");
    one(
        check("| 0 | x | `a::b::works` |\n"),
        "row 0 stands where 1 belongs",
    );
    one(
        check("| 1 | x | `a::b::works` |\n| 1 | x | `a::b::works` |\n")
            .into_iter()
            .filter(|problem| problem.contains("expected"))
            .collect(),
        "there are 86 rows",
    );
}
