//! The end of a trail, at which a process goes on.

use std::io::{Read, Seek, SeekFrom};

use cap_std::fs::{Dir, OpenOptions};
use cofferdam_capability::Digest;

use super::entry::{Begins, Body, Entry};
use super::error::{AuditError, Fault, FaultKind};
use super::key::PublicKey;
use super::segment::{self, Segment};
use super::verify::verify;

/// Bytes that are read from the end at first (256 KiB): the lines since the last checkpoint of a
/// busy host. Four times as many until there is one.
const WINDOW: u64 = 256 << 10;

/// The end of a trail.
#[derive(Debug, Clone)]
pub(super) struct End {
    /// The last segment, with its size.
    pub(super) segment: Segment,
    /// The number of the last line.
    pub(super) seq: u64,
    /// Its digest.
    pub(super) hash: Digest,
    /// The first line that is kept.
    pub(super) begins: Begins,
    /// Lines after the last checkpoint.
    pub(super) unsigned: u64,
}

impl End {
    /// The entry after this end, now.
    pub(super) fn next(&self, body: Body) -> Entry {
        Entry::now(self.seq + 1, self.hash, body)
    }
}

/// Finds the end of a trail and proves the lines since the last checkpoint; nothing for a trail
/// without lines. The rest of a line that was never completed is cut. The lock is held.
///
/// # Errors
///
/// If the lines are not as they were written: nothing is added to them.
pub(super) fn recover(dir: &Dir, key: &PublicKey) -> Result<Option<End>, AuditError> {
    let mut segments = segment::list(dir)?;
    while let Some(segment) = segments.pop() {
        let tail = Tail::read(dir, segment, key)?;
        if tail.torn > 0 {
            tail.cut(dir)?;
        }
        match tail.end(dir, key)? {
            Some(end) => return Ok(Some(end)),
            // A process ended while it began this segment.
            None => remove(dir, &tail.segment)?,
        }
    }
    Ok(None)
}

fn remove(dir: &Dir, segment: &Segment) -> Result<(), AuditError> {
    let name = segment.name();
    tracing::warn!("audit/{name} has no line, and was removed");
    dir.remove_file(&name).map_err(AuditError::of(&name))
}

/// The last bytes of a segment, from its last checkpoint on.
struct Tail {
    segment: Segment,
    /// Whole lines.
    lines: Vec<Vec<u8>>,
    /// Bytes after them.
    torn: u64,
}

impl Tail {
    fn read(dir: &Dir, segment: Segment, key: &PublicKey) -> Result<Self, AuditError> {
        let name = segment.name();
        let wrong = || AuditError::of(&name);
        let mut file = dir.open(&name).map_err(wrong())?;
        let mut window = WINDOW;
        loop {
            let from = segment.size.saturating_sub(window);
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(from)).map_err(wrong())?;
            (&file)
                .take(segment.size - from)
                .read_to_end(&mut bytes)
                .map_err(wrong())?;
            let after = |place: usize| place + 1;
            let end = bytes.iter().rposition(|byte| *byte == b'\n');
            let end = end.map_or(0, after);
            let torn = bytes.split_off(end);
            let mut lines: Vec<Vec<u8>> = bytes
                .split(|byte| *byte == b'\n')
                .map(<[u8]>::to_vec)
                .collect();
            // Nothing follows the last line break.
            lines.pop();
            let signed = lines.iter().rposition(|line| is_signed(line, key));
            // The first line may have begun before the window.
            let signed = signed.filter(|place| *place > 0 || from == 0);
            if signed.is_none() && from > 0 {
                window = window.saturating_mul(4);
                continue;
            }
            if !torn.is_empty() && !is_torn(&torn) {
                return Err(damage(dir, key, &name));
            }
            return Ok(Self {
                lines: lines.split_off(signed.unwrap_or_default()),
                torn: torn.len() as u64,
                segment,
            });
        }
    }

    /// Cuts what was never completed, and says so.
    fn cut(&self, dir: &Dir) -> Result<(), AuditError> {
        let name = self.segment.name();
        tracing::warn!(
            "the last line of audit/{name} was never completed: its {} bytes were cut",
            self.torn
        );
        let cut = dir
            .open_with(&name, OpenOptions::new().write(true))
            .and_then(|file| {
                file.set_len(self.segment.size - self.torn)?;
                file.sync_all()
            });
        cut.map_err(AuditError::of(&name))
    }

    /// The end of the trail, if there is a line.
    fn end(&self, dir: &Dir, key: &PublicKey) -> Result<Option<End>, AuditError> {
        let name = self.segment.name();
        let damaged = || damage(dir, key, &name);
        let mut end: Option<End> = None;
        for line in &self.lines {
            let entry = Entry::read(line).map_err(|_| damaged())?;
            let hash = Digest::of(line);
            let follows = end
                .as_ref()
                .is_none_or(|end| entry.prev == end.hash && entry.seq == end.seq + 1);
            let checkpoint = entry.checkpoint();
            // The first one is the last checkpoint that is signed, so no other may follow.
            let is_right = if end.is_none() {
                entry.is_signed(line, key)
            } else {
                checkpoint.is_none()
            };
            if !follows || !is_right {
                return Err(damaged());
            }
            let begins = checkpoint.map(|checkpoint| checkpoint.begins);
            let unsigned = end.as_ref().map_or(0, |end| end.unsigned + 1);
            let begins = begins.or_else(|| end.as_ref().map(|end| end.begins));
            end = Some(End {
                segment: Segment {
                    first: self.segment.first,
                    size: self.segment.size - self.torn,
                },
                seq: entry.seq,
                hash,
                begins: begins.unwrap_or_else(Begins::new),
                unsigned,
            });
        }
        Ok(end)
    }
}

fn is_signed(line: &[u8], key: &PublicKey) -> bool {
    Entry::read(line).is_ok_and(|entry| entry.is_signed(line, key))
}

/// Returns true for the beginning of a line, or all of it without its line break. Some file systems
/// leave zeros behind one that was being written.
fn is_torn(rest: &[u8]) -> bool {
    let end = rest.iter().rposition(|byte| *byte != 0);
    let written = rest.get(..end.map_or(0, |end| end + 1)).unwrap_or_default();
    Entry::read(written).map_or_else(|error| error.is_eof(), |_| true)
}

/// The exact place of damage that was seen in this file.
fn damage(dir: &Dir, key: &PublicKey, file: &str) -> AuditError {
    match verify(dir, key, None) {
        Err(error) => error,
        Ok(_) => Fault {
            file: file.to_owned(),
            line: 1,
            seq: None,
            kind: FaultKind::Changed,
            problem: "the file was changed while it was read".to_owned(),
        }
        .into(),
    }
}
