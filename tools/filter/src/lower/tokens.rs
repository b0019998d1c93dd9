//! Syntax that the engine's parser does not read, in syntax that it reads: `?//`, `{$a: pattern}`,
//! `.5`, `$__loc__`.

use jaq_core::load::Lexer;
use jaq_core::load::lex::{StrPart, Tok, Token};

type Tokens<'s> = Vec<Token<&'s str>>;

/// A sentence about text that is no token.
pub(super) fn lexical(expected: &str, at: &str) -> String {
    match at.chars().next() {
        Some('\'') => "texts have double quotes: unexpected '".to_owned(),
        Some(char) => format!("expected {expected}, found {char}"),
        None => format!("expected {expected}, found the end"),
    }
}

/// Rewrites the tokens of a program.
pub(super) fn rewrite<'s>(tokens: Tokens<'s>, code: &'s str) -> Tokens<'s> {
    rewrite_in(Surroundings::Other, tokens, code)
}

/// The bracket that tokens stand in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Surroundings {
    Object,
    Other,
}

fn rewrite_in<'s>(around: Surroundings, tokens: Tokens<'s>, code: &'s str) -> Tokens<'s> {
    let mut written: Tokens<'s> = Vec::with_capacity(tokens.len());
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        let token = inside(token, code);
        match (written.last(), &token) {
            (before, Token(name @ "$__loc__", Tok::Var)) => {
                let key = before.is_none_or(|before| before.0 == ",");
                if key && around == Surroundings::Object {
                    written.push(Token("__loc__", Tok::Word));
                    written.push(Token(":", Tok::Sym));
                }
                written.extend(location(name, code));
            }
            // A number that begins with its point.
            (Some(Token(dot, Tok::Sym)), Token(digits, Tok::Num))
                if *dot == "." && follows(dot, digits) && digits.starts_with(is_digit) =>
            {
                let number = jaq_core::load::span(code, dot).start;
                let end = jaq_core::load::span(code, digits).end;
                written.pop();
                written.push(Token(code.get(number..end).unwrap_or(digits), Tok::Num));
            }
            (_, Token("as", Tok::Word)) => {
                let mut patterns: Tokens<'s> = Vec::new();
                patterns.extend(rest.next().map(|pattern| pattern_keys(pattern, code)));
                let body: Tokens<'s> = rest.by_ref().collect();
                let (alternatives, body) = alternatives(&mut patterns, body, code);
                if alternatives {
                    let (whole, after) = destructured(patterns, body, code);
                    written.extend(whole);
                    rest = after.into_iter().peekable();
                } else {
                    written.push(token);
                    written.extend(patterns);
                    rest = body.into_iter().peekable();
                }
            }
            _ => written.push(token),
        }
    }
    written
}

/// A call that gives file and line, for `$__loc__`.
fn location<'s>(name: &str, code: &'s str) -> Tokens<'s> {
    let at = jaq_core::load::span(code, name).start;
    let before = code.get(..at).unwrap_or_default();
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    // Programs are read once in a process, and few say where they are.
    let line: &'s str = String::leak(line.to_string());
    let line = vec![Token(line, Tok::Num), Token(")", Tok::Sym)];
    vec![Token("!loc", Tok::Word), Token("(", Tok::Block(line))]
}

fn is_digit(char: char) -> bool {
    char.is_ascii_digit()
}

/// Returns true if two parts of one text stand side by side.
fn follows(left: &str, right: &str) -> bool {
    std::ptr::eq(left.as_bytes().as_ptr_range().end, right.as_ptr())
}

/// Rewrites within brackets and texts.
fn inside<'s>(token: Token<&'s str>, code: &'s str) -> Token<&'s str> {
    let Token(text, tok) = token;
    let tok = match tok {
        Tok::Block(tokens) => {
            let around = if text.starts_with('{') {
                Surroundings::Object
            } else {
                Surroundings::Other
            };
            Tok::Block(rewrite_in(around, tokens, code))
        }
        Tok::Str(parts) => Tok::Str(
            parts
                .into_iter()
                .map(|part| match part {
                    StrPart::Term(term) => StrPart::Term(inside(term, code)),
                    other => other,
                })
                .collect(),
        ),
        other => other,
    };
    Token(text, tok)
}

