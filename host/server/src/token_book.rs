//! The tokens of a host: made, listed, revoked.

use std::sync::Arc;

use cofferdam_agent::{AgentError, Agents, Summary};
use cofferdam_capability::Digest;
use cofferdam_store::{SigningKey, StoreError, StoredToken, TokenProof, TokenTable};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::agent_jwt::{Claims, KEY_BYTES, KeyError};
use crate::live_tokens::LiveTokens;
use crate::now::unix_seconds;
use crate::scope::{Scope, ScopeError};

/// Tokens of one host, ended ones included: far more than an operator looks after.
const MOST: usize = 1_024;

/// The longest name of a token, in bytes.
const MAX_NAME: usize = 64;

/// The time that a token holds where nobody says otherwise, in seconds: 90 days.
const LIFETIME: u64 = 90 * DAY;

/// The longest time that a token may hold, in days: ten years, as openotters gives its agents.
const MAX_DAYS: u64 = 3_650;

const DAY: u64 = 86_400;

/// The time that a token is listed after its end, in seconds: 30 days.
const REMEMBERED: i64 = 30 * 86_400;

/// Links of one agent's token, and its capabilities: with them it fits into a header.
const MAX_LINKS: usize = 32;
const MAX_CAPABILITIES: usize = 32;

/// The first characters of every client's token, by which scanners of leaked secrets find it.
const PREFIX: &str = "cft_";

/// Random bytes of a client's token: nobody guesses 256 bits.
const RANDOM: usize = 32;

/// The tokens of a host, stored and live.
#[derive(Debug)]
pub(crate) struct TokenBook {
    agents: Arc<Agents>,
    live: Arc<LiveTokens>,
    /// Held by a change: what is stored and what is live do not differ.
    change: tokio::sync::Mutex<()>,
}

/// A wish for a client's token.
#[derive(Debug)]
pub(crate) struct NewClientToken {
    pub(crate) name: String,
    /// Empty for every agent.
    pub(crate) agent: String,
    pub(crate) scopes: Vec<String>,
    /// Seconds; 0 for [`LIFETIME`].
    pub(crate) lifetime: u64,
}

/// A wish for an agent's token.
#[derive(Debug)]
pub(crate) struct NewAgentToken {
    pub(crate) name: String,
    pub(crate) agent: String,
    pub(crate) links: Vec<String>,
    pub(crate) capabilities: Vec<String>,
    /// Seconds; 0 for [`LIFETIME`].
    pub(crate) lifetime: u64,
}

/// A token that was made. Its secret is told once.
pub(crate) struct MadeToken {
    pub(crate) secret: Zeroizing<String>,
    pub(crate) token: StoredToken,
}

/// The result of a rotation.
#[derive(Debug)]
pub(crate) struct Rotation {
    pub(crate) key_id: String,
    /// Tokens that were revoked.
    pub(crate) revoked: usize,
}

