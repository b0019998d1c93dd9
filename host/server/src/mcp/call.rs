//! The destination of calls, and the results that clients get back.

use std::pin::Pin;
use std::sync::Arc;

use cofferdam_call::{Block, Input, Progress, Resource, TraceParent};
use cofferdam_capability::{Account, Bytes, Limits};
use cofferdam_proto::host::call_tool_response::Event;
use cofferdam_proto::host::tools_client::ToolsClient;
use cofferdam_proto::host::{CallToolRequest, ToolResult};
use cofferdam_tool::{Answer, AttemptWishes, Origin, Request, Runner};
use opentelemetry::context::FutureExt;
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, MetaObject, ResourceContents};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use super::question_seal::QuestionSeal;
use super::tool_list::{Entry, Output, ToolList};
use crate::approval_client::ApprovalClient;
use crate::client::to_agent;
use crate::telemetry::trace_context::{TRACEPARENT, context};

/// The key of the receipt in `_meta`.
pub(super) const RECEIPT: &str = "cofferdam/receipt";

/// The one who runs the tools.
#[derive(Debug, Clone)]
pub(crate) enum Callee {
    /// This process.
    Runner(Arc<Runner>),
    /// The running host, for its agent of this id or name.
    Host {
        /// The connection.
        client: ToolsClient<Channel>,
        /// The agent.
        agent: String,
        /// The place where calls are approved.
        approvals: Arc<ApprovalClient>,
        /// Seals the questions that clients carry.
        seal: Arc<QuestionSeal>,
    },
}

/// The input of a call, and what comes with it.
#[derive(Debug)]
pub(crate) struct Asked {
    /// As JSON.
    pub(crate) arguments: String,
    /// The approval that it brings.
    pub(crate) approval: Option<String>,
    /// The span that the client has named.
    pub(crate) trace: Option<TraceParent>,
}

/// The result of a call, wherever it ran.
#[derive(Debug)]
struct Done {
    content: String,
    failed: bool,
    json: Json,
    /// Content that is more than text.
    blocks: Vec<Block>,
    receipt: Option<Value>,
}

/// The result of a typed tool as JSON.
#[derive(Debug)]
enum Json {
    /// There is none.
    None,
    /// The content is it.
    Content,
    /// It stands beside the content.
    Beside(String),
}

impl Callee {
    /// Calls a tool. Until the call ends, `progress` stays open and hears what the guest tells,
    /// wherever it runs. When `cancel` says so, or this is dropped, the guest is stopped.
    pub(crate) async fn call(
        &self,
        tools: &ToolList,
        entry: &Entry,
        asked: Asked,
        progress: mpsc::Sender<Progress>,
        cancel: &CancellationToken,
    ) -> CallToolResult {
        let Asked {
            arguments,
            approval,
            trace,
        } = asked;
        let name = entry.tool.name.as_ref();
        let mut memory = Limits::DEFAULT.host_memory;
        let done = match self {
            Self::Runner(runner) => match &tools.toolbox {
                Some(toolbox) => {
                    if let Ok(tool) = toolbox.get(name) {
                        memory = tool.grant().limits().host_memory;
                    }
                    let advice = tools.directories.advice(&arguments);
                    let request = Request {
                        toolbox: Arc::clone(toolbox),
                        tool: name.to_owned(),
                        input: Input::Json(arguments),
                        attempts: AttemptWishes::default(),
                        origin: Origin::default().in_trace(trace.map(TraceParent::trace)),
                        approval,
                        progress: Some(progress),
                        cancel: cancel.clone(),
                    };
                    // Behind a pointer, so that a request of MCP needs no stack for the engine.
                    let answer: Pin<Box<dyn Future<Output = Answer> + Send + '_>> =
                        Box::pin(runner.answer(request));
                    let answer = answer.with_context(context(trace));
                    Done::from(answer.await).advised(advice)
                }
                None => Done::failed(format!(
                    "there is no tool `{name}` any more: list the tools again"
                )),
            },
            Self::Host { client, agent, .. } => {
                let request = CallToolRequest {
                    name: name.to_owned(),
                    input: arguments,
                    approval: approval.unwrap_or_default(),
                };
                let call = on_host(client.clone(), agent, request, trace, &progress);
                tokio::select! {
                    done = call => done,
                    () = cancel.cancelled() => Done::failed("cancelled".to_owned()),
                }
            }
        };
        done.told(entry.output, memory)
    }

    /// The place where calls are approved, if this door may ask the person at the client.
    pub(crate) fn approvals(&self) -> Option<ApprovalClient> {
        match self {
            Self::Runner(_) => None,
            Self::Host { approvals, .. } => Some(ApprovalClient::clone(approvals)),
        }
    }

    /// Seals the questions that clients carry, where any can be asked.
    pub(crate) fn seal(&self) -> Option<&QuestionSeal> {
        match self {
            Self::Runner(_) => None,
            Self::Host { seal, .. } => Some(seal),
        }
    }

    /// The result of a call that was cancelled before its tool was loaded.
    pub(crate) async fn cancelled(
        &self,
        tools: &ToolList,
        name: &str,
        trace: Option<TraceParent>,
    ) -> CallToolResult {
        let origin = Origin::default().in_trace(trace.map(TraceParent::trace));
        let done = match (self, tools.announced(name)) {
            (Self::Runner(runner), Some(grant)) => {
                Done::from(runner.cancelled(name, grant, &origin).await)
            }
            _ => Done::failed("cancelled".to_owned()),
        };
        done.told(Output::Text, Limits::DEFAULT.host_memory)
    }
}

