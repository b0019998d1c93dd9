//! How outputs are printed.

use std::io::Write;

use cofferdam_command::Stop;
use cofferdam_filter::{Document, Layout, Val, write_json, write_yaml};

use crate::args::{Args, Format};

/// Prints as the options say.
pub(crate) struct Printer {
    /// Of JSON.
    layout: Layout,
    /// Of YAML.
    indent: usize,
    /// Everything is written anew (`-P`, `-I`).
    pretty: bool,
    format: Format,
    raw: bool,
    separated: bool,
    /// Something of another document has been printed.
    printed: bool,
    /// The next output is the first of its document.
    first: bool,
    comments_lost: bool,
}

impl Printer {
    pub(crate) fn new(args: &Args, format: Format) -> Self {
        let indent = args.indent.unwrap_or(2);
        Self {
            layout: Layout {
                indent: (indent > 0).then(|| " ".repeat(indent)),
                ..Layout::default()
            },
            indent,
            pretty: args.pretty || args.indent.is_some(),
            format,
            raw: args.raw.unwrap_or(format == Format::Yaml),
            separated: !args.no_separators,
            printed: false,
            first: false,
            comments_lost: false,
        }
    }

    /// What is printed from now on comes from the next document.
    pub(crate) fn next_document(&mut self) {
        self.first = true;
    }

    /// Returns true if comments were lost since the last time.
    pub(crate) fn take_comments_lost(&mut self) -> bool {
        std::mem::take(&mut self.comments_lost)
    }

    /// Prints an output of a filter that had a document as its input.
    pub(crate) fn print(
        &mut self,
        out: &mut dyn Write,
        value: &Val,
        document: Option<&Document>,
    ) -> Result<(), Stop> {
        let text = match (value, self.format) {
            (Val::Str(text), _) if self.raw => format!("{text}\n"),
            (_, Format::Json) => self.json(value)?,
            (_, Format::Yaml) => self.yaml(value, document),
        };
        let new_document = std::mem::take(&mut self.first) && self.printed;
        let begins = text.starts_with("---\n") || text.starts_with("--- ");
        if new_document && self.format == Format::Yaml && self.separated && !begins {
            out.write_all(b"---\n")?;
        }
        out.write_all(text.as_bytes())?;
        self.printed = true;
        Ok(())
    }

    fn json(&self, value: &Val) -> Result<String, Stop> {
        if let Some(path) = beyond_json(value) {
            let place = if path.is_empty() {
                "the value".to_owned()
            } else {
                path
            };
            return Err(Stop::new(format!(
                "{place} is .inf or .nan, which JSON does not have: use -o yaml, or replace it"
            )));
        }
        let mut json = Vec::new();
        write_json(&mut json, &self.layout, value)?;
        json.push(b'\n');
        Ok(String::from_utf8_lossy(&json).into_owned())
    }

    fn yaml(&mut self, value: &Val, document: Option<&Document>) -> String {
        match document {
            Some(document) => {
                let written = if self.pretty {
                    document.write_anew(value, self.indent)
                } else {
                    document.write(value, self.indent)
                };
                self.comments_lost |= written.comments_lost;
                // Without separators a document's own goes, too.
                match written.text.strip_prefix("---\n") {
                    Some(text) if !self.separated => text.to_owned(),
                    _ => written.text,
                }
            }
            None => format!("{}\n", write_yaml(value, self.indent)),
        }
    }
}

/// The path of a number that JSON does not have, as a filter says it.
fn beyond_json(value: &Val) -> Option<String> {
    match value {
        Val::Num(number, None) => (!number.is_finite()).then(String::new),
        Val::Arr(values) => values
            .iter()
            .enumerate()
            .find_map(|(index, value)| beyond_json(value).map(|path| format!(".[{index}]{path}"))),
        Val::Obj(fields) => fields
            .iter()
            .find_map(|(key, value)| beyond_json(value).map(|path| format!(".{key}{path}"))),
        _ => None,
    }
}
