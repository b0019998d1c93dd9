#![allow(clippy::disallowed_methods, reason = "the tests' own directories")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cofferdam_call::{Action, Decision, OutcomeName, Principal, Record, Usage, Verdict};
use tempfile::TempDir;

use super::writer::{Directory, Writer};
use super::*;

/// Room for sixteen segments of 64 KiB.
const ROOM: u64 = 1 << 20;

/// A data directory with a trail.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(home.path()).unwrap();
        home
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("audit")
    }

    fn dir(&self) -> Dir {
        Dir::open_ambient_dir(self.path(), ambient_authority()).unwrap()
    }

    fn writer(&self) -> Writer {
        let data = Dir::open_ambient_dir(self.0.path(), ambient_authority()).unwrap();
        let directory = Directory {
            data,
            name: "audit",
            dir: self.dir(),
        };
        Writer::new(Arc::new(directory), ROOM).unwrap()
    }

    fn verify(&self) -> Result<Verified, AuditError> {
        let dir = self.dir();
        verify(&dir, &PublicKey::load(&dir).unwrap(), None)
    }

    #[track_caller]
    fn fault(&self) -> Fault {
        match self.verify() {
            Err(AuditError::Damaged(fault)) => fault,
            other => panic!("no fault: {other:?}"),
        }
    }

    /// The files of its segments, in their order.
    fn files(&self) -> Vec<PathBuf> {
        let names = segment::list(&self.dir()).unwrap();
        let names = names.iter().map(|segment| segment.name());
        names.map(|name| self.path().join(name)).collect()
    }

    /// The lines of its only segment.
    fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.files()[0]).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn put(&self, lines: &[String]) {
        std::fs::write(&self.files()[0], lines.join("\n") + "\n").unwrap();
    }
}

fn record(tool: &str) -> Record {
    Record {
        principal: Principal::Operator,
        agent: Some("a".to_owned()),
        session: None,
        caller: None,
        depth: 0,
        action: Action::Call,
        tool: tool.to_owned(),
        component: None,
        manifest: None,
        grant: None,
        caller_grant: None,
        arguments: None,
        decision: Decision::of(Verdict::Allow, "host:offered"),
        outcome: OutcomeName::Ok,
        code: None,
        usage: Usage::default(),
        reach: None,
        trace: None,
    }
}

fn records(count: usize) -> Vec<Body> {
    let body = |i| Body::Call(Box::new(record(&format!("tool-{i}"))));
    (0..count).map(body).collect()
}

/// A trail of one segment: a checkpoint, three calls, a checkpoint, three calls, a checkpoint.
fn small() -> Home {
    let home = Home::new();
    let mut writer = home.writer();
    writer.append(records(3), true).unwrap();
    writer.append(records(3), true).unwrap();
    home
}

/// A trail of several segments.
fn large() -> Home {
    let home = Home::new();
    let mut writer = home.writer();
    for _ in 0..4 {
        writer.append(records(100), false).unwrap();
    }
    writer.append(Vec::new(), true).unwrap();
    assert!(home.files().len() > 2, "{:?}", home.files());
    home
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap()
}

#[test]
fn a_trail_that_nobody_touched_holds() {
    let verified = small().verify().unwrap();
    assert_eq!(
        (verified.lines, verified.calls, verified.checkpoints),
        (9, 6, 3)
    );
    assert_eq!((verified.unsigned, verified.dropped), (0, 0));
    assert_eq!(verified.head.unwrap().seq, 9);
    let verified = large().verify().unwrap();
    assert_eq!(verified.calls, 400);
    assert!(verified.segments > 2);
}

/// One bit of every third byte, and every line break.
#[test]
fn a_byte_that_was_changed_is_found_with_its_line() {
    let home = small();
    let file = home.files()[0].clone();
    let right = std::fs::read(&file).unwrap();
    for (place, byte) in right.iter().enumerate() {
        if place % 3 > 0 && *byte != b'\n' {
            continue;
        }
        let mut wrong = right.clone();
        wrong[place] ^= 1 << (place / 3 % 7);
        std::fs::write(&file, &wrong).unwrap();
        let line = right[..place].iter().filter(|byte| **byte == b'\n').count() + 1;
        let fault = home.fault();
        assert_eq!(
            (fault.file.as_str(), fault.line),
            (name(&file), line as u64),
            "byte {place}: {fault}"
        );
        // A process that goes on adds nothing to what is damaged since the last checkpoint.
        let (last, _) = right.split_at(right.len() - 1);
        let last = last.iter().rposition(|byte| *byte == b'\n').unwrap();
        if place > last && place + 1 < right.len() {
            let appended = home.writer().append(records(1), false);
            assert!(
                matches!(appended, Err(AuditError::Damaged(_))),
                "byte {place}: {appended:?}"
            );
            assert_eq!(std::fs::read(&file).unwrap(), wrong);
        }
    }
}

