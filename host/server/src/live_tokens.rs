//! The tokens that hold now, in memory, so that a request is identified without the database.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use cofferdam_capability::Digest;
use cofferdam_store::{SigningKey, StoredToken, TokenProof};
use tokio_util::sync::CancellationToken;

use crate::agent_jwt::{Claims, KeyError, Keys};
use crate::edge::budget::Budget;
use crate::edge::principal::{AgentToken, ClientToken, Principal, TokenLife};
use crate::now::unix_seconds;

/// Requests at once with one token, each until its answer is delivered: a quarter of the host's, so
/// that one client cannot keep the others out.
const REQUESTS: usize = 256;

/// The tokens that hold now.
#[derive(Debug, Default)]
pub(crate) struct LiveTokens(RwLock<State>);

#[derive(Debug, Default)]
struct State {
    /// By the digest of the token, as it is stored.
    clients: HashMap<String, Arc<ClientToken>>,
    /// By the id of the token.
    agents: HashMap<String, Arc<AgentToken>>,
    keys: Keys,
}

impl LiveTokens {
    /// The principal of a token, if it holds.
    pub(crate) fn identify(&self, token: &[u8]) -> Option<Principal> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        // The digest of a guess says nothing about a token, so the time of this look-up does not
        // either.
        let found = match state.clients.get(&Digest::of(token).to_string()) {
            Some(token) => Principal::Client(Arc::clone(token)),
            None => {
                let Claims { jti, .. } = state.keys.prove(token)?;
                Principal::Agent(Arc::clone(state.agents.get(&jti)?))
            }
        };
        let is_live =
            |life: &TokenLife| life.left(unix_seconds()).is_some() && !life.revoked.is_cancelled();
        found.life().is_some_and(is_live).then_some(found)
    }

    /// Takes in a token that holds.
    pub(crate) fn add(&self, token: &StoredToken) {
        let StoredToken {
            id,
            name,
            proof,
            agent_id,
            scopes,
            links,
            capabilities: _,
            created_at: _,
            expires_at,
            revoked_at: _,
        } = token;
        let life = TokenLife {
            name: name.clone(),
            expires_at: *expires_at,
            revoked: CancellationToken::new(),
            requests: Budget::new(REQUESTS),
        };
        let agent = agent_id.as_deref().map(Arc::from);
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let now = unix_seconds();
        state.clients.retain(|_, it| it.life.left(now).is_some());
        state.agents.retain(|_, it| it.life.left(now).is_some());
        match (proof, agent) {
            (TokenProof::Digest(digest), agent) => {
                // A scope of a later version gives nothing here.
                let scopes = scopes.iter().filter_map(|scope| scope.parse().ok());
                let scopes = scopes.collect();
                let token = Arc::new(ClientToken {
                    life,
                    scopes,
                    agent,
                });
                state.clients.insert(digest.clone(), token);
            }
            (TokenProof::Signature { .. }, Some(agent)) => {
                let links = links.iter().map(|link| Arc::from(link.as_str())).collect();
                let token = Arc::new(AgentToken { life, agent, links });
                state.agents.insert(id.clone(), token);
            }
            // Nobody makes such a row; it proves nothing.
            (TokenProof::Signature { .. }, None) => {}
        }
    }

    /// Ends a token, with the requests that are under way with it.
    pub(crate) fn end(&self, token: &StoredToken) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let life = match &token.proof {
            TokenProof::Digest(digest) => {
                let ended = state.clients.remove(digest);
                ended.map(|token| token.life.revoked.clone())
            }
            TokenProof::Signature { .. } => {
                let ended = state.agents.remove(&token.id);
                ended.map(|token| token.life.revoked.clone())
            }
        };
        if let Some(revoked) = life {
            revoked.cancel();
        }
    }

    /// Takes in a key, which signs from now on.
    pub(crate) fn add_key(&self, key: &SigningKey) -> Result<(), KeyError> {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.keys.add(key)
    }

    /// The id of the key that signs; none before the first.
    pub(crate) fn key_id(&self) -> Option<String> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        state.keys.newest().map(str::to_owned)
    }

    /// Signs claims with the newest key; nothing without a key.
    pub(crate) fn sign(&self, claims: &Claims) -> Option<Result<String, KeyError>> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        state.keys.sign(claims)
    }
}
