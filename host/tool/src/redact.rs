//! Secrets are taken out of whatever a tool says.
//!
//! A guest never gets a secret, but a server that it talks to may send one back. Found are the exact value, base64 and
//! hexadecimal, in capitals or not; and each of these written with escapes, in which every character may be written in
//! several ways: as in JSON, HTML, URLs and quoted-printable text, one inside another, and broken into lines. [`unescape`]
//! undoes the escapes while it reads, and knows where each byte came from. A guest that rewrites what it got in a way of
//! its own is not stopped by this (`SECURITY.md`).

mod search;
mod unescape;

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::MatchKind;
use aho_corasick::nfa::contiguous::NFA;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use cofferdam_call::{Outcome, Report};
use cofferdam_capability::{Account, ForeignText, Overdrawn, SecretName};
use cofferdam_sandbox::Allowance;

use crate::secret::Secrets;
use search::Search;
use unescape::{Piece, Reading, unescaped};

/// What is left of a secret at the place where output was cut, at most, in bytes: fewer say nothing.
const MAX_REST: usize = 4;

/// The shortest spelling that is looked for, in bytes. A secret whose escapes are undone may be shorter than it was.
const MIN_SPELLING: usize = 8;

/// Bytes that are read between two moments at which others run: about a millisecond.
const PIECE: usize = 32 << 10;

/// Finds secrets in all their spellings.
pub(crate) struct Redactor {
    finder: Option<NFA>,
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
        // Hexadecimal is written in capitals or not, and names of hosts are never.
        let finder = NFA::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .build(all.iter().map(|(spelling, _)| spelling))
            .inspect_err(|error| tracing::error!("secrets cannot be looked for, so nothing is told: {error}"));
        Self { finder: finder.ok(), spellings: all, longest }
    }

    /// Takes the secrets out of everything of a report that leaves the host. The work is the call's: it is within its time
    /// and its memory. A report that does not come through withholds what the guest said.
    pub(crate) async fn redact(&self, mut report: Report, allowance: &Allowance) -> Report {
        if self.spellings.is_empty() {
            return report;
        }
        let withheld = match allowance.to_end().within(self.report(&mut report, allowance.account())).await {
            Ok(Ok(())) => None,
            Ok(Err(_)) => Some(Outcome::OutOfMemory),
            Err(outcome) => Some(outcome),
        };
        if let Some(outcome) = withheld {
            withhold(&mut report, outcome);
        }
        allowance.settle(&mut report.receipt);
        report
    }

    async fn report(&self, report: &mut Report, account: &Account) -> Result<(), Overdrawn> {
        for output in [&mut report.stdout, &mut report.stderr] {
            let cut = output.dropped() > 0;
            if let Some(clean) = self.slowly(output.bytes(), cut, account).await? {
                output.replace(clean);
            }
        }
        let receipt = &mut report.receipt;
        match &mut receipt.outcome {
            Outcome::GuestError { message, .. } | Outcome::Trap { message } | Outcome::HostFault { message } => {
                self.text_slowly(message, account).await?;
            }
            Outcome::Denied { reason } => self.text_slowly(reason, account).await?,
            Outcome::Ok
            | Outcome::OutOfFuel
            | Outcome::OutOfMemory
            | Outcome::StackOverflow
            | Outcome::Deadline
            | Outcome::Cancelled
            | Outcome::HostCallTooLarge => {}
        }
        let changes = [&mut receipt.removed, &mut receipt.renamed, &mut receipt.truncated];
        let names = changes.into_iter().flat_map(|changed| &mut changed.names);
        for text in receipt.refusals.iter_mut().chain(names) {
            self.text_slowly(text, account).await?;
        }
        let mut directories = BTreeMap::new();
        for (mut name, access) in std::mem::take(&mut receipt.directories) {
            self.text_slowly(&mut name, account).await?;
            directories.insert(name, access);
        }
        receipt.directories = directories;
        let mut hosts = BTreeMap::new();
        for (mut host, connections) in std::mem::take(&mut receipt.hosts) {
            self.text_slowly(&mut host, account).await?;
            let sum: &mut u64 = hosts.entry(host).or_default();
            *sum = sum.saturating_add(connections);
        }
        receipt.hosts = hosts;
        Ok(())
    }

    /// What a guest says as one line for a log or a person: what it could use to forge or hide lines is shown escaped.
    /// Such lines have a few kilobytes at most.
    pub(crate) fn line(&self, said: &str) -> String {
        let clean = (!self.spellings.is_empty()).then(|| self.redacted(said.as_bytes(), true)).flatten();
        let clean = clean.map(|clean| String::from_utf8_lossy(&clean).into_owned());
        ForeignText::line(clean.as_deref().unwrap_or(said)).to_string()
    }

    async fn text_slowly(&self, text: &mut String, account: &Account) -> Result<(), Overdrawn> {
        if let Some(clean) = self.slowly(text.as_bytes(), true, account).await? {
            *text = String::from_utf8_lossy(&clean).into_owned();
        }
        Ok(())
    }

    /// The same as [`Self::redacted`], in pieces between which others run, with what is found charged to `account`.
    async fn slowly(&self, bytes: &[u8], cut: bool, account: &Account) -> Result<Option<Vec<u8>>, Overdrawn> {
        let Some(finder) = &self.finder else { return Ok(Some(Vec::new())) };
        let mut search = Search::new(self, finder, bytes, cut);
        let mut charge = account.hold("secrets that were found", 0)?;
        while search.goes_on(PIECE) {
            charge.grow("secrets that were found", search.size().saturating_sub(charge.len()))?;
            tokio::task::yield_now().await;
        }
        if !search.has_found() {
            return Ok(None);
        }
        charge
            .grow("output without secrets", search.size().saturating_sub(charge.len()).saturating_add(bytes.len()))?;
        Ok(search.clean())
    }

    /// `bytes` with a mark in the place of every secret, if there is one. Where they were `cut`, the beginning of one at
    /// their end goes as well.
    fn redacted(&self, bytes: &[u8], cut: bool) -> Option<Vec<u8>> {
        let Some(finder) = &self.finder else { return Some(Vec::new()) };
        let mut search = Search::new(self, finder, bytes, cut);
        while search.goes_on(usize::MAX) {}
        search.clean()
    }

    fn mark_of(&self, spelling: usize) -> &[u8] {
        self.spellings.get(spelling).map_or(b"[redacted]", |(_, mark)| mark.as_bytes())
    }

    /// Where the beginning of a secret stands at the end of a text that has these last pieces.
    fn begun(&self, last: &[Piece]) -> Option<(usize, usize)> {
        let said: Vec<u8> = last.iter().map(|piece| piece.byte).collect();
        (0..said.len().saturating_sub(MAX_REST)).find_map(|first| {
            let end = said.get(first..)?;
            let begins = |(spelling, _): &(Vec<u8>, String)| {
                spelling.get(..end.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(end))
            };
            let spelling = self.spellings.iter().position(begins)?;
            Some((last.get(first)?.start, spelling))
        })
    }
}

