//! The server's answers, the same for every transport.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cofferdam_tool::{MAX_PROGRESS, Runner};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CustomRequest,
    CustomResult, ErrorCode, ErrorData, Implementation, ListToolsResult, PaginatedRequestParams,
    ServerCapabilities, ServerConfig, SubscriptionFilter, Tool,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::call::Callee;
use super::message;
use super::progress_notifier::ProgressNotifier;
use super::tool_list::ToolList;

/// Calls of all clients that run or wait. Each holds its arguments; the sandbox lets a few of them
/// run at once.
const MAX_CALLS: usize = 256;

/// Time that calls have to end once they are cancelled: a guest is stopped within milliseconds.
const DRAIN: Duration = Duration::from_secs(5);

/// Interval at which the server checks that a client that waits for news of the tools is still
/// there.
const LOOK: Duration = Duration::from_secs(60);

/// The server for one client. Clones share everything but what was said to their client.
#[derive(Debug, Clone)]
pub struct McpServer {
    tools: watch::Receiver<Arc<ToolList>>,
    callee: Callee,
    places: Arc<Semaphore>,
    running: TaskTracker,
    /// True once this client is told when tools change.
    told: Arc<AtomicBool>,
    /// Cancelled once the client's input has closed. Subscriptions end; running calls finish.
    gone: CancellationToken,
}

impl McpServer {
    /// The server of tools that this process runs, and that may change, for its first client.
    pub fn of_runner(tools: watch::Receiver<Arc<ToolList>>, runner: Arc<Runner>) -> Self {
        Self::new(tools, Callee::Runner(runner))
    }

    pub(crate) fn new(tools: watch::Receiver<Arc<ToolList>>, callee: Callee) -> Self {
        let places = Arc::new(Semaphore::new(MAX_CALLS));
        let told = Arc::default();
        let gone = CancellationToken::new();
        Self {
            tools,
            callee,
            places,
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
}

impl ServerHandler for McpServer {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(
                Implementation::new("cofferdam", env!("CARGO_PKG_VERSION")).with_title("Cofferdam"),
            )
            .with_instructions(
                "Every tool runs in a sandbox of its own, with a limit on everything. A result \
                 that is an error says which limit was met and what to do.",
            )
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(
            self.tools().tools().cloned().collect(),
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
        let tools = self.tools();
        let Some(entry) = tools.get(&request.name) else {
            let sentence = format!(
                "there is no tool `{}`; the tools are: {}",
                request.name,
                tools.names()
            );
            return Err(ErrorData::invalid_params(sentence, None));
        };
        let Ok(_place) = self.places.try_acquire() else {
            let sentence = format!(
                "execution error: {MAX_CALLS} calls wait already: try again when one has ended"
            );
            return Ok(CallToolResult::error(vec![ContentBlock::text(sentence)]).into());
        };
        let progress = ProgressNotifier::new(&context.peer, context.meta.get_progress_token());
        let (told, tells) = mpsc::channel(MAX_PROGRESS);
        let call = self.callee.call(
            &tools,
            entry,
            request.arguments.unwrap_or_default(),
            told,
            &context.ct,
        );
        Ok(progress.follow(&request.name, call, tells).await.into())
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        match request.method.as_str() {
            message::TOO_HEAVY => Err(ErrorData::invalid_params(message::too_heavy(), None)),
            _ => Err(ErrorData::new(
                ErrorCode::METHOD_NOT_FOUND,
                request.method,
                None,
            )),
        }
    }

    /// Since 2026-07-28 a client asks to be told of changes.
    fn accepted_subscription_filter(&self, _: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(SubscriptionFilter::builder().tools_list_changed().build())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut tools = self.tools.clone();
        let telling = async {
            while tools.changed().await.is_ok()
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
        let mut tools = self.tools.clone();
        let peer = context.peer;
        tokio::spawn(async move {
            loop {
                match tokio::time::timeout(LOOK, tools.changed()).await {
                    Ok(Ok(())) if peer.notify_tool_list_changed().await.is_ok() => {}
                    Err(_) if !peer.is_transport_closed() => {}
                    _ => return,
                }
            }
        });
    }
}
