use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::{directory, echo, fault, holds, ls, segments, verify};
use crate::support::{Scratch, cofferdam, tool};

/// Bytes that are changed, one at a time.
const FLIPS: u64 = 40;

/// A trail of three commands: a checkpoint, and a call and a checkpoint of each.
fn small() -> Scratch {
    let scratch = Scratch::new();
    for word in ["one", "two", "three"] {
        echo(&scratch, word, &[]).exits(0);
    }
    let verified = holds(&scratch);
    assert_eq!(
        (&verified["lines"], &verified["calls"]),
        (&7.into(), &3.into())
    );
    scratch
}

/// The lines of the only segment after a change, and the fault that is found then.
#[track_caller]
fn changed(scratch: &Scratch, change: impl FnOnce(&mut Vec<String>)) -> (u64, String) {
    let file = segments(scratch).remove(0);
    let right = std::fs::read_to_string(&file).unwrap();
    let mut lines: Vec<_> = right.lines().map(str::to_owned).collect();
    change(&mut lines);
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    let fault = fault(scratch);
    std::fs::write(&file, right).unwrap();
    (
        fault["line"].as_u64().unwrap(),
        fault["kind"].as_str().unwrap().to_owned(),
    )
}

#[test]
fn a_change_is_found_with_its_place() {
    let scratch = small();
    let file = segments(&scratch).remove(0);
    let right = std::fs::read(&file).unwrap();
    let mut random: u64 = 0x00c0_ffee;
    for _ in 0..FLIPS {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let place = usize::try_from(random >> 33).unwrap() % right.len();
        let mut wrong = right.clone();
        wrong[place] ^= 1 << (random >> 20 & 7);
        std::fs::write(&file, &wrong).unwrap();
        let line = right[..place].iter().filter(|byte| **byte == b'\n').count() + 1;
        assert_eq!(fault(&scratch)["line"], line, "byte {place}");
    }
    std::fs::write(&file, right).unwrap();

    let swapped = changed(&scratch, |lines| lines.swap(1, 3));
    assert_eq!(swapped, (2, "reordered".to_owned()));
    let taken = changed(&scratch, |lines| drop(lines.remove(1)));
    assert_eq!(taken, (2, "missing".to_owned()));
    let doubled = changed(&scratch, |lines| lines.insert(4, lines[3].clone()));
    assert_eq!(doubled, (5, "doubled".to_owned()));
    let forged = changed(&scratch, |lines| {
        let last = lines.last_mut().unwrap();
        let mut line: Value = serde_json::from_str(last).unwrap();
        line["signature"] = "00".repeat(64).into();
        *last = line.to_string();
    });
    assert_eq!(forged, (7, "forged".to_owned()));
    holds(&scratch);
}

/// On another machine there is nothing but a copy of the directory, and a key from elsewhere.
#[test]
fn a_copy_is_proven_without_a_host() {
    let scratch = small();
    let head = holds(&scratch)["head"].as_str().unwrap().to_owned();
    let copy = scratch.directory("copy");
    for segment in segments(&scratch) {
        std::fs::copy(&segment, copy.join(segment.file_name().unwrap())).unwrap();
    }
    let key = scratch.path().join("known.pub");
    std::fs::copy(directory(&scratch).join("key.pub"), &key).unwrap();
    let elsewhere = Scratch::new();
    let (copy, key) = (copy.display().to_string(), key.display().to_string());
    let flags = [
        copy.as_str(),
        "--key",
        key.as_str(),
        "--head",
        head.as_str(),
    ];
    verify(&elsewhere, &flags).exits(0);
    assert!(!elsewhere.data().exists(), "nothing is made there");
    verify(&elsewhere, &[&copy])
        .exits(2)
        .complains(&["key.pub", "--key"]);
    // The end was cut: who knows the head sees it.
    let file = segments(&scratch).remove(0);
    let text = std::fs::read_to_string(&file).unwrap();
    let cut: String = text
        .lines()
        .take(5)
        .map(|line| format!("{line}\n"))
        .collect();
    let copied = std::path::Path::new(&copy).join(file.file_name().unwrap());
    std::fs::write(&copied, cut).unwrap();
    verify(&elsewhere, &flags[..3]).exits(0);
    let ran = verify(&elsewhere, &flags).exits(1);
    assert_eq!(ran.json()["fault"]["kind"], "cut");
    // A trail that somebody else has made, with a key of their own.
    let theirs = small();
    std::fs::copy(&segments(&theirs)[0], &copied).unwrap();
    let ran = verify(&elsewhere, &flags[..3]).exits(1);
    assert_eq!(ran.json()["fault"]["kind"], "forged");
    // A table for people, and other directories.
    let shown = cofferdam(&scratch, ["audit", "verify"])
        .run()
        .exits(0)
        .stdout;
    assert!(
        shown.contains("3 calls") || shown.contains(&head),
        "{shown}"
    );
    let empty = scratch.directory("empty").display().to_string();
    verify(&elsewhere, &[&empty, "--key", &key])
        .exits(1)
        .complains(&["holds no line of a trail"]);
    let wrong = scratch
        .file("wrong.pub", "ed25519 00")
        .display()
        .to_string();
    verify(&elsewhere, &[&copy, "--key", &wrong])
        .exits(2)
        .complains(&["no public key"]);
}

