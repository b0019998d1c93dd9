//! Values that a text calls credentials.

use std::ops::Range;

use super::looks::{Text, is_placeholder, looks_random};

/// Blanks on each side of `=` or `:`, at most.
const MAX_BLANKS: usize = 16;

/// Bytes before a name that say what kind of it it is.
const MAX_KIND: usize = 24;

/// Schemes of HTTP whose credentials follow them (RFC 9110, section 11).
const SCHEMES: [&[u8]; 6] = [
    b"bearer",
    b"basic",
    b"token",
    b"apikey",
    b"negotiate",
    b"digest",
];

/// Tokens that are places in a listing, and no credentials: a model hands them back.
const HARMLESS: [&[u8]; 5] = [b"page", b"continuation", b"sync", b"cursor", b"next"];

/// A name of credentials, at the end of what a text calls them: `OPENAI_API_KEY`, `clientSecret`.
#[derive(Clone, Copy)]
pub(super) struct Named {
    pub(super) name: &'static str,
    /// True for a name that nothing but a credential has, so that in JSON any value is one.
    certain: bool,
}

pub(super) const NAMES: [Named; 15] = [
    certain("api_key"),
    certain("api-key"),
    certain("apikey"),
    certain("access_key"),
    certain("secret_key"),
    certain("secretkey"),
    certain("access_token"),
    certain("accesstoken"),
    certain("refresh_token"),
    certain("client_secret"),
    certain("clientsecret"),
    certain("password"),
    certain("passwd"),
    likely("secret"),
    likely("token"),
];

const fn certain(name: &'static str) -> Named {
    Named {
        name,
        certain: true,
    }
}

const fn likely(name: &'static str) -> Named {
    Named {
        name,
        certain: false,
    }
}

/// The text after a name and `=` or `:`.
struct Assigned {
    /// The place at which the value begins.
    start: usize,
    /// The quote that ends it.
    quote: Option<u8>,
    /// Name and value are in quotes, as in JSON.
    json: bool,
}

impl Assigned {
    /// Returns true for a byte that may be of the value.
    fn takes(&self, byte: u8) -> bool {
        match self.quote {
            Some(quote) => byte != quote && byte != b'\\' && !byte.is_ascii_control(),
            None => is_value(byte),
        }
    }
}

/// Finds the value after a name.
pub(super) fn named(text: Text<'_>, named: Named, sign: Range<usize>) -> Option<Range<usize>> {
    if !ends_name(text, &sign) || is_harmless(text, &sign) {
        return None;
    }
    let assigned = assigned(text, sign.end)?;
    let seen = text.look(assigned.start, |byte| assigned.takes(byte));
    // A program calls something, or looks something up.
    let is_program = matches!(text.byte(seen.end), Some(b'(' | b'[' | b'<' | b'{'));
    if assigned.quote.is_none() && is_program {
        return None;
    }
    let said = text.get(&seen);
    let is_one_word = !said.iter().any(u8::is_ascii_whitespace);
    let is_said = assigned.json && named.certain && is_one_word && !is_placeholder(said);
    let whole = || text.run(assigned.start, |byte| assigned.takes(byte));
    (is_said || looks_random(said)).then(whole)
}

/// Finds the credentials after the header's name, and after their scheme.
pub(super) fn authorization(text: Text<'_>, sign: Range<usize>) -> Option<Range<usize>> {
    let assigned = assigned(text, sign.end)?;
    let word = text.look(assigned.start, |byte| byte.is_ascii_alphanumeric());
    let scheme = text.get(&word);
    let has_scheme = SCHEMES
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    if !has_scheme || text.byte(word.end) != Some(b' ') {
        let seen = text.look(assigned.start, |byte| assigned.takes(byte));
        let whole = || text.run(assigned.start, |byte| assigned.takes(byte));
        return looks_random(text.get(&seen)).then(whole);
    }
    let start = text.look(word.end, |byte| byte == b' ').end;
    // The parameters of a digest have blanks and quotes between them.
    let is_digest = scheme.eq_ignore_ascii_case(b"digest");
    let is_listed = is_digest && assigned.quote.is_none();
    let is_listable = |byte: u8| byte != b'\\' && !byte.is_ascii_control();
    let takes = |byte| (is_listed && is_listable(byte)) || assigned.takes(byte);
    let said = text.look(start, takes);
    let is_ascii = text.get(&said).is_ascii();
    (is_ascii && !is_placeholder(text.get(&said))).then(|| text.run(start, takes))
}

