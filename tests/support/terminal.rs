//! A command on a terminal of its own.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::{Scratch, binary, python};

/// The columns of a terminal, unless a test is about them.
const COLUMNS: usize = 200;

/// How long a test waits for something to be shown: a machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

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
    let mut command = command(columns, scratch, args);
    // Our own colours are the only escape sequences there may be, so without them there are none.
    command.env("NO_COLOR", "1").stdin(Stdio::null());
    command.output().expect("Python runs").stdout
}

fn command<S: AsRef<OsStr>>(
    columns: usize,
    scratch: &Scratch,
    args: impl IntoIterator<Item = S>,
) -> Command {
    let mut command = Command::new(python());
    command
        .args(["-c", SCRIPT])
        .arg(columns.to_string())
        .arg(binary())
        .args(args)
        .current_dir(scratch.path())
        .envs(scratch.variables());
    command
}

/// Types a line once a command on a terminal has said that it is not shown, and returns everything
/// that was shown. The command has to succeed.
#[track_caller]
pub(crate) fn typed_unseen<S: AsRef<OsStr>>(
    scratch: &Scratch,
    args: impl IntoIterator<Item = S>,
    line: &str,
) -> String {
    let mut command = command(COLUMNS, scratch, args);
    let mut child = command
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python runs");
    let mut screen = BufReader::new(child.stdout.take().expect("piped"));
    let mut seen = String::new();
    while !seen.contains("not shown") {
        assert_ne!(screen.read_line(&mut seen).expect("text"), 0, "{seen}");
    }
    let mut keyboard = child.stdin.take().expect("piped");
    writeln!(keyboard, "{line}").expect("it reads");
    screen.read_to_string(&mut seen).expect("text");
    assert!(child.wait().expect("the child is ours").success(), "{seen}");
    seen
}

/// A command on a terminal, with somebody at the keys. It is killed when this is dropped.
pub(crate) struct Dialogue {
    child: Child,
    keys: ChildStdin,
    sent: Receiver<Vec<u8>>,
    /// Everything that the terminal was sent so far, and the part of it that was looked at.
    all: Vec<u8>,
    seen: usize,
}

impl Dialogue {
    pub(crate) fn start<S: AsRef<OsStr>>(
        scratch: &Scratch,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut command = command(COLUMNS, scratch, args);
        command
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("Python runs");
        let mut stdout = child.stdout.take().expect("piped");
        let (sender, sent) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(size @ 1..) = stdout.read(&mut buffer) {
                if sender.send(buffer[..size].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            keys: child.stdin.take().expect("piped"),
            child,
            sent,
            all: Vec::new(),
            seen: 0,
        }
    }

    /// Presses these keys.
    #[track_caller]
    pub(crate) fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("a terminal");
        self.keys.flush().expect("a terminal");
    }

    /// Waits until this is shown after what was shown before, and returns what came until then.
    #[track_caller]
    pub(crate) fn shows(&mut self, part: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = String::from_utf8_lossy(&self.all[self.seen..]).into_owned();
            if let Some(place) = text.find(part) {
                self.seen += place + part.len();
                return text[..place].to_owned();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.sent.recv_timeout(left) {
                Ok(bytes) => self.all.extend(bytes),
                Err(_) => panic!("`{part}` is not shown in {text:?}"),
            }
        }
    }

    /// Waits until the command has ended, and returns its exit code.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Option<i32> {
        // Its output ends with it.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.sent.recv_timeout(left) {
                Ok(bytes) => self.all.extend(bytes),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    panic!(
                        "it goes on: {:?}",
                        String::from_utf8_lossy(&self.all[self.seen..])
                    )
                }
            }
        }
        self.child.wait().expect("it is ours").code()
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
