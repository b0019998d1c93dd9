//! One agent, ready to work.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use cofferdam_call::{Descriptor, Input, Principal, Progress, TraceId};
use cofferdam_capability::Room;
use cofferdam_model::{ModelHandle, ModelName, Sampling};
use cofferdam_store::{AgentLog, Store, StoreError};
use cofferdam_tool::{
    Answer, AttemptWishes, ExplainError, Explanation, Origin, Request, Runner, Toolbox, explain,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::approvals::Approvals;
use crate::documents;
use crate::error::AgentError;
use crate::life::Life;
use crate::logs;
use crate::notes::{Notes, NotesSection};
use crate::room::Files;
use crate::totals::TurnTotals;
use crate::turn_limits::TurnSettings;
use crate::workspace::Workspace;

/// An agent: a model, its tools and its tree, under an id that never changes and a name that people
/// use.
pub struct Agent {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) model_name: ModelName,
    pub(crate) model: ModelHandle,
    pub(crate) sampling: Sampling,
    pub(crate) toolbox: Arc<Toolbox>,
    pub(crate) system_prompt: String,
    pub(crate) notes: Notes,
    pub(crate) notes_section: NotesSection,
    pub(crate) workspace: Workspace,
    pub(crate) files: Arc<Files>,
    pub(crate) runner: Arc<Runner>,
    pub(crate) store: Store,
    pub(crate) log: AgentLog,
    pub(crate) life: Arc<Life>,
    pub(crate) turns: TurnSettings,
    pub(crate) approvals: Approvals,
    pub(crate) totals: Arc<TurnTotals>,
}

/// A call of one of an agent's tools by somebody who is not its model.
#[derive(Debug)]
pub struct AgentCall {
    /// The name of the tool.
    pub tool: String,
    /// The input, JSON text.
    pub input: String,
    /// The approval that the call brings, if a person has given it one.
    pub approval: Option<String>,
    /// The party that makes it.
    pub principal: Principal,
    /// The wishes of the caller about attempts.
    pub attempts: AttemptWishes,
    /// The trace that the caller has named.
    pub trace: Option<TraceId>,
    /// Stays open until the call ends, and hears what the tool tells.
    pub progress: mpsc::Sender<Progress>,
    /// Ends the call early.
    pub cancel: CancellationToken,
}

impl Agent {
    /// The id, a UUID.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The model, as the Agentfile names it.
    pub fn model(&self) -> String {
        self.model_name.to_string()
    }

    /// Its tools.
    pub fn toolbox(&self) -> &Toolbox {
        &self.toolbox
    }

    /// Its notes.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// The system prompt of a turn that begins now: the documents, and pinned notes where its
    /// settings say so.
    pub(crate) async fn prompt(&self) -> Result<String, StoreError> {
        let documents = &self.system_prompt;
        let notes = match self.notes_section {
            NotesSection::Off => String::new(),
            NotesSection::Above | NotesSection::Below => self.notes.section().await?,
        };
        let parts = match self.notes_section {
            NotesSection::Above => [notes.as_str(), documents],
            NotesSection::Off | NotesSection::Below => [documents, notes.as_str()],
        };
        Ok(documents::joined(parts))
    }

    /// Calls one of its tools for somebody who is not its model: the same door, grant and queue.
    /// Nothing of it is kept.
    pub async fn call(&self, call: AgentCall) -> Answer {
        let AgentCall {
            tool,
            input,
            approval,
            principal,
            attempts,
            trace,
            progress,
            cancel,
        } = call;
        let _running = self.life.begin_call(&cancel);
        let begun = Instant::now();
        let request = Request {
            toolbox: Arc::clone(&self.toolbox),
            tool: tool.clone(),
            input: Input::Json(input),
            attempts,
            origin: Origin::agent(&self.name, principal).in_trace(trace),
            approval,
            progress: Some(progress),
            cancel,
        };
        let answer = self.answer(request).await;
        logs::called(&self.log, None, &tool, &answer, begun.elapsed());
        answer
    }

    /// Says what the policy says of a call of its model, without making it.
    pub fn explain(
        &self,
        tool: &str,
        input: Option<String>,
        session: &str,
    ) -> Result<Explanation, ExplainError> {
        let origin = Origin::session(&self.name, session);
        explain(&self.runner, &self.toolbox, tool, origin, input)
    }

    /// Runs a call of one of its tools, with its files counted before and after.
    pub(crate) async fn answer(&self, request: Request) -> Answer {
        self.files.ready().await;
        // Behind a pointer, so that the types of turns do not hold those of the engine.
        let answer: Pin<Box<dyn Future<Output = Answer> + Send + '_>> =
            Box::pin(self.runner.answer(request));
        let answer = answer.await;
        self.files.settle();
        answer
    }

    /// Puts a file into `/workspace`, whole or not at all, in place of one of that name, if there
    /// is room for it.
    pub async fn copy_in(&self, name: &str, bytes: &[u8]) -> Result<(), AgentError> {
        self.files.ready().await;
        self.workspace.copy_in(name, bytes, self.files.room())
    }

    /// The room of its files: what they take, and the most that they may take.
    pub fn room(&self) -> &Room {
        self.files.room()
    }

    /// The tools as a model is told of them.
    pub(crate) fn descriptors(&self) -> Vec<Descriptor> {
        self.toolbox
            .iter()
            .map(|tool| tool.descriptor().clone())
            .collect()
    }
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