#[test]
fn lines_that_were_moved_taken_or_added_are_found_with_their_place() {
    let home = small();
    let right = home.lines();
    let found = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = right.clone();
        change(&mut lines);
        home.put(&lines);
        let Fault { line, kind, .. } = home.fault();
        (line, kind)
    };
    use FaultKind as K;
    assert_eq!(found(&|lines| lines.swap(2, 3)), (3, K::Reordered));
    assert_eq!(found(&|lines| lines.swap(1, 6)), (2, K::Reordered));
    let missing = found(&|lines| {
        lines.remove(2);
    });
    assert_eq!(missing, (3, K::Missing));
    let doubled = found(&|lines| {
        let line = lines[2].clone();
        lines.insert(3, line);
    });
    assert_eq!(doubled, (4, K::Doubled));
    let later = found(&|lines| {
        let line = lines[2].clone();
        lines.insert(7, line);
    });
    assert_eq!(later, (8, K::Doubled));
    let without_begin = found(&|lines| {
        lines.remove(0);
    });
    assert_eq!(without_begin, (1, K::Misplaced));
}

#[test]
fn a_checkpoint_of_another_key_is_found() {
    let home = small();
    let other = small();
    // A whole trail of somebody else, with the public key of this one.
    std::fs::copy(&other.files()[0], &home.files()[0]).unwrap();
    let fault = home.fault();
    assert_eq!((fault.line, fault.kind), (1, FaultKind::Forged));
    // Lines after a checkpoint of this one, and a checkpoint that the other key has signed.
    let home = small();
    let mut lines = home.lines();
    let last = Entry::read(lines[8].as_bytes()).unwrap();
    let key = key::AuditKey::load(&other.dir(), true).unwrap();
    lines[8] = String::from_utf8(last.signed_line(&key).unwrap()).unwrap();
    home.put(&lines);
    let fault = home.fault();
    assert_eq!((fault.line, fault.kind), (9, FaultKind::Forged));
}

#[test]
fn an_end_that_was_cut_is_found_by_a_head() {
    let home = small();
    let dir = home.dir();
    let key = PublicKey::load(&dir).unwrap();
    let head = home.verify().unwrap().head.unwrap();
    assert_eq!(head.to_string().parse::<Head>().unwrap(), head);
    verify(&dir, &key, Some(&head)).unwrap();
    let mut lines = home.lines();
    // Up to a checkpoint: nobody can tell who does not know the head.
    lines.truncate(5);
    home.put(&lines);
    home.verify().unwrap();
    let AuditError::Damaged(fault) = verify(&dir, &key, Some(&head)).unwrap_err() else {
        panic!("a fault");
    };
    assert_eq!((fault.line, fault.kind), (5, FaultKind::Cut));
    // Another line in its place.
    home.writer().append(records(4), true).unwrap();
    let AuditError::Damaged(fault) = verify(&dir, &key, Some(&head)).unwrap_err() else {
        panic!("a fault");
    };
    assert_eq!((fault.seq, fault.kind), (Some(9), FaultKind::Changed));
}

#[test]
fn a_segment_that_is_missing_or_has_the_name_of_another_is_found() {
    let home = large();
    let files = home.files();
    let aside = home.0.path().join("aside");
    for (place, file) in files.iter().enumerate() {
        let last = place + 1 == files.len();
        std::fs::rename(file, &aside).unwrap();
        if last {
            // Without a head this is an end like any other.
            home.verify().unwrap();
        } else {
            let fault = home.fault();
            assert_eq!(fault.kind, FaultKind::MissingSegment, "{fault}");
            assert_eq!(
                (fault.file.as_str(), fault.line),
                (name(&files[place + 1]), 1)
            );
        }
        std::fs::rename(&aside, file).unwrap();
    }
    std::fs::rename(&files[0], &aside).unwrap();
    std::fs::rename(&files[1], &files[0]).unwrap();
    std::fs::rename(&aside, &files[1]).unwrap();
    let fault = home.fault();
    assert_eq!(fault.kind, FaultKind::Misplaced, "{fault}");
    assert_eq!((fault.file.as_str(), fault.line), (name(&files[0]), 1));
}

