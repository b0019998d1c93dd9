//! Reaches for the kernel's windows into the host: `/proc` and `/sys`, and `/dev`, of which a guest
//! has four names that are not the host's. None of them exists for a guest.

use std::fs::read_to_string;
use std::process::ExitCode;

use cofferdam_guests::{list, verdict};

fn main() -> ExitCode {
    verdict([
        ("list /proc/self/root", list("/proc/self/root")),
        ("list /proc/self/root/", list("/proc/self/root/")),
        ("list /proc/self/fd", list("/proc/self/fd")),
        ("list /proc/self/cwd", list("/proc/self/cwd")),
        (
            "read /proc/self/environ",
            read_to_string("/proc/self/environ"),
        ),
        ("read /proc/self/maps", read_to_string("/proc/self/maps")),
        (
            "list /workspace/../proc/self",
            list("/workspace/../proc/self"),
        ),
        ("list /sys", list("/sys")),
        ("list /dev/fd", list("/dev/fd")),
        ("read /dev/mem", read_to_string("/dev/mem")),
    ])
}
