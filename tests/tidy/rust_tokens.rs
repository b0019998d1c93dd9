//! Rust files as the compiler reads them, token by token.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

use super::File;

pub(super) fn tokens(file: &File) -> TokenStream {
    file.text
        .parse()
        .unwrap_or_else(|error| panic!("{}: this is no Rust: {error}", file.path))
}

/// Every run of tokens between two brackets, the outermost one first.
pub(super) fn runs(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let run: Vec<_> = tokens.into_iter().collect();
    let inner: Vec<_> = run
        .iter()
        .filter_map(group)
        .flat_map(|group| runs(group.stream()))
        .collect();
    std::iter::once(run).chain(inner).collect()
}

pub(super) fn group(token: &TokenTree) -> Option<&Group> {
    match token {
        TokenTree::Group(group) => Some(group),
        _ => None,
    }
}

pub(super) fn ident(token: &TokenTree) -> Option<&Ident> {
    match token {
        TokenTree::Ident(ident) => Some(ident),
        _ => None,
    }
}

pub(super) fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

pub(super) fn is_parenthesis(token: &TokenTree) -> bool {
    group(token).is_some_and(|group| group.delimiter() == Delimiter::Parenthesis)
}

pub(super) fn problem(file: &File, token: &TokenTree, sentence: &str) -> String {
    format!("{}:{}: {sentence}", file.path, token.span().start().line)
}

/// Returns true for the identifier or keyword `name`.
pub(super) fn keyword(token: &TokenTree, name: &str) -> bool {
    ident(token).is_some_and(|ident| *ident == name)
}

/// The place after the `>` that closes the `<` at `start`; the end of the tokens without one.
pub(super) fn type_end(tokens: &[TokenTree], start: usize) -> usize {
    let mut depth = 0_usize;
    for (place, token) in tokens.iter().enumerate().skip(start) {
        if is_punct(token, '<') {
            depth += 1;
        } else if is_punct(token, '>') && !is_punct(&tokens[place - 1], '-') {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return place + 1;
            }
        }
    }
    tokens.len()
}
