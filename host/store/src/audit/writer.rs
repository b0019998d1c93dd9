//! Adds lines to a trail, so that they outlive a loss of power.

use std::io::Write;
use std::sync::Arc;

use cap_std::fs::{Dir, File, MetadataExt, OpenOptions, OpenOptionsExt};
use cofferdam_capability::Digest;

use super::end::{End, recover};
use super::entry::{Begins, Body, Checkpoint, Entry};
use super::error::AuditError;
use super::key::{AuditKey, PublicKey};
use super::lines::{Lines, MAX_LINE};
use super::lock::Lock;
use super::segment::{self, Segment};

/// Calls after which a checkpoint is written: a forged end is that long at most, and a process that
/// starts proves no more lines before it goes on.
const SIGN_AFTER: u64 = 256;

/// Segments that the room of a trail is made for: the oldest one that is dropped is so much of it.
const SEGMENTS: u64 = 16;

/// The directory of a trail, in the data directory.
#[derive(Debug)]
pub(super) struct Directory {
    /// The data directory.
    pub(super) data: Dir,
    /// The name of the directory in it.
    pub(super) name: &'static str,
    /// The directory, as it was opened.
    pub(super) dir: Dir,
}

/// The writer of one process. Others may write to the same trail, one after the other.
#[derive(Debug)]
pub(super) struct Writer {
    directory: Arc<Directory>,
    key: AuditKey,
    /// Bytes that all segments may take.
    room: u64,
    /// The end of the trail as this process left it, with its last segment.
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    end: End,
    file: File,
}

/// Lines that are not written yet, and the end of the trail with them.
struct Batch {
    open: Open,
    lines: Vec<u8>,
}

impl Writer {
    /// Opens a trail and its key, which is made for a trail without lines. All its segments take
    /// at most `room` bytes.
    pub(super) fn new(directory: Arc<Directory>, room: u64) -> Result<Self, AuditError> {
        let _lock = Lock::take(&directory.dir)?;
        let has_lines = !segment::list(&directory.dir)?.is_empty();
        let key = AuditKey::load(&directory.dir, has_lines)?;
        Ok(Self {
            directory,
            key,
            room,
            open: None,
        })
    }

    pub(super) fn dir(&self) -> &Dir {
        &self.directory.dir
    }

    pub(super) fn key(&self) -> &PublicKey {
        self.key.public()
    }

