//! The ways in which a door learns who makes a request.

use std::sync::Arc;

use super::failures::Failures;
use super::principal::Principal;
use crate::live_tokens::LiveTokens;
use crate::token::{Token, bearer};

/// Sentences for a client that sent no token, or a wrong one. Any user of this machine may be one,
/// so they say nothing of places.
const WANTED: &str = "send `authorization: Bearer TOKEN` with the operator's token or one that \
                      `cofferdam token create` has made";
const OPERATORS_WANTED: &str = "send `authorization: Bearer TOKEN` with the operator's token";

/// The tokens that open doors.
#[derive(Debug)]
pub(crate) struct Credentials {
    operator: Arc<Token>,
    /// The tokens of others; none where the operator's alone is taken.
    others: Option<Arc<LiveTokens>>,
}

/// The way in which one door learns who makes a request.
#[derive(Debug, Clone)]
pub(crate) enum Identification {
    /// The system says that the user of the host has connected. A request that carries a token is
    /// its principal's, so that what is forwarded is not the operator's.
    Peer(Arc<Credentials>),
    /// Each request carries a token. Wrong ones are counted by address.
    Token(Arc<Credentials>, Arc<Failures>),
    /// Nobody is asked: the door is the own address of the agent with this id.
    Dialed(Arc<str>),
}

impl Credentials {
    /// Takes the operator's token, and those of `others`.
    pub(crate) fn new(operator: Arc<Token>, others: Option<Arc<LiveTokens>>) -> Self {
        Self { operator, others }
    }

    /// The principal of an `Authorization` header, if its token holds.
    fn principal(&self, authorization: &[u8]) -> Option<Principal> {
        let sent = bearer(authorization)?;
        if self.operator.is(sent) {
            return Some(Principal::Operator);
        }
        self.others.as_ref()?.identify(sent)
    }
}

impl Identification {
    /// The principal of a request with this `Authorization` header, if there is one.
    pub(crate) fn principal(&self, authorization: Option<&[u8]>) -> Option<Principal> {
        match (self, authorization) {
            (Self::Peer(_), None) => Some(Principal::Operator),
            (Self::Token(..), None) => None,
            (Self::Peer(credentials) | Self::Token(credentials, _), Some(sent)) => {
                credentials.principal(sent)
            }
            (Self::Dialed(agent), _) => Some(Principal::Dialer(Arc::clone(agent))),
        }
    }

    /// The sentence for a client that sent no token, or a wrong one.
    pub(crate) fn wanted(&self) -> &'static str {
        match self {
            Self::Peer(credentials) | Self::Token(credentials, _) => match credentials.others {
                Some(_) => WANTED,
                None => OPERATORS_WANTED,
            },
            Self::Dialed(_) => "",
        }
    }

    /// The count of wrong tokens; none on a door that is for the operator.
    pub(crate) fn failures(&self) -> Option<&Arc<Failures>> {
        match self {
            Self::Token(_, failures) => Some(failures),
            Self::Peer(_) | Self::Dialed(_) => None,
        }
    }
}