#[test]
fn a_torn_line_is_cut_wherever_it_was_torn() {
    let home = small();
    let file = home.files()[0].clone();
    let whole = std::fs::read(&file).unwrap();
    let before = whole[..whole.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n');
    let before = before.unwrap() + 1;
    for end in (before + 1..whole.len()).step_by(5) {
        std::fs::write(&file, &whole[..end]).unwrap();
        let verified = home.verify().unwrap();
        assert_eq!(verified.torn.unwrap().bytes, (end - before) as u64);
        assert_eq!(verified.lines, 8);
        home.writer().append(records(1), true).unwrap();
        let verified = home.verify().unwrap();
        assert_eq!((verified.lines, verified.torn.is_none()), (10, true));
    }
    // Zeros that a file system leaves behind it.
    let mut padded = whole[..before + 9].to_vec();
    padded.extend([0; 4096]);
    std::fs::write(&file, &padded).unwrap();
    home.writer().append(records(1), true).unwrap();
    assert_eq!(home.verify().unwrap().lines, 10);
    // The first line of the next segment.
    let next = home.path().join(segment::name(11));
    for torn in ["", "{\"begins\":"] {
        std::fs::write(&next, torn).unwrap();
        home.writer().append(records(1), true).unwrap();
        assert!(!next.exists());
    }
    assert_eq!(home.verify().unwrap().lines, 14);
}

#[test]
fn old_segments_are_dropped_and_the_rest_still_holds() {
    let home = Home::new();
    let mut writer = home.writer();
    for _ in 0..40 {
        writer.append(records(100), false).unwrap();
        let size: u64 = home
            .files()
            .iter()
            .map(|file| file.metadata().unwrap().len())
            .sum();
        assert!(size <= ROOM, "{size}");
    }
    let verified = home.verify().unwrap();
    assert!(verified.dropped > 1_000, "{verified:?}");
    assert!(verified.segments > 12, "{verified:?}");
    assert_eq!(verified.first.unwrap().seq, verified.dropped + 1);
    // A host that ended before they were gone.
    let oldest = home.files()[0].clone();
    let kept = std::fs::read(&oldest).unwrap();
    while oldest.exists() {
        writer.append(records(100), false).unwrap();
    }
    std::fs::write(&oldest, kept).unwrap();
    home.verify().unwrap();
    // Somebody who drops one more.
    std::fs::remove_file(&oldest).unwrap();
    let next = home.files()[0].clone();
    std::fs::remove_file(&next).unwrap();
    assert_eq!(home.fault().kind, FaultKind::MissingSegment);
}

#[test]
fn two_processes_write_one_trail() {
    let home = Home::new();
    let mut one = home.writer();
    let mut other = home.writer();
    for _ in 0..5 {
        one.append(records(2), false).unwrap();
        other.append(records(1), false).unwrap();
    }
    for _ in 0..3 {
        one.append(records(100), false).unwrap();
        other.append(records(100), true).unwrap();
    }
    assert_eq!(home.verify().unwrap().calls, 615);
}

#[test]
fn a_checkpoint_comes_after_so_many_calls() {
    let home = Home::new();
    let mut writer = home.writer();
    for _ in 0..30 {
        writer.append(records(10), false).unwrap();
    }
    let verified = home.verify().unwrap();
    assert!(verified.unsigned < 260, "{verified:?}");
}

#[test]
fn nothing_is_written_without_its_key_or_in_another_place() {
    let home = small();
    let mut open = home.writer();
    std::fs::rename(home.path().join("key"), home.0.path().join("key")).unwrap();
    let data = Dir::open_ambient_dir(home.0.path(), ambient_authority()).unwrap();
    let directory = Directory {
        data,
        name: "audit",
        dir: home.dir(),
    };
    let opened = Writer::new(Arc::new(directory), ROOM).map(|_| ());
    assert!(matches!(opened, Err(AuditError::Key { .. })), "{opened:?}");
    std::fs::rename(home.path(), home.0.path().join("moved")).unwrap();
    std::fs::create_dir(home.path()).unwrap();
    let appended = open.append(records(1), false);
    assert!(matches!(appended, Err(AuditError::Moved)), "{appended:?}");
}

#[test]
fn a_reader_follows_a_trail_over_its_segments() {
    let home = Home::new();
    let mut writer = home.writer();
    writer.append(records(1), false).unwrap();
    let mut reader = AuditReader::new(home.dir());
    let mut last = 0;
    let mut read = |reader: &mut AuditReader| {
        while let Some(line) = reader.read().unwrap() {
            let AuditLine::Entry(entry) = line else {
                panic!("{line:?}");
            };
            assert_eq!(entry.seq, last + 1);
            last = entry.seq;
        }
        last
    };
    assert_eq!(read(&mut reader), 2);
    for _ in 0..5 {
        writer.append(records(100), false).unwrap();
        assert!(read(&mut reader) > 100);
    }
    assert!(home.files().len() > 2);
    assert_eq!(
        Some(read(&mut reader)),
        home.verify().unwrap().head.map(|head| head.seq)
    );
}
