//! Limits that a tool's own calls suggest.

use cofferdam_capability::{Bytes, Count, Limits, LimitsRequest};
use serde::Serialize;

use super::check::Checked;

/// The factor between the fuel of the hungriest case and the suggested one: data grows, and the
/// fuel of the same work differs with hash seeds and compilers.
const FUEL_HEADROOM: u64 = 4;

/// The same for memory, which grows by doubling.
const MEMORY_HEADROOM: u64 = 2;

/// The most that the cases used, and the limits to write into `[limits]`.
#[derive(Debug, Serialize)]
pub struct Suggestion {
    /// The most fuel of one call.
    pub most_fuel: u64,
    /// The most memory of one call, in bytes.
    pub most_memory: u64,
    /// The suggested limits; none where the default is enough.
    pub limits: LimitsRequest,
}

impl Suggestion {
    /// From every call that came to an end of its own.
    pub(crate) fn of<'a>(
        checked: impl Iterator<Item = &'a Checked>,
        defaults: &Limits,
        ceiling: &Limits,
    ) -> Self {
        let mut most_fuel = 0;
        let mut most_memory = 0;
        for call in checked.filter(|call| call.ended_itself()) {
            most_fuel = most_fuel.max(call.fuel);
            most_memory = most_memory.max(call.peak_memory);
        }
        let fuel = Count(rounded(most_fuel.saturating_mul(FUEL_HEADROOM)));
        let memory = Bytes(
            most_memory
                .saturating_mul(MEMORY_HEADROOM)
                .max(1 << 20)
                .next_power_of_two(),
        );
        let limits = LimitsRequest {
            fuel: (fuel > defaults.fuel).then(|| fuel.min(ceiling.fuel)),
            memory: (memory > defaults.memory).then(|| memory.min(ceiling.memory)),
            ..LimitsRequest::default()
        };
        Self {
            most_fuel,
            most_memory,
            limits,
        }
    }
}

/// Up to the next of 1, 2, 5, 10, 20, 50 …
fn rounded(number: u64) -> u64 {
    let mut step: u64 = 1;
    loop {
        for factor in [1, 2, 5] {
            let round = step.saturating_mul(factor);
            if round >= number {
                return round;
            }
        }
        step = step.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_up() {
        for (number, round) in [
            (0, 1),
            (1, 1),
            (3, 5),
            (6, 10),
            (11, 20),
            (21, 50),
            (4_000_000_001, 5_000_000_000),
        ] {
            assert_eq!(rounded(number), round);
        }
        assert_eq!(rounded(u64::MAX), u64::MAX);
    }
}
