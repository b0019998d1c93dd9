//! The comparison of two lines.

use std::borrow::Cow;
use std::cmp;
use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};

use cofferdam_command::{Stop, read};
use uucore::version_cmp::version_cmp;

use crate::args::Args;
use crate::field::{is_blank, text};
use crate::key::{Key, Order, Ordering};
use crate::number;

/// Months of `-M`.
const MONTHS: [&[u8]; 12] = [
    b"JAN", b"FEB", b"MAR", b"APR", b"MAY", b"JUN", b"JUL", b"AUG", b"SEP", b"OCT", b"NOV", b"DEC",
];

/// A line and its first key, which is looked for once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) text: &'a [u8],
    key: &'a [u8],
}

/// The comparison of lines.
pub(crate) struct Comparison {
    keys: Vec<Key>,
    separator: Option<u8>,
    /// Lines are compared as a whole, without keys.
    reverse: bool,
    /// Equal keys make equal lines.
    only_keys: bool,
    seed: u64,
}

impl Comparison {
    pub(crate) fn new(args: &Args) -> Result<Self, Stop> {
        args.ordering.check()?;
        let mut keys = args.keys.clone();
        for key in &mut keys {
            // Keys without options of their own have those of all.
            if key.ordering.is_plain() && !key.ordering.reverse {
                key.ordering = args.ordering;
            }
        }
        if keys.is_empty() && !args.ordering.is_plain() {
            keys.push(Key {
                start: Default::default(),
                end: None,
                ordering: args.ordering,
            });
        }
        let seed = match &args.random_source {
            Some(file) => {
                let mut hasher = DefaultHasher::new();
                hasher.write(&read(file)?);
                hasher.finish()
            }
            None => RandomState::new().hash_one(0),
        };
        Ok(Self {
            only_keys: !keys.is_empty() && (args.stable || args.unique),
            keys,
            separator: args.separator,
            reverse: args.ordering.reverse,
            seed,
        })
    }

    /// A line, with its first key found.
    pub(crate) fn line<'a>(&self, line: &'a [u8]) -> Line<'a> {
        let key = match self.keys.first() {
            Some(key) => text(line, key, self.separator),
            None => line,
        };
        Line { text: line, key }
    }

    /// Sorts lines; equal ones keep their order.
    pub(crate) fn sort(&self, lines: &mut [Line<'_>]) {
        if self.keys.is_empty() {
            self.sort_whole(lines);
        } else {
            lines.sort_by(|a, b| self.compare(a, b));
        }
    }

    /// Sorts lines that are compared as a whole. Most of them differ in their first bytes, which
    /// are compared as one number: in WebAssembly a comparison of bytes is a loop.
    fn sort_whole(&self, lines: &mut [Line<'_>]) {
        let mut numbered: Vec<_> = lines.iter().map(|line| (first(line.text), *line)).collect();
        // Equal lines are the same bytes: it does not matter which of them comes first.
        numbered.sort_unstable_by(|(one, a), (other, b)| {
            let found = one.cmp(other).then_with(|| a.text.cmp(b.text));
            self.direction(found)
        });
        for (place, (_, line)) in lines.iter_mut().zip(numbered) {
            *place = line;
        }
    }

    /// Which line comes first.
    pub(crate) fn compare(&self, a: &Line<'_>, b: &Line<'_>) -> cmp::Ordering {
        for (number, key) in self.keys.iter().enumerate() {
            let found = match number {
                0 => self.by_key(a.key, b.key, &key.ordering),
                _ => self.by_key(
                    text(a.text, key, self.separator),
                    text(b.text, key, self.separator),
                    &key.ordering,
                ),
            };
            if found.is_ne() {
                return match key.ordering.reverse {
                    true => found.reverse(),
                    false => found,
                };
            }
        }
        match self.only_keys {
            true => cmp::Ordering::Equal,
            false => self.direction(a.text.cmp(b.text)),
        }
    }

    fn direction(&self, found: cmp::Ordering) -> cmp::Ordering {
        match self.reverse {
            true => found.reverse(),
            false => found,
        }
    }

    fn by_key(&self, a: &[u8], b: &[u8], ordering: &Ordering) -> cmp::Ordering {
        let (a, b) = (counted(a, ordering), counted(b, ordering));
        match ordering.order {
            Order::Text => a.cmp(&b),
            Order::Numeric => number::numeric(&a, &b),
            Order::General => number::general(&a, &b),
            Order::Human => number::human(&a, &b),
            Order::Month => month(&a).cmp(&month(&b)),
            Order::Version => version_cmp(&a, &b),
            Order::Random => self.hash(&a).cmp(&self.hash(&b)).then_with(|| a.cmp(&b)),
        }
    }

    fn hash(&self, text: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.seed);
        hasher.write(text);
        hasher.finish()
    }
}

/// The first bytes of a line as a number that is smaller where they come first. A shorter line has
/// zeros behind it, so equal numbers say nothing.
fn first(text: &[u8]) -> u64 {
    let mut bytes = [0; size_of::<u64>()];
    for (place, byte) in bytes.iter_mut().zip(text) {
        *place = *byte;
    }
    u64::from_be_bytes(bytes)
}

/// The part of a key that counts.
fn counted<'a>(text: &'a [u8], ordering: &Ordering) -> Cow<'a, [u8]> {
    if !(ordering.fold || ordering.dictionary || ordering.printable) {
        return Cow::Borrowed(text);
    }
    let counts = |byte: &u8| match ordering.dictionary {
        true => byte.is_ascii_alphanumeric() || is_blank(*byte),
        false => !ordering.printable || (b' '..=b'~').contains(byte),
    };
    let folded = |byte: u8| match ordering.fold {
        true => byte.to_ascii_uppercase(),
        false => byte,
    };
    text.iter().copied().filter(counts).map(folded).collect()
}

/// The number of a month, and 0 for what is none.
fn month(text: &[u8]) -> usize {
    let blanks = text.iter().take_while(|byte| is_blank(**byte)).count();
    let name = text.get(blanks..blanks + 3).map(<[u8]>::to_ascii_uppercase);
    name.and_then(|name| MONTHS.iter().position(|month| *month == name))
        .map_or(0, |month| month + 1)
}
