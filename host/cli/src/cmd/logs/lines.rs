//! The lines of a log, whose file may be put aside while it is read.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use cofferdam_capability::SystemError;
use serde_json::Value;

use crate::error::Failure;

/// Maximum bytes that are read of one file at once. The host puts a log aside at a quarter of it.
const MAX_FILE: u64 = 4 << 20;

/// A log and how much of it has been read.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    /// The file that is read, and the bytes of it that were.
    current: Option<Reading>,
    /// True before the first reading, which begins with the file that was put aside.
    is_new: bool,
}

#[derive(Debug)]
struct Reading {
    file: File,
    inode: u64,
    position: u64,
}

impl Lines {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            current: None,
            is_new: true,
        }
    }

    /// The lines since the last reading. A line that is not complete yet comes with the next.
    pub(super) fn read(&mut self) -> Result<Vec<Value>, Failure> {
        let mut lines = Vec::new();
        if std::mem::take(&mut self.is_new) {
            let older = self.path.with_extension("log.1");
            if let Some(mut reading) = Reading::open(&older)? {
                lines.extend(reading.lines(&older)?);
            }
        }
        // The rest of a file that was put aside since, before the new one.
        if let Some(reading) = &mut self.current {
            lines.extend(reading.lines(&self.path)?);
        }
        let named = std::fs::symlink_metadata(&self.path).map(|found| found.ino());
        let is_same = |reading: &Reading| named.as_ref().is_ok_and(|ino| *ino == reading.inode);
        if !self.current.as_ref().is_some_and(is_same)
            && let Some(mut reading) = Reading::open(&self.path)?
        {
            lines.extend(reading.lines(&self.path)?);
            self.current = Some(reading);
        }
        Ok(lines)
    }
}

impl Reading {
    fn open(path: &Path) -> Result<Option<Self>, Failure> {
        let opened = std::fs::symlink_metadata(path).and_then(|found| {
            // Opening a pipe would wait for a writer for ever.
            if found.is_file() {
                File::open(path)
            } else {
                Err(std::io::Error::other("it is not a regular file"))
            }
        });
        match opened {
            Ok(file) => Ok(Some(Self {
                inode: file.metadata().map_err(|error| unread(path, &error))?.ino(),
                file,
                position: 0,
            })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unread(path, &error)),
        }
    }

    fn lines(&mut self, path: &Path) -> Result<Vec<Value>, Failure> {
        let failed = |error: std::io::Error| unread(path, &error);
        self.file
            .seek(SeekFrom::Start(self.position))
            .map_err(failed)?;
        let mut bytes = Vec::new();
        (&self.file)
            .take(MAX_FILE)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n');
        let whole = whole.map_or(0, |end| end + 1);
        self.position += whole as u64;
        let lines = bytes
            .get(..whole)
            .unwrap_or_default()
            .split(|byte| *byte == b'\n');
        // What a machine that lost its power left of a line is none.
        Ok(lines
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect())
    }
}

fn unread(path: &Path, error: &std::io::Error) -> Failure {
    Failure::work(format!(
        "cannot read {}: {}",
        path.display(),
        SystemError(error)
    ))
}
