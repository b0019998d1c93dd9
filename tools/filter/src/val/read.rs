//! JSON as jq reads it, which is wider than the standard: values one after another, `nan`, numbers
//! such as `007` and `.5`, a byte order mark. Bytes and escapes that are no text become U+FFFD.
//! Own code, because readers that keep the digits of a number take none of these.

use std::rc::Rc;

use super::value::{Map, Val};

/// Arrays and objects inside one another. Documents have a dozen; the guest's stack holds some
/// thousands.
pub(crate) const MAX_DEPTH: usize = 512;

/// Values out of a text of JSON, one after another. It ends after the first that is broken.
pub struct Reader<'a> {
    text: &'a [u8],
    /// Bytes of a byte order mark before the text.
    skipped: usize,
    at: usize,
    depth: usize,
    broken: bool,
}

/// The one value of a text of JSON.
///
/// # Errors
///
/// What is wrong with it.
pub fn json(text: &str) -> Result<Val, String> {
    let mut reader = Reader::new(text.as_bytes());
    let value = reader.next().ok_or("there is no value in it")??;
    match reader.next() {
        None => Ok(value),
        Some(_) => Err("there is more than one value in it".to_owned()),
    }
}

impl<'a> Reader<'a> {
    /// Reads from the beginning of a text.
    pub fn new(text: &'a [u8]) -> Self {
        let whole = text.len();
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        Self {
            text,
            skipped: whole - text.len(),
            at: 0,
            depth: 0,
            broken: false,
        }
    }

    /// Number of bytes that have been read.
    pub fn read(&self) -> usize {
        self.at + self.skipped
    }

    /// Number of lines that have been read to their end.
    pub fn lines(&self) -> usize {
        let read = self.text.get(..self.at).unwrap_or_default();
        read.iter().filter(|byte| **byte == b'\n').count()
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        // The mark of a record (RFC 7464) separates values, too.
        while let Some(b' ' | b'\t' | b'\r' | b'\n' | 0x1e) = self.peek() {
            self.at += 1;
        }
    }

    fn wrong<T>(&self, what: &str) -> Result<T, String> {
        let read = self.text.get(..self.at).unwrap_or_default();
        let line = read.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = read.iter().rposition(|byte| *byte == b'\n');
        let column = self.at - start.map_or(0, |start| start + 1) + 1;
        Err(format!("{what} at line {line}, column {column}"))
    }

    fn value(&mut self) -> Result<Val, String> {
        match self.peek() {
            None => self.wrong("it ends where a value is expected"),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => Ok(Val::Str(self.string()?)),
            Some(b'\'') => self.wrong("texts have double quotes: unexpected '"),
            Some(_) => self.word(),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Val, String>) -> Result<Val, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.wrong(&format!(
                "more than {MAX_DEPTH} arrays and objects inside one another"
            ));
        }
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Result<Val, String> {
        let mut values = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Val::array([]));
        }
        loop {
            self.skip_space();
            values.push(self.value()?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                None => return self.wrong("an array is not closed: it ends"),
                Some(_) => return self.wrong("expected a comma or ] in an array"),
            }
        }
        self.at += 1;
        Ok(Val::Arr(Rc::new(values)))
    }

    fn object(&mut self) -> Result<Val, String> {
        let mut fields = Map::default();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Val::Obj(Rc::new(fields)));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return self.wrong("expected a key in double quotes in an object");
            }
            let key = self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return self.wrong("expected a colon after a key");
            }
            self.at += 1;
            self.skip_space();
            let value = self.value()?;
            fields.insert(key, value);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                None => return self.wrong("an object is not closed: it ends"),
                Some(_) => return self.wrong("expected a comma or } in an object"),
            }
        }
        self.at += 1;
        Ok(Val::Obj(Rc::new(fields)))
    }

    /// A text; `at` is at its opening quote.
    fn string(&mut self) -> Result<Rc<str>, String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\\'))
                .unwrap_or(rest.len());
            let (plain, _) = rest.split_at(plain);
            text.push_str(&String::from_utf8_lossy(plain));
            self.at += plain.len();
            match self.peek() {
                None => return self.wrong("a text is not closed: it ends"),
                Some(b'"') => break,
                Some(_) => self.escape(&mut text)?,
            }
        }
        self.at += 1;
        Ok(text.into())
    }

    fn escape(&mut self, text: &mut String) -> Result<(), String> {
        let kind = self.text.get(self.at + 1).copied();
        let char = match kind {
            Some(char @ (b'"' | b'\\' | b'/')) => char::from(char),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let unit = self.unit(self.at + 2)?;
                self.at += 6;
                text.push(self.scalar(unit));
                return Ok(());
            }
            _ => return self.wrong("unknown escape in a text"),
        };
        text.push(char);
        self.at += 2;
        Ok(())
    }

    /// Four hexadecimal digits.
    fn unit(&self, at: usize) -> Result<u32, String> {
        let digits = self.text.get(at..at + 4).unwrap_or_default();
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        match u32::from_str_radix(digits, 16) {
            Ok(unit) if digits.len() == 4 && !digits.starts_with('+') => Ok(unit),
            _ => self.wrong("expected four hexadecimal digits after \\u"),
        }
    }

    /// A character out of one unit of UTF-16, or two of them.
    fn scalar(&mut self, unit: u32) -> char {
        let low_follows = self.text.get(self.at..self.at + 2) == Some(b"\\u".as_slice());
        if (0xd800..0xdc00).contains(&unit)
            && low_follows
            && let Ok(low @ 0xdc00..0xe000) = self.unit(self.at + 2)
        {
            self.at += 6;
            let char = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            return char::from_u32(char).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// A number, or one of the names.
    fn word(&mut self) -> Result<Val, String> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || b"+-._".contains(byte)))
            .unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        let word = std::str::from_utf8(word).unwrap_or_default();
        let value = match word {
            "" => None,
            "null" => Some(Val::Null),
            "true" => Some(Val::Bool(true)),
            "false" => Some(Val::Bool(false)),
            "nan" | "NaN" | "-nan" | "-NaN" => Some(Val::from(f64::NAN)),
            "Infinity" | "+Infinity" => Some(Val::from(f64::INFINITY)),
            "-Infinity" => Some(Val::from(f64::NEG_INFINITY)),
            number => Val::number(number),
        };
        match value {
            Some(value) => {
                self.at += length;
                Ok(value)
            }
            None if word.is_empty() => self.wrong("expected a value"),
            None => self.wrong(&format!("{word} is no value of JSON: unexpected word")),
        }
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Val, String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.skip_space();
        if self.broken || self.at >= self.text.len() {
            return None;
        }
        let value = self.value();
        self.broken = value.is_err();
        // jq has read the line break behind a value when it runs the filter.
        if !self.broken && self.peek() == Some(b'\n') {
            self.at += 1;
        }
        Some(value)
    }
}
