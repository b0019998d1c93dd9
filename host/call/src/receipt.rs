//! Resources that a call used.

use std::collections::BTreeMap;

use cofferdam_capability::{Access, Digest, Grant};
use serde::{Deserialize, Serialize};

use crate::guest_verdict::GuestVerdict;
use crate::outcome::Outcome;
use crate::trace::TraceId;

/// Entries that a call changed in one way: how many, and the paths of the first of them, as the
/// guest knows them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Their number.
    pub count: u64,
    /// The first 32 paths, of each at most 512 bytes.
    pub names: Vec<String>,
}

/// The record of a call: what it was, under which grant it ran, how it ended and what it used. One
/// for every call, also for a refused one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The name the tool was called by.
    pub tool: String,
    /// The component that ran.
    pub component: Digest,
    /// The manifest it came with.
    pub manifest: Digest,
    /// The grant it ran under.
    pub grant: Digest,
    /// The grant of the tool that made the call; none for a call that no tool made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_grant: Option<Digest>,
    /// The outcome.
    pub outcome: Outcome,
    /// Attempts that were made, this one included: the rest of the receipt is that of the last.
    #[serde(default = "one")]
    pub attempts: u64,
    /// The tool's own verdict on a call that failed, where it follows a contract that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<GuestVerdict>,
    /// True if the call was refused because its input does not fit the tool.
    #[serde(default)]
    pub unfit_input: bool,
    /// Fuel used; about one unit for each WebAssembly instruction.
    pub fuel: u64,
    /// The most linear memory it held at one time, in bytes, summed over its memories.
    pub peak_memory: u64,
    /// The most memory that the host held for it at one time, in bytes, by its account.
    pub host_memory: u64,
    /// Wall-clock time over queueing, set-up, guest and host calls, in microseconds.
    pub wall_us: u64,
    /// The part of it that was spent waiting for a place, in microseconds.
    pub queued_us: u64,
    /// CPU time of guest and host calls, in microseconds; work handed to the system's own threads
    /// is not in it.
    pub cpu_us: u64,
    /// Bytes of arguments, standard input or typed input.
    pub bytes_in: u64,
    /// Bytes the guest wrote to standard output, or its typed result, kept or not.
    pub stdout_bytes: u64,
    /// Bytes the guest wrote to standard error, kept or not.
    pub stderr_bytes: u64,
    /// Files and directories the guest opened.
    pub files_opened: u64,
    /// Granted directories in which it looked something up, or changed or tried to change
    /// something; of a granted `/`, the entries below it.
    pub directories: BTreeMap<String, Access>,
    /// Bytes it wrote to files, and sizes it gave them without writing.
    pub bytes_written: u64,
    /// Files, directories and links it created or renamed.
    pub entries_created: u64,
    /// Files, directories and links it removed, those included that a rename replaced.
    pub removed: Changed,
    /// Files, directories and links it renamed, as `old -> new`.
    pub renamed: Changed,
    /// Files that it made shorter or opened to be emptied.
    pub truncated: Changed,
    /// Entries that its listings lack, because their names are not UTF-8 and WASI cannot say them.
    #[serde(default)]
    pub unlisted: Changed,
    /// Calls of other tools that it made, refused ones included. Each of those
    /// within its `nested-calls` has a receipt of its own.
    pub calls: u64,
    /// Hosts that it was connected to, as `host:port`, with the number of connections.
    pub hosts: BTreeMap<String, u64>,
    /// Things that were dropped or refused on the way: truncated output, memory that was not given,
    /// requests that were not sent.
    pub refusals: Vec<String>,
    /// The trace of the client that the call was made for, if it has named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<TraceId>,
}

/// The attempts of a receipt that does not say them.
fn one() -> u64 {
    1
}

impl Receipt {
    /// Returns true if the same call may end otherwise when it is made again, by its outcome and,
    /// where there is one, by the tool's own verdict.
    pub fn is_retryable(&self) -> bool {
        let verdict = self.verdict.as_ref();
        self.outcome.is_retryable() && verdict.is_none_or(|verdict| verdict.retryable)
    }

    /// One line that says which entries its listings lack, when there are any.
    pub fn unlisted_marker(&self) -> Option<String> {
        let Changed { count, names } = &self.unlisted;
        let first = names.first()?;
        let others = match count.saturating_sub(1) {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        Some(format!(
            "[not listed, because the name is not UTF-8: {first}{others}]"
        ))
    }

    /// The receipt of a call that used nothing yet.
    pub fn unused(grant: &Grant, outcome: Outcome) -> Self {
        Self {
            tool: grant.tool().to_owned(),
            component: grant.component(),
            manifest: grant.manifest(),
            grant: grant.digest(),
            caller_grant: None,
            outcome,
            attempts: 1,
            verdict: None,
            unfit_input: false,
            fuel: 0,
            peak_memory: 0,
            host_memory: 0,
            wall_us: 0,
            queued_us: 0,
            cpu_us: 0,
            bytes_in: 0,
            stdout_bytes: 0,
            stderr_bytes: 0,
            calls: 0,
            hosts: BTreeMap::new(),
            files_opened: 0,
            directories: BTreeMap::new(),
            bytes_written: 0,
            entries_created: 0,
            removed: Changed::default(),
            renamed: Changed::default(),
            truncated: Changed::default(),
            unlisted: Changed::default(),
            refusals: Vec::new(),
            trace_id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use cofferdam_capability::{Ceiling, Decision, Manifest};

    use super::*;
    use crate::trace::TraceParent;

    #[test]
    fn a_receipt_comes_back_from_json_as_it_was() {
        let component = Digest::of(b"component");
        let manifest = Manifest::empty();
        let grant = Grant::new(
            "wc",
            component,
            &manifest,
            &Ceiling::default(),
            Decision::default(),
        )
        .unwrap();
        let mut receipt = Receipt::unused(
            &grant,
            Outcome::GuestError {
                code: 2,
                message: "no".to_owned(),
            },
        );
        receipt
            .directories
            .insert("/workspace".to_owned(), Access::ReadOnly);
        receipt.removed = Changed {
            count: 1,
            names: vec!["/workspace/a".to_owned()],
        };
        let without = serde_json::to_value(&receipt).unwrap();
        assert!(without.get("trace_id").is_none());
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        receipt.trace_id = TraceParent::parse(parent).map(TraceParent::trace);
        let json = serde_json::to_string(&receipt).unwrap();
        assert_eq!(serde_json::from_str::<Receipt>(&json).unwrap(), receipt);
    }
}