/// Finds a token after `Bearer` where no header is around it.
pub(super) fn bearer(text: Text<'_>, sign: Range<usize>) -> Option<Range<usize>> {
    let blanks = text.run(sign.end, |byte| byte == b' ' || byte == b'\t');
    if blanks.is_empty() || blanks.len() > MAX_BLANKS || !text.begins_word(sign.start) {
        return None;
    }
    let seen = text.look(blanks.end, is_value);
    looks_random(text.get(&seen)).then(|| text.run(blanks.end, is_value))
}

/// Returns true if a name ends where the sign does, and a word of it begins where the sign does.
fn ends_name(text: Text<'_>, sign: &Range<usize>) -> bool {
    let next = text.byte(sign.end);
    let goes_on = next.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let starts_upper = text
        .byte(sign.start)
        .is_some_and(|byte| byte.is_ascii_uppercase());
    let before = sign.start.checked_sub(1).and_then(|at| text.byte(at));
    let after_lower = before.is_some_and(|byte| byte.is_ascii_lowercase());
    !goes_on && (text.begins_word(sign.start) || starts_upper && after_lower)
}

/// Returns true for the token of a next page and its kin.
fn is_harmless(text: Text<'_>, sign: &Range<usize>) -> bool {
    let start = sign.start.saturating_sub(MAX_KIND);
    let before = text.get(&(start..sign.start));
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let kind = before
        .rsplit(|byte| !is_name(byte))
        .next()
        .unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    let has = |word: &[u8]| kind.windows(word.len()).any(|part| part == word);
    HARMLESS.iter().any(|word| has(word))
}

/// Reads `=` or `:` and the value after it.
fn assigned(text: Text<'_>, name_end: usize) -> Option<Assigned> {
    let after_name = quote(text, name_end);
    let is_blank = |byte: u8| byte == b' ' || byte == b'\t';
    let blanks = text.run(after_name.end, is_blank);
    let sign = text.byte(blanks.end)?;
    let next = text.byte(blanks.end.saturating_add(1));
    let length = match (sign, next) {
        (b':', Some(b':')) | (b'=', Some(b'=')) => return None,
        (b':', Some(b'=')) | (b'=', Some(b'>')) => 2,
        (b':' | b'=', _) => 1,
        _ => return None,
    };
    let more = text.run(blanks.end.saturating_add(length), is_blank);
    if blanks.len() > MAX_BLANKS || more.len() > MAX_BLANKS {
        return None;
    }
    let opened = quote(text, more.end);
    Some(Assigned {
        start: opened.end,
        quote: opened.quote,
        json: after_name.quote.is_some() && opened.quote.is_some(),
    })
}

/// A quote, which may be escaped, and where it ends.
struct Quote {
    quote: Option<u8>,
    end: usize,
}

fn quote(text: Text<'_>, at: usize) -> Quote {
    let is_quote = |byte: &u8| b"\"'`".contains(byte);
    let escaped = text.run(at, |byte| byte == b'\\');
    let at_quote = if escaped.len() <= 3 { escaped.end } else { at };
    match text.byte(at_quote).filter(is_quote) {
        Some(quote) => Quote {
            quote: Some(quote),
            end: at_quote.saturating_add(1),
        },
        None => Quote {
            quote: None,
            end: at,
        },
    }
}

/// Bytes of a value without quotes. What follows a `;` or `&` is another one.
fn is_value(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b";,&\"'`<>()[]{}|\\".contains(&byte)
}
