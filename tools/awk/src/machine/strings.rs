//! Functions that search texts: `sub`, `gsub`, `gensub`, `match`, `split` and `patsplit`.

use std::rc::Rc;

use cofferdam_command::Stop;
use cofferdam_regex::{Captures, Regex, char_length};

use super::Machine;
use crate::op::{Target, slot};
use crate::split::Splitter;
use crate::text;
use crate::value::{Array, Text, Value};

/// Which matches `substituted` replaces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    /// From 1.
    Number(usize),
}

impl Machine<'_, '_> {
    pub(super) fn substitute(
        &mut self,
        global: bool,
        target: Option<Target>,
    ) -> Result<Value, Stop> {
        // Without a target the record is changed, which is field 0.
        let key = match target {
            Some(target) => self.key_of(target),
            None => Value::Number(0.0),
        };
        let target = target.unwrap_or(Target::Field);
        let replacement = self.pop();
        let replacement = self.text(&replacement);
        let regex = self.pop();
        let regex = self.regex(&regex)?;
        let old = self.value_at(target, &key)?;
        let old = self.text(&old);
        let which = if global { Which::All } else { Which::Number(1) };
        let parts = parts(&replacement, false);
        let (new, count) = substituted(&regex, &old, &parts, which)?;
        if count > 0 {
            self.store_at(target, &key, Value::text(new))?;
        }
        Ok(Value::count(count))
    }

    pub(super) fn gensub(&mut self, values: &[Value]) -> Result<Value, Stop> {
        let [regex, replacement, how, rest @ ..] = values else {
            return Ok(Value::Unset);
        };
        let regex = self.regex(regex)?;
        let old = match rest.first() {
            Some(value) => self.text(value),
            None => self.record_text(),
        };
        let how_text = self.text(how);
        let which = match how_text.first() {
            Some(b'g' | b'G') => Which::All,
            _ => Which::Number(crate::record::field_number(how.to_number().max(1.0))?),
        };
        let parts = parts(&self.text(replacement), true);
        Ok(Value::text(substituted(&regex, &old, &parts, which)?.0))
    }

    pub(super) fn match_text(&mut self, values: &[Value]) -> Result<Value, Stop> {
        let [value, regex, rest @ ..] = values else {
            return Ok(Value::Unset);
        };
        let subject = self.text(value);
        let regex = self.regex(regex)?;
        let captures = captures(&regex, &subject, 0)?;
        if let Some(Value::Array(array)) = rest.first() {
            array.borrow_mut().clear();
            if let Some(captures) = &captures {
                self.put_groups(array, &subject, captures, regex.groups());
            }
        }
        let found = captures.and_then(|captures| captures.get(0));
        let (start, length) = match found {
            Some(span) => (
                Value::count(text::chars_before(&subject, span.start) + 1),
                Value::count(text::length(subject.get(span).unwrap_or_default())),
            ),
            None => (Value::Number(0.0), Value::Number(-1.0)),
        };
        self.set_global(slot::RSTART, start.clone());
        self.set_global(slot::RLENGTH, length);
        Ok(start)
    }

    /// Puts the text and the place of each group into an array.
    fn put_groups(&self, array: &Array, subject: &[u8], captures: &Captures, groups: usize) {
        let mut array = array.borrow_mut();
        for group in 0..=groups {
            let Some(span) = captures.get(group) else {
                continue;
            };
            let piece = subject.get(span.clone()).unwrap_or_default();
            let mut put = |part: &str, value| {
                let mut key = group.to_string().into_bytes();
                if !part.is_empty() {
                    key.extend_from_slice(&self.settings.subsep);
                    key.extend_from_slice(part.as_bytes());
                }
                array.insert(key.into(), value);
            };
            put("", Value::Input(piece.into()));
            put(
                "start",
                Value::count(text::chars_before(subject, span.start) + 1),
            );
            put("length", Value::count(text::length(piece)));
        }
    }

    pub(super) fn split(&mut self, values: &[Value]) -> Result<Value, Stop> {
        let [value, Value::Array(array), rest @ ..] = values else {
            return Ok(Value::Unset);
        };
        let subject = self.text(value);
        let splitter = match rest.first() {
            Some(separator) => Rc::new(self.splitter_of(separator)?),
            None => Rc::clone(&self.settings.separator),
        };
        Ok(put_pieces(&splitter, &subject, array, rest.get(1)))
    }

