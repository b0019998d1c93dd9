//! The state of each decision: if it counts on this host, and the reason if it does not.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use cofferdam_capability::Digest;
use cofferdam_sandbox::ENGINE_PROFILE;

use super::statement::{DecisionError, Judgement, SignedDecision};

/// The most by which a reviewer's clock may be ahead of this host's (10 minutes).
const CLOCKS_APART: Duration = Duration::from_secs(600);

/// The state of a decision on this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecisionState {
    /// It counts.
    Counts,
    /// It is no decision of a reviewer who is trusted here for its tool.
    Refused(DecisionError),
    /// It is an approval from the future: it would outlast what its reviewer says later.
    NotYet,
    /// Its own reviewer has revoked it.
    Revoked {
        /// The id of the revocation.
        by: Digest,
    },
    /// Its own reviewer has decided about the component again.
    Replaced {
        /// The id of the later decision.
        by: Digest,
    },
    /// It is an approval that has ended.
    Expired {
        /// The time until which it held.
        at: SystemTime,
    },
    /// It is an approval under an engine with other walls, so no tool on this host is as it was
    /// seen.
    Stale,
}

/// The parts of a decision that its state depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct DecisionFacts {
    id: Digest,
    key: Digest,
    component: Digest,
    made: SystemTime,
    verdict: Verdict,
}

#[derive(Debug, Clone, Copy)]
enum Verdict {
    Approve {
        expires: Option<SystemTime>,
        is_of_this_engine: bool,
    },
    Reject,
    Revoke {
        decision: Digest,
    },
}

/// A decision of one reviewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Signed {
    key: Digest,
    id: Digest,
}

/// The decisions of one reviewer about one component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Topic {
    key: Digest,
    component: Digest,
}

/// The order of a reviewer's decisions. Of two of the same second, the rejection is the later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    made: SystemTime,
    rejects: bool,
    id: Digest,
}

impl DecisionFacts {
    pub(super) fn of(decided: &SignedDecision) -> Self {
        let judgement = &decided.stated.judgement;
        let verdict = match judgement {
            Judgement::Approve { seen, expires } => Verdict::Approve {
                expires: *expires,
                is_of_this_engine: seen.engine == ENGINE_PROFILE,
            },
            Judgement::Reject { .. } => Verdict::Reject,
            Judgement::Revoke { decision, .. } => Verdict::Revoke {
                decision: *decision,
            },
        };
        Self {
            id: decided.id,
            key: decided.key,
            component: judgement.component(),
            made: decided.stated.made,
            verdict,
        }
    }

    fn signed(&self) -> Signed {
        let Self { key, id, .. } = *self;
        Signed { key, id }
    }

    fn topic(&self) -> Topic {
        let Self { key, component, .. } = *self;
        Topic { key, component }
    }

    fn moment(&self) -> Moment {
        Moment {
            made: self.made,
            rejects: matches!(self.verdict, Verdict::Reject),
            id: self.id,
        }
    }

    fn is_from_the_future(&self, now: SystemTime) -> bool {
        matches!(self.verdict, Verdict::Approve { .. }) && self.made > now + CLOCKS_APART
    }

    /// The state that it has by itself, whatever else was decided.
    fn own_state(&self, now: SystemTime) -> DecisionState {
        match self.verdict {
            Verdict::Approve {
                expires: Some(at), ..
            } if at <= now => DecisionState::Expired { at },
            Verdict::Approve {
                is_of_this_engine: false,
                ..
            } => DecisionState::Stale,
            _ => DecisionState::Counts,
        }
    }
}

/// Returns the state of each of these decisions, all of trusted reviewers, in their order. One that
/// its own reviewer has revoked does not count, nor does one after which that reviewer has decided
/// again.
pub(super) fn states(decided: &[DecisionFacts], now: SystemTime) -> Vec<DecisionState> {
    let mut revoked = HashMap::new();
    for one in decided {
        if let Verdict::Revoke { decision } = one.verdict {
            let signed = Signed {
                key: one.key,
                id: decision,
            };
            revoked.insert(signed, one.id);
        }
    }
    let mut last = HashMap::<Topic, Moment>::new();
    for one in decided {
        let is_revocation = matches!(one.verdict, Verdict::Revoke { .. });
        if is_revocation || one.is_from_the_future(now) || revoked.contains_key(&one.signed()) {
            continue;
        }
        let moment = last.entry(one.topic()).or_insert(one.moment());
        *moment = one.moment().max(*moment);
    }
    let state = |one: &DecisionFacts| {
        if matches!(one.verdict, Verdict::Revoke { .. }) {
            return DecisionState::Counts;
        }
        if let Some(by) = revoked.get(&one.signed()) {
            return DecisionState::Revoked { by: *by };
        }
        if one.is_from_the_future(now) {
            return DecisionState::NotYet;
        }
        match last.get(&one.topic()) {
            Some(last) if last.id != one.id => DecisionState::Replaced { by: last.id },
            _ => one.own_state(now),
        }
    };
    decided.iter().map(state).collect()
}

impl DecisionState {
    /// Returns true if a decision in this state is what its reviewer says of the component now, so
    /// that standings are made of it.
    pub(super) fn is_last_word(&self) -> bool {
        match self {
            Self::Counts | Self::Expired { .. } | Self::Stale => true,
            Self::Refused(_) | Self::NotYet | Self::Revoked { .. } | Self::Replaced { .. } => false,
        }
    }

    /// Returns true if it counts.
    pub fn counts(&self) -> bool {
        *self == Self::Counts
    }

    /// The state in one word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Refused(DecisionError::Untrusted) => "untrusted",
            Self::Refused(DecisionError::OutOfScope(_)) => "out-of-scope",
            Self::Refused(_) => "malformed",
            Self::NotYet => "not-yet",
            Self::Revoked { .. } => "revoked",
            Self::Replaced { .. } => "replaced",
            Self::Expired { .. } => "expired",
            Self::Stale => "stale",
        }
    }
}

/// The reason why a decision does not count.
impl fmt::Display for DecisionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |id: &Digest| id.hex().chars().take(12).collect::<String>();
        match self {
            Self::Counts => f.write_str("it counts"),
            Self::Refused(error) => write!(f, "{error}"),
            Self::NotYet => f.write_str("it was made in the future, by the clock of this host"),
            Self::Revoked { by } => write!(f, "revoked by {}", short(by)),
            Self::Replaced { by } => write!(f, "replaced by {}", short(by)),
            Self::Expired { at } => write!(f, "ended {}", humantime::format_rfc3339_seconds(*at)),
            Self::Stale => f.write_str("the engine of this host has other walls"),
        }
    }
}
