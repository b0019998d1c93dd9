//! The parts that the agents of a host are made with.

use std::path::PathBuf;
use std::sync::Arc;

use cap_std::fs::Dir;
use cofferdam_image::Images;
use cofferdam_model::Credentials;
use cofferdam_tool::Runner;

use crate::decisions::{Accepted, Decisions, Withheld};
use crate::starter::OnReady;
use crate::totals::TurnTotals;

/// The configuration from which the agents of a host are made.
pub struct AgentsConfig {
    /// The data directory.
    pub data: Dir,
    /// Its path, for messages and for the database.
    pub path: PathBuf,
    /// API keys of model providers. No tool ever sees one.
    pub credentials: Credentials,
    /// Runs the tools.
    pub runner: Arc<Runner>,
    /// Tool images on this machine and in registries.
    pub images: Arc<Images>,
    /// The operator's decisions, by agent and tool.
    pub decisions: Decisions,
    /// Tools that their agents do not get.
    pub withheld: Withheld,
    /// Components that the operator accepts although they ask for more than those in use.
    pub accepted: Vec<Accepted>,
    /// Agents that there may be.
    pub most: usize,
    /// Sums over the turns of all agents.
    pub totals: Arc<TurnTotals>,
    /// Hears of each agent that is ready, before it takes turns.
    pub on_ready: OnReady,
}
