//! Time: fuel, the deadline, the stacks.

use crate::row::{Row, row};
use crate::{ended, guest};

/// Host calls in a loop of two instructions that cost fuel: the call, and the branch after it.
const fn last_fuel(limits: &'static str, says: &'static str) -> Row {
    Row {
        limits,
        says,
        ..row(guest::CLOCK_SPIN, "out-of-fuel")
    }
}

pub(super) const ROWS: &[Row] = &[
    row(guest::CPU_SPIN, "out-of-fuel"),
    Row {
        limits: "wall = \"200ms\"",
        ..row(guest::CPU_SPIN, "deadline").within_a_second()
    },
    row(guest::CPU_START_LOOP, "out-of-fuel").with_little_fuel(),
    row(guest::CLOCK_SPIN, "deadline").within_a_second(),
    Row {
        after: ended::much_fuel,
        ..row(guest::CPU_DROP, "deadline").within_a_second()
    },
    // The last of it goes into the host call, or into the branch: two loops that differ by one
    // reach both.
    last_fuel("fuel = 1_000", "\"fuel\":1000,"),
    last_fuel("fuel = 1_001", "\"fuel\":1001,"),
    row(guest::CLOCK_SLEEP, "deadline").within_a_second(),
    row(guest::MEMORY_FILL, "out-of-fuel").with_little_fuel(),
    row(guest::STACK_DEEP, "stack-overflow"),
    // The stack that a program keeps in its own memory, and an access that is just wrong.
    Row {
        args: &["memory"],
        ..row(guest::STACK_DEEP, "stack-overflow")
    },
    Row {
        args: &["pointer"],
        says: "out of bounds memory access",
        ..row(guest::STACK_DEEP, "trap")
    },
];
