//! A gRPC client on the unix socket of a host, generated from the `.proto` files. It runs on one
//! thread, so that a measurement has no hand-over between threads of its own.

use std::time::{Duration, Instant};

use cofferdam_proto::agent::agent_runtime_client::AgentRuntimeClient;
use cofferdam_proto::agent::{ChatStreamRequest, ListSessionMessagesRequest};
use cofferdam_proto::host::call_tool_response::Event;
use cofferdam_proto::host::import_session_request::Item;
use cofferdam_proto::host::sessions_client::SessionsClient;
use cofferdam_proto::host::tools_client::ToolsClient;
use cofferdam_proto::host::{
    CallToolRequest, ImportSessionRequest, ImportedMessage, ImportedSession,
};
use tokio::runtime::{Builder, Runtime};
use tonic::codegen::tokio_stream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::support::Host;

/// Names the agent of a request.
const AGENT_KEY: &str = "cofferdam-agent";

/// A thread's connections to a host.
pub(crate) struct Client {
    runtime: Runtime,
    channel: Channel,
}

/// The moments of a turn.
pub(crate) struct Turn {
    /// Time from the request to the end of the stream.
    pub(crate) took: Duration,
    /// The arrival of the first piece of text.
    pub(crate) first_text: Option<Instant>,
    /// Results of tools that came.
    pub(crate) results: usize,
}

impl Client {
    pub(crate) fn connect(host: &Host<'_>) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let channel = runtime.block_on(connection(&host.address));
        Self { runtime, channel }
    }

    /// Runs this to its end on the thread of the client.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// One turn of a session, with its events read to the end.
    pub(crate) fn turn(&self, agent: &str, session: &str) -> Turn {
        let turn = turn(self.channel.clone(), agent, session);
        self.runtime.block_on(turn).expect("the turn ends")
    }

    /// The time of one call of a tool.
    pub(crate) fn call(&self, agent: &str, tool: &str, input: &str) -> Duration {
        let request = CallToolRequest {
            name: tool.to_owned(),
            input: input.to_owned(),
            approval: String::new(),
        };
        let mut tools = ToolsClient::new(self.channel.clone());
        self.runtime.block_on(async {
            let began = Instant::now();
            let answer = tools.call_tool(of(agent, request)).await;
            let mut events = answer.expect("the host answers").into_inner();
            let mut result = None;
            while let Some(event) = events.message().await.expect("the host answers") {
                if let Some(Event::Result(ended)) = event.event {
                    result = Some(ended);
                }
            }
            let took = began.elapsed();
            let result = result.expect("a result comes");
            assert!(!result.failed, "{}", result.content);
            took
        })
    }

    /// Gives the agent a session of so many messages, prompts and answers in turn.
    pub(crate) fn import(&self, agent: &str, session: &str, messages: usize) {
        let head = Item::Session(ImportedSession {
            session_id: session.to_owned(),
            title: String::new(),
        });
        let message = |number: usize| {
            let is_prompt = number.is_multiple_of(2);
            let prompt = format!("prompt number {number}");
            let answer = format!(r#"[{{"kind":"text","text":"answer {number}"}}]"#);
            Item::Message(ImportedMessage {
                role: if is_prompt { "user" } else { "assistant" }.to_owned(),
                content: if is_prompt { prompt } else { answer },
                created_at: i64::try_from(number).expect("small"),
                state: "complete".to_owned(),
                last: true,
                ..ImportedMessage::default()
            })
        };
        let items: Vec<_> = std::iter::once(head)
            .chain((0..messages).map(message))
            .map(|item| ImportSessionRequest { item: Some(item) })
            .collect();
        let mut sessions = SessionsClient::new(self.channel.clone());
        let request = of(agent, tokio_stream::iter(items));
        let answer = self.runtime.block_on(sessions.import_session(request));
        let stored = answer.expect("the host stores it").into_inner().messages;
        assert_eq!(usize::try_from(stored), Ok(messages));
    }

    /// The time in which the newest messages of a session are listed.
    pub(crate) fn messages(&self, agent: &str, session: &str, limit: i32) -> Duration {
        let request = ListSessionMessagesRequest {
            session_id: session.to_owned(),
            limit,
        };
        let mut sessions = AgentRuntimeClient::new(self.channel.clone());
        self.runtime.block_on(async {
            let began = Instant::now();
            let answer = sessions.list_session_messages(of(agent, request)).await;
            let took = began.elapsed();
            let messages = answer.expect("the host answers").into_inner().messages;
            assert_eq!(i32::try_from(messages.len()), Ok(limit));
            took
        })
    }
}

/// A connection to this address.
pub(crate) async fn connection(address: &str) -> Channel {
    let endpoint = Endpoint::from_shared(address.to_owned()).expect("an address");
    endpoint.connect().await.expect("the host takes clients")
}

/// One turn of a session, with its events read to the end.
pub(crate) async fn turn(channel: Channel, agent: &str, session: &str) -> Result<Turn, Status> {
    let request = ChatStreamRequest {
        session_id: session.to_owned(),
        prompt: "go".to_owned(),
        regenerate: false,
    };
    let mut runtime = AgentRuntimeClient::new(channel);
    let began = Instant::now();
    let mut events = runtime.chat_stream(of(agent, request)).await?.into_inner();
    let mut first_text = None;
    let mut results = 0;
    let mut ended = false;
    while let Some(event) = events.message().await? {
        match event.r#type.as_str() {
            "text.delta" => first_text = first_text.or_else(|| Some(Instant::now())),
            "tool.result" => results += 1,
            "message.create" => ended = true,
            _ => {}
        }
    }
    assert!(ended, "the stream ended without its last event");
    Ok(Turn {
        took: began.elapsed(),
        first_text,
        results,
    })
}

/// A request to this agent.
fn of<T>(agent: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let agent = agent.parse().expect("a name is ASCII");
    request.metadata_mut().insert(AGENT_KEY, agent);
    request
}
