//! The standing of a tool: what the decisions that count say about it as it is now.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use cofferdam_capability::Digest;

use super::seen::{Difference, Seen};
use super::state::{DecisionFacts, states};
use super::statement::{Judgement, SignedDecision};

/// The reviews that a host asks for before a tool may be called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReviewRule {
    /// None: approvals only say what policies may ask for. A rejected tool is refused all the same.
    #[default]
    None,
    /// An approval of the component, or of an earlier one of the same name that could do as much.
    Required,
    /// An approval of this very component.
    ByDigest,
}

/// The standing of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is approved.
    Approved {
        /// The decision.
        decision: Digest,
        /// The name of the reviewer.
        by: String,
        /// The earlier component that was approved, of which this one may do no more.
        instead_of: Option<Digest>,
        /// The time after which the approval no longer holds.
        expires: Option<SystemTime>,
    },
    /// Nobody has decided about it.
    Unreviewed,
    /// Somebody has decided about it whose key is trusted for other tools alone.
    OutOfScope,
    /// It was approved, and something is not as it was.
    Stale {
        /// The decision.
        decision: Digest,
        /// The parts that differ.
        differences: Vec<Difference>,
    },
    /// An earlier component of the name was approved, and this one may do more.
    Widened {
        /// The decision.
        decision: Digest,
        /// The approved component.
        approved: Digest,
        /// The parts that are more.
        differences: Vec<Difference>,
    },
    /// Its approval has expired.
    Expired {
        /// The decision.
        decision: Digest,
        /// The time until which it held.
        expired: SystemTime,
    },
    /// It is rejected.
    Rejected {
        /// The decision.
        decision: Digest,
        /// The name of the reviewer.
        by: String,
        /// The reason that the reviewer gave.
        reason: String,
    },
}

/// Decisions that count on a host: each was signed by a key that is trusted for its tool.
#[derive(Debug, Default)]
pub struct Reviews {
    /// By the name of the tool, and then in order of their time.
    by_name: BTreeMap<String, Vec<SignedDecision>>,
    /// The last time at which a component of a name was rejected, or a decision about one revoked.
    doubted: BTreeMap<String, SystemTime>,
}

impl Reviews {
    /// Keeps of these decisions the last words of their reviewers, as
    /// [`DecisionState`](super::DecisionState) says them.
    pub fn of(decided: Vec<SignedDecision>, now: SystemTime) -> Self {
        let mut doubted = BTreeMap::new();
        for one in &decided {
            if !matches!(one.stated.judgement, Judgement::Approve { .. }) {
                let name = one.stated.judgement.name().to_owned();
                let last = doubted.entry(name).or_insert(one.stated.made);
                *last = one.stated.made.max(*last);
            }
        }
        let facts: Vec<_> = decided.iter().map(DecisionFacts::of).collect();
        let mut by_name = BTreeMap::<String, Vec<SignedDecision>>::new();
        for (one, state) in decided.into_iter().zip(states(&facts, now)) {
            let is_revocation = matches!(one.stated.judgement, Judgement::Revoke { .. });
            if state.is_last_word() && !is_revocation {
                let name = one.stated.judgement.name().to_owned();
                by_name.entry(name).or_default().push(one);
            }
        }
        for decided in by_name.values_mut() {
            decided.sort_by_key(|one| (one.stated.made, one.id));
        }
        Self { by_name, doubted }
    }

    /// Returns true if nobody has decided anything.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The decisions about components of this name, the earliest first.
    pub fn about(&self, name: &str) -> &[SignedDecision] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The standing of a tool as it is now. A rejection by anybody who is trusted for it wins.
    pub fn standing(&self, now: &Seen, rule: ReviewRule, time: SystemTime) -> Standing {
        let about = self.about(&now.name);
        // Under whatever name: a manifest beside a component can give it another one.
        let all = || self.by_name.values().flatten();
        let rejected = |component: Digest| all().find(|one| rejects(one, component));
        if let Some(rejection) = rejected(now.component) {
            return Standing::Rejected {
                decision: rejection.id,
                by: rejection.by.clone(),
                reason: rejection.stated.reason.clone(),
            };
        }
        // What stands in the way, the latest approval first. Those of the very component come
        // before those of earlier ones.
        let mut obstacle = None;
        let own = |one: &&SignedDecision| one.stated.judgement.component() == now.component;
        let others = about.iter().filter(|one| !own(one));
        let others = others.filter(|one| rejected(one.stated.judgement.component()).is_none());
        // Whoever doubted a component of this name since wants to be asked about the next.
        let doubted = self.doubted.get(&now.name);
        let others = others.filter(|one| doubted.is_none_or(|doubt| one.stated.made > *doubt));
        let taken = match rule {
            // Components without a name have none in common.
            _ if now.name.is_empty() => 0,
            ReviewRule::ByDigest => 0,
            ReviewRule::None | ReviewRule::Required => usize::MAX,
        };
        let in_order = about
            .iter()
            .filter(own)
            .rev()
            .chain(others.rev().take(taken));
        for one in in_order {
            let standing = by_approval(one, now, time);
            if matches!(standing, Standing::Approved { .. }) {
                return standing;
            }
            obstacle.get_or_insert(standing);
        }
        obstacle.unwrap_or(Standing::Unreviewed)
    }
}

