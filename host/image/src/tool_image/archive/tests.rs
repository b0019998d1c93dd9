//! Archives as they should be, and those that are made to hurt.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};

use super::{ENTRIES_MAX, file};

/// An archive of these entries; names go in as they are.
fn tar(entries: &[(EntryType, &str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (kind, name, content) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header
            .as_gnu_mut()
            .unwrap()
            .name
            .get_mut(..name.len())
            .unwrap()
            .copy_from_slice(name.as_bytes());
        header.set_cksum();
        archive.append(&header, *content).unwrap();
    }
    archive.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const FILE: EntryType = EntryType::Regular;

/// Checks what comes out of these entries for the name `wc`, compressed or not.
#[track_caller]
fn check(entries: &[(EntryType, &str, &[u8])], expected: Result<&[u8], &str>) {
    let plain = tar(entries);
    for found in [
        file(&plain, false, Some("wc")),
        file(&gzip(&plain), true, Some("wc")),
    ] {
        let found = found.map_err(|error| error.to_string());
        assert_eq!(
            found.as_deref(),
            expected.map_err(str::to_owned).as_ref().map(|bytes| *bytes)
        );
    }
}

#[test]
fn the_named_file_is_taken() {
    check(&[(FILE, "wc", b"a")], Ok(b"a"));
    check(
        &[(EntryType::Directory, "./", b""), (FILE, "./wc", b"a")],
        Ok(b"a"),
    );
    check(
        &[(FILE, "usr/bin/wc", b"a"), (FILE, "README", b"b")],
        Ok(b"a"),
    );
    check(&[(FILE, "README", b"b"), (FILE, "wc", b"a")], Ok(b"a"));
    check(
        &[(EntryType::Symlink, "other", b""), (FILE, "wc", b"a")],
        Ok(b"a"),
    );
    // Under another name, if it is the only one.
    check(&[(FILE, "tool", b"a")], Ok(b"a"));
}

#[test]
fn what_is_not_one_file_is_refused() {
    check(&[], Err("has no file in it"));
    check(
        &[(FILE, "a", b"a"), (FILE, "b", b"b")],
        Err("has 2 files and none of them is `wc`"),
    );
    check(
        &[(FILE, "wc", b"a"), (FILE, "bin/wc", b"b")],
        Err("has `bin/wc` twice"),
    );
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Char,
        EntryType::Fifo,
    ] {
        check(
            &[(kind, "wc", b"")],
            Err("has `wc` as a link or a device, not a file"),
        );
    }
    for name in ["../wc", "/wc", "a/../../wc", "a\\..\\wc", "..", "a\nb"] {
        let expected = format!(
            "has an entry `{}`, which leads out of it",
            name.escape_debug()
        );
        check(&[(FILE, "wc", b"a"), (FILE, name, b"b")], Err(&expected));
    }
    let many: Vec<_> = (0..=ENTRIES_MAX).map(|_| (FILE, "a", &b""[..])).collect();
    check(
        &many,
        Err("has more than 256 entries; a tool's archive has one"),
    );
}

#[test]
fn what_is_cut_or_grows_too_much_is_refused() {
    let whole = gzip(&tar(&[(FILE, "wc", &[7; 5000])]));
    for cut in [1, 10, whole.len() / 2] {
        let error = file(whole.get(..cut).unwrap(), true, Some("wc")).unwrap_err();
        assert!(
            error.to_string().starts_with("cannot be unpacked: "),
            "{cut}: {error}"
        );
    }
    assert!(file(b"no archive", true, None).is_err() && file(&[1; 600], false, None).is_err());
    // A small one may be mostly padding; a large one is a bomb.
    assert_eq!(
        file(&gzip(&tar(&[(FILE, "wc", &[0; 900_000])])), true, None)
            .unwrap()
            .len(),
        900_000
    );
    let bomb = gzip(&tar(&[(FILE, "wc", &[0; 10 << 20])]));
    let expected = format!(
        "unpacks to more than the {} bytes that its size allows",
        (bomb.len() as u64 * 100).max(1 << 20)
    );
    assert_eq!(file(&bomb, true, None).unwrap_err().to_string(), expected);
}
