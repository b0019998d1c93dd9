//! Tables in Markdown.

use std::fmt::Write;

use cofferdam_capability::ForeignText;

/// A table in the Markdown of GitHub. Nothing in a cell leaves it, and none of it is markup.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let header: Vec<_> = header.iter().map(|name| (*name).to_owned()).collect();
    let rule = "---|".repeat(header.len());
    let mut table = line(&header);
    // To a String it cannot fail.
    let _ = writeln!(table, "|{rule}");
    for row in rows {
        let cells: Vec<_> = row.iter().map(|text| cell(text)).collect();
        table += &line(&cells);
    }
    table
}

/// The text of a cell: a code span for what somebody else wrote, as it stands.
pub(super) fn cell(text: &str) -> String {
    let text = ForeignText::line(text).to_string();
    if text.is_empty() {
        return String::new();
    }
    // A code span ends at as many backticks as it began with. A bar ends a cell even there.
    let longest = text.split(|c| c != '`').map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or_default() + 1);
    let space = if longest > Some(0) { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", text.replace('|', "\\|"))
}
