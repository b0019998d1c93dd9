//! A connection whose first bytes say which version of HTTP its client speaks.

use std::io::{Error, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::socket::Socket;

/// The first bytes of HTTP/2 (RFC 9113, section 3.4). No method of HTTP/1.1 begins so.
const PREFACE: [u8; 3] = *b"PRI";

/// A connection whose first bytes were read, and are read again by its server.
#[derive(Debug)]
pub(crate) struct Peeked {
    socket: Socket,
    first: Vec<u8>,
    /// Bytes of `first` that its server has read.
    taken: usize,
}

impl Peeked {
    /// Reads the first bytes: as many as tell the version, or all that a client sends that closes.
    pub(crate) async fn read(mut socket: Socket) -> Result<Self> {
        let mut first = Vec::with_capacity(PREFACE.len());
        while first.len() < PREFACE.len() && PREFACE.starts_with(&first) {
            let mut more = [0; PREFACE.len()];
            let room = more.get_mut(first.len()..).unwrap_or_default();
            let count = socket.read(room).await?;
            if count == 0 {
                break;
            }
            first.extend(room.iter().take(count));
        }
        Ok(Self {
            socket,
            first,
            taken: 0,
        })
    }

    /// Returns true if its client speaks HTTP/2.
    pub(crate) fn is_http2(&self) -> bool {
        self.first == PREFACE
    }
}

impl AsyncRead for Peeked {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = &mut *self;
        let left = this.first.get(this.taken..).unwrap_or_default();
        if left.is_empty() {
            return Pin::new(&mut this.socket).poll_read(cx, buf);
        }
        let count = left.len().min(buf.remaining());
        buf.put_slice(left.get(..count).unwrap_or_default());
        this.taken += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Peeked {
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
    ) -> Poll<std::result::Result<usize, Error>> {
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
    use tokio::io::AsyncWriteExt;
    use tokio::net::UnixStream;

    use super::*;

    /// The version that this text begins, and the text as the server reads it.
    async fn peeked(text: &str) -> (bool, String) {
        let (mut client, server) = UnixStream::pair().unwrap();
        client.write_all(text.as_bytes()).await.unwrap();
        drop(client);
        let mut peeked = Peeked::read(Socket::Unix(server)).await.unwrap();
        let mut read = String::new();
        peeked.read_to_string(&mut read).await.unwrap();
        (peeked.is_http2(), read)
    }

    #[tokio::test]
    async fn the_first_bytes_tell_the_version_and_are_read_again() {
        for (text, is_http2) in [
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true),
            ("GET / HTTP/1.1\r\n\r\n", false),
            ("PUT / HTTP/1.1\r\n\r\n", false),
            ("PR", false),
            ("", false),
        ] {
            assert_eq!(peeked(text).await, (is_http2, text.to_owned()));
        }
    }
}
