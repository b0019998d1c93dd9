//! The limit that ended a call, with its value.

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

impl Reached {
    /// Returns the limit that ended a call, if one of those did that an operator can change.
    pub fn of(receipt: &Receipt, limits: &Limits) -> Option<Self> {
        let name = match receipt.outcome {
            Outcome::OutOfFuel => "fuel",
            // A shorter time was that of an attempt, or of a caller.
            Outcome::Deadline if Duration::from_micros(receipt.wall_us) >= limits.wall.0 => "wall",
            Outcome::HostCallTooLarge => "host-call",
            Outcome::OutOfMemory => of_memory(&receipt.refusals),
            _ => return None,
        };
        let row = limits.rows().into_iter().find(|row| row.name == name)?;
        Some(Self {
            name: row.name,
            value: row.value,
        })
    }
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