async fn on_host(
    mut client: ToolsClient<Channel>,
    agent: &str,
    request: CallToolRequest,
    trace: Option<TraceParent>,
    progress: &mpsc::Sender<Progress>,
) -> Done {
    let mut request = match to_agent(Some(agent), request) {
        Ok(request) => request,
        Err(error) => return Done::failed(error.to_string()),
    };
    let trace = trace.and_then(|trace| trace.to_string().parse().ok());
    if let Some(trace) = trace {
        request.metadata_mut().insert(TRACEPARENT, trace);
    }
    let last = async {
        let mut events = client.call_tool(request).await?.into_inner();
        let mut last = None;
        while let Some(message) = events.message().await? {
            match message.event {
                Some(Event::Result(result)) => last = Some(result),
                Some(Event::Progress(told)) => {
                    let cofferdam_proto::host::Progress {
                        done,
                        total,
                        message,
                    } = told;
                    // What does not fit is more than this host tells of one call.
                    let _ = progress.try_send(Progress {
                        done,
                        total,
                        message,
                    });
                }
                // An event of a newer host.
                None => {}
            }
        }
        Ok::<_, tonic::Status>(last)
    };
    match last.await {
        Ok(Some(result)) => Done::from(result),
        Ok(None) => Done::failed("the host ended the call without a result".to_owned()),
        Err(status) if status.code() == tonic::Code::Unavailable => Done::failed(
            "the host does not answer: `cofferdam serve` has to run; try again when it does"
                .to_owned(),
        ),
        Err(status) => Done::failed(status.message().to_owned()),
    }
}

impl Done {
    fn failed(sentence: String) -> Self {
        Self {
            content: format!("execution error: {sentence}"),
            failed: true,
            json: Json::None,
            blocks: Vec::new(),
            receipt: None,
        }
    }

    /// The same with advice for the model, if the call failed.
    fn advised(mut self, advice: Option<String>) -> Self {
        if let Some(advice) = advice.filter(|_| self.failed) {
            self.content.push_str(&format!("\n{advice}"));
        }
        self
    }

    /// The result for the client. It is parsed if `memory` covers what it becomes.
    fn told(self, output: Output, memory: Bytes) -> CallToolResult {
        let Self {
            mut content,
            mut failed,
            json,
            mut blocks,
            receipt,
        } = self;
        let json = match &json {
            Json::None => None,
            Json::Content => Some(content.as_str()),
            Json::Beside(json) => Some(json.as_str()),
        };
        let wanted =
            json.filter(|json| output != Output::Text || json.trim_start().starts_with('{'));
        let account = Account::new(memory);
        let parsed = wanted
            .map(|json| cofferdam_capability::json::parse(json, "the parsed result", &account));
        let structured = output.structured(parsed.and_then(Result::ok).map(|held| held.value));
        if output != Output::Text && structured.is_none() && !failed {
            // Clients that know the output schema take nothing else for a success.
            failed = true;
            blocks.clear();
            content = format!(
                "execution error: the result is too large to be handed on as JSON: ask for \
                    less\n{content}"
            );
        }
        let content = if blocks.is_empty() {
            vec![ContentBlock::text(content)]
        } else {
            blocks.into_iter().map(to_content).collect()
        };
        let mut result = if failed {
            CallToolResult::error(content)
        } else {
            CallToolResult::success(content)
        };
        result.structured_content = structured;
        if let Some(receipt) = receipt {
            let mut meta = JsonObject::new();
            meta.insert(RECEIPT.to_owned(), receipt);
            result.meta = Some(MetaObject(meta));
        }
        result
    }
}

impl From<Answer> for Done {
    fn from(answer: Answer) -> Self {
        let Answer {
            content,
            failed,
            is_json,
            blocks,
            structured,
            receipt,
            unmade: _,
        } = answer;
        let receipt = receipt.and_then(|receipt| serde_json::to_value(receipt).ok());
        let json = match structured {
            Some(structured) => Json::Beside(structured),
            None if is_json => Json::Content,
            None => Json::None,
        };
        Self {
            content,
            failed,
            json,
            blocks,
            receipt,
        }
    }
}

impl From<ToolResult> for Done {
    fn from(result: ToolResult) -> Self {
        let ToolResult {
            content,
            failed,
            structured,
            receipt,
            blocks,
        } = result;
        // The host says a result twice: as text, and as JSON where it is JSON.
        let blocks: Vec<Block> = serde_json::from_str(&blocks).unwrap_or_default();
        let json = match structured {
            structured if structured.is_empty() => Json::None,
            structured if blocks.is_empty() && structured == content => Json::Content,
            structured => Json::Beside(structured),
        };
        Self {
            content,
            failed,
            json,
            blocks,
            receipt: serde_json::from_str(&receipt).ok(),
        }
    }
}

/// A block as MCP has it.
fn to_content(block: Block) -> ContentBlock {
    match block {
        Block::Text { text } => ContentBlock::text(text),
        Block::Image { data, media_type } => ContentBlock::image(data, media_type),
        Block::Audio { data, media_type } => ContentBlock::audio(data, media_type),
        Block::Resource { resource } => {
            let Resource {
                uri,
                media_type,
                text,
                blob,
            } = resource;
            let contents = match (text, blob) {
                (Some(text), _) => ResourceContents::text(text, uri),
                (None, blob) => ResourceContents::blob(blob.unwrap_or_default(), uri),
            };
            ContentBlock::resource(match media_type {
                Some(media_type) => contents.with_mime_type(media_type),
                None => contents,
            })
        }
    }
}
