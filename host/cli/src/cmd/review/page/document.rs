//! A page before it is printed: sections of tables and sentences, and the same as JSON.

use serde_json::Value;

/// A page.
#[derive(Debug)]
pub(super) struct Document {
    /// Its title.
    pub(super) title: String,
    pub(super) sections: Vec<Section>,
    /// The same for machines.
    pub(super) json: Value,
}

/// A part of a page.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Debug)]
pub(super) enum Block {
    /// Values with their names.
    Fields(Vec<Field>),
    /// Rows of cells, each of which may have several lines.
    Table {
        header: Vec<&'static str>,
        rows: Vec<Vec<Vec<String>>>,
    },
    /// Things with lines below each, where a table would be too wide.
    Entries(Vec<Entry>),
    /// Sentences, each on a line.
    Sentences(Vec<String>),
}

/// A thing with lines below it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) head: String,
    pub(super) lines: Vec<String>,
}

/// A value with its name.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) lines: Vec<String>,
}

impl Section {
    /// A section of these pieces.
    pub(super) fn new(title: &'static str, blocks: Vec<Block>) -> Self {
        Self { title, blocks }
    }

    /// A section of one table, or of one sentence where the table has no row.
    pub(super) fn table(
        title: &'static str,
        header: &[&'static str],
        rows: Vec<Vec<String>>,
        without: &str,
    ) -> Self {
        if rows.is_empty() {
            return Self::sentences(title, vec![without.to_owned()]);
        }
        Self::new(title, vec![Block::table(header, rows)])
    }

    /// A section of one list, or of one sentence where the list is empty.
    pub(super) fn entries(title: &'static str, entries: Vec<Entry>, without: &str) -> Self {
        if entries.is_empty() {
            return Self::sentences(title, vec![without.to_owned()]);
        }
        Self::new(title, vec![Block::Entries(entries)])
    }

    /// A section of sentences.
    pub(super) fn sentences(title: &'static str, sentences: Vec<String>) -> Self {
        Self::new(title, vec![Block::Sentences(sentences)])
    }
}

impl Block {
    /// A table of cells with one line.
    pub(super) fn table(header: &[&'static str], rows: Vec<Vec<String>>) -> Self {
        let lines = |row: Vec<String>| row.into_iter().map(|cell| vec![cell]).collect();
        Self::Table {
            header: header.to_vec(),
            rows: rows.into_iter().map(lines).collect(),
        }
    }
}

impl Field {
    /// A value of one line.
    pub(super) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            lines: vec![value.into()],
        }
    }
}
