//! `cofferdam.v1.Sessions`.

use std::pin::Pin;

use cofferdam_proto::host::sessions_server::Sessions;
use cofferdam_proto::host::{
    ListSessionsRequest, ListSessionsResponse, ReadMessagesRequest, ReadMessagesResponse, Session,
};
use cofferdam_store::{Message, MessageTable, SessionsCursor};
use futures_util::{Stream, stream};
use tonic::{Request, Response, Status};

use super::shared::Shared;
use super::status;

/// The largest piece of a message, in bytes (1 MiB): a quarter of what gRPC clients read by
/// default.
const PIECE: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct SessionsService {
    pub(crate) shared: Shared,
}

type SessionStream = Pin<Box<dyn Stream<Item = Result<ListSessionsResponse, Status>> + Send>>;
type MessageStream = Pin<Box<dyn Stream<Item = Result<ReadMessagesResponse, Status>> + Send>>;

/// A session that is being read: one message is in memory at a time.
struct Reading {
    messages: MessageTable,
    agent: String,
    session: String,
    /// The number of the last message that was read.
    after: i64,
    /// The message whose pieces are being sent, and the place of the next one.
    message: Option<(Message, usize)>,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<ReadMessagesResponse>, Status> {
        let (message, place) = match self.message.take() {
            Some(under_way) => under_way,
            None => {
                let next = self
                    .messages
                    .next(&self.agent, &self.session, self.after)
                    .await;
                let Some(message) = next.map_err(|error| status::of_host(&error))? else {
                    return Ok(None);
                };
                self.after = message.id;
                (message, 0)
            }
        };
        let rest = message.content.get(place..).unwrap_or_default();
        let content = rest
            .get(..rest.floor_char_boundary(PIECE))
            .unwrap_or_default()
            .to_owned();
        let role = message.role.to_string();
        let created_at = message.created_at;
        let end = place + content.len();
        let last = end >= message.content.len();
        if !last {
            self.message = Some((message, end));
        }
        Ok(Some(ReadMessagesResponse {
            role,
            created_at,
            content,
            last,
        }))
    }
}

#[tonic::async_trait]
impl Sessions for SessionsService {
    type ListSessionsStream = SessionStream;
    type ReadMessagesStream = MessageStream;

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<SessionStream>, Status> {
        let agent = self.shared.stored_agent(&request)?.id;
        let place = self.shared.answers.listings.begin(&agent)?;
        let messages = self.shared.agents.store().messages.clone();
        let pages = stream::try_unfold(Some(SessionsCursor::FIRST), move |cursor| {
            let messages = messages.clone();
            let agent = agent.clone();
            async move {
                let Some(cursor) = cursor else {
                    return Ok(None);
                };
                let page = messages.sessions(&agent, cursor).await;
                let (rows, next) = page.map_err(|error| status::of_host(&error))?;
                let sessions = rows.into_iter().map(session).collect();
                Ok(Some((ListSessionsResponse { sessions }, next)))
            }
        });
        Ok(place.keep_with(Response::new(Box::pin(pages))))
    }

    async fn read_messages(
        &self,
        request: Request<ReadMessagesRequest>,
    ) -> Result<Response<MessageStream>, Status> {
        let agent = self.shared.stored_agent(&request)?.id;
        let place = self.shared.answers.listings.begin(&agent)?;
        let ReadMessagesRequest {
            session_id: session,
            limit,
        } = request.into_inner();
        let messages = self.shared.agents.store().messages.clone();
        let after = messages
            .before_newest(&agent, &session, limit)
            .await
            .map_err(|error| status::of_host(&error))?;
        let reading = Reading {
            messages,
            agent,
            session,
            after,
            message: None,
        };
        let pieces = stream::try_unfold(reading, |mut reading| async {
            Ok(reading.next().await?.map(|piece| (piece, reading)))
        });
        Ok(place.keep_with(Response::new(Box::pin(pieces))))
    }
}

fn session(stored: cofferdam_store::Session) -> Session {
    let cofferdam_store::Session {
        id,
        message_count,
        last_active,
    } = stored;
    Session {
        id,
        message_count,
        last_active,
    }
}
