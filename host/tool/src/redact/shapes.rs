//! Shapes of credentials: what a text calls one, and tokens that say themselves what they are.
//!
//! A sign, such as `password` or `ghp_`, is where a closer look begins. A shape is found only where
//! the text around it can mean nothing else, because a result without a word of its own is worth
//! less than one with a credential too much (`SECURITY.md` has the measured numbers).

mod assigned;
mod looks;
mod private_key;
mod self_named;

use std::ops::Range;

use aho_corasick::{AhoCorasick, BuildError, MatchKind, PatternID};

use self::assigned::Named;
pub(super) use self::looks::Text;
use self::self_named::Token;

/// The longest sign, in bytes.
pub(super) const MAX_SIGN: usize = 24;

/// The shapes that a sign may be the beginning of.
#[derive(Clone, Copy)]
enum Shape {
    /// A token that begins with the sign.
    Token(Token),
    /// Three parts of base64 with dots between them, the first of which begins with `{"` (RFC
    /// 7519).
    Jwt,
    /// A private key in PEM (RFC 7468).
    PrivateKey,
    /// A bearer token after its scheme.
    Bearer,
    /// The header `authorization`.
    Authorization,
    /// A value that has a name.
    Named(Named),
}

/// All shapes.
pub(super) struct Shapes {
    signs: AhoCorasick,
    shapes: Vec<Shape>,
}

impl Shapes {
    pub(super) fn new() -> Result<Self, BuildError> {
        let mut all = vec![
            ("eyJ", Shape::Jwt),
            ("-----BEGIN ", Shape::PrivateKey),
            ("bearer", Shape::Bearer),
            ("authorization", Shape::Authorization),
        ];
        let tokens = self_named::TOKENS.iter();
        all.extend(tokens.map(|token| (token.prefix, Shape::Token(*token))));
        let named = assigned::NAMES.iter();
        all.extend(named.map(|named| (named.name, Shape::Named(*named))));
        let signs = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(all.iter().map(|(sign, _)| sign))?;
        let shapes = all.into_iter().map(|(_, shape)| shape).collect();
        Ok(Self { signs, shapes })
    }

    /// Finds the signs.
    pub(super) fn signs(&self) -> &AhoCorasick {
        &self.signs
    }

    /// The place of the credential that a sign belongs to, if there is one.
    pub(super) fn credential(
        &self,
        text: Text<'_>,
        sign: PatternID,
        place: Range<usize>,
    ) -> Option<Range<usize>> {
        match self.shapes.get(sign.as_usize())? {
            Shape::Token(token) => self_named::token(text, *token, place),
            Shape::Jwt => self_named::jwt(text, place),
            Shape::PrivateKey => private_key::find(text, place),
            Shape::Bearer => assigned::bearer(text, place),
            Shape::Authorization => assigned::authorization(text, place),
            Shape::Named(named) => assigned::named(text, *named, place),
        }
    }
}
