//! The unix socket: for the user of the host alone.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::support::{Host, Scratch};

/// The user and the group of a client that is not the user of the host.
const NOBODY: u32 = 65_534;

/// The exit code of curl when it could not connect.
const NOT_CONNECTED: Option<i32> = Some(7);

/// What comes of a request through this socket.
fn curl(socket: &Path) -> Command {
    let mut command = Command::new("curl");
    command.args([
        "--silent",
        "--http2-prior-knowledge",
        "--max-time",
        "60",
        "--output",
        "/dev/null",
    ]);
    command
        .arg("--unix-socket")
        .arg(socket)
        .arg("http://localhost/")
        .current_dir("/");
    command
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().expect("it is there").mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is the test's own");
}

#[test]
fn the_socket_is_for_the_user_of_the_host_alone() {
    let scratch = Scratch::new();
    let mut host = Host::start::<&str>(&scratch, []);
    let (data, socket) = (scratch.data(), scratch.data().join("cofferdam.sock"));
    assert_eq!((mode(&data), mode(&socket)), (0o700, 0o600));
    let own = || curl(&socket).status().expect("curl is installed").code();
    assert_eq!(own(), Some(0));
    if scratch.path().metadata().expect("it is there").uid() != 0 {
        eprintln!("SKIPPED: a client of another user needs root");
        return;
    }
    let nobody = || {
        curl(&socket)
            .uid(NOBODY)
            .gid(NOBODY)
            .status()
            .expect("curl is installed")
            .code()
    };
    assert_eq!(nobody(), NOT_CONNECTED, "the data directory is closed");
    set_mode(scratch.path(), 0o711);
    set_mode(&data, 0o711);
    assert_eq!(nobody(), NOT_CONNECTED, "the socket has its own mode");
    // Whoever gets through all the same is asked for the user that the kernel knows.
    set_mode(&socket, 0o666);
    assert_ne!(nobody(), Some(0));
    host.hears(&format!("user {NOBODY} is not user 0"));
    assert_eq!(own(), Some(0));
}
