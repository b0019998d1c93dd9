//! The requests that a case expects its tool to send.

use std::collections::BTreeMap;

use cofferdam_capability::{ForeignText, Method};
use hyper::header::{HeaderMap, HeaderName};
use serde::Deserialize;

use super::expected::Expected;
use super::malformed::Malformed;
use super::web::{Asked, MAX_BODY, Sent, Url};

/// Requests that are named where a case expects others.
const MAX_NAMED: usize = 20;

/// One request. Anything that is not named is not looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedRequest {
    method: Option<Method>,
    url: Option<Url>,
    #[serde(default)]
    headers: ExpectedHeaders,
    body: Option<Expected>,
}

/// By name; nothing for a header that must not be there.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "BTreeMap<String, Option<Expected>>")]
struct ExpectedHeaders(Vec<(HeaderName, Option<Expected>)>);

impl TryFrom<BTreeMap<String, Option<Expected>>> for ExpectedHeaders {
    type Error = Malformed;

    fn try_from(written: BTreeMap<String, Option<Expected>>) -> Result<Self, Malformed> {
        let header = |(name, value): (String, _)| {
            let wrong = |_| Malformed(format!("`headers`: {name:?} is not the name of a header"));
            Ok((name.parse::<HeaderName>().map_err(wrong)?, value))
        };
        written
            .into_iter()
            .map(header)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Returns the differences of the requests that a tool sent, in their order, from those that a case
/// expects. The value of a secret stands as its name in braces, because it is another in each call.
pub(crate) fn differences(
    expected: &[ExpectedRequest],
    asked: &[Asked],
    secrets: &[(String, String)],
) -> Vec<String> {
    if expected.len() != asked.len() {
        let mut problem = format!(
            "requests: expected {}, found {}",
            expected.len(),
            asked.len()
        );
        for asked in asked.iter().take(MAX_NAMED) {
            problem.push_str(&format!("\n  {}", named(asked)));
        }
        return vec![problem];
    }
    let mut problems = Vec::new();
    for (number, (expected, asked)) in expected.iter().zip(asked).enumerate() {
        let place = format!("request {} ({})", number + 1, named(asked));
        let found = expected.differences(asked, secrets).into_iter();
        problems.extend(found.map(|problem| format!("{place}: {problem}")));
    }
    problems
}

impl ExpectedRequest {
    fn differences(&self, asked: &Asked, secrets: &[(String, String)]) -> Vec<String> {
        let Self {
            method,
            url,
            headers: ExpectedHeaders(headers),
            body,
        } = self;
        let mut problems = Vec::new();
        if let Some(method) = method
            && method.to_string() != asked.method
        {
            problems.push(format!("method: expected {method}"));
        }
        if let Some(url) = url
            && *url != asked.url
        {
            problems.push(format!("url: expected {url}"));
        }
        for (name, expected) in headers {
            let found = value(&asked.headers, name, secrets);
            let problem = match (expected, found) {
                (None, None) => None,
                (None, Some(_)) => Some("it is there".to_owned()),
                (Some(_), None) => Some("it is not there".to_owned()),
                (Some(expected), Some(found)) => expected.differs(&found),
            };
            problems.extend(problem.map(|problem| format!("header {name}: {problem}")));
        }
        let problem = match (body, &asked.body) {
            (Some(expected), Sent::Whole(found)) => expected.differs(found),
            (Some(_), Sent::TooLong(size)) => Some(format!(
                "it has {size} bytes: at most {MAX_BODY} are compared"
            )),
            (None, _) => None,
        };
        problems.extend(problem.map(|problem| format!("body: {problem}")));
        problems
    }
}

/// The values of a header, as one list.
fn value(headers: &HeaderMap, name: &HeaderName, secrets: &[(String, String)]) -> Option<Vec<u8>> {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| value.as_bytes())
        .collect();
    if values.is_empty() {
        return None;
    }
    let joined = values.join(&b", "[..]);
    let Ok(text) = std::str::from_utf8(&joined) else {
        return Some(joined);
    };
    let text = secrets.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(value, &format!("{{{name}}}"))
    });
    Some(text.into_bytes())
}

fn named(asked: &Asked) -> String {
    ForeignText::line(&format!("{} {}", asked.method, asked.url)).to_string()
}
