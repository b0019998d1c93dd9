//! Changes to the text of `providers.yaml` that leave the rest as its author wrote it.
//!
//! The file has one list and nothing else, so a provider ends where the next one begins. The
//! changed text is read again, and refused unless it holds what it should.

use super::written::{self, Written};
use crate::error::Error;

/// A provider to add.
pub struct NewProvider {
    /// The name.
    pub name: String,
    /// The key, or a reference to a variable such as `${ANTHROPIC_API_KEY}`.
    pub key: Option<String>,
    /// The address, unless it is the provider's usual one.
    pub base: Option<String>,
    /// The models that agents may use; empty for all of them.
    pub models: Vec<String>,
}

impl NewProvider {
    fn lines(&self, indent: &str) -> String {
        let Self {
            name,
            key,
            base,
            models,
        } = self;
        let mut lines = format!("{indent}- name: {}\n", quoted(name));
        for (key, value) in [("api-key", key), ("api-base", base)] {
            if let Some(value) = value {
                lines += &format!("{indent}  {key}: {}\n", quoted(value));
            }
        }
        if !models.is_empty() {
            let models: Vec<_> = models.iter().map(|model| quoted(model)).collect();
            lines += &format!("{indent}  models: [{}]\n", models.join(", "));
        }
        lines
    }
}

/// The text of the file at `path` with one more provider at its end.
///
/// # Errors
///
/// If the file is wrong, has a provider of this name, or is written in a form that is not changed
/// line by line.
pub fn with(text: &str, path: &str, new: &NewProvider) -> Result<String, Error> {
    let rows = Rows::of(text, path)?;
    if rows.line(&new.name).is_some() {
        return Err(Error::Providers {
            place: path.to_owned(),
            problem: format!(
                "provider {:?} is there already: remove it first, or edit the file",
                new.name
            ),
        });
    }
    let mut changed = match rows.0.first() {
        Some(_) => ended(text),
        // Comments stay; a list that is empty is replaced.
        None => {
            let kept: Vec<_> = text.lines().filter(|line| is_comment(line)).collect();
            ended(&kept.join("\n")) + "providers:\n"
        }
    };
    let indent = match rows.0.first() {
        Some(row) => " ".repeat(dash(text, row.line, path)?),
        None => "  ".to_owned(),
    };
    changed += &new.lines(&indent);
    checked(changed, path, |before| before.push(new.name.clone()), &rows)
}

/// The text of the file at `path` without a provider.
///
/// # Errors
///
/// If the file is wrong, has no provider of this name, or is written in a form that is not changed
/// line by line.
pub fn without(text: &str, path: &str, name: &str) -> Result<String, Error> {
    let rows = Rows::of(text, path)?;
    let Some(place) = rows.0.iter().position(|row| row.name == name) else {
        let known: Vec<_> = rows.0.iter().map(|row| row.name.as_str()).collect();
        return Err(Error::Providers {
            place: path.to_owned(),
            problem: format!(
                "provider {name:?} not configured in {path}; there is {}",
                if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                }
            ),
        });
    };
    let begin = rows.0.get(place).map_or(0, |row| row.line);
    dash(text, begin, path)?;
    let lines: Vec<_> = text.lines().collect();
    let next = rows.0.get(place + 1).map(|row| row.line);
    let mut end = next.unwrap_or(lines.len() + 1);
    // What stands right above the next provider is about that one.
    while end > begin + 1 && lines.get(end - 2).is_some_and(|line| is_comment(line)) {
        end -= 1;
    }
    let numbered = lines.iter().zip(1..);
    let kept = numbered.filter(|(_, number)| !(begin..end).contains(number));
    let changed: String = kept.map(|(line, _)| format!("{line}\n")).collect();
    let remove = |names: &mut Vec<String>| names.retain(|known| known != name);
    checked(changed, path, remove, &rows)
}

/// The providers of a text.
struct Rows(Vec<Row>);

struct Row {
    name: String,
    /// Counted from 1.
    line: usize,
}

