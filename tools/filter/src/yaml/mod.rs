//! YAML: documents as values, and values as documents that keep what was not changed as it was
//! written: comments, quotes, spellings of numbers, order, blank lines.
//!
//! The parser gives events with their places in the text. A changed value is compared with the
//! document that it comes from, and only what differs is written anew (`edit`). What comes out is
//! read again: if it is not the value, everything is written anew (`write`), and the caller is told
//! that comments are lost. No library that keeps the concrete syntax takes a changed value.

mod edit;
mod lines;
mod node;
mod pairs;
mod read;
mod scalar;
mod write;

use crate::val::Val;
use node::Node;
use write::Spellings;
pub use write::write_yaml;

/// One document of a text.
pub struct Document {
    /// Its text, from its `---` (the first one: from the beginning) to the next document.
    text: String,
    root: Option<Node>,
    /// Its value; null if it is empty.
    pub value: Val,
}

/// A value as a document.
pub struct Written {
    /// The text, which ends with a line break.
    pub text: String,
    /// The document had comments that are not in the text.
    pub comments_lost: bool,
}

/// All documents of a text. A text without any is one that is empty.
///
/// # Errors
///
/// What is wrong, and where.
pub fn documents(text: &str) -> Result<Vec<Document>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let documents = read::documents(text)?;
    let documents = documents.into_iter().map(|(range, root)| Document {
        text: text.get(range).unwrap_or_default().to_owned(),
        value: root.as_ref().map_or(Val::Null, |root| root.value.clone()),
        root,
    });
    Ok(documents.collect())
}

impl Document {
    /// Writes an output of a filter that had this document as its input.
    pub fn write(&self, value: &Val, indent: usize) -> Written {
        for expanded in [false, true] {
            if let Some(written) = self.edited(value, expanded) {
                return written;
            }
        }
        self.anew(value, indent, &self.spellings())
    }

    /// Writes an output without regard to how the document was laid out and spelled.
    pub fn write_anew(&self, value: &Val, indent: usize) -> Written {
        self.anew(value, indent, &Spellings::new())
    }

    fn anew(&self, value: &Val, indent: usize, spellings: &Spellings) -> Written {
        let container = matches!(value, Val::Arr(_) | Val::Obj(_));
        Written {
            text: format!("{}\n", write::rendered(value, indent, spellings)),
            comments_lost: container && self.has_comments(),
        }
    }

    fn edited(&self, value: &Val, expanded: bool) -> Option<Written> {
        if !matches!(value, Val::Arr(_) | Val::Obj(_)) {
            return None;
        }
        let Some(root) = &self.root else {
            // Nothing but comments: the value comes behind them.
            let mut text = self.text.clone();
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&write::rendered(value, 2, &Spellings::new()));
            text.push('\n');
            return self.checked(text, value);
        };
        let base = root.base_of(value)?;
        let editor = edit::Editor::new(&self.text, root, self.spellings(), expanded);
        let edited = editor.node(base, value)?;
        if std::ptr::eq(base, root) {
            let (start, end) = (editor.start(root), editor.end(root));
            let text = format!(
                "{}{edited}{}",
                self.text.get(..start)?,
                self.text.get(end..)?
            );
            return self.checked(text, value);
        }
        self.checked(lines::moved_left(&edited, editor.column(base)), value)
    }

    /// The text, if it is this value and nothing else.
    fn checked(&self, mut text: String, value: &Val) -> Option<Written> {
        if !text.ends_with('\n') {
            text.push('\n');
        }
        let read = documents(&text).ok()?;
        match read.as_slice() {
            [one] if one.value.cmp(value).is_eq() => Some(Written {
                text,
                comments_lost: false,
            }),
            _ => None,
        }
    }

    fn has_comments(&self) -> bool {
        self.text
            .lines()
            .any(|line| line.trim_start().starts_with('#') || line.contains(" #"))
    }

    fn spellings(&self) -> Spellings {
        let mut spellings = Spellings::new();
        if let Some(root) = &self.root {
            root.collect_spellings(&self.text, &mut spellings);
        }
        spellings
    }
}
