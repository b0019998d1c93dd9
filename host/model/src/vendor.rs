//! The vendors' models, through genai.
//!
//! genai knows the protocols. This module decides what it may do with them: which address a key
//! goes to, how long and how much a turn may be, what is tried again, and which words of a failure
//! the caller gets to see.

mod check;
mod convert;
mod failure;
mod http;
mod provider;

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use genai::chat::{ChatOptions, ChatRequest, ChatStreamEvent};
use genai::resolver::{AuthData, Endpoint};
use genai::{ModelIden, ServiceTarget};
use tokio::sync::mpsc;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::message::{Request, Turn};
use crate::model::{MAX_TEXT_BYTES, Model};
use crate::name::ModelName;
use failure::Failure;
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
            provider,
        })
    }

    /// Asks until there is an answer, a failure that lasts, or nothing left to try.
    async fn ask(
        &self,
        request: Request,
        listener: &mpsc::Sender<String>,
    ) -> Result<Turn, Failure> {
        let options = ChatOptions::default()
            .with_max_tokens(request.max_tokens)
            .with_capture_tool_calls(true);
        let chat = convert::request(&request);
        let mut waits = failure::waits();
        let mut retries = 0;
        loop {
            let mut text = String::new();
            let failure = match self
                .listen(chat.clone(), &options, &mut text, listener)
                .await
            {
                Ok(calls) => {
                    return Ok(Turn {
                        text,
                        tool_calls: convert::tool_calls(calls, &request)?,
                    });
                }
                Err(failure) => failure,
            };
            // Text that a listener has heard cannot be taken back, and a second attempt would say
            // it differently.
            let wait = failure.wait(&mut waits).filter(|_| text.is_empty());
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

    /// One attempt. Text goes to the listener and into `text`; the tool calls are complete only at
    /// the end.
    async fn listen(
        &self,
        chat: ChatRequest,
        options: &ChatOptions,
        text: &mut String,
        listener: &mpsc::Sender<String>,
    ) -> Result<Vec<genai::chat::ToolCall>, Failure> {
        let failure = |error: genai::Error| Failure::of(&error, &self.provider);
        let answer = self
            .client
            .exec_chat_stream(self.target.clone(), chat, Some(options))
            .await;
        let mut events = answer.map_err(failure)?.stream;
        let mut calls = HashSet::new();
        while let Some(event) = events.next().await {
            match event.map_err(failure)? {
                ChatStreamEvent::Chunk(chunk) => {
                    if text.len() + chunk.content.len() > MAX_TEXT_BYTES {
                        return Err(Failure::lasting(format!(
                            "said more than {MAX_TEXT_BYTES} bytes in one turn"
                        )));
                    }
                    text.push_str(&chunk.content);
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
                ChatStreamEvent::End(end) => {
                    return Ok(end.captured_into_tool_calls().unwrap_or_default());
                }
                ChatStreamEvent::Start
                | ChatStreamEvent::ReasoningChunk(_)
                | ChatStreamEvent::ThoughtSignatureChunk(_)
                | ChatStreamEvent::Heartbeat => {}
            }
        }
        Err(Failure::passing(
            "closed the connection before the answer was complete",
        ))
    }
}

#[async_trait]
impl Model for Vendor {
    async fn turn(&self, request: Request, text: mpsc::Sender<String>) -> Result<Turn, Error> {
        let late = || {
            Failure::passing(format!(
                "gave no complete answer within {} seconds",
                TURN_WALL.as_secs()
            ))
        };
        let turn = tokio::time::timeout(TURN_WALL, self.ask(request, &text)).await;
        turn.unwrap_or_else(|_| Err(late()))
            .map_err(|failure| failure.error(&self.provider))
    }
}
