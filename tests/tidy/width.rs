//! A line holds one thought: it has 100 columns at most.

use super::{File, none, one};

/// The columns of rustfmt, which leaves comments and strings as they are.
const MAX_COLUMNS: usize = 100;

/// Lines that are wider. A column is a character, not a byte.
fn wide(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for (text, number) in file.text.lines().zip(1..) {
        let columns = text.chars().count();
        if columns > MAX_COLUMNS {
            problems.push(format!(
                "{}:{number}: {columns} columns, more than {MAX_COLUMNS}: break the line",
                file.path
            ));
        }
    }
    problems
}

#[test]
fn no_line_is_too_wide() {
    none(super::all(".", wide));
}

#[test]
fn a_line_that_is_too_wide_is_found() {
    let line = "é".repeat(MAX_COLUMNS);
    none(wide(&super::rust(&line)));
    one(
        wide(&super::rust(&format!("\n// {line}"))),
        "a.rs:2: 103 columns",
    );
}
