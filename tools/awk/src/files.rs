//! Files that a program reads with getline and writes with print.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::rc::Rc;

use cofferdam_command::{Output, STDIN, Stop, open, path_error};

use crate::op::Redirect;
use crate::reader::Reader;
use crate::value::Text;

/// All files that are open.
pub(crate) struct Files<'o> {
    stdout: &'o mut Output,
    writers: HashMap<Text, BufWriter<File>>,
    readers: HashMap<Text, Reader>,
}

impl<'o> Files<'o> {
    pub(crate) fn new(stdout: &'o mut Output) -> Self {
        Self {
            stdout,
            writers: HashMap::new(),
            readers: HashMap::new(),
        }
    }

    /// Writes to standard output, or to a file that is opened when it is written to first.
    pub(crate) fn write(&mut self, to: Redirect, name: &Text, text: &[u8]) -> Result<(), Stop> {
        let to = match &**name {
            _ if matches!(to, Redirect::Stdout | Redirect::Stderr) => to,
            b"/dev/stdout" => Redirect::Stdout,
            b"/dev/stderr" => Redirect::Stderr,
            _ => to,
        };
        match to {
            Redirect::Stdout => Ok(self.stdout.write_all(text)?),
            Redirect::Stderr => Ok(io::stderr().write_all(text)?),
            Redirect::File | Redirect::Append => {
                let failed = |error: io::Error| {
                    Stop::new(format!(
                        "can't write to {}",
                        path_error(&readable(name), &error)
                    ))
                };
                let writer = match self.writers.get_mut(name) {
                    Some(writer) => writer,
                    None => {
                        let file = create(name, to == Redirect::Append).map_err(failed)?;
                        let writer = self.writers.entry(Rc::clone(name));
                        writer.or_insert_with(|| BufWriter::new(file))
                    }
                };
                writer.write_all(text).map_err(failed)
            }
        }
    }

    /// Writes what is collected, so that others see it.
    pub(crate) fn flush(&mut self) -> Result<(), Stop> {
        for (name, writer) in &mut self.writers {
            let flushed = writer.flush();
            flushed.map_err(|error| Stop::new(path_error(&readable(name), &error)))?;
        }
        Ok(self.stdout.flush()?)
    }

    /// Closes a file. Returns false if none of this name is open.
    pub(crate) fn close(&mut self, name: &Text) -> Result<bool, Stop> {
        let was_read = self.readers.remove(name).is_some();
        let Some(mut writer) = self.writers.remove(name) else {
            return Ok(was_read);
        };
        let flushed = writer.flush();
        flushed.map_err(|error| Stop::new(path_error(&readable(name), &error)))?;
        Ok(true)
    }

    /// The reader of a file; standard input has the name `-`. A zero byte before a name tells a
    /// file of the main input from the same one read with getline.
    pub(crate) fn reader(&mut self, name: &Text) -> Result<&mut Reader, Stop> {
        let name: Text = match &**name {
            b"/dev/stdin" => STDIN.as_bytes().into(),
            _ => Rc::clone(name),
        };
        if !self.readers.contains_key(&name) {
            // The program may read what it has written.
            for writer in self.writers.values_mut() {
                writer.flush()?;
            }
            let path = name.strip_prefix(&[0]).unwrap_or(&name);
            let reader = Reader::new(open(&readable(path))?);
            self.readers.insert(Rc::clone(&name), reader);
        }
        let reader = self.readers.get_mut(&name);
        reader.ok_or_else(|| Stop::new(format!("{}: it is closed", readable(&name))))
    }
}

fn create(name: &Text, append: bool) -> io::Result<File> {
    let name = readable(name);
    if append {
        OpenOptions::new().append(true).create(true).open(name)
    } else {
        File::create(name)
    }
}

/// A name in a path or a sentence.
pub(crate) fn readable(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
