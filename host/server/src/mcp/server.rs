//! The server's answers, the same for every transport.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cofferdam_call::{Progress, TraceParent};
use cofferdam_tool::{MAX_PROGRESS, Runner};
use hyper::http::request::Parts;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
    ContentBlock, CustomRequest, CustomResult, ErrorData, GetPromptRequestParams,
    GetPromptResponse, Implementation, InputResponses, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities,
    ServerConfig, SubscriptionFilter, Tool,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::approval::{self, NoApproval, Way};
use super::call::{Asked, Callee};
use super::message;
use super::misfit;
use super::progress_notifier::ProgressNotifier;
use super::question_seal::SealedCall;
use super::tool_list::ToolList;
use crate::approval_client::ApprovalEntry;
use crate::edge::budget::Budget;
use crate::telemetry::trace_context::{TRACEPARENT, of_headers};

/// Calls of all clients that run or wait. Each holds its arguments; the sandbox lets a few of them
/// run at once.
const MAX_CALLS: usize = 256;

/// Bytes of the arguments of these calls, as text (64 MiB): five of the longest messages, and a
/// quarter of a megabyte for each of the most calls.
const MAX_ARGUMENTS: usize = 64 << 20;

/// Time that calls have to end once they are cancelled: a guest is stopped within milliseconds.
const DRAIN: Duration = Duration::from_secs(5);

/// The longest time that a list waits for components whose tools are known once they are compiled.
/// After it a client hears of them when they are there.
const UNKNOWN: Duration = Duration::from_secs(2);

/// Interval at which the server checks that a client that waits for news of the tools is still
/// there.
const LOOK: Duration = Duration::from_secs(60);

/// The server for one client. Clones share everything but what was said to their client.
#[derive(Debug, Clone)]
pub struct McpServer {
    tools: watch::Receiver<Arc<ToolList>>,
    /// Hears the names of tools that are called before they are loaded.
    wanted: Option<mpsc::Sender<String>>,
    callee: Callee,
    places: Arc<Semaphore>,
    /// Bytes of arguments.
    arguments: Budget,
    running: TaskTracker,
    /// True once this client is told when tools change.
    told: Arc<AtomicBool>,
    /// Cancelled once the client's input has closed. Subscriptions end; running calls finish.
    gone: CancellationToken,
}

impl McpServer {
    /// The server of tools that this process runs, and that may change, for its first client. The
    /// names of tools that are called before they are loaded go to `wanted`.
    pub fn of_runner(
        tools: watch::Receiver<Arc<ToolList>>,
        runner: Arc<Runner>,
        wanted: mpsc::Sender<String>,
    ) -> Self {
        Self {
            wanted: Some(wanted),
            ..Self::new(tools, Callee::Runner(runner))
        }
    }

    pub(crate) fn new(tools: watch::Receiver<Arc<ToolList>>, callee: Callee) -> Self {
        let places = Arc::new(Semaphore::new(MAX_CALLS));
        let told = Arc::default();
        let gone = CancellationToken::new();
        Self {
            tools,
            wanted: None,
            callee,
            places,
            arguments: Budget::new(MAX_ARGUMENTS),
            running: TaskTracker::new(),
            told,
            gone,
        }
    }

    /// For another client.
    pub(crate) fn for_another(&self) -> Self {
        Self {
            told: Arc::default(),
            gone: CancellationToken::new(),
            ..self.clone()
        }
    }

    /// For the way by which requests come, to say that there will be no more.
    pub(crate) fn gone(&self) -> &CancellationToken {
        &self.gone
    }

    /// The names of the tools, for people.
    pub fn names(&self) -> String {
        self.tools.borrow().names()
    }

    /// Waits until calls have ended that were cancelled, so that each leaves its receipt in the
    /// log.
    pub(crate) async fn drained(&self) {
        self.running.close();
        let _ = tokio::time::timeout(DRAIN, self.running.wait()).await;
    }

    fn tools(&self) -> Arc<ToolList> {
        Arc::clone(&self.tools.borrow())
    }

