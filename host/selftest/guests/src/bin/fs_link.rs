//! Makes symbolic links itself, to `/etc` and out of the workspace, and goes through them: as a
//! file and as a directory, with and without trailing slashes, reading, creating and truncating.
//! Each must be refused.
//!
//! The test plants `through`, a link to `/proc/self/root`, for what no guest can make.

use std::fs::{
    File, OpenOptions, create_dir, read_link, read_to_string, remove_file, symlink_metadata, write,
};
use std::io;
use std::process::ExitCode;

use cofferdam_guests::{list, symlink, verdict};

const TARGETS: [&str; 5] = [
    "/etc",
    "../..",
    "../../..",
    "/proc/self/root/etc",
    "through/etc",
];

/// Below a link: what is read, and what is created or truncated.
const BELOW: [&str; 5] = ["", "/", "//", "/.", "/passwd"];

fn main() -> ExitCode {
    let mut errors = Vec::new();
    for target in TARGETS {
        let link = "made-by-fs_link";
        let made = symlink(target, link);
        if let Err(error) = &made {
            errors.push(format!("make a link to {target}: {error}"));
        }
        for below in BELOW {
            // A link that could not be made leaves the target itself.
            let path = format!("{}{below}", if made.is_ok() { link } else { target });
            match tried(&path) {
                Ok(act) => {
                    return verdict([(
                        "went through a link",
                        Ok(format!("{act} {path} -> {target}")),
                    )]);
                }
                Err(error) => errors.push(format!("{path} -> {target}: {error}")),
            }
        }
        remove_file(link).ok();
    }
    verdict([("links", Err(io::Error::other(errors.join("; "))))])
}

/// Returns the act that succeeded, of everything that can be done with a path.
fn tried(path: &str) -> io::Result<&'static str> {
    let opened = File::open(path).map(|_| "opened");
    let listed = list(path).map(|_| "listed");
    let read = read_to_string(path).map(|_| "read");
    let created = write(format!("{path}/cofferdam-was-here"), "").map(|()| "created a file in");
    let new = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(format!("{path}/cofferdam-new"))
        .map(|_| "created in");
    let truncated = OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(path)
        .map(|_| "truncated");
    let made = create_dir(format!("{path}/cofferdam-directory")).map(|()| "made a directory in");
    // The link itself may be looked at; what is behind it may not.
    let followed = match symlink_metadata(format!("{path}/.")) {
        Ok(link) if link.is_symlink() => Err(io::Error::other("only the link itself")),
        Ok(_) => Ok("looked behind"),
        Err(error) => Err(error),
    };
    let deeper = read_link(format!("{path}/mtab")).map(|_| "read a link in");
    opened
        .or(listed)
        .or(read)
        .or(created)
        .or(new)
        .or(truncated)
        .or(made)
        .or(followed)
        .or(deeper)
}
