//! Destinations of lines: standard output, files of `w`, and files that are edited in place.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use cofferdam_command::{Output, Stop, path_error};

use crate::args::Args;
use crate::command::Target;

/// Files opened beside one that is edited have a number in their name, up to this one.
const MAX_NAMES: u32 = 1000;

/// All outputs.
pub(crate) struct Outputs<'a> {
    stdout: Sink<&'a mut Output>,
    /// The last line that `w /dev/stdout` wrote had no end. GNU's sed counts it apart.
    written_open: bool,
    stderr: Sink<io::Stderr>,
    files: Vec<Sink<BufWriter<File>>>,
    edited: Option<Edited>,
    line_end: u8,
}

/// Something that is written to.
struct Sink<W> {
    name: String,
    out: W,
    /// The last line had no end, so the next one needs it first.
    open: bool,
}

/// A file that is edited: its new contents are in another one beside it.
struct Edited {
    path: PathBuf,
    beside: PathBuf,
    sink: Sink<BufWriter<File>>,
}

impl<W: Write> Sink<W> {
    fn new(name: &str, out: W) -> Self {
        Self {
            name: name.to_owned(),
            out,
            open: false,
        }
    }

    fn write(&mut self, text: &[u8], end: Option<u8>, line_end: u8) -> Result<(), Stop> {
        let mut all = || {
            if self.open {
                self.out.write_all(&[line_end])?;
            }
            self.open = false;
            self.out.write_all(text)?;
            match end {
                Some(end) => self.out.write_all(&[end]),
                None => Ok(()),
            }
        };
        all().map_err(|error| {
            Stop::new(format!("couldn't write {}", path_error(&self.name, &error)))
        })
    }

    fn flush(&mut self) -> Result<(), Stop> {
        let flushed = self.out.flush();
        flushed.map_err(|error| Stop::new(path_error(&self.name, &error)))
    }
}

impl<'a> Outputs<'a> {
    /// Makes the files that the script writes to, also if it never does.
    pub(crate) fn new(stdout: &'a mut Output, files: &[String], args: &Args) -> Result<Self, Stop> {
        let files = files.iter().map(|name| {
            let file = File::create(name).map_err(|error| {
                Stop::new(format!("couldn't open file {}", path_error(name, &error)))
            })?;
            Ok(Sink::new(name, BufWriter::new(file)))
        });
        Ok(Self {
            stdout: Sink::new("standard output", stdout),
            written_open: false,
            stderr: Sink::new("standard error", io::stderr()),
            files: files.collect::<Result<_, Stop>>()?,
            edited: None,
            line_end: args.line_end,
        })
    }

    /// Writes a line; `ended` is false for one that had no end in its file.
    pub(crate) fn line(&mut self, text: &[u8], ended: bool) -> Result<(), Stop> {
        let end = ended.then_some(self.line_end);
        let line_end = self.line_end;
        if let Some(edited) = &mut self.edited {
            edited.sink.write(text, end, line_end)?;
            edited.sink.open = !ended;
        } else {
            self.stdout.write(text, end, line_end)?;
            self.stdout.open = !ended;
        }
        Ok(())
    }

    /// Writes text as it is.
    pub(crate) fn text(&mut self, text: &[u8]) -> Result<(), Stop> {
        match &mut self.edited {
            Some(edited) => edited.sink.write(text, None, self.line_end),
            None => self.stdout.write(text, None, self.line_end),
        }
    }

    /// Writes a line for `w`.
    pub(crate) fn write(&mut self, to: &Target, text: &[u8], ended: bool) -> Result<(), Stop> {
        let end = ended.then_some(self.line_end);
        match to {
            Target::Stdout => {
                let open = std::mem::replace(&mut self.stdout.open, self.written_open);
                let written = self.stdout.write(text, end, self.line_end);
                self.stdout.open = open;
                self.written_open = !ended;
                written?;
            }
            Target::Stderr => self.stderr.write(text, end, self.line_end)?,
            Target::File(index) => {
                if let Some(file) = self.files.get_mut(*index) {
                    file.write(text, end, self.line_end)?;
                    file.open = !ended;
                    // A later `r` reads what was written.
                    file.flush()?;
                }
            }
        }
        Ok(())
    }

    /// From here on lines go to a file that replaces this one.
    pub(crate) fn edit(&mut self, name: &str, follow: bool) -> Result<(), Stop> {
        let failed =
            |error: &io::Error| Stop::new(format!("couldn't edit {}", path_error(name, error)));
        let path = if follow {
            std::fs::canonicalize(name).map_err(|error| failed(&error))?
        } else {
            PathBuf::from(name)
        };
        let (beside, file) = beside(&path).map_err(|error| failed(&error))?;
        self.edited = Some(Edited {
            sink: Sink::new(name, BufWriter::new(file)),
            path,
            beside,
        });
        Ok(())
    }

    /// Puts the new file in the place of the old one, which is kept under another name if there is
    /// a suffix.
    pub(crate) fn finish_edit(&mut self, suffix: &str) -> Result<(), Stop> {
        let Some(mut edited) = self.edited.take() else {
            return Ok(());
        };
        let moved = edited.sink.flush().and_then(|()| {
            let named = |error: io::Error| Stop::new(path_error(&edited.sink.name, &error));
            if !suffix.is_empty() {
                std::fs::rename(&edited.path, copy(&edited.path, suffix)).map_err(named)?;
            }
            std::fs::rename(&edited.beside, &edited.path).map_err(named)
        });
        if moved.is_err() {
            std::fs::remove_file(&edited.beside).ok();
        }
        moved
    }

    pub(crate) fn flush(&mut self) -> Result<(), Stop> {
        for file in &mut self.files {
            file.flush()?;
        }
        self.stdout.flush()
    }
}

impl Drop for Outputs<'_> {
    /// A file whose edit was not finished is as it was, and nothing stays beside it.
    fn drop(&mut self) {
        if let Some(edited) = &self.edited {
            std::fs::remove_file(&edited.beside).ok();
        }
    }
}

/// Makes a new file in the directory of another one.
fn beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut number = 0;
    loop {
        let beside = path.with_file_name(format!("sed{number:06}"));
        let opened = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&beside);
        match opened {
            Ok(file) => return Ok((beside, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < MAX_NAMES => {
                number += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The path of the copy that `-iSUFFIX` keeps: a `*` in it is the name, and a `/` leads elsewhere.
fn copy(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let copy = if suffix.contains('*') {
        suffix.replace('*', &name)
    } else {
        format!("{name}{suffix}")
    };
    if copy.contains('/') {
        PathBuf::from(copy)
    } else {
        path.with_file_name(copy)
    }
}
