//! The main input: the files of ARGV, one after another.

use std::path::Path;
use std::rc::Rc;

use cofferdam_command::{STDIN, Stop};

use super::Machine;
use crate::files::readable;
use crate::lexer::unescape;
use crate::op::{Target, slot};
use crate::reader::Piece;
use crate::record::Joining;
use crate::value::{Text, Value};

/// Progress through the operands.
#[derive(Default)]
pub(super) struct Main {
    /// The file that is read, by its name.
    current: Option<Text>,
    /// The next element of ARGV, from 1.
    next: usize,
    /// A file was named, so standard input is not read unless it is named too.
    named: bool,
    ended: bool,
}

impl Machine<'_, '_> {
    pub(super) fn record_text(&mut self) -> Text {
        let settings = &self.settings;
        self.record.text(Joining {
            separator: &settings.ofs,
            convert: &settings.convfmt,
        })
    }

    pub(super) fn set_record(&mut self, text: Text) {
        let splitter = Rc::clone(&self.settings.splitter);
        self.record.set(text, &splitter);
    }

    /// Reads the next record of the main input as the record.
    pub(super) fn next_record(&mut self) -> Result<bool, Stop> {
        let Some(piece) = self.next_piece()? else {
            return Ok(false);
        };
        self.set_record(piece.text.into());
        Ok(true)
    }

    /// Leaves the file that is read.
    pub(super) fn skip_file(&mut self) {
        if let Some(name) = self.main.current.take() {
            // What is left of standard input is not read again either.
            self.files.close(&name).ok();
        }
    }

    fn next_piece(&mut self) -> Result<Option<Piece>, Stop> {
        loop {
            let name = match &self.main.current {
                Some(name) => Rc::clone(name),
                None => match self.next_file()? {
                    Some(name) => name,
                    None => return Ok(None),
                },
            };
            let ending = self.settings.ending.clone();
            let read = self
                .files
                .reader(&name)
                .and_then(|reader| Ok(reader.record(&ending)?));
            match read {
                Ok(Some(piece)) => {
                    self.set_global(slot::RT, Value::text(piece.end.as_slice()));
                    for slot in [slot::NR, slot::FNR] {
                        let number = self.global(slot).to_number();
                        self.set_global(slot, Value::Number(number + 1.0));
                    }
                    return Ok(Some(piece));
                }
                Ok(None) => self.skip_file(),
                Err(stop) => return Err(stop),
            }
        }
    }

    /// Goes on to the next file that ARGV names. Assignments on the way are done.
    fn next_file(&mut self) -> Result<Option<Text>, Stop> {
        loop {
            if self.main.ended {
                return Ok(None);
            }
            self.main.next += 1;
            let count = self.global(slot::ARGC).to_number();
            let name = if Value::count(self.main.next).to_number() < count {
                let key = Text::from(self.main.next.to_string().as_bytes());
                let Value::Array(arguments) = self.global(slot::ARGV) else {
                    return Ok(None);
                };
                let argument = arguments.borrow().get(&key).cloned();
                let Some(argument) = argument else {
                    continue;
                };
                let argument = self.text(&argument);
                if argument.is_empty() || self.assignment(&argument)? {
                    continue;
                }
                self.main.named = true;
                if Path::new(&readable(&argument)).is_dir() {
                    let name = readable(&argument);
                    self.complaints
                        .say(format!("warning: {name} is a directory: skipped"));
                    continue;
                }
                self.set_global(slot::FILENAME, Value::Input(Rc::clone(&argument)));
                if &*argument == STDIN.as_bytes() || &*argument == b"/dev/stdin" {
                    STDIN.as_bytes().into()
                } else {
                    Text::from([&[0], &*argument].concat())
                }
            } else if self.main.named {
                self.main.ended = true;
                return Ok(None);
            } else {
                self.main.ended = true;
                self.set_global(slot::FILENAME, Value::text(STDIN.as_bytes()));
                STDIN.as_bytes().into()
            };
            self.set_global(slot::FNR, Value::Number(0.0));
            self.main.current = Some(Rc::clone(&name));
            return Ok(Some(name));
        }
    }

    /// Does what `name=value` among the operands says. Returns false if it is a file's name.
    pub(super) fn assignment(&mut self, argument: &[u8]) -> Result<bool, Stop> {
        let Some(equals) = argument.iter().position(|byte| *byte == b'=') else {
            return Ok(false);
        };
        let (name, value) = argument.split_at(equals);
        let is_name = name
            .first()
            .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
            && name
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        if !is_name {
            return Ok(false);
        }
        let value = unescape(value.get(1..).unwrap_or_default());
        let name = readable(name);
        // A variable that the program does not name changes nothing.
        let slot = self
            .program
            .globals
            .iter()
            .position(|global| *global == name);
        if let Some(slot) = slot {
            let target = Target::Variable(crate::op::Variable::Global(slot));
            self.store_at(target, &Value::Unset, Value::Input(value.into()))?;
        }
        Ok(true)
    }

    /// `getline` and `getline v`
    pub(super) fn getline(&mut self, target: Option<Target>) -> Result<Value, Stop> {
        let key = target.map(|target| self.key_of(target));
        let Some(piece) = self.next_piece()? else {
            return Ok(Value::Number(0.0));
        };
        self.put_line(target, key, piece)?;
        Ok(Value::Number(1.0))
    }

    /// `getline < f` and `getline v < f`. A file that cannot be read gives -1.
    pub(super) fn getline_file(&mut self, target: Option<Target>) -> Result<Value, Stop> {
        let name = self.pop();
        let name = self.text(&name);
        let key = target.map(|target| self.key_of(target));
        let ending = self.settings.ending.clone();
        let read = self
            .files
            .reader(&name)
            .and_then(|reader| Ok(reader.record(&ending)?));
        let piece = match read {
            Ok(Some(piece)) => piece,
            Ok(None) => return Ok(Value::Number(0.0)),
            Err(_) => return Ok(Value::Number(-1.0)),
        };
        self.set_global(slot::RT, Value::text(piece.end.as_slice()));
        self.put_line(target, key, piece)?;
        Ok(Value::Number(1.0))
    }

    fn put_line(
        &mut self,
        target: Option<Target>,
        key: Option<Value>,
        piece: Piece,
    ) -> Result<(), Stop> {
        match (target, key) {
            (Some(target), Some(key)) => {
                self.store_at(target, &key, Value::Input(piece.text.into()))
            }
            _ => {
                self.set_record(piece.text.into());
                Ok(())
            }
        }
    }
}
