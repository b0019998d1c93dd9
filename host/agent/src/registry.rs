//! The places of all agents, and how one is found.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::error::AgentError;
use crate::slot::Slot;

/// The shortest beginning of an id that names an agent. `ps` shows eight characters.
const MIN_PREFIX: usize = 4;

/// Names in a message that says which agents there are.
const MAX_NAMES: usize = 20;

/// The places of all agents, by name.
#[derive(Debug)]
pub(crate) struct Registry {
    slots: RwLock<BTreeMap<String, Arc<Slot>>>,
    /// Names of agents that are about to come.
    reserved: Mutex<HashSet<String>>,
    most: usize,
}

/// A name that nobody else gets; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Reservation<'a> {
    registry: &'a Registry,
    name: String,
}

impl Registry {
    /// Room for so many agents.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            slots: RwLock::default(),
            reserved: Mutex::default(),
            most,
        }
    }

    /// Reserves the name of a new agent. Of two who ask for one name, one gets it.
    pub(crate) fn reserve(&self, name: &str) -> Result<Reservation<'_>, AgentError> {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        if slots.contains_key(name) || reserved.contains(name) {
            return Err(AgentError::Taken {
                name: name.to_owned(),
            });
        }
        if slots.len() + reserved.len() >= self.most {
            return Err(AgentError::TooMany { most: self.most });
        }
        reserved.insert(name.to_owned());
        Ok(Reservation {
            registry: self,
            name: name.to_owned(),
        })
    }

    /// Keeps a place under the name of its agent.
    pub(crate) fn insert(&self, slot: Arc<Slot>) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.insert(slot.known().name, slot);
    }

    /// Forgets a place.
    pub(crate) fn remove(&self, name: &str) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.remove(name);
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Slot>> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.values().cloned().collect()
    }

    /// The place of the agent of this name.
    pub(crate) fn named(&self, name: &str) -> Option<Arc<Slot>> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.get(name).cloned()
    }

    /// The place of the agent with this name, this id, or an id that begins so; the only one, when
    /// nothing is asked for.
    pub(crate) fn find(&self, asked: Option<&str>) -> Result<Arc<Slot>, AgentError> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let known = || list(slots.keys());
        let Some(asked) = asked else {
            return only(slots.values())
                .cloned()
                .ok_or_else(|| AgentError::Ambiguous { known: known() });
        };
        if let Some(slot) = slots.get(asked) {
            return Ok(Arc::clone(slot));
        }
        let begins =
            |slot: &&Arc<Slot>| asked.len() >= MIN_PREFIX && slot.known().id.starts_with(asked);
        let found: Vec<_> = slots.values().filter(begins).collect();
        match found.as_slice() {
            [] => Err(AgentError::Unknown {
                asked: asked.to_owned(),
                known: known(),
            }),
            [slot] => Ok(Arc::clone(slot)),
            several => {
                let name = |slot: &&Arc<Slot>| {
                    let known = slot.known();
                    format!("{} ({})", known.name, known.id)
                };
                let several: Vec<_> = several.iter().map(name).collect();
                Err(AgentError::Several {
                    asked: asked.to_owned(),
                    known: list(several.iter()),
                })
            }
        }
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut reserved = self
            .registry
            .reserved
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        reserved.remove(&self.name);
    }
}

/// Names for a message.
fn list<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let more = names.len().saturating_sub(MAX_NAMES);
    let mut shown: Vec<_> = names.take(MAX_NAMES).cloned().collect();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown.join(", ")
}

/// Returns the only item, if there is just one.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    items.next().filter(|_| items.next().is_none())
}

#[cfg(test)]
mod tests {
    use cofferdam_store::{Desired, KnownAgent, State};
    use tokio::sync::watch;

    use super::*;
    use crate::life::{Life, Status};

    fn registry(agents: &[(&str, &str)]) -> Registry {
        let registry = Registry::new(agents.len() + 1);
        for (name, id) in agents {
            let known = KnownAgent {
                id: (*id).to_owned(),
                name: (*name).to_owned(),
                home: String::new(),
                created_at: 0,
                desired: Desired::Running,
                state: State::Ready,
                failure: String::new(),
                image: String::new(),
                image_digest: String::new(),
                deployment: "{}".to_owned(),
            };
            let life = Life::new(Status::of(State::Ready), watch::Sender::new(()));
            registry.insert(Slot::new(known, life));
        }
        registry
    }

    #[test]
    fn an_agent_is_found_by_name_id_and_unique_prefix() {
        let registry = registry(&[("a", "1234-a"), ("b", "1234-b"), ("1234-b", "5678")]);
        let found = |asked: &str| registry.find(Some(asked)).map(|slot| slot.known().id);
        assert_eq!(found("a").unwrap(), "1234-a");
        assert_eq!(found("1234-a").unwrap(), "1234-a");
        // A name comes before an id.
        assert_eq!(found("1234-b").unwrap(), "5678");
        assert_eq!(found("5678").unwrap(), "5678");
        assert!(matches!(found("1234"), Err(AgentError::Several { .. })));
        assert!(matches!(found("123"), Err(AgentError::Unknown { .. })));
        assert!(matches!(
            registry.find(None),
            Err(AgentError::Ambiguous { .. })
        ));
    }

    #[test]
    fn one_name_is_given_once_and_a_full_host_takes_no_more() {
        let registry = registry(&[("a", "1234")]);
        assert!(matches!(
            registry.reserve("a"),
            Err(AgentError::Taken { .. })
        ));
        let one = registry.reserve("b").unwrap();
        assert!(matches!(
            registry.reserve("b"),
            Err(AgentError::Taken { .. })
        ));
        assert!(matches!(
            registry.reserve("c"),
            Err(AgentError::TooMany { most: 2 })
        ));
        drop(one);
        assert!(registry.reserve("c").is_ok());
    }
}
