//! Instructions as they were written: a keyword, its tokens, its heredoc body.

use std::vec::IntoIter;

use super::error::{Fault, Position, shown};
use super::lines::Lines;
use super::token::{Cursor, Token};

/// The instructions this host carries out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    From,
    Name,
    Model,
    Context,
    Bin,
    Label,
}

/// Keywords of the syntax; those without a [`Keyword`] are known and refused.
const KEYWORDS: [(&str, Option<Keyword>); 13] = [
    ("FROM", Some(Keyword::From)),
    ("NAME", Some(Keyword::Name)),
    ("MODEL", Some(Keyword::Model)),
    ("CONTEXT", Some(Keyword::Context)),
    ("BIN", Some(Keyword::Bin)),
    ("LABEL", Some(Keyword::Label)),
    ("RUNTIME", None),
    ("CONFIG", None),
    ("ADD", None),
    ("EXEC", None),
    ("ARG", None),
    ("ENV", None),
    ("CAPABILITY", None),
];

/// Number of letters that may be added, dropped, swapped or changed before a keyword no longer
/// looks meant.
const TYPO_MAX: usize = 2;

/// One instruction, not yet understood.
pub(super) struct Instruction {
    pub(super) keyword: Keyword,
    pub(super) at: Position,
    pub(super) arguments: Arguments,
}

impl Instruction {
    /// The next instruction of the file, its heredoc body included.
    pub(super) fn next(lines: &mut Lines<'_>) -> Result<Option<Self>, Fault> {
        while let Some((number, line)) = lines.instruction()? {
            let mut cursor = Cursor::new(number, line);
            if let Some((first, at)) = cursor.token()? {
                let keyword = keyword(&first, at)?;
                return Ok(Some(Self {
                    keyword,
                    at,
                    arguments: Arguments::read(cursor, lines)?,
                }));
            }
        }
        Ok(None)
    }
}

/// The arguments that follow a keyword, taken from left to right. What is not taken is an error
/// when the instruction ends.
pub(super) struct Arguments {
    tokens: IntoIter<(Token, Position)>,
    body: Option<(String, Position)>,
    end: Position,
}

impl Arguments {
    /// The rest of the line, and the heredoc body where it opens one.
    fn read(mut cursor: Cursor<'_>, lines: &mut Lines<'_>) -> Result<Self, Fault> {
        let mut tokens = Vec::new();
        let mut end = cursor.position();
        while let Some(token) = cursor.token()? {
            tokens.push(token);
            end = cursor.position();
        }
        let body = match tokens.last() {
            Some((Token::Heredoc(marker), at)) => {
                let marker = marker.clone();
                let at = *at;
                tokens.pop();
                check_marker(&marker, at)?;
                Some((lines.heredoc(&marker, at)?, at))
            }
            _ => None,
        };
        Ok(Self {
            tokens: tokens.into_iter(),
            body,
            end,
        })
    }

    /// A bare word that must come next. `expected` completes "expected …".
    pub(super) fn word(&mut self, expected: &str) -> Result<(String, Position), Fault> {
        match self.take(expected)? {
            (Token::Word(word), at) => Ok((word, at)),
            (other, at) => Err(Fault::new(
                at,
                format!("expected {expected}, found {other}"),
            )),
        }
    }

    /// The token that must come next.
    pub(super) fn take(&mut self, expected: &str) -> Result<(Token, Position), Fault> {
        match (self.tokens.next(), &self.body) {
            (Some(token), _) => Ok(token),
            (None, Some((_, at))) => Err(Fault::new(
                *at,
                format!("expected {expected} before the heredoc"),
            )),
            (None, None) => Err(Fault::new(
                self.end,
                format!("expected {expected}, found the end of the line"),
            )),
        }
    }

    /// The `file://` word that comes next, if one does.
    pub(super) fn file(&self) -> Option<(String, Position)> {
        match self.tokens.as_slice().first() {
            Some((Token::File(file), at)) => Some((file.clone(), *at)),
            _ => None,
        }
    }

    /// The string that comes next, if one does.
    pub(super) fn text(&mut self) -> Option<String> {
        let Some((Token::Text(text), _)) = self.tokens.as_slice().first() else {
            return None;
        };
        let text = text.clone();
        self.tokens.next();
        Some(text)
    }

    /// The heredoc body, if the line ended with one.
    pub(super) fn body(&mut self) -> Option<String> {
        self.body.take().map(|(body, _)| body)
    }

    /// Just past the last token of the line.
    pub(super) fn end(&self) -> Position {
        self.end
    }

    /// Refuses what nobody took. `hint` says what would be right.
    pub(super) fn finish(mut self, hint: &str) -> Result<(), Fault> {
        match (self.tokens.next(), self.body) {
            (None, None) => Ok(()),
            (Some((Token::Heredoc(_), at)), _) => Err(Fault::new(
                at,
                "a heredoc is the last thing on its line; put what follows before it",
            )),
            (Some((token, at)), _) => Err(Fault::new(at, format!("{token} is left over; {hint}"))),
            (None, Some((_, at))) => Err(Fault::new(
                at,
                format!("this instruction takes no heredoc; {hint}"),
            )),
        }
    }
}

fn keyword(token: &Token, at: Position) -> Result<Keyword, Fault> {
    let Token::Word(word) = token else {
        return Err(Fault::new(
            at,
            format!("expected an instruction such as `BIN`, found {token}"),
        ));
    };
    match KEYWORDS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
    {
        Some((_, Some(keyword))) => Ok(*keyword),
        Some((name, None)) => Err(Fault::new(
            at,
            format!(
                "`{name}` is not supported yet; this host reads {}",
                supported()
            ),
        )),
        None => Err(Fault::new(
            at,
            format!("unknown instruction {}; {}", shown(word), suggestion(word)),
        )),
    }
}

fn suggestion(word: &str) -> String {
    let word = word.to_ascii_uppercase();
    let distance = |name: &str| strsim::osa_distance(name, &word);
    // A word of three letters is two typos away from too many others: the shorter, the closer it
    // must be.
    let near = KEYWORDS
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| distance(name) <= TYPO_MAX.min(name.len() / 2));
    match near.min_by_key(|name| distance(name)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("this host reads {}", supported()),
    }
}

fn supported() -> String {
    let names: Vec<_> = KEYWORDS
        .iter()
        .filter(|(_, keyword)| keyword.is_some())
        .map(|(name, _)| *name)
        .collect();
    names.join(", ")
}

fn check_marker(marker: &str, at: Position) -> Result<(), Fault> {
    let begins = marker.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins
        && marker
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
    {
        return Ok(());
    }
    Err(Fault::new(
        at,
        "a heredoc is `<<` and a marker of letters, digits and `_`, as in `<<EOF`",
    ))
}
