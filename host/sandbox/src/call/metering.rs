//! The use of a call: metered while it runs, written down however it ends, and told in its receipt.

use std::collections::BTreeMap;
use std::time::Duration;

use cofferdam_call::{Outcome, Output, Receipt};
use cofferdam_capability::{Access, Grant};
use wasmtime::Store;

use crate::allowance::{Allowance, micros};
use crate::filesystem::{Changes, FileUse};
use crate::host::MessageTotals;
use crate::network::Contacts;
use crate::state::State;

/// The use of a call, from its wait to its last word.
#[derive(Default)]
pub(super) struct Spent {
    pub(super) queued: Duration,
    fuel: u64,
    peak_memory: u64,
    pub(super) cpu: Duration,
    memory_refused: Option<String>,
    contacts: Contacts,
    /// Bytes of standard input that came while it ran.
    stdin: u64,
    files: FileUse,
    directories: BTreeMap<String, Access>,
    changes: Changes,
    told: MessageTotals,
}

/// The bytes that went in and out.
pub(super) struct Passed<'a> {
    pub(super) bytes_in: u64,
    pub(super) stdout: &'a Output,
    pub(super) stderr: &'a Output,
}

impl Spent {
    /// Returns the receipt of a call that ended with this outcome.
    pub(super) fn receipt(
        self,
        grant: &Grant,
        outcome: Outcome,
        allowance: &Allowance,
        passed: &Passed<'_>,
    ) -> Receipt {
        let refusals = self.refusals(grant, allowance, passed);
        Receipt {
            fuel: self.fuel,
            peak_memory: self.peak_memory,
            host_memory: allowance.account().peak(),
            wall_us: micros(allowance.elapsed()),
            queued_us: micros(self.queued),
            cpu_us: micros(self.cpu),
            bytes_in: passed.bytes_in.saturating_add(self.stdin),
            stdout_bytes: passed.stdout.written(),
            stderr_bytes: passed.stderr.written(),
            files_opened: self.files.opened,
            bytes_written: self.files.written,
            entries_created: self.files.created,
            calls: self.told.calls,
            refusals,
            removed: self.changes.removed,
            renamed: self.changes.renamed,
            truncated: self.changes.truncated,
            unlisted: self.changes.unlisted,
            directories: self.directories,
            hosts: self.contacts.hosts,
            ..Receipt::unused(grant, outcome)
        }
    }

    fn refusals(&self, grant: &Grant, allowance: &Allowance, passed: &Passed<'_>) -> Vec<String> {
        let mut refusals: Vec<_> = self
            .memory_refused
            .clone()
            .into_iter()
            .chain(self.files.refusals.clone())
            .collect();
        let read_only = grant.preopens().iter().filter(|preopen| {
            let tried = self.directories.get(preopen.guest().as_str());
            preopen.access() == Access::ReadOnly && tried == Some(&Access::ReadWrite)
        });
        refusals.extend(read_only.map(|preopen| {
            format!(
                "{}: it is granted read-only, and the tool tried to write there",
                preopen.guest()
            )
        }));
        refusals.extend_from_slice(&self.contacts.refusals);
        refusals.extend_from_slice(&self.told.refusals);
        refusals.extend(allowance.account().refusal());
        for (name, output) in [("stdout", passed.stdout), ("stderr", passed.stderr)] {
            if output.dropped() > 0 {
                refusals.push(format!(
                    "{name}: {} bytes dropped beyond {}",
                    output.dropped(),
                    output.bytes().len()
                ));
            }
        }
        refusals
    }
}

/// A running call. Its use is written down when it goes, however it goes.
pub(super) struct Metered<'a> {
    pub(super) store: Store<State>,
    fuel: u64,
    pub(super) spent: &'a mut Spent,
}

impl<'a> Metered<'a> {
    /// Begins to meter a store that has so much fuel.
    pub(super) fn new(store: Store<State>, fuel: u64, spent: &'a mut Spent) -> Self {
        Self { store, fuel, spent }
    }
}

impl Drop for Metered<'_> {
    fn drop(&mut self) {
        let left = self.store.get_fuel().unwrap_or(0);
        let State {
            limiter,
            files,
            conversation,
            record,
            ..
        } = self.store.data();
        self.spent.fuel = self.fuel.saturating_sub(left);
        self.spent.peak_memory = limiter.peak_memory();
        self.spent.stdin = files.stdin_bytes();
        self.spent.files = files.used();
        self.spent.directories = files.directories();
        self.spent.changes = files.changes();
        self.spent.memory_refused = limiter.refused().map(str::to_owned);
        self.spent.told = conversation.told();
        self.spent.contacts = record.contacts();
    }
}
