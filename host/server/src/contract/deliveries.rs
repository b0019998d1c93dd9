//! Requests that come a second time.
//!
//! A caller that got no answer sends its request again, under the same name. For a tool that only
//! computes or reads this is a new call. A tool that writes or reaches out runs once: the second
//! request gets the result of the first, and waits for it if it is not there yet. A failure that
//! may be retried is forgotten, because its caller means to try again.
//!
//! Nothing of this outlives the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cofferdam_capability::Digest;
use tokio::sync::watch;

use super::response::Ended;

/// Time for which a result is remembered: callers that send again do it within seconds or minutes.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Results that are remembered at once. Beyond them the oldest is forgotten.
const MOST: usize = 1_024;

/// Bytes of their texts (32 MiB).
const MOST_BYTES: usize = 32 << 20;

/// A request by its name, for the agent and the caller that it belongs to: no caller gets what
/// another one asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct DeliveryKey {
    pub(super) caller: String,
    pub(super) agent: String,
    pub(super) request_id: String,
}

/// The requests of which this host knows.
#[derive(Debug, Default)]
pub(crate) struct Deliveries(Mutex<HashMap<DeliveryKey, Entry>>);

#[derive(Debug)]
struct Entry {
    /// The tool and the input.
    content: Digest,
    result: watch::Receiver<Option<Arc<Ended>>>,
    since: Instant,
}

/// A request, as it is to be answered.
#[derive(Debug)]
pub(super) enum Delivery {
    /// It came for the first time.
    First(Running),
    /// It ended already.
    Again(Arc<Ended>),
    /// Another request had its name.
    NameTaken,
}

/// A request under way. Dropped without an end, it is forgotten.
#[derive(Debug)]
pub(super) struct Running {
    deliveries: Arc<Deliveries>,
    key: DeliveryKey,
    sender: watch::Sender<Option<Arc<Ended>>>,
    is_kept: bool,
}

impl DeliveryKey {
    /// A text that stands for the request toward other servers, and tells them nothing of it.
    pub(super) fn digest(&self) -> String {
        let Self {
            caller,
            agent,
            request_id,
        } = self;
        Digest::of(format!("{caller}\0{agent}\0{request_id}").as_bytes()).hex()
    }
}

impl Deliveries {
    /// Begins a request with this content, unless it ended already. One that is under way is waited
    /// for.
    pub(super) async fn begin(self: &Arc<Self>, key: DeliveryKey, content: Digest) -> Delivery {
        loop {
            let mut result = match self.enter(&key, content) {
                Entered::Begun(sender) => {
                    return Delivery::First(Running {
                        deliveries: Arc::clone(self),
                        key,
                        sender,
                        is_kept: false,
                    });
                }
                Entered::NameTaken => return Delivery::NameTaken,
                Entered::Known(result) => result,
            };
            if let Ok(ended) = result.wait_for(Option::is_some).await
                && let Some(ended) = ended.as_ref()
            {
                return Delivery::Again(Arc::clone(ended));
            }
            // It was given up, or may be tried again: this is the first one then.
        }
    }

    fn enter(&self, key: &DeliveryKey, content: Digest) -> Entered {
        let mut entries = self.entries();
        let now = Instant::now();
        entries.retain(|_, entry| entry.is_running() || now - entry.since < REMEMBERED);
        match entries.get(key) {
            Some(entry) if entry.content != content => return Entered::NameTaken,
            Some(entry) => return Entered::Known(entry.result.clone()),
            None => {}
        }
        let (sender, result) = watch::channel(None);
        let entry = Entry {
            content,
            result,
            since: now,
        };
        entries.insert(key.clone(), entry);
        Entered::Begun(sender)
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<DeliveryKey, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the oldest results until the rest is within the bounds.
    fn shrink(entries: &mut HashMap<DeliveryKey, Entry>) {
        let mut ended: Vec<_> = entries
            .iter()
            .filter(|(_, entry)| !entry.is_running())
            .map(|(key, entry)| (entry.since, entry.size(), key.clone()))
            .collect();
        ended.sort_by_key(|(since, ..)| *since);
        let mut bytes: usize = ended.iter().map(|(_, size, _)| size).sum();
        let mut count = ended.len();
        for (_, size, key) in ended {
            if count <= MOST && bytes <= MOST_BYTES {
                return;
            }
            entries.remove(&key);
            count -= 1;
            bytes -= size;
        }
    }
}

enum Entered {
    Begun(watch::Sender<Option<Arc<Ended>>>),
    Known(watch::Receiver<Option<Arc<Ended>>>),
    NameTaken,
}

impl Entry {
    fn is_running(&self) -> bool {
        self.result.borrow().is_none()
    }

