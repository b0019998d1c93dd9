//! The meaning of scalars (the core schema of YAML 1.2), and the spelling of texts.

use std::rc::Rc;

use crate::val::{Layout, Val, write_json};

/// The value of a plain scalar. Numbers keep their spelling: `0644` stays `0644`.
pub(super) fn resolved(text: &str) -> Val {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Val::Null,
        "true" | "True" | "TRUE" => return Val::Bool(true),
        "false" | "False" | "FALSE" => return Val::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Val::from(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Val::from(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Val::from(f64::NEG_INFINITY),
        _ => {}
    }
    let radix = [("0x", 16), ("0o", 8)];
    for (prefix, radix) in radix {
        if let Some(digits) = text.strip_prefix(prefix)
            && !digits.starts_with(['+', '-'])
            && let Ok(number) = u64::from_str_radix(digits, radix)
        {
            #[allow(clippy::cast_precision_loss, reason = "numbers are doubles")]
            return Val::Num(number as f64, Some(Rc::new(text.to_owned())));
        }
    }
    match Val::number(text) {
        // As it is written, even where JSON would have another form.
        Some(Val::Num(number, _)) if number.is_finite() => {
            Val::Num(number, Some(Rc::new(text.to_owned())))
        }
        _ => Val::text(text),
    }
}

/// The place of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Block,
    Flow,
}

/// A scalar in one line.
pub(super) fn spelled(value: &Val, place: Place) -> String {
    match value {
        Val::Num(_, Some(spelling)) => spelling.to_string(),
        Val::Num(number, None) if number.is_nan() => ".nan".to_owned(),
        Val::Num(number, None) if number.is_infinite() => {
            if *number > 0.0 { ".inf" } else { "-.inf" }.to_owned()
        }
        Val::Str(text) => text_spelled(text, place),
        other => other.to_string(),
    }
}

pub(super) fn text_spelled(text: &str, place: Place) -> String {
    if is_plain(text, place) {
        text.to_owned()
    } else {
        double_quoted(text)
    }
}

pub(super) fn double_quoted(text: &str) -> String {
    let mut json = Vec::new();
    // Writing to memory cannot fail.
    let _ = write_json(&mut json, &Layout::default(), &Val::text(text));
    let json = String::from_utf8_lossy(&json).into_owned();
    // Line breaks of YAML that JSON leaves as they are.
    json.replace('\u{85}', "\\N")
        .replace('\u{2028}', "\\L")
        .replace('\u{2029}', "\\P")
        .replace('\u{feff}', "\\uFEFF")
}

/// In single quotes, if the text can stand there.
pub(super) fn single_quoted(text: &str) -> Option<String> {
    let plain = text
        .chars()
        .all(|char| !char.is_control() && char != '\u{feff}');
    plain.then(|| format!("'{}'", text.replace('\'', "''")))
}

/// Returns true if a text without quotes is read as this text again, by readers of YAML 1.1, too.
fn is_plain(text: &str, place: Place) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let second = text.chars().nth(1);
    let starts = match first {
        '-' | '?' | ':' => second.is_some_and(|char| !char.is_whitespace()),
        '~' => second.is_some(),
        ',' | '[' | ']' | '{' | '}' | '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
        | '@' | '`' => false,
        char => !char.is_whitespace(),
    };
    let in_flow = |char: char| matches!(char, ',' | '[' | ']' | '{' | '}');
    starts
        && !text.ends_with(char::is_whitespace)
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !text
            .chars()
            .any(|char| char.is_control() || "\u{85}\u{2028}\u{2029}\u{feff}".contains(char))
        && !(place == Place::Flow && text.contains(in_flow))
        && matches!(resolved(text), Val::Str(_))
        && !means_more_in_1_1(text)
}

/// Texts that YAML 1.1 reads as booleans, numbers, times or merge keys.
fn means_more_in_1_1(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    if matches!(
        lower.as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "=" | "<<"
    ) {
        return true;
    }
    let digits = |char: char| char.is_ascii_digit() || "+-_:.,".contains(char);
    let dated = |char: char| digits(char) || "TtZz ".contains(char);
    let starts = text.starts_with(|char: char| char.is_ascii_digit() || "+-.".contains(char));
    let has_digit = text.contains(|char: char| char.is_ascii_digit());
    let is_date = text.len() >= 8 && text.matches('-').count() >= 2 && text.chars().all(dated);
    let is_number =
        text.chars().all(digits) && text.matches('.').count() < 2 && text.matches('-').count() < 2;
    let based = ["0b", "0x", "0o"]
        .iter()
        .any(|base| lower.starts_with(base))
        && lower
            .chars()
            .skip(2)
            .all(|char| char.is_ascii_hexdigit() || char == '_');
    starts && has_digit && (is_date || is_number || based)
}
