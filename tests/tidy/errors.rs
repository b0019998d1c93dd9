//! An error that leaves its file has a type: a sentence alone cannot be branched on.

use proc_macro2::{Delimiter, TokenTree};

use super::rust_tokens::{group, ident, is_punct, keyword, problem, runs, tokens, type_end};
use super::{File, all, none, one, rust};

/// Functions for other files whose signature holds a `Result<_, String>`.
fn sentences(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for run in runs(tokens(file)) {
        for (place, token) in run.iter().enumerate() {
            if !keyword(token, "pub") {
                continue;
            }
            let Some(signature) = signature(&run[place + 1..]) else {
                continue;
            };
            if runs_of(signature).iter().any(|run| holds_sentence(run)) {
                let sentence = "a function for other files fails with a `String`: give the error a \
                                type";
                problems.push(problem(file, token, sentence));
            }
        }
    }
    problems
}

/// The tokens of a function after `pub`, up to its body.
fn signature(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    let start = tokens.iter().position(|token| keyword(token, "fn"))?;
    let qualifiers = ["const", "async", "unsafe", "extern"];
    let is_before = |token: &TokenTree| {
        let named = ident(token).is_some_and(|word| qualifiers.iter().any(|name| *word == *name));
        named || matches!(token, TokenTree::Literal(_)) || group(token).is_some()
    };
    tokens[..start].iter().all(is_before).then_some(())?;
    let ends = |token: &TokenTree| {
        is_punct(token, ';')
            || group(token).is_some_and(|group| group.delimiter() == Delimiter::Brace)
    };
    let end = tokens[start..].iter().position(ends)?;
    Some(&tokens[start..start + end])
}

fn runs_of(tokens: &[TokenTree]) -> Vec<Vec<TokenTree>> {
    runs(tokens.iter().cloned().collect())
}

/// Returns true if a `Result<_, String>` is among these tokens, at their own depth.
fn holds_sentence(run: &[TokenTree]) -> bool {
    run.windows(2).enumerate().any(|(place, two)| {
        let begins = keyword(&two[0], "Result") && is_punct(&two[1], '<');
        begins && fails_with_string(&run[place + 1..type_end(run, place + 1)])
    })
}

/// Returns true if these arguments, with their `<` and `>`, end in `, String`.
fn fails_with_string(arguments: &[TokenTree]) -> bool {
    let [rest @ .., last, end] = arguments else {
        return false;
    };
    let path = |token: &&TokenTree| {
        is_punct(token, ':') || keyword(token, "std") || keyword(token, "string")
    };
    let before = rest.iter().rev().find(|token| !path(token));
    is_punct(end, '>')
        && keyword(last, "String")
        && before.is_some_and(|token| is_punct(token, ','))
        && is_outermost(rest)
}

/// Returns true if every `<` but the first one is closed.
fn is_outermost(tokens: &[TokenTree]) -> bool {
    let mut place = 1;
    while place < tokens.len() {
        place = if is_punct(&tokens[place], '<') {
            let end = type_end(tokens, place);
            if end > tokens.len() || !is_punct(&tokens[end - 1], '>') {
                return false;
            }
            end
        } else {
            place + 1
        };
    }
    true
}

#[test]
fn errors_for_other_files_have_a_type() {
    none(all("host", sentences));
}

#[test]
fn a_sentence_for_other_files_is_found() {
    for visible in [
        "pub",
        "pub(crate)",
        "pub(super)",
        "pub(in crate::a) const unsafe",
    ] {
        one(
            sentences(&rust(&format!(
                "\n{visible} fn f<T: Into<u8>>(a: T) -> Result<Vec<T>, String> {{ a }}"
            ))),
            "a.rs:2: a function for other files",
        );
    }
    one(
        sentences(&rust(
            "impl S { pub async fn f(a: impl Fn() -> Result<(), std::string::String>) {} }",
        )),
        "give the error a type",
    );
    one(
        sentences(&rust("pub fn f() -> Option<Result<Vec<u8>, String>> {}")),
        "give the error a type",
    );
    none(sentences(&rust(
        "fn f() -> Result<u8, String> {} pub fn g() -> Result<String, E> \
         { let a: Result<u8, String>; }",
    )));
    none(sentences(&rust(
        "pub struct S; fn f() -> Result<u8, String> {} pub fn g() -> Result<Map<u8, String>> {}",
    )));
    none(sentences(&rust(
        "pub fn g() -> Result<Map<u8, String>, E> {} // pub fn f() -> Result<u8, String> {}",
    )));
}
