//! Standard input of this process, for the command that it runs.

use std::fmt;
use std::io::{self, IsTerminal, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use cofferdam_call::{Stdin, StdinSource};
use cofferdam_capability::Bytes;

/// The most that is read at once (64 KiB): as much as a pipe of Linux holds.
const PIECE: usize = 64 << 10;

/// Standard input that is read when a call asks for it, and kept for the next call.
///
/// A read waits as long as its other end likes, and nothing ends it but the end of the process. So
/// it has a thread of its own, which this process does not wait for.
#[derive(Clone)]
struct OnDemand(Arc<Mutex<State>>);

struct State {
    /// Everything that was read, of which at most `most` bytes are kept.
    read: Vec<u8>,
    most: usize,
    reader: Reader,
    waiting: Vec<Waker>,
}

enum Reader {
    Idle,
    Reading,
    Ended,
    Failed(io::ErrorKind, String),
}

/// Returns the standard input of this process for calls that get at most `limit` bytes of it. A
/// terminal is no input: nobody was asked to type something.
pub(crate) fn of_process(limit: Bytes) -> Stdin {
    if io::stdin().is_terminal() {
        return Stdin::default();
    }
    Stdin::Asked(Arc::new(OnDemand(Arc::new(Mutex::new(State {
        read: Vec::new(),
        // One more is enough to be refused.
        most: limit.len().saturating_add(1),
        reader: Reader::Idle,
        waiting: Vec::new(),
    })))))
}

impl OnDemand {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the next piece, and tells those that wait for it.
    fn read(&self) {
        let mut piece = vec![0; PIECE];
        let read = loop {
            match io::stdin().lock().read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        let mut state = self.state();
        state.reader = match read {
            Ok(0) => Reader::Ended,
            Ok(read) => {
                let room = state.most.saturating_sub(state.read.len());
                let piece = piece.get(..read.min(room)).unwrap_or_default();
                state.read.extend_from_slice(piece);
                if state.read.len() < state.most {
                    Reader::Idle
                } else {
                    Reader::Ended
                }
            }
            Err(error) => Reader::Failed(error.kind(), error.to_string()),
        };
        std::mem::take(&mut state.waiting)
            .into_iter()
            .for_each(Waker::wake);
    }
}

impl StdinSource for OnDemand {
    fn poll(
        &self,
        offset: usize,
        most: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Vec<u8>>> {
        let mut state = self.state();
        if let Some(rest) = state.read.get(offset..).filter(|rest| !rest.is_empty()) {
            let piece = rest.get(..most).unwrap_or(rest);
            return Poll::Ready(Ok(piece.to_vec()));
        }
        match &state.reader {
            Reader::Ended => return Poll::Ready(Ok(Vec::new())),
            Reader::Failed(kind, problem) => {
                return Poll::Ready(Err(io::Error::new(*kind, problem.clone())));
            }
            Reader::Reading => {}
            Reader::Idle => {
                let source = self.clone();
                let thread = thread::Builder::new().name("stdin".to_owned());
                match thread.spawn(move || source.read()) {
                    Ok(_) => state.reader = Reader::Reading,
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
        }
        let waker = context.waker();
        if !state.waiting.iter().any(|other| other.will_wake(waker)) {
            state.waiting.push(waker.clone());
        }
        Poll::Pending
    }
}

impl fmt::Debug for OnDemand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnDemand")
            .field("read", &self.state().read.len())
            .finish_non_exhaustive()
    }
}
