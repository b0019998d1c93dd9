//! From the text of a program to tokens.

use cofferdam_command::Stop;

use crate::number;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Number(f64),
    Text(Vec<u8>),
    /// A name, and whether `(` follows at once.
    Name(String, bool),
    /// A word of the language, or the name of a built-in function.
    Word(&'static str),
    /// An operator or another sign.
    Sign(&'static str),
    Newline,
    End,
}

/// Words that are no names.
const WORDS: [&str; 65] = [
    "BEGIN",
    "BEGINFILE",
    "END",
    "ENDFILE",
    "and",
    "asort",
    "asorti",
    "atan2",
    "break",
    "case",
    "close",
    "compl",
    "continue",
    "cos",
    "default",
    "delete",
    "do",
    "else",
    "exit",
    "exp",
    "fflush",
    "for",
    "func",
    "function",
    "gensub",
    "getline",
    "gsub",
    "if",
    "in",
    "index",
    "int",
    "isarray",
    "length",
    "log",
    "lshift",
    "match",
    "mktime",
    "next",
    "nextfile",
    "or",
    "patsplit",
    "print",
    "printf",
    "rand",
    "return",
    "rshift",
    "sin",
    "split",
    "sprintf",
    "sqrt",
    "srand",
    "strftime",
    "strtonum",
    "sub",
    "substr",
    "switch",
    "system",
    "systime",
    "tolower",
    "toupper",
    "typeof",
    "while",
    "xor",
    "bindtextdomain",
    "dcgettext",
];

/// Signs, longer ones before those they begin with.
const SIGNS: [&str; 47] = [
    "**=", "<<", "&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "**", "==", "<=",
    ">=", ">>", "!=", "!~", "|&", "{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%",
    "^", "!", ">", "<", "|", "?", ":", "~", "$", "=", "@", "&", "\\", "`",
];

/// A program and the place in it.
pub(crate) struct Lexer {
    text: Vec<u8>,
    at: usize,
    /// Start of the last token.
    start: usize,
}

impl Lexer {
    pub(crate) fn new(text: &[u8]) -> Self {
        Self {
            text: text.to_vec(),
            at: 0,
            start: 0,
        }
    }

    /// An error at the last token.
    pub(crate) fn stop(&self, sentence: &str) -> Stop {
        let before = self.text.get(..self.start).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let rest = self.text.get(self.start..).unwrap_or_default();
        let near: Vec<u8> = rest
            .iter()
            .take(20)
            .take_while(|byte| **byte != b'\n')
            .copied()
            .collect();
        let near = String::from_utf8_lossy(&near);
        if near.is_empty() {
            return Stop::new(format!("program, line {line}: {sentence}"));
        }
        Stop::new(format!("program, line {line}, at {near:?}: {sentence}"))
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next token; `/` is a division.
    pub(crate) fn next(&mut self) -> Result<Token, Stop> {
        self.skip();
        self.start = self.at;
        let Some(first) = self.rest().first().copied() else {
            return Ok(Token::End);
        };
        match first {
            b'\n' => {
                self.at += 1;
                Ok(Token::Newline)
            }
            b'"' => {
                self.at += 1;
                self.string()
            }
            b'0'..=b'9' | b'.' if first != b'.' || self.digit_follows() => Ok(self.number()),
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => Ok(self.name()),
            _ => {
                let sign = SIGNS
                    .iter()
                    .find(|sign| self.rest().starts_with(sign.as_bytes()));
                let Some(sign) = sign else {
                    return Err(self.stop("this sign means nothing here"));
                };
                self.at += sign.len();
                Ok(Token::Sign(match *sign {
                    "**" => "^",
                    "**=" => "^=",
                    sign => sign,
                }))
            }
        }
    }

    fn digit_follows(&self) -> bool {
        self.rest().get(1).is_some_and(u8::is_ascii_digit)
    }

    /// Skips blanks, comments and lines that go on.
    fn skip(&mut self) {
        loop {
            match self.rest() {
                [b' ' | b'\t' | b'\r', ..] => self.at += 1,
                [b'\\', b'\n', ..] => self.at += 2,
                [b'\\', b'\r', b'\n', ..] => self.at += 3,
                [b'#', ..] => {
                    let length = self
                        .rest()
                        .iter()
                        .take_while(|byte| **byte != b'\n')
                        .count();
                    self.at += length;
                }
                _ => return,
            }
        }
    }

    fn number(&mut self) -> Token {
        let rest = self.rest();
        if let [b'0', b'x' | b'X', digit, ..] = rest
            && digit.is_ascii_hexdigit()
        {
            let digits = rest
                .iter()
                .skip(2)
                .take_while(|byte| byte.is_ascii_hexdigit());
            let length = 2 + digits.count();
            let value = number::any_radix(rest.get(..length).unwrap_or_default());
            self.at += length;
            return Token::Number(value);
        }
        let length = number::length(rest);
        let digits = rest.get(..length).unwrap_or_default();
        // As in C, and in gawk: 011 is nine.
        let octal = digits.len() > 1 && digits.iter().all(|byte| (b'0'..=b'7').contains(byte));
        let value = if octal && digits.first() == Some(&b'0') {
            number::any_radix(digits)
        } else {
            number::prefix(digits)
        };
        self.at += length;
        Token::Number(value)
    }

    fn name(&mut self) -> Token {
        let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        let name: Vec<u8> = self.rest().iter().take_while(is_part).copied().collect();
        self.at += name.len();
        let name = String::from_utf8_lossy(&name).into_owned();
        if let Some(word) = WORDS.iter().find(|word| **word == name) {
            return Token::Word(if *word == "func" { "function" } else { word });
        }
        let called = self.rest().first() == Some(&b'(');
        Token::Name(name, called)
    }

    fn string(&mut self) -> Result<Token, Stop> {
        let mut out = Vec::new();
        loop {
            let Some(byte) = self.rest().first().copied() else {
                return Err(self.stop("unterminated string"));
            };
            self.at += 1;
            match byte {
                b'"' => return Ok(Token::Text(out)),
                b'\n' => return Err(self.stop("unterminated string")),
                b'\\' => {
                    let (meant, length) = escape(self.rest());
                    out.extend(meant);
                    self.at += length;
                }
                other => out.push(other),
            }
        }
    }

    /// The expression that begins with the last token, which was `/` or `/=`.
    pub(crate) fn regex(&mut self) -> Result<String, Stop> {
        self.at = self.start + 1;
        let mut out = Vec::new();
        // 0 outside of brackets; inside, the place where they began.
        let mut bracket = 0;
        loop {
            let Some(byte) = self.rest().first().copied() else {
                return Err(self.stop("unterminated regexp"));
            };
            self.at += 1;
            match byte {
                b'\n' => return Err(self.stop("unterminated regexp")),
                b'/' if bracket == 0 => break,
                b'\\' => {
                    let Some(next) = self.rest().first().copied() else {
                        continue;
                    };
                    self.at += 1;
                    if next != b'/' {
                        out.push(b'\\');
                    }
                    out.push(next);
                    continue;
                }
                b'[' if bracket == 0 => bracket = self.at,
                b']' if bracket > 0 => {
                    let inside = self.text.get(bracket..self.at - 1).unwrap_or_default();
                    let class = matches!(inside, [.., b':' | b'.' | b'='])
                        && inside
                            .windows(2)
                            .any(|two| matches!(two, [b'[', b':' | b'.' | b'=']));
                    if !class && !matches!(inside, [] | [b'^']) {
                        bracket = 0;
                    }
                }
                _ => {}
            }
            out.push(byte);
        }
        Ok(String::from_utf8_lossy(&out).into_owned())
    }
}

/// A text with its escapes replaced, as in a string of a program.
pub(crate) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += 1;
        if *byte == b'\\' {
            let (meant, length) = escape(text.get(at..).unwrap_or_default());
            out.extend(meant);
            at += length;
        } else {
            out.push(*byte);
        }
    }
    out
}

