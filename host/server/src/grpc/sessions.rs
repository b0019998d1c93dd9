//! `cofferdam.v1.Sessions`.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use cofferdam_agent::compact_session;
use cofferdam_proto::host::sessions_server;
use cofferdam_proto::host::{
    CompactSessionRequest, CompactSessionResponse, ImportSessionRequest, ImportSessionResponse,
    ListSessionsRequest, ListSessionsResponse, ReadMessagesRequest, ReadMessagesResponse,
    RenameSessionRequest, RenameSessionResponse, Session,
};
use cofferdam_store::{ImportError, Message, MessageTable, SessionsCursor, to_json};
use futures_util::{Stream, stream};
use tonic::{Request, Response, Status, Streaming};

use super::import;
use super::rpcs::rpcs;
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
    /// The number before which the reading ends.
    before: i64,
    /// True if earlier answers are read too.
    earlier: bool,
    /// Contents of the message that come next: an earlier answer is true.
    contents: VecDeque<Piecewise>,
    /// The message whose pieces are being sent, and the place of the next one.
    message: Option<(Piecewise, usize)>,
}

/// A content of a message as clients read it.
struct Piecewise {
    message: Arc<Message>,
    content: String,
    is_earlier: bool,
}

impl Reading {
    /// The next content: of the next message, if the one before has no more.
    async fn content(&mut self) -> Result<Option<Piecewise>, Status> {
        if let Some(content) = self.contents.pop_front() {
            return Ok(Some(content));
        }
        let next = self
            .messages
            .next(&self.agent, &self.session, self.after)
            .await;
        let next = next.map_err(|error| status::of_store(&error))?;
        let Some(message) = next.filter(|message| message.id < self.before) else {
            return Ok(None);
        };
        self.after = message.id;
        let message = Arc::new(message);
        let branches = message.branches.iter().filter(|_| self.earlier);
        self.contents.extend(branches.map(|parts| Piecewise {
            content: to_json(parts),
            message: Arc::clone(&message),
            is_earlier: true,
        }));
        self.contents.push_back(Piecewise {
            content: message.text(),
            message,
            is_earlier: false,
        });
        Ok(self.contents.pop_front())
    }

    async fn next(&mut self) -> Result<Option<ReadMessagesResponse>, Status> {
        let (read, place) = match self.message.take() {
            Some(under_way) => under_way,
            None => match self.content().await? {
                Some(content) => (content, 0),
                None => return Ok(None),
            },
        };
        let rest = read.content.get(place..).unwrap_or_default();
        let content = rest
            .get(..rest.floor_char_boundary(PIECE))
            .unwrap_or_default()
            .to_owned();
        let end = place + content.len();
        let last = end >= read.content.len();
        let message = &read.message;
        let piece = ReadMessagesResponse {
            role: message.role().to_string(),
            created_at: message.created_at,
            content,
            last,
            state: message.state.as_str().to_owned(),
            stop_reason: message.stop_reason.clone(),
            stop_detail: message.stop_detail.clone(),
            id: message.id,
            earlier: read.is_earlier,
        };
        if !last {
            self.message = Some((read, end));
        }
        Ok(Some(piece))
    }
}

rpcs! {
    impl sessions_server::Sessions for SessionsService {
        type ListSessionsStream = SessionStream;
        type ReadMessagesStream = MessageStream;

        rpc list_sessions(ListSessionsRequest) -> SessionStream;
        rpc read_messages(ReadMessagesRequest) -> MessageStream;
        rpc rename_session(RenameSessionRequest) -> RenameSessionResponse;
        rpc compact_session(CompactSessionRequest) -> CompactSessionResponse;
        rpc import_session(Streaming<ImportSessionRequest>) -> ImportSessionResponse;
    }
}