    /// The tools as they are once all of them are known, or after a while.
    async fn known_tools(&self) -> Arc<ToolList> {
        let mut tools = self.tools.clone();
        let known = tools.wait_for(|list| list.is_known());
        match tokio::time::timeout(UNKNOWN, known).await {
            Ok(Ok(list)) => Arc::clone(&list),
            _ => self.tools(),
        }
    }

    /// The tools as they are once a call of this one need not wait for it to be loaded.
    async fn tools_with(&self, name: &str) -> Arc<ToolList> {
        let mut tools = self.tools.clone();
        loop {
            let list = Arc::clone(&tools.borrow_and_update());
            if list.is_ready(name) {
                return list;
            }
            // Where the loader is behind, it loads this one in its turn.
            if let Some(wanted) = &self.wanted {
                let _ = wanted.try_send(name.to_owned());
            }
            if tools.changed().await.is_err() {
                return list;
            }
        }
    }

    /// Words for a model, before it calls anything.
    fn instructions(&self) -> String {
        let sandbox = "Every tool runs in a sandbox of its own, with a limit on everything. A \
                       result that is an error says which limit was met and what to do.";
        match self.tools().directories.sentence() {
            Some(directories) => format!("{sandbox} {directories}"),
            None => sandbox.to_owned(),
        }
    }

    /// Calls a tool as soon as it is loaded.
    async fn call(
        &self,
        name: &str,
        asked: Asked,
        told: mpsc::Sender<Progress>,
        cancel: &CancellationToken,
    ) -> Result<CallToolResult, ErrorData> {
        let tools = tokio::select! {
            tools = self.tools_with(name) => tools,
            () = cancel.cancelled() => self.tools(),
        };
        // One that is loaded meanwhile is called and ends at once, which leaves its receipt.
        if cancel.is_cancelled() && tools.announced(name).is_some() {
            return Ok(self.callee.cancelled(&tools, name, asked.trace).await);
        }
        let Some(entry) = tools.get(name) else {
            return Err(unknown(name, &tools));
        };
        Ok(self.callee.call(&tools, entry, asked, told, cancel).await)
    }
}

impl McpServer {
    /// The approval that a request brings along: the answer to what its last result asked for.
    async fn approved(
        &self,
        call: SealedCall<'_>,
        state: Option<String>,
        responses: Option<InputResponses>,
    ) -> Result<Option<String>, NoApproval> {
        let (Some(question), Some(responses)) = (state, responses) else {
            return Ok(None);
        };
        let Some(mut approvals) = self.callee.approvals() else {
            let sentence = "nobody has been asked for input here: call the tool without";
            return Err(NoApproval(sentence.to_owned()));
        };
        let answer = approval::answer(&responses)?;
        let question = approval::opened(self.callee.seal(), &question, call)?;
        approval::decide(&mut approvals, &question, call.tool, &answer)
            .await
            .map(Some)
    }

    /// The question that a call waits for, as a person reads it.
    async fn question(&self, id: &str) -> Result<ApprovalEntry, NoApproval> {
        let nobody = || NoApproval("nobody can be asked here".to_owned());
        let mut approvals = self.callee.approvals().ok_or_else(nobody)?;
        let shown = approvals.get(id.to_owned()).await;
        shown.map_err(|error| NoApproval(error.to_string()))
    }

    /// Calls a tool, and tells the client of its progress.
    async fn followed(
        &self,
        name: &str,
        arguments: String,
        approval: Option<String>,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let progress = ProgressNotifier::new(
            &context.peer,
            context.meta.get_progress_token(),
            &context.ct,
        );
        let (told, tells) = mpsc::channel(MAX_PROGRESS);
        let asked = Asked {
            arguments,
            approval,
            trace: trace(context),
        };
        let call = self.call(name, asked, told, &context.ct);
        progress.follow(name, call, tells).await
    }
}

