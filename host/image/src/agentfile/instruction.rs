//! Instructions as they were written: a keyword, its tokens, its heredoc body.

use std::vec::IntoIter;

use super::error::{Fault, Position, shown};
use super::expand::Expanded;
use super::lines::Lines;
use super::nearest::nearest;
use super::token::{Cursor, Token};

/// The instructions of the syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Keyword {
    From,
    Runtime,
    Model,
    Name,
    Context,
    Config,
    Bin,
    Add,
    Exec,
    Label,
    Arg,
    Env,
    Capability,
}

impl Keyword {
    /// The keyword of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let mut keywords = KEYWORDS.iter();
        let found = keywords.find(|(keyword, _)| keyword.eq_ignore_ascii_case(name));
        found.map(|(_, keyword)| *keyword)
    }
}

/// Every keyword, in the order of the syntax.
const KEYWORDS: [(&str, Keyword); 13] = [
    ("FROM", Keyword::From),
    ("RUNTIME", Keyword::Runtime),
    ("MODEL", Keyword::Model),
    ("NAME", Keyword::Name),
    ("CONTEXT", Keyword::Context),
    ("CONFIG", Keyword::Config),
    ("BIN", Keyword::Bin),
    ("ADD", Keyword::Add),
    ("EXEC", Keyword::Exec),
    ("LABEL", Keyword::Label),
    ("ARG", Keyword::Arg),
    ("ENV", Keyword::Env),
    ("CAPABILITY", Keyword::Capability),
];

/// Letters of an instruction for each typo. A word of three letters is two typos away from too many
/// others.
const LETTERS_A_TYPO: usize = 2;

/// One instruction, not yet understood.
pub(super) struct Instruction {
    pub(super) keyword: Keyword,
    pub(super) at: Position,
    pub(super) arguments: Arguments,
}

impl Instruction {
    /// Reads the instruction on a line that is neither blank nor a comment, its heredoc body
    /// included. A body that belongs to a line with a mistake is skipped: nothing in it is one.
    pub(super) fn read(
        number: usize,
        line: &Expanded,
        lines: &mut Lines<'_>,
    ) -> Result<Self, Fault> {
        match Written::read(Cursor::new(number, line)) {
            Ok(written) => written.with_body(lines),
            Err(fault) => {
                let last = line.text.split([' ', '\t']).rfind(|word| !word.is_empty());
                if let Some(marker) = last.and_then(|word| word.strip_prefix("<<"))
                    && is_marker(marker)
                {
                    // It belongs to a mistake that is reported already.
                    let _ = lines.heredoc(
                        marker,
                        Position {
                            line: number,
                            column: 1,
                        },
                    );
                }
                Err(fault)
            }
        }
    }
}

/// A line of tokens; its heredoc body is not read yet.
struct Written {
    keyword: Keyword,
    at: Position,
    tokens: Vec<(Token, Position)>,
    end: Position,
}

impl Written {
    fn read(mut cursor: Cursor<'_>) -> Result<Self, Fault> {
        let start = cursor.position();
        let Some((first, at)) = cursor.token()? else {
            return Err(Fault::new(
                start,
                "an instruction is left without a keyword by the values of `ARG`",
            ));
        };
        let keyword = keyword(&first, at)?;
        let mut tokens = Vec::new();
        let mut end = cursor.position();
        while let Some(token) = cursor.token()? {
            tokens.push(token);
            end = cursor.position();
        }
        Ok(Self {
            keyword,
            at,
            tokens,
            end,
        })
    }

    fn with_body(self, lines: &mut Lines<'_>) -> Result<Instruction, Fault> {
        let Self {
            keyword,
            at,
            mut tokens,
            end,
        } = self;
        let body = match tokens.last() {
            Some((Token::Heredoc(marker), opened)) => {
                let marker = marker.clone();
                let opened = *opened;
                tokens.pop();
                if !is_marker(&marker) {
                    return Err(Fault::new(
                        opened,
                        "a heredoc is `<<` and a marker of letters, digits and `_`, as in `<<EOF`",
                    ));
                }
                Some((lines.heredoc(&marker, opened)?, opened))
            }
            _ => None,
        };
        let arguments = Arguments {
            tokens: tokens.into_iter(),
            body,
            end,
        };
        Ok(Instruction {
            keyword,
            at,
            arguments,
        })
    }
}

/// A value as it was written.
pub(super) struct Value {
    pub(super) text: String,
    pub(super) at: Position,
    /// True in double quotes, which make a text of anything.
    pub(super) quoted: bool,
}

/// The arguments that follow a keyword, taken from left to right. What is not taken is an error
/// when the instruction ends.
pub(super) struct Arguments {
    tokens: IntoIter<(Token, Position)>,
    body: Option<(String, Position)>,
    end: Position,
}

impl Arguments {
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
    pub(super) fn file(&mut self) -> Option<(String, Position)> {
        let Some((Token::File(file), at)) = self.tokens.as_slice().first() else {
            return None;
        };
        let file = (file.clone(), *at);
        self.tokens.next();
        Some(file)
    }

    /// The string that comes next, if one does: a description. An empty one says nothing.
    pub(super) fn text(&mut self) -> Option<String> {
        let Some((Token::Text(text), _)) = self.tokens.as_slice().first() else {
            return None;
        };
        let text = text.clone();
        self.tokens.next();
        Some(text).filter(|text| !text.is_empty())
    }

    /// True if this token comes next; then it is taken.
    pub(super) fn takes(&mut self, token: &Token) -> bool {
        let next = self.tokens.as_slice().first();
        let is_next = next.is_some_and(|(next, _)| next == token);
        if is_next {
            self.tokens.next();
        }
        is_next
    }

    /// The bare word that comes next, if one does.
    pub(super) fn optional_word(&mut self) -> Option<(String, Position)> {
        let Some((Token::Word(word), at)) = self.tokens.as_slice().first() else {
            return None;
        };
        let word = (word.clone(), *at);
        self.tokens.next();
        Some(word)
    }

    /// The value that must come next: a word, a `file://` word or a string. `expected` completes
    /// "expected …".
    pub(super) fn value(&mut self, expected: &str) -> Result<Value, Fault> {
        match self.take(expected)? {
            (Token::Word(text), at) => Ok(Value {
                text,
                at,
                quoted: false,
            }),
            (Token::Text(text) | Token::File(text), at) => Ok(Value {
                text,
                at,
                quoted: true,
            }),
            (other, at) => Err(Fault::new(
                at,
                format!("a value that begins with {other} stands in double quotes"),
            )),
        }
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
    Keyword::named(word).ok_or_else(|| {
        let near = meant(word);
        let suggestion = match near {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("the instructions are {}", keywords()),
        };
        let word = shown(word);
        Fault::new(at, format!("unknown instruction {word}; {suggestion}")).meaning(near)
    })
}

/// The instruction that a mistyped word means, if it looks like one.
fn meant(word: &str) -> Option<&'static str> {
    let names = KEYWORDS.iter().map(|(name, _)| *name);
    nearest(&word.to_ascii_uppercase(), names, LETTERS_A_TYPO)
}

fn keywords() -> String {
    KEYWORDS.map(|(name, _)| name).join(", ")
}

fn is_marker(marker: &str) -> bool {
    let begins = marker.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins
        && marker
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
}
