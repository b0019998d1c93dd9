//! The output or file that a case expects, and its difference from what was found.

use std::time::Duration;

use cofferdam_capability::ForeignText;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::Value;
use similar::{Algorithm, ChangeTag, TextDiff};

use super::content::{decode, only};
use super::malformed::Malformed;

/// The largest compiled pattern, in bytes (1 MiB): no one-line pattern needs more.
const MAX_PATTERN: usize = 1 << 20;

/// The longest comparison of two texts; after it the difference is told more coarsely.
const PATIENCE: Duration = Duration::from_millis(500);

/// Lines of a difference that are shown: a screen.
const MAX_LINES: usize = 60;

/// Places where JSON differs that are told.
const MAX_PLACES: usize = 20;

/// The most that is shown of one line or value, in bytes.
const MAX_SHOWN: usize = 400;

/// Lines around a change.
const CONTEXT: usize = 2;

/// The first line of a difference: the legend of its other lines, which begin with `- `, `+ ` or
/// two spaces.
pub const DIFFERENCE_HEAD: &str = "- expected, + found";

/// The bytes that must be there.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) enum Expected {
    /// These bytes.
    Exactly(Vec<u8>),
    /// A match anywhere.
    Pattern(Box<Regex>),
    /// JSON with at least this: further keys of objects may be there.
    Json(Value),
}

impl TryFrom<Value> for Expected {
    type Error = Malformed;

    fn try_from(value: Value) -> Result<Self, Malformed> {
        const FORMS: &str = "expected a text, {\"pattern\": …}, {\"json\": …} or {\"base64\": …}";
        match value {
            Value::String(text) => Ok(Self::Exactly(text.into_bytes())),
            Value::Object(form) => match only(&form)? {
                ("base64", Value::String(text)) => decode(text).map(Self::Exactly),
                ("json", json) => Ok(Self::Json(json.clone())),
                ("pattern", Value::String(pattern)) => {
                    let regex = RegexBuilder::new(pattern).size_limit(MAX_PATTERN).build();
                    let problem = |error: regex::Error| {
                        Malformed(format!(
                            "`pattern`: {}",
                            error.to_string().replace('\n', " ")
                        ))
                    };
                    regex
                        .map(|regex| Self::Pattern(Box::new(regex)))
                        .map_err(problem)
                }
                (key, _) => Err(Malformed(format!("`{key}`: {FORMS}"))),
            },
            other => Err(Malformed(format!("{other}: {FORMS}"))),
        }
    }
}

impl Expected {
    /// Returns the difference of `found` in lines for a person, if there is one.
    pub(crate) fn differs(&self, found: &[u8]) -> Option<String> {
        match self {
            Self::Exactly(expected) => (expected != found).then(|| difference(expected, found)),
            Self::Pattern(pattern) => (!pattern.is_match(found)).then(|| {
                format!(
                    "no match of the pattern {}; it is:\n{}",
                    pattern.as_str(),
                    shown(found)
                )
            }),
            Self::Json(expected) => match serde_json::from_slice::<Value>(found) {
                Ok(found) => {
                    let mut places = Vec::new();
                    compare(expected, &found, "", &mut places);
                    (!places.is_empty()).then(|| places.join("\n"))
                }
                Err(error) => Some(format!("it is not JSON: {error}; it is:\n{}", shown(found))),
            },
        }
    }
}

/// Adds the places where `expected` is not in `found`.
fn compare(expected: &Value, found: &Value, place: &str, places: &mut Vec<String>) {
    if places.len() >= MAX_PLACES {
        return;
    }
    let name = if place.is_empty() { "the whole" } else { place };
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, expected) in expected {
                let inner = format!("{place}/{key}");
                match found.get(key) {
                    Some(found) => compare(expected, found, &inner, places),
                    None => places.push(format!(
                        "{inner}: expected {}, and it is not there",
                        brief(expected)
                    )),
                }
            }
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                compare(expected, found, &format!("{place}/{index}"), places);
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            places.push(format!(
                "{name}: expected {} elements, found {}",
                expected.len(),
                found.len()
            ));
        }
        _ if expected == found => {}
        _ => places.push(format!(
            "{name}: expected {}, found {}",
            brief(expected),
            brief(found)
        )),
    }
}

fn brief(value: &Value) -> String {
    cut(&value.to_string()).to_owned()
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_SHOWN))
        .unwrap_or_default()
}

