//! Lines on their way to the thread that writes them.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of lines that wait at most (4 MiB): some ten thousand lines, a second of a busy host.
const MAX_WAITING: usize = 4 << 20;

/// The longest time for which the end of a host waits for its last lines.
const LAST: Duration = Duration::from_secs(1);

/// Something to write.
#[derive(Debug)]
pub(super) enum Item {
    Line {
        agent: Arc<str>,
        line: String,
    },
    /// Lines of this agent that found no room before this place.
    Lost {
        agent: Arc<str>,
        lines: u64,
    },
    Remove(Arc<str>),
    /// Removes every log but those of these agents.
    Keep(Vec<Arc<str>>),
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    items: Vec<Item>,
    /// Bytes of their lines.
    bytes: usize,
    /// Lines that found no room, by agent.
    lost: BTreeMap<Arc<str>, u64>,
    is_writing: bool,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an item. A line that finds no room is counted instead.
    pub(super) fn push(&self, item: Item) {
        let mut state = self.state();
        if let Item::Line { agent, line } = &item {
            if state.bytes + line.len() > MAX_WAITING {
                let lost = state.lost.entry(Arc::clone(agent)).or_default();
                *lost = lost.saturating_add(1);
                return;
            }
            state.bytes += line.len();
        }
        state.items.push(item);
        self.changed.notify_all();
    }

    /// Waits for items and takes them all; the thread that takes them lasts as long as the process.
    pub(super) fn take(&self) -> Vec<Item> {
        let mut state = self.state();
        while state.items.is_empty() {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.is_writing = true;
        state.bytes = 0;
        let mut items = std::mem::take(&mut state.items);
        let lost = std::mem::take(&mut state.lost);
        items.extend(
            lost.into_iter()
                .map(|(agent, lines)| Item::Lost { agent, lines }),
        );
        items
    }

    /// Everything that was taken is written.
    pub(super) fn written(&self) {
        self.state().is_writing = false;
        self.changed.notify_all();
    }

    /// Waits until everything so far is written, at most [`LAST`].
    pub(super) fn finish(&self) {
        let until = Instant::now() + LAST;
        let mut state = self.state();
        while state.is_writing || !state.items.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            let (next, timeout) = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() {
                return;
            }
            state = next;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn lines_beyond_the_room_are_counted() {
        let queue = Queue::default();
        let agent: Arc<str> = "a".into();
        let push = |size: usize| {
            let agent = Arc::clone(&agent);
            let line = "x".repeat(size);
            queue.push(Item::Line { agent, line });
        };
        push(MAX_WAITING - 1);
        push(2);
        push(1);
        push(1);
        queue.push(Item::Remove("b".into()));
        let items = queue.take();
        match items.as_slice() {
            [
                Item::Line { .. },
                Item::Line { .. },
                Item::Remove(_),
                Item::Lost { lines: 2, .. },
            ] => {}
            other => panic!("{} items", other.len()),
        }
        // There is room again.
        push(MAX_WAITING);
        assert_eq!(queue.take().len(), 1);
    }
}
