//! How outputs are printed.

use std::io::Write;

use cofferdam_command::{Output, Stop};
use cofferdam_filter::{Layout, Val, write_json};

use crate::args::{Args, Raw};

/// The mark that begins a record (RFC 7464).
const RECORD: &[u8] = b"\x1e";

/// Prints as the options say.
pub(crate) struct Printer {
    layout: Layout,
    raw: Raw,
    sequence: bool,
}

impl Printer {
    pub(crate) fn new(args: &Args) -> Self {
        Self {
            layout: Layout {
                indent: args.indent.clone(),
                sort_keys: args.sort_keys,
                ascii: args.ascii,
            },
            raw: args.raw,
            sequence: args.sequence,
        }
    }

    pub(crate) fn print(&self, out: &mut Output, value: &Val) -> Result<(), Stop> {
        if self.sequence {
            out.write_all(RECORD)?;
        }
        match (self.raw, value) {
            (Raw::Null, Val::Str(text)) if text.contains('\0') => {
                return Err(Stop::new(
                    "--raw-output0 cannot print a string that holds a zero byte",
                ));
            }
            (Raw::Lines | Raw::Joined | Raw::Null, Val::Str(text)) if !self.layout.ascii => {
                out.write_all(text.as_bytes())?
            }
            _ => write_json(out, &self.layout, value)?,
        }
        match self.raw {
            Raw::No | Raw::Lines => out.write_all(b"\n")?,
            Raw::Null => out.write_all(b"\0")?,
            Raw::Joined => {}
        }
        Ok(())
    }
}
