//! Proof that a trail is as it was written, from its directory and the public key alone.

use std::fmt;
use std::str::FromStr;

use cap_std::fs::Dir;
use cofferdam_capability::Digest;
use serde::Serialize;

use super::entry::{Begins, Body, Entry};
use super::error::{AuditError, Fault, FaultKind};
use super::key::PublicKey;
use super::walk::{Step, Walk};

/// A line that a trail is known to have, written `SEQ:DIGEST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Its number.
    pub seq: u64,
    /// Its digest.
    pub hash: Digest,
}

/// A text that is no head.
#[derive(Debug, thiserror::Error)]
#[error("expected SEQ:DIGEST, as `audit verify` prints it")]
pub struct NoHead;

/// A trail that is as it was written.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// Files.
    pub segments: u64,
    /// Lines.
    pub lines: u64,
    /// Calls among them.
    pub calls: u64,
    /// Checkpoints among them.
    pub checkpoints: u64,
    /// The first line.
    pub first: Option<Place>,
    /// The last line.
    pub last: Option<Place>,
    /// Lines before the first one that were dropped for room.
    pub dropped: u64,
    /// Lines after the last checkpoint. The chain proves all of them but the last.
    pub unsigned: u64,
    /// The last line with its digest.
    pub head: Option<Head>,
    /// The fingerprint of the key that has signed the checkpoints.
    pub key: Digest,
    /// The rest of a line that was never completed.
    pub torn: Option<Torn>,
}

/// A line in a trail.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    /// Its number.
    pub seq: u64,
    /// Its time.
    pub time: String,
}

/// The rest of a line that was being written when a process or the machine ended. No call was
/// answered on it, and the next process that writes cuts it.
#[derive(Debug, Clone, Serialize)]
pub struct Torn {
    /// The file.
    pub file: String,
    /// The line.
    pub line: u64,
    /// Its bytes.
    pub bytes: u64,
}

/// Reads a whole trail and proves it. A line that it is known to have is looked for.
///
/// # Errors
///
/// With the first place at which it is not as it was written, or if it cannot be read.
pub fn verify(dir: &Dir, key: &PublicKey, head: Option<&Head>) -> Result<Verified, AuditError> {
    let mut check = Check::new(key, head);
    let mut walk = Walk::new(dir)?;
    let mut current = walk.next()?;
    while let Some(step) = current {
        let next = walk.next()?;
        match check.line(&step, next.as_ref()) {
            Ok(()) => {}
            Err(Wrong::Fault(fault)) => return Err(fault.into()),
            Err(Wrong::Gap { fault, expected }) => {
                return Err(gap(walk, next, fault, expected)?.into());
            }
        }
        current = next;
    }
    Ok(check.end()?)
}

/// Tells lines that are missing from lines that stand in another order: these come later.
fn gap(
    mut walk: Walk<'_>,
    next: Option<Step>,
    fault: Fault,
    expected: u64,
) -> Result<Fault, AuditError> {
    let mut current = next;
    while let Some(step) = current {
        if Entry::read(&step.line.bytes).is_ok_and(|entry| entry.seq == expected) {
            return Ok(Fault {
                kind: FaultKind::Reordered,
                problem: format!(
                    "it stands before line {expected} of the trail, which is in {}, line {}: lines \
                     were reordered",
                    step.file, step.line.number
                ),
                ..fault
            });
        }
        current = walk.next()?;
    }
    Ok(fault)
}

/// A line that is wrong.
enum Wrong {
    Fault(Fault),
    /// Lines from `expected` on are not where they should be.
    Gap {
        fault: Fault,
        expected: u64,
    },
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The last line that was right.
struct Known {
    file: String,
    line: u64,
    head: Head,
}

/// The lines so far, all of them right.
struct Check<'a> {
    key: &'a PublicKey,
    head: Option<&'a Head>,
    known: Option<Known>,
    /// The first line, and the line before it.
    start: Begins,
    /// The first line that is kept, as the last checkpoint says it.
    begins: Begins,
    verified: Verified,
}

impl<'a> Check<'a> {
    fn new(key: &'a PublicKey, head: Option<&'a Head>) -> Self {
        Self {
            key,
            head,
            known: None,
            start: Begins::new(),
            begins: Begins::new(),
            verified: Verified {
                segments: 0,
                lines: 0,
                calls: 0,
                checkpoints: 0,
                first: None,
                last: None,
                dropped: 0,
                unsigned: 0,
                head: None,
                key: key.fingerprint(),
                torn: None,
            },
        }
    }

