//! Variables that change how the program reads and prints, as they were assigned last.

use std::collections::HashMap;
use std::rc::Rc;

use cofferdam_command::Stop;
use cofferdam_regex::{Options, Regex, Syntax};

use super::Machine;
use crate::files::readable;
use crate::op::{SPECIAL, slot};
use crate::reader::Ending;
use crate::split::Splitter;
use crate::value::{Text, Value};

/// Expressions made of texts that are kept compiled.
const MAX_REGEXES: usize = 200;

/// The widest field of FIELDWIDTHS.
const MAX_WIDTH: usize = 1 << 30;

pub(super) struct Settings {
    pub(super) ofs: Text,
    pub(super) ors: Text,
    pub(super) subsep: Text,
    pub(super) convfmt: Text,
    pub(super) ofmt: Text,
    pub(super) ending: Ending,
    pub(super) splitter: Rc<Splitter>,
    /// For `split` without a separator: always FS.
    pub(super) separator: Rc<Splitter>,
    pub(super) ignore_case: bool,
    /// Expressions by their text, and whether they ignore case.
    regexes: HashMap<(Text, bool), Rc<Regex>>,
    /// Expressions of the program that ignore case, by where they are.
    folded: HashMap<*const Regex, Rc<Regex>>,
}

impl Default for Settings {
    fn default() -> Self {
        let text = |text: &str| Text::from(text.as_bytes());
        Self {
            ofs: text(" "),
            ors: text("\n"),
            subsep: text("\x1c"),
            convfmt: text("%.6g"),
            ofmt: text("%.6g"),
            ending: Ending::Byte(b'\n'),
            splitter: Rc::new(Splitter::Blanks),
            separator: Rc::new(Splitter::Blanks),
            ignore_case: false,
            regexes: HashMap::new(),
            folded: HashMap::new(),
        }
    }
}

impl Machine<'_, '_> {
    /// Gives special variables the values that they begin with.
    pub(super) fn set_defaults(&mut self) {
        let text = |text: &str| Value::text(text.as_bytes());
        for (slot, value) in [
            (slot::NR, Value::Number(0.0)),
            (slot::FNR, Value::Number(0.0)),
            (slot::FS, text(" ")),
            (slot::OFS, text(" ")),
            (slot::ORS, text("\n")),
            (slot::RS, text("\n")),
            (slot::SUBSEP, text("\x1c")),
            (slot::CONVFMT, text("%.6g")),
            (slot::OFMT, text("%.6g")),
            (slot::RSTART, Value::Number(0.0)),
            (slot::RLENGTH, Value::Number(-1.0)),
            (slot::FPAT, text("[^[:space:]]+")),
        ] {
            if let Some(place) = self.globals.get_mut(slot) {
                *place = value;
            }
        }
    }

    pub(super) fn global(&self, slot: usize) -> Value {
        self.globals.get(slot).cloned().unwrap_or(Value::Unset)
    }

    pub(super) fn set_global(&mut self, slot: usize, value: Value) {
        if let Some(place) = self.globals.get_mut(slot) {
            *place = value;
        }
    }

    /// Takes note of an assignment to a global variable.
    pub(super) fn assigned(&mut self, slot: usize) -> Result<(), Stop> {
        if slot >= SPECIAL.len() {
            return Ok(());
        }
        let value = self.global(slot);
        let text = self.text(&value);
        match slot {
            slot::NF => return self.record.set_count(value.to_number()),
            slot::OFS => self.settings.ofs = text,
            slot::ORS => self.settings.ors = text,
            slot::SUBSEP => self.settings.subsep = text,
            slot::CONVFMT => self.settings.convfmt = text,
            slot::OFMT => self.settings.ofmt = text,
            slot::IGNORECASE => self.settings.ignore_case = value.is_true(),
            slot::RS => {
                self.settings.ending = match &*text {
                    [] => Ending::Paragraph,
                    [byte] => Ending::Byte(*byte),
                    _ => Ending::Regex(self.regex(&value)?),
                };
                return self.set_separator();
            }
            slot::FS => return self.set_separator(),
            slot::FPAT => {
                let regex = self.regex(&value)?;
                self.settings.splitter = Rc::new(Splitter::Pattern(regex));
            }
            slot::FIELDWIDTHS => {
                self.settings.splitter = Rc::new(Splitter::Widths(widths(&text)?));
            }
            _ => {}
        }
        Ok(())
    }

