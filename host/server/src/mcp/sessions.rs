//! Sessions of clients that speak over HTTP, from before 2026-07-28.

use std::collections::HashMap;
use std::future::ready;
use std::sync::PoisonError;
use std::sync::RwLock;

use futures_util::{Stream, StreamExt};
use rmcp::model::{ClientJsonRpcMessage, JsonRpcMessage, ServerJsonRpcMessage, ServerResult};
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError, SessionTransport,
};
use rmcp::transport::streamable_http_server::session::{
    ServerSseMessage, SessionId, SessionManager,
};

use super::cancel_filter::{CancelFilter, Cancelled};

/// The first version whose clients expect an event without a message at the beginning of a stream,
/// so that they can resume it. Older ones take every event for a message.
const PRIMED: &str = "2025-11-25";

/// The sessions of all clients.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    local: LocalSessionManager,
    clients: RwLock<HashMap<SessionId, Client>>,
}

/// The client of one session.
#[derive(Debug, Clone)]
struct Client {
    /// True if it knows events without a message.
    primed: bool,
    cancelled: Cancelled,
}

impl Sessions {
    /// The number of sessions there are.
    pub(super) async fn count(&self) -> usize {
        self.local.sessions.read().await.len()
    }

    fn client(&self, id: &SessionId) -> Option<Client> {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        clients.get(id).cloned()
    }

    /// Events as the client of this session knows them.
    fn known<S>(&self, id: &SessionId, events: S) -> impl Stream<Item = ServerSseMessage> + use<S>
    where
        S: Stream<Item = ServerSseMessage>,
    {
        let primed = self.client(id).is_some_and(|client| client.primed);
        events.filter(move |event| ready(primed || event.message.is_some()))
    }
}

impl SessionManager for Sessions {
    type Error = LocalSessionManagerError;
    type Transport = CancelFilter<SessionTransport>;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        let (id, transport) = self.local.create_session().await?;
        let transport = CancelFilter::new(transport);
        let client = Client {
            primed: false,
            cancelled: transport.cancelled(),
        };
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        clients.insert(id.clone(), client);
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        let answer = self.local.initialize_session(id, message).await?;
        if let JsonRpcMessage::Response(response) = &answer
            && let ServerResult::InitializeResult(result) = &response.result
        {
            let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(client) = clients.get_mut(id) {
                client.primed = result.protocol_version.as_str() >= PRIMED;
            }
        }
        Ok(answer)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        self.local.has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        self.clients
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
        self.local.close_session(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let events = self.local.create_stream(id, message).await?;
        Ok(self.known(id, events))
    }

    async fn accept_message(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<(), Self::Error> {
        self.local.accept_message(id, message).await
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let events = self.local.create_standalone_stream(id).await?;
        Ok(self.known(id, events))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        // The library begins with the event that the client has.
        let had = Some(last_event_id.clone());
        let cancelled = self.client(id).map(|client| client.cancelled);
        let events = self.local.resume(id, last_event_id).await?;
        let events = events.filter(move |event| {
            let about = event.message.as_deref().zip(cancelled.as_ref());
            let is_over = about.is_some_and(|(message, cancelled)| cancelled.concerns(message));
            ready(event.event_id != had && !is_over)
        });
        Ok(self.known(id, events))
    }
}
