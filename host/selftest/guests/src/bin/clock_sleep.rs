//! Sleeps for a year, which uses no fuel. The deadline must end it: outcome `deadline`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a guest reports by printing"
)]

use std::thread::sleep;
use std::time::Duration;

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

fn main() {
    sleep(YEAR);
    println!("ESCAPED: slept through");
}
