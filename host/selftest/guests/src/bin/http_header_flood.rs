//! Fills one list of headers without end, which is memory of the host. The host must stop it:
//! outcome `guest-error`.

#![allow(clippy::print_stdout, reason = "a guest reports by printing")]

use wasip2::http::types::Fields;

/// More than any server takes: whoever gets there has escaped.
const ESCAPE: usize = 16 * 1024;

fn main() {
    let fields = Fields::new();
    for count in 0..ESCAPE {
        if fields.append(&format!("x-{count}"), &[b'v'; 64]).is_err() {
            return;
        }
    }
    println!("ESCAPED: {ESCAPE} headers");
}
