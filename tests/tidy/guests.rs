//! A hostile guest without a test proves nothing, and a test without its guest does not run.

use proc_macro2::TokenTree;

use super::sources::{runs, tokens};
use super::{File, file, files, none, one};

/// Where the table of guests is.
const TABLE: &str = "tests/hostile.rs";

/// Where those are that need a network, by the power in their names.
const NETWORK_TABLES: [(&str, &str); 2] = [("http_", "tests/network.rs"), ("tcp_", "tests/tcp.rs")];

/// Where the guests are.
const GUESTS: &str = "tests/guests/src/bin";

/// Where the guests are that Rust cannot say.
const TEXTS: &str = "tests/guests/wat";

/// The component of typed tools, with a row for each of its behaviours.
const TYPED: &str = "typed_hostile";

/// The guests of the table with their lines: `row("name", …)` or `guest: "name"`.
fn rows(file: &File) -> Vec<(String, usize)> {
    let mut rows = Vec::new();
    for run in runs(tokens(file)) {
        let called = run.windows(2).filter_map(|two| match two {
            [TokenTree::Ident(ident), TokenTree::Group(group)] if *ident == "row" => group.stream().into_iter().next(),
            _ => None,
        });
        let assigned = run.windows(3).filter_map(|three| match three {
            [TokenTree::Ident(ident), TokenTree::Punct(_), name] if *ident == "guest" => Some(name.clone()),
            _ => None,
        });
        for name in called.chain(assigned) {
            if let TokenTree::Literal(name) = name {
                rows.push((name.to_string().trim_matches('"').to_owned(), name.span().start().line));
            }
        }
    }
    rows
}

/// Guests and rows that have no counterpart.
fn unmatched(table: Option<&File>, guests: &[&str]) -> Vec<String> {
    let Some(table) = table else {
        return vec![format!("{TABLE} is missing: it holds the table of {GUESTS}")];
    };
    let rows = rows(table);
    let untested = guests.iter().filter(|guest| !rows.iter().any(|(row, _)| row == *guest)).map(|guest| {
        format!("{GUESTS}/{guest}.rs: no row of {} runs this guest: add one with the outcome it must have", table.path)
    });
    let missing = rows.iter().filter(|(row, _)| !guests.contains(&row.as_str())).map(|(row, line)| {
        format!("{}:{line}: there is no guest {GUESTS}/{row}.rs: write it, or remove the row", table.path)
    });
    untested.chain(missing).collect()
}

#[test]
fn every_guest_has_a_row_and_every_row_a_guest() {
    let programs = files(GUESTS, ".rs");
    let stem = |file: &File| file.path.strip_prefix(GUESTS)?.strip_prefix('/')?.strip_suffix(".rs").map(str::to_owned);
    let mut stems: Vec<_> = programs.iter().filter_map(stem).collect();
    // Guests that are not programs in Rust: text, and the component of typed tools.
    let texts = files(TEXTS, ".wat");
    let text = |file: &File| file.path.strip_prefix(TEXTS)?.strip_prefix('/')?.strip_suffix(".wat").map(str::to_owned);
    stems.extend(texts.iter().filter_map(text));
    stems.push(TYPED.to_owned());
    let stems: Vec<_> = stems.iter().map(String::as_str).collect();
    // A guest belongs to one of the tables, by the power in its name.
    let mut other = stems;
    for (power, table) in NETWORK_TABLES {
        let (network, rest): (Vec<_>, Vec<_>) = other.into_iter().partition(|stem| stem.starts_with(power));
        none(unmatched(file(table).as_ref(), &network));
        other = rest;
    }
    none(unmatched(file(TABLE).as_ref(), &other));
}

#[test]
fn a_guest_without_a_row_is_found() {
    let text = "const ROWS: [Row; 2] = [row(\"cpu_spin\", \"deadline\"), Row { guest: \"fs_write\", ..NONE }];";
    let table = File { path: TABLE.to_owned(), text: format!("// \"env_dump\"\n{text}") };
    none(unmatched(Some(&table), &["cpu_spin", "fs_write"]));
    one(unmatched(Some(&table), &["cpu_spin", "env_dump", "fs_write"]), "env_dump.rs: no row");
    one(
        unmatched(Some(&table), &["cpu_spin"]),
        "tests/hostile.rs:2: there is no guest tests/guests/src/bin/fs_write.rs",
    );
    one(unmatched(None, &["cpu_spin"]), "tests/hostile.rs is missing");
}
