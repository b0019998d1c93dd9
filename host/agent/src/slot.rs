//! The place of an agent in its host, whether it runs or not.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use cofferdam_capability::{Room, RoomBounds, RoomUse};
use cofferdam_store::{Desired, KnownAgent};
use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
use crate::deployment::stored;
use crate::life::{Life, Status};

/// The place of an agent. It stays the same from its creation to its removal.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) life: Arc<Life>,
    /// Held by the operation that changes the agent: one at a time.
    pub(crate) operation: tokio::sync::Mutex<()>,
    known: RwLock<KnownAgent>,
    agent: RwLock<Option<Arc<Agent>>>,
    /// Ends the preparation under way.
    preparing: Mutex<CancellationToken>,
    /// The Agentfile of which every start of the host makes it; none for another one.
    file: RwLock<Option<PathBuf>>,
    /// The sentence about its last failure, so that one is logged once.
    told: Mutex<Option<String>>,
}

/// One row of a listing.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The id, a UUID.
    pub id: String,
    /// The name.
    pub name: String,
    /// The model; empty for an agent that does not run.
    pub model: String,
    /// The state, and the sentence about a failure.
    pub status: Status,
    /// The operator's wish.
    pub desired: Desired,
    /// The names of its tools; empty for an agent that does not run.
    pub tools: Vec<String>,
    /// The reference of its image; empty for an agent that was made from a file.
    pub image: String,
    /// The digest of its image; empty for an agent that was made from a file.
    pub image_digest: String,
    /// The operator's choices, as JSON.
    pub deployment: String,
    /// The room of its files; nothing for an agent that does not run, or whose files are not
    /// counted yet.
    pub room: Option<RoomSummary>,
    /// The Agentfile of which every start of the host makes it; none for another one.
    pub file: Option<PathBuf>,
    /// Unix seconds.
    pub created_at: i64,
}

/// The room that the files of an agent take, and the most that they may take.
#[derive(Debug, Clone, Copy)]
pub struct RoomSummary {
    /// The room that they take.
    pub used: RoomUse,
    /// The most.
    pub bounds: RoomBounds,
}

/// The address of its own that an agent is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAddress {
    /// The id of the agent.
    pub id: String,
    /// The address.
    pub address: SocketAddr,
}

impl Slot {
    /// A place for an agent that does not run yet.
    pub(crate) fn new(known: KnownAgent, life: Arc<Life>) -> Arc<Self> {
        Arc::new(Self {
            life,
            operation: tokio::sync::Mutex::new(()),
            known: RwLock::new(known),
            agent: RwLock::default(),
            preparing: Mutex::default(),
            file: RwLock::default(),
            told: Mutex::default(),
        })
    }

    /// The agent as it is stored.
    pub(crate) fn known(&self) -> KnownAgent {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The address of its own that it is to have; most agents have none.
    pub(crate) fn own_address(&self) -> Option<OwnAddress> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        // All agents are asked whenever one changes, so most are not copied and not parsed.
        if !known.deployment.contains("\"addr\":\"") {
            return None;
        }
        Some(OwnAddress {
            id: known.id.clone(),
            address: stored(&known.deployment).ok()?.addr?,
        })
    }

    /// Keeps what was stored.
    pub(crate) fn set_known(&self, known: KnownAgent) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// The agent, if it runs.
    pub(crate) fn agent(&self) -> Option<Arc<Agent>> {
        self.agent
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Keeps another version of the agent, or none.
    pub(crate) fn set_agent(&self, agent: Option<Arc<Agent>>) {
        *self.agent.write().unwrap_or_else(PoisonError::into_inner) = agent;
    }

    /// Begins a preparation, and returns the token that ends it.
    pub(crate) fn begin_preparing(&self) -> CancellationToken {
        let token = CancellationToken::new();
        *self
            .preparing
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = token.clone();
        token
    }

    /// Ends the preparation under way, if there is one.
    pub(crate) fn interrupt(&self) {
        self.preparing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .cancel();
    }

    /// Keeps the Agentfile of which every start of the host makes the agent.
    pub(crate) fn set_file(&self, file: &Path) {
        let mut own = self.file.write().unwrap_or_else(PoisonError::into_inner);
        *own = Some(file.to_owned());
    }

    /// Keeps the sentence about a failure, and returns true if it is another one than before.
    pub(crate) fn is_news(&self, failure: &str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.replace(failure.to_owned()).as_deref() != Some(failure)
    }

    /// Forgets the last failure, and returns true if there was one.
    pub(crate) fn is_mended(&self) -> bool {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .is_some()
    }

    pub(crate) fn summary(&self) -> Summary {
        let KnownAgent {
            id,
            name,
            home: _,
            created_at,
            desired,
            state: _,
            failure: _,
            image,
            image_digest,
            deployment,
        } = self.known();
        let agent = self.agent();
        let tools = agent.iter().flat_map(|agent| {
            let tools = agent.toolbox().iter().map(|tool| tool.name().to_owned());
            tools.collect::<Vec<_>>()
        });
        Summary {
            id,
            name,
            model: agent
                .as_ref()
                .map(|agent| agent.model())
                .unwrap_or_default(),
            status: self.life.status(),
            desired,
            tools: tools.collect(),
            image,
            image_digest,
            deployment,
            room: agent.as_ref().and_then(|agent| room(agent.room())),
            file: self
                .file
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            created_at,
        }
    }
}

fn room(room: &Room) -> Option<RoomSummary> {
    let used = room.used();
    used.is_counted.then(|| RoomSummary {
        used,
        bounds: room.bounds(),
    })
}
