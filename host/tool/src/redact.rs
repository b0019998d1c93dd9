//! Secrets are taken out of whatever a tool says.
//!
//! A guest never gets a secret, but a server that it talks to may send one back. Found are the exact value and its usual
//! spellings: base64, hexadecimal, URL-encoded, escaped as in JSON. A guest that rewrites what it got in a way of its own
//! is not stopped by this (`SECURITY.md`).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use cofferdam_capability::SecretName;
use cofferdam_sandbox::{Outcome, Output, Report};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use crate::secret::Secrets;

/// What is left of a secret at the place where output was cut, at most, in bytes: fewer say nothing.
const MAX_REST: usize = 4;

/// What RFC 3986 calls unreserved stays, as most encoders have it.
static UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What JavaScript's `encodeURIComponent` leaves as it is.
static COMPONENT: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*');

/// What forms leave as it is; they also write `+` for a space.
static FORM: AsciiSet = NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_').remove(b' ');

/// Characters beyond the control characters that break lines, are not seen, or turn the direction of what is read.
const HIDING: [RangeInclusive<char>; 4] =
    ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2060}'..='\u{206f}', '\u{feff}'..='\u{feff}'];

/// Finds secrets in all their spellings, in one pass.
pub(crate) struct Redactor {
    finder: Option<AhoCorasick>,
    /// Each spelling, and what stands in its place.
    spellings: Vec<(Vec<u8>, String)>,
    longest: usize,
}

impl Redactor {
    /// For all of `secrets`.
    pub(crate) fn new(secrets: &Secrets) -> Self {
        let mut all = Vec::new();
        for (name, value) in secrets.iter() {
            all.extend(spellings(value).into_iter().map(|spelling| (spelling, mark(name))));
        }
        let longest = all.iter().map(|(spelling, _)| spelling.len()).max().unwrap_or(0);
        // Longest first: what contains a shorter secret is taken out whole.
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(all.iter().map(|(spelling, _)| spelling))
            .inspect_err(|error| tracing::error!("secrets cannot be looked for, so nothing is told: {error}"));
        Self { finder: finder.ok(), spellings: all, longest }
    }

    /// Everything of a report that leaves the host.
    pub(crate) fn report(&self, report: &mut Report) {
        if self.spellings.is_empty() {
            return;
        }
        self.output(&mut report.stdout);
        self.output(&mut report.stderr);
        match &mut report.receipt.outcome {
            Outcome::GuestError { message, .. } | Outcome::Trap { message } | Outcome::HostFault { message } => {
                self.text(message);
            }
            Outcome::Denied { reason } => self.text(reason),
            Outcome::Ok
            | Outcome::OutOfFuel
            | Outcome::OutOfMemory
            | Outcome::StackOverflow
            | Outcome::Deadline
            | Outcome::Cancelled
            | Outcome::HostCallTooLarge => {}
        }
        report.receipt.refusals.iter_mut().for_each(|refusal| self.text(refusal));
        let directories = std::mem::take(&mut report.receipt.directories).into_iter();
        let clean = |(mut name, access)| {
            self.text(&mut name);
            (name, access)
        };
        report.receipt.directories = directories.map(clean).collect();
        let receipt = &mut report.receipt;
        for changed in [&mut receipt.removed, &mut receipt.renamed, &mut receipt.truncated] {
            changed.names.iter_mut().for_each(|name| self.text(name));
        }
    }

    /// What a guest says as one line for a log or a person: what it could use to forge or hide lines is shown escaped.
    pub(crate) fn line(&self, said: &str) -> String {
        let mut line = said.to_owned();
        if !self.spellings.is_empty() {
            self.text(&mut line);
        }
        line.chars().fold(String::with_capacity(line.len()), |mut shown, c| {
            match c.is_control() || HIDING.iter().any(|hiding| hiding.contains(&c)) {
                true => shown.extend(c.escape_default()),
                false => shown.push(c),
            }
            shown
        })
    }

