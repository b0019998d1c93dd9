//! A call that somebody asks for.

use std::sync::Arc;

use cofferdam_call::{Input, Progress};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::attempts::AttemptWishes;
use crate::origin::Origin;
use crate::toolbox::Toolbox;

/// A call that somebody asks for, before anything is decided about it.
#[derive(Debug)]
pub struct Request {
    /// The tools of the agent: the one that is called, and those that it may call.
    pub toolbox: Arc<Toolbox>,
    /// The name of the tool.
    pub tool: String,
    /// The input of the tool.
    pub input: Input,
    /// The wishes of its caller about attempts.
    pub attempts: AttemptWishes,
    /// The agent and the session that it is made for.
    pub origin: Origin,
    /// The approval that the call brings, if a person has given it one.
    pub approval: Option<String>,
    /// Hears how far the call has come. What does not fit is lost, and does not keep the tool
    /// waiting.
    pub progress: Option<mpsc::Sender<Progress>>,
    /// Ends the call early.
    pub cancel: CancellationToken,
}
