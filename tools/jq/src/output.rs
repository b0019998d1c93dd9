//! How outputs are printed.

use std::io::Write;

use cofferdam_command::{Output, Stop};
use cofferdam_filter::{Pp, Val, write_json};

use crate::args::{Args, Raw};

/// Prints as the options say.
pub(crate) struct Printer {
    layout: Pp,
    raw: Raw,
    ascii: bool,
}

impl Printer {
    pub(crate) fn new(args: &Args) -> Self {
        let layout = Pp {
            indent: args.indent.clone(),
            sort_keys: args.sort_keys,
            // After a colon, as jq has it.
            sep_space: args.indent.is_some(),
            ..Pp::default()
        };
        Self {
            layout,
            raw: args.raw,
            ascii: args.ascii,
        }
    }

    pub(crate) fn print(&self, out: &mut Output, value: &Val) -> Result<(), Stop> {
        match (self.raw, value) {
            (Raw::Null, Val::TStr(bytes)) if bytes.contains(&0) => {
                return Err(Stop::new(
                    "--raw-output0 cannot print a string that holds a zero byte",
                ));
            }
            (Raw::Lines | Raw::Joined | Raw::Null, Val::TStr(bytes)) if !self.ascii => {
                out.write_all(bytes)?
            }
            _ if self.ascii => {
                let mut json = Vec::new();
                write_json(&mut json, &self.layout, 0, value)?;
                let json = String::from_utf8_lossy(&json);
                let unquoted = json
                    .strip_prefix('"')
                    .and_then(|json| json.strip_suffix('"'));
                let text = unquoted.filter(|_| self.raw != Raw::No).unwrap_or(&json);
                out.write_all(ascii(text).as_bytes())?;
            }
            _ => write_json(out, &self.layout, 0, value)?,
        }
        match self.raw {
            Raw::No | Raw::Lines => out.write_all(b"\n")?,
            Raw::Null => out.write_all(b"\0")?,
            Raw::Joined => {}
        }
        Ok(())
    }
}

/// `-a`: outside ASCII there are only strings, where every character has an escape.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for char in json.chars() {
        if char.is_ascii() {
            text.push(char);
            continue;
        }
        for unit in char.encode_utf16(&mut [0; 2]) {
            text.push_str(&format!("\\u{unit:04x}"));
        }
    }
    text
}
