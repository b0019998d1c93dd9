//! Time: fuel, the deadline, the native stack.

use crate::guest;
use crate::row::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row(guest::CPU_SPIN, "out-of-fuel"),
    Row { limits: "wall = \"200ms\"", ..row(guest::CPU_SPIN, "deadline").within_a_second() },
    row(guest::CPU_START_LOOP, "out-of-fuel").with_little_fuel(),
    row(guest::CLOCK_SPIN, "deadline").within_a_second(),
    row(guest::CLOCK_SLEEP, "deadline").within_a_second(),
    row(guest::MEMORY_FILL, "out-of-fuel").with_little_fuel(),
    row(guest::STACK_DEEP, "stack-overflow"),
];
