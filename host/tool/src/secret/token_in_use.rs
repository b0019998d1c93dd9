//! The token of one call, and another one where its server refuses it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cofferdam_capability::{Grant, Scope, SecretName, TokenUrl};
use cofferdam_sandbox::{Allowance, Engine, HeaderSecret, Renewal, Renewing};
use zeroize::Zeroizing;

use super::error::SecretError;
use super::exchange::{Exchange, ExchangeError};
use super::tokens::{Taken, TokenKey, Tokens};
use super::value::SecretValue;
use crate::redact::{Known, Redactor, TooMany};

/// A token that a call asks for.
pub(super) struct AskedToken<'a> {
    /// The agent's name; empty where there is none.
    pub(super) agent: &'a str,
    pub(super) engine: &'a Arc<Engine>,
    pub(super) redactor: &'a Arc<Redactor>,
    pub(super) grant: &'a Grant,
    pub(super) allowance: &'a Allowance,
    /// The secret that it is exchanged for.
    pub(super) name: &'a SecretName,
    pub(super) credentials: &'a SecretValue,
    pub(super) token_url: &'a TokenUrl,
    pub(super) scopes: &'a [Scope],
}

/// A token that one call uses. It owns what an exchange takes, because its server may refuse it
/// while the tool runs.
pub(super) struct TokenInUse {
    tokens: Arc<Tokens>,
    key: TokenKey,
    engine: Arc<Engine>,
    redactor: Arc<Redactor>,
    grant: Grant,
    allowance: Allowance,
    name: SecretName,
    credentials: SecretValue,
    token_url: TokenUrl,
    scopes: Vec<Scope>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The token that was taken last.
    value: Option<SecretValue>,
    /// `host:port` of the servers that gave one for this call.
    contacted: Vec<String>,
}

/// The reason why there is no token.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoToken {
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Unknown(#[from] TooMany),
}

impl NoToken {
    /// Returns true if there may be one later.
    pub(super) fn is_retryable(&self) -> bool {
        match self {
            Self::Exchange(error) => error.retryable,
            Self::Secret(_) | Self::Unknown(_) => false,
        }
    }
}

impl TokenInUse {
    /// Prepares a token for a call, and takes none yet.
    pub(super) fn new(tokens: &Arc<Tokens>, asked: AskedToken<'_>) -> Result<Self, SecretError> {
        let AskedToken {
            agent,
            engine,
            redactor,
            grant,
            allowance,
            name,
            credentials,
            token_url,
            scopes,
        } = asked;
        let client = credentials.pair(name)?;
        let scope: Vec<_> = scopes.iter().map(Scope::as_str).collect();
        let key = TokenKey {
            agent: agent.to_owned(),
            url: token_url.as_str().to_owned(),
            client: String::from_utf8_lossy(client.name).into_owned(),
            scope: scope.join(" "),
        };
        Ok(Self {
            tokens: Arc::clone(tokens),
            key,
            engine: Arc::clone(engine),
            redactor: Arc::clone(redactor),
            grant: grant.clone(),
            allowance: allowance.clone(),
            name: name.clone(),
            credentials: credentials.clone(),
            token_url: token_url.clone(),
            scopes: scopes.to_vec(),
            state: Mutex::default(),
        })
    }

    /// The value of the header, with the token that is kept or a new one. It is looked for in
    /// outputs before anybody can send it back.
    pub(super) async fn take(&self) -> Result<Zeroizing<Vec<u8>>, NoToken> {
        let exchange = Exchange {
            engine: &self.engine,
            grant: &self.grant,
            allowance: &self.allowance,
            name: &self.name,
            client: self.credentials.pair(&self.name)?,
            url: &self.token_url,
            scopes: &self.scopes,
        };
        let exchange = exchange.run();
        let taken = self.tokens.take(&self.key, &self.credentials, exchange);
        let Taken { value, contacted } = taken.await?;
        self.redactor.learn(vec![Known {
            source: format!("token/{:?}", self.key),
            mark: self.name.clone(),
            value: Zeroizing::new(value.bytes().to_vec()),
        }])?;
        let header = Zeroizing::new([b"Bearer ", value.bytes()].concat());
        let mut state = self.state();
        state.value = Some(value);
        state.contacted.extend(contacted);
        Ok(header)
    }

    /// Forgets the token that was taken last, because its server took it for invalid.
    pub(super) fn evict(&self) {
        if let Some(value) = &self.state().value {
            self.tokens.evict(&self.key, value);
        }
    }

    /// `host:port` of the servers that gave a token for this call.
    pub(super) fn contacted(&self) -> Vec<String> {
        self.state().contacted.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Renewal for TokenInUse {
    fn renew(&self) -> Renewing<'_> {
        Box::pin(async {
            self.evict();
            match self.take().await {
                Ok(header) => HeaderSecret::new(&header),
                Err(error) => {
                    tracing::warn!(
                        tool = self.grant.tool(),
                        "the secret `{}` was refused, and there is no other token: {error}",
                        self.name
                    );
                    None
                }
            }
        })
    }
}

impl fmt::Debug for TokenInUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenInUse")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