/// A token that is not made or revoked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenBookError {
    /// The name is malformed.
    #[error(
        "`{0}` cannot be the name of a token: expected 1 to {MAX_NAME} of a-z, 0-9, `.`, `_` and \
         `-`"
    )]
    Name(String),
    /// A scope does not exist.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// There is no scope.
    #[error("a token without a scope permits nothing: give it chat, read, write or tools")]
    NoScope,
    /// The time is too long.
    #[error("a token expires within {MAX_DAYS} days: {0} s is longer")]
    Lifetime(u64),
    /// A capability is malformed.
    #[error("`{0}` is no name of a capability: expected 1 to {MAX_NAME} of a-z, 0-9, `_` and `-`")]
    Capability(String),
    /// It has too many links or capabilities.
    #[error("a token has at most {most} {noun}")]
    Many {
        /// The noun.
        noun: &'static str,
        /// The most.
        most: usize,
    },
    /// An agent that is not there, or not named.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// No agent is named.
    #[error("name the agent that the token is for")]
    NoAgent,
    /// A token of this name holds.
    #[error("there is a token `{0}`: revoke it, or choose another name")]
    Taken(String),
    /// No token has this name.
    #[error("there is no token `{0}`")]
    Unknown(String),
    /// There are too many.
    #[error("there are {MOST} tokens, the most a host keeps: revoked ones go after 30 days")]
    Full,
    /// A key of the database is damaged.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(#[from] rustix::io::Errno),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TokenBook {
    /// Reads the tokens that hold.
    pub(crate) async fn open(agents: Arc<Agents>) -> Result<Self, TokenBookError> {
        let book = Self {
            agents,
            live: Arc::default(),
            change: tokio::sync::Mutex::default(),
        };
        let table = book.table();
        table.forget(unix_seconds() - REMEMBERED).await?;
        for key in table.keys().await? {
            book.live.add_key(&key)?;
        }
        let all = table.all().await?;
        all.iter()
            .filter(|token| status(token) == TokenStatus::Active)
            .for_each(|token| book.live.add(token));
        Ok(book)
    }

    /// The tokens that hold, for those who identify requests.
    pub(crate) fn live(&self) -> Arc<LiveTokens> {
        Arc::clone(&self.live)
    }

    /// Makes a token for a client.
    pub(crate) async fn create(&self, new: NewClientToken) -> Result<MadeToken, TokenBookError> {
        let NewClientToken {
            name,
            agent,
            scopes,
            lifetime,
        } = new;
        let _change = self.change.lock().await;
        let mut known = Vec::new();
        for scope in &scopes {
            let scope: Scope = scope.parse()?;
            if !known.contains(&scope) {
                known.push(scope);
            }
        }
        if known.is_empty() {
            return Err(TokenBookError::NoScope);
        }
        let agent_id = match agent.as_str() {
            "" => None,
            agent => Some(self.agent(agent)?.id),
        };
        let secret = secret()?;
        let token = StoredToken {
            proof: TokenProof::Digest(Digest::of(secret.as_bytes()).to_string()),
            agent_id,
            scopes: known.iter().map(ToString::to_string).collect(),
            ..self.blank(name, lifetime).await?
        };
        self.keep(&token).await?;
        Ok(MadeToken { secret, token })
    }

    /// Makes a token for an agent.
    pub(crate) async fn create_for_agent(
        &self,
        new: NewAgentToken,
    ) -> Result<MadeToken, TokenBookError> {
        let NewAgentToken {
            name,
            agent,
            links,
            capabilities,
            lifetime,
        } = new;
        let _change = self.change.lock().await;
        if agent.is_empty() {
            return Err(TokenBookError::NoAgent);
        }
        let agent = self.agent(&agent)?.id;
        for (noun, count, most) in [
            ("links", links.len(), MAX_LINKS),
            ("capabilities", capabilities.len(), MAX_CAPABILITIES),
        ] {
            if count > most {
                return Err(TokenBookError::Many { noun, most });
            }
        }
        let wrong = capabilities.iter().find(|name| !is_name(name, "_-"));
        if let Some(name) = wrong {
            return Err(TokenBookError::Capability(name.clone()));
        }
        let linked = links.iter().map(|link| self.agent(link).map(|it| it.id));
        let links: Vec<_> = linked.collect::<Result<_, _>>()?;
        let blank = self.blank(name, lifetime).await?;
        let key_id = match self.live.key_id() {
            Some(key_id) => key_id,
            None => self.new_key().await?,
        };
        let token = StoredToken {
            proof: TokenProof::Signature { key_id },
            agent_id: Some(agent.clone()),
            links: links.clone(),
            capabilities: capabilities.clone(),
            ..blank
        };
        let claims = Claims {
            iss: Claims::issuer(),
            agent_ref: agent,
            links,
            capabilities,
            jti: token.id.clone(),
            iat: token.created_at,
            exp: token.expires_at,
        };
        // A key was made above if there was none.
        let signed = self.live.sign(&claims).transpose()?.unwrap_or_default();
        self.keep(&token).await?;
        Ok(MadeToken {
            secret: Zeroizing::new(signed),
            token,
        })
    }

    /// All of them, by name.
    pub(crate) async fn all(&self) -> Result<Vec<StoredToken>, TokenBookError> {
        Ok(self.table().all().await?)
    }

    /// Revokes the token of this name. It holds no more when this returns, also if that could not
    /// be stored.
    pub(crate) async fn revoke(&self, name: &str) -> Result<StoredToken, TokenBookError> {
        let _change = self.change.lock().await;
        let all = self.all().await?;
        let found = all.into_iter().find(|token| token.name == name);
        let mut token = found.ok_or_else(|| TokenBookError::Unknown(name.to_owned()))?;
        self.end(&mut token).await?;
        Ok(token)
    }

    /// Makes another key. With `revoke`, every token that a former one has signed ends.
    pub(crate) async fn rotate(&self, revoke: bool) -> Result<Rotation, TokenBookError> {
        let _change = self.change.lock().await;
        let mut revoked = 0;
        if revoke {
            for mut token in self.all().await? {
                let is_signed = matches!(token.proof, TokenProof::Signature { .. });
                if is_signed && status(&token) == TokenStatus::Active {
                    self.end(&mut token).await?;
                    revoked += 1;
                }
            }
        }
        let key_id = self.new_key().await?;
        Ok(Rotation { key_id, revoked })
    }

    /// The name of an agent with this id; the id itself for one that is gone.
    pub(crate) fn agent_name(&self, id: &str) -> String {
        let found = self.agents.summary(Some(id));
        found.map_or_else(|_| id.to_owned(), |summary| summary.name)
    }

    fn table(&self) -> &TokenTable {
        &self.agents.store().tokens
    }

    fn agent(&self, asked: &str) -> Result<Summary, AgentError> {
        self.agents.summary(Some(asked))
    }

    /// A token of this name that has no proof yet.
    async fn blank(&self, name: String, lifetime: u64) -> Result<StoredToken, TokenBookError> {
        if !is_name(&name, "._-") {
            return Err(TokenBookError::Name(name));
        }
        let lifetime = if lifetime == 0 { LIFETIME } else { lifetime };
        if lifetime > MAX_DAYS * DAY {
            return Err(TokenBookError::Lifetime(lifetime));
        }
        let now = unix_seconds();
        self.table().forget(now - REMEMBERED).await?;
        let all = self.all().await?;
        let same = all.iter().find(|token| token.name == name);
        match same {
            Some(token) if status(token) == TokenStatus::Active => {
                return Err(TokenBookError::Taken(name));
            }
            None if all.len() >= MOST => return Err(TokenBookError::Full),
            _ => {}
        }
        Ok(StoredToken {
            id: Uuid::new_v4().to_string(),
            name,
            proof: TokenProof::Digest(String::new()),
            agent_id: None,
            scopes: Vec::new(),
            links: Vec::new(),
            capabilities: Vec::new(),
            created_at: now,
            expires_at: now.saturating_add_unsigned(lifetime),
            revoked_at: None,
        })
    }

    async fn keep(&self, token: &StoredToken) -> Result<(), TokenBookError> {
        self.table().put(token).await?;
        self.live.add(token);
        Ok(())
    }

    async fn end(&self, token: &mut StoredToken) -> Result<(), TokenBookError> {
        self.live.end(token);
        let now = unix_seconds();
        if token.revoked_at.is_none() {
            self.table().revoke(&token.id, now).await?;
            token.revoked_at = Some(now);
        }
        Ok(())
    }

    async fn new_key(&self) -> Result<String, TokenBookError> {
        let key = SigningKey {
            id: Uuid::new_v4().to_string(),
            key: random::<KEY_BYTES>()?.to_vec(),
            created_at: unix_seconds(),
        };
        self.table().add_key(&key).await?;
        self.live.add_key(&key)?;
        Ok(key.id)
    }
}

