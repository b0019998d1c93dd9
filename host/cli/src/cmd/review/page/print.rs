//! A page as text for a terminal, and as Markdown. All of it may hold text from outside.

use std::fmt::Write;

use cofferdam_capability::ForeignText;

use super::document::{Block, Document, Entry, Field, Section};
use crate::console::{self, Cell};

/// Prints a page.
pub(super) fn text(document: &Document) {
    console::line(&document.title);
    for Section { title, blocks } in &document.sections {
        console::line("");
        console::line(format!("== {title}"));
        for block in blocks {
            match block {
                Block::Fields(fields) => fields_as_text(fields),
                Block::Table { header, rows } => {
                    let cells = |row: &Vec<Vec<String>>| row.iter().map(Cell::lines).collect();
                    console::table(header, rows.iter().map(cells).collect::<Vec<Vec<Cell>>>());
                }
                Block::Entries(entries) => entries_as_text(entries),
                Block::Sentences(sentences) => {
                    for sentence in sentences {
                        console::line(format!(" {sentence}"));
                    }
                }
            }
        }
    }
}

fn fields_as_text(fields: &[Field]) {
    let cells = fields
        .iter()
        .map(|field| vec![Cell::from(&field.name), Cell::lines(&field.lines)]);
    console::table(&["what", "value"], cells.collect());
}

fn entries_as_text(entries: &[Entry]) {
    for Entry { head, lines } in entries {
        console::line(format!(" {head}"));
        for line in lines {
            console::line(format!("   {line}"));
        }
    }
}

/// A page as Markdown.
pub(super) fn markdown(document: &Document) -> String {
    let mut text = format!("# {}\n", escaped(&document.title));
    for Section { title, blocks } in &document.sections {
        let _ = write!(text, "\n## {}\n", escaped(title));
        for block in blocks {
            text.push('\n');
            match block {
                Block::Fields(fields) => {
                    let rows = fields
                        .iter()
                        .map(|field| vec![vec![field.name.clone()], field.lines.clone()]);
                    table(&["what", "value"], &rows.collect::<Vec<_>>(), &mut text);
                }
                Block::Table { header, rows } => table(header, rows, &mut text),
                Block::Entries(entries) => list(entries, &mut text),
                Block::Sentences(sentences) => {
                    for sentence in sentences {
                        let _ = writeln!(text, "- {}", escaped(sentence));
                    }
                }
            }
        }
    }
    text
}

fn list(entries: &[Entry], text: &mut String) {
    for Entry { head, lines } in entries {
        let _ = writeln!(text, "- {}", escaped(head));
        for line in lines {
            let _ = writeln!(text, "  - {}", escaped(line));
        }
    }
}

fn table(header: &[&str], rows: &[Vec<Vec<String>>], text: &mut String) {
    let _ = writeln!(text, "| {} |", header.join(" | "));
    let _ = writeln!(text, "|{}", "---|".repeat(header.len()));
    for row in rows {
        let cells = row.iter().map(|lines| {
            let lines: Vec<_> = lines.iter().map(|line| escaped(line)).collect();
            lines.join("<br>")
        });
        let _ = writeln!(text, "| {} |", cells.collect::<Vec<_>>().join(" | "));
    }
}

/// Text from outside on one line of Markdown, which means nothing but itself there.
fn escaped(text: &str) -> String {
    let shown = ForeignText::line(text).to_string();
    let mut escaped = String::with_capacity(shown.len());
    for c in shown.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // A name in front of which this stands would be told of the page.
            '@' => escaped.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    // A bare address would become a link.
    escaped.replace("://", ":&#47;/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_itself_in_markdown() {
        assert_eq!(
            escaped("a|b `c` <d> [e](https://f) @g\n# h"),
            "a\\|b \\`c\\` &lt;d&gt; \\[e\\](https:&#47;/f) &#64;g\\\\n\\# h"
        );
    }
}
