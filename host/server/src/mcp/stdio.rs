//! Standard input and output: the client has started this process and speaks to it alone.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rmcp::service::ServerInitializeError;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::stdio_pipes;
use rmcp::{RoleServer, ServiceExt};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::sync::CancellationToken;

use super::cancel_filter::CancelFilter;
use super::message::{MAX_MESSAGE, Messages};
use super::server::McpServer;
use crate::error::ServerError;

/// The one who was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// A client.
    Client,
    /// Nobody: the client was gone before it began a session.
    Nobody,
}

/// Serves until the client is gone or `stop` says so.
pub async fn serve(door: McpServer, stop: CancellationToken) -> Result<Served, ServerError> {
    let (input, output) = stdio_pipes();
    let input = Messages::new(UntilGone {
        input,
        gone: door.gone().clone(),
    });
    let transport =
        AsyncRwTransport::<RoleServer, _, _>::new(input, output).with_max_line_length(MAX_MESSAGE);
    let transport = CancelFilter::new(transport);
    match door.clone().serve_with_ct(transport, stop).await {
        Ok(service) => {
            service.waiting().await?;
            door.drained().await;
            Ok(Served::Client)
        }
        // A client that says nothing before it goes has nothing to complain about, and neither has
        // who ends this.
        Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => {
            Ok(Served::Nobody)
        }
        // The error holds what the client said, which may be long.
        Err(ServerInitializeError::ExpectedInitializeRequest(_)) => Err(ServerError::NoInitialize),
        Err(error) => Err(ServerError::Initialize(error.to_string())),
    }
}

/// Standard input, and the word that it has ended: the client is gone then, and waits for this
/// process to end.
struct UntilGone<R> {
    input: R,
    gone: CancellationToken,
}

impl<R: AsyncRead + Unpin> AsyncRead for UntilGone<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let room = buf.remaining();
        let read = ready!(Pin::new(&mut self.input).poll_read(cx, buf));
        if read.is_err() || (room > 0 && buf.remaining() == room) {
            self.gone.cancel();
        }
        Poll::Ready(read)
    }
}
