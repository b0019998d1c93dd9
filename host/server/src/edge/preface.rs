//! The first bytes of a connection, which say whether it is HTTP/2 or HTTP/1.1.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::socket::Socket;

/// The first bytes of HTTP/2 (RFC 9113, section 3.4). No request of HTTP/1.1 begins so.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HttpVersion {
    /// HTTP/1.0 and HTTP/1.1.
    Http1,
    /// HTTP/2, with the client's knowledge that the server speaks it.
    Http2,
}

/// A connection whose version is known. Its first bytes are read again.
#[derive(Debug)]
pub(crate) struct Prefaced<S = Socket> {
    pub(crate) version: HttpVersion,
    socket: S,
    /// The bytes that were read already.
    first: [u8; HTTP2.len()],
    /// The part of them that is to be read again.
    again: std::ops::Range<usize>,
}

impl<S: AsyncRead + Unpin> Prefaced<S> {
    /// Waits until the first bytes say which version a client speaks. A client that says nothing
    /// keeps this waiting.
    pub(crate) async fn read(mut socket: S) -> Result<Self> {
        let mut first = [0; HTTP2.len()];
        let mut read = 0;
        let version = loop {
            let so_far = first.get(..read).unwrap_or_default();
            if !HTTP2.starts_with(so_far) {
                break HttpVersion::Http1;
            }
            if read == HTTP2.len() {
                break HttpVersion::Http2;
            }
            let rest = first.get_mut(read..).unwrap_or_default();
            match socket.read(rest).await? {
                // Whoever reads the connection says what is missing.
                0 => break HttpVersion::Http2,
                more => read += more,
            }
        };
        Ok(Self {
            version,
            socket,
            first,
            again: 0..read,
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefaced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let rest = self.first.get(self.again.clone()).unwrap_or_default();
        if rest.is_empty() {
            return Pin::new(&mut self.socket).poll_read(cx, buf);
        }
        let count = rest.len().min(buf.remaining());
        buf.put_slice(rest.get(..count).unwrap_or_default());
        self.again.start += count;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefaced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(sent: &[u8]) -> (HttpVersion, Vec<u8>) {
        let mut prefaced = Prefaced::read(sent).await.unwrap();
        let mut all = Vec::new();
        prefaced.read_to_end(&mut all).await.unwrap();
        (prefaced.version, all)
    }

    #[tokio::test]
    async fn the_first_bytes_say_the_version_and_are_read_again() {
        let more = [HTTP2, b"more"].concat();
        for (sent, version) in [
            (more.as_slice(), HttpVersion::Http2),
            (HTTP2, HttpVersion::Http2),
            (b"POST / HTTP/1.1\r\n\r\n", HttpVersion::Http1),
            (b"PRI * HTTP/1.1\r\n\r\n", HttpVersion::Http1),
            (b"G", HttpVersion::Http1),
            (b"PRI * ", HttpVersion::Http2),
            (b"", HttpVersion::Http2),
        ] {
            assert_eq!(read(sent).await, (version, sent.to_vec()));
        }
    }
}
