//! The gate of reviews before every call.

use std::sync::{Arc, Mutex, PoisonError};

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
    /// Shared by all runners on one engine: a stricter rule holds for those as well that could not
    /// be made anew.
    rule: Arc<Mutex<ReviewRule>>,
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
            rule: Arc::new(Mutex::new(rule)),
        }
    }

    /// The same reviews, from now on under another rule for everybody.
    pub(crate) fn with_rule(&self, rule: ReviewRule) -> Self {
        *self.rule.lock().unwrap_or_else(PoisonError::into_inner) = rule;
        self.clone()
    }

    fn rule(&self) -> ReviewRule {
        *self.rule.lock().unwrap_or_else(PoisonError::into_inner)
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
        let rule = self.rule();
        let is_asked_for = rule != ReviewRule::None;
        let standing = match self.book.standing(component, tool.grant(), rule) {
            Ok(standing) => standing,
            Err(problem) => {
                // What cannot be read may be a rejection.
                let refused = format!("the reviews of this host cannot be used: {problem}");
                return Reviewed {
                    is_approved: false,
                    refusal: Some(refused),
                };
            }
        };
        let is_approved = standing.is_approved();
        let is_rejected = matches!(standing, Standing::Rejected { .. });
        let is_refused = is_rejected || (is_asked_for && !is_approved);
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
        self.rule() != ReviewRule::None
    }
}
