//! The limits that a call ran into: the one that ended it, with its value, and those that refused
//! it something on the way.

use std::time::Duration;

use cofferdam_call::{Outcome, Receipt};
use cofferdam_capability::Limits;

/// A limit that a call ran into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Its key in `[limits]`.
    pub name: &'static str,
    /// The value that held.
    pub value: String,
}

/// Beginnings of what a receipt says was refused, each with the limit that refused it. Whatever
/// else ended a call for want of memory is its linear memory.
const REFUSED: [(&str, &str); 4] = [
    ("table elements: ", "table-elements"),
    ("instance count ", "instances"),
    ("memory count ", "memories"),
    ("table count ", "tables"),
];

/// Limits beside those of a manifest: the guest's stack, and the room of an agent's files.
const OTHERS: [&str; 3] = ["stack", "workspace-bytes", "workspace-entries"];

impl Reached {
    /// Returns the limit that ended a call, if one of those did that an operator can change.
    pub fn of(receipt: &Receipt, limits: &Limits) -> Option<Self> {
        let name = ended_by(receipt)?;
        // A shorter time was that of an attempt, or of a caller.
        if name == "wall" && Duration::from_micros(receipt.wall_us) < limits.wall.0 {
            return None;
        }
        let row = limits.rows().into_iter().find(|row| row.name == name)?;
        Some(Self {
            name: row.name,
            value: row.value,
        })
    }
}

/// The name of every limit that [`refusing`] may return.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    Limits::NAMES.iter().chain(&OTHERS).copied()
}

/// Returns the names of the limits that ended a call, or refused it something, each once.
pub(crate) fn refusing(receipt: &Receipt) -> Vec<&'static str> {
    let ended = match &receipt.outcome {
        Outcome::Denied { reason } => named_in(reason),
        _ => ended_by(receipt),
    };
    let refused = receipt.refusals.iter().filter_map(|text| named_in(text));
    let mut found: Vec<_> = ended.into_iter().chain(refused).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Returns the name of the limit that ended a call, if one did.
fn ended_by(receipt: &Receipt) -> Option<&'static str> {
    match receipt.outcome {
        Outcome::OutOfFuel => Some("fuel"),
        Outcome::Deadline => Some("wall"),
        Outcome::HostCallTooLarge => Some("host-call"),
        Outcome::OutOfMemory => Some(of_memory(&receipt.refusals)),
        Outcome::StackOverflow => Some("stack"),
        _ => None,
    }
}

/// Returns the limit that a refusal names, as its first word or in brackets. A guest that writes
/// such a name itself says no more than that it ran into that limit.
fn named_in(refusal: &str) -> Option<&'static str> {
    if let Some((_, name)) = REFUSED.iter().find(|(begin, _)| refusal.starts_with(begin)) {
        return Some(name);
    }
    let bracketed = |open| refusal.rsplit_once(open)?.1.split_once('`');
    let first = || refusal.split_once(": ");
    let written = bracketed("(`")
        .or_else(|| bracketed("(limit `"))
        .or_else(first);
    let (written, _) = written?;
    names().find(|name| *name == written)
}

fn of_memory(refusals: &[String]) -> &'static str {
    for refusal in refusals {
        if let Some((_, name)) = REFUSED.iter().find(|(begin, _)| refusal.starts_with(begin)) {
            return name;
        }
        if refusal.contains("(`host-memory`)") {
            return "host-memory";
        }
        if refusal.starts_with("memory: ") {
            return "memory";
        }
    }
    "memory"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_its_limit() {
        for (refusal, name) in [
            ("http-requests: 3 refused beyond 10", Some("http-requests")),
            ("stdout: 1 bytes dropped beyond 1", Some("stdout")),
            (
                "open files: 2 refused beyond the limit of 8 (`open-files`)",
                Some("open-files"),
            ),
            (
                "bytes in the agent's files: 9 refused, because over all calls they have at most \
                 1KiB (`workspace-bytes`)",
                Some("workspace-bytes"),
            ),
            (
                "the argument list has 9 bytes: at most 1KiB are passed on (limit `args`)",
                Some("args"),
            ),
            (
                "it may hold 9 descriptors (`open-files` = 8), and this host has 4 for such calls",
                Some("open-files"),
            ),
            ("table count too high at 3", Some("tables")),
            ("there is no tool `env` for it to call", None),
            ("tcp db: the host is not granted", None),
            ("/data: it is granted read-only", None),
        ] {
            assert_eq!(named_in(refusal), name, "{refusal}");
        }
    }

    #[test]
    fn what_was_refused_says_which_memory_it_was() {
        for (refusal, name) in [
            (
                "memory: 65536 held, 1 more asked for, limit 65536",
                "memory",
            ),
            (
                "table elements: 1 held, 1 more asked for, limit 1",
                "table-elements",
            ),
            ("instance count too high at 33", "instances"),
            (
                "the result: 9 more bytes would be held by the host for this call, limit 1KiB \
                 (`host-memory`), 0 held",
                "host-memory",
            ),
        ] {
            let refusals = [
                "stdout: 1 bytes dropped beyond 1".to_owned(),
                refusal.to_owned(),
            ];
            assert_eq!(of_memory(&refusals), name);
        }
    }
}
