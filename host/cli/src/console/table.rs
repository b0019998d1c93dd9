//! Tables as text, in the columns that a terminal has.

use cofferdam_capability::ForeignText;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};

/// A cell of a table, which nothing in it leaves.
#[derive(Debug)]
pub(crate) struct Cell(String);

impl Cell {
    /// Each of these on a line of its own.
    pub(crate) fn lines<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) -> Self {
        let lines = lines
            .into_iter()
            .map(|line| ForeignText::line(line.as_ref()).to_string());
        Self(lines.collect::<Vec<_>>().join("\n"))
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::lines([text])
    }
}

/// The columns of the terminal that standard output leads to, or standard error; nothing where it
/// is none, or does not know how many it has.
pub(super) fn columns(of_stderr: bool) -> Option<usize> {
    let mut table = Table::new();
    if of_stderr {
        table.use_stderr();
    }
    table
        .width()
        .filter(|&columns| columns > 0)
        .map(usize::from)
}

/// A table with one row for each entry, without lines between them.
pub(super) fn shown<C: Into<Cell>>(header: &[&str], rows: Vec<Vec<C>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if columns(false).is_none() {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table.set_header(header.iter().map(|name| name.to_uppercase()));
    let cells = |row: Vec<C>| row.into_iter().map(|cell| cell.into().0).collect();
    let rows: Vec<Vec<String>> = rows.into_iter().map(cells).collect();
    // Names are read as a whole, so the others are broken first.
    let first = rows.iter().filter_map(|row| row.first());
    let widest = first.map(|name| name.chars().count()).max();
    table.add_rows(rows);
    let room = columns(false).unwrap_or(usize::MAX);
    if let Some(column) = table.column_mut(0)
        && widest.is_some_and(|widest| widest <= room / 2)
    {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    table.trim_fmt()
}

/// Lines of values with their names before them, below a title, which may be a name and stays as it
/// is. On a terminal where one does not fit beside its name, it stands below, and only the terminal
/// breaks it: a digest can be copied.
pub(super) fn fields(
    title: &str,
    fields: Vec<(&str, Cell)>,
    terminal: Option<usize>,
) -> Vec<String> {
    let widest = fields.iter().map(|(name, _)| name.chars().count()).max();
    let indent = widest.unwrap_or_default() + 2;
    let room = terminal.unwrap_or(usize::MAX).saturating_sub(indent + 1);
    let mut shown = vec![format!(" {title}")];
    for (name, Cell(value)) in fields {
        let fits = value.lines().all(|line| line.chars().count() <= room);
        if !fits {
            shown.push(format!(" {name}"));
            shown.extend(value.lines().map(|line| format!("   {line}")));
            continue;
        }
        let mut name = name;
        // A value may be empty, and its name is there all the same.
        for line in value.lines().chain(value.is_empty().then_some("")) {
            shown.push(format!(" {name:indent$}{line}").trim_end().to_owned());
            name = "";
        }
    }
    shown
}
