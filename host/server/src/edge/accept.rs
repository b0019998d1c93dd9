//! The loop that lets connections in.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connections::{ConnectionPlace, Connections};
use super::seldom::Seldom;
use super::socket::Socket;

/// Time to wait when no connection can be accepted, because descriptors have run out: the next
/// attempt would fail as well.
const AGAIN: Duration = Duration::from_millis(100);

/// Time that connections have for their last bytes when a door closes. Answers are ready by then.
const FLUSH: Duration = Duration::from_secs(5);

/// The source of connections.
#[derive(Debug)]
pub(crate) enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// The unix socket, for this user alone.
    Unix(UnixListener),
}

impl Listener {
    async fn accept(&self) -> io::Result<Socket> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // An answer is several small writes. Without this, each waits until the client has
                // acknowledged the one before, which clients put off by 40 ms.
                stream.set_nodelay(true)?;
                Ok(Socket::Tcp(stream))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                let peer = stream.peer_cred()?.uid();
                let own = rustix::process::geteuid().as_raw();
                if peer != own {
                    return Err(io::Error::new(
                        io::ErrorKind::PermissionDenied,
                        format!("user {peer} is not user {own}, whose host this is"),
                    ));
                }
                Ok(Socket::Unix(stream))
            }
        }
    }
}

/// Lets connections in, as far as `connections` has room for them, and hands each to `serve`, until
/// `closing` says so and those that came have ended.
pub(crate) async fn accept<F, S>(
    connections: Arc<Connections>,
    listener: Listener,
    closing: &CancellationToken,
    serve: F,
) where
    F: Fn(Socket, ConnectionPlace) -> S,
    S: Future<Output = ()> + Send + 'static,
{
    let tasks = TaskTracker::new();
    let failures = Seldom::default();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closing.cancelled() => break,
        };
        match accepted {
            Ok(socket) => {
                let place = tokio::select! {
                    place = connections.place(socket.peer()) => place,
                    () = closing.cancelled() => break,
                };
                tasks.spawn(serve(socket, place));
            }
            Err(error) => {
                failures.warn(|| {
                    format!(
                        "cannot accept a connection on {}: {error}",
                        connections.door()
                    )
                });
                if is_of_one_connection(&error) {
                    continue;
                }
                // Descriptors have run out: one of this door's own comes free.
                connections.make_room();
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(FLUSH, tasks.wait()).await.is_err() {
        tracing::warn!(
            "{} connections on {} are cut: they did not end in time",
            tasks.len(),
            connections.door()
        );
    }
}

/// Returns true for a failure that says nothing about the next connection.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(
        error.kind(),
        K::ConnectionAborted
            | K::ConnectionReset
            | K::ConnectionRefused
            | K::PermissionDenied
            | K::InvalidInput
            | K::NotConnected
            | K::BrokenPipe
            | K::Interrupted
    )
}