impl SessionsService {
    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<SessionStream>, Status> {
        let agent = self.shared.stored_agent(&request)?.id;
        let place = self.shared.answers.listings.begin(&agent)?;
        let table = self.shared.agents.store().sessions.clone();
        let pages = stream::try_unfold(Some(SessionsCursor::FIRST), move |cursor| {
            let table = table.clone();
            let agent = agent.clone();
            async move {
                let Some(cursor) = cursor else {
                    return Ok(None);
                };
                let page = table.page(&agent, cursor).await;
                let (rows, next) = page.map_err(|error| status::of_store(&error))?;
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
            before,
            earlier,
        } = request.into_inner();
        let before = if before == 0 { i64::MAX } else { before };
        let messages = self.shared.agents.store().messages.clone();
        let after = messages
            .before_newest(&agent, &session, before, limit)
            .await
            .map_err(|error| status::of_store(&error))?;
        let reading = Reading {
            messages,
            agent,
            session,
            after,
            before,
            earlier,
            contents: VecDeque::new(),
            message: None,
        };
        let pieces = stream::try_unfold(reading, |mut reading| async {
            Ok(reading.next().await?.map(|piece| (piece, reading)))
        });
        Ok(place.keep_with(Response::new(Box::pin(pieces))))
    }

    async fn rename_session(
        &self,
        request: Request<RenameSessionRequest>,
    ) -> Result<Response<RenameSessionResponse>, Status> {
        let agent = self.shared.stored_agent(&request)?;
        let RenameSessionRequest { session_id, title } = request.into_inner();
        import::check_title(&title)?;
        let sessions = &self.shared.agents.store().sessions;
        let renamed = sessions.rename(&agent.id, &session_id, &title).await;
        if renamed.map_err(|error| status::of_store(&error))? {
            return Ok(Response::new(RenameSessionResponse {}));
        }
        Err(missing(&agent.name, &session_id))
    }

    async fn compact_session(
        &self,
        request: Request<CompactSessionRequest>,
    ) -> Result<Response<CompactSessionResponse>, Status> {
        let agent = self.shared.agent(&request).await?;
        self.shared.open()?;
        let place = self.shared.answers.turns.begin(agent.id())?;
        let CompactSessionRequest { session_id } = request.into_inner();
        let sessions = &self.shared.agents.store().sessions;
        let found = sessions.get(agent.id(), &session_id).await;
        if found.map_err(|error| status::of_store(&error))?.is_none() {
            return Err(missing(agent.name(), &session_id));
        }
        let cancel = self.shared.stop.child_token();
        let compacted = compact_session(&agent, &session_id, &cancel);
        // Counted, so that a host that ends waits for it.
        let compacted = self.shared.turns.track_future(compacted).await;
        let messages = compacted.map_err(|error| status::of_turn(&error))?;
        Ok(place.keep_with(Response::new(CompactSessionResponse {
            messages: messages as u64,
        })))
    }

    async fn import_session(
        &self,
        request: Request<Streaming<ImportSessionRequest>>,
    ) -> Result<Response<ImportSessionResponse>, Status> {
        let agent = self.shared.stored_agent(&request)?.id;
        let _place = self.shared.answers.imports.begin(&agent)?;
        let imported = import::read(request.into_inner()).await?;
        let import::Imported {
            session,
            title,
            messages,
        } = imported;
        let table = &self.shared.agents.store().sessions;
        let stored = table.import(&agent, &session, &title, &messages).await;
        stored.map_err(|error| match error {
            ImportError::Taken => Status::already_exists(format!("session `{session}`: {error}")),
            ImportError::Full => {
                Status::resource_exhausted(format!("session `{session}`: {error}"))
            }
            ImportError::Store(error) => status::of_store(&error),
        })?;
        Ok(Response::new(ImportSessionResponse {
            messages: messages.len() as u64,
        }))
    }
}

fn missing(agent: &str, session: &str) -> Status {
    Status::not_found(format!("agent {agent} has no session `{session}`"))
}

fn session(stored: cofferdam_store::Session) -> Session {
    let cofferdam_store::Session {
        id,
        title,
        message_count,
        last_active,
        events: _,
    } = stored;
    Session {
        id,
        title,
        message_count,
        last_active,
    }
}
