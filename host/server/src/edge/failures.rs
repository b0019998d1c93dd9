//! Wrong tokens, counted by the address that they came from.
//!
//! A right token is always taken at once, whatever else came from its address, so nobody is locked
//! out by the failures of another. The unix socket counts nothing.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::seldom::Seldom;

/// Wrong tokens from one address in a window that are answered at once: a person who copies one
/// makes fewer mistakes.
const FREE: u32 = 10;

/// The window.
const WINDOW: Duration = Duration::from_secs(60);

/// Time that the answer to each further one waits: guessing takes years then, also of a token that
/// an operator has chosen badly.
pub(crate) const DELAY: Duration = Duration::from_secs(1);

/// Answers that wait at once on one door. Each holds a stream of a connection.
const WAITING: usize = 64;

/// Addresses that are counted. The oldest count makes room.
const ADDRESSES: usize = 1_024;

/// The wrong tokens of one door.
#[derive(Debug)]
pub(crate) struct Failures {
    counts: Mutex<HashMap<IpAddr, Count>>,
    waiting: Arc<Semaphore>,
    log: Seldom,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    since: Instant,
    failures: u32,
}

/// The answer to a wrong token.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is told at once.
    AtOnce,
    /// It is told after [`DELAY`], in this place.
    Delayed(OwnedSemaphorePermit),
    /// It is told that there are too many.
    TooMany,
}

impl Failures {
    /// Nothing is counted yet.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            counts: Mutex::default(),
            waiting: Arc::new(Semaphore::new(WAITING)),
            log: Seldom::default(),
        })
    }

    /// Counts a wrong token from `address`.
    pub(crate) fn count(&self, address: IpAddr) -> Verdict {
        let failures = self.add(of_one_client(address), Instant::now());
        if failures <= FREE {
            return Verdict::AtOnce;
        }
        self.log.warn(|| {
            format!(
                "{failures} requests from {address} had a wrong token within a minute: each \
                 further one is answered after {} s",
                DELAY.as_secs()
            )
        });
        match Arc::clone(&self.waiting).try_acquire_owned() {
            Ok(place) => Verdict::Delayed(place),
            Err(_) => Verdict::TooMany,
        }
    }

    fn add(&self, client: IpAddr, now: Instant) -> u32 {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if !counts.contains_key(&client) && counts.len() >= ADDRESSES {
            counts.retain(|_, count| now.duration_since(count.since) < WINDOW);
            let oldest = counts.iter().min_by_key(|(_, count)| count.since);
            let oldest = oldest.map(|(address, _)| *address);
            if let Some(oldest) = oldest.filter(|_| counts.len() >= ADDRESSES) {
                counts.remove(&oldest);
            }
        }
        let new = Count {
            since: now,
            failures: 0,
        };
        let count = counts.entry(client).or_insert(new);
        if now.duration_since(count.since) >= WINDOW {
            *count = new;
        }
        count.failures = count.failures.saturating_add(1);
        count.failures
    }
}

/// The address that stands for one client: a client of IPv6 has a whole network of 64 bits.
fn of_one_client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_one_address_are_delayed_and_those_of_others_are_not() {
        let failures = Failures::new();
        let one = "192.0.2.1".parse().unwrap();
        for _ in 0..FREE {
            assert!(matches!(failures.count(one), Verdict::AtOnce));
        }
        let mut waiting: Vec<_> = (0..WAITING).map(|_| failures.count(one)).collect();
        assert!(waiting.iter().all(|it| matches!(it, Verdict::Delayed(_))));
        assert!(matches!(failures.count(one), Verdict::TooMany));
        assert!(matches!(
            failures.count("192.0.2.2".parse().unwrap()),
            Verdict::AtOnce
        ));
        waiting.pop();
        assert!(matches!(failures.count(one), Verdict::Delayed(_)));
    }

    #[test]
    fn a_network_of_one_client_is_one_address_and_counts_are_bounded() {
        let failures = Failures::new();
        let now = Instant::now();
        let address = |text: &str| of_one_client(text.parse().unwrap());
        assert_eq!(failures.add(address("2001:db8::1"), now), 1);
        assert_eq!(failures.add(address("2001:db8::ffff:2"), now), 2);
        assert_eq!(failures.add(address("2001:db8:0:1::1"), now), 1);
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
        assert_eq!(failures.add(address("2001:db8::3"), now + WINDOW), 1);
        for number in 0..2 * u32::try_from(ADDRESSES).unwrap() {
            failures.add(IpAddr::from(number.to_be_bytes()), now);
        }
        assert!(failures.counts.lock().unwrap().len() <= ADDRESSES);
    }
}