/// `{$a: pattern}` as `{$a, a: pattern}`.
fn pattern_keys<'s>(pattern: Token<&'s str>, code: &'s str) -> Token<&'s str> {
    let Token(text, Tok::Block(tokens)) = pattern else {
        return pattern;
    };
    let is_object = text.starts_with('{');
    let mut written: Tokens<'s> = Vec::new();
    for token in tokens {
        let token = match token {
            Token(text, Tok::Block(_)) if text.starts_with('(') => inside(token, code),
            other => pattern_keys(other, code),
        };
        let variable = written.last().and_then(|last| match last {
            Token(name, Tok::Var) if is_object => Some(*name),
            _ => None,
        });
        if let (":", Some(name)) = (token.0, variable) {
            written.push(Token(",", Tok::Sym));
            written.push(Token(name.get(1..).unwrap_or(name), Tok::Word));
        }
        written.push(token);
    }
    Token(text, Tok::Block(written))
}

/// Collects the patterns behind `?//`. Returns what follows them.
fn alternatives<'s>(
    patterns: &mut Tokens<'s>,
    body: Tokens<'s>,
    code: &'s str,
) -> (bool, Tokens<'s>) {
    let mut body = body.into_iter().peekable();
    let mut more = false;
    let starts = |tokens: &[Token<&str>]| matches!(tokens, [Token("?", _), Token("//", _), ..]);
    let mut left: Tokens<'s> = body.by_ref().collect();
    while starts(&left) {
        more = true;
        let mut tokens = left.into_iter().skip(2);
        patterns.extend(tokens.next().map(|pattern| pattern_keys(pattern, code)));
        left = tokens.collect();
    }
    (more, left)
}

/// `as p1 ?// p2 | body`: the body with the variables of the first pattern; where that fails, with
/// those of the second. Variables of the other patterns are null.
fn destructured<'s>(
    patterns: Tokens<'s>,
    body: Tokens<'s>,
    code: &'s str,
) -> (Tokens<'s>, Tokens<'s>) {
    let mut body = body.into_iter();
    // The `|` behind the patterns.
    body.next();
    let mut body: Tokens<'s> = body.collect();
    let after = body.split_off(extent(&body));
    let start = body
        .first()
        .map(|first| jaq_core::load::span(code, first.0).start);
    let end = body
        .last()
        .map(|last| jaq_core::load::span(code, last.0).end);
    let text = start.zip(end).and_then(|(start, end)| code.get(start..end));
    let text = text.unwrap_or_default();
    let mut variables = Vec::new();
    for pattern in &patterns {
        collect_variables(pattern, &mut variables);
    }
    let mut chain: Option<Tokens<'s>> = None;
    for pattern in patterns.into_iter().rev() {
        let mut one = vec![];
        for variable in &variables {
            one.push(Token("null", Tok::Word));
            one.push(Token("as", Tok::Word));
            one.push(Token(*variable, Tok::Var));
            one.push(Token("|", Tok::Sym));
        }
        one.push(Token("$!all", Tok::Var));
        one.push(Token("as", Tok::Word));
        one.push(pattern);
        one.push(Token("|", Tok::Sym));
        // Read again for each pattern: tokens cannot be copied.
        one.extend(rewrite(Lexer::new(text).lex().unwrap_or_default(), code));
        chain = Some(match chain {
            None => one,
            Some(others) => {
                one.push(Token(";", Tok::Sym));
                one.extend(others);
                one.push(Token(")", Tok::Sym));
                vec![Token("!else", Tok::Word), Token("(", Tok::Block(one))]
            }
        });
    }
    let mut whole = vec![
        Token("as", Tok::Word),
        Token("$!all", Tok::Var),
        Token("|", Tok::Sym),
    ];
    whole.extend(chain.unwrap_or_default());
    (whole, after)
}

/// Number of tokens that belong to a body: up to what closes the term that it is in.
fn extent(tokens: &[Token<&str>]) -> usize {
    let (mut ifs, mut defs) = (0_usize, 0_usize);
    for (index, Token(text, tok)) in tokens.iter().enumerate() {
        match (*text, tok) {
            ("if", Tok::Word) => ifs += 1,
            ("end", Tok::Word) if ifs > 0 => ifs -= 1,
            ("def", Tok::Word) => defs += 1,
            (";", Tok::Sym) if defs > 0 => defs -= 1,
            ("then" | "elif" | "else" | "end", Tok::Word) if ifs == 0 => return index,
            (";" | ")" | "]" | "}", Tok::Sym) => return index,
            _ => {}
        }
    }
    tokens.len()
}

fn collect_variables<'s>(pattern: &Token<&'s str>, variables: &mut Vec<&'s str>) {
    match pattern {
        Token(name, Tok::Var) if !variables.contains(name) => variables.push(name),
        // Keys in parentheses are expressions.
        Token(text, Tok::Block(tokens)) if !text.starts_with('(') => {
            for token in tokens {
                collect_variables(token, variables);
            }
        }
        _ => {}
    }
}
