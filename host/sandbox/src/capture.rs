//! Standard output and error of a guest, as it writes them.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use cofferdam_call::Output;
use cofferdam_capability::Account;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Maximum bytes that a guest may write in one host call; the host-call limit holds below this as
/// well.
const WRITE_PERMIT: usize = 1 << 20;

/// The writing end, shared by every stream the guest opens on it.
#[derive(Debug, Clone)]
pub(crate) struct Capture {
    name: &'static str,
    limit: usize,
    account: Account,
    output: Arc<Mutex<Output>>,
}

impl Capture {
    pub(crate) fn new(name: &'static str, limit: usize, account: &Account) -> Self {
        Self {
            name,
            limit,
            account: account.clone(),
            output: Arc::default(),
        }
    }

    /// Takes the bytes that were written until now.
    pub(crate) fn take(&self) -> Output {
        std::mem::take(&mut *self.output.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps what is within the limit and the account, and counts the rest as dropped.
    fn push(&self, bytes: &[u8]) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = bytes
            .len()
            .min(self.limit.saturating_sub(output.bytes().len()));
        let limit = match self.account.charge(self.name, fits) {
            Ok(()) => self.limit,
            Err(_) => output.bytes().len(),
        };
        output.push(bytes, limit);
    }
}

impl IsTerminal for Capture {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Capture {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Capture {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    /// Always ready: what goes beyond the limit is dropped, so the guest sees a working stream and
    /// runs on into its fuel or deadline instead of into an error that it would have to understand.
    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_PERMIT)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Capture {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Capture {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
