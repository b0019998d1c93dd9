//! From jq's language to the engine's: what jq says and jaq says otherwise, or not at all.
//!
//! The engine is jaq's (parser, compiler, lazy evaluation, tail calls). Programs are rewritten
//! before it compiles them, so that they mean what jq 1.7 means by them:
//!
//! - updates are our own filters over paths (`!assign`, `!update`), as jq defines them;
//! - the right side of an operator runs before the left, which shows when both have several
//!   outputs;
//! - `reduce` and `foreach` go on after updates with no output or several;
//! - `?//`, `{$a: pattern}`, `$__loc__`, `.5`, pairs of surrogates in texts.

mod rewrite;
mod single;
mod tokens;

use std::collections::BTreeSet;

use jaq_core::load::parse::{Def, Term};
use jaq_core::load::{Lexer, Parser};

use rewrite::Rewriter;

/// An error in a program and its place, in bytes.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) at: usize,
    pub(crate) sentence: String,
}

impl SyntaxError {
    /// The sentence with line and column.
    pub(crate) fn told(&self, code: &str) -> String {
        let before = code.get(..self.at).unwrap_or(code);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        format!("{} at line {line}, column {column}", self.sentence)
    }
}

/// Joins pairs of surrogates in texts to the characters that they are: the engine reads none.
pub(crate) fn joined_surrogates(code: &str) -> String {
    if !code.contains("\\u") {
        return code.to_owned();
    }
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let (mut joined, mut rest) = (String::with_capacity(code.len()), code);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        joined.push_str(before);
        let (text, length) = match unit(escape) {
            Some(high @ 0xd800..0xdc00) => match escape.get(6..).and_then(unit) {
                Some(low @ 0xdc00..0xe000) => {
                    let char = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    (char::from_u32(char).map(String::from), 12)
                }
                _ => (Some("\\ufffd".to_owned()), 6),
            },
            Some(0xdc00..0xe000) => (Some("\\ufffd".to_owned()), 6),
            _ => {
                let next = escape.chars().nth(1).map_or(0, char::len_utf8);
                (None, 1 + next)
            }
        };
        let (escape, after) = escape.split_at(length.min(escape.len()));
        joined.push_str(text.as_deref().unwrap_or(escape));
        rest = after;
    }
    joined.push_str(rest);
    joined
}

/// Reads and rewrites a program.
pub(crate) fn program(code: &str) -> Result<Term<&str>, Vec<SyntaxError>> {
    let term = read(code, |parser| parser.term())?;
    let mut names = BTreeSet::new();
    single::defined(&term, &mut names);
    Ok(Rewriter::new(names).term(term))
}

/// Reads and rewrites our own definitions.
pub(crate) fn definitions(code: &'static str) -> Result<Vec<Def<&'static str>>, Vec<SyntaxError>> {
    let defs = read(code, |parser| parser.defs())?;
    let mut rewriter = Rewriter::new(BTreeSet::new());
    Ok(defs
        .into_iter()
        .map(|def| rewriter.definition(def))
        .collect())
}

fn read<'s, T: Default>(
    code: &'s str,
    parse: impl for<'t> FnOnce(&mut Parser<'s, 't>) -> jaq_core::load::parse::Result<'s, 't, T>,
) -> Result<T, Vec<SyntaxError>> {
    let span = |part: &str| jaq_core::load::span(code, part).start;
    let tokens = Lexer::new(code).lex().map_err(|errors| {
        let said = errors.into_iter().map(|(expected, at)| SyntaxError {
            at: span(at),
            sentence: tokens::lexical(expected.as_str(), at),
        });
        said.collect::<Vec<_>>()
    })?;
    let tokens = tokens::rewrite(tokens, code);
    Parser::new(&tokens).parse(parse).map_err(|errors| {
        let said = errors.into_iter().map(|(expected, found)| SyntaxError {
            at: found.map_or(code.len(), |token| span(token.0)),
            sentence: match found {
                Some(token) => {
                    let token: String = token.0.chars().take(20).collect();
                    format!("expected {}, found {token}", expected.as_str())
                }
                None => format!("expected {}, found the end", expected.as_str()),
            },
        });
        said.collect::<Vec<_>>()
    })
}
