//! Makes files that look large and hold nothing: one whose size is set to a tebibyte, one with a
//! byte written at its end. Both must be refused: whoever copies or backs up the directory pays for
//! them.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::process::ExitCode;

use cofferdam_guests::verdict;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{DescriptorFlags, OpenFlags, PathFlags};

const TEBIBYTE: u64 = 1 << 40;

fn main() -> ExitCode {
    verdict([
        (
            "set its size",
            done(File::create("sized.bin").and_then(|file| file.set_len(TEBIBYTE))),
        ),
        (
            "set its size to the largest",
            done(File::create("sized.bin").and_then(|file| file.set_len(i64::MAX as u64))),
        ),
        ("write at its end", done(far())),
        ("write at its end without a stream", plain()),
    ])
}

fn far() -> io::Result<()> {
    let mut file = File::create("far.bin")?;
    file.seek(SeekFrom::Start(TEBIBYTE))?;
    file.write_all(b"x")
}

/// By `descriptor.write`, which the standard library does not use.
fn plain() -> io::Result<String> {
    let wrong = |error: wasip2::filesystem::types::ErrorCode| io::Error::other(error.to_string());
    let workspace = get_directories()
        .into_iter()
        .find(|(_, name)| name == "/workspace");
    let (workspace, _) = workspace.ok_or_else(|| io::Error::other("there is no /workspace"))?;
    let file = workspace
        .open_at(
            PathFlags::empty(),
            "plain.bin",
            OpenFlags::CREATE,
            DescriptorFlags::WRITE,
        )
        .map_err(wrong)?;
    file.write(b"x", TEBIBYTE)
        .map(|written| format!("wrote {written}"))
        .map_err(wrong)
}

fn done<T>(result: io::Result<T>) -> io::Result<String> {
    result.map(|_| "done".to_owned())
}
