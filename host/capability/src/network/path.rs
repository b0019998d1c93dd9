//! Path prefixes, matched so that no spelling of a path gets round them.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// A path with everything below it: `/api` covers `/api` and `/api/v1`, not `/apis`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("pattern" = "^/[^?#]*$")))]
#[serde(into = "String", try_from = "String")]
pub struct PathPrefix {
    written: String,
    segments: Vec<String>,
}

/// Succeeds if one of `prefixes` covers `path`.
pub(super) fn covered(prefixes: &[PathPrefix], path: &str) -> Result<(), Refusal> {
    let segments = segments(path).map_err(|problem| Refusal(format!("path {path:?} {problem}")))?;
    if prefixes
        .iter()
        .any(|prefix| segments.starts_with(&prefix.segments))
    {
        return Ok(());
    }
    Err(Refusal(format!("path {path:?} is not granted")))
}

impl PathPrefix {
    /// Returns true if `other` covers everything that this covers.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.segments.starts_with(&other.segments)
    }
}

/// The segments of a path, decoded. A path that servers read in different ways has none: what one
/// takes for a name, another takes for a way up.
fn segments(path: &str) -> Result<Vec<String>, String> {
    let Some(path) = path.strip_prefix('/') else {
        return Err("does not begin with `/`".to_owned());
    };
    path.split('/').map(segment).collect()
}

fn segment(written: &str) -> Result<String, String> {
    let mut after = written.split('%').skip(1);
    let whole = |digits: &str| digits.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !after.all(whole) {
        return Err("holds a `%` without two hexadecimal digits".to_owned());
    }
    let Ok(decoded) = percent_decode_str(written).decode_utf8() else {
        return Err("is not UTF-8 when it is decoded".to_owned());
    };
    // A `%` that is left would be decoded by who decodes twice.
    if decoded.contains(['/', '\\', '%']) || decoded.chars().any(char::is_control) {
        return Err("hides a separator or a control character".to_owned());
    }
    // Some servers drop what follows a `;` before they look for dots.
    if matches!(decoded.split(';').next(), Some("." | "..")) {
        return Err("holds a `.` or `..` segment".to_owned());
    }
    Ok(decoded.into_owned())
}

impl TryFrom<String> for PathPrefix {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let wrong = |problem: String| {
            format!("`paths` holds {written:?}, which {problem}: expected a path such as /api")
        };
        if written.contains(['?', '#']) {
            return Err(wrong("holds a query or a fragment".to_owned()));
        }
        let mut segments = segments(&written).map_err(wrong)?;
        if segments.last().is_some_and(String::is_empty) {
            segments.pop();
        }
        Ok(Self { written, segments })
    }
}

impl From<PathPrefix> for String {
    fn from(prefix: PathPrefix) -> Self {
        prefix.written
    }
}
