//! Tokens that secrets were exchanged for, until they end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::exchange::{ExchangeError, IssuedToken};
use super::value::SecretValue;

/// Tokens that are kept. One more takes the place of one that nobody waits for.
const MAX_TOKENS: usize = 256;

/// The use of a token: another agent, server, client or scope has another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TokenKey {
    pub(super) agent: String,
    pub(super) url: String,
    pub(super) client: String,
    pub(super) scope: String,
}

/// Tokens by their use.
#[derive(Default)]
pub(super) struct Tokens {
    kept: Mutex<BTreeMap<TokenKey, Arc<Place>>>,
}

/// The place of one token. Whoever holds it locked makes the exchange; others wait for it.
#[derive(Default)]
struct Place(tokio::sync::Mutex<Option<Token>>);

struct Token {
    value: SecretValue,
    /// The credentials that it was given for: with others, it is of no use any more.
    credentials: SecretValue,
    until: Instant,
}

/// A token for a call.
pub(super) struct Taken {
    pub(super) value: SecretValue,
    /// `host:port` of the server, if it was asked now.
    pub(super) contacted: Vec<String>,
}

impl Tokens {
    /// The token that is kept, or a new one. Of those who need one at the same time, one makes the
    /// exchange.
    pub(super) async fn take(
        &self,
        key: &TokenKey,
        credentials: &SecretValue,
        exchange: impl Future<Output = Result<IssuedToken, ExchangeError>>,
    ) -> Result<Taken, ExchangeError> {
        let place = self.place(key);
        let mut kept = place.0.lock().await;
        if let Some(token) = &*kept
            && token.credentials == *credentials
            && token.until > Instant::now()
        {
            return Ok(Taken {
                value: token.value.clone(),
                contacted: Vec::new(),
            });
        }
        *kept = None;
        let IssuedToken {
            value,
            lifetime,
            contacted,
        } = exchange.await?;
        *kept = Some(Token {
            value: value.clone(),
            credentials: credentials.clone(),
            until: Instant::now() + lifetime,
        });
        Ok(Taken { value, contacted })
    }

    /// Forgets a token that a server took for invalid, unless there is another one already or one
    /// is on its way.
    pub(super) fn evict(&self, key: &TokenKey, value: &SecretValue) {
        let place = self.place(key);
        let Ok(mut kept) = place.0.try_lock() else {
            return;
        };
        if kept.as_ref().is_some_and(|token| token.value == *value) {
            *kept = None;
        }
    }

    fn place(&self, key: &TokenKey) -> Arc<Place> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_TOKENS && !kept.contains_key(key) {
            // One that somebody uses now has a second owner.
            let idle = kept.iter().find(|(_, place)| Arc::strong_count(place) == 1);
            if let Some(idle) = idle.map(|(key, _)| key.clone()) {
                kept.remove(&idle);
            }
        }
        Arc::clone(kept.entry(key.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use zeroize::Zeroizing;

    use super::*;

    fn value(text: &str) -> SecretValue {
        let bytes = Zeroizing::new(text.as_bytes().to_vec());
        SecretValue::new(&"token".parse().unwrap(), bytes).unwrap()
    }

    fn key(agent: &str, scope: &str) -> TokenKey {
        TokenKey {
            agent: agent.to_owned(),
            url: "https://a.test/".to_owned(),
            client: "id".to_owned(),
            scope: scope.to_owned(),
        }
    }

    /// A server that counts how often it is asked.
    struct Server(AtomicUsize);

    impl Server {
        async fn give(&self) -> Result<IssuedToken, ExchangeError> {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            // Others come meanwhile.
            tokio::task::yield_now().await;
            Ok(IssuedToken {
                value: value(&format!("token-{number:04}")),
                lifetime: Duration::from_secs(60),
                contacted: Vec::new(),
            })
        }
    }

    #[tokio::test]
    async fn those_who_need_a_token_at_once_share_one_exchange() {
        let tokens = Tokens::default();
        let server = Server(AtomicUsize::new(0));
        let first = key("a", "");
        let credentials = value("id:secret");
        let take = || tokens.take(&first, &credentials, server.give());
        let (one, other) = tokio::join!(take(), take());
        assert!(one.is_ok_and(|one| other.is_ok_and(|other| one.value == other.value)));
        assert_eq!(server.0.load(Ordering::Relaxed), 1);
        // Another agent and another scope have tokens of their own, and so has another secret.
        let mut asked = 1;
        for (key, secret) in [
            (key("b", ""), "id:secret"),
            (key("a", "read"), "id:secret"),
            (key("a", ""), "id:rotated"),
        ] {
            let taken = tokens.take(&key, &value(secret), server.give()).await;
            asked += 1;
            assert!(taken.is_ok());
            assert_eq!(server.0.load(Ordering::Relaxed), asked, "{key:?}");
        }
    }

    #[tokio::test]
    async fn a_token_that_was_refused_is_evicted_once() {
        let tokens = Tokens::default();
        let server = Server(AtomicUsize::new(0));
        let key = key("a", "");
        let credentials = value("id:secret");
        let Ok(old) = tokens.take(&key, &credentials, server.give()).await else {
            panic!("a token");
        };
        tokens.evict(&key, &old.value);
        let Ok(new) = tokens.take(&key, &credentials, server.give()).await else {
            panic!("a token");
        };
        assert!(new.value != old.value);
        // A second call that was refused with the old one.
        tokens.evict(&key, &old.value);
        let Ok(kept) = tokens.take(&key, &credentials, server.give()).await else {
            panic!("a token");
        };
        assert!(kept.value == new.value);
        assert_eq!(server.0.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn there_are_never_more_tokens_than_are_kept() {
        let tokens = Tokens::default();
        let server = Server(AtomicUsize::new(0));
        for number in 0..MAX_TOKENS + 20 {
            let key = key(&number.to_string(), "");
            let taken = tokens.take(&key, &value("id:secret"), server.give()).await;
            assert!(taken.is_ok());
        }
        assert_eq!(tokens.kept.lock().unwrap().len(), MAX_TOKENS);
    }
}
