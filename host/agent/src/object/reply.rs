//! JSON in the words of a model.

use serde::Deserialize;
use serde_json::Value;

/// Finds the JSON document in what a model said: all of it, the inside of a code fence, or the
/// first document that stands among other words. One that begins the text and is cut off is
/// completed.
pub(super) fn document(said: &str) -> Result<Value, serde_json::Error> {
    let said = unfenced(said.trim());
    let error = match serde_json::from_str(said) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    if let Some(value) = first(said) {
        return Ok(value);
    }
    // Only what begins as JSON is completed: of a sentence with a bracket in it, an empty list
    // could be made.
    if said.starts_with(['{', '[']) {
        return completed(said).ok_or(error);
    }
    Err(error)
}

/// Completes a document that was cut off, by its last quotes and brackets alone: the library also
/// puts `null` where a value is missing or not whole, and nobody has said that.
fn completed(said: &str) -> Option<Value> {
    let said = said.trim_end_matches(|c: char| c == ',' || c.is_whitespace());
    let completed = partial_json_fixer::fix_json(said);
    let added = completed.strip_prefix(said)?;
    let closes = added.chars().all(|c| matches!(c, '"' | '}' | ']'));
    closes.then(|| serde_json::from_str(&completed).ok())?
}

/// The inside of the first code fence, if there is one.
fn unfenced(said: &str) -> &str {
    let Some((_, fenced)) = said.split_once("```") else {
        return said;
    };
    // JSON may hold a fence in a text.
    if said.starts_with(['{', '[', '"']) {
        return said;
    }
    let begin = fenced.find('\n').map_or(0, |end| end + 1);
    let inside = fenced.get(begin..).unwrap_or_default();
    inside
        .rsplit_once("```")
        .map_or(inside, |(inside, _)| inside)
        .trim()
}

/// The first object or list that stands in a text as a whole.
fn first(said: &str) -> Option<Value> {
    let begin = said.find(['{', '['])?;
    let mut rest = serde_json::Deserializer::from_str(said.get(begin..)?);
    Value::deserialize(&mut rest).ok()
}