/// The bytes of an escape, and its length after the backslash.
fn escape(after: &[u8]) -> (Vec<u8>, usize) {
    let Some(first) = after.first() else {
        return (vec![b'\\'], 0);
    };
    let simple = match first {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'\n' => return (Vec::new(), 1),
        b'0'..=b'7' => {
            let digits = after
                .iter()
                .take(3)
                .take_while(|byte| (b'0'..=b'7').contains(byte));
            let length = digits.count();
            return (vec![byte(after.get(..length), 8)], length);
        }
        b'x' => {
            let digits = after.iter().skip(1).take(2);
            let length = digits.take_while(|byte| byte.is_ascii_hexdigit()).count();
            if length == 0 {
                return (vec![b'x'], 1);
            }
            return (vec![byte(after.get(1..=length), 16)], length + 1);
        }
        // An expression in a string needs its backslash: `"\\."` is `\.`, and gawk takes `"\."` for
        // `.` with a warning. `\/`, `\"` and `\\` are what follows the backslash.
        other => *other,
    };
    (vec![simple], 1)
}

fn byte(digits: Option<&[u8]>, radix: u32) -> u8 {
    let digits = digits.unwrap_or_default();
    let value = digits.iter().fold(0, |value: u32, digit| {
        value * radix + char::from(*digit).to_digit(radix).unwrap_or(0)
    });
    u8::try_from(value & 0xff).unwrap_or(0)
}
