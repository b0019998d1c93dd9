//! The destination of calls, and the results that clients get back.

use std::sync::Arc;

use cofferdam_call::{Input, Progress};
use cofferdam_capability::{Account, Bytes, Limits};
use cofferdam_proto::host::call_tool_response::Event;
use cofferdam_proto::host::tools_client::ToolsClient;
use cofferdam_proto::host::{CallToolRequest, ToolResult};
use cofferdam_tool::{Answer, Origin, Request, Runner};
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, MetaObject};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use super::tool_list::{Entry, Output, ToolList};
use crate::client::to_agent;

/// The key of the receipt in `_meta`.
const RECEIPT: &str = "cofferdam/receipt";

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
    },
}

/// The result of a call, wherever it ran.
#[derive(Debug)]
struct Done {
    content: String,
    failed: bool,
    /// The content is JSON: the whole result of a typed tool.
    is_json: bool,
    receipt: Option<Value>,
}

impl Callee {
    /// Calls a tool. Until the call ends, `progress` stays open and hears what the guest tells,
    /// wherever it runs. When `cancel` says so, or this is dropped, the guest is stopped.
    pub(crate) async fn call(
        &self,
        tools: &ToolList,
        entry: &Entry,
        arguments: JsonObject,
        progress: mpsc::Sender<Progress>,
        cancel: &CancellationToken,
    ) -> CallToolResult {
        let name = entry.tool.name.as_ref();
        // As text, so that nobody holds what they become while the call waits.
        let arguments = Value::Object(arguments).to_string();
        let mut memory = Limits::DEFAULT.host_memory;
        let done = match self {
            Self::Runner(runner) => match &tools.toolbox {
                Some(toolbox) => {
                    if let Ok(tool) = toolbox.get(name) {
                        memory = tool.grant().limits().host_memory;
                    }
                    let request = Request {
                        toolbox: Arc::clone(toolbox),
                        tool: name.to_owned(),
                        input: Input::Json(arguments),
                        origin: Origin::default(),
                        progress: Some(progress),
                        cancel: cancel.clone(),
                    };
                    Done::from(runner.answer(request).await)
                }
                None => Done::failed(format!(
                    "there is no tool `{name}` any more: list the tools again"
                )),
            },
            Self::Host { client, agent } => {
                let call = on_host(client.clone(), agent, name, arguments, &progress);
                tokio::select! {
                    done = call => done,
                    () = cancel.cancelled() => Done::failed("cancelled".to_owned()),
                }
            }
        };
        done.told(entry.output, memory)
    }
}

async fn on_host(
    mut client: ToolsClient<Channel>,
    agent: &str,
    name: &str,
    arguments: String,
    progress: &mpsc::Sender<Progress>,
) -> Done {
    let request = CallToolRequest {
        name: name.to_owned(),
        input: arguments,
    };
    let request = match to_agent(Some(agent), request) {
        Ok(request) => request,
        Err(error) => return Done::failed(error.to_string()),
    };
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
            is_json: false,
            receipt: None,
        }
    }

    /// The result for the client. It is parsed if `memory` covers what it becomes.
    fn told(self, output: Output, memory: Bytes) -> CallToolResult {
        let Self {
            mut content,
            mut failed,
            is_json,
            receipt,
        } = self;
        let wanted = is_json && (output != Output::Text || content.trim_start().starts_with('{'));
        let account = Account::new(memory);
        let parsed = wanted
            .then(|| cofferdam_capability::json::parse(&content, "the parsed result", &account));
        let structured = output.structured(parsed.and_then(Result::ok).map(|held| held.value));
        if output != Output::Text && structured.is_none() && !failed {
            // Clients that know the output schema take nothing else for a success.
            failed = true;
            content = format!(
                "execution error: the result is too large to be handed on as JSON: ask for \
                    less\n{content}"
            );
        }
        let mut result = if failed {
            CallToolResult::error(vec![ContentBlock::text(content)])
        } else {
            CallToolResult::success(vec![ContentBlock::text(content)])
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
            receipt,
        } = answer;
        let receipt = receipt.and_then(|receipt| serde_json::to_value(receipt).ok());
        Self {
            content,
            failed,
            is_json,
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
        } = result;
        // The host says a result twice: as text, and as JSON where it is JSON.
        Self {
            content,
            failed,
            is_json: !structured.is_empty(),
            receipt: serde_json::from_str(&receipt).ok(),
        }
    }
}
