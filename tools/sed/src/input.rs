//! Lines of the input files, one after another.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use cofferdam_command::{Complaints, STDIN, path_error};

use crate::args::Args;

/// Reads this much at once (64 KiB).
const BUFFER: usize = 64 << 10;

/// A line without its end.
#[derive(Default, Clone)]
pub(crate) struct Line {
    pub(crate) text: Vec<u8>,
    /// It had an end; the last line of a file may have none.
    pub(crate) ended: bool,
}

impl Line {
    /// Puts another line behind this one; whether it has an end is taken over.
    pub(crate) fn append(&mut self, other: &Self, line_end: u8) {
        self.text.push(line_end);
        self.text.extend_from_slice(&other.text);
        self.ended = other.ended;
    }
}

/// A file that is read.
pub(crate) struct Source {
    pub(crate) name: String,
    reader: Box<dyn BufRead>,
}

/// The input files.
pub(crate) struct Input {
    names: VecDeque<String>,
    current: Option<Source>,
    /// The next file that has a line, found when the end of the current one was asked for.
    next: Option<Source>,
    separate: bool,
    /// `-` is a file like others.
    in_place: bool,
    line_end: u8,
    complaints: Complaints,
    /// Lines read so far; of the current file when files are separate.
    pub(crate) number: u64,
    /// The exit code: 2 if a file could not be opened, 4 if it could not be read.
    pub(crate) code: u8,
}

impl Input {
    pub(crate) fn new(args: &Args, complaints: Complaints) -> Self {
        Self {
            names: args.files.clone().into(),
            current: None,
            next: None,
            separate: args.separate,
            in_place: args.in_place.is_some(),
            line_end: args.line_end,
            complaints,
            number: 0,
            code: 0,
        }
    }

    /// The name of the file that the last line came from.
    pub(crate) fn name(&self) -> &str {
        self.current.as_ref().map_or(STDIN, |source| &source.name)
    }

    /// Reads the next line of the current file.
    pub(crate) fn line(&mut self) -> io::Result<Option<Line>> {
        let Some(source) = &mut self.current else {
            return Ok(None);
        };
        let mut text = Vec::new();
        if source.reader.read_until(self.line_end, &mut text)? == 0 {
            return Ok(None);
        }
        let ended = text.last() == Some(&self.line_end);
        if ended {
            text.pop();
        }
        self.number += 1;
        Ok(Some(Line { text, ended }))
    }

    /// Goes on to the next file that can be read. Returns false after the last one.
    pub(crate) fn next_file(&mut self) -> bool {
        let next = self.next.take().or_else(|| self.open());
        let found = next.is_some();
        if found {
            self.current = next;
            if self.separate {
                self.number = 0;
            }
        }
        found
    }

    /// Returns true if no line follows: in this file, or in any when files are not separate.
    pub(crate) fn is_last(&mut self) -> io::Result<bool> {
        if let Some(source) = &mut self.current
            && !source.reader.fill_buf()?.is_empty()
        {
            return Ok(false);
        }
        Ok(self.separate || !self.has_next_file()?)
    }

    /// Returns true if no line follows in any file.
    pub(crate) fn is_end(&mut self) -> io::Result<bool> {
        if let Some(source) = &mut self.current
            && !source.reader.fill_buf()?.is_empty()
        {
            return Ok(false);
        }
        Ok(!self.has_next_file()?)
    }

    fn has_next_file(&mut self) -> io::Result<bool> {
        // An empty file of its own is still one to be edited in place.
        while self.next.is_none() {
            let Some(mut source) = self.open() else {
                return Ok(false);
            };
            if self.separate || !source.reader.fill_buf()?.is_empty() {
                self.next = Some(source);
            }
        }
        Ok(true)
    }

    /// Opens the next file that there is, and tells of those that there are not.
    fn open(&mut self) -> Option<Source> {
        loop {
            let name = self.names.pop_front()?;
            let reader: Box<dyn BufRead> = if name == STDIN && !self.in_place {
                Box::new(BufReader::with_capacity(BUFFER, io::stdin()))
            } else if Path::new(&name).is_dir() {
                self.complain(&format!("couldn't read {name}: Is a directory"), 4);
                continue;
            } else {
                match File::open(&name) {
                    Ok(file) => Box::new(BufReader::with_capacity(BUFFER, file)),
                    Err(error) => {
                        self.complain(&format!("can't read {}", path_error(&name, &error)), 2);
                        continue;
                    }
                }
            };
            return Some(Source { name, reader });
        }
    }

    fn complain(&mut self, sentence: &str, code: u8) {
        self.complaints.say(sentence);
        self.code = self.code.max(code);
    }
}
