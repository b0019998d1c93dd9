//! `-printf`, and names out of paths.

use std::io::Write;

use cofferdam_command::{Output, Stop};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use walkdir::DirEntry;

use crate::expression::Piece;

/// Fields that `-printf` knows here, besides `%T`.
const FIELDS: &str = "pPfhHsdyYlt";

/// Letters behind `%T` that mean the same to the library that formats times.
const TIMES: &str = "aAbBCdDFhHIjklmMpUwWyYZ";

/// Reads the format of `-printf`.
pub(crate) fn format(text: &str) -> Result<Vec<Piece>, Stop> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let after = rest.get(char.len_utf8()..).unwrap_or_default();
        rest = match char {
            '\\' if after.starts_with('c') => {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Stop);
                ""
            }
            '\\' => {
                let (escaped, after) = escape(after);
                plain.push(escaped);
                after
            }
            '%' if after.starts_with('%') => {
                plain.push('%');
                after.get(1..).unwrap_or_default()
            }
            '%' => {
                let (piece, after) = field(after)?;
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(piece);
                after
            }
            other => {
                plain.push(other);
                after
            }
        };
    }
    pieces.push(Piece::Text(plain));
    Ok(pieces)
}

/// The character of an escape, and what follows it. What is no escape stands for itself.
fn escape(text: &str) -> (char, &str) {
    let digits = text
        .bytes()
        .take(3)
        .take_while(|byte| matches!(byte, b'0'..=b'7'))
        .count();
    let octal = text
        .get(..digits)
        .and_then(|digits| u8::from_str_radix(digits, 8).ok());
    if let Some(code) = octal {
        return (code.into(), text.get(digits..).unwrap_or_default());
    }
    let char = match text.chars().next() {
        Some('a') => '\x07',
        Some('b') => '\x08',
        Some('f') => '\x0c',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('v') => '\x0b',
        Some('\\') => '\\',
        _ => return ('\\', text),
    };
    (char, text.get(1..).unwrap_or_default())
}

/// The piece behind `%`, and what follows it.
fn field(text: &str) -> Result<(Piece, &str), Stop> {
    let flags = text
        .find(|char| !matches!(char, '-' | '0' | ' ' | '+' | '#'))
        .unwrap_or(text.len());
    let (flags, rest) = text.split_at_checked(flags).unwrap_or(("", text));
    let digits = rest
        .find(|char: char| !char.is_ascii_digit())
        .unwrap_or(rest.len());
    let (width, rest) = rest.split_at_checked(digits).unwrap_or(("", rest));
    // A width beyond any line would be memory for nothing.
    let width = width.parse::<u16>().map_or(0, usize::from);
    let mut chars = rest.chars();
    let unknown = |what: &str| {
        Stop::new(format!(
            "-printf: %{what} is unknown here; there are %p %P %f %h %H %s %d %y %Y %l %t %T@ %TY \
             (and the other letters of `date`) %%; files have no modes, owners, blocks and inodes"
        ))
    };
    let (field, time) = match chars.next() {
        Some('T') => match chars.next() {
            Some(time) if TIMES.contains(time) || "@+crRsSTxX".contains(time) => ('T', time),
            other => {
                return Err(unknown(&format!(
                    "T{}",
                    other.map(String::from).unwrap_or_default()
                )));
            }
        },
        Some(field) if FIELDS.contains(field) => (field, ' '),
        other => return Err(unknown(&other.map(String::from).unwrap_or_default())),
    };
    let piece = Piece::Field {
        field,
        time,
        width,
        left: flags.contains('-'),
        zeros: flags.contains('0') && field == 'd',
    };
    Ok((piece, chars.as_str()))
}

/// Prints one entry.
pub(crate) fn print(
    out: &mut Output,
    pieces: &[Piece],
    path: &str,
    root: &str,
    entry: &DirEntry,
) -> Result<(), Stop> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => write!(out, "{text}")?,
            Piece::Stop => break,
            Piece::Field {
                field,
                time,
                width,
                left,
                zeros,
            } => {
                let width = *width;
                let text = value(*field, *time, path, root, entry)?;
                match (left, zeros) {
                    (true, _) => write!(out, "{text:<width$}")?,
                    (false, true) => write!(out, "{text:0>width$}")?,
                    (false, false) => write!(out, "{text:>width$}")?,
                }
            }
        }
    }
    Ok(())
}

fn value(
    field: char,
    time: char,
    path: &str,
    root: &str,
    entry: &DirEntry,
) -> Result<String, Stop> {
    Ok(match field {
        'p' => path.to_owned(),
        'P' => {
            let below = path.strip_prefix(root).unwrap_or(path);
            below.strip_prefix('/').unwrap_or(below).to_owned()
        }
        'H' => root.to_owned(),
        'f' => name(path),
        'h' => parent(path).to_owned(),
        's' => entry
            .metadata()
            .map_or(0, |metadata| metadata.len())
            .to_string(),
        'd' => entry.depth().to_string(),
        'y' => letter(entry.file_type()).to_string(),
        'Y' => match std::fs::metadata(entry.path()) {
            Ok(metadata) => letter(metadata.file_type()).to_string(),
            Err(_) => "N".to_owned(),
        },
        'l' => std::fs::read_link(entry.path())
            .map(|target| target.to_string_lossy().into_owned())
            .unwrap_or_default(),
        't' => modified(entry, 't')?,
        _ => modified(entry, time)?,
    })
}

/// The time of modification, in UTC, as `%T` prints it with a letter.
fn modified(entry: &DirEntry, letter: char) -> Result<String, Stop> {
    let modified = entry
        .metadata()
        .ok()
        .and_then(|metadata| metadata.modified().ok())
        .and_then(|modified| Timestamp::try_from(modified).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let (seconds, nanoseconds) = (modified.as_second(), modified.subsec_nanosecond());
    let zoned = modified.to_zoned(TimeZone::UTC);
    let text = |format: &str| zoned.strftime(format).to_string();
    // Fractions have ten digits, as in GNU find.
    let fraction = format!(".{:09}0", nanoseconds);
    Ok(match letter {
        '@' => format!("{seconds}{fraction}"),
        's' => seconds.to_string(),
        'S' => text("%S") + &fraction,
        'T' | 'X' => text("%H:%M:%S") + &fraction,
        '+' => text("%Y-%m-%d+%H:%M:%S") + &fraction,
        't' => text("%a %b %e %H:%M:%S") + &fraction + &text(" %Y"),
        'c' => text("%a %b %e %H:%M:%S %Y"),
        'r' => text("%I:%M:%S %p"),
        'R' => text("%H:%M"),
        'x' => text("%m/%d/%y"),
        letter => text(&format!("%{letter}")),
    })
}

fn letter(kind: std::fs::FileType) -> char {
    match () {
        () if kind.is_dir() => 'd',
        () if kind.is_symlink() => 'l',
        () => 'f',
    }
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
