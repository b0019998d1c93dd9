//! The operator's token: its holder may use what listens on TCP.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The shortest token, in bytes: shorter ones can be tried out.
const MIN: usize = 16;

/// The longest token, in bytes: it has to fit into a header.
const MAX: usize = 4 << 10;

/// A token. Nothing prints it, and its memory is overwritten when it goes.
pub struct Token {
    value: Zeroizing<String>,
    /// The place that it came from, for people.
    origin: String,
}

/// A token that nobody could send, or that could be tried out.
#[derive(Debug, thiserror::Error)]
#[error(
    "the token in {origin} cannot be used: expected {MIN} to {MAX} visible ASCII characters, \
     without spaces; remove it, and another one is made"
)]
pub struct TokenError {
    /// The place that it came from.
    pub origin: String,
}

impl Token {
    /// The longest token, in bytes.
    pub const MAX: usize = MAX;

    /// Takes a token as it was written, with or without the line break of an editor.
    pub fn new(value: String, origin: String) -> Result<Self, TokenError> {
        let value = Zeroizing::new(value);
        let trimmed = Zeroizing::new(value.trim_end_matches(['\n', '\r']).to_owned());
        let sent = trimmed.bytes().all(|byte| byte.is_ascii_graphic());
        if !sent || !(MIN..=MAX).contains(&trimmed.len()) {
            return Err(TokenError { origin });
        }
        Ok(Self {
            value: trimmed,
            origin,
        })
    }

    /// The place that it came from, for people.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns true if this was sent. The time that this takes says nothing about how much of it
    /// was right.
    pub(crate) fn is(&self, sent: &[u8]) -> bool {
        bool::from(sent.ct_eq(self.value.as_bytes()))
    }
}

/// The token in an `Authorization` header, if it is one of the scheme `Bearer` (RFC 6750).
pub(crate) fn bearer(authorization: &[u8]) -> Option<&[u8]> {
    let (scheme, sent) = authorization.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(sent)
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_carries_the_whole_token_or_none() {
        let right = "0123456789abcdef0123456789abcdef";
        let token = Token::new(format!("{right}\n"), "a test".to_owned()).unwrap();
        let sent = |header: &str| bearer(header.as_bytes()).is_some_and(|sent| token.is(sent));
        assert!(sent(&format!("Bearer {right}")) && sent(&format!("bearer {right}")));
        // Of its length, with one character wrong wherever it is.
        for place in 0..right.len() {
            let mut wrong = right.to_owned();
            wrong.replace_range(place..=place, "x");
            assert!(!sent(&format!("Bearer {wrong}")), "{wrong}");
        }
        // Of every other length.
        for length in 0..right.len() {
            assert!(!sent(&format!("Bearer {}", &right[..length])), "{length}");
            assert!(
                !sent(&format!("Bearer {}", &right[length + 1..])),
                "{length}"
            );
        }
        for wrong in [
            format!("{right}0"),
            format!("{right}\0"),
            format!(" {right}"),
            right.repeat(2),
        ] {
            assert!(!sent(&format!("Bearer {wrong}")), "{wrong:?}");
        }
        for header in [
            "",
            "Bearer",
            "Bearer ",
            right,
            &format!("Basic {right}"),
            &format!("Bearer{right}"),
        ] {
            assert!(!sent(header), "{header}");
        }
    }
}
