//! The right side of `s`: text, groups, and changes of case.

use cofferdam_command::{lower, upper};
use cofferdam_regex::Captures;

use crate::escape::escape;

/// A parsed replacement.
pub(crate) struct Replacement {
    parts: Vec<Part>,
    /// The highest group that it names.
    pub(crate) groups: usize,
}

enum Part {
    Text(Vec<u8>),
    /// `&` is group 0.
    Group(usize),
    Case(Case),
}

/// `\U`, `\L`, `\E`, `\u` and `\l`
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Upper,
    Lower,
    End,
    NextUpper,
    NextLower,
}

impl Replacement {
    /// Parses what stands between the delimiters.
    pub(crate) fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut parts = Vec::new();
        let mut groups = 0;
        let mut literal = String::new();
        let mut at = 0;
        while let Some(char) = chars.get(at) {
            at += 1;
            let after = chars.get(at..).unwrap_or_default();
            let part = match (char, after.first()) {
                ('&', _) => Part::Group(0),
                ('\\', Some(next)) => {
                    let special = match next {
                        '0'..='9' => next.to_digit(10).map(|digit| Part::Group(digit as usize)),
                        'U' => Some(Part::Case(Case::Upper)),
                        'L' => Some(Part::Case(Case::Lower)),
                        'E' => Some(Part::Case(Case::End)),
                        'u' => Some(Part::Case(Case::NextUpper)),
                        'l' => Some(Part::Case(Case::NextLower)),
                        _ => None,
                    };
                    let Some(part) = special else {
                        let (meant, length) = escape(after).unwrap_or((*next, 1));
                        literal.push(meant);
                        at += length;
                        continue;
                    };
                    at += 1;
                    part
                }
                _ => {
                    literal.push(*char);
                    continue;
                }
            };
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal).into_bytes()));
            }
            if let Part::Group(group) = part {
                groups = groups.max(group);
            }
            parts.push(part);
        }
        if !literal.is_empty() {
            parts.push(Part::Text(literal.into_bytes()));
        }
        Self { parts, groups }
    }

    /// Returns true if a search need not find groups.
    pub(crate) fn needs_no_groups(&self) -> bool {
        self.groups == 0
    }

    /// Writes what a match is replaced with.
    pub(crate) fn write(&self, out: &mut Vec<u8>, text: &[u8], captures: &Captures) {
        let mut case = Casing::default();
        for part in &self.parts {
            let piece = match part {
                Part::Text(piece) => piece.as_slice(),
                Part::Group(group) => captures
                    .get(*group)
                    .and_then(|span| text.get(span))
                    .unwrap_or_default(),
                Part::Case(change) => {
                    case.change(*change);
                    continue;
                }
            };
            case.write(out, piece);
        }
    }
}

/// The case that text is written in.
#[derive(Default)]
struct Casing {
    lasting: Option<Case>,
    next: Option<Case>,
}

impl Casing {
    fn change(&mut self, case: Case) {
        match case {
            Case::Upper | Case::Lower => self.lasting = Some(case),
            Case::End => self.lasting = None,
            Case::NextUpper | Case::NextLower => self.next = Some(case),
        }
    }

    fn write(&mut self, out: &mut Vec<u8>, piece: &[u8]) {
        if self.lasting.is_none() && self.next.is_none() {
            out.extend_from_slice(piece);
            return;
        }
        for chunk in piece.utf8_chunks() {
            for char in chunk.valid().chars() {
                let mut text = String::new();
                match self.next.take().or(self.lasting) {
                    Some(Case::Upper | Case::NextUpper) => text.push(upper(char)),
                    Some(Case::Lower | Case::NextLower) => text.push(lower(char)),
                    _ => text.push(char),
                }
                out.extend_from_slice(text.as_bytes());
            }
            out.extend_from_slice(chunk.invalid());
        }
    }
}
