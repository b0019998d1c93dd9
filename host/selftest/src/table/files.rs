//! Directories and files: what was granted, as it was granted, and no more of it than a call may
//! have.

use crate::guest;
use crate::row::{REFUSED, Row, row};
use crate::{ended, plant};

/// A row with the workspace to write to.
const fn writer(guest: guest::Guest, outcome: &'static str) -> Row {
    Row {
        access: "read-write",
        ..row(guest, outcome)
    }
}

/// A guest that makes entries until it is refused.
const fn maker(args: &'static [&'static str], says: &'static str) -> Row {
    Row {
        args,
        says,
        after: ended::few_entries,
        ..writer(guest::FS_MANY_FILES, "guest-error")
    }
}

/// A guest that writes until it is refused. Its libc makes EIO of every error of a stream; the
/// receipt says what it was.
const fn filler(args: &'static [&'static str]) -> Row {
    Row {
        args,
        says: "after 64 MiB: ",
        after: ended::little_data,
        ..writer(guest::FS_FILL, "guest-error")
    }
}

/// A guest that opens streams until it is refused.
const fn streams(args: &'static [&'static str]) -> Row {
    Row {
        args,
        says: "64 streams are open",
        ..writer(guest::FS_STREAMS, "guest-error")
    }
}

/// A guest that fills `/tmp` and ends as it is told: nothing of it may be left.
const fn scratch(how: &'static [&'static str], outcome: &'static str) -> Row {
    let dirs = &[("", "/tmp", "read-write")];
    Row {
        args: how,
        dirs,
        says: "filled /tmp",
        ..row(guest::FS_TMP, outcome)
    }
}

/// Two directories of which one is inside the other, or the same.
const fn overlapping(dirs: &'static [(&'static str, &'static str, &'static str)]) -> Row {
    Row {
        dirs,
        says: "same access",
        ..row(guest::FS_WRITE, REFUSED)
    }
}