    fn set_separator(&mut self) -> Result<(), Stop> {
        let text = self.text(&self.global(slot::FS));
        let paragraph = matches!(self.settings.ending, Ending::Paragraph);
        let splitter = match &*text {
            // In a record of several lines a line break separates fields, too.
            [byte] if paragraph && *byte != b' ' => {
                let text = format!("[{}]|\n", readable(&text).replace('\\', "\\\\"));
                let text = text.replace("[^]", "\\^");
                Splitter::Regex(self.regex(&Value::text(text.as_bytes()))?)
            }
            [_, _, ..] if paragraph => {
                let text = format!("({})|\n", readable(&text));
                Splitter::Regex(self.regex(&Value::text(text.as_bytes()))?)
            }
            _ => self.splitter_of(&Value::Text(text.clone()))?,
        };
        self.settings.splitter = Rc::new(splitter);
        self.settings.separator = Rc::clone(&self.settings.splitter);
        Ok(())
    }

    /// Returns the splitter that a value stands for as a separator.
    pub(super) fn splitter_of(&mut self, value: &Value) -> Result<Splitter, Stop> {
        if let Value::Regex(_) = value {
            return Ok(Splitter::Regex(self.regex(value)?));
        }
        let text = self.text(value);
        Ok(match &*text {
            [] => Splitter::Characters,
            [b' '] => Splitter::Blanks,
            // A letter may have two cases.
            [byte] if !(self.settings.ignore_case && byte.is_ascii_alphabetic()) => {
                Splitter::Byte(*byte)
            }
            _ => Splitter::Regex(self.regex(value)?),
        })
    }

    /// The expression that a value is, or that its text describes.
    pub(super) fn regex(&mut self, value: &Value) -> Result<Rc<Regex>, Stop> {
        if let Value::Regex(regex) = value {
            return self.folded(regex);
        }
        let text = self.text(value);
        let fold = self.settings.ignore_case;
        let key = (text, fold);
        if let Some(regex) = self.settings.regexes.get(&key) {
            return Ok(Rc::clone(regex));
        }
        let regex = Rc::new(compile(&readable(&key.0), fold)?);
        if self.settings.regexes.len() >= MAX_REGEXES {
            self.settings.regexes.clear();
        }
        self.settings.regexes.insert(key, Rc::clone(&regex));
        Ok(regex)
    }

    /// An expression of the program, which IGNORECASE changes.
    pub(super) fn folded(&mut self, regex: &Rc<Regex>) -> Result<Rc<Regex>, Stop> {
        if !self.settings.ignore_case {
            return Ok(Rc::clone(regex));
        }
        // The program keeps its expressions as long as it runs, so their places tell them apart.
        let place = Rc::as_ptr(regex);
        if let Some(regex) = self.settings.folded.get(&place) {
            return Ok(Rc::clone(regex));
        }
        let folded = Rc::new(compile(regex.text(), true)?);
        self.settings.folded.insert(place, Rc::clone(&folded));
        Ok(folded)
    }
}

fn compile(text: &str, ignore_case: bool) -> Result<Regex, Stop> {
    let options = Options {
        syntax: Syntax::Awk,
        ignore_case,
        multi_line: false,
    };
    Regex::new(text, options).map_err(|error| Stop::new(format!("/{text}/: {error}")))
}

/// `3 2:5 *`: widths, with what is skipped before a field; `*` is the rest.
fn widths(text: &[u8]) -> Result<Vec<(usize, usize)>, Stop> {
    let text = readable(text);
    let wrong = |part: &str| Stop::new(format!("FIELDWIDTHS: {part:?} is not a width"));
    let parts = text.split_whitespace().map(|part| {
        let (skipped, width) = part.split_once(':').unwrap_or(("0", part));
        let skipped = skipped.parse().map_err(|_| wrong(part))?;
        let width = match width {
            "*" => MAX_WIDTH,
            width => width.parse().map_err(|_| wrong(part))?,
        };
        Ok((skipped, width))
    });
    parts.collect()
}
