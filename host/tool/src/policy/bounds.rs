//! The bounds of a policy's text. They are held against it before it is parsed, because what reads
//! and evaluates policies goes down as deep as they are nested.

use super::problem::{Lines, PolicyProblem};
use super::tokens::{Token, Tokens};

/// The deepest that brackets are nested in each other.
const MAX_DEPTH: usize = 32;

/// Operators of one policy (128): a chain of them is as deep as it is long. Members of a set are
/// none.
const MAX_OPERATORS: usize = 128;

/// The longest pattern of `like`, in bytes: a name or a path.
const MAX_PATTERN: usize = 1024;

/// Words that are operators, or as deep as those: each `when` is joined to the ones before.
const WORDS: [&str; 9] = [
    "if", "then", "else", "in", "has", "is", "like", "when", "unless",
];

/// Holds the policies of a file against the bounds.
pub(super) fn check(name: &str, text: &str, lines: &Lines<'_>) -> Result<(), PolicyProblem> {
    let mut depth = 0_usize;
    let mut operators = 0_usize;
    let mut before = Token::End;
    for (place, token) in Tokens::of(text) {
        let at = |problem: String| Err(PolicyProblem::at(name, lines, place, problem));
        match token {
            Token::Open | Token::OpenSquare => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            Token::End => operators = 0,
            Token::Quoted(length) if before == Token::Word("like") && length > MAX_PATTERN => {
                return at(format!(
                    "a pattern of `like` has {length} bytes: at most {MAX_PATTERN}"
                ));
            }
            Token::Word(_) | Token::Quoted(_) | Token::Sign | Token::Other => {}
        }
        operators += usize::from(is_operator(token, before));
        if depth > MAX_DEPTH {
            return at(format!(
                "brackets are nested deeper than {MAX_DEPTH}: write several policies"
            ));
        }
        if operators > MAX_OPERATORS {
            return at(format!(
                "a policy has more than {MAX_OPERATORS} operators: write several, or ask a set \
                 what it `contains`"
            ));
        }
        before = token;
    }
    Ok(())
}

/// Returns true for an operator. A square bracket may be an access to an attribute, as may one
/// bracket behind another, and those make chains.
fn is_operator(token: Token<'_>, before: Token<'_>) -> bool {
    match token {
        Token::Word(word) => WORDS.contains(&word),
        Token::Sign | Token::OpenSquare => true,
        Token::Open => before == Token::Close,
        Token::Quoted(_) | Token::Close | Token::End | Token::Other => false,
    }
}
