//! From the text of an expression to its parts.

use regex_syntax::hir::ClassUnicode;

use crate::bracket::{bracket, class};
use crate::node::{Assert, Node, Times};
use crate::{Error, Options, Syntax};

/// The most repetitions that can be asked for: `RE_DUP_MAX` of the C library.
const MAX_TIMES: u32 = 32767;

/// Maximum depth of groups in groups, because each level takes stack of the guest.
const MAX_DEPTH: usize = 100;

/// An expression with the number of its groups.
pub(crate) struct Parsed {
    pub(crate) node: Node,
    pub(crate) groups: usize,
}

/// Parses a whole expression.
pub(crate) fn parse(text: &str, options: Options) -> Result<Parsed, Error> {
    let mut parser = Parser {
        chars: text.chars().collect(),
        at: 0,
        options,
        groups: 0,
        closed: Vec::new(),
        depth: 0,
    };
    let node = parser.alternatives()?;
    if parser.at < parser.chars.len() {
        return Err(Error::new("Unmatched ) or \\)"));
    }
    Ok(Parsed {
        node,
        groups: parser.groups,
    })
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    options: Options,
    groups: usize,
    /// Groups that are closed already, which `\1` may name.
    closed: Vec<usize>,
    depth: usize,
}

/// The next part, once escapes are told from operators.
enum Token {
    Open,
    Close,
    Or,
    Star,
    Plus,
    Question,
    Brace,
    Node(Node),
}

impl Parser {
    fn basic(&self) -> bool {
        self.options.syntax == Syntax::Basic
    }

    fn rest(&self) -> &[char] {
        self.chars.get(self.at..).unwrap_or_default()
    }

    fn alternatives(&mut self) -> Result<Node, Error> {
        let mut all = vec![self.sequence()?];
        while let Some((Token::Or, length)) = self.peek(false)? {
            self.at += length;
            all.push(self.sequence()?);
        }
        Ok(match (all.pop(), all.is_empty()) {
            (Some(only), true) => only,
            (last, _) => {
                all.extend(last);
                Node::Alternate(all)
            }
        })
    }

    /// Parts up to `|`, `)` or the end.
    fn sequence(&mut self) -> Result<Node, Error> {
        let mut parts: Vec<Node> = Vec::new();
        // Where nothing stands that an operator could repeat.
        let mut start = true;
        let mut repeated = false;
        while let Some((token, length)) = self.peek(start)? {
            let node = match token {
                Token::Or | Token::Close => break,
                Token::Open => {
                    self.at += length;
                    self.group()?
                }
                Token::Node(node) => {
                    self.at += length;
                    node
                }
                operator => {
                    let last = parts.pop().filter(|_| !start);
                    let Some(last) = last.filter(|_| !(repeated && self.basic())) else {
                        return Err(Error::new("Invalid preceding regular expression"));
                    };
                    self.at += length;
                    let times = self.times(&operator)?;
                    parts.push(Node::Repeat(Box::new(last), times));
                    repeated = true;
                    continue;
                }
            };
            // In a basic expression `*` after a leading `^` stands for itself.
            let anchor = matches!(node, Node::Assert(Assert::TextStart | Assert::LineStart));
            start = self.basic() && anchor && parts.is_empty();
            repeated = false;
            parts.push(node);
        }
        Ok(match parts.len() {
            0 => Node::Empty,
            1 => parts.pop().unwrap_or(Node::Empty),
            _ => Node::Concat(parts),
        })
    }

    fn group(&mut self) -> Result<Node, Error> {
        if self.depth == MAX_DEPTH {
            return Err(Error::new(format!(
                "groups may stand {MAX_DEPTH} deep in each other, no deeper"
            )));
        }
        self.depth += 1;
        self.groups += 1;
        let number = self.groups;
        let inner = self.alternatives()?;
        let Some((Token::Close, length)) = self.peek(false)? else {
            return Err(Error::new("Unmatched ( or \\("));
        };
        self.at += length;
        self.depth -= 1;
        self.closed.push(number);
        Ok(Node::Group(number, Box::new(inner)))
    }

    fn times(&mut self, operator: &Token) -> Result<Times, Error> {
        let (least, most) = match operator {
            Token::Star => (0, None),
            Token::Plus => (1, None),
            Token::Question => (0, Some(1)),
            _ => return self.interval(),
        };
        Ok(Times { least, most })
    }

    /// `m,n}` or `m,n\}`
    fn interval(&mut self) -> Result<Times, Error> {
        let Some((times, length)) = interval(self.rest(), self.basic()) else {
            return Err(Error::new("Unmatched { or \\{, or no number in it"));
        };
        self.at += length;
        if times.most.is_some_and(|most| most < times.least) {
            return Err(Error::new("Invalid content of \\{\\}"));
        }
        if times.least.max(times.most.unwrap_or(0)) > MAX_TIMES {
            return Err(Error::new(format!(
                "Regular expression too big: at most {MAX_TIMES} repetitions"
            )));
        }
        Ok(times)
    }

    /// The next token and its length. `start`: nothing stands before it that could be repeated.
    fn peek(&self, start: bool) -> Result<Option<(Token, usize)>, Error> {
        let rest = self.rest();
        let Some(first) = rest.first() else {
            return Ok(None);
        };
        let after = rest.get(1..).unwrap_or_default();
        let basic = self.basic();
        let token = match first {
            '\\' => return self.escaped(after, start).map(Some),
            '[' => {
                let escapes = self.options.syntax == Syntax::Awk;
                let (set, length) = bracket(after, escapes, self.options.ignore_case)?;
                return Ok(Some((Token::Node(Node::Class(set)), length + 1)));
            }
            '.' => Token::Node(Node::Any),
            '*' if basic && start => Token::Node(Node::Char('*')),
            '*' => Token::Star,
            '(' if !basic => Token::Open,
            // In awk, as in `(]|[)]` of others, one without an opening one is an error too.
            ')' if !basic => Token::Close,
            '|' if !basic => Token::Or,
            '+' if !basic => Token::Plus,
            '?' if !basic => Token::Question,
            '{' if !basic && self.is_brace(after, start) => Token::Brace,
            '^' if !basic || (start && self.is_leading()) => self.line_start(),
            '$' if !basic || matches!(after, [] | ['\\', ')' | '|', ..]) => self.line_end(),
            char => Token::Node(Node::Char(*char)),
        };
        Ok(Some((token, 1)))
    }