/// Text as it is, other bytes by their number.
fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok("") => "(nothing)".to_owned(),
        Ok(text) => {
            let lines: Vec<_> = text
                .lines()
                .take(MAX_LINES)
                .map(|line| format!("  {}", escaped(line)))
                .collect();
            lines.join("\n")
        }
        Err(error) => format!(
            "  {} bytes, not UTF-8 from byte {} on",
            bytes.len(),
            error.valid_up_to()
        ),
    }
}

/// The beginning of a line, as it can be shown.
fn escaped(line: &str) -> String {
    ForeignText::line(cut(line)).to_string()
}

fn difference(expected: &[u8], found: &[u8]) -> String {
    let (Ok(expected), Ok(found)) = (std::str::from_utf8(expected), std::str::from_utf8(found))
    else {
        let same = expected
            .iter()
            .zip(found)
            .take_while(|(a, b)| a == b)
            .count();
        let byte = |bytes: &[u8]| {
            bytes
                .get(same)
                .map_or("the end".to_owned(), |byte| format!("{byte:#04x}"))
        };
        return format!(
            "at byte {same}: expected {}, found {} (expected {} bytes, found {})",
            byte(expected),
            byte(found),
            expected.len(),
            found.len()
        );
    };
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Patience)
        .timeout(PATIENCE)
        .diff_lines(expected, found);
    let mut lines = vec![DIFFERENCE_HEAD.to_owned()];
    for group in diff.grouped_ops(CONTEXT) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            if lines.len() > MAX_LINES {
                lines.push("…".to_owned());
                return lines.join("\n");
            }
            let text = change.value();
            let end = if text.ends_with('\n') {
                ""
            } else {
                "  (without a line break)"
            };
            let text = escaped(text.trim_end_matches('\n'));
            lines.push(match change.tag() {
                ChangeTag::Equal => format!("  {text}{end}"),
                ChangeTag::Delete => format!("- {text}{end}"),
                ChangeTag::Insert => format!("+ {text}{end}"),
            });
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn differs(expected: Value, found: &[u8]) -> Option<String> {
        Expected::try_from(expected).unwrap().differs(found)
    }

    #[test]
    fn each_form_compares_its_way() {
        assert_eq!(differs(json!("a\n"), b"a\n"), None);
        assert_eq!(
            differs(json!("a\nb\n"), b"a\nc\n").unwrap(),
            "- expected, + found\n  a\n- b\n+ c"
        );
        assert_eq!(
            differs(json!("a"), b"a\n").unwrap(),
            "- expected, + found\n- a  (without a line break)\n+ a"
        );
        assert_eq!(differs(json!({"base64": "AAE="}), &[0, 1]), None);
        assert!(
            differs(json!({"base64": "/wE="}), &[0xff, 2])
                .unwrap()
                .starts_with("at byte 1: expected 0x01, found 0x02")
        );
        assert_eq!(differs(json!({"pattern": "^a+$"}), b"aaa"), None);
        assert!(
            differs(json!({"pattern": "^a+$"}), b"ab")
                .unwrap()
                .contains("^a+$")
        );
        assert_eq!(
            differs(
                json!({"json": {"a": [{"b": 1}]}}),
                br#"{"a": [{"b": 1, "c": 2}], "d": 3}"#
            ),
            None
        );
        assert_eq!(
            differs(
                json!({"json": {"a": [1], "e": 1}}),
                br#"{"a": [2], "d": 3}"#
            )
            .unwrap(),
            "/a/0: expected 1, found 2\n/e: expected 1, and it is not there"
        );
        assert_eq!(
            differs(json!({"json": [1]}), b"[1, 2]").unwrap(),
            "the whole: expected 1 elements, found 2"
        );
        assert!(
            differs(json!({"json": {}}), b"nothing")
                .unwrap()
                .contains("not JSON")
        );
    }

    #[test]
    fn what_is_no_expectation_is_refused() {
        for (wrong, part) in [
            (json!(7), "expected a text"),
            (json!({"pattern": "("}), "`pattern`"),
            (json!({"regex": "a"}), "`regex`"),
            (json!({"pattern": "a", "json": 1}), "2 keys"),
            (json!({"base64": "%"}), "`base64`"),
        ] {
            let Malformed(error) = Expected::try_from(wrong).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
