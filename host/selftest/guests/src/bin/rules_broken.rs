//! Breaks a rule of an interface, the one that its first argument names. It must end as a trap of
//! its own, and never as a fault of the host.

#![allow(clippy::disallowed_methods, reason = "a guest reads its own arguments")]
#![allow(clippy::print_stdout, reason = "a guest reports by printing")]

use wasip2::cli::stdout::get_stdout;
use wasip2::http::types::{Fields, OutgoingRequest};

/// More than a blocking write may have.
const TOO_LARGE: usize = 5_000;

/// More than any stream permits at once.
const FAR_TOO_LARGE: u64 = 1 << 40;

fn main() {
    let rule = std::env::args().nth(1).unwrap_or_default();
    match rule.as_str() {
        "poll-nothing" => drop(wasip2::io::poll::poll(&[])),
        "blocking-write" => drop(get_stdout().blocking_write_and_flush(&[b'x'; TOO_LARGE])),
        "blocking-zeroes" => drop(get_stdout().blocking_write_zeroes_and_flush(TOO_LARGE as u64)),
        "write" => drop(get_stdout().write(&vec![b'x'; 2 << 20])),
        "zeroes" => drop(get_stdout().write_zeroes(FAR_TOO_LARGE)),
        // A stream goes before the body that it belongs to.
        "child-first" => {
            let request = OutgoingRequest::new(Fields::new());
            if let Ok(body) = request.body()
                && let Ok(stream) = body.write()
            {
                drop(body);
                drop(stream);
            }
        }
        _ => println!("UNTESTED: {rule}"),
    }
    println!("ESCAPED: {rule} is no rule");
}