    /// In awk `{` is an operator where an interval follows; else it always is.
    fn is_brace(&self, after: &[char], start: bool) -> bool {
        self.options.syntax == Syntax::Extended || (!start && interval(after, false).is_some())
    }

    /// Returns true where `^` is an anchor in a basic expression.
    fn is_leading(&self) -> bool {
        let before = self.chars.get(..self.at).unwrap_or_default();
        matches!(before, [] | [.., '\\', '(' | '|'])
    }

    fn line_start(&self) -> Token {
        Token::Node(Node::Assert(if self.options.multi_line {
            Assert::LineStart
        } else {
            Assert::TextStart
        }))
    }

    fn line_end(&self) -> Token {
        Token::Node(Node::Assert(if self.options.multi_line {
            Assert::LineEnd
        } else {
            Assert::TextEnd
        }))
    }

    /// A backslash and what follows it.
    fn escaped(&self, after: &[char], start: bool) -> Result<(Token, usize), Error> {
        let Some(char) = after.first() else {
            return Err(Error::new("Trailing backslash"));
        };
        let awk = self.options.syntax == Syntax::Awk;
        let node = |node| Token::Node(node);
        let set = |name: &str, negated: bool| -> Result<Token, Error> {
            let mut set: ClassUnicode = class(name)?;
            if negated {
                set.negate();
            }
            Ok(node(Node::Class(set)))
        };
        let token = match char {
            '(' if self.basic() => Token::Open,
            ')' if self.basic() => Token::Close,
            '|' if self.basic() => Token::Or,
            '{' if self.basic() && !start => Token::Brace,
            '+' if self.basic() && !start => Token::Plus,
            '?' if self.basic() && !start => Token::Question,
            '{' if self.basic() => return Err(Error::new("Invalid preceding regular expression")),
            'w' => set("word", false)?,
            'W' => set("word", true)?,
            's' => set("space", false)?,
            'S' => set("space", true)?,
            'b' if !awk => node(Node::Assert(Assert::Boundary)),
            'y' if awk => node(Node::Assert(Assert::Boundary)),
            'B' => node(Node::Assert(Assert::NoBoundary)),
            '<' => node(Node::Assert(Assert::WordStart)),
            '>' => node(Node::Assert(Assert::WordEnd)),
            '`' => node(Node::Assert(Assert::TextStart)),
            '\'' => node(Node::Assert(Assert::TextEnd)),
            '1'..='9' if !awk => {
                let number = char.to_digit(10).map_or(0, |digit| digit as usize);
                if !self.closed.contains(&number) {
                    return Err(Error::new("Invalid back reference"));
                }
                node(Node::BackReference(number))
            }
            '0'..='7' if awk => {
                let digits = after.iter().take(3).take_while(|char| char.is_digit(8));
                let digits: String = digits.collect();
                let byte = u32::from_str_radix(&digits, 8).unwrap_or(0) & 0xff;
                return Ok((node(byte_node(byte)), digits.len() + 1));
            }
            'x' => {
                let digits = after.iter().skip(1).take(2);
                let digits: String = digits.take_while(|char| char.is_ascii_hexdigit()).collect();
                if let Ok(byte) = u32::from_str_radix(&digits, 16) {
                    return Ok((node(byte_node(byte)), digits.len() + 2));
                }
                node(Node::Char('x'))
            }
            'n' => node(Node::Char('\n')),
            't' => node(Node::Char('\t')),
            'f' => node(Node::Char('\x0c')),
            'r' => node(Node::Char('\r')),
            'v' => node(Node::Char('\x0b')),
            'a' => node(Node::Char('\x07')),
            'b' => node(Node::Char('\x08')),
            other => node(Node::Char(*other)),
        };
        Ok((token, 2))
    }
}

/// The part for a code of two hexadecimal or three octal digits.
fn byte_node(byte: u32) -> Node {
    match u8::try_from(byte) {
        Ok(byte) if byte.is_ascii() => Node::Char(char::from(byte)),
        Ok(byte) => Node::Byte(byte),
        Err(_) => Node::Empty,
    }
}

/// The numbers between braces, and the length up to the closing one.
fn interval(text: &[char], basic: bool) -> Option<(Times, usize)> {
    let length = text
        .iter()
        .position(|char| !char.is_ascii_digit() && *char != ',')?;
    let numbers: String = text.get(..length)?.iter().collect();
    let closing: &[char] = if basic { &['\\', '}'] } else { &['}'] };
    if !text.get(length..)?.starts_with(closing) {
        return None;
    }
    // A number too long for the type is too big in any case.
    let number = |digits: &str| digits.parse().unwrap_or(u32::MAX);
    let times = match numbers.split_once(',') {
        Some((_, most)) if most.contains(',') => return None,
        Some((least, most)) => Times {
            least: if least.is_empty() { 0 } else { number(least) },
            most: (!most.is_empty()).then(|| number(most)),
        },
        None if numbers.is_empty() => return None,
        None => Times {
            least: number(&numbers),
            most: Some(number(&numbers)),
        },
    };
    Some((times, length + closing.len()))
}
