//! Tokens that begin with what they are.

use std::ops::Range;

use super::looks::Text;

/// A kind of token.
#[derive(Clone, Copy)]
pub(super) struct Token {
    /// Its first characters, in the case in which its service writes them.
    pub(super) prefix: &'static str,
    /// Characters after the prefix, at least.
    least: usize,
    /// Characters after the prefix at most, where their number is fixed.
    exact: bool,
    rest: fn(u8) -> bool,
}

/// Services that people use most, with the shortest tokens that they give.
pub(super) const TOKENS: [Token; 17] = [
    of("AKIA", 16, is_upper).exact(),
    of("ASIA", 16, is_upper).exact(),
    of("ghp_", 36, is_alphanumeric),
    of("gho_", 36, is_alphanumeric),
    of("ghu_", 36, is_alphanumeric),
    of("ghs_", 36, is_alphanumeric),
    of("ghr_", 36, is_alphanumeric),
    of("github_pat_", 22, is_word),
    of("glpat-", 20, is_url_safe),
    of("xoxb-", 20, is_url_safe),
    of("xoxp-", 20, is_url_safe),
    of("AIza", 35, is_url_safe).exact(),
    of("npm_", 36, is_alphanumeric).exact(),
    of("sk_live_", 16, is_alphanumeric),
    of("rk_live_", 16, is_alphanumeric),
    of("AGE-SECRET-KEY-1", 50, is_upper),
    of("sk-", 20, is_url_safe),
];

/// Characters of a part of a key after `sk-`, at least: words between hyphens are shorter.
const MIN_PART: usize = 16;

/// The shortest part of a JWT but its signature, in characters: `{}` and a name.
const MIN_JWT_PART: usize = 8;

const fn of(prefix: &'static str, least: usize, rest: fn(u8) -> bool) -> Token {
    Token {
        prefix,
        least,
        exact: false,
        rest,
    }
}

impl Token {
    const fn exact(self) -> Self {
        Self {
            exact: true,
            ..self
        }
    }
}

/// Finds a token.
pub(super) fn token(text: Text<'_>, token: Token, sign: Range<usize>) -> Option<Range<usize>> {
    let Token {
        prefix,
        least,
        exact,
        rest,
    } = token;
    if text.get(&sign) != prefix.as_bytes() || !text.begins(sign.start, rest) {
        return None;
    }
    let run = text.run(sign.end, rest);
    let found = Some(sign.start..run.end);
    if text.is_cut_at(run.end) && !run.is_empty() {
        return found;
    }
    let is_long = run.len() == least || (run.len() > least && !exact);
    let is_key = prefix != "sk-" || has_random_part(text.get(&run));
    found.filter(|_| is_long && is_key)
}

/// Finds a JWT.
pub(super) fn jwt(text: Text<'_>, sign: Range<usize>) -> Option<Range<usize>> {
    if text.get(&sign) != b"eyJ" || !text.begins(sign.start, is_url_safe) {
        return None;
    }
    let mut start = sign.start;
    for least in [MIN_JWT_PART, MIN_JWT_PART] {
        let run = text.run(start, is_url_safe);
        if text.is_cut_at(run.end) && run.len() > sign.len() {
            return Some(sign.start..run.end);
        }
        if run.len() < least || text.byte(run.end) != Some(b'.') {
            return None;
        }
        start = run.end.saturating_add(1);
    }
    Some(sign.start..text.run(start, is_url_safe).end)
}

/// Words and hyphens alone are the name of something.
fn has_random_part(key: &[u8]) -> bool {
    key.split(|byte| *byte == b'-' || *byte == b'_')
        .any(|part| {
            part.len() >= MIN_PART
                && part.iter().any(u8::is_ascii_digit)
                && part.iter().any(u8::is_ascii_alphabetic)
        })
}

fn is_upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}
