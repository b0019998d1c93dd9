//! Sets times that no clock shows: zero, the largest second and nanosecond, and those next to them.
//! The host must answer each with an error or do it, and go on: whatever it answers is printed.

#![allow(clippy::print_stdout, reason = "a guest reports by printing")]

use std::process::ExitCode;

use wasip2::clocks::wall_clock::Datetime;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{DescriptorFlags, NewTimestamp, OpenFlags, PathFlags};

/// As seconds, −1 is the largest number.
const SECONDS: [u64; 8] = [
    0,
    1,
    u32::MAX as u64,
    i64::MAX as u64 - 1,
    i64::MAX as u64,
    1 << 63,
    u64::MAX - 1,
    u64::MAX,
];

const NANOSECONDS: [u32; 7] = [
    0,
    999_999_999,
    1_000_000_000,
    (1 << 30) - 1,
    (1 << 30) - 2,
    i32::MAX as u32,
    u32::MAX,
];

fn main() -> ExitCode {
    let directories = get_directories();
    let Some((workspace, _)) = directories.iter().find(|(_, name)| name == "/workspace") else {
        println!("UNTESTED: there is no /workspace");
        return ExitCode::SUCCESS;
    };
    let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
    let Ok(file) = workspace.open_at(PathFlags::empty(), "times.txt", OpenFlags::CREATE, flags)
    else {
        println!("UNTESTED: cannot create times.txt");
        return ExitCode::SUCCESS;
    };
    let mut done = 0;
    for seconds in SECONDS {
        for nanoseconds in NANOSECONDS {
            let time = || {
                NewTimestamp::Timestamp(Datetime {
                    seconds,
                    nanoseconds,
                })
            };
            let follow = PathFlags::SYMLINK_FOLLOW;
            let results = [
                file.set_times(time(), time()),
                workspace.set_times(time(), NewTimestamp::NoChange),
                workspace.set_times_at(follow, "times.txt", time(), NewTimestamp::Now),
                workspace.set_times_at(PathFlags::empty(), "times.txt", NewTimestamp::Now, time()),
            ];
            done += results.iter().filter(|result| result.is_ok()).count();
            // What it is now must be readable too.
            file.stat().ok();
            workspace.stat_at(follow, "times.txt").ok();
        }
    }
    println!("the host answered every time; {done} were set");
    ExitCode::SUCCESS
}
