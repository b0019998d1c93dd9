//! Printing matches as GNU grep does without a terminal.

use std::io::{self, Write};

use cofferdam_command::Output;
use cofferdam_pattern::Engine;
use grep::matcher::Matcher;
use grep::searcher::{Searcher, Sink, SinkContext, SinkMatch};

use crate::args::{Args, Show};

/// Digits of a line number or offset with `-T`, where the size of the input is not known.
const UNKNOWN_WIDTH: usize = 19;

/// Prints what is found in one file.
pub(crate) struct Printer<'a> {
    args: &'a Args,
    engine: &'a Engine,
    out: &'a mut Output,
    /// As it is printed.
    name: &'a str,
    /// Digits of numbers, with `-T`.
    width: usize,
    /// Something has been printed, also of an earlier file: groups of lines are separated.
    printed: &'a mut bool,
    /// The end of the last line that was printed.
    last: Option<u64>,
    /// Lines that matched.
    pub(crate) count: u64,
    /// A zero byte was seen: lines are not printed any more.
    binary: bool,
    /// A line matched in what is binary, which is told instead of it.
    pub(crate) binary_matched: bool,
}

impl<'a> Printer<'a> {
    pub(crate) fn new(
        args: &'a Args,
        engine: &'a Engine,
        out: &'a mut Output,
        name: &'a str,
        printed: &'a mut bool,
    ) -> Self {
        Self {
            args,
            engine,
            out,
            name,
            width: 0,
            printed,
            last: None,
            count: 0,
            binary: false,
            binary_matched: false,
        }
    }

    /// Aligns numbers for an input of so many bytes, with `-T`.
    pub(crate) fn align(&mut self, size: Option<u64>) {
        if self.args.initial_tab {
            self.width = size.map_or(UNKNOWN_WIDTH, |size| size.to_string().len());
        }
    }

    /// Prints what is told of the file as a whole.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let (args, matched) = (self.args, self.count > 0);
        match args.show {
            Show::Count if !args.quiet => {
                if args.shows_names() {
                    self.out.write_all(self.name.as_bytes())?;
                    self.out.write_all(if args.null { b"\0" } else { b":" })?;
                }
                writeln!(self.out, "{}", self.count)
            }
            Show::WithMatch | Show::WithoutMatch if !args.quiet => {
                if matched != (args.show == Show::WithMatch) {
                    return Ok(());
                }
                self.out.write_all(self.name.as_bytes())?;
                self.out.write_all(if args.null { b"\0" } else { b"\n" })
            }
            _ => Ok(()),
        }
    }

    /// The name and the numbers before a line, or before a match in it.
    fn head(&mut self, place: &Place, separator: u8, is_empty: bool) -> io::Result<()> {
        let (args, width) = (self.args, self.width);
        let out = &mut *self.out;
        if args.shows_names() {
            out.write_all(self.name.as_bytes())?;
            out.write_all(&[if args.null { 0 } else { separator }])?;
        }
        if let Some(line) = place.line.filter(|_| args.line_number) {
            write!(out, "{line:>width$}")?;
            out.write_all(&[separator])?;
        }
        if args.byte_offset {
            write!(out, "{:>width$}", place.offset)?;
            out.write_all(&[separator])?;
        }
        let anything = args.shows_names() || args.line_number || args.byte_offset;
        if args.initial_tab && anything && !is_empty {
            out.write_all(b"\t")?;
        }
        Ok(())
    }

    /// Separates a line from the group before it, if there is a gap.
    fn separate(&mut self, place: &Place, length: usize) -> io::Result<()> {
        if self.args.has_context
            && *self.printed
            && self.last != Some(place.offset)
            && let Some(separator) = &self.args.group_separator
        {
            self.out.write_all(separator.as_bytes())?;
            self.out.write_all(b"\n")?;
        }
        *self.printed = true;
        self.last = Some(place.offset + length as u64);
        Ok(())
    }

    /// A whole line, with its end.
    fn line(&mut self, place: &Place, bytes: &[u8], separator: u8) -> io::Result<()> {
        self.separate(place, bytes.len())?;
        let end = self.args.line_end;
        let text = bytes.strip_suffix(&[end]).unwrap_or(bytes);
        self.head(place, separator, text.is_empty())?;
        self.out.write_all(text)?;
        self.out.write_all(&[end])
    }

    /// The parts of a line that match; empty ones are not printed.
    fn matches(&mut self, place: &Place, bytes: &[u8]) -> io::Result<()> {
        self.separate(place, bytes.len())?;
        if self.args.invert {
            return Ok(());
        }
        let end = self.args.line_end;
        let text = bytes.strip_suffix(&[end]).unwrap_or(bytes);
        let engine = self.engine;
        let mut written = Ok(());
        let found = engine.find_iter(text, |found| {
            let part = text.get(found.start()..found.end()).unwrap_or_default();
            if part.is_empty() {
                return true;
            }
            let place = Place {
                line: place.line,
                offset: place.offset + found.start() as u64,
            };
            written = self
                .head(&place, b':', false)
                .and_then(|()| self.out.write_all(part))
                .and_then(|()| self.out.write_all(&[end]));
            written.is_ok()
        });
        found.map_err(|error| io::Error::other(error.to_string()))?;
        written
    }
}

/// The place of a line, or of a match in it.
struct Place {
    line: Option<u64>,
    /// Bytes before it.
    offset: u64,
}

impl Sink for Printer<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> io::Result<bool> {
        self.count += 1;
        if self.args.quiet || matches!(self.args.show, Show::WithMatch | Show::WithoutMatch) {
            // One is enough.
            return Ok(false);
        }
        if self.args.show == Show::Count {
            return Ok(true);
        }
        if self.binary {
            self.binary_matched = true;
            return Ok(false);
        }
        let place = Place {
            line: found.line_number(),
            offset: found.absolute_byte_offset(),
        };
        if self.args.only_matching {
            self.matches(&place, found.bytes())?;
        } else {
            self.line(&place, found.bytes(), b':')?;
        }
        Ok(true)
    }

    fn context(&mut self, _: &Searcher, context: &SinkContext<'_>) -> io::Result<bool> {
        if self.binary {
            return Ok(true);
        }
        let place = Place {
            line: context.line_number(),
            offset: context.absolute_byte_offset(),
        };
        // With `-o` lines around matches are not printed, but they close gaps.
        if self.args.only_matching {
            self.separate(&place, context.bytes().len())?;
        } else {
            self.line(&place, context.bytes(), b'-')?;
        }
        Ok(true)
    }

    fn binary_data(&mut self, searcher: &Searcher, _: u64) -> io::Result<bool> {
        self.binary = true;
        // `-I`: what is binary does not match.
        Ok(searcher.binary_detection().quit_byte().is_none())
    }
}
