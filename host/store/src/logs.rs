//! A log for each agent: its turns, its tool calls and what becomes of it, in `logs/<id>.log`.
//!
//! One thread writes all of them, so that no disk holds up who serves others. Lines wait for it in
//! a bounded queue; those that find it full are counted, and the count is written when there is
//! room.

mod files;
mod line;
mod queue;

use std::io;
use std::sync::Arc;
use std::thread;

use cap_std::fs::Dir;

use self::files::Files;
pub use self::line::LogEvent;
use self::line::line;
use self::queue::{Item, Queue};

/// The logs of a host. Clones are the same logs.
#[derive(Debug, Clone)]
pub struct Logs(Arc<Queue>);

/// The log of one agent.
#[derive(Debug, Clone)]
pub struct AgentLog {
    agent: Arc<str>,
    queue: Arc<Queue>,
}

impl Logs {
    /// Writes to this directory from now on.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn open(directory: Dir) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let taken = Arc::clone(&queue);
        let mut files = Files::new(directory);
        thread::Builder::new()
            .name("agent-logs".to_owned())
            .spawn(move || {
                loop {
                    files.write(taken.take());
                    taken.written();
                }
            })?;
        Ok(Self(queue))
    }

    /// The log of an agent.
    pub fn of(&self, agent: &str) -> AgentLog {
        AgentLog {
            agent: agent.into(),
            queue: Arc::clone(&self.0),
        }
    }

    /// Removes the log of an agent that is no more, after the lines that came before.
    pub fn remove(&self, agent: &str) {
        self.0.push(Item::Remove(agent.into()));
    }

    /// Removes the logs of agents that are not among these: a host that was killed may have left
    /// them.
    pub fn keep(&self, agents: &[&str]) {
        let agents = agents.iter().map(|agent| (*agent).into()).collect();
        self.0.push(Item::Keep(agents));
    }

    /// Waits until the lines so far are written, but not for ever.
    pub fn finish(&self) {
        self.0.finish();
    }
}

impl AgentLog {
    /// Adds a line. It never waits.
    pub fn write(&self, event: &LogEvent<'_>) {
        let agent = Arc::clone(&self.agent);
        let line = line(event);
        self.queue.push(Item::Line { agent, line });
    }
}