/// Nothing of what the guest said is told: nobody knows what is in it.
fn withhold(report: &mut Report, outcome: Outcome) {
    let reason = match outcome {
        Outcome::OutOfMemory => "there was no host memory left to take secrets out of it (`host-memory`)",
        _ => "there was no time left to take secrets out of it (`wall`)",
    };
    report.stdout.replace(Vec::new());
    report.stderr.replace(Vec::new());
    let receipt = &mut report.receipt;
    receipt.outcome = outcome;
    receipt.refusals = vec![format!("what the tool said is withheld: {reason}")];
    receipt.directories.clear();
    receipt.hosts.clear();
    for changed in [&mut receipt.removed, &mut receipt.renamed, &mut receipt.truncated] {
        changed.names.clear();
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

/// The spellings that are looked for in every reading.
fn spellings(value: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut all = BTreeSet::from([value.to_vec()]);
    // Forms write `+` for a space.
    all.insert(value.iter().map(|byte| if *byte == b' ' { b'+' } else { *byte }).collect());
    // A secret that holds what looks like an escape is changed by the reading that undoes them.
    for reading in Reading::of(value) {
        let read: Vec<u8> = unescaped(value, reading, false).map(|piece| piece.byte).collect();
        if read.len() >= MIN_SPELLING {
            all.insert(read);
        }
    }
    for encode in [base64_standard, base64_url] {
        all.extend((0..3).map(|offset| base64_at(value, offset, encode)));
    }
    all.insert(value.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes());
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

#[cfg(test)]
mod tests;
