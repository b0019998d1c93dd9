//! How deep brackets nest in code: the engine's parser takes from the stack of the sandbox for each
//! level, and ends there without a word.

/// Levels that the stack holds, whatever stands in the brackets (54 were seen to end it).
pub(crate) const DEEPEST: usize = 48;

/// Returns true if brackets nest too deep for the parser. Strings, comments and the text of
/// templates are left out; a bracket in a regular expression counts until the next one around it
/// closes.
pub(crate) fn is_too_deep(code: &str) -> bool {
    let mut open: Vec<char> = Vec::new();
    let mut rest = code;
    while let Some(character) = rest.chars().next() {
        let mut after = rest.get(character.len_utf8()..).unwrap_or_default();
        match (open.last(), character) {
            (_, '\\') => after = past(after),
            (Some('`'), '`') => {
                open.pop();
            }
            (Some('`'), '$') if after.starts_with('{') => {
                open.push('{');
                after = past(after);
            }
            (Some('`'), _) => {}
            (_, '\'' | '"') => after = behind_string(after, character),
            (_, '/') if after.starts_with('/') => {
                after = after
                    .find('\n')
                    .and_then(|end| after.get(end..))
                    .unwrap_or_default();
            }
            (_, '/') if after.starts_with('*') => {
                after = after.split_once("*/").map_or("", |(_, after)| after);
            }
            (_, '(' | '[' | '{' | '`') => open.push(character),
            (_, ')') => close(&mut open, '('),
            (_, ']') => close(&mut open, '['),
            (_, '}') => close(&mut open, '{'),
            _ => {}
        }
        if open.len() > DEEPEST {
            return true;
        }
        rest = after;
    }
    false
}

/// Closes the last bracket of a kind, and what has been left open in it.
fn close(open: &mut Vec<char>, kind: char) {
    if let Some(place) = open.iter().rposition(|other| *other == kind) {
        open.truncate(place);
    }
}

/// The text without its first character.
fn past(text: &str) -> &str {
    let first = text.chars().next().map_or(0, char::len_utf8);
    text.get(first..).unwrap_or_default()
}

/// What follows a string, which ends with its line at the latest.
fn behind_string(text: &str, quote: char) -> &str {
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let after = past(rest);
        match character {
            '\\' => rest = past(after),
            '\n' => return rest,
            _ if character == quote => return after,
            _ => rest = after,
        }
    }
    ""
}