pub(super) const ROWS: &[Row] = &[
    // Ways out.
    Row {
        says: "/etc/passwd: ",
        ..writer(guest::FS_ABSOLUTE, "guest-error")
    },
    Row {
        says: "../..: ",
        ..writer(guest::FS_DOTDOT, "guest-error")
    },
    Row {
        says: "outside: Operation not permitted",
        ..writer(guest::FS_SYMLINK, "guest-error")
    },
    Row {
        says: "read /proc/self/environ: ",
        ..writer(guest::FS_PROC, "guest-error")
    },
    Row {
        plant: plant::proc,
        after: ended::nothing_outside,
        says: "not permitted",
        ..writer(guest::FS_LINK, "guest-error")
    },
    Row {
        plant: plant::proc,
        after: ended::outside_unchanged,
        says: "renames and links were refused",
        ..writer(guest::FS_RENAME, "guest-error")
    },
    Row {
        plant: plant::pipe,
        dirs: &[("/dev", "/devices", "read-only")],
        after: |ended| ended.was_refused("devices, pipes and sockets: "),
        says: "open pipe: Operation not permitted",
        ..writer(guest::FS_SPECIAL, "guest-error").within_a_second()
    },
    // The directory that every guest has.
    Row {
        after: ended::notes_unchanged,
        says: "make a file: Operation not permitted",
        ..writer(guest::FS_DEV, "guest-error")
    },
    Row {
        says: "read /dev/mem: No such file",
        ..row(guest::FS_DEV, "guest-error")
    },
    Row {
        args: &["open"],
        after: |ended| ended.was_refused("open files: "),
        says: "64 are open: Quota exceeded",
        ..row(guest::FS_DEV, "guest-error")
    },
    // Read-only, and nothing at all.
    Row {
        access: "read-only",
        says: "not permitted",
        ..row(guest::FS_WRITE, "guest-error")
    },
    row(guest::FS_WRITE, "guest-error"),
    Row {
        access: "read-only",
        dirs: &[("out", "/out", "read-write")],
        says: "rename out: ",
        after: ended::notes_unchanged,
        ..row(guest::FS_READ_ONLY, "guest-error")
    },
    Row {
        plant: plant::mounted,
        dirs: &[("mounted", "/mounted", "read-only")],
        args: &["/mounted"],
        says: "remove a file: ",
        ..writer(guest::FS_MOUNTED, "guest-error")
    },
    overlapping(&[
        ("tree", "/in", "read-only"),
        ("tree/below", "/out", "read-write"),
    ]),
    overlapping(&[
        ("tree", "/in", "read-write"),
        ("tree/below/further", "/out", "read-only"),
    ]),
    overlapping(&[("tree", "/in", "read-only"), ("tree", "/out", "read-write")]),
    // The operator names a link: what counts is where it leads.
    Row {
        plant: plant::link_to_tree,
        ..overlapping(&[
            ("link-to-tree", "/in", "read-only"),
            ("tree", "/out", "read-write"),
        ])
    },
    // Open at once.
    Row {
        after: |ended| ended.was_refused("open files: "),
        says: "64 files are open: Quota exceeded",
        ..writer(guest::FS_OPEN_MANY, "guest-error")
    },
    Row {
        limits: "open-files = 7",
        says: "7 files are open: Quota exceeded",
        ..writer(guest::FS_OPEN_MANY, "guest-error")
    },
    Row {
        says: "64 files are open: Quota exceeded",
        ..writer(guest::FS_CROWD, "guest-error")
    },
    // As many as an operator may give: it holds them until its deadline.
    Row {
        says: "1024 files are open",
        ..writer(guest::FS_CROWD, "deadline").with_many_files()
    },
    streams(&["read"]),
    streams(&["write"]),
    streams(&["append"]),
    // Bytes, entries, listings.
    Row {
        after: ended::little_data,
        says: "set its size: Quota exceeded",
        ..writer(guest::FS_SPARSE, "guest-error")
    },
    filler(&[]),
    filler(&["over"]),
    filler(&["append"]),
    maker(&["files"], "4096 files made: Quota exceeded"),
    maker(&["removed"], "4096 removed made: Quota exceeded"),
    maker(&["directories"], "4096 directories made: Quota exceeded"),
    maker(&["symlinks"], "4096 symlinks made: Quota exceeded"),
    maker(&["links"], "4095 links made: Quota exceeded"),
    maker(&["renames"], "4095 renames made: Quota exceeded"),
    Row {
        plant: plant::crowd,
        after: |ended| ended.was_refused("directory entries in listings: 2 "),
        says: "list a crowd: Quota exceeded",
        ..writer(guest::FS_LIST, "guest-error")
    },
    Row {
        says: "the host answered every time",
        ..writer(guest::FS_TIMES, "ok")
    },
    Row {
        after: ended::changes_told,
        says: "changed",
        ..writer(guest::FS_CHANGES, "ok")
    },
    Row {
        args: &["renames"],
        after: ended::renames_told,
        says: "changed",
        ..writer(guest::FS_CHANGES, "ok")
    },
    Row {
        args: &["long-path"],
        after: ended::long_path_told,
        says: "changed",
        ..writer(guest::FS_CHANGES, "ok")
    },
    Row {
        args: &["truncate"],
        limits: "handles = 64",
        after: ended::last_truncation_told,
        says: "resource handles",
        ..writer(guest::FS_CHANGES, "guest-error")
    },
    Row {
        args: &["create"],
        limits: "handles = 64",
        after: ended::last_entry_told,
        says: "resource handles",
        ..writer(guest::FS_CHANGES, "guest-error")
    },
    // Scratch.
    Row {
        dirs: &[("", "/tmp", "read-write")],
        says: "move what is not there: Cross-device link",
        ..writer(guest::FS_MOVE, "guest-error")
    },
    scratch(&["end"], "ok"),
    scratch(&["fail"], "guest-error"),
    scratch(&["trap"], "trap"),
    scratch(&["sleep"], "deadline").within_five_seconds(),
];
