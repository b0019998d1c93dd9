//! Prints its arguments, one per line, its own name first. A probe: the test sees what the guest
//! was given.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a guest reports by printing"
)]

fn main() {
    for argument in std::env::args_os() {
        println!("{}", argument.to_string_lossy());
    }
}
