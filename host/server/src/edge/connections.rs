//! The connections of one door: a bounded number, of which idle ones make room for new ones.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::seldom::Seldom;
use super::watch::Watch;

/// Connections at once through one door. Each client keeps one or a few open. A host keeps a
/// descriptor for each.
pub const MOST: usize = 128;

/// Time from connecting to the first request that may be made. Clients that mean it take
/// milliseconds.
pub(crate) const PROOF: Duration = Duration::from_secs(10);

/// Time in which a client must take a piece of an answer that waits for it. One that takes none for
/// so long is gone.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The connections of one door.
#[derive(Debug)]
pub(crate) struct Connections {
    door: String,
    open: Mutex<Open>,
    /// Told when a connection ends.
    left: Notify,
    full: Seldom,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    entries: BTreeMap<u64, Arc<Connection>>,
}

/// The place of one connection; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct ConnectionPlace {
    connections: Arc<Connections>,
    number: u64,
    connection: Arc<Connection>,
}

/// The host's record of one connection.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The address of the client; none on the unix socket.
    peer: Option<IpAddr>,
    since: Instant,
    /// Set by the first request that may be made.
    proven: AtomicBool,
    /// Requests whose answers are not delivered yet.
    requests: AtomicUsize,
    /// Milliseconds after `since` at which the last request ended.
    last_used: AtomicU64,
    /// Cancelled when this connection is to make room for another one.
    leave: CancellationToken,
    deliveries: Mutex<Vec<Weak<Watch>>>,
}

/// A request under way; ended when it is dropped.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Connection>);

impl Connections {
    /// Room for the connections of the door of this name.
    pub(crate) fn new(door: String) -> Arc<Self> {
        Arc::new(Self {
            door,
            open: Mutex::default(),
            left: Notify::new(),
            full: Seldom::default(),
        })
    }

    /// The name of the door, for people.
    pub(crate) fn door(&self) -> &str {
        &self.door
    }

    /// Waits for a place for a connection from `peer`. Where there is none, the oldest connection
    /// without a permitted request makes room, else the one that has been idle for longest; if
    /// every connection has a request under way, the new one waits for an end.
    pub(crate) async fn place(self: &Arc<Self>, peer: Option<IpAddr>) -> ConnectionPlace {
        loop {
            // Before the look, so that no end in between is missed.
            let left = self.left.notified();
            if let Some(place) = self.try_place(peer) {
                return place;
            }
            self.make_room();
            left.await;
        }
    }

    fn try_place(self: &Arc<Self>, peer: Option<IpAddr>) -> Option<ConnectionPlace> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.entries.len() >= MOST {
            return None;
        }
        let number = open.next;
        open.next = number.wrapping_add(1);
        let connection = Arc::new(Connection::new(peer));
        open.entries.insert(number, Arc::clone(&connection));
        Some(ConnectionPlace {
            connections: Arc::clone(self),
            number,
            connection,
        })
    }

    /// Asks one connection to make room, unless one that was asked is still on its way.
    pub(crate) fn make_room(&self) {
        let (victim, count) = {
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            if open
                .entries
                .values()
                .any(|connection| connection.leave.is_cancelled())
            {
                return;
            }
            let silent = open
                .entries
                .values()
                .find(|connection| !connection.is_proven());
            let idle = || {
                open.entries
                    .values()
                    .filter(|connection| connection.is_idle())
                    .min_by_key(|it| it.last_use())
            };
            (silent.or_else(idle).cloned(), open.entries.len())
        };
        let door = &self.door;
        match victim {
            Some(victim) => {
                victim.leave.cancel();
                self.full.warn(|| {
                    format!("{count} connections on {door}: an idle one is closed for a new one")
                });
            }
            None => self
                .full
                .warn(|| format!("{count} connections on {door} are all in use: a new one waits")),
        }
    }
}

impl ConnectionPlace {
    /// The connection that has it.
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.connections
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entries
            .remove(&self.number);
        self.connections.left.notify_waiters();
    }
}

impl Connection {
    fn new(peer: Option<IpAddr>) -> Self {
        Self {
            peer,
            since: Instant::now(),
            proven: AtomicBool::new(false),
            requests: AtomicUsize::new(0),
            last_used: AtomicU64::new(0),
            leave: CancellationToken::new(),
            deliveries: Mutex::default(),
        }
    }

    /// The address of the client; none on the unix socket.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// Starts a request that may be made.
    pub(crate) fn begin(self: &Arc<Self>) -> InFlight {
        self.proven.store(true, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }

    /// Watches an answer until it is dropped.
    pub(crate) fn watch(&self) -> Arc<Watch> {
        let watch = Arc::new(Watch::default());
        let mut deliveries = self
            .deliveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        deliveries.retain(|watch| watch.strong_count() > 0);
        deliveries.push(Arc::downgrade(&watch));
        watch
    }

    /// Ends when this connection is to make room for another one.
    pub(crate) async fn asked_to_leave(&self) {
        self.leave.cancelled().await;
    }

    /// Returns true after the first permitted request.
    pub(crate) fn is_proven(&self) -> bool {
        self.proven.load(Ordering::Relaxed)
    }

    /// Returns true while no request is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.requests.load(Ordering::Relaxed) == 0
    }

    /// Waits until the time for a first request is over, and returns the reason for which this
    /// connection is to be closed then.
    pub(crate) async fn unproven(&self) -> String {
        tokio::time::sleep_until((self.since + PROOF).into()).await;
        no_proof()
    }

    /// Returns the reason for which this connection is to be closed, if there is one.
    pub(crate) fn overdue(&self) -> Option<String> {
        if !self.is_proven() && self.since.elapsed() >= PROOF {
            return Some(no_proof());
        }
        let deliveries = self
            .deliveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let stalled = deliveries
            .iter()
            .filter_map(Weak::upgrade)
            .any(|watch| watch.waits() >= PATIENCE);
        stalled.then(|| format!("it took nothing of an answer for {} s", PATIENCE.as_secs()))
    }

    fn last_use(&self) -> Instant {
        self.since + Duration::from_millis(self.last_used.load(Ordering::Relaxed))
    }
}

fn no_proof() -> String {
    format!("it made no permitted request within {} s", PROOF.as_secs())
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let now = u64::try_from(self.0.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last_used.store(now, Ordering::Relaxed);
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> (Arc<Connections>, Vec<ConnectionPlace>) {
        let connections = Connections::new("a door".to_owned());
        let places = (0..MOST)
            .map(|_| connections.try_place(None).unwrap())
            .collect();
        (connections, places)
    }

    #[test]
    fn the_oldest_silent_connection_makes_room() {
        let (connections, places) = full();
        assert!(connections.try_place(None).is_none());
        let _request = places[0].connection.begin();
        connections.make_room();
        connections.make_room();
        let asked: Vec<_> = places
            .iter()
            .map(|place| place.connection.leave.is_cancelled())
            .collect();
        assert_eq!(asked.iter().position(|asked| *asked), Some(1));
        assert_eq!(asked.iter().filter(|asked| **asked).count(), 1);
    }

    #[test]
    fn an_idle_connection_makes_room_and_one_in_use_does_not() {
        let (connections, mut places) = full();
        let mut requests: Vec<_> = places
            .iter()
            .map(|place| place.connection.begin())
            .collect();
        connections.make_room();
        assert!(
            places
                .iter()
                .all(|place| !place.connection.leave.is_cancelled())
        );
        requests.remove(7);
        connections.make_room();
        assert!(places[7].connection.leave.is_cancelled());
        places.remove(7);
        assert!(connections.try_place(None).is_some());
    }
}