    fn output(&self, output: &mut Output) {
        let cut = output.dropped() > 0;
        output.replace(self.redacted(output.bytes(), cut));
    }

    fn text(&self, text: &mut String) {
        *text = String::from_utf8_lossy(&self.redacted(text.as_bytes(), true)).into_owned();
    }

    /// `bytes` with a mark in the place of every secret. Where they were `cut`, the beginning of one at their end goes as
    /// well.
    fn redacted(&self, bytes: &[u8], cut: bool) -> Vec<u8> {
        let Some(finder) = &self.finder else {
            return Vec::new();
        };
        let mut clean = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        let mut at = 0;
        for found in finder.find_iter(bytes) {
            clean.extend_from_slice(bytes.get(at..found.start()).unwrap_or_default());
            clean.extend_from_slice(self.mark_of(found.pattern().as_usize()));
            at = found.end();
            rest = bytes.get(at..).unwrap_or_default();
        }
        match cut.then(|| self.begun(rest)).flatten() {
            Some((start, mark)) => {
                clean.extend_from_slice(rest.get(..start).unwrap_or_default());
                clean.extend_from_slice(mark);
            }
            None => clean.extend_from_slice(rest),
        }
        clean
    }

    fn mark_of(&self, pattern: usize) -> &[u8] {
        self.spellings.get(pattern).map_or(b"[redacted]", |(_, mark)| mark.as_bytes())
    }

    /// Where the beginning of a secret stands at the end of `rest`.
    fn begun(&self, rest: &[u8]) -> Option<(usize, &[u8])> {
        let first = rest.len().saturating_sub(self.longest);
        (first..rest.len().saturating_sub(MAX_REST)).find_map(|start| {
            let end = rest.get(start..)?;
            let begun = self.spellings.iter().find(|(spelling, _)| spelling.starts_with(end));
            begun.map(|(_, mark)| (start, mark.as_bytes()))
        })
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").field("spellings", &self.spellings.len()).finish_non_exhaustive()
    }
}

fn mark(name: &SecretName) -> String {
    format!("[redacted:{name}]")
}

fn spellings(value: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut all = BTreeSet::from([value.to_vec()]);
    for encode in [base64_standard, base64_url] {
        all.extend((0..3).map(|offset| base64_at(value, offset, encode)));
    }
    let hex = |digit: fn(&u8) -> String| value.iter().map(digit).collect::<String>().into_bytes();
    all.extend([hex(|byte| format!("{byte:02x}")), hex(|byte| format!("{byte:02X}"))]);
    all.extend([hex(|byte| format!("%{byte:02x}")), hex(|byte| format!("%{byte:02X}"))]);
    let encode = |set: &'static AsciiSet| percent_encode(value, set).to_string();
    let form = encode(&FORM).replace(' ', "+");
    for encoded in [encode(&UNRESERVED), encode(&COMPONENT), encode(NON_ALPHANUMERIC), form] {
        all.extend([with_lower_hex(&encoded).into_bytes(), encoded.into_bytes()]);
    }
    if let Ok(text) = str::from_utf8(value) {
        let json = serde_json::Value::from(text).to_string();
        all.insert(json.trim_matches('"').as_bytes().to_vec());
    }
    all
}

fn base64_standard(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

fn base64_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What every base64 text holds in which the secret begins `offset` bytes into a group of three: the characters that
/// depend on nothing but the secret.
fn base64_at(value: &[u8], offset: usize, encode: fn(&[u8]) -> String) -> Vec<u8> {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(value);
    let first = (offset * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    encode(&padded).into_bytes().get(first..end).unwrap_or_default().to_vec()
}

/// `%AB` as `%ab`; the rest stays as it is.
fn with_lower_hex(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        lower.push('%');
        lower.push_str(&digits.to_ascii_lowercase());
        lower.push_str(rest);
    }
    lower
}

#[cfg(test)]
mod tests;
