//! The vendors' models, through genai.
//!
//! genai knows the protocols. This module decides what it may do with them: which address a key
//! goes to, how long and how much a turn may be, what is tried again, and which words of a failure
//! the caller gets to see.

mod check;
mod convert;
mod dialect;
mod failure;
mod http;
mod options;
mod output_mode;
mod provider;
mod thoughts;
mod tokens;

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use genai::chat::{ChatOptions, ChatRequest, ChatStreamEvent, StreamEnd};
use genai::resolver::{AuthData, Endpoint};
use genai::{ModelIden, ServiceTarget};
use tokio::sync::mpsc;

use crate::credentials::Credentials;
use crate::error::{Error, FailureKind};
use crate::message::{Request, Turn};
use crate::model::{MAX_TEXT_BYTES, Model};
use crate::name::ModelName;
use crate::sampling::Sampling;
use dialect::Dialect;
use failure::Failure;
use output_mode::OutputMode;
use provider::Provider;

pub use check::{Answered, check};
pub use provider::{Configured, KeyState, configured};

/// The longest turn, retries and their waits included. A long answer of a slow model streams for
/// two or three minutes; after five, something hangs.
const TURN_WALL: Duration = Duration::from_secs(300);

/// One vendor's model, with the address and key it is asked with.
pub(crate) struct Vendor {
    client: genai::Client,
    target: ServiceTarget,
    provider: Provider,
    dialect: Dialect,
}

/// A request as it goes to a provider, as often as it takes.
struct Attempt<'a> {
    request: &'a Request,
    chat: ChatRequest,
    options: ChatOptions,
    mode: Option<OutputMode>,
}

/// The words and thoughts of an attempt so far.
#[derive(Default)]
struct Heard {
    text: String,
    /// Bytes of thoughts, which are kept until the turn ends.
    thoughts: usize,
}

impl Vendor {
    pub(crate) fn open(name: &ModelName, credentials: &Credentials) -> Result<Self, Error> {
        let provider = Provider::find(name.provider(), credentials)?;
        // genai would read the part before `::` as another provider, with another address for this
        // provider's key.
        if name.name().contains("::") {
            return Err(Error::Name {
                value: name.to_string(),
            });
        }
        if let Some(entry) = credentials.providers().find(name.provider())
            && !entry.models().is_empty()
            && !entry.models().iter().any(|model| model == name.name())
        {
            return Err(Error::NotAvailable {
                model: name.name().into(),
                provider: name.provider().into(),
                available: entry.models().join(", "),
            });
        }
        let client = http::client(&provider).map_err(|failure| failure.error(&provider))?;
        // A complete target: with anything less, genai would look up the rest in the environment.
        let target = ServiceTarget {
            endpoint: Endpoint::from_owned(provider.base.as_str()),
            auth: provider
                .key
                .as_deref()
                .map_or(AuthData::None, AuthData::from_single),
            model: ModelIden::new(provider.kind, name.name()),
        };
        Ok(Self {
            client,
            target,
            dialect: Dialect::of(provider.kind, name.name()),
            provider,
        })
    }

    /// Asks for one turn; where the provider does not take the schema of an answer, once more in
    /// words alone.
    async fn ask(
        &self,
        request: Request,
        listener: &mpsc::Sender<String>,
    ) -> Result<Turn, Failure> {
        let object = request.object.as_ref();
        let mode = object.map(|object| OutputMode::of(&self.provider, self.dialect, object));
        let turn = self.persist(&self.attempt(&request, mode), listener).await;
        match (turn, mode) {
            (Err(failure), Some(OutputMode::Native | OutputMode::Tool))
                if failure.kind == FailureKind::Invalid =>
            {
                let provider = &self.provider.id;
                let cause = &failure.cause;
                tracing::info!(%provider, %cause, "the schema is refused: it is said in words");
                let mode = Some(OutputMode::Words { json: false });
                self.persist(&self.attempt(&request, mode), listener).await
            }
            (turn, _) => turn,
        }
    }

