//! The stage before a call runs: its secrets are resolved and become headers.

use std::sync::Arc;
use std::{fmt, iter};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cofferdam_call::{Outcome, Receipt};
use cofferdam_capability::{Grant, SecretName, SecretRule, SecretUse};
use cofferdam_sandbox::{Allowance, Engine, Injection, Rejected};
use zeroize::Zeroizing;

use super::error::{SecretError, SourceError};
use super::sources::{FoundSecret, SecretSources};
use super::token_in_use::{AskedToken, NoToken, TokenInUse};
use super::tokens::Tokens;
use super::value::SecretValue;
use crate::redact::{Known, Redactor, TooMany};

/// Resolves secrets call by call.
#[derive(Default)]
pub(crate) struct Injector {
    sources: SecretSources,
    tokens: Arc<Tokens>,
}

/// A call that may need secrets.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) redactor: &'a Arc<Redactor>,
    /// The agent's name; empty where there is none.
    pub(crate) agent: &'a str,
    pub(crate) grant: &'a Grant,
    pub(crate) allowance: &'a Allowance,
}

/// The secrets of one call.
#[derive(Default)]
pub(crate) struct Prepared {
    /// Headers for its requests.
    pub(crate) injections: Vec<Injection>,
    pub(crate) used: UsedTokens,
}

/// The tokens of one call.
#[derive(Default)]
pub(crate) struct UsedTokens(Vec<UsedToken>);

/// A token that a call uses, and the answer of its server.
struct UsedToken {
    token: Arc<TokenInUse>,
    rejected: Rejected,
}

