//! Share of the host's resources that the clients of one door may hold.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The part of the host's that clients over TCP may hold together. The rest is left to the unix
/// socket, whose clients are the operator's own commands.
const TCP_SHARE: (usize, usize) = (3, 4);

/// A number of things, of which each request takes some until its answer is delivered.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    most: usize,
    all: Arc<Semaphore>,
    /// The share of one door; none for a door that may take all of them.
    share: Option<Arc<Semaphore>>,
}

/// Things that were taken; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    all: OwnedSemaphorePermit,
    share: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// So many of them.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            all: Arc::new(Semaphore::new(most)),
            share: None,
        }
    }

    /// The same things, of which clients over TCP may take a share together.
    pub(crate) fn for_tcp(&self) -> Self {
        let share = Arc::new(Semaphore::new(self.most * TCP_SHARE.0 / TCP_SHARE.1));
        Self {
            most: self.most,
            all: Arc::clone(&self.all),
            share: Some(share),
        }
    }

    /// Takes some at once, or none.
    pub(crate) fn take(&self, count: usize) -> Option<Taken> {
        let count = u32::try_from(count).ok()?;
        let take = |from: &Arc<Semaphore>| Arc::clone(from).try_acquire_many_owned(count).ok();
        let share = match &self.share {
            Some(share) => Some(take(share)?),
            None => None,
        };
        Some(Taken {
            all: take(&self.all)?,
            share,
        })
    }
}

impl Taken {
    /// Keeps what another one has taken of the same budget, too.
    pub(crate) fn merge(&mut self, other: Self) {
        self.all.merge(other.all);
        if let (Some(share), Some(other)) = (&mut self.share, other.share) {
            share.merge(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_over_tcp_leave_a_part_to_the_socket() {
        let socket = Budget::new(8);
        let tcp = socket.for_tcp();
        assert!(tcp.take(7).is_none());
        let mut taken = tcp.take(4).unwrap();
        taken.merge(tcp.take(2).unwrap());
        assert!(tcp.take(1).is_none());
        let rest = socket.take(2).unwrap();
        assert!(socket.take(1).is_none());
        drop((taken, rest));
        assert!(socket.take(8).is_some());
        assert!(socket.take(usize::MAX).is_none());
    }
}
