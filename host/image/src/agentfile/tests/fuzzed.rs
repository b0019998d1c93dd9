//! Files that nobody would write: those of the golden tests, changed at random. Nothing panics,
//! what is read is written and read as the same, and a formatted file is a fixed point.
//!
//! `host/image/fuzz` has the same for a fuzzer that looks at the code it reaches.

use std::time::{Duration, Instant};

use super::*;
use crate::agentfile::{Needed, Source, format};
use crate::{config_json, from_config_json};

/// Files that are tried in every test run.
const FILES: u64 = 2_000;

/// The variable with the seconds of a longer run, which begins with other files each time.
const SECONDS: &str = "COFFERDAM_FUZZ_SECONDS";

/// Parts that the language gives a meaning to, and some that it does not.
const WORDS: [&str; 40] = [
    "FROM",
    "scratch",
    "NAME",
    "MODEL",
    "a/b",
    "script/x",
    "CONTEXT",
    "SOUL",
    "CONFIG",
    "BIN",
    "./x.wasm",
    "ADD",
    "EXEC",
    "LABEL",
    "ARG",
    "ENV",
    "CAPABILITY",
    "RUNTIME",
    "file://",
    "<<EOF",
    "EOF",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    " ",
    "\"",
    "\\",
    "=",
    "!",
    "[",
    "]",
    ",",
    "${x}",
    "${",
    "#",
    "# syntax=openotters/agentfile:1",
    "limit.x.fuel",
    "\u{feff}",
    "é\u{202e}",
];

/// Numbers that follow from the first one (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most.max(1) as u64).unwrap()
    }
}

/// The golden files.
fn seeds() -> Vec<String> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/agentfile");
    let entries = fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.extension().is_some_and(|end| end == "agentfile"));
    files
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// Removes, repeats, exchanges and inserts pieces of a text, at places between characters.
fn changed(text: &str, other: &str, random: &mut Random) -> String {
    let mut text = text.to_owned();
    for _ in 0..=random.below(8) {
        let from = text.floor_char_boundary(random.below(text.len() + 1));
        let most = if random.below(4) == 0 { text.len() } else { 12 };
        let to = text.floor_char_boundary((from + random.below(most)).min(text.len()));
        let piece = text[from..to].to_owned();
        match random.below(4) {
            0 => text.replace_range(from..to, ""),
            1 => text.insert_str(from, &piece),
            2 => text.insert_str(from, WORDS[random.below(WORDS.len())]),
            _ => {
                let begin = other.floor_char_boundary(random.below(other.len() + 1));
                let end = other.floor_char_boundary((begin + random.below(64)).min(other.len()));
                text.replace_range(from..to, &other[begin..end]);
            }
        }
    }
    text
}

fn check(text: &str) {
    let source = Source::of(text.as_bytes().to_vec(), "f".into(), "/nonexistent".into()).unwrap();
    let _ = source.parse(BTreeMap::new(), Needed::IMAGE);
    if let Ok(read) = parse(text, "f") {
        // A BIN that is a file is no part of a config.
        if let Ok(again) = from_config_json(&config_json(&read).unwrap()) {
            assert_eq!(again.name, read.name, "{text:?}");
            assert_eq!(again.model, read.model, "{text:?}");
            assert_eq!(again.configs, read.configs, "{text:?}");
            assert_eq!(again.envs, read.envs, "{text:?}");
            assert_eq!(again.labels, read.labels, "{text:?}");
            assert_eq!(again.exec, read.exec, "{text:?}");
            assert_eq!(again.capabilities, read.capabilities, "{text:?}");
            assert_eq!(again.requests, read.requests, "{text:?}");
        }
    }
    if let Ok(formatted) = format(text, "f") {
        assert_eq!(format(&formatted, "f").as_ref(), Ok(&formatted), "{text:?}");
    }
}

#[test]
#[allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a longer run is asked for by a variable, and tells how long it was"
)]
fn files_that_nobody_would_write_are_read_or_refused() {
    let seeds = seeds();
    let seconds = std::env::var(SECONDS).ok();
    let seconds = seconds.map(|seconds| Duration::from_secs(seconds.parse().unwrap()));
    let first = match seconds {
        None => 0x9e37_79b9_7f4a_7c15,
        Some(_) => u64::from(std::process::id()) << 20 | 1,
    };
    let mut random = Random(first);
    let begun = Instant::now();
    let mut tried = 0_u64;
    while seconds.map_or(tried < FILES, |seconds| begun.elapsed() < seconds) {
        let one = &seeds[random.below(seeds.len())];
        let other = &seeds[random.below(seeds.len())];
        check(&changed(one, other, &mut random));
        tried += 1;
    }
    assert!(tried >= FILES, "{tried} files");
    println!("{tried} files");
}
