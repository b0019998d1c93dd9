//! Values as JSON, to the byte as jq writes them.

use std::io::{self, Write};
use std::rc::Rc;

use super::decimal::canonical;
use super::value::{Map, Val};

/// The layout of JSON. The default is one line without spaces.
#[derive(Debug, Default, Clone)]
pub struct Layout {
    /// Of each level; nothing for one line.
    pub indent: Option<String>,
    /// Keys in the order of their characters.
    pub sort_keys: bool,
    /// Everything outside ASCII as an escape.
    pub ascii: bool,
}

/// Writes a value without a line break at its end. What JSON does not have is written as jq does:
/// `nan` as null, the infinities as the largest numbers.
///
/// # Errors
///
/// What `out` says.
pub fn write_json(out: &mut dyn Write, layout: &Layout, value: &Val) -> io::Result<()> {
    Writer { out, layout }.value(value, 0)
}

struct Writer<'a> {
    out: &'a mut dyn Write,
    layout: &'a Layout,
}

impl Writer<'_> {
    fn value(&mut self, value: &Val, level: usize) -> io::Result<()> {
        match value {
            Val::Null => self.out.write_all(b"null"),
            Val::Bool(true) => self.out.write_all(b"true"),
            Val::Bool(false) => self.out.write_all(b"false"),
            Val::Num(number, Some(spelling)) => {
                let text = canonical(spelling).unwrap_or_else(|| double(*number));
                self.out.write_all(text.as_bytes())
            }
            Val::Num(number, None) => self.out.write_all(double(*number).as_bytes()),
            Val::Str(text) => self.text(text),
            Val::Arr(values) if values.is_empty() => self.out.write_all(b"[]"),
            Val::Obj(fields) if fields.is_empty() => self.out.write_all(b"{}"),
            Val::Arr(values) => {
                self.out.write_all(b"[")?;
                for (number, value) in values.iter().enumerate() {
                    self.begin(number > 0, level + 1)?;
                    self.value(value, level + 1)?;
                }
                self.end(level, b"]")
            }
            Val::Obj(fields) => {
                self.out.write_all(b"{")?;
                if self.layout.sort_keys {
                    self.fields(sorted(fields).into_iter(), level)?;
                } else {
                    self.fields(fields.iter(), level)?;
                }
                self.end(level, b"}")
            }
        }
    }

    fn fields<'v>(
        &mut self,
        fields: impl Iterator<Item = (&'v Rc<str>, &'v Val)>,
        level: usize,
    ) -> io::Result<()> {
        for (number, (key, value)) in fields.enumerate() {
            self.begin(number > 0, level + 1)?;
            self.text(key)?;
            let colon = if self.layout.indent.is_some() {
                b": ".as_slice()
            } else {
                b":"
            };
            self.out.write_all(colon)?;
            self.value(value, level + 1)?;
        }
        Ok(())
    }

    fn begin(&mut self, follows: bool, level: usize) -> io::Result<()> {
        if follows {
            self.out.write_all(b",")?;
        }
        self.line(level)
    }

    fn end(&mut self, level: usize, bracket: &[u8]) -> io::Result<()> {
        self.line(level)?;
        self.out.write_all(bracket)
    }

    fn line(&mut self, level: usize) -> io::Result<()> {
        if let Some(indent) = &self.layout.indent {
            self.out.write_all(b"\n")?;
            for _ in 0..level {
                self.out.write_all(indent.as_bytes())?;
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(b"\"")?;
        let mut plain = 0;
        for (at, char) in text.char_indices() {
            let escape = match char {
                '"' => "\\\"".to_owned(),
                '\\' => "\\\\".to_owned(),
                '\n' => "\\n".to_owned(),
                '\r' => "\\r".to_owned(),
                '\t' => "\\t".to_owned(),
                '\u{8}' => "\\b".to_owned(),
                '\u{c}' => "\\f".to_owned(),
                '\u{7f}' | ..' ' => format!("\\u{:04x}", u32::from(char)),
                char if self.layout.ascii && !char.is_ascii() => escaped(char),
                _ => continue,
            };
            self.out
                .write_all(text.get(plain..at).unwrap_or_default().as_bytes())?;
            self.out.write_all(escape.as_bytes())?;
            plain = at + char.len_utf8();
        }
        self.out
            .write_all(text.get(plain..).unwrap_or_default().as_bytes())?;
        self.out.write_all(b"\"")
    }
}

fn sorted(fields: &Map) -> Vec<(&Rc<str>, &Val)> {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by(|left, right| left.0.cmp(right.0));
    fields
}

/// A character as the escapes of its units of UTF-16.
fn escaped(char: char) -> String {
    let units = char.encode_utf16(&mut [0; 2]).to_vec();
    units
        .into_iter()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect()
}

/// The shortest digits that give the number again; with an exponent where it is very small or
/// large.
fn double(number: f64) -> String {
    if number.is_nan() {
        return "null".to_owned();
    }
    let number = number.clamp(f64::MIN, f64::MAX);
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let digits = i32::try_from(digits).unwrap_or(i32::MAX);
    if exponent < -4 || exponent >= digits + 15 {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
    } else {
        format!("{number}")
    }
}