    /// Lines that this process has written since the last checkpoint.
    pub(super) fn unsigned(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.end.unsigned)
    }

    /// Adds lines, and a checkpoint if it is time for one or `sign` asks for it. All of it
    /// outlives a loss of power when this returns.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or the lines before are not as they were written. The segment is
    /// then as it was before.
    pub(super) fn append(&mut self, bodies: Vec<Body>, sign: bool) -> Result<(), AuditError> {
        let _lock = Lock::take(&self.directory.dir)?;
        self.directory.in_place()?;
        // Taken, so that the end is looked for again after a failure.
        let mut batch = Batch {
            open: self.end()?,
            lines: Vec::new(),
        };
        for body in bodies {
            self.push(&mut batch, body)?;
        }
        if sign || batch.open.end.unsigned >= SIGN_AFTER {
            let checkpoint = self.checkpoint(batch.open.end.begins);
            self.push(&mut batch, checkpoint)?;
        }
        batch.flush()?;
        self.open = Some(batch.open);
        Ok(())
    }

    /// Proves that the trail can be gone on with, and begins one that has no lines.
    pub(super) fn prove_end(&mut self) -> Result<(), AuditError> {
        let _lock = Lock::take(&self.directory.dir)?;
        self.directory.in_place()?;
        self.open = Some(self.end()?);
        Ok(())
    }

    /// The end of the trail: as this process left it, if no other one has written since.
    fn end(&mut self) -> Result<Open, AuditError> {
        let last = segment::last(self.dir())?;
        if let Some(open) = self.open.take()
            && last.as_ref() == Some(&open.end.segment)
        {
            return Ok(open);
        }
        match recover(self.dir(), self.key())? {
            Some(end) => {
                let name = end.segment.name();
                let file = self
                    .dir()
                    .open_with(&name, OpenOptions::new().append(true))
                    .map_err(AuditError::of(&name))?;
                Ok(Open { end, file })
            }
            None => {
                let begins = Begins::new();
                self.begin(begins.seq, begins.prev, begins)
            }
        }
    }

    /// Adds a line to a batch, in a new segment if this one is full.
    fn push(&self, batch: &mut Batch, body: Body) -> Result<(), AuditError> {
        let is_signed = matches!(body, Body::Checkpoint(_));
        let mut entry = batch.open.end.next(body);
        let mut line = self.line(&entry, &batch.open.end.segment)?;
        let share = self.room / SEGMENTS;
        if batch.open.end.segment.size + line.len() as u64 >= share {
            batch.flush()?;
            batch.open = self.next_segment(&batch.open.end)?;
            entry = batch.open.end.next(entry.body);
            line = self.line(&entry, &batch.open.end.segment)?;
        }
        batch.add(&line, is_signed);
        Ok(())
    }

    /// The line of an entry of this segment, signed if it is a checkpoint.
    fn line(&self, entry: &Entry, segment: &Segment) -> Result<Vec<u8>, AuditError> {
        let wrong = |error| AuditError::of(&segment.name())(error);
        let line = entry.signed_line(&self.key);
        let line = line.map_err(|error| wrong(error.into()))?;
        if line.len() > MAX_LINE {
            // Nobody could read it again.
            let problem = format!("a line would have {} bytes, and {MAX_LINE} fit", line.len());
            return Err(wrong(std::io::Error::other(problem)));
        }
        Ok(line)
    }

    fn checkpoint(&self, begins: Begins) -> Body {
        Body::Checkpoint(Checkpoint {
            begins,
            key: self.key().fingerprint(),
            signature: String::new(),
        })
    }

    /// Begins the segment after this end, and drops the oldest ones that there is no room for. The
    /// new one says so before they are gone.
    fn next_segment(&self, end: &End) -> Result<Open, AuditError> {
        let mut kept = segment::list(self.dir())?;
        let share = self.room / SEGMENTS;
        let mut dropped = 0;
        let mut size: u64 = kept.iter().map(|segment| segment.size).sum();
        // The last one stays, whatever its size is.
        for segment in kept.iter().take(kept.len().saturating_sub(1)) {
            if size + share <= self.room && segment.first >= end.begins.seq {
                break;
            }
            size -= segment.size;
            dropped += 1;
        }
        let kept = kept.split_off(dropped);
        let begins = match kept.first() {
            Some(oldest) if dropped > 0 => self.beginning(oldest)?,
            _ => end.begins,
        };
        let open = self.begin(end.seq + 1, end.hash, begins)?;
        for segment in segment::list(self.dir())? {
            if segment.first < begins.seq {
                let name = segment.name();
                self.dir()
                    .remove_file(&name)
                    .map_err(AuditError::of(&name))?;
            }
        }
        Ok(open)
    }

    /// The first line of a segment, and the one before.
    fn beginning(&self, segment: &Segment) -> Result<Begins, AuditError> {
        let name = segment.name();
        let line = Lines::open(self.dir(), &name)?.next()?;
        let entry = Entry::read(&line.map(|line| line.bytes).unwrap_or_default());
        let entry = entry.map_err(|error| AuditError::of(&name)(error.into()))?;
        Ok(Begins {
            seq: entry.seq,
            prev: entry.prev,
        })
    }

    /// Begins a segment with a checkpoint.
    fn begin(&self, seq: u64, prev: Digest, begins: Begins) -> Result<Open, AuditError> {
        let mut segment = Segment {
            first: seq,
            size: 0,
        };
        let name = segment.name();
        let entry = Entry::now(seq, prev, self.checkpoint(begins));
        let mut line = self.line(&entry, &segment)?;
        let hash = Digest::of(&line);
        line.push(b'\n');
        let mut options = OpenOptions::new();
        options.append(true).create_new(true).mode(0o600);
        let mut file = self
            .dir()
            .open_with(&name, &options)
            .map_err(AuditError::of(&name))?;
        let written = file.write_all(&line).and_then(|()| {
            file.sync_all()?;
            self.dir().open(".")?.sync_all()
        });
        if let Err(error) = written {
            // An empty one is taken for what a process left that ended here.
            let _ = self.dir().remove_file(&name);
            return Err(AuditError::of(&name)(error));
        }
        segment.size = line.len() as u64;
        Ok(Open {
            end: End {
                segment,
                seq,
                hash,
                begins,
                unsigned: 0,
            },
            file,
        })
    }
}

impl Batch {
    fn add(&mut self, line: &[u8], is_signed: bool) {
        let end = &mut self.open.end;
        end.seq += 1;
        end.hash = Digest::of(line);
        end.segment.size += line.len() as u64 + 1;
        end.unsigned = if is_signed { 0 } else { end.unsigned + 1 };
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
    }

    /// Writes the lines, and waits until the disk has them.
    fn flush(&mut self) -> Result<(), AuditError> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let segment = &self.open.end.segment;
        let file = &mut self.open.file;
        let written = file.write_all(&self.lines).and_then(|()| file.sync_data());
        if let Err(error) = written {
            // Callers are told that nothing was recorded, so nothing of it may stay.
            let before = segment.size - self.lines.len() as u64;
            let _ = file.set_len(before).and_then(|()| file.sync_data());
            return Err(AuditError::of(&segment.name())(error));
        }
        self.lines.clear();
        Ok(())
    }
}

impl Directory {
    /// Refuses to write to a directory that is no longer the one of its name: nobody would look for
    /// the lines there.
    fn in_place(&self) -> Result<(), AuditError> {
        let wrong = || AuditError::of(".");
        let opened = self.dir.dir_metadata().map_err(wrong())?;
        let named = self.data.symlink_metadata(self.name);
        let is_same =
            named.is_ok_and(|named| named.dev() == opened.dev() && named.ino() == opened.ino());
        is_same.then_some(()).ok_or(AuditError::Moved)
    }
}
