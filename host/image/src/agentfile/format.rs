//! The usual layout of an Agentfile: keywords in capitals, one space between words, no blank lines
//! in a row. Comments and the bodies of heredocs stay as they are.

use std::collections::BTreeMap;

use super::error::{AgentfileError, Fault, Position};
use super::expand::{Expanded, Values};
use super::lines::{Line, Lines};
use super::needed::Needed;
use super::parse::{Written, parse_needing};
use super::token::{Cursor, Token};

/// Lays out the text of an Agentfile. `file` is how errors call it. The result means the same: it
/// is parsed as well.
///
/// # Errors
///
/// The text is no Agentfile. The error has every mistake.
pub fn format(text: &str, file: &str) -> Result<String, AgentfileError> {
    let read = |text: &str| Written::parse(text, file, BTreeMap::new(), Needed::IMAGE);
    let written = read(text)?;
    if written.parent().is_none() {
        parse_needing(text, file, Needed::IMAGE)?;
    }
    let wrong = |fault| AgentfileError::new(file, vec![fault]);
    let formatted = laid_out(text).map_err(wrong)?;
    if read(&formatted).is_ok_and(|again| again.says_the_same(&written)) {
        return Ok(formatted);
    }
    Err(wrong(Fault::new(
        Position { line: 1, column: 1 },
        "the values of its `ARG`s change how its lines are read, so it cannot be formatted; write \
         these lines without `${…}`",
    )))
}

fn laid_out(text: &str) -> Result<String, Fault> {
    let mut lines = Lines::of(text)?;
    let mut out = String::with_capacity(text.len());
    let mut blank = true;
    while let Some((number, line)) = lines.next()? {
        let trimmed = line.trim_matches([' ', '\t']);
        if trimmed.is_empty() {
            if !blank {
                out.push('\n');
            }
            blank = true;
            continue;
        }
        blank = false;
        if trimmed.starts_with('#') {
            out.push_str(trimmed);
            out.push('\n');
            continue;
        }
        let (written, marker) = instruction((number, line));
        out.push_str(&written);
        out.push('\n');
        if let Some(marker) = marker {
            // The body and its end, verbatim.
            while let Some((_, line)) = lines.next()? {
                let ends = line.trim() == marker;
                out.push_str(if ends { &marker } else { line });
                out.push('\n');
                if ends {
                    break;
                }
            }
        }
    }
    let end = out.trim_end_matches('\n').len();
    out.truncate(end);
    out.push('\n');
    Ok(out)
}

/// The line of an instruction, and the marker of the heredoc that it opens. A line that only the
/// values of `ARG` make readable stays as it is.
fn instruction(line: Line<'_>) -> (String, Option<String>) {
    let (number, text) = line;
    let as_it_is = text.trim_matches([' ', '\t']).to_owned();
    let Ok(expanded) = Expanded::of(number, text, &Values::new()) else {
        return (as_it_is, None);
    };
    let mut cursor = Cursor::new(number, &expanded);
    let mut tokens = Vec::new();
    loop {
        match cursor.token() {
            Ok(Some((token, _))) => tokens.push(token),
            Ok(None) => break,
            Err(_) => return (as_it_is, None),
        }
    }
    let marker = match tokens.last() {
        Some(Token::Heredoc(marker)) => Some(marker.clone()),
        _ => None,
    };
    let mut written = String::new();
    let mut before: Option<&Token> = None;
    for token in &tokens {
        if before.is_some_and(|before| stand_apart(before, token)) {
            written.push(' ');
        }
        match (before, token) {
            (None, Token::Word(keyword)) => written.push_str(&keyword.to_ascii_uppercase()),
            (_, token) => written.push_str(&token.written()),
        }
        before = Some(token);
    }
    (written, marker)
}

/// True if a space stands between the two.
fn stand_apart(before: &Token, after: &Token) -> bool {
    let opens = matches!(before, Token::Equals) || is_word(before, "[");
    let closes =
        matches!(after, Token::Equals | Token::Bang) || is_word(after, "]") || is_word(after, ",");
    !opens && !closes
}

fn is_word(token: &Token, expected: &str) -> bool {
    matches!(token, Token::Word(word) if word == expected)
}
