//! Secrets are taken out of whatever a tool says.
//!
//! A guest never gets a secret, but a server that it talks to may send one back, in the form in
//! which its program writes values. [`unescape`] undoes escapes of many kinds, one inside another;
//! [`decode`] reads bytes that are written as base64 or as numbers; [`search`] looks for the
//! [`spellings`] of all secrets after each step, and knows where each byte came from. A guest that
//! rewrites what it got in a way of its own is not stopped by this (`SECURITY.md`).

mod decode;
mod escapes;
mod pieces;
mod search;
mod spellings;
mod unescape;

use std::collections::BTreeMap;

use aho_corasick::BuildError;
use cofferdam_call::{GuestVerdict, Outcome, Report};
use cofferdam_capability::{Account, ForeignText, Overdrawn};
use cofferdam_sandbox::Allowance;

use crate::secret::Secrets;
use search::Search;
use spellings::Spellings;

/// Bytes that are read between two moments at which others run: about a millisecond.
const PIECE: usize = 16 << 10;

/// Finds secrets in all their spellings.
pub(crate) struct Redactor {
    /// Nothing is told where this is an error.
    spellings: Result<Spellings, BuildError>,
}

impl Redactor {
    /// For all of `secrets`.
    pub(crate) fn new(secrets: &Secrets) -> Self {
        let spellings = Spellings::new(secrets).inspect_err(|error| {
            tracing::error!("secrets cannot be looked for, so nothing is told: {error}")
        });
        Self { spellings }
    }

    fn is_idle(&self) -> bool {
        self.spellings
            .as_ref()
            .is_ok_and(|spellings| spellings.len() == 0)
    }

    /// Takes the secrets out of everything of a report that leaves the host. The work is the
    /// call's: it is within its time and its memory. A report that does not come through withholds
    /// what the guest said.
    pub(crate) async fn redact(&self, mut report: Report, allowance: &Allowance) -> Report {
        if self.is_idle() {
            return report;
        }
        let withheld = match allowance
            .to_end()
            .within(self.report(&mut report, allowance.account()))
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

    async fn report(&self, report: &mut Report, account: &Account) -> Result<(), Overdrawn> {
        for output in [&mut report.stdout, &mut report.stderr] {
            let cut = output.dropped() > 0;
            if let Some(clean) = self.slowly(output.bytes(), cut, account).await? {
                output.replace(clean);
            }
        }
        let receipt = &mut report.receipt;
        match &mut receipt.outcome {
            Outcome::GuestError { message, .. }
            | Outcome::Trap { message }
            | Outcome::HostFault { message } => {
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
        if let Some(GuestVerdict { code, details, .. }) = &mut receipt.verdict {
            self.text_slowly(code, account).await?;
            for (key, value) in details {
                self.text_slowly(key, account).await?;
                self.text_slowly(value, account).await?;
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

    /// Returns a guest's words as one line for a log or a person: what it could use to forge or
    /// hide lines is shown escaped. Such lines have a few kilobytes at most.
    pub(crate) fn line(&self, said: &str) -> String {
        let clean = (!self.is_idle())
            .then(|| self.redacted(said.as_bytes(), true))
            .flatten();
        let clean = clean.map(|clean| String::from_utf8_lossy(&clean).into_owned());
        ForeignText::line(clean.as_deref().unwrap_or(said)).to_string()
    }

    async fn text_slowly(&self, text: &mut String, account: &Account) -> Result<(), Overdrawn> {
        if let Some(clean) = self.slowly(text.as_bytes(), true, account).await? {
            *text = String::from_utf8_lossy(&clean).into_owned();
        }
        Ok(())
    }

    /// The same as [`Self::redacted`], in pieces between which others run, with what is found
    /// charged to `account`.
    async fn slowly(
        &self,
        bytes: &[u8],
        cut: bool,
        account: &Account,
    ) -> Result<Option<Vec<u8>>, Overdrawn> {
        let Ok(spellings) = &self.spellings else {
            return Ok(Some(Vec::new()));
        };
        let mut search = Search::new(spellings, bytes, cut);
        let _working = account.hold("the search for secrets", search.working())?;
        let mut charge = account.hold("secrets that were found", 0)?;
        while search.goes_on(PIECE) {
            charge.grow(
                "secrets that were found",
                search.size().saturating_sub(charge.len()),
            )?;
            tokio::task::yield_now().await;
        }
        if !search.has_found() {
            return Ok(None);
        }
        charge.grow(
            "output without secrets",
            search
                .size()
                .saturating_sub(charge.len())
                .saturating_add(bytes.len()),
        )?;
        Ok(search.clean())
    }

    /// `bytes` with a mark in the place of every secret, if there is one. Where they were `cut`,
    /// the beginning of one at their end goes as well.
    fn redacted(&self, bytes: &[u8], cut: bool) -> Option<Vec<u8>> {
        let Ok(spellings) = &self.spellings else {
            return Some(Vec::new());
        };
        let mut search = Search::new(spellings, bytes, cut);
        while search.goes_on(usize::MAX) {}
        search.clean()
    }
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
            .field(
                "spellings",
                &self.spellings.as_ref().map_or(0, Spellings::len),
            )
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
