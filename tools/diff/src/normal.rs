//! The format without context: `2c2`, `< old`, `> new`.

use std::io::{self, Write};
use std::ops::Range;

use crate::changes::Change;
use crate::files::Side;
use crate::options::Options;
use crate::unified::Lines;

pub(crate) fn write(
    out: &mut impl Write,
    sides: [&Side; 2],
    changes: &[Change],
    options: &Options,
) -> io::Result<()> {
    let [old, new] = sides;
    for change in changes.iter().filter(|change| !change.ignored) {
        let letter = match (change.old.is_empty(), change.new.is_empty()) {
            (true, _) => 'a',
            (false, true) => 'd',
            (false, false) => 'c',
        };
        writeln!(
            out,
            "{}{letter}{}",
            numbers(&change.old),
            numbers(&change.new)
        )?;
        for at in change.old.clone() {
            options.write_line(out, "< ", &old.text, at)?;
        }
        if letter == 'c' {
            out.write_all(b"---\n")?;
        }
        for at in change.new.clone() {
            options.write_line(out, "> ", &new.text, at)?;
        }
    }
    Ok(())
}

/// Returns the lines as `first,last`, one line as its number, none as that of the line before.
fn numbers(range: &Range<usize>) -> String {
    match range.len() {
        0 => range.start.to_string(),
        1 => range.end.to_string(),
        _ => format!("{},{}", range.start.saturating_add(1), range.end),
    }
}
