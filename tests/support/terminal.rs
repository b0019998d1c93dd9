//! A command on a terminal of its own.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use super::{Scratch, binary, python};

/// The columns of a terminal, unless a test is about them.
const COLUMNS: usize = 200;

/// Runs its further arguments on a new terminal, as many columns wide as the first says, and copies
/// what the terminal was sent. A terminal writes CRLF where a program writes LF.
const SCRIPT: &str = "import os, pty, sys\n\
    stty = 'stty cols %s rows 50 -onlcr; exec \"$@\"' % sys.argv[1]\n\
    wide = ['sh', '-c', stty, 'sh']\n\
    sys.exit(os.waitstatus_to_exitcode(pty.spawn(wide + sys.argv[2:])))\n";

/// What a command sent to its terminal, as standard output and error together.
pub(crate) fn on_terminal<S: AsRef<OsStr>>(
    scratch: &Scratch,
    args: impl IntoIterator<Item = S>,
) -> Vec<u8> {
    on_terminal_of(COLUMNS, scratch, args)
}

/// The same on a terminal of so many columns.
pub(crate) fn on_terminal_of<S: AsRef<OsStr>>(
    columns: usize,
    scratch: &Scratch,
    args: impl IntoIterator<Item = S>,
) -> Vec<u8> {
    let mut command = Command::new(python());
    command
        .args(["-c", SCRIPT])
        .arg(columns.to_string())
        .arg(binary())
        .args(args)
        .current_dir(scratch.path());
    // Our own colours are the only escape sequences there may be, so without them there are none.
    command
        .envs(scratch.variables())
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command.output().expect("Python runs").stdout
}
