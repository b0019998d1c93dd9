//! The lines of a value whose parts are texts already.

use super::text::width;

/// The longest line that several parts share.
pub(crate) const LINE: usize = 80;

/// Levels that share a line.
pub(crate) const LEVELS: usize = 3;

/// Parts that are put in columns: more than these.
const FEW: usize = 6;

/// The most columns.
const MOST_COLUMNS: f64 = 15.0;

/// Spaces and comma between two columns.
const GAP: usize = 2;

/// Frame and place of a value.
pub(crate) struct Frame<'a> {
    /// Stands before the opening bracket.
    pub(crate) base: &'a str,
    pub(crate) open: &'a str,
    pub(crate) close: &'a str,
    /// Columns that lines begin with.
    pub(crate) indentation: usize,
    /// Levels below this one in the part that came last.
    pub(crate) levels: usize,
    pub(crate) columns: Columns,
    /// The widest line.
    pub(crate) line: usize,
    /// Levels that may share a line.
    pub(crate) shared_levels: usize,
}

/// The layout of many short parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    /// Parts are entries of an object.
    None,
    /// Parts are elements; the number of those that are elements and not "more items".
    Left(usize),
    /// The same for numbers.
    Right(usize),
}

/// Joins parts on one line where they fit, or else on several.
pub(crate) fn joined(parts: Vec<String>, frame: &Frame<'_>) -> String {
    let base = if frame.base.is_empty() {
        String::new()
    } else {
        format!("{} ", frame.base)
    };
    let Frame { open, close, .. } = frame;
    let entries = parts.len();
    let parts = match frame.columns {
        Columns::Left(elements) | Columns::Right(elements) if entries > FEW => {
            in_columns(parts, elements, frame)
        }
        _ => parts,
    };
    if frame.levels < frame.shared_levels && entries == parts.len() {
        let start = entries + frame.indentation + open.len() + frame.base.len() + 10;
        let length: usize = parts.iter().map(|part| utf16(part)).sum();
        let fits = start + entries + length <= frame.line;
        if fits && !frame.base.contains('\n') && !parts.iter().any(|part| part.contains('\n')) {
            return format!("{base}{open} {} {close}", parts.join(", "));
        }
    }
    let line = format!("\n{}", " ".repeat(frame.indentation));
    format!(
        "{base}{open}{line}  {}{line}{close}",
        parts.join(&format!(",{line}  "))
    )
}

fn utf16(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Puts elements in columns, about as wide as high.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "lengths of texts on a screen, and a number of columns from 1 to 15"
)]
fn in_columns(parts: Vec<String>, elements: usize, frame: &Frame<'_>) -> Vec<String> {
    let shown = elements.min(parts.len());
    let widths: Vec<usize> = parts.iter().take(shown).map(|part| width(part)).collect();
    let total: usize = widths.iter().map(|width| width + GAP).sum();
    let widest = widths.iter().copied().max().unwrap_or_default();
    let cell = widest + GAP;
    let narrow = cell * 3 + frame.indentation < frame.line;
    if !narrow || (total as f64 / cell as f64 <= 5.0 && widest > FEW) {
        return parts;
    }
    let bias = (cell as f64 - total as f64 / parts.len() as f64).sqrt();
    let biased = (cell as f64 - 3.0 - bias).max(1.0);
    let columns = ((2.5 * biased * shown as f64).sqrt() / biased)
        .round()
        .min(((frame.line - frame.indentation) as f64 / cell as f64).floor())
        .min(frame.shared_levels as f64 * 4.0)
        .min(MOST_COLUMNS) as usize;
    if columns <= 1 {
        return parts;
    }
    let column_width = |column: usize| {
        let column = widths.iter().skip(column).step_by(columns);
        column.copied().max().unwrap_or_default() + GAP
    };
    let column_widths: Vec<usize> = (0..columns).map(column_width).collect();
    let mut rest = parts;
    let more = rest.split_off(shown);
    let lines = rest.chunks(columns).map(|row| {
        let last = row.len() - 1;
        let cells = row.iter().zip(&column_widths).enumerate();
        let cells = cells.map(|(place, (part, cell))| {
            let text = if place == last {
                part.clone()
            } else {
                format!("{part}, ")
            };
            let cell = if place == last { cell - GAP } else { *cell };
            let blanks = " ".repeat(cell.saturating_sub(width(&text)));
            match frame.columns {
                Columns::Right(_) => format!("{blanks}{text}"),
                _ if place == last => text,
                _ => format!("{text}{blanks}"),
            }
        });
        cells.collect()
    });
    let lines: Vec<String> = lines.collect();
    lines.into_iter().chain(more).collect()
}