    fn attempt<'a>(&self, request: &'a Request, mode: Option<OutputMode>) -> Attempt<'a> {
        let mut chat = convert::request(request);
        let mut options = options::of(self.provider.kind, self.dialect, &request.sampling);
        if let (Some(mode), Some(object)) = (mode, &request.object) {
            (chat, options) = mode.ask(object, chat, options);
        }
        Attempt {
            request,
            chat,
            options: options::with_rest(self.dialect, &request.sampling, options),
            mode,
        }
    }

    /// Asks until there is an answer, a failure that lasts, or nothing left to try.
    async fn persist(
        &self,
        attempt: &Attempt<'_>,
        listener: &mpsc::Sender<String>,
    ) -> Result<Turn, Failure> {
        let mut waits = failure::waits();
        let mut retries = 0;
        loop {
            let mut heard = Heard::default();
            let failure = match self.listen(attempt, &mut heard, listener).await {
                Ok(end) => return self.turn_of(attempt, heard.text, end),
                Err(failure) => failure,
            };
            // Text that a listener has heard cannot be taken back, and a second attempt would say
            // it differently.
            let wait = failure.wait(&mut waits).filter(|_| heard.text.is_empty());
            let provider = &self.provider.id;
            let model = &self.target.model.model_name;
            let cause = &failure.cause;
            tracing::warn!(%provider, %model, retries, ?wait, %cause, "the model failed");
            let Some(wait) = wait else {
                return Err(failure);
            };
            tokio::time::sleep(wait).await;
            retries += 1;
        }
    }

    /// One attempt. Text goes to the listener and into `heard`; the tool calls are complete only at
    /// the end.
    async fn listen(
        &self,
        attempt: &Attempt<'_>,
        heard: &mut Heard,
        listener: &mpsc::Sender<String>,
    ) -> Result<StreamEnd, Failure> {
        let failure = |error: genai::Error| Failure::of(&error, &self.provider);
        let chat = attempt.chat.clone();
        let answer = self
            .client
            .exec_chat_stream(self.target.clone(), chat, Some(&attempt.options))
            .await;
        let mut events = answer.map_err(failure)?.stream;
        let mut calls = HashSet::new();
        while let Some(event) = events.next().await {
            match event.map_err(failure)? {
                ChatStreamEvent::Chunk(chunk) => {
                    if heard.text.len() + chunk.content.len() > MAX_TEXT_BYTES {
                        return Err(Failure::answer(format!(
                            "said more than {MAX_TEXT_BYTES} bytes in one turn"
                        )));
                    }
                    heard.text.push_str(&chunk.content);
                    // A closed channel is not an error: see `Model::turn`.
                    listener.send(chunk.content).await.ok();
                }
                // Counted while they arrive, so that a runaway turn is not first collected and then
                // refused.
                ChatStreamEvent::ToolCallChunk(chunk) => {
                    let written = chunk.tool_call.fn_arguments.as_str().map_or(0, str::len);
                    calls.insert(chunk.tool_call.call_id);
                    convert::check(calls.len(), written)?;
                }
                ChatStreamEvent::ReasoningChunk(chunk)
                | ChatStreamEvent::ThoughtSignatureChunk(chunk) => {
                    heard.thoughts += chunk.content.len();
                    if heard.thoughts > MAX_TEXT_BYTES {
                        return Err(Failure::answer(format!(
                            "thought more than {MAX_TEXT_BYTES} bytes in one turn"
                        )));
                    }
                }
                ChatStreamEvent::End(end) if self.is_broken(&end) => break,
                ChatStreamEvent::End(end) => return Ok(end),
                ChatStreamEvent::Start | ChatStreamEvent::Heartbeat => {}
            }
        }
        Err(Failure::unavailable(
            "closed the connection before the answer was complete",
        ))
    }

    /// Returns true for the end of a stream that the provider did not end. Old versions of Ollama
    /// give no reason, but count tokens at the end.
    fn is_broken(&self, end: &StreamEnd) -> bool {
        let counted = self.dialect == Dialect::Ollama && end.captured_usage.is_some();
        self.dialect.hides_breaks() && end.captured_stop_reason.is_none() && !counted
    }

    fn turn_of(
        &self,
        attempt: &Attempt<'_>,
        text: String,
        end: StreamEnd,
    ) -> Result<Turn, Failure> {
        let usage = tokens::of(end.captured_usage.as_ref());
        let finish = convert::finish(end.captured_stop_reason.as_ref());
        if let (Some(mode), Some(object)) = (attempt.mode, &attempt.request.object) {
            let calls = end.captured_into_tool_calls().unwrap_or_default();
            let written = convert::object(calls, mode.name(object));
            return Ok(Turn {
                text: written.unwrap_or(text),
                usage,
                finish,
                ..Turn::default()
            });
        }
        let thinking = thoughts::of(&end);
        let calls = end.captured_into_tool_calls().unwrap_or_default();
        Ok(Turn {
            text,
            tool_calls: convert::tool_calls(calls, attempt.request)?,
            thinking,
            usage,
            finish,
        })
    }
}

#[async_trait]
impl Model for Vendor {
    async fn turn(&self, request: Request, text: mpsc::Sender<String>) -> Result<Turn, Error> {
        let late = || {
            Failure::unavailable(format!(
                "gave no complete answer within {} seconds",
                TURN_WALL.as_secs()
            ))
        };
        let turn = tokio::time::timeout(TURN_WALL, self.ask(request, &text)).await;
        turn.unwrap_or_else(|_| Err(late()))
            .map_err(|failure| failure.error(&self.provider))
    }
    fn accept(&self, sampling: &Sampling) -> Result<(), Error> {
        self.dialect.check(&self.provider, sampling)
    }
}
