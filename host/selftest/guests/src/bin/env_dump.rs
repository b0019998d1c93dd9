//! Prints every environment variable, one `NAME=value` per line. A probe, not an escape: the test
//! compares it with what was granted.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a guest reports by printing"
)]

fn main() {
    for (name, value) in std::env::vars_os() {
        println!("{}={}", name.to_string_lossy(), value.to_string_lossy());
    }
}
