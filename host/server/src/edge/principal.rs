//! Principals: the parties that make requests.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use super::methods::{AgentRule, ClientRule, Rule};
use super::refusal::{Refusal, RefusalKind};
use crate::now::unix_seconds;
use crate::scope::Scope;

/// The party that makes a request. Nothing but [`super::authenticate`] makes one of a request.
#[derive(Debug, Clone)]
pub(crate) enum Principal {
    /// The operator: the user of the host on its unix socket, or who sends the operator's token.
    Operator,
    /// A client with a named token.
    Client(Arc<ClientToken>),
    /// An agent with a token of its own.
    Agent(Arc<AgentToken>),
    /// A client that dials the runtime door of one agent.
    Dialer(Arc<str>),
}

/// A named token of a client, as long as it holds.
#[derive(Debug)]
pub(crate) struct ClientToken {
    pub(crate) life: TokenLife,
    pub(crate) scopes: Vec<Scope>,
    /// The id of the only agent that it reaches; none for every agent.
    pub(crate) agent: Option<Arc<str>>,
}

/// A token of an agent, as long as it holds.
#[derive(Debug)]
pub(crate) struct AgentToken {
    pub(crate) life: TokenLife,
    /// The id of the agent.
    pub(crate) agent: Arc<str>,
    /// Ids of the agents that it may talk to.
    pub(crate) links: Vec<Arc<str>>,
}

/// The life of a token, and the requests under way with it.
#[derive(Debug)]
pub(crate) struct TokenLife {
    pub(crate) name: String,
    /// Unix seconds.
    pub(crate) expires_at: i64,
    /// Cancelled when it is revoked.
    pub(crate) revoked: CancellationToken,
    /// Requests that it may have under way.
    pub(crate) requests: Budget,
}

/// The agents that a permitted request may be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Every agent, and the host itself.
    Every,
    /// The agents with these ids. A request that names none is about the first.
    These(Vec<Arc<str>>),
}

impl Principal {
    /// A text that no other principal has.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Operator => "operator".to_owned(),
            Self::Client(token) => format!("client {}", token.life.name),
            Self::Agent(token) => format!("agent {}", token.agent),
            Self::Dialer(agent) => format!("dialer of {agent}"),
        }
    }

    /// The id of the agent that its token is for, if it is for one.
    pub(crate) fn agent(&self) -> Option<&str> {
        match self {
            Self::Operator | Self::Dialer(_) => None,
            Self::Client(token) => token.agent.as_deref(),
            Self::Agent(token) => Some(&token.agent),
        }
    }

    /// The principal as the record of a call names it.
    pub(crate) fn recorded(&self) -> cofferdam_call::Principal {
        use cofferdam_call::Principal as P;
        match self {
            Self::Operator => P::Operator,
            Self::Client(token) => P::Client {
                name: token.life.name.clone(),
            },
            Self::Agent(token) => P::Agent {
                name: token.agent.to_string(),
            },
            Self::Dialer(_) => P::Client {
                name: "without a token".to_owned(),
            },
        }
    }

    /// The life of its token, if it has one that can end.
    pub(crate) fn life(&self) -> Option<&TokenLife> {
        match self {
            Self::Operator | Self::Dialer(_) => None,
            Self::Client(token) => Some(&token.life),
            Self::Agent(token) => Some(&token.life),
        }
    }

    /// Waits for the end of its token, if it has one that can end. What comes is a sentence about
    /// it.
    pub(crate) fn ended(&self) -> Option<impl Future<Output = &'static str> + Send + use<>> {
        let life = self.life()?;
        let revoked = life.revoked.clone();
        let left = life.left(unix_seconds()).unwrap_or_default();
        Some(async move {
            tokio::select! {
                () = revoked.cancelled() => "the token of this request was revoked",
                () = tokio::time::sleep(left) => "the token of this request has expired",
            }
        })
    }

    /// Returns the agents that a call of the method may be about. The error says that the method is
    /// not for this principal.
    pub(crate) fn reach(&self, rule: &Rule) -> Result<Reach, Refusal> {
        self.permitted(rule)
            .map_err(|sentence| Refusal::new(RefusalKind::Denied, sentence))
    }

    fn permitted(&self, rule: &Rule) -> Result<Reach, String> {
        let method = rule.method;
        match self {
            Self::Operator => Ok(Reach::Every),
            Self::Client(token) => {
                let name = &token.life.name;
                let permitted = match rule.client {
                    ClientRule::Never => {
                        return Err(format!("{method} is for the operator alone"));
                    }
                    ClientRule::Any => true,
                    ClientRule::Scope(scope) => token.scopes.contains(&scope),
                };
                if !permitted {
                    return Err(format!(
                        "token `{name}` has not the scope that {method} needs{}",
                        needed(rule.client)
                    ));
                }
                Ok(match &token.agent {
                    Some(agent) => Reach::These(vec![Arc::clone(agent)]),
                    None => Reach::Every,
                })
            }
            Self::Agent(token) => match rule.agent {
                AgentRule::Never => Err(format!("{method} is not for agents")),
                AgentRule::Own => Ok(Reach::These(vec![Arc::clone(&token.agent)])),
                AgentRule::Linked if token.links.is_empty() => Err(format!(
                    "{method}: this agent's token has no link to another agent"
                )),
                AgentRule::Linked => Ok(Reach::These(token.links.clone())),
            },
            Self::Dialer(agent) if rule.dialer => Ok(Reach::These(vec![Arc::clone(agent)])),
            Self::Dialer(_) => Err(format!("{method} is not offered on an agent's own address")),
        }
    }
}

impl TokenLife {
    /// The time that it has left at `now`, in Unix seconds; none if it has expired.
    pub(crate) fn left(&self, now: i64) -> Option<Duration> {
        let seconds = self.expires_at.saturating_sub(now);
        u64::try_from(seconds)
            .ok()
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs)
    }
}

/// The end of a sentence about a scope that is missing.
fn needed(rule: ClientRule) -> String {
    match rule {
        ClientRule::Scope(scope) => format!(", `{scope}`"),
        ClientRule::Never | ClientRule::Any => String::new(),
    }
}
