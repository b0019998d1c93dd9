//! Times out of texts, in the language of C's `strptime` (C locale).

use super::calendar::{Parts, days};
use super::strftime::{DAYS, MONTHS};

/// The parts of a time; nothing if the text is not as the format says.
pub(super) fn strptime(text: &str, format: &str) -> Option<Parts> {
    let mut parser = Parser {
        rest: text,
        parts: Parts {
            year: 1900,
            ..Parts::default()
        },
        seen: Seen::default(),
    };
    parser.all(format)?;
    if !parser.rest.is_empty() {
        return None;
    }
    Some(parser.finish())
}

struct Parser<'a> {
    rest: &'a str,
    parts: Parts,
    seen: Seen,
}

/// Facts that the text has besides the parts.
#[derive(Default)]
struct Seen {
    afternoon: Option<bool>,
    century: Option<i64>,
    day: bool,
    month: bool,
    yearday: bool,
    /// `%s`, which says everything.
    seconds: Option<i64>,
}

impl Parser<'_> {
    fn all(&mut self, format: &str) -> Option<()> {
        let mut format = format.chars();
        while let Some(char) = format.next() {
            match char {
                '%' => {
                    let mut letter = format.next()?;
                    while matches!(letter, 'E' | 'O' | '-' | '_' | '0') {
                        letter = format.next()?;
                    }
                    self.conversion(letter)?;
                }
                char if char.is_whitespace() => self.rest = self.rest.trim_start(),
                char => self.rest = self.rest.strip_prefix(char)?,
            }
        }
        Some(())
    }

    fn conversion(&mut self, letter: char) -> Option<()> {
        match letter {
            'a' | 'A' => self.parts.weekday = self.name(&DAYS)?,
            'b' | 'B' | 'h' => {
                self.parts.month = self.name(&MONTHS)?;
                self.seen.month = true;
            }
            'd' | 'e' => {
                self.parts.day = self.number(2, 1, 31)?;
                self.seen.day = true;
            }
            'm' => {
                self.parts.month = self.number(2, 1, 12)? - 1;
                self.seen.month = true;
            }
            'Y' => self.parts.year = self.signed(4)?,
            'y' => {
                let year = self.number(2, 0, 99)?;
                self.parts.year = if year < 69 { 2000 + year } else { 1900 + year };
            }
            'C' => self.seen.century = Some(self.number(2, 0, 99)?),
            'j' => {
                self.parts.yearday = self.number(3, 1, 366)? - 1;
                self.seen.yearday = true;
            }
            'H' | 'k' => self.parts.hour = self.number(2, 0, 23)?,
            'I' | 'l' => self.parts.hour = self.number(2, 1, 12)? % 12,
            'p' | 'P' => self.afternoon()?,
            'M' => self.parts.minute = self.number(2, 0, 59)?,
            #[allow(clippy::cast_precision_loss, reason = "at most 61")]
            'S' => self.parts.second = self.number(2, 0, 61)? as f64,
            's' => self.seen.seconds = Some(self.signed(14)?),
            'u' => self.parts.weekday = self.number(1, 1, 7)? % 7,
            'w' => self.parts.weekday = self.number(1, 0, 6)?,
            'z' => self.zone()?,
            'Z' => {
                let letters = |char: char| char.is_ascii_alphabetic();
                self.rest = self.rest.trim_start_matches(letters);
            }
            'n' | 't' => self.rest = self.rest.trim_start(),
            '%' => self.rest = self.rest.strip_prefix('%')?,
            'T' => self.all("%H:%M:%S")?,
            'R' => self.all("%H:%M")?,
            'D' => self.all("%m/%d/%y")?,
            'F' => self.all("%Y-%m-%d")?,
            'c' => self.all("%a %b %e %H:%M:%S %Y")?,
            'r' => self.all("%I:%M:%S %p")?,
            'G' | 'g' | 'U' | 'V' | 'W' => drop(self.number(4, 0, 9999)?),
            _ => return None,
        }
        Some(())
    }

    /// Digits, at most so many, in a range; spaces before them are skipped.
    fn number(&mut self, most: usize, least: i64, greatest: i64) -> Option<i64> {
        let text = self.rest.trim_start_matches(' ');
        let digits = text
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        let number = text.get(..digits)?.parse().ok()?;
        self.rest = text.get(digits..)?;
        (least..=greatest).contains(&number).then_some(number)
    }

    fn signed(&mut self, most: usize) -> Option<i64> {
        let text = self.rest.trim_start_matches(' ');
        match text.strip_prefix('-') {
            Some(text) => {
                self.rest = text;
                self.number(most, 0, i64::MAX).map(|number| -number)
            }
            None => self.number(most, 0, i64::MAX),
        }
    }

    /// One of some names, whole or its first three letters.
    fn name(&mut self, names: &[&str]) -> Option<i64> {
        let starts = |name: &str| {
            let start = self.rest.get(..name.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        for (index, name) in names.iter().enumerate() {
            for name in [*name, name.get(..3)?] {
                if starts(name) {
                    self.rest = self.rest.get(name.len()..)?;
                    return i64::try_from(index).ok();
                }
            }
        }
        None
    }

    fn afternoon(&mut self) -> Option<()> {
        let word = self.rest.get(..2)?.to_ascii_uppercase();
        self.seen.afternoon = Some(match word.as_str() {
            "AM" => false,
            "PM" => true,
            _ => return None,
        });
        self.rest = self.rest.get(2..)?;
        Some(())
    }

    /// An offset is read and, as in jq, changes nothing.
    fn zone(&mut self) -> Option<()> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Some(());
        }
        self.rest = self.rest.strip_prefix(['+', '-'])?;
        self.number(2, 0, 23)?;
        self.rest = self.rest.strip_prefix(':').unwrap_or(self.rest);
        if self.rest.starts_with(|char: char| char.is_ascii_digit()) {
            self.number(2, 0, 59)?;
        }
        Some(())
    }

    /// Fills in the parts that follow from others.
    fn finish(self) -> Parts {
        let Self {
            mut parts, seen, ..
        } = self;
        if let Some(seconds) = seen.seconds {
            #[allow(clippy::cast_precision_loss, reason = "at most 14 digits")]
            return Parts::from_seconds(seconds as f64);
        }
        if seen.afternoon == Some(true) {
            parts.hour += 12;
        }
        if let Some(century) = seen.century {
            parts.year = century * 100 + parts.year.rem_euclid(100);
        }
        if seen.yearday && !(seen.day && seen.month) {
            let day = days(parts.year, 0, 1) + parts.yearday;
            #[allow(clippy::cast_precision_loss, reason = "days are far below 2^53")]
            let date = Parts::from_seconds(day as f64 * 86_400.0);
            (parts.month, parts.day) = (date.month, date.day);
        }
        let day = days(parts.year, parts.month, parts.day);
        if seen.day || seen.yearday {
            parts.weekday = (day + 4).rem_euclid(7);
            parts.yearday = day - days(parts.year, 0, 1);
        }
        parts
    }
}
