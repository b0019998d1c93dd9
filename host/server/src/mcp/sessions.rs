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

use super::cancel_filter::CancelFilter;

/// The first version whose clients expect an event without a message at the beginning of a stream,
/// so that they can resume it. Older ones take every event for a message.
const PRIMED: &str = "2025-11-25";

/// The sessions of all clients.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    local: LocalSessionManager,
    /// The sessions whose clients know events without a message.
    primed: RwLock<HashMap<SessionId, bool>>,
}

impl Sessions {
    /// The number of sessions there are.
    pub(super) async fn count(&self) -> usize {
        self.local.sessions.read().await.len()
    }

    fn is_primed(&self, id: &SessionId) -> bool {
        let primed = self.primed.read().unwrap_or_else(PoisonError::into_inner);
        primed.get(id).copied().unwrap_or_default()
    }

    /// Events as the client of this session knows them.
    fn known<S>(&self, id: &SessionId, events: S) -> impl Stream<Item = ServerSseMessage> + use<S>
    where
        S: Stream<Item = ServerSseMessage>,
    {
        let primed = self.is_primed(id);
        events.filter(move |event| ready(primed || event.message.is_some()))
    }
}

impl SessionManager for Sessions {
    type Error = LocalSessionManagerError;
    type Transport = CancelFilter<SessionTransport>;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        let (id, transport) = self.local.create_session().await?;
        Ok((id, CancelFilter::new(transport)))
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
            let primed = result.protocol_version.as_str() >= PRIMED;
            let mut sessions = self.primed.write().unwrap_or_else(PoisonError::into_inner);
            sessions.insert(id.clone(), primed);
        }
        Ok(answer)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        self.local.has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        self.primed
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
        let events = self.local.resume(id, last_event_id).await?;
        Ok(self.known(id, events))
    }
}