    /// Checks a line, with the one after it.
    fn line(&mut self, step: &Step, next: Option<&Step>) -> Result<(), Wrong> {
        let read = Entry::read(unpadded(&step.line.bytes));
        let entry = match read {
            Ok(entry) if step.line.is_whole => entry,
            read => {
                let is_torn = next.is_none()
                    && !step.line.is_whole
                    && read
                        .as_ref()
                        .map_or_else(serde_json::Error::is_eof, |_| true);
                if is_torn {
                    self.verified.torn = Some(Torn {
                        file: step.file.to_string(),
                        line: step.line.number,
                        bytes: step.line.bytes.len() as u64,
                    });
                    return Ok(());
                }
                let problem = match read {
                    Ok(_) => "its line break was changed".to_owned(),
                    Err(error) => format!("it was changed: it is no line of a trail ({error})"),
                };
                let seq = self.known.as_ref().map(|known| known.head.seq + 1);
                return Err(step.fault(FaultKind::Changed, seq, problem).into());
            }
        };
        let hash = Digest::of(&step.line.bytes);
        let head = Head {
            seq: entry.seq,
            hash,
        };
        self.in_order(step, &entry, head, next)?;
        self.as_signed(step, &entry)?;
        self.as_known(step, head)?;
        self.count(step, entry, head);
        Ok(())
    }

    /// Refuses a line that does not follow the one before.
    fn in_order(
        &self,
        step: &Step,
        entry: &Entry,
        head: Head,
        next: Option<&Step>,
    ) -> Result<(), Wrong> {
        let seq = Some(entry.seq);
        let fault = |kind, problem| Wrong::Fault(step.fault(kind, seq, problem));
        let is_first = step.line.number == 1;
        let Some(known) = &self.known else {
            if entry.seq != step.first {
                return Err(fault(FaultKind::Misplaced, misplaced(entry)));
            }
            if entry.seq == 1 && entry.prev != Begins::new().prev {
                let problem = "it was changed: it is the first line, and names one before";
                return Err(fault(FaultKind::Changed, problem.to_owned()));
            }
            return Ok(());
        };
        let expected = known.head.seq.saturating_add(1);
        let follows = entry.prev == known.head.hash;
        if follows && entry.seq == expected && (!is_first || step.first == expected) {
            return Ok(());
        }
        if is_first && entry.seq != step.first && (!follows || entry.seq == expected) {
            return Err(fault(FaultKind::Misplaced, misplaced(entry)));
        }
        if is_first && !follows && entry.seq > expected {
            let last = entry.seq.saturating_sub(1);
            let problem = format!(
                "lines {expected} to {last} of the trail are missing before it: the end of a \
                 segment, or a whole one"
            );
            return Err(fault(FaultKind::MissingSegment, problem));
        }
        if follows {
            let problem = format!("it was changed: its number should be {expected}");
            return Err(fault(FaultKind::Changed, problem));
        }
        if entry.seq == expected {
            return Err(self.changed(known, step, entry, head, next).into());
        }
        if entry.seq < expected {
            let problem = format!("line {} of the trail was there before", entry.seq);
            return Err(fault(FaultKind::Doubled, problem));
        }
        let last = entry.seq.saturating_sub(1);
        let problem = if last == expected {
            format!("line {expected} of the trail is missing before it")
        } else {
            format!("lines {expected} to {last} of the trail are missing before it")
        };
        Err(Wrong::Gap {
            fault: step.fault(FaultKind::Missing, seq, problem),
            expected,
        })
    }

    /// The fault of two lines of which one was changed: the line that the next one, or a signature,
    /// confirms is not it.
    fn changed(
        &self,
        known: &Known,
        step: &Step,
        entry: &Entry,
        head: Head,
        next: Option<&Step>,
    ) -> Fault {
        let confirmed = next.is_some_and(|next| {
            Entry::read(&next.line.bytes).is_ok_and(|next| next.prev == head.hash)
        });
        if confirmed || entry.is_signed(&step.line.bytes, self.key) {
            return Fault {
                file: known.file.clone(),
                line: known.line,
                seq: Some(known.head.seq),
                kind: FaultKind::Changed,
                problem: "it was changed: the next line names another digest of it".to_owned(),
            };
        }
        let problem = "it was changed: it does not name the digest of the line before";
        step.fault(FaultKind::Changed, Some(entry.seq), problem.to_owned())
    }

