//! The tokens of one instruction line.

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

use cofferdam_capability::is_hiding;

use super::error::{Fault, Position, shown};
use super::expand::Expanded;

/// One token, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Anything up to whitespace, `"`, `=` or `!`.
    Word(String),
    /// The text between double quotes, escapes resolved.
    Text(String),
    /// A `file://` word, which alone may hold `=`, `!` and `"`.
    File(String),
    /// `<<` and the marker after it.
    Heredoc(String),
    /// `=`.
    Equals,
    /// `!`.
    Bang,
}

impl Token {
    /// The token as a person writes it.
    pub(super) fn written(&self) -> String {
        match self {
            Self::Word(word) | Self::File(word) => word.clone(),
            Self::Text(text) => {
                let mut written = String::from("\"");
                for c in text.chars() {
                    match c {
                        '"' => written.push_str("\\\""),
                        '\\' => written.push_str("\\\\"),
                        '\n' => written.push_str("\\n"),
                        '\r' => written.push_str("\\r"),
                        '\t' => written.push_str("\\t"),
                        c => written.push(c),
                    }
                }
                written.push('"');
                written
            }
            Self::Heredoc(marker) => format!("<<{marker}"),
            Self::Equals => "=".to_owned(),
            Self::Bang => "!".to_owned(),
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) | Self::File(word) => f.write_str(&shown(word)),
            Self::Text(text) => f.write_str(&shown(&format!("\"{}\"", text.escape_debug()))),
            Self::Heredoc(marker) => f.write_str(&shown(&format!("<<{marker}"))),
            Self::Equals => f.write_str("`=`"),
            Self::Bang => f.write_str("`!`"),
        }
    }
}

/// Reads one line from left to right and knows the column it has reached.
pub(super) struct Cursor<'a> {
    chars: Peekable<Chars<'a>>,
    line: &'a Expanded,
    number: usize,
    /// Characters that were read.
    read: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(number: usize, line: &'a Expanded) -> Self {
        Self {
            chars: line.text.chars().peekable(),
            line,
            number,
            read: 0,
        }
    }

    /// The next token and the place it begins at; `None` at the end of the line.
    pub(super) fn token(&mut self) -> Result<Option<(Token, Position)>, Fault> {
        self.take_while(|c| matches!(c, ' ' | '\t'));
        let at = self.position();
        let token = match self.chars.peek() {
            None => return Ok(None),
            Some('=') => {
                self.advance();
                Token::Equals
            }
            Some('!') => {
                self.advance();
                Token::Bang
            }
            Some('"') => {
                self.advance();
                Token::Text(self.text(at)?)
            }
            Some(_) => self.word()?,
        };
        Ok(Some((token, at)))
    }

    /// One past the last character read.
    pub(super) fn position(&self) -> Position {
        Position {
            line: self.number,
            column: self.line.column(self.read),
        }
    }

    fn word(&mut self) -> Result<Token, Fault> {
        let mut word =
            self.take_while(|c| !matches!(c, ' ' | '\t' | '"' | '=' | '!') && !is_hiding(c));
        let is_file = word.starts_with("file://");
        if is_file {
            word.push_str(&self.take_while(|c| !matches!(c, ' ' | '\t') && !is_hiding(c)));
        }
        self.refuse_control()?;
        Ok(match word.strip_prefix("<<") {
            Some(marker) => Token::Heredoc(marker.to_owned()),
            None if is_file => Token::File(word),
            None => Token::Word(word),
        })
    }

    /// The rest of a string whose opening quote, at `opened`, has been read.
    fn text(&mut self, opened: Position) -> Result<String, Fault> {
        let mut text = String::new();
        loop {
            self.refuse_control()?;
            let at = self.position();
            match self.advance() {
                None => {
                    return Err(Fault::new(
                        opened,
                        "the string never ends; close it with `\"` on the same line",
                    ));
                }
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape(at)?),
                Some(c) => text.push(c),
            }
        }
    }

    fn escape(&mut self, at: Position) -> Result<char, Fault> {
        match self.advance() {
            Some(c @ ('"' | '\\')) => Ok(c),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some(c) => Err(Fault::new(
                at,
                format!(
                    "unknown escape `\\{}`; a string knows `\\\"`, `\\\\`, `\\n`, `\\r` and `\\t`",
                    c.escape_debug()
                ),
            )),
            None => Err(Fault::new(
                at,
                "the line ends after `\\`; write `\\\\` for a backslash, and close the string",
            )),
        }
    }

    /// A control character has no business in an instruction, nor one that nobody sees or that
    /// turns the direction of the text: from there it would reach terminals and prompts.
    fn refuse_control(&mut self) -> Result<(), Fault> {
        match self.chars.peek() {
            Some(&c) if is_hiding(c) && c != '\t' => {
                let kind = if c.is_control() {
                    "control"
                } else {
                    "invisible"
                };
                let c = c.escape_unicode();
                Err(Fault::new(
                    self.position(),
                    format!("{kind} character `{c}` in an instruction; delete it"),
                ))
            }
            _ => Ok(()),
        }
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.chars.next_if(|&c| keep(c)) {
            self.read += 1;
            taken.push(c);
        }
        taken
    }

    fn advance(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        self.read += 1;
        Some(c)
    }
}
