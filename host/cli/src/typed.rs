//! Text that a person types and that the terminal does not show.

use std::io;

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

/// Reads with the echo of the terminal switched off, if standard input is one. It is switched on
/// again however the reading ends.
pub(crate) fn without_echo<T>(read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let stdin = io::stdin();
    let Ok(before) = tcgetattr(&stdin) else {
        return read();
    };
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Flush, &silent)?;
    let result = read();
    tcsetattr(&stdin, OptionalActions::Flush, &before)?;
    result
}
