//! Agents' own addresses: TCP on loopback, where older clients dial one agent and send no token.
//!
//! The deployment of an agent has its address. It is compared with what is open whenever an agent
//! has come, changed or gone, so an address is there again after a restart.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cofferdam_agent::{Agents, OwnAddress, own_addresses};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::edge::accept::{Listener, accept};
use crate::edge::connections::Connections;
use crate::edge::credentials::Identification;
use crate::edge::listen;
use crate::error::ServerError;
use crate::grpc::connection::Stack;
use crate::runtime_door_error::RuntimeDoorError;

/// Addresses of agents on one host. Each is a descriptor for as long as its agent exists.
const MOST: usize = 64;

/// Interval at which an address that could not be listened on is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// The addresses of the agents of a host.
#[derive(Debug)]
pub(crate) struct RuntimeDoors {
    state: Mutex<State>,
    /// The connections to all of them.
    connections: Arc<Connections>,
}

#[derive(Debug, Default)]
struct State {
    /// By the id of the agent.
    doors: HashMap<String, Door>,
    /// Listeners for agents that are being created.
    reserved: HashMap<SocketAddr, TcpListener>,
}

/// The address of one agent.
#[derive(Debug)]
struct Door {
    address: SocketAddr,
    /// Cancelled when it closes; none while it could not be opened.
    open: Option<CancellationToken>,
    /// The reason why it is not open; empty if it is.
    problem: String,
}

impl RuntimeDoors {
    /// None is open.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            connections: Connections::new("agents' own addresses".to_owned()),
        })
    }

    /// Listens on the address of an agent that is about to be created, so that a client hears at
    /// once of one that cannot be had. An agent that `replaces` another may have that one's.
    pub(crate) async fn reserve(
        &self,
        address: SocketAddr,
        replaces: bool,
    ) -> Result<(), RuntimeDoorError> {
        {
            let state = self.lock();
            let is_open = state.doors.values().any(|door| door.address == address);
            if is_open && replaces {
                return Ok(());
            }
            if is_open || state.reserved.contains_key(&address) {
                return Err(RuntimeDoorError::Taken(address));
            }
            if state.doors.len() + state.reserved.len() >= MOST {
                return Err(RuntimeDoorError::TooMany(MOST));
            }
        }
        let listener = listen::tcp(address, None).await;
        let listener = listener.map_err(RuntimeDoorError::Listen)?;
        self.lock().reserved.insert(address, listener);
        Ok(())
    }

    /// Gives up an address whose agent has not been created after all.
    pub(crate) fn give_up(&self, address: SocketAddr) {
        self.lock().reserved.remove(&address);
    }

    /// The reason why the host does not listen on the address of the agent with this id; empty if
    /// it does.
    pub(crate) fn problem(&self, id: &str) -> String {
        let state = self.lock();
        let door = state.doors.get(id);
        door.map(|door| door.problem.clone()).unwrap_or_default()
    }

    /// Keeps the addresses as the agents are to have them, until `closing` says so and their
    /// connections have ended.
    pub(crate) async fn keep(
        self: Arc<Self>,
        agents: Arc<Agents>,
        stack: Stack,
        closing: CancellationToken,
    ) {
        let tasks = TaskTracker::new();
        let mut changes = agents.changes();
        loop {
            let wanted = own_addresses(&agents);
            let failed = self.compare(&wanted, &stack, &closing, &tasks).await;
            let changed = changes.changed();
            tokio::select! {
                changed = changed => if changed.is_err() { break },
                () = tokio::time::sleep(RETRY), if failed => {}
                () = closing.cancelled() => break,
            }
        }
        closing.cancelled().await;
        tasks.close();
        tasks.wait().await;
    }

    /// Closes what no agent has any more, and opens what one has to have. Returns true if one could
    /// not be opened.
    async fn compare(
        &self,
        wanted: &[OwnAddress],
        stack: &Stack,
        closing: &CancellationToken,
        tasks: &TaskTracker,
    ) -> bool {
        let wanted: HashMap<_, _> = wanted
            .iter()
            .map(|OwnAddress { id, address }| (id.as_str(), *address))
            .take(MOST)
            .collect();
        self.lock().doors.retain(|id, door| {
            let stays = wanted.get(id.as_str()) == Some(&door.address);
            if !stays && let Some(open) = &door.open {
                open.cancel();
            }
            stays
        });
        let mut failed = false;
        for (id, address) in wanted {
            let reserved = {
                let mut state = self.lock();
                if state.doors.get(id).is_some_and(|door| door.open.is_some()) {
                    continue;
                }
                state.reserved.remove(&address)
            };
            let listener = match reserved {
                Some(listener) => Ok(listener),
                None => listen::tcp(address, None).await,
            };
            let opened = listener.map(|listener| {
                let open = closing.child_token();
                let door = stack.door(Identification::Dialed(Arc::from(id)), None);
                let connections = Arc::clone(&self.connections);
                let own = open.clone();
                tasks.spawn(async move {
                    let serve =
                        |socket, place| Arc::clone(&door).connection(socket, place, own.clone());
                    accept(connections, Listener::Tcp(listener), &own, serve).await;
                });
                open
            });
            failed |= opened.is_err();
            self.opened(id, address, opened);
        }
        failed
    }

    fn opened(
        &self,
        id: &str,
        address: SocketAddr,
        opened: Result<CancellationToken, ServerError>,
    ) {
        let problem = opened.as_ref().err().map(ToString::to_string);
        let problem = problem.unwrap_or_default();
        let door = Door {
            address,
            open: opened.ok(),
            problem: problem.clone(),
        };
        let before = self.lock().doors.insert(id.to_owned(), door);
        let told = before.map(|door| door.problem).unwrap_or_default();
        if !problem.is_empty() && problem != told {
            tracing::warn!(agent = id, "its own address cannot be opened: {problem}");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