    fn size(&self) -> usize {
        self.result
            .borrow()
            .as_ref()
            .map_or(0, |ended| ended.size())
    }
}

impl Running {
    /// Keeps the result for those that ask again, unless it may be retried.
    pub(super) fn end(mut self, ended: &Ended) {
        if !ended.is_final() {
            return;
        }
        self.is_kept = true;
        self.sender.send_replace(Some(Arc::new(ended.clone())));
        let mut entries = self.deliveries.entries();
        if let Some(entry) = entries.get_mut(&self.key) {
            entry.since = Instant::now();
        }
        Deliveries::shrink(&mut entries);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_kept {
            self.deliveries.entries().remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::code::Code;
    use super::super::failure::Failure;
    use super::*;

    fn key(caller: &str) -> DeliveryKey {
        DeliveryKey {
            caller: caller.to_owned(),
            agent: "a".to_owned(),
            request_id: "r".to_owned(),
        }
    }

    fn ended(text: &str) -> Ended {
        Ended {
            result: Ok(text.to_owned()),
            duration_ms: 1,
            retries: 0,
        }
    }

    async fn first(deliveries: &Arc<Deliveries>, caller: &str) -> Running {
        match deliveries.begin(key(caller), Digest::of(b"x")).await {
            Delivery::First(running) => running,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_request_runs_once_and_its_result_is_for_its_caller_alone() {
        let deliveries = Arc::new(Deliveries::default());
        let running = first(&deliveries, "one").await;
        let waiting = tokio::spawn({
            let deliveries = Arc::clone(&deliveries);
            async move { deliveries.begin(key("one"), Digest::of(b"x")).await }
        });
        tokio::task::yield_now().await;
        running.end(&ended("done"));
        for delivery in [
            waiting.await.unwrap(),
            deliveries.begin(key("one"), Digest::of(b"x")).await,
        ] {
            let Delivery::Again(again) = delivery else {
                panic!("{delivery:?}");
            };
            assert_eq!(*again, ended("done"));
        }
        let other = deliveries.begin(key("one"), Digest::of(b"y")).await;
        assert!(matches!(other, Delivery::NameTaken));
        drop(first(&deliveries, "two").await);
    }

    #[tokio::test]
    async fn what_was_given_up_or_may_be_retried_runs_again() {
        let deliveries = Arc::new(Deliveries::default());
        drop(first(&deliveries, "one").await);
        let failure = Failure::new(Code::Timeout, "late");
        first(&deliveries, "one")
            .await
            .end(&Ended::refused(failure.clone()));
        let running = first(&deliveries, "one").await;
        running.end(&Ended::refused(failure.permanent()));
        let again = deliveries.begin(key("one"), Digest::of(b"x")).await;
        assert!(matches!(again, Delivery::Again(_)));
    }

    #[tokio::test]
    async fn the_oldest_results_are_forgotten() {
        let deliveries = Arc::new(Deliveries::default());
        for number in 0..=MOST {
            first(&deliveries, &number.to_string())
                .await
                .end(&ended("x"));
        }
        assert_eq!(deliveries.entries().len(), MOST);
        first(&deliveries, "0")
            .await
            .end(&ended(&"x".repeat(MOST_BYTES)));
        first(&deliveries, "last").await.end(&ended("x"));
        assert!(deliveries.entries().len() <= MOST);
        let bytes: usize = deliveries.entries().values().map(Entry::size).sum();
        assert!(bytes <= MOST_BYTES, "{bytes}");
    }
}
