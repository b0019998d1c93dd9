//! `-printf`, and names out of paths.

use std::io::Write;

use cofferdam_command::{Output, Stop};
use walkdir::DirEntry;

use crate::expression::Piece;

/// Fields that `-printf` knows here.
const FIELDS: &str = "pPfhsdy";

/// Reads the format of `-printf`.
pub(crate) fn format(text: &str) -> Result<Vec<Piece>, Stop> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match (char, chars.clone().next()) {
            ('\\', Some(escaped)) => {
                chars.next();
                plain.push(match escaped {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    '0' => '\0',
                    '\\' => '\\',
                    other => {
                        return Err(Stop::new(format!(
                            "-printf: \\{other} is unknown; there are \\n \\t \\r \\0 \\\\"
                        )));
                    }
                });
            }
            ('%', Some('%')) => {
                chars.next();
                plain.push('%');
            }
            ('%', Some(field)) if FIELDS.contains(field) => {
                chars.next();
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Field(field));
            }
            ('%', other) => {
                let other = other.map(String::from).unwrap_or_default();
                return Err(Stop::new(format!(
                    "-printf: %{other} is unknown; there are %p %P %f %h %s %d %y %%"
                )));
            }
            (other, _) => plain.push(other),
        }
    }
    pieces.push(Piece::Text(plain));
    Ok(pieces)
}

/// Prints one entry.
pub(crate) fn print(
    out: &mut Output,
    pieces: &[Piece],
    path: &str,
    root: &str,
    size: u64,
    entry: &DirEntry,
) -> Result<(), Stop> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => write!(out, "{text}")?,
            Piece::Field('p') => write!(out, "{path}")?,
            Piece::Field('P') => {
                let below = path.strip_prefix(root).unwrap_or(path);
                write!(out, "{}", below.strip_prefix('/').unwrap_or(below))?;
            }
            Piece::Field('f') => write!(out, "{}", name(path))?,
            Piece::Field('h') => write!(out, "{}", parent(path))?,
            Piece::Field('s') => write!(out, "{size}")?,
            Piece::Field('d') => write!(out, "{}", entry.depth())?,
            Piece::Field(_) => {
                let kind = entry.file_type();
                write!(
                    out,
                    "{}",
                    if kind.is_dir() {
                        'd'
                    } else if kind.is_symlink() {
                        'l'
                    } else {
                        'f'
                    }
                )?;
            }
        }
    }
    Ok(())
}

/// The last part of a path; `.` and `/` are their own.
pub(crate) fn name(path: &str) -> String {
    let whole = path.trim_end_matches('/');
    let whole = if whole.is_empty() { path } else { whole };
    whole
        .rsplit_once('/')
        .map_or(
            whole,
            |(_, name)| if name.is_empty() { whole } else { name },
        )
        .to_owned()
}

fn parent(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) => "",
        Some((parent, _)) => parent,
        None => ".",
    }
}
