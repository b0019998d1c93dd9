//! Functions of a type stand in the file that defines it, so that who reads the file has read them
//! all.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenTree};

use super::rust_tokens::{group, ident, is_punct, keyword, problem, runs, tokens, type_end};
use super::{File, all, none, one, rust};

/// Words that define a type.
const DEFINITIONS: [&str; 5] = ["struct", "enum", "union", "trait", "type"];

/// `impl Type` without a trait, away from the definition of `Type`.
fn away(file: &File) -> Vec<String> {
    let runs = runs(tokens(file));
    let is_definition = |word: &TokenTree| DEFINITIONS.iter().any(|name| keyword(word, name));
    let defined: BTreeSet<_> = runs
        .iter()
        .flat_map(|run| run.windows(2))
        .filter(|two| is_definition(&two[0]))
        .filter_map(|two| ident(&two[1]))
        .map(ToString::to_string)
        .collect();
    let mut problems = Vec::new();
    for run in &runs {
        for (place, token) in run.iter().enumerate() {
            if !keyword(token, "impl") || !is_item(&run[..place]) {
                continue;
            }
            let Some(name) = inherent(&run[place + 1..]) else {
                continue;
            };
            if !defined.contains(&name) {
                let sentence = format!(
                    "`impl {name}` stands away from the file that defines `{name}`: move it there, \
                     or write a function"
                );
                problems.push(problem(file, token, &sentence));
            }
        }
    }
    problems
}

/// Returns true if an item can begin after these tokens.
fn is_item(before: &[TokenTree]) -> bool {
    before.last().is_none_or(|last| {
        let ends = group(last).is_some_and(|group| group.delimiter() != Delimiter::Parenthesis);
        ends || is_punct(last, ';') || keyword(last, "unsafe")
    })
}

/// The name of the type of an `impl` without a trait. `tokens` follow the word.
fn inherent(tokens: &[TokenTree]) -> Option<String> {
    let generics = tokens.first().is_some_and(|token| is_punct(token, '<'));
    let start = if generics { type_end(tokens, 0) } else { 0 };
    let mut name = None;
    let mut place = start;
    while let Some(token) = tokens.get(place) {
        let is_body = group(token).is_some_and(|group| group.delimiter() == Delimiter::Brace);
        if is_body || keyword(token, "where") {
            return name;
        }
        if keyword(token, "for") {
            return None;
        }
        if is_punct(token, '<') {
            place = type_end(tokens, place);
            continue;
        }
        name = ident(token).map(ToString::to_string).or(name);
        place += 1;
    }
    // No body: this is a type, as in `-> impl Trait;`.
    None
}

#[test]
fn functions_stand_with_their_type() {
    for directory in ["host", "tests/tidy"] {
        none(all(directory, away));
    }
}

#[test]
fn functions_away_from_their_type_are_found() {
    one(
        away(&rust("use a::S;\n\nimpl S { fn f() {} }")),
        "a.rs:3: `impl S` stands away",
    );
    one(
        away(&rust(
            "mod m { impl<T: Into<u8>> super::S<'_, T> where T: Copy {} }",
        )),
        "`impl S`",
    );
    one(
        away(&rust("enum Other {}\n/// It.\n#[a]\nunsafe impl S {}")),
        "a.rs:4:",
    );
    none(away(&rust(
        "struct S<T>(T); impl<T: Fn() -> u8> S<T> {} impl From<S> for u8 {} impl<T> Tr for &T {}",
    )));
    none(away(&rust(
        "fn f(a: impl Tr) -> impl Tr { g::<impl Tr>(a) } trait U { fn f() -> impl Tr; }",
    )));
}
