//! Every tool has its row in the table of `tools/README.md`, and every row its tool.

use super::{file, files, none, one};

/// The document with the table.
const README: &str = "tools/README.md";

/// The lines at which the table begins and ends.
const MARKS: (&str, &str) = ("<!-- table:", "<!-- end of table -->");

/// The names in the first column of the table.
fn rows(text: &str) -> Vec<&str> {
    let lines = text
        .lines()
        .skip_while(|line| !line.starts_with(MARKS.0))
        .take_while(|line| *line != MARKS.1);
    lines
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect()
}

/// Tools without a row, rows without a tool, tools with two.
fn problems(text: &str, tools: &[&str]) -> Vec<String> {
    let rows = rows(text);
    let missing = tools
        .iter()
        .filter(|tool| rows.iter().filter(|row| row == tool).count() != 1);
    let missing =
        missing.map(|tool| format!("{README}: `{tool}` has not one row: run `just tools-readme`"));
    let stale = rows.iter().filter(|row| !tools.contains(row));
    missing
        .chain(stale.map(|row| format!("{README}: `{row}` is no tool: run `just tools-readme`")))
        .collect()
}

#[test]
fn every_tool_has_a_row() {
    let manifests = files("tools", "capabilities.toml");
    let tools: Vec<_> = manifests
        .iter()
        .filter_map(|manifest| manifest.path.split('/').nth_back(1))
        .collect();
    none(problems(&file(README).expect("it is there").text, &tools));
}

#[test]
fn a_missing_row_is_found() {
    let table = |rows: &str| {
        format!(
            "| `x` | before |\n<!-- table: by hand -->\n| tool |\n|---|\n{rows}<!-- end of table \
                -->\n"
        )
    };
    none(problems(
        &table("| `a` | first |\n| `b` | second |\n"),
        &["a", "b"],
    ));
    one(
        problems(&table("| `a` | first |\n"), &["a", "b"]),
        "`b` has not one row",
    );
    one(
        problems(&table("| `a` | first |\n| `a` | first |\n"), &["a"]),
        "`a` has not one row",
    );
    one(
        problems(&table("| `a` | first |\n| `c` | third |\n"), &["a"]),
        "`c` is no tool",
    );
}
