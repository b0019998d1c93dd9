//! The place of a value in the file.

use std::path::PathBuf;

use toml::de::DeTable;

/// The origin of a value that no file names.
pub(super) const DEFAULT: &str = "default";

/// The file as it was read.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// The key of a value in the file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    /// A table, and a key in it.
    Table(&'static str, &'static str),
    /// The row of this number of a table such as `[[grant]]`, and a key in it.
    Row(&'static str, usize, &'static str),
}

impl Source {
    /// File and line of a key; nothing when it was left out.
    pub(super) fn place(&self, key: Key) -> Option<String> {
        let document = DeTable::parse(&self.text).ok()?;
        let document = document.get_ref();
        let (value, key) = match key {
            Key::Table(table, key) => (document.get(table)?.get_ref(), key),
            Key::Row(table, index, key) => (
                document
                    .get(table)?
                    .get_ref()
                    .as_array()?
                    .get(index)?
                    .get_ref(),
                key,
            ),
        };
        let table = value.as_table()?;
        let (name, _) = table
            .iter()
            .find(|(name, _)| name.get_ref().as_ref() == key)?;
        Some(format!(
            "{}:{}",
            self.path.display(),
            line(&self.text, name.span().start)
        ))
    }
}

/// The line of a place in a text, counted from 1.
pub(super) fn line(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

/// File and line of a key; `default` when it was left out.
pub(super) fn origin(source: Option<&Source>, key: Key) -> String {
    source
        .and_then(|source| source.place(key))
        .unwrap_or_else(|| DEFAULT.to_owned())
}
