//! How outputs are printed.

use std::io::Write;

use cofferdam_command::Stop;
use cofferdam_filter::{Pp, Val, write_json, write_yaml};

use crate::args::{Args, Format};

/// Prints as the options say.
pub(crate) struct Printer {
    /// Of JSON.
    layout: Pp,
    /// Of YAML.
    indent: usize,
    format: Format,
    raw: bool,
    separated: bool,
    /// Something of another document has been printed.
    printed: bool,
    /// The next output is the first of its document.
    first: bool,
}

impl Printer {
    pub(crate) fn new(args: &Args, format: Format) -> Self {
        let indent = (args.indent > 0).then(|| " ".repeat(args.indent));
        let layout = Pp {
            sep_space: indent.is_some(),
            indent,
            ..Pp::default()
        };
        Self {
            layout,
            indent: args.indent,
            format,
            raw: args.raw.unwrap_or(format == Format::Yaml),
            separated: !args.no_separators,
            printed: false,
            first: true,
        }
    }

    /// What follows comes from another document.
    pub(crate) fn next_document(&mut self) {
        self.first = true;
    }

    pub(crate) fn print(&mut self, out: &mut dyn Write, value: &Val) -> Result<(), Stop> {
        if self.format == Format::Yaml && self.separated && self.first && self.printed {
            out.write_all(b"---\n")?;
        }
        (self.printed, self.first) = (true, false);
        match (value, self.format) {
            (Val::TStr(bytes), _) if self.raw => out.write_all(bytes)?,
            (_, Format::Json) => write_json(out, &self.layout, 0, value)?,
            (_, Format::Yaml) => write_yaml(out, self.indent, value)?,
        }
        out.write_all(b"\n")?;
        Ok(())
    }
}
