//! Texts: code points, case, trimming, splitting, joining.

use std::rc::Rc;

use super::native::{Filter, nullary, unary};
use crate::val::{Error, Val, error};

pub(super) fn all() -> Vec<Filter> {
    vec![
        nullary!("utf8bytelength", |value| match &value {
            Val::Str(text) => Ok(Val::from(text.len())),
            other => Err(error(format!(
                "{} only strings have UTF-8 byte length",
                other.named()
            ))),
        }),
        nullary!("explode", |value| {
            let text = text(&value, "explode input must be a string")?;
            Ok(Val::array(
                text.chars()
                    .map(|char| Val::from(f64::from(u32::from(char)))),
            ))
        }),
        nullary!("implode", |value| implode(&value)),
        nullary!("ascii_downcase", |value| {
            let text = text(&value, "ascii_downcase input must be a string")?;
            Ok(Val::text(text.to_ascii_lowercase()))
        }),
        nullary!("ascii_upcase", |value| {
            let text = text(&value, "ascii_upcase input must be a string")?;
            Ok(Val::text(text.to_ascii_uppercase()))
        }),
        unary!("startswith", |value, part| {
            let sentence = "startswith() requires string inputs";
            Ok(text(&value, sentence)?
                .starts_with(&**text(&part, sentence)?)
                .into())
        }),
        unary!("endswith", |value, part| {
            let sentence = "endswith() requires string inputs";
            Ok(text(&value, sentence)?
                .ends_with(&**text(&part, sentence)?)
                .into())
        }),
        unary!("ltrimstr", |value, part| Ok(strip(
            value,
            &part,
            |text, part| { text.strip_prefix(part) }
        ))),
        unary!("rtrimstr", |value, part| Ok(strip(
            value,
            &part,
            |text, part| { text.strip_suffix(part) }
        ))),
        nullary!("trim", |value| trim(&value, str::trim)),
        nullary!("ltrim", |value| trim(&value, str::trim_start)),
        nullary!("rtrim", |value| trim(&value, str::trim_end)),
        unary!("split", |value, separator| {
            let sentence = "split input and separator must be strings";
            text(&value, sentence)?;
            text(&separator, sentence)?;
            value / separator
        }),
        unary!("join", |value, separator| join(&value, &separator)),
    ]
}

/// The text that a value is, or an error with a sentence.
pub(super) fn text<'a>(value: &'a Val, sentence: &str) -> Result<&'a Rc<str>, Error> {
    match value {
        Val::Str(text) => Ok(text),
        _ => Err(error(sentence)),
    }
}

fn implode(value: &Val) -> Result<Val, Error> {
    let Val::Arr(points) = value else {
        return Err(error("implode input must be an array"));
    };
    let mut text = String::with_capacity(points.len());
    for point in points.iter() {
        let Val::Num(number, _) = point else {
            return Err(error(format!(
                "{} can't be imploded, unicode codepoint needs to be numeric",
                point.named()
            )));
        };
        if number.is_nan() {
            return Err(error(format!(
                "{} can't be imploded, unicode codepoint needs to be numeric",
                point.named()
            )));
        }
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "what is no code point becomes U+FFFD, as in jq"
        )]
        let char = (*number >= 0.0)
            .then(|| char::from_u32(*number as u32))
            .flatten();
        text.push(char.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Ok(Val::text(text))
}

/// Without a part at its end, if both are texts and it is there.
fn strip(value: Val, part: &Val, strip: for<'a> fn(&'a str, &str) -> Option<&'a str>) -> Val {
    match (&value, part) {
        (Val::Str(text), Val::Str(part)) => {
            strip(text, part).map_or_else(|| value.clone(), Val::text)
        }
        _ => value,
    }
}

fn trim(value: &Val, trim: fn(&str) -> &str) -> Result<Val, Error> {
    match value {
        Val::Str(text) => Ok(Val::text(trim(text))),
        other => Err(error(format!("{} cannot be trimmed", other.named()))),
    }
}

/// Texts with a separator between them; numbers and booleans as texts, null as nothing.
fn join(value: &Val, separator: &Val) -> Result<Val, Error> {
    let values: Vec<&Val> = match value {
        Val::Arr(values) => values.iter().collect(),
        Val::Obj(fields) => fields.values().collect(),
        other => return Err(other.no_iteration()),
    };
    let mut joined = String::new();
    for (number, value) in values.into_iter().enumerate() {
        match separator {
            Val::Str(_) | Val::Null if number == 0 => {}
            Val::Str(separator) => joined.push_str(separator),
            Val::Null => {}
            _ if number == 0 => {
                return (Val::text("") + separator.clone()).map(|_| Val::Null);
            }
            other => return Val::text(joined) + other.clone(),
        }
        match value {
            Val::Null => {}
            Val::Str(text) => joined.push_str(text),
            Val::Num(..) | Val::Bool(_) => joined.push_str(&value.to_text()),
            other => return Val::text(joined) + other.clone(),
        }
    }
    Ok(Val::text(joined))
}
