//! Standard error of a process that serves others, whose reader may have stopped reading.
//!
//! A pipe that nobody reads is full after 64 KiB, and a write to it then waits for ever. A guest
//! chooses how much a host logs, so such a write could hold every thread of the host. A host
//! therefore hands its lines to one thread, which alone waits for the reader.

use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Maximum bytes of lines that wait for the reader (1 MiB): some thousands of lines.
const MAX_WAITING: usize = 1 << 20;

/// The longest time for which a line waits for room (50 ms), because the thread that logs may serve
/// others, who are answered within 100 ms. After it lines are lost until the reader goes on.
const PATIENCE: Duration = Duration::from_millis(50);

/// The longest time for which the end of the process waits for its last lines.
const LAST: Duration = Duration::from_secs(1);

/// The lines of this process, once it serves others.
static LINES: OnceLock<Lines> = OnceLock::new();

/// Writes to standard error, each call of `write` as a whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ErrorStream;

/// Lines on their way to standard error.
#[derive(Debug, Default)]
struct Lines {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// True while the thread writes what waited before.
    is_writing: bool,
    /// True once a line has waited in vain, until the reader goes on.
    is_stuck: bool,
    /// Lines that were lost since the reader went on.
    lost: u64,
}

/// The line about so many lines that were lost, without its end.
pub(crate) type LostLines = fn(u64) -> String;

/// Lets the lines of this process wait for their reader without its other threads. `lost` says how
/// many are missing, in the form of the log.
///
/// # Errors
///
/// If the system gives no thread.
pub(crate) fn serve_others(lost: LostLines) -> io::Result<()> {
    let lines = LINES.get_or_init(Lines::default);
    let write = move || {
        loop {
            lines.write_to(&mut io::stderr(), lost);
        }
    };
    thread::Builder::new()
        .name("standard-error".to_owned())
        .spawn(write)
        .map(drop)
}

/// Waits until all lines are written, but not for ever.
pub(crate) fn finish() {
    if let Some(lines) = LINES.get() {
        lines.finish();
    }
}

impl Write for ErrorStream {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match LINES.get() {
            Some(lines) => lines.push(line),
            None => io::stderr().write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change until `until`. Returns nothing if that has passed.
    fn changed<'a>(
        &self,
        state: MutexGuard<'a, State>,
        until: Instant,
    ) -> Result<MutexGuard<'a, State>, MutexGuard<'a, State>> {
        let left = until.saturating_duration_since(Instant::now());
        let (state, timeout) = self
            .changed
            .wait_timeout(state, left)
            .unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            Err(state)
        } else {
            Ok(state)
        }
    }

    /// Takes a line, which waits for room at most [`PATIENCE`].
    fn push(&self, line: &[u8]) {
        let until = Instant::now() + PATIENCE;
        let mut state = self.state();
        while !state.has_room(line) {
            if state.is_stuck {
                state.lost = state.lost.saturating_add(1);
                return;
            }
            state = match self.changed(state, until) {
                Ok(state) => state,
                Err(mut state) => {
                    state.is_stuck = true;
                    state
                }
            };
        }
        state.waiting.extend_from_slice(line);
        self.changed.notify_all();
    }

    /// Writes all that waits, as soon as something does.
    fn write_to(&self, stream: &mut impl Write, lost: LostLines) {
        let mut state = self.state();
        while state.waiting.is_empty() {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let lines = std::mem::take(&mut state.waiting);
        state.is_writing = true;
        drop(state);
        // What cannot be written is lost: there is no other place for it.
        let _ = stream.write_all(&lines);
        let mut state = self.state();
        state.is_writing = false;
        state.is_stuck = false;
        if state.lost > 0 {
            let note = lost(std::mem::take(&mut state.lost));
            state.waiting.extend_from_slice(note.as_bytes());
            state.waiting.push(b'\n');
        }
        self.changed.notify_all();
    }

    fn finish(&self) {
        let until = Instant::now() + LAST;
        let mut state = self.state();
        while state.is_writing || !state.waiting.is_empty() {
            state = match self.changed(state, until) {
                Ok(state) => state,
                Err(_) => return,
            };
        }
    }
}

impl State {
    /// Returns true if a line may wait with the others. One alone may be of any length.
    fn has_room(&self, line: &[u8]) -> bool {
        self.waiting.is_empty() || self.waiting.len().saturating_add(line.len()) <= MAX_WAITING
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_nobody_reads_are_lost_and_counted() {
        let lost = |count| format!("{count} lost");
        let lines = Lines::default();
        let line = vec![b'x'; MAX_WAITING / 2];
        lines.push(&line);
        lines.push(&line);
        // Waits in vain, and the next one no more.
        lines.push(&line);
        lines.push(b"short");
        let mut read = Vec::new();
        lines.write_to(&mut read, lost);
        assert_eq!(read.len(), MAX_WAITING);
        lines.push(b"more\n");
        read.clear();
        lines.write_to(&mut read, lost);
        assert_eq!(String::from_utf8_lossy(&read), "2 lost\nmore\n");
        lines.finish();
    }
}