impl Standing {
    /// Returns true if a rule that asks for a review is satisfied.
    pub fn is_approved(&self) -> bool {
        matches!(self, Self::Approved { .. })
    }

    /// The standing in one word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Approved { .. } => "approved",
            Self::Unreviewed => "unreviewed",
            Self::OutOfScope => "out-of-scope",
            Self::Stale { .. } => "stale",
            Self::Widened { .. } => "widened",
            Self::Expired { .. } => "expired",
            Self::Rejected { .. } => "rejected",
        }
    }

    /// The decision that it comes from, if it is one.
    pub fn decision(&self) -> Option<Digest> {
        match self {
            Self::Approved { decision, .. }
            | Self::Stale { decision, .. }
            | Self::Widened { decision, .. }
            | Self::Expired { decision, .. }
            | Self::Rejected { decision, .. } => Some(*decision),
            Self::Unreviewed | Self::OutOfScope => None,
        }
    }

    /// The reviewer whose decision it comes from, where one alone is named.
    pub fn reviewer(&self) -> Option<&str> {
        match self {
            Self::Approved { by, .. } | Self::Rejected { by, .. } => Some(by),
            _ => None,
        }
    }

    /// The time until which it stays as it is, if nobody decides anything; none for ever.
    pub(crate) fn until(&self) -> Option<SystemTime> {
        match self {
            Self::Approved { expires, .. } => *expires,
            _ => None,
        }
    }
}

/// True if this decision rejects the component.
fn rejects(decided: &SignedDecision, component: Digest) -> bool {
    let judgement = &decided.stated.judgement;
    matches!(judgement, Judgement::Reject { seen } if seen.component == component)
}

/// The standing of a tool by one decision alone.
fn by_approval(decided: &SignedDecision, now: &Seen, time: SystemTime) -> Standing {
    let Judgement::Approve { seen, expires } = &decided.stated.judgement else {
        return Standing::Unreviewed;
    };
    let decision = decided.id;
    if let Some(expired) = expires.filter(|expires| *expires <= time) {
        return Standing::Expired { decision, expired };
    }
    let is_same = seen.component == now.component;
    let differences = if is_same {
        seen.differences(now)
    } else {
        seen.widened(now)
    };
    if differences.is_empty() {
        return Standing::Approved {
            decision,
            by: decided.by.clone(),
            instead_of: (!is_same).then_some(seen.component),
            expires: *expires,
        };
    }
    if is_same {
        return Standing::Stale {
            decision,
            differences,
        };
    }
    Standing::Widened {
        decision,
        approved: seen.component,
        differences,
    }
}

/// The standing as the end of a sentence about the tool.
impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, differences: &[Difference]| {
            for (index, difference) in differences.iter().enumerate() {
                let separator = if index == 0 { ": " } else { "; " };
                write!(f, "{separator}{difference}")?;
            }
            Ok(())
        };
        match self {
            Self::Approved {
                instead_of: None,
                by,
                ..
            } => write!(f, "is approved by {by}"),
            Self::Approved {
                instead_of: Some(approved),
                by,
                ..
            } => write!(
                f,
                "may do no more than {approved}, which is approved by {by}"
            ),
            Self::OutOfScope => {
                f.write_str("was decided about by a reviewer whose key is not trusted for it here")
            }
            Self::Unreviewed => f.write_str("was not reviewed"),
            Self::Stale { differences, .. } => {
                f.write_str("is not as it was approved")?;
                list(f, differences)
            }
            Self::Widened {
                decision: _,
                approved,
                differences,
            } => {
                write!(f, "may do more than {approved}, which was approved")?;
                list(f, differences)
            }
            Self::Expired { expired, .. } => write!(
                f,
                "was approved until {}",
                humantime::format_rfc3339_seconds(*expired)
            ),
            Self::Rejected {
                decision,
                by,
                reason,
            } => write!(
                f,
                "is rejected by {by}: {} (decision {decision})",
                reason.escape_debug()
            ),
        }
    }
}
