//! The gate of reviews before every call.

use std::sync::Arc;

use cap_std::fs::Dir;

use super::book::ReviewBook;
use super::standing::{ReviewRule, Standing};
use crate::subject::Subject;
use crate::tool::Tool;

/// The policy that refuses a tool for want of a review, in decisions and records.
pub(crate) const REVIEW: &str = "host:review";

/// The reviews of a host, and the rule by which they are asked for.
#[derive(Debug, Clone)]
pub(crate) struct ReviewGate {
    book: Arc<ReviewBook>,
    rule: ReviewRule,
}

/// The reviews of one tool, before a call of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reviewed {
    /// True if a decision that counts approves of it. It is for the tools of the host itself.
    pub(crate) is_approved: bool,
    /// The reason to refuse the call, if there is one.
    pub(crate) refusal: Option<String>,
}

impl ReviewGate {
    pub(crate) fn new(data: Dir, rule: ReviewRule) -> Self {
        Self {
            book: Arc::new(ReviewBook::new(data)),
            rule,
        }
    }

    /// The same reviews under another rule.
    pub(crate) fn with_rule(&self, rule: ReviewRule) -> Self {
        Self {
            book: Arc::clone(&self.book),
            rule,
        }
    }

    /// Looks for the decisions about a tool.
    pub(crate) fn look(&self, tool: &Tool) -> Reviewed {
        let Subject::Component(component) = tool.subject() else {
            return Reviewed {
                is_approved: true,
                refusal: None,
            };
        };
        let name = tool.name();
        let standing = match self.book.standing(component, tool.grant(), self.rule) {
            Ok(standing) => standing,
            Err(problem) => {
                let refused = format!("the reviews of this host cannot be used: {problem}");
                return Reviewed {
                    is_approved: false,
                    refusal: self.is_asked_for().then_some(refused),
                };
            }
        };
        let is_approved = standing.is_approved();
        let is_rejected = matches!(standing, Standing::Rejected { .. });
        let is_refused = is_rejected || (self.is_asked_for() && !is_approved);
        let own = component.manifest().tool.name.as_str();
        let also = if own == name || own.is_empty() {
            String::new()
        } else {
            format!("{own}, ")
        };
        let next = match &standing {
            Standing::Rejected { decision, .. } => format!(
                "the same reviewer takes it back with `cofferdam review revoke {decision} \
                 --reason TEXT`"
            ),
            Standing::OutOfScope => format!(
                "`cofferdam review key trust` with `--scope {own}` lets that decision count"
            ),
            _ => "a reviewer reads what it could do with `cofferdam review FILE|REF`, and decides \
                  with `cofferdam review approve FILE|REF --reason TEXT`"
                .to_owned(),
        };
        let component = component.digest();
        let refused = format!("`{name}` ({also}{component}) {standing}; {next}");
        Reviewed {
            is_approved,
            refusal: is_refused.then_some(refused),
        }
    }

    /// Returns true if a tool needs a review before it is called.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.rule != ReviewRule::None
    }
}
