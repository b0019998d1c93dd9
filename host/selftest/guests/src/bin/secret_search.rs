//! Sends a request into which the host puts a secret, and searches everything of its own for it:
//! its memory, its arguments, its environment: `secret_search URL SECRET`. SECRET is hexadecimal,
//! each byte exclusive-or 0x55, so that the search does not find itself.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::io::Read;
use std::process::ExitCode;

use cofferdam_guests::http;
use wasip2::http::types::Fields;

/// The byte that hides the secret in the argument.
const HIDDEN: u8 = 0x55;

/// Bytes of a page of linear memory.
const PAGE: usize = 64 << 10;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(hidden)) = (args.next(), args.next()) else {
        eprintln!("usage: secret_search URL SECRET");
        return ExitCode::from(2);
    };
    let hidden: Vec<u8> = (0..hidden.len() / 2)
        .filter_map(|at| hidden.get(2 * at..2 * at + 2))
        .filter_map(|pair| u8::from_str_radix(pair, 16).ok())
        .collect();
    match fetch(&url) {
        Ok(status) => println!("status: {status}"),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(1);
        }
    }
    let shown = |text: &str| holds(text.as_bytes(), &hidden);
    let in_args = std::env::args().any(|arg| shown(&arg));
    let in_environment = std::env::vars().any(|(name, value)| shown(&name) || shown(&value));
    // The search finds what is there: this is put there for it.
    let planted: Vec<u8> = hidden.iter().rev().map(|byte| byte ^ HIDDEN).collect();
    let reversed: Vec<u8> = hidden.iter().rev().copied().collect();
    let finds = search(&reversed).is_some();
    std::hint::black_box(&planted);
    let in_memory = search(&hidden);
    if in_args || in_environment || in_memory.is_some() {
        println!("ESCAPED: args {in_args}, environment {in_environment}, memory {in_memory:?}");
    } else if finds {
        println!("found nothing but what was planted");
    } else {
        println!("UNTESTED: the search does not find what is there");
    }
    ExitCode::SUCCESS
}

fn fetch(url: &str) -> std::io::Result<u16> {
    let mut response = http::send(http::request("GET", url, Fields::new())?)?;
    response.read_to_end(&mut Vec::new())?;
    Ok(response.status)
}

fn holds(bytes: &[u8], hidden: &[u8]) -> bool {
    let is_it = |found: &[u8]| {
        found
            .iter()
            .zip(hidden)
            .all(|(byte, hidden)| byte ^ HIDDEN == *hidden)
    };
    bytes.windows(hidden.len()).any(is_it)
}

/// The address at which all of linear memory holds the bytes.
fn search(hidden: &[u8]) -> Option<usize> {
    let end = core::arch::wasm32::memory_size(0) * PAGE;
    let mut at = 1;
    while at + hidden.len() <= end {
        let is_it = hidden
            .iter()
            .enumerate()
            .all(|(offset, byte)| read(at + offset) ^ HIDDEN == *byte);
        if is_it {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[allow(
    unsafe_code,
    reason = "no safe function reads memory that the program has not allocated"
)]
fn read(address: usize) -> u8 {
    // SAFETY: the address is below the size of linear memory, and above 0.
    unsafe { core::ptr::read_volatile(address as *const u8) }
}
