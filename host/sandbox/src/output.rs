//! Standard output and error of a guest: kept up to a limit, counted beyond it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use cofferdam_capability::Account;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// How much a guest may write in one host call; the host-call limit holds below this as well.
const WRITE_PERMIT: usize = 1 << 20;

/// What a guest wrote, up to a limit.
#[derive(Debug, Clone, Default)]
pub struct Output {
    kept: Vec<u8>,
    written: u64,
    dropped: u64,
}

/// The writing end, shared by every stream the guest opens on it.
#[derive(Debug, Clone)]
pub(crate) struct Capture {
    name: &'static str,
    limit: usize,
    account: Account,
    output: Arc<Mutex<Output>>,
}

impl Output {
    /// The answer of a typed tool, cut at `limit` bytes.
    pub(crate) fn of(text: String, limit: usize) -> Self {
        let mut kept = text.into_bytes();
        let written = kept.len() as u64;
        kept.truncate(limit);
        kept.shrink_to_fit();
        let dropped = written.saturating_sub(kept.len() as u64);
        Self { kept, written, dropped }
    }

    /// What was kept, without a marker.
    pub fn bytes(&self) -> &[u8] {
        &self.kept
    }

    /// How many bytes the guest wrote, kept or not.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// How many bytes were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// One line that says what is missing, when something is.
    pub fn marker(&self) -> Option<String> {
        let dropped = self.dropped();
        let kept = self.written.saturating_sub(dropped);
        (dropped > 0).then(|| format!("[output truncated: {kept} of {} bytes kept]", self.written))
    }

    /// Shows `bytes` instead of what was kept; what the guest wrote is counted as before.
    pub fn replace(&mut self, bytes: Vec<u8>) {
        self.kept = bytes;
    }

    /// What was kept as text, with the marker on a line of its own where something was dropped.
    pub fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.kept).into_owned();
        if let Some(marker) = self.marker() {
            if !text.ends_with('\n') && !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&marker);
        }
        text
    }

    pub(crate) fn push(&mut self, bytes: &[u8], limit: usize) {
        let room = limit.saturating_sub(self.kept.len());
        let kept = bytes.get(..room).unwrap_or(bytes);
        self.kept.extend_from_slice(kept);
        self.dropped = self.dropped.saturating_add((bytes.len() - kept.len()) as u64);
        self.written = self.written.saturating_add(bytes.len() as u64);
    }
}

impl Capture {
    pub(crate) fn new(name: &'static str, limit: usize, account: &Account) -> Self {
        Self { name, limit, account: account.clone(), output: Arc::default() }
    }

    /// What was written until now.
    pub(crate) fn take(&self) -> Output {
        std::mem::take(&mut *self.output.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps what is within the limit and the account, and counts the rest as dropped.
    fn push(&self, bytes: &[u8]) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = bytes.len().min(self.limit.saturating_sub(output.kept.len()));
        let limit = match self.account.charge(self.name, fits) {
            Ok(()) => self.limit,
            Err(_) => output.kept.len(),
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

    /// Always ready: what goes beyond the limit is dropped, so the guest sees a working stream and runs on into its
    /// fuel or deadline instead of into an error that it would have to understand.
    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_PERMIT)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Capture {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Capture {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
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