#[test]
fn a_trail_of_many_segments_holds_while_old_ones_are_dropped() {
    let scratch = Scratch::new();
    scratch.file("data/cofferdam.toml", "[host]\naudit-bytes = \"1MiB\"\n");
    let pure = tool("echo").display().to_string();
    let line = [
        "tool",
        "run",
        &pure,
        "--repeat",
        "1600",
        "--concurrent",
        "16",
        "--",
        "x",
    ];
    cofferdam(&scratch, line).run().exits(0);
    let verified = holds(&scratch);
    assert!(verified["dropped"].as_u64().unwrap() > 0, "{verified}");
    let size: u64 = segments(&scratch)
        .iter()
        .map(|segment| segment.metadata().unwrap().len())
        .sum();
    assert!(size <= 1 << 20, "{size}");
    // Whole segments: the oldest, one in the middle, and two that changed their names.
    let files = segments(&scratch);
    let aside = scratch.path().join("aside");
    for gone in [0, files.len() / 2] {
        std::fs::rename(&files[gone], &aside).unwrap();
        let found = fault(&scratch);
        assert_eq!(found["kind"], "missing-segment", "{found}");
        let next = files[gone + 1].file_name().unwrap();
        assert_eq!(found["file"], next.to_str().unwrap());
        std::fs::rename(&aside, &files[gone]).unwrap();
    }
    std::fs::rename(&files[2], &aside).unwrap();
    std::fs::rename(&files[3], &files[2]).unwrap();
    std::fs::rename(&aside, &files[3]).unwrap();
    assert_eq!(fault(&scratch)["kind"], "misplaced");
}

/// Nothing is added behind damage, and nothing runs that could not be recorded.
#[test]
fn nothing_runs_on_a_damaged_trail() {
    let scratch = small();
    let file = segments(&scratch).remove(0);
    let right = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, right.replace("\"checkpoint\"", "\"checkpoinT\"")).unwrap();
    let wrong = std::fs::read(&file).unwrap();
    let refused = echo(&scratch, "four", &[]).exits(1);
    assert_eq!(refused.stdout, "");
    refused.complains(&[
        "the audit trail is damaged, so no call runs",
        "000000000001.jsonl, line 1",
        "cofferdam audit verify",
    ]);
    assert_eq!(std::fs::read(&file).unwrap(), wrong);
    // To see what is wrong with it, tools can be tried.
    echo(&scratch, "four", &["--unrecorded"]).exits(0);
    // Moved away, a new one begins.
    std::fs::rename(directory(&scratch), scratch.path().join("moved")).unwrap();
    echo(&scratch, "four", &[]).exits(0);
    assert_eq!(ls(&scratch, &[]).len(), 1);
    holds(&scratch);
}

#[test]
fn the_key_is_for_its_owner_alone() {
    let scratch = small();
    let mode = |name: &str| {
        let file = directory(&scratch).join(name).metadata().unwrap();
        file.permissions().mode() & 0o777
    };
    assert_eq!((mode("key"), mode("")), (0o600, 0o700));
    let key = directory(&scratch).join("key");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o640)).unwrap();
    echo(&scratch, "four", &[])
        .exits(1)
        .complains(&["key: others may read it"]);
}
