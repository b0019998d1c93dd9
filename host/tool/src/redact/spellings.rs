//! Spellings of secrets that are looked for in every reading of a text.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use cofferdam_capability::SecretName;

use super::known::KnownValues;
use super::unescape::{Reading, Signs};

/// The shortest spelling that is looked for, in bytes. A secret whose escapes are undone may be
/// shorter than it was.
const MIN_SPELLING: usize = 8;

/// The longest spelling that is looked for as a whole, in bytes. A longer one is looked for in
/// parts, which overlap: so the longest secret takes no more memory for each reading.
pub(super) const MAX_SPELLING: usize = 256;

/// Bytes that a part has in common with the next one.
const OVERLAP: usize = 16;

/// Maximum bytes of a secret that may be left at the end of a cut output,
/// because so few say nothing.
pub(super) const MAX_REST: usize = 4;

/// The shortest beginning of a secret that is found where a text was cut, in bytes.
pub(super) const MIN_BEGIN: usize = MAX_REST + 1;

/// Bytes of all spellings up to which they are found by a table with all that may follow, which is
/// fast and large.
const MAX_TABLE: usize = 4 << 10;

/// All spellings of all secrets.
pub(super) struct Spellings {
    all: Vec<Spelling>,
    whole: AhoCorasick,
    begins: AhoCorasick,
    signs: Signs,
}

struct Spelling {
    bytes: Vec<u8>,
    /// The words that stand in its place.
    mark: String,
}

impl Spellings {
    pub(super) fn new(known: &KnownValues) -> Result<Self, BuildError> {
        let signs = Signs::new()?;
        let mut all = Vec::new();
        for known in known.iter() {
            let parts: BTreeSet<Vec<u8>> = of(&known.value, &signs)
                .iter()
                .flat_map(|spelling| parts(spelling))
                .collect();
            all.extend(parts.into_iter().map(|bytes| Spelling {
                bytes,
                mark: mark(&known.mark),
            }));
        }
        let size: usize = all.iter().map(|spelling| spelling.bytes.len()).sum();
        let kind = if size <= MAX_TABLE {
            AhoCorasickKind::DFA
        } else {
            AhoCorasickKind::ContiguousNFA
        };
        // Hexadecimal is written in capitals or not, and names of hosts are never.
        let mut builder = AhoCorasick::builder();
        builder
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .kind(Some(kind));
        let whole = builder.build(all.iter().map(|spelling| &spelling.bytes))?;
        let begin = |spelling: &Spelling| {
            spelling
                .bytes
                .iter()
                .take(MIN_BEGIN)
                .copied()
                .collect::<Vec<u8>>()
        };
        let begins = builder.build(all.iter().map(begin))?;
        Ok(Self {
            all,
            whole,
            begins,
            signs,
        })
    }

    /// Finds whole spellings.
    pub(super) fn whole(&self) -> &AhoCorasick {
        &self.whole
    }

    /// Finds the first [`MIN_BEGIN`] bytes of each.
    pub(super) fn begins(&self) -> &AhoCorasick {
        &self.begins
    }

    pub(super) fn signs(&self) -> &Signs {
        &self.signs
    }

    pub(super) fn get(&self, spelling: usize) -> &[u8] {
        self.all
            .get(spelling)
            .map_or(&[], |spelling| &spelling.bytes)
    }

    pub(super) fn mark_of(&self, spelling: usize) -> &[u8] {
        self.all
            .get(spelling)
            .map_or(b"[redacted]", |spelling| spelling.mark.as_bytes())
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}

fn mark(name: &SecretName) -> String {
    format!("[redacted:{name}]")
}

/// A spelling in parts that are short enough. The last one begins earlier, so that it is as long as
/// the others.
fn parts(spelling: &[u8]) -> Vec<Vec<u8>> {
    let last = spelling.len().saturating_sub(MAX_SPELLING);
    let starts = (0..last).step_by(MAX_SPELLING - OVERLAP).chain([last]);
    starts
        .map(|start| {
            spelling
                .iter()
                .skip(start)
                .take(MAX_SPELLING)
                .copied()
                .collect()
        })
        .collect()
}

/// The spellings of one secret.
fn of(value: &[u8], signs: &Signs) -> BTreeSet<Vec<u8>> {
    let mut written = BTreeSet::from([value.to_vec()]);
    // A server may take each byte for a character, as headers were once read.
    written.insert(
        value
            .iter()
            .copied()
            .map(char::from)
            .collect::<String>()
            .into_bytes(),
    );
    if let Ok(text) = str::from_utf8(value) {
        let zeros = |units: Vec<u8>| units.into_iter().filter(|byte| *byte != 0).collect();
        written.insert(zeros(
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ));
        written.insert(zeros(
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ));
    }
    // A secret that holds what looks like an escape is changed by the reading that undoes them.
    let read = |value: &Vec<u8>| -> Vec<Vec<u8>> {
        Reading::of(value)
            .iter()
            .flat_map(|reading| reading.all_of(value, signs))
            .collect()
    };
    let mut all: BTreeSet<Vec<u8>> = written.iter().flat_map(read).collect();
    all.append(&mut written);
    // Forms write `+` for a space.
    all.insert(
        value
            .iter()
            .map(|byte| if *byte == b' ' { b'+' } else { *byte })
            .collect(),
    );
    for encode in [base64_standard, base64_url] {
        all.extend((0..3).map(|offset| base64_at(value, offset, encode)));
    }
    all.insert(
        value
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
            .into_bytes(),
    );
    all.retain(|spelling| spelling.len() >= MIN_SPELLING);
    all
}

fn base64_standard(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

fn base64_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The characters of base64 that depend on nothing but the secret, if the secret begins `offset`
/// bytes into a group of three.
fn base64_at(value: &[u8], offset: usize, encode: fn(&[u8]) -> String) -> Vec<u8> {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(value);
    let first = (offset * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    encode(&padded)
        .into_bytes()
        .get(first..end)
        .unwrap_or_default()
        .to_vec()
}