    pub(super) fn patsplit(&mut self, values: &[Value]) -> Result<Value, Stop> {
        let [value, Value::Array(array), rest @ ..] = values else {
            return Ok(Value::Unset);
        };
        let subject = self.text(value);
        let pattern = match rest.first() {
            Some(pattern) => self.regex(pattern)?,
            None => self.regex(&self.global(slot::FPAT))?,
        };
        Ok(put_pieces(
            &Splitter::Pattern(pattern),
            &subject,
            array,
            rest.get(1),
        ))
    }
}

/// Puts the pieces of a text into an array, and what stands between them into another one.
fn put_pieces(
    splitter: &Splitter,
    subject: &[u8],
    array: &Array,
    separators: Option<&Value>,
) -> Value {
    let (fields, between) = splitter.split(subject);
    let put = |array: &Array, pieces: &[std::ops::Range<usize>], first: usize| {
        let mut array = array.borrow_mut();
        array.clear();
        for (index, piece) in pieces.iter().enumerate() {
            let piece = subject.get(piece.clone()).unwrap_or_default();
            let key = (index + first).to_string();
            array.insert(key.as_bytes().into(), Value::Input(piece.into()));
        }
    };
    put(array, &fields, 1);
    if let Some(Value::Array(separators)) = separators {
        put(separators, &between, usize::from(!splitter.has_edges()));
    }
    Value::count(fields.len())
}

/// A part of a replacement.
enum Part {
    Text(Vec<u8>),
    Group(usize),
}

/// The parts of a replacement. `&` is the match, `\&` an ampersand; with `groups`, `\1` is a group.
fn parts(replacement: &[u8], groups: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut literal = Vec::new();
    let mut rest = replacement;
    loop {
        rest = match rest {
            [] => break,
            [b'\\', b'&', after @ ..] => {
                literal.push(b'&');
                after
            }
            // Two backslashes before `&`: one of them, and the match.
            [b'\\', b'\\', b'&', after @ ..] if !groups => {
                literal.push(b'\\');
                parts.push(Part::Text(std::mem::take(&mut literal)));
                parts.push(Part::Group(0));
                after
            }
            [b'\\', b'\\', b'\\', b'&', after @ ..] if !groups => {
                literal.extend_from_slice(b"\\&");
                after
            }
            [b'\\', digit @ b'0'..=b'9', after @ ..] if groups => {
                parts.push(Part::Text(std::mem::take(&mut literal)));
                parts.push(Part::Group(usize::from(digit - b'0')));
                after
            }
            [b'\\', other, after @ ..] if groups => {
                literal.push(*other);
                after
            }
            [b'&', after @ ..] => {
                parts.push(Part::Text(std::mem::take(&mut literal)));
                parts.push(Part::Group(0));
                after
            }
            [byte, after @ ..] => {
                literal.push(*byte);
                after
            }
        };
    }
    parts.push(Part::Text(literal));
    parts
}

/// The text with matches replaced, and how many were.
fn substituted(
    regex: &Regex,
    subject: &Text,
    parts: &[Part],
    which: Which,
) -> Result<(Vec<u8>, usize), Stop> {
    let needs_groups = parts.iter().any(|part| matches!(part, Part::Group(1..)));
    let mut out = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    let mut seen = 0;
    let mut count = 0;
    let mut end_before = None;
    while at <= subject.len() {
        let found = regex
            .find(subject, at)
            .map_err(|error| Stop::new(error.to_string()))?;
        let Some(span) = found else { break };
        let after = span.end + char_length(subject, span.end);
        // An empty match right behind another one is none.
        if span.is_empty() && end_before == Some(span.start) {
            at = after;
            continue;
        }
        seen += 1;
        if which == Which::All || which == Which::Number(seen) {
            let captures = if needs_groups {
                captures(regex, subject, at)?
            } else {
                Some(Captures::whole(span.clone()))
            };
            out.extend_from_slice(subject.get(copied..span.start).unwrap_or_default());
            for part in parts {
                match part {
                    Part::Text(text) => out.extend_from_slice(text),
                    Part::Group(group) => {
                        let span = captures.as_ref().and_then(|captures| captures.get(*group));
                        let piece = span.and_then(|span| subject.get(span));
                        out.extend_from_slice(piece.unwrap_or_default());
                    }
                }
            }
            copied = span.end;
            count += 1;
            if which != Which::All {
                break;
            }
        }
        end_before = Some(span.end);
        at = if span.is_empty() { after } else { span.end };
    }
    out.extend_from_slice(subject.get(copied..).unwrap_or_default());
    Ok((out, count))
}

fn captures(regex: &Regex, subject: &[u8], at: usize) -> Result<Option<Captures>, Stop> {
    regex
        .captures(subject, at)
        .map_err(|error| Stop::new(error.to_string()))
}
