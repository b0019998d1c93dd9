//! The decisions on a host as people and other programs list them: with the state of each, and
//! without what was seen.

use std::time::SystemTime;

use cofferdam_capability::{Digest, Envelope};

use super::directory::{DamagedDecision, KeptDecision, ReviewDirectory};
use super::directory_error::ReviewDirectoryError;
use super::state::{DecisionFacts, DecisionState, states};
use super::statement::{DecisionError, Judgement, SignedDecision, Stated, read_decision};

/// All decisions of a directory.
#[derive(Debug, Default)]
pub struct DecisionList {
    /// Decisions that can be read, the earliest first.
    pub decisions: Vec<ListedDecision>,
    /// Files that are no decision any more.
    pub damaged: Vec<DamagedDecision>,
}

/// A decision as it is listed.
#[derive(Debug, Clone)]
pub struct ListedDecision {
    /// The digest of its file, which is the file's name.
    pub file: Digest,
    /// Its id: the digest of what was signed.
    pub id: Digest,
    /// The content; none if it is no statement that this host knows. Nobody has verified it where
    /// there is no signer.
    pub summary: Option<DecisionSummary>,
    /// The reviewer; none if the decision is refused.
    pub signer: Option<Signer>,
    /// Its state.
    pub state: DecisionState,
}

/// The reviewer who has signed a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The fingerprint of the key.
    pub key: Digest,
    /// The name on this host.
    pub name: String,
}

/// The content of a decision, without what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionSummary {
    /// `approve`, `reject` or `revoke`.
    pub verdict: &'static str,
    /// The name of the tool, in its manifest.
    pub tool: String,
    /// The component.
    pub component: Digest,
    /// The manifest; none for a revocation.
    pub manifest: Option<Digest>,
    /// The decision that is revoked.
    pub revokes: Option<Digest>,
    /// True for an approval of one grant, and not of all that the manifest asks for.
    pub is_for_one_grant: bool,
    /// The reason.
    pub reason: String,
    /// The time at which it was made, by the reviewer's clock.
    pub made: SystemTime,
    /// The time after which an approval no longer holds.
    pub expires: Option<SystemTime>,
}

impl DecisionList {
    /// Every decision of a directory with its state at `now`. One envelope is in memory at a time.
    ///
    /// # Errors
    ///
    /// If the directory or the trusted keys cannot be read.
    pub fn of(directory: &ReviewDirectory, now: SystemTime) -> Result<Self, ReviewDirectoryError> {
        let trusted = directory.trusted()?;
        let mut damaged = Vec::new();
        let mut refused = Vec::new();
        let mut verified = Vec::new();
        let mut facts = Vec::new();
        for file in directory.files()? {
            let kept = match directory.read(&file) {
                Ok(Some(kept)) => kept,
                // It was removed meanwhile.
                Ok(None) => continue,
                Err(problem) => {
                    damaged.push(DamagedDecision { file, problem });
                    continue;
                }
            };
            match trusted.verify(&kept.envelope) {
                Ok(decided) => {
                    facts.push(DecisionFacts::of(&decided));
                    verified.push(ListedDecision::verified(&kept, decided));
                }
                Err(error) => refused.push(ListedDecision::refused(&kept, error)),
            }
        }
        for (one, state) in verified.iter_mut().zip(states(&facts, now)) {
            one.state = state;
        }
        let mut decisions = refused;
        decisions.extend(verified);
        decisions.sort_by_key(|one| {
            let made = one.summary.as_ref().map(|summary| summary.made);
            (made, one.id, one.file)
        });
        Ok(Self { decisions, damaged })
    }
}

impl ListedDecision {
    /// A decision that is kept nowhere, with the reason why.
    pub fn not_taken(envelope: &Envelope, error: DecisionError) -> Self {
        Self::refused(&KeptDecision::of(envelope.clone()), error)
    }

    fn refused(kept: &KeptDecision, error: DecisionError) -> Self {
        let stated = read_decision(kept.envelope.unverified()).ok();
        Self {
            file: kept.file,
            id: kept.id,
            summary: stated.map(DecisionSummary::of),
            signer: None,
            state: DecisionState::Refused(error),
        }
    }

    fn verified(kept: &KeptDecision, decided: SignedDecision) -> Self {
        let SignedDecision {
            id,
            key,
            by,
            stated,
        } = decided;
        Self {
            file: kept.file,
            id,
            summary: Some(DecisionSummary::of(stated)),
            signer: Some(Signer { key, name: by }),
            state: DecisionState::Counts,
        }
    }

    /// The name of the tool, as its manifest says it; empty where nobody knows it.
    pub fn tool(&self) -> &str {
        let summary = self.summary.as_ref();
        summary.map_or("", |summary| summary.tool.as_str())
    }
}

impl DecisionSummary {
    fn of(stated: Stated) -> Self {
        let Stated {
            judgement,
            reason,
            made,
        } = stated;
        let seen = match &judgement {
            Judgement::Approve { seen, .. } | Judgement::Reject { seen } => Some(seen),
            Judgement::Revoke { .. } => None,
        };
        let is_approval = matches!(judgement, Judgement::Approve { .. });
        Self {
            verdict: judgement.verdict(),
            tool: judgement.name().to_owned(),
            component: judgement.component(),
            manifest: seen.and_then(|seen| seen.manifest.digest().ok()),
            revokes: match &judgement {
                Judgement::Revoke { decision, .. } => Some(*decision),
                Judgement::Approve { .. } | Judgement::Reject { .. } => None,
            },
            is_for_one_grant: is_approval
                && seen.is_some_and(|seen| !seen.is_of_all_that_is_asked()),
            reason,
            made,
            expires: match judgement {
                Judgement::Approve { expires, .. } => expires,
                Judgement::Reject { .. } | Judgement::Revoke { .. } => None,
            },
        }
    }
}
