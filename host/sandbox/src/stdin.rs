//! Standard input of a guest, which is read when the guest asks for it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use cofferdam_call::{Stdin, StdinSource};
use cofferdam_capability::{Account, Bytes as Limit};
use tokio::io::{AsyncRead, ReadBuf};
use wasmtime_wasi::cli::{IsTerminal, StdinStream};
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};

use crate::error::Refused;

/// The most of a source that is asked for at once (64 KiB): as much as a pipe of Linux holds.
const PIECE: usize = 64 << 10;

/// The standard input of a call. Every stream that the guest opens on it goes on where the last
/// read ended.
#[derive(Clone)]
pub(crate) struct StandardInput {
    /// The source of what is not here yet.
    source: Option<Arc<dyn StdinSource>>,
    limit: Limit,
    account: Account,
    state: Arc<Mutex<State>>,
}

struct State {
    /// Bytes that came from the source until now.
    came: usize,
    next: Next,
}

/// The answer to the next read.
enum Next {
    /// Nobody has asked for it yet, or it has not come.
    Unknown,
    Bytes(Bytes),
    End,
    Failed(io::Error),
    /// More came than the call may have.
    Refused(String),
}

impl StandardInput {
    /// The input of a call, of which `limit` bytes are passed on and charged to `account`. Bytes
    /// that are there already have been checked and charged.
    pub(crate) fn new(stdin: Stdin, limit: Limit, account: &Account) -> Self {
        let (source, next) = match stdin {
            Stdin::Bytes(bytes) => (None, Next::Bytes(bytes.into())),
            Stdin::Asked(source) => (Some(source), Next::Unknown),
        };
        Self {
            source,
            limit,
            account: account.clone(),
            state: Arc::new(Mutex::new(State { came: 0, next })),
        }
    }

    /// Bytes that came from a source until now.
    pub(crate) fn came(&self) -> u64 {
        self.state().came as u64
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Polls until there is an answer to the next read.
    fn poll_next(&self, context: &mut Context<'_>) -> Poll<MutexGuard<'_, State>> {
        let mut state = self.state();
        if matches!(&state.next, Next::Bytes(bytes) if bytes.is_empty()) {
            state.next = match self.source {
                Some(_) => Next::Unknown,
                None => Next::End,
            };
        }
        if let (Next::Unknown, Some(source)) = (&state.next, &self.source) {
            let piece = std::task::ready!(source.poll(state.came, PIECE, context));
            state.next = self.received(&mut state.came, piece);
        }
        Poll::Ready(state)
    }

    /// Checks what came against the limit and the account.
    fn received(&self, came: &mut usize, piece: io::Result<Vec<u8>>) -> Next {
        let bytes = match piece {
            Ok(bytes) if bytes.is_empty() => return Next::End,
            Ok(bytes) => bytes,
            Err(error) => return Next::Failed(error),
        };
        *came = came.saturating_add(bytes.len());
        if *came > self.limit.len() {
            return Next::Refused(format!(
                "standard input has more than {0} bytes: at most {1} are passed on (limit `stdin`)",
                self.limit.0, self.limit
            ));
        }
        match self.account.charge("standard input", bytes.len()) {
            Ok(()) => Next::Bytes(bytes.into()),
            Err(overdrawn) => Next::Refused(overdrawn.to_string()),
        }
    }
}

impl State {
    fn take(&mut self, size: usize) -> StreamResult<Bytes> {
        match &mut self.next {
            Next::Unknown => Ok(Bytes::new()),
            Next::Bytes(bytes) => Ok(bytes.split_to(size.min(bytes.len()))),
            Next::End => Err(StreamError::Closed),
            Next::Failed(error) => {
                let error = io::Error::new(error.kind(), error.to_string());
                Err(StreamError::LastOperationFailed(error.into()))
            }
            Next::Refused(reason) => Err(StreamError::Trap(Refused(reason.clone()).into())),
        }
    }
}

impl IsTerminal for StandardInput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for StandardInput {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl InputStream for StandardInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        // A read does not wait: the source is asked, and has nothing yet.
        match self.poll_next(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(mut state) => state.take(size),
            Poll::Pending => Ok(Bytes::new()),
        }
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for StandardInput {
    async fn ready(&mut self) {
        std::future::poll_fn(|context| self.poll_next(context).map(drop)).await;
    }
}

impl AsyncRead for StandardInput {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = std::task::ready!(self.poll_next(context));
        match state.take(buffer.remaining()) {
            Ok(bytes) => {
                buffer.put_slice(&bytes);
                Poll::Ready(Ok(()))
            }
            Err(StreamError::Closed) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(io::Error::other(error.to_string()))),
        }
    }
}
