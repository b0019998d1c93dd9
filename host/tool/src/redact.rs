//! Secrets are taken out of whatever a tool says.
//!
//! A guest never gets a secret, but a server that it talks to may send one back, in the form in
//! which its program writes values. [`unescape`] undoes escapes of many kinds, one inside another;
//! [`decode`] reads bytes that are written as base64 or as numbers; [`search`] looks for the
//! [`spellings`] of all secrets after each step, and knows where each byte came from. A guest that
//! rewrites what it got in a way of its own is not stopped by this (`SECURITY.md`).
//!
//! Then come [`shapes`] of credentials that this host does not know: a tool may print the
//! operator's, which it found in a file.

mod decode;
mod escapes;
mod finders;
mod known;
mod pieces;
mod scan;
mod search;
mod shapes;
mod spellings;
mod unescape;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use cofferdam_call::{GuestVerdict, Outcome, Report};
use cofferdam_capability::{Account, ForeignText, Overdrawn};
use cofferdam_sandbox::Allowance;

use finders::Finders;
use known::KnownValues;
pub(crate) use known::{Known, TooMany};

/// Finds secrets in all their spellings, and what looks like one.
pub(crate) struct Redactor {
    known: Mutex<KnownValues>,
    /// Replaced whole when a value becomes known.
    finders: RwLock<Arc<Finders>>,
}

impl Redactor {
    /// For secrets that become known later.
    pub(crate) fn new() -> Self {
        let known = KnownValues::default();
        let finders = RwLock::new(Arc::new(Finders::new(&known)));
        Self {
            known: Mutex::new(known),
            finders,
        }
    }

    /// Looks for these values as well, in everything that leaves the host from now on.
    pub(crate) fn learn(&self, values: Vec<Known>) -> Result<(), TooMany> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_changed = false;
        let mut learnt = Ok(());
        for value in values {
            if learnt.is_ok() && known.lacks(&value) {
                learnt = known.add(value);
                is_changed = true;
            }
        }
        if is_changed {
            let finders = Arc::new(Finders::new(&known));
            *self.finders.write().unwrap_or_else(PoisonError::into_inner) = finders;
        }
        learnt
    }

    fn finders(&self) -> Arc<Finders> {
        Arc::clone(&self.finders.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the secrets out of everything of a report that leaves the host. The work is the
    /// call's: it is within its time and its memory. A report that does not come through withholds
    /// what the guest said.
    pub(crate) async fn redact(&self, mut report: Report, allowance: &Allowance) -> Report {
        let finders = self.finders();
        let withheld = match allowance
            .to_end()
            .within(redact_report(&finders, &mut report, allowance.account()))
            .await
        {
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

    /// Returns a guest's words as one line for a log or a person: what it could use to forge or
    /// hide lines is shown escaped. Such lines have a few kilobytes at most.
    pub(crate) fn line(&self, said: &str) -> String {
        let clean = self.redacted(said.as_bytes(), true);
        let clean = clean.map(|clean| String::from_utf8_lossy(&clean).into_owned());
        ForeignText::line(clean.as_deref().unwrap_or(said)).to_string()
    }

    /// `bytes` with a mark in the place of every secret, if there is one. Where they were `cut`,
    /// the beginning of one at their end goes as well.
    fn redacted(&self, bytes: &[u8], cut: bool) -> Option<Vec<u8>> {
        self.finders().redacted(bytes, cut)
    }
}

/// Takes the secrets out of every text of a report.
async fn redact_report(
    finders: &Finders,
    report: &mut Report,
    account: &Account,
) -> Result<(), Overdrawn> {
    for output in [&mut report.stdout, &mut report.stderr] {
        let cut = output.dropped() > 0;
        if let Some(clean) = finders.slowly(output.bytes(), cut, account).await? {
            output.replace(clean);
        }
    }
    let receipt = &mut report.receipt;
    match &mut receipt.outcome {
        Outcome::GuestError { message, .. }
        | Outcome::Trap { message }
        | Outcome::HostFault { message } => {
            text_slowly(finders, message, account).await?;
        }
        Outcome::Denied { reason }
        | Outcome::ApprovalPending { reason, .. }
        | Outcome::SecretUnavailable { reason, .. } => {
            text_slowly(finders, reason, account).await?
        }
        Outcome::Ok
        | Outcome::OutOfFuel
        | Outcome::OutOfMemory
        | Outcome::StackOverflow
        | Outcome::Deadline
        | Outcome::Cancelled
        | Outcome::HostCallTooLarge => {}
    }
    if let Some(GuestVerdict { code, details, .. }) = &mut receipt.verdict {
        text_slowly(finders, code, account).await?;
        for (key, value) in details {
            text_slowly(finders, key, account).await?;
            text_slowly(finders, value, account).await?;
        }
    }
    let changes = [
        &mut receipt.removed,
        &mut receipt.renamed,
        &mut receipt.truncated,
        &mut receipt.unlisted,
    ];
    let names = changes.into_iter().flat_map(|changed| &mut changed.names);
    for text in receipt.refusals.iter_mut().chain(names) {
        text_slowly(finders, text, account).await?;
    }
    let mut directories = BTreeMap::new();
    for (mut name, access) in std::mem::take(&mut receipt.directories) {
        text_slowly(finders, &mut name, account).await?;
        directories.insert(name, access);
    }
    receipt.directories = directories;
    let mut hosts = BTreeMap::new();
    for (mut host, connections) in std::mem::take(&mut receipt.hosts) {
        text_slowly(finders, &mut host, account).await?;
        let sum: &mut u64 = hosts.entry(host).or_default();
        *sum = sum.saturating_add(connections);
    }
    receipt.hosts = hosts;
    Ok(())
}

async fn text_slowly(
    finders: &Finders,
    text: &mut String,
    account: &Account,
) -> Result<(), Overdrawn> {
    if let Some(clean) = finders.slowly(text.as_bytes(), true, account).await? {
        *text = String::from_utf8_lossy(&clean).into_owned();
    }
    Ok(())
}

/// Nothing of what the guest said is told: nobody knows what is in it.
fn withhold(report: &mut Report, outcome: Outcome) {
    let reason = match outcome {
        Outcome::OutOfMemory => {
            "there was no host memory left to take secrets out of it (`host-memory`)"
        }
        _ => "there was no time left to take secrets out of it (`wall`)",
    };
    report.stdout.replace(Vec::new());
    report.stderr.replace(Vec::new());
    let receipt = &mut report.receipt;
    receipt.outcome = outcome;
    receipt.verdict = None;
    receipt.refusals = vec![format!("what the tool said is withheld: {reason}")];
    receipt.directories.clear();
    receipt.hosts.clear();
    for changed in [
        &mut receipt.removed,
        &mut receipt.renamed,
        &mut receipt.truncated,
        &mut receipt.unlisted,
    ] {
        changed.names.clear();
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor")
            .field("spellings", &self.finders().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
