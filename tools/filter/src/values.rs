//! Values out of text.

use cofferdam_command::Stop;
use jaq_all::fmts::read::yaml;
use jaq_all::json::{Val, read};

use crate::depth;

/// All values of a text of JSON, one after another.
///
/// # Errors
///
/// When they lie too deep inside one another. What is malformed is an error in its place.
pub fn json_values(text: &[u8]) -> Result<impl Iterator<Item = Result<Val, String>> + '_, Stop> {
    depth::check(text)?;
    Ok(until_error(read::parse_many(text).map(|value| {
        value.map_err(|error| format!("the input is not JSON: {error}"))
    })))
}

/// The one value of a text of JSON.
///
/// # Errors
///
/// What is wrong with it.
pub fn json(text: &str) -> Result<Val, Stop> {
    depth::check(text.as_bytes())?;
    read::parse_single(text.as_bytes())
        .map_err(|error| Stop::new(format!("{text:?} is not JSON: {error}")))
}

/// All documents of a text of YAML.
///
/// # Errors
///
/// When it is no text, or lies too deep. What is malformed is an error in its place.
pub fn yaml_values(text: &[u8]) -> Result<impl Iterator<Item = Result<Val, String>> + '_, Stop> {
    depth::check_blocks(text)?;
    let text = std::str::from_utf8(text).map_err(|_| Stop::new("the input is not UTF-8"))?;
    Ok(until_error(yaml::parse_many(text).map(|value| {
        value.map_err(|error| format!("the input is not YAML: {error}"))
    })))
}

/// Ends after the first error: what follows a broken value cannot be told apart from it, and a
/// parser may give the same error for ever.
fn until_error<T, E>(
    mut values: impl Iterator<Item = Result<T, E>>,
) -> impl Iterator<Item = Result<T, E>> {
    let mut broken = false;
    std::iter::from_fn(move || {
        let next = if broken { None } else { values.next() };
        broken |= matches!(next, Some(Err(_)));
        next
    })
}

/// A string.
pub fn text(text: impl Into<String>) -> Val {
    Val::from(text.into())
}

/// An array.
pub fn array(values: impl IntoIterator<Item = Val>) -> Val {
    values.into_iter().collect()
}

/// An object, of names and values.
pub fn object<'a>(pairs: impl IntoIterator<Item = (&'a String, &'a Val)>) -> Val {
    Val::obj(
        pairs
            .into_iter()
            .map(|(name, value)| (text(name.clone()), value.clone()))
            .collect(),
    )
}
