//! The gate of reviews before every call.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use cap_std::fs::Dir;

use super::book::ReviewBook;
use super::directory::ReviewDirectory;
use super::standing::{ReviewRule, Standing};
use crate::subject::Subject;
use crate::tool::Tool;

/// The policy that refuses a tool for want of a review, in decisions and records.
pub(crate) const REVIEW: &str = "host:review";

/// The reviews of a host, and the rule by which they are asked for. Clones are the same gate.
#[derive(Debug, Clone)]
pub struct ReviewGate {
    book: Arc<ReviewBook>,
    /// Shared by all runners on one engine: a stricter rule holds for those as well that could not
    /// be made anew.
    rule: Arc<Mutex<ReviewRule>>,
}

/// The reviews of one tool, before a call of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reviewed {
    /// It is a tool of the host itself, which needs no review.
    Exempt,
    /// Decisions that count say this of its component.
    Standing {
        /// The standing.
        standing: Standing,
        /// The reason to refuse the call, if there is one.
        refusal: Option<String>,
    },
    /// The reviews of this host cannot be read. What cannot be read may be a rejection, so the call
    /// is refused.
    Unusable {
        /// The reason to refuse the call.
        refusal: String,
    },
}

impl ReviewGate {
    /// The reviews of the data directory, which lies at `path`.
    pub(crate) fn new(data: &Dir, path: PathBuf, rule: ReviewRule) -> io::Result<Self> {
        let directory = ReviewDirectory::new(data.try_clone()?, path);
        Ok(Self {
            book: Arc::new(ReviewBook::new(directory)),
            rule: Arc::new(Mutex::new(rule)),
        })
    }

    /// The same reviews, from now on under another rule for everybody.
    pub(crate) fn with_rule(&self, rule: ReviewRule) -> Self {
        *self.rule.lock().unwrap_or_else(PoisonError::into_inner) = rule;
        self.clone()
    }

    /// The rule by which reviews are asked for.
    pub fn rule(&self) -> ReviewRule {
        *self.rule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The directory of the reviews.
    pub fn directory(&self) -> &ReviewDirectory {
        self.book.directory()
    }

    /// Looks for the decisions about a tool. It reads files where they have changed.
    pub fn look(&self, tool: &Tool) -> Reviewed {
        let Subject::Component(component) = tool.subject() else {
            return Reviewed::Exempt;
        };
        let name = tool.name();
        let rule = self.rule();
        let is_asked_for = rule != ReviewRule::None;
        let standing = match self.book.standing(component, tool.grant(), rule) {
            Ok(standing) => standing,
            Err(problem) => {
                let refusal = format!("the reviews of this host cannot be used: {problem}");
                return Reviewed::Unusable { refusal };
            }
        };
        let is_rejected = matches!(standing, Standing::Rejected { .. });
        if !is_rejected && (!is_asked_for || standing.is_approved()) {
            return Reviewed::Standing {
                standing,
                refusal: None,
            };
        }
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
        let refusal = format!("`{name}` ({also}{component}) {standing}; {next}");
        Reviewed::Standing {
            standing,
            refusal: Some(refusal),
        }
    }

    /// Returns true if a tool needs a review before it is called.
    pub fn is_asked_for(&self) -> bool {
        self.rule() != ReviewRule::None
    }
}

impl Reviewed {
    /// Returns true if a decision that counts approves of the tool. It is true for the tools of the
    /// host itself.
    pub(crate) fn is_approved(&self) -> bool {
        match self {
            Self::Exempt => true,
            Self::Standing { standing, .. } => standing.is_approved(),
            Self::Unusable { .. } => false,
        }
    }

    /// The reason to refuse the call, if there is one.
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Self::Exempt => None,
            Self::Standing { refusal, .. } => refusal.as_deref(),
            Self::Unusable { refusal } => Some(refusal),
        }
    }
}