/// The state of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenStatus {
    Active,
    Expired,
    Revoked,
}

impl TokenStatus {
    /// The word for clients.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// The state of a token now.
pub(crate) fn status(token: &StoredToken) -> TokenStatus {
    match token.revoked_at {
        Some(_) => TokenStatus::Revoked,
        None if token.expires_at <= unix_seconds() => TokenStatus::Expired,
        None => TokenStatus::Active,
    }
}

/// Returns true for a name of lowercase letters, digits and these marks, within its length.
fn is_name(name: &str, marks: &str) -> bool {
    let permitted = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || marks.contains(it);
    (1..=MAX_NAME).contains(&name.len()) && name.chars().all(permitted)
}

/// A new token of a client.
fn secret() -> Result<Zeroizing<String>, rustix::io::Errno> {
    let random = Zeroizing::new(random::<RANDOM>()?);
    let mut secret = Zeroizing::new(String::with_capacity(PREFIX.len() + 2 * RANDOM));
    secret.push_str(PREFIX);
    let digits = random.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    secret.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    Ok(secret)
}

/// Random bytes of the system.
fn random<const COUNT: usize>() -> Result<[u8; COUNT], rustix::io::Errno> {
    let mut random = [0; COUNT];
    let mut filled = 0;
    while let Some(rest) = random.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        filled += rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::empty())?;
    }
    Ok(random)
}