impl Rows {
    fn of(text: &str, path: &str) -> Result<Self, Error> {
        let Written { providers } = written::read(text, path)?;
        let row = |row: serde_saphyr::Spanned<written::WrittenProvider>| Row {
            name: row.value.name,
            line: usize::try_from(row.referenced.line()).unwrap_or(usize::MAX),
        };
        Ok(Self(
            providers.unwrap_or_default().into_iter().map(row).collect(),
        ))
    }

    fn line(&self, name: &str) -> Option<usize> {
        self.0
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.line)
    }
}

/// The column of the dash that a provider begins with.
fn dash(text: &str, line: usize, path: &str) -> Result<usize, Error> {
    let written = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let begin = written.trim_start_matches(' ');
    if begin.starts_with("- ") {
        Ok(written.len() - begin.len())
    } else {
        Err(by_hand(path))
    }
}

/// Reads a changed text, and refuses it unless it has the providers that it should.
fn checked(
    changed: String,
    path: &str,
    change: impl FnOnce(&mut Vec<String>),
    before: &Rows,
) -> Result<String, Error> {
    let mut expected = before.0.iter().map(|row| row.name.clone()).collect();
    change(&mut expected);
    let after = Rows::of(&changed, path).map_err(|_| by_hand(path))?;
    let found: Vec<_> = after.0.into_iter().map(|row| row.name).collect();
    if found == expected {
        Ok(changed)
    } else {
        Err(by_hand(path))
    }
}

fn by_hand(path: &str) -> Error {
    Error::Providers {
        place: path.to_owned(),
        problem: "it is not written with one `- name:` line for each provider, so it is left as \
                  it is: edit it by hand"
            .to_owned(),
    }
}

/// Returns true for a line that holds nothing but a comment, or nothing.
fn is_comment(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#')
}

/// The text with a line break at its end, unless it is empty.
fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') {
        text.to_owned()
    } else {
        format!("{text}\n")
    }
}

/// A text as JSON writes it, which is also YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn new(name: &str) -> NewProvider {
        NewProvider {
            name: name.to_owned(),
            key: Some("${KEY: \"x\"}".to_owned()),
            base: None,
            models: vec!["a".to_owned(), "b".to_owned()],
        }
    }

    #[test]
    fn comments_and_other_providers_stay() {
        let text = "# mine\nproviders:\n- name: a # first\n  api-key: $A\n\n# of b\n- name: b\n";
        let added = with(text, "f", &new("c")).unwrap();
        assert_eq!(
            added,
            format!(
                "{text}- name: \"c\"\n  api-key: \"${{KEY: \\\"x\\\"}}\"\n  \
                 models: [\"a\", \"b\"]\n"
            )
        );
        let removed = without(&added, "f", "a").unwrap();
        assert!(
            removed.starts_with("# mine\nproviders:\n\n# of b\n- name: b\n"),
            "{removed}"
        );
        let removed = without(&removed, "f", "c").unwrap();
        let empty = without(&removed, "f", "b").unwrap();
        assert_eq!(empty, "# mine\nproviders:\n\n# of b\n");
        let again = with(&empty, "f", &new("c")).unwrap();
        assert!(again.starts_with("# mine\n\n# of b\nproviders:\n  - name: \"c\"\n"));
        assert!(
            with("", "f", &new("c"))
                .unwrap()
                .starts_with("providers:\n")
        );
    }

    #[test]
    fn what_cannot_be_changed_by_lines_is_left() {
        for text in [
            "providers: [{name: a}]\n",
            "providers: [{name: a}, {name: b}]",
        ] {
            let error = without(text, "f", "a").unwrap_err().to_string();
            assert!(error.contains("by hand"), "{error}");
            let error = with(text, "f", &new("c")).unwrap_err().to_string();
            assert!(error.contains("by hand"), "{error}");
        }
        let error = with("providers:\n- name: a\n", "f", &new("a")).unwrap_err();
        assert!(error.to_string().contains("is there already"), "{error}");
        let error = without("providers:\n- name: a\n", "f", "b").unwrap_err();
        assert!(error.to_string().contains("there is a"), "{error}");
    }
}
