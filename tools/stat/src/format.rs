//! The format of the output, filled in for a file.

use std::io::{self, Write};

use crate::directive::Form;
use crate::options::Options;
use crate::quote;
use crate::status::Status;

/// Printed for what a sandbox does not show.
const UNKNOWN: &str = "?";

/// Writes a file's line.
pub(crate) fn write(out: &mut impl Write, options: &Options, status: &Status) -> io::Result<()> {
    let mut rest = options.format.as_str();
    while let Some(char) = rest.chars().next() {
        rest = rest.get(char.len_utf8()..).unwrap_or_default();
        match char {
            '%' => rest = directive(out, rest, status)?,
            '\\' if options.escapes => rest = escape(out, rest)?,
            other => write!(out, "{other}")?,
        }
    }
    if !options.escapes {
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Writes a directive. Returns the text behind it.
fn directive<'a>(out: &mut impl Write, text: &'a str, status: &Status) -> io::Result<&'a str> {
    let (form, rest) = Form::parse(text);
    let Some(letter) = rest.chars().next() else {
        out.write_all(b"%")?;
        return Ok("");
    };
    let mut rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    let shown = match letter {
        '%' if form == Form::default() => "%".to_owned(),
        'n' => form.text(&status.name),
        'N' => {
            let target = status.target.as_ref();
            let target = target.map(|target| quote::always(&target.to_string_lossy()));
            let arrow = target.map(|target| format!(" -> {target}"));
            form.text(&format!(
                "{}{}",
                quote::always(&status.name),
                arrow.unwrap_or_default()
            ))
        }
        // The target alone, for the format that is ours.
        'Q' => {
            let target = status.target.as_ref();
            target
                .map(|target| format!(" -> {}", target.to_string_lossy()))
                .unwrap_or_default()
        }
        's' => form.number(status.size),
        'h' => form.number(i64::try_from(status.links).unwrap_or(i64::MAX)),
        'F' => form.text(status.kind()),
        'x' => form.text(&status.accessed.words()),
        'y' => form.text(&status.modified.words()),
        'z' => form.text(&status.changed.words()),
        'X' => form.seconds(status.accessed),
        'Y' => form.seconds(status.modified),
        'Z' => form.seconds(status.changed),
        'w' => form.text("-"),
        'W' | 't' | 'T' | 'r' | 'R' => form.number(0),
        'A' => form.text(&format!("{}?????????", status.letter())),
        'G' | 'U' => form.text("UNKNOWN"),
        'a' | 'b' | 'C' | 'd' | 'D' | 'f' | 'g' | 'i' | 'm' | 'o' | 'u' => form.text(UNKNOWN),
        // The unit of %b.
        'B' => form.number(512),
        // Parts of device numbers.
        'H' | 'L' if rest.starts_with('d') => {
            rest = rest.get(1..).unwrap_or_default();
            form.text(UNKNOWN)
        }
        'H' | 'L' if rest.starts_with('r') => {
            rest = rest.get(1..).unwrap_or_default();
            form.number(0)
        }
        _ => UNKNOWN.to_owned(),
    };
    out.write_all(shown.as_bytes())?;
    Ok(rest)
}

/// Writes the character that stands behind a backslash. Returns the text behind it.
fn escape<'a>(out: &mut impl Write, text: &'a str) -> io::Result<&'a str> {
    let Some(letter) = text.chars().next() else {
        out.write_all(b"\\")?;
        return Ok("");
    };
    let rest = text.get(letter.len_utf8()..).unwrap_or_default();
    let byte = match letter {
        'a' => b'\x07',
        'b' => b'\x08',
        'e' => b'\x1b',
        'f' => b'\x0c',
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => b'\x0b',
        '0'..='7' => return numbered(out, text, 8),
        'x' if rest.starts_with(|char: char| char.is_ascii_hexdigit()) => {
            return numbered(out, rest, 16);
        }
        other => {
            write!(out, "{other}")?;
            return Ok(rest);
        }
    };
    out.write_all(&[byte])?;
    Ok(rest)
}

/// Writes the byte of at most three octal or two hexadecimal digits. Returns the text behind it.
fn numbered<'a>(out: &mut impl Write, text: &'a str, base: u32) -> io::Result<&'a str> {
    let most = if base == 8 { 3 } else { 2 };
    let count = text
        .chars()
        .take(most)
        .take_while(|char| char.is_digit(base))
        .count();
    let (digits, rest) = text.split_at_checked(count).unwrap_or((text, ""));
    let value = u32::from_str_radix(digits, base).unwrap_or_default();
    // As in C, a value beyond a byte loses its upper bits.
    let [low, ..] = value.to_le_bytes();
    out.write_all(&[low])?;
    Ok(rest)
}
