//! The parts of a policy's text, by the rules of Cedar's grammar.

/// Signs that are operators, the longer ones first.
const SIGNS: [&str; 16] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", ".", "=",
];

/// A part of a policy's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Word(&'a str),
    /// A text in quotes, with its length in bytes.
    Quoted(usize),
    /// An operator.
    Sign,
    /// A round or a curly bracket.
    Open,
    OpenSquare,
    /// Any bracket that closes.
    Close,
    /// The end of a policy.
    End,
    Other,
}

/// The tokens of a text, each with the byte at which it begins. Blanks and comments are none.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    offset: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, offset: 0 }
    }

    /// The text from the next token on.
    fn rest(&mut self) -> &'a str {
        loop {
            let rest = self.text.get(self.offset..).unwrap_or_default();
            let trimmed = rest.trim_start();
            self.offset += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return trimmed;
            }
            // To Cedar, a carriage return ends a comment as well.
            self.offset += trimmed.find(['\n', '\r']).unwrap_or(trimmed.len());
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (usize, Token<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest();
        let begin = self.offset;
        let first = rest.chars().next()?;
        let (length, token) = match first {
            '"' => {
                let length = quoted(rest);
                (length, Token::Quoted(length))
            }
            '(' | '{' => (1, Token::Open),
            '[' => (1, Token::OpenSquare),
            ')' | ']' | '}' => (1, Token::Close),
            ';' => (1, Token::End),
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => (sign.len(), Token::Sign),
                None => {
                    let is_word = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
                    let length = rest.find(|sign| !is_word(sign)).unwrap_or(rest.len());
                    match rest.get(..length) {
                        Some(word) if length > 0 => (length, Token::Word(word)),
                        _ => (first.len_utf8(), Token::Other),
                    }
                }
            },
        };
        self.offset = begin + length;
        Some((begin, token))
    }
}

/// The length of a text in quotes, at whose first quote this begins. One that does not end is as
/// long as the rest; the parser says what is wrong with it.
fn quoted(text: &str) -> usize {
    let mut is_escaped = false;
    for (place, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return place + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_falls_into_its_parts() {
        let text = "when { a[\"b\\\"]\"] // (((\r>= ä };";
        let found: Vec<_> = Tokens::of(text).map(|(_, token)| token).collect();
        assert_eq!(
            found,
            [
                Token::Word("when"),
                Token::Open,
                Token::Word("a"),
                Token::OpenSquare,
                Token::Quoted(6),
                Token::Close,
                Token::Sign,
                Token::Other,
                Token::Close,
                Token::End,
            ]
        );
        assert_eq!(Tokens::of("\"no end").count(), 1);
    }
}