    /// Refuses a checkpoint that the key has not signed, and a segment without one.
    fn as_signed(&self, step: &Step, entry: &Entry) -> Result<(), Fault> {
        let fault = |problem: &str| {
            let problem = problem.to_owned();
            Err(step.fault(FaultKind::Forged, Some(entry.seq), problem))
        };
        match entry.checkpoint() {
            None if step.line.number == 1 => {
                fault("a segment begins with a checkpoint, and this is none")
            }
            None => Ok(()),
            Some(checkpoint) if checkpoint.key != self.key.fingerprint() => {
                fault("another key has signed this checkpoint")
            }
            Some(_) if !entry.is_signed(&step.line.bytes, self.key) => {
                fault("the key has not signed this checkpoint")
            }
            Some(_) => Ok(()),
        }
    }

    /// Refuses another line in the place of the one that is known.
    fn as_known(&self, step: &Step, found: Head) -> Result<(), Fault> {
        match self.head {
            Some(head) if head.seq == found.seq && head.hash != found.hash => {
                let problem = format!("it is not the line that is known, {head}");
                Err(step.fault(FaultKind::Changed, Some(found.seq), problem))
            }
            _ => Ok(()),
        }
    }

    /// Counts a line that is right.
    fn count(&mut self, step: &Step, entry: Entry, head: Head) {
        let verified = &mut self.verified;
        let place = Place {
            seq: entry.seq,
            time: entry.time,
        };
        if verified.first.is_none() {
            self.start = Begins {
                seq: entry.seq,
                prev: entry.prev,
            };
            verified.first = Some(place.clone());
            verified.dropped = entry.seq.saturating_sub(1);
        }
        verified.segments += u64::from(step.line.number == 1);
        verified.lines += 1;
        match entry.body {
            Body::Call(_) => {
                verified.calls += 1;
                verified.unsigned += 1;
            }
            Body::Answer(_) => verified.unsigned += 1,
            Body::Checkpoint(checkpoint) => {
                verified.checkpoints += 1;
                verified.unsigned = 0;
                self.begins = checkpoint.begins;
            }
        }
        verified.last = Some(place);
        verified.head = Some(head);
        self.known = Some(Known {
            file: step.file.to_string(),
            line: step.line.number,
            head,
        });
    }

    /// Checks what only the whole trail shows.
    fn end(self) -> Result<Verified, Fault> {
        let Some(known) = self.known else {
            return Ok(self.verified);
        };
        let Begins { seq: start, .. } = self.start;
        let Begins { seq: begins, .. } = self.begins;
        if start > begins {
            return Err(Fault {
                file: super::segment::name(start),
                line: 1,
                seq: Some(start),
                kind: FaultKind::MissingSegment,
                problem: format!(
                    "lines {begins} to {} of the trail are missing before it: the last checkpoint \
                     says that they are kept",
                    start.saturating_sub(1)
                ),
            });
        }
        let last = known.head.seq;
        match self.head {
            Some(head) if head.seq > last => Err(Fault {
                file: known.file,
                line: known.line,
                seq: Some(last),
                kind: FaultKind::Cut,
                problem: format!(
                    "the trail ends here, and is known to have line {}: its end was cut",
                    head.seq
                ),
            }),
            Some(head) if head.seq < start => Err(Fault {
                file: super::segment::name(start),
                line: 1,
                seq: Some(start),
                kind: FaultKind::Cut,
                problem: format!(
                    "the trail begins here, and line {} was dropped for room: name a later head",
                    head.seq
                ),
            }),
            _ => Ok(self.verified),
        }
    }
}

/// A line without the zeros that some file systems leave behind one that was being written.
fn unpadded(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| *byte != 0);
    line.get(..end.map_or(0, |end| end + 1)).unwrap_or_default()
}

fn misplaced(entry: &Entry) -> String {
    format!(
        "the file begins with line {} of the trail: it has the name of another one",
        entry.seq
    )
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

impl FromStr for Head {
    type Err = NoHead;

    fn from_str(text: &str) -> Result<Self, NoHead> {
        let (seq, hash) = text.split_once(':').ok_or(NoHead)?;
        Ok(Self {
            seq: seq.parse().map_err(|_| NoHead)?,
            hash: hash.parse().map_err(|_| NoHead)?,
        })
    }
}
