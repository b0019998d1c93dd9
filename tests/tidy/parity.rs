//! Each row of an account names tests and cases that exist, or says why there are none.

use super::promises::has_test;
use super::{file, none, one};

/// A document with tables, whose rows say by their last cell which test shows them.
struct Account {
    document: &'static str,
    /// The first cells, in their order.
    rows: Vec<String>,
    /// A row without a test says so in these words first.
    without: &'static str,
}

/// The checklist of openotters. The rows between are about jobs, and agents that talk to agents.
fn parity() -> Account {
    Account {
        document: "tests/PARITY.md",
        rows: (1..=83).chain(94..=95).map(|row| row.to_string()).collect(),
        without: "Not yet: ",
    }
}

/// Inputs of the field: tools, MCP, registries, operators, authors, reviewers.
fn field() -> Account {
    let parts = [
        ('T', 19),
        ('M', 13),
        ('R', 5),
        ('O', 14),
        ('A', 9),
        ('V', 6),
    ];
    let rows = parts
        .into_iter()
        .flat_map(|(part, last)| (1..=last).map(move |row| format!("{part}{row}")));
    Account {
        document: "tests/FIELD.md",
        rows: rows.collect(),
        without: "Does not apply: ",
    }
}

impl Account {
    /// Rows that are missing or out of order, and rows that nothing shows.
    fn problems(&self, text: &str, read: &impl Fn(&str) -> Option<String>) -> Vec<String> {
        let document = self.document;
        let found: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
            .map(|row| row.split(" | ").collect::<Vec<_>>())
            .filter(|row| row.first().is_some_and(|cell| is_number(cell)))
            .collect();
        let mut problems = Vec::new();
        for (place, row) in self.rows.iter().enumerate() {
            let Some([written, _, .., shown]) = found.get(place).map(Vec::as_slice) else {
                problems.push(format!(
                    "{document}: row {row} is missing or has no three cells"
                ));
                continue;
            };
            if written != row {
                problems.push(format!(
                    "{document}: row {written} stands where {row} belongs"
                ));
            }
            problems.extend(
                self.unshown(shown, read)
                    .into_iter()
                    .map(|problem| format!("{document}: row {row}{problem}")),
            );
        }
        let expected = self.rows.len();
        if found.len() > expected {
            problems.push(format!(
                "{document}: there are {} rows: expected {expected}",
                found.len()
            ));
        }
        problems
    }

    /// Tests and cases of a cell that there are not; a cell without any that gives no reason.
    fn unshown(&self, shown: &str, read: &impl Fn(&str) -> Option<String>) -> Vec<String> {
        let spans = || shown.split('`').skip(1).step_by(2);
        let cases: Vec<_> = spans()
            .filter_map(|span| span.split_once(".json: "))
            .collect();
        let tests: Vec<_> = spans()
            .filter(|span| span.contains("::") && !span.contains(".json: "))
            .collect();
        let mut problems = Vec::new();
        if tests.is_empty() && cases.is_empty() && !shown.starts_with(self.without) {
            problems.push(format!(
                " names no test: name one, or write `{}` and why",
                self.without
            ));
        }
        let missing = tests.iter().filter(|test| !has_test(test, read));
        problems.extend(missing.map(|test| format!(": no test is {test}")));
        let missing = cases.iter().filter(|(path, case)| {
            !read(&format!("{path}.json")).is_some_and(|cases| cases.contains(case))
        });
        problems.extend(missing.map(|(path, case)| format!(": no case of {path}.json is {case}")));
        problems
    }
}

/// True for the first cell of a row: a number, perhaps with the letter of its part before it.
fn is_number(cell: &str) -> bool {
    let digits = cell.trim_start_matches(|c: char| c.is_ascii_uppercase());
    cell.len() <= digits.len() + 1
        && !digits.is_empty()
        && digits.chars().all(|c| c.is_ascii_digit())
}

#[test]
fn every_row_names_what_shows_it() {
    for account in [parity(), field()] {
        let document = file(account.document).expect("the repository has it");
        none(account.problems(&document.text, &|path| file(path).map(|file| file.text)));
    }
}

#[test]
fn a_row_that_nothing_shows_is_found() {
    let read = |path: &str| match path {
        "tests/a/b.rs" => Some("#[test]\nfn works() {}".to_owned()),
        "tests/c.json" => Some("{\"args\": [\".a\"]}".to_owned()),
        _ => None,
    };
    let account = parity();
    let check = |first: &str| {
        let rest = account
            .rows
            .iter()
            .skip(1)
            .map(|row| format!("| {row} | x | `a::b::works` |\n"));
        let document = format!(
            "| row | x | y |\n|---|---|---|\n{first}{}",
            rest.collect::<String>()
        );
        account.problems(&document, &read)
    };
    none(check("| 1 | x | `a::b::works`, in `other` words |\n"));
    none(check("| 1 | x | y | `tests/c.json: \".a\"` |\n"));
    none(check("| 1 | x | Not yet: it comes |\n"));
    one(check("| 1 | x | it works |\n"), "row 1 names no test");
    one(check("| 1 | x | `a::b::gone` |\n"), "no test is a::b::gone");
    one(
        check("| 1 | x | `tests/c.json: \".b\"` |\n"),
        "no case of tests/c.json is \".b\"",
    );
    one(
        check("| 1 | x | `tests/d.json: \".a\"` |\n"),
        "no case of tests/d.json",
    );
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
