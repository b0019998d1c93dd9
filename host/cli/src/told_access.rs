//! The access of agents as the operator was told it, so that only what has changed is told again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use cofferdam_agent::Agent;

use crate::config::Config;
use crate::console;
use crate::offers::{AccessNote, access_of};

/// Agents whose access is kept: as many as a host may have. Beyond, the next one is told anew.
const MOST: usize = 10_000;

/// The access that was told last, by the id of the agent.
#[derive(Debug, Default)]
pub(crate) struct ToldAccess(Mutex<BTreeMap<String, Vec<AccessNote>>>);

impl ToldAccess {
    /// Tells what each tool of an agent gets and does not get, as far as it was not told so before.
    pub(crate) fn tell(&self, agent: &Agent, config: &Config) {
        let notes = access_of(agent, config);
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= MOST && !told.contains_key(agent.id()) {
            told.clear();
        }
        let before = told.insert(agent.id().to_owned(), notes.clone());
        let before = before.unwrap_or_default();
        for note in notes.iter().filter(|note| !before.contains(note)) {
            note.lines.iter().for_each(|line| console::notes(line));
            let AccessNote { tool, withheld, .. } = note;
            for withheld in withheld {
                tracing::info!(agent = agent.name(), tool, "{withheld}");
            }
        }
        // A tool that is gone has no note that says so.
        for gone in before.iter().filter(|old| {
            let mut tools = notes.iter().map(|note| &note.tool);
            !tools.any(|tool| *tool == old.tool)
        }) {
            console::note(&format!("agent {}: {} is gone", agent.name(), gone.tool));
        }
    }
}