/// A secret that a call does not get.
#[derive(Debug, thiserror::Error)]
enum Unresolved {
    /// No source has it.
    #[error("it is not set")]
    Missing,
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Value(#[from] SecretError),
    #[error(transparent)]
    Token(#[from] NoToken),
    #[error(transparent)]
    Unknown(#[from] TooMany),
    /// HTTP has no header for it.
    #[error("it does not fit into its header")]
    Header,
}

impl Injector {
    /// Takes the sources. The values that are known already are looked for in all output from now
    /// on.
    pub(crate) fn new(sources: SecretSources, redactor: &Redactor) -> Self {
        let given = sources.given.iter().map(|(name, value)| Known {
            source: format!("given/{name}"),
            mark: name.clone(),
            value: Zeroizing::new(value.bytes().to_vec()),
        });
        let mut known: Vec<Known> = given.collect();
        for expected in &sources.expected {
            // What is wrong with it is told by the call that needs it.
            if let Ok(Some(found)) = sources.find_here(&expected.agent, &expected.name) {
                known.extend(all_known(&expected.name, &found));
            }
        }
        if let Err(error) = redactor.learn(known) {
            tracing::error!("not every secret is looked for in outputs yet: {error}");
        }
        Self {
            sources,
            tokens: Arc::default(),
        }
    }

    /// Resolves the secrets that a grant names. Without one of them the call does not run.
    pub(crate) async fn prepare(&self, wanted: Wanted<'_>) -> Result<Prepared, Outcome> {
        let mut prepared = Prepared::default();
        for rule in wanted.grant.secrets() {
            let resolved = self.resolve(rule, wanted, &mut prepared);
            if let Err(problem) = wanted.allowance.within(resolved).await? {
                return Err(unavailable(rule.name(), wanted, &problem));
            }
        }
        Ok(prepared)
    }

    async fn resolve(
        &self,
        rule: &SecretRule,
        wanted: Wanted<'_>,
        prepared: &mut Prepared,
    ) -> Result<(), Unresolved> {
        let name = rule.name();
        let found = self.sources.find(wanted.agent, name).await?;
        let found = found.ok_or(Unresolved::Missing)?;
        // Before anybody can send it back.
        wanted.redactor.learn(all_known(name, &found))?;
        let value = &found.value;
        let header = match rule.usage() {
            SecretUse::Header { format, .. } => {
                let (before, after) = format.around();
                Zeroizing::new([before.as_bytes(), value.bytes(), after.as_bytes()].concat())
            }
            SecretUse::Basic => {
                value.pair(name)?;
                let encoded = Zeroizing::new(STANDARD.encode(value.bytes()));
                Zeroizing::new([b"Basic ", encoded.as_bytes()].concat())
            }
            SecretUse::ClientCredentials { token_url, scopes } => {
                let asked = AskedToken {
                    agent: wanted.agent,
                    engine: wanted.engine,
                    redactor: wanted.redactor,
                    grant: wanted.grant,
                    allowance: wanted.allowance,
                    name,
                    credentials: value,
                    token_url,
                    scopes,
                };
                return self.with_token(asked, rule, prepared).await;
            }
        };
        let injection = Injection::new(rule.host().clone(), rule.usage().header(), &header);
        prepared
            .injections
            .push(injection.ok_or(Unresolved::Header)?);
        Ok(())
    }

    /// Exchanges client credentials for a token, unless one is kept.
    async fn with_token(
        &self,
        asked: AskedToken<'_>,
        rule: &SecretRule,
        prepared: &mut Prepared,
    ) -> Result<(), Unresolved> {
        let token = Arc::new(TokenInUse::new(&self.tokens, asked)?);
        let header = token.take().await?;
        let injection = Injection::new(rule.host().clone(), rule.usage().header(), &header)
            .ok_or(Unresolved::Header)?
            .renewed_by(Arc::<TokenInUse>::clone(&token));
        prepared.used.0.push(UsedToken {
            token,
            rejected: injection.rejected(),
        });
        prepared.injections.push(injection);
        Ok(())
    }

    /// Concludes a call: tokens that a server took for invalid are forgotten, and the servers that
    /// gave some are in the receipt.
    pub(crate) fn conclude(&self, used: UsedTokens, receipt: &mut Receipt) {
        for UsedToken { token, rejected } in used.0 {
            for host in token.contacted() {
                let connections = receipt.hosts.entry(host).or_default();
                *connections = connections.saturating_add(1);
            }
            if rejected.is_set() {
                token.evict();
            }
        }
    }
}

impl fmt::Debug for Injector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources = &self.sources;
        f.debug_struct("Injector")
            .field("sources", sources)
            .finish_non_exhaustive()
    }
}

/// The values of a secret that are looked for in outputs.
fn all_known(name: &SecretName, found: &FoundSecret) -> Vec<Known> {
    let known = |source: String, value: &SecretValue| Known {
        source,
        mark: name.clone(),
        value: Zeroizing::new(value.bytes().to_vec()),
    };
    let whole = known(found.source.clone(), &found.value);
    // A server may send back the password alone.
    let password = found.value.password();
    let password = password.map(|password| known(format!("{}:", found.source), &password));
    iter::once(whole).chain(password).collect()
}

/// The outcome of a call that does not get a secret: what its caller may know. The log has the
/// rest.
fn unavailable(name: &SecretName, wanted: Wanted<'_>, problem: &Unresolved) -> Outcome {
    let Wanted { agent, grant, .. } = wanted;
    tracing::error!(agent, tool = grant.tool(), "the secret `{name}`: {problem}");
    let retryable = match problem {
        Unresolved::Token(error) => error.is_retryable(),
        _ => false,
    };
    let reason = match problem {
        Unresolved::Missing => format!(
            "the secret `{name}` is not set: `cofferdam secret set {name}` sets it, and the next \
             call uses it"
        ),
        Unresolved::Token(_) if retryable => format!(
            "the secret `{name}` could not be exchanged for a token: try again later; the host's \
             log says more"
        ),
        _ => format!("the secret `{name}` cannot be used: the host's log says why"),
    };
    Outcome::SecretUnavailable { reason, retryable }
}