/// Returns true if the version that a client speaks has this method no more.
fn is_gone(method: &str, context: &RequestContext<RoleServer>) -> bool {
    let version = context.protocol_version();
    ["initialize", "ping"].contains(&method)
        && version.is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

/// The span that a request names as its parent: in `_meta`, else in the headers it came with.
fn trace(context: &RequestContext<RoleServer>) -> Option<TraceParent> {
    let own = context.meta.get(TRACEPARENT).and_then(Value::as_str);
    let own = own.and_then(TraceParent::parse);
    own.or_else(|| of_headers(&context.extensions.get::<Parts>()?.headers))
}

/// The result of a call that may not wait.
fn refused(reason: &str) -> CallToolResponse {
    let sentence = format!("execution error: {reason}");
    CallToolResult::error(vec![ContentBlock::text(sentence)]).into()
}

fn unknown(name: &str, tools: &ToolList) -> ErrorData {
    let sentence = format!(
        "there is no tool `{name}`; the tools are: {}",
        tools.names()
    );
    ErrorData::invalid_params(sentence, None)
}

/// Methods of servers that offer more than tools. The library's own error says no more than their
/// names.
macro_rules! absent {
    ($($function:ident($params:ty) -> $result:ty: $method:literal;)*) => {
        $(async fn $function(
            &self,
            _: $params,
            _: RequestContext<RoleServer>,
        ) -> Result<$result, ErrorData> {
            Err(misfit::no_method($method))
        })*
    };
}

#[expect(
    deprecated,
    reason = "clients of older versions ask for what the newest one leaves out"
)]
impl ServerHandler for McpServer {
    absent! {
        complete(CompleteRequestParams) -> CompleteResult: "completion/complete";
        set_level(rmcp::model::SetLevelRequestParams) -> (): "logging/setLevel";
        get_prompt(GetPromptRequestParams) -> GetPromptResponse: "prompts/get";
        list_prompts(Option<PaginatedRequestParams>) -> ListPromptsResult: "prompts/list";
        list_resources(Option<PaginatedRequestParams>) -> ListResourcesResult: "resources/list";
        list_resource_templates(Option<PaginatedRequestParams>) -> ListResourceTemplatesResult:
            "resources/templates/list";
        read_resource(ReadResourceRequestParams) -> ReadResourceResponse: "resources/read";
    }

    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(
                Implementation::new("cofferdam", env!("CARGO_PKG_VERSION")).with_title("Cofferdam"),
            )
            .with_instructions(self.instructions())
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        // An empty one stands for the beginning, and no answer of this server holds another.
        let cursor = request.and_then(|request| request.cursor);
        if cursor.is_some_and(|cursor| !cursor.is_empty()) {
            let sentence = "`cursor` is of no list of this server, which lists all tools at once: \
                            leave it out";
            return Err(ErrorData::invalid_params(sentence, None));
        }
        let tools = self.known_tools().await;
        Ok(ListToolsResult::with_all_items(
            tools.tools().cloned().collect(),
        ))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.tools().get(name).map(|entry| entry.tool.clone())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let _running = self.running.token();
        let CallToolRequestParams {
            name,
            arguments,
            input_responses,
            request_state,
            ..
        } = request;
        // As text, so that nobody holds what they become while the call waits.
        let arguments = Value::Object(arguments.unwrap_or_default()).to_string();
        let Ok(_place) = self.places.try_acquire() else {
            return Ok(refused(&format!(
                "{MAX_CALLS} calls wait already: try again when one has ended"
            )));
        };
        let Some(_bytes) = self.arguments.take(arguments.len()) else {
            return Ok(refused(&format!(
                "calls with more than {} MiB of arguments wait already: try again when one has \
                 ended",
                MAX_ARGUMENTS >> 20
            )));
        };
        // Known or not, as far as that is known.
        let tools = self.tools();
        if tools.is_ready(&name) && tools.get(&name).is_none() {
            return Err(unknown(&name, &tools));
        }
        let call = SealedCall::new(&name, &arguments);
        let approved = self.approved(call, request_state, input_responses);
        let approval = match Box::pin(approved).await {
            Ok(approval) => approval,
            Err(reason) => return Ok(refused(&reason.to_string())),
        };
        let way = approval::way(&context).zip(self.callee.seal());
        // For one more call, once a person has answered.
        let again = Some(&arguments)
            .filter(|_| way.is_some())
            .filter(|arguments| arguments.len() <= approval::MAX_ARGUMENTS)
            .cloned();
        // Behind a pointer, so that a request needs no stack for what happens in a call.
        let result = Box::pin(self.followed(&name, arguments, approval, &context)).await?;
        let question = approval::pending(&result);
        let (Some((way, seal)), Some(question), Some(arguments)) = (way, question, again) else {
            return Ok(result.into());
        };
        let shown = match self.question(&question).await {
            Ok(shown) => shown,
            Err(reason) => return Ok(refused(&reason.to_string())),
        };
        if way == Way::Result {
            let state = seal.seal(&shown.id, SealedCall::new(&name, &arguments));
            return Ok(approval::question(&shown, state).into());
        }
        let answered = approval::ask(&context, &shown).await;
        let decided = match (answered, self.callee.approvals()) {
            (Ok(answer), Some(mut approvals)) => {
                approval::decide(&mut approvals, &shown.id, &name, &answer).await
            }
            (Err(reason), _) => Err(reason),
            (_, None) => Err(NoApproval("nobody can be asked here".to_owned())),
        };
        match decided {
            Ok(approval) => {
                let result = self.followed(&name, arguments, Some(approval), &context);
                Ok(Box::pin(result).await?.into())
            }
            Err(reason) => Ok(refused(&reason.to_string())),
        }
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        match request.method.as_str() {
            message::TOO_HEAVY => Err(ErrorData::invalid_params(message::too_heavy(), None)),
            method if is_gone(method, &context) => Err(misfit::no_method(method)),
            method => Err(
                match misfit::sentence(method, request.params.as_ref(), &self.tools()) {
                    Some(sentence) => ErrorData::invalid_params(sentence, None),
                    None => misfit::no_method(method),
                },
            ),
        }
    }

    /// Since 2026-07-28 a client asks to be told of changes.
    fn accepted_subscription_filter(&self, _: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(SubscriptionFilter::builder().tools_list_changed().build())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = Changes::new(&self.tools);
        let telling = async {
            while changes.next().await.is_some()
                && context.sink().notify_tool_list_changed().await.is_ok()
            {}
        };
        // Also in the middle of it: nobody says then that what was written has gone.
        tokio::select! {
            () = context.cancelled() => {}
            () = self.gone.cancelled() => {}
            () = telling => {}
        }
        Ok(())
    }

    /// Before that, every client was told.
    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        if self.told.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut changes = Changes::new(&self.tools);
        let peer = context.peer;
        tokio::spawn(async move {
            loop {
                match tokio::time::timeout(LOOK, changes.next()).await {
                    Ok(Some(())) if peer.notify_tool_list_changed().await.is_ok() => {}
                    Err(_) if !peer.is_transport_closed() => {}
                    _ => return,
                }
            }
        });
    }
}

/// Changes that a client hears of: a tool that was loaded is the same tool for it.
struct Changes {
    tools: watch::Receiver<Arc<ToolList>>,
    /// The list as the client knows it, or can.
    known: Arc<ToolList>,
}

impl Changes {
    fn new(tools: &watch::Receiver<Arc<ToolList>>) -> Self {
        let mut tools = tools.clone();
        let known = Arc::clone(&tools.borrow_and_update());
        Self { tools, known }
    }

    /// Waits for the next one. Returns nothing when there will be no more.
    async fn next(&mut self) -> Option<()> {
        loop {
            self.tools.changed().await.ok()?;
            let now = Arc::clone(&self.tools.borrow_and_update());
            let same = now.says_the_same_as(&self.known);
            self.known = now;
            if !same {
                return Some(());
            }
        }
    }
}
