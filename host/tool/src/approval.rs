//! Approvals: a call that waits for a person, bound to everything that the person saw.

use std::fmt;
use std::pin::Pin;

use cofferdam_call::Stdin;
use cofferdam_capability::{Digest, Grant};
use cofferdam_sandbox::Invocation;
use serde_json::{Value, json};

use crate::chain::Chain;
use crate::decided::Decided;
use crate::effect::Effect;
use crate::tool::Tool;

/// The longest input that a person can be asked about (64 KiB): nobody reads a longer one.
const MAX_SHOWN: usize = 64 << 10;

/// Something that an approver finds out, as it comes.
pub type Approving<'a, T> = Pin<Box<dyn Future<Output = Result<T, ApprovalError>> + Send + 'a>>;

/// Keeps the calls of one agent that wait for a person, and what was decided about them.
pub trait Approver: fmt::Debug + Send + Sync {
    /// Uses up an approval for the call of this binding. It is used once, whatever comes of the
    /// call.
    fn redeem<'a>(&'a self, approval: &'a str, binding: &'a Binding) -> Approving<'a, ()>;

    /// The approval that holds for every such call of the session, if there is one.
    fn standing<'a>(&'a self, binding: &'a Binding) -> Approving<'a, Option<String>>;

    /// Keeps a call until a person has decided about it, and returns the id of the question.
    fn ask(&self, question: ApprovalQuestion) -> Approving<'_, String>;
}

/// Everything that an approval holds for. A call that differs in any of it is another call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The component that runs.
    pub component: Digest,
    /// The tool.
    pub tool: String,
    /// The tool that makes the call; empty for a call by a model or a client.
    pub caller: String,
    /// The digest of the arguments, in canonical JSON.
    pub arguments: Digest,
    /// The grant that it runs under.
    pub grant: Digest,
    /// The one who asks: `agent demo`, `client ci`, `operator`.
    pub principal: String,
    /// The session that the call belongs to; empty for none.
    pub session: String,
}

/// A question to a person.
#[derive(Debug, Clone)]
pub struct ApprovalQuestion {
    /// Everything that the answer holds for.
    pub binding: Binding,
    /// The arguments in canonical JSON: the call that runs once it is approved.
    pub arguments: String,
    /// The same without secrets, as the person sees it.
    pub shown: String,
    /// The effect class of the tool.
    pub effect: Effect,
    /// The policies that want an approval; empty where none permits the call without one.
    pub policies: Vec<String>,
    /// The reason for the question, in words.
    pub reason: String,
}

/// The reason why a call has no approval.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ApprovalError {
    /// Nobody has decided about this question yet.
    #[error("the approval `{0}` is pending")]
    Pending(String),
    /// The approval is not one for this call, or no more; the words are for whoever calls.
    #[error("{0}")]
    Refused(String),
    /// The host failed; the words are for its log.
    #[error("{0}")]
    Failed(String),
}

/// The arguments of a call, as a person decides about them.
#[derive(Debug)]
pub(crate) struct ShownArguments {
    pub(crate) canonical: String,
    pub(crate) digest: Digest,
}

impl ShownArguments {
    /// The arguments of a call that was checked, in the form in which the tool takes them.
    ///
    /// # Errors
    ///
    /// If they are too long to be read, or known only while the tool runs.
    pub(crate) fn of(invocation: &Invocation, is_module: bool) -> Result<Self, ApprovalError> {
        let too_long = || {
            ApprovalError::Refused(format!(
                "its input is longer than a person is asked about ({} KiB)",
                MAX_SHOWN >> 10
            ))
        };
        let value = match invocation {
            Invocation::Command { args, stdin } => {
                let Stdin::Bytes(stdin) = stdin else {
                    return Err(ApprovalError::Refused(
                        "its standard input is read only while it runs".to_owned(),
                    ));
                };
                if stdin.len() > MAX_SHOWN {
                    return Err(too_long());
                }
                match std::str::from_utf8(stdin) {
                    Ok(input) if is_module => json!({ "input": input }),
                    Ok("") => json!({ "args": args }),
                    Ok(stdin) => json!({ "args": args, "stdin": stdin }),
                    Err(_) => {
                        return Err(ApprovalError::Refused(
                            "its standard input is no text that a person could read".to_owned(),
                        ));
                    }
                }
            }
            Invocation::Typed { input, .. } => {
                if input.len() > MAX_SHOWN {
                    return Err(too_long());
                }
                serde_json::from_str::<Value>(input)
                    .map_err(|error| ApprovalError::Failed(error.to_string()))?
            }
            _ => return Err(ApprovalError::Failed("no call of a tool".to_owned())),
        };
        let canonical = serde_json_canonicalizer::to_string(&value)
            .map_err(|error| ApprovalError::Failed(error.to_string()))?;
        if canonical.len() > MAX_SHOWN {
            return Err(too_long());
        }
        Ok(Self {
            digest: Digest::of(canonical.as_bytes()),
            canonical,
        })
    }
}

impl Binding {
    /// Everything that an approval of this call would hold for.
    fn of(asked: &Asked<'_>, arguments: Digest) -> Self {
        let Asked {
            tool,
            caller,
            grant,
            chain,
            ..
        } = asked;
        let caller = caller.map(|caller| caller.name().to_owned());
        Self {
            component: grant.component(),
            tool: tool.name().to_owned(),
            caller: caller.unwrap_or_default(),
            arguments,
            grant: grant.digest(),
            principal: chain.origin.principal().shown(),
            session: chain.origin.session_id().to_owned(),
        }
    }
}

/// Finds the approval of a call that needs one: the one that it brings, or one that holds for its
/// session. Else a person is asked.
pub(crate) async fn approve(asked: Asked<'_>) -> Result<String, NotApproved> {
    let Asked {
        approver,
        brought,
        tool,
        invocation,
        decided,
        redact,
        ..
    } = asked;
    let refused =
        |reason: String| NotApproved::Refused(format!("{}, and {reason}", decided.reason));
    let Some(approver) = approver else {
        return Err(refused(
            "nobody can be asked here: an agent of a running host can ask".to_owned(),
        ));
    };
    let told = |error: ApprovalError| match error {
        ApprovalError::Pending(id) => NotApproved::Asked(id),
        ApprovalError::Refused(reason) => refused(reason),
        ApprovalError::Failed(problem) => NotApproved::Failed(problem),
    };
    let arguments = ShownArguments::of(invocation, tool.is_module()).map_err(told)?;
    let binding = Binding::of(&asked, arguments.digest);
    if let Some(brought) = brought {
        approver.redeem(brought, &binding).await.map_err(told)?;
        return Ok(brought.to_owned());
    }
    if let Some(standing) = approver.standing(&binding).await.map_err(told)? {
        return Ok(standing);
    }
    let question = ApprovalQuestion {
        binding,
        shown: redact(&arguments.canonical),
        arguments: arguments.canonical,
        effect: tool.effect(),
        policies: decided.policies.clone(),
        reason: decided.reason.clone(),
    };
    let id = approver.ask(question).await.map_err(told)?;
    Err(NotApproved::Asked(id))
}

/// A call that needs an approval.
pub(crate) struct Asked<'a> {
    pub(crate) approver: Option<&'a dyn Approver>,
    /// The approval that the call brings.
    pub(crate) brought: Option<&'a str>,
    pub(crate) tool: &'a Tool,
    /// The tool that makes the call.
    pub(crate) caller: Option<&'a Tool>,
    pub(crate) grant: &'a Grant,
    pub(crate) chain: &'a Chain,
    pub(crate) invocation: &'a Invocation,
    pub(crate) decided: &'a Decided,
    /// Takes secrets out of what a person reads.
    pub(crate) redact: &'a (dyn Fn(&str) -> String + Send + Sync),
}

/// The reason why a call does not happen now.
#[derive(Debug)]
pub(crate) enum NotApproved {
    /// A person was asked: the question has this id.
    Asked(String),
    /// It cannot be approved; the words are for whoever calls.
    Refused(String),
    /// The host failed; the words are for its log.
    Failed(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_arguments_have_one_digest() {
        let typed = |input: &str| {
            let invocation = Invocation::Typed {
                tool: "t".to_owned(),
                input: input.to_owned(),
            };
            ShownArguments::of(&invocation, false).unwrap()
        };
        let one = typed(r#"{"b": 1.0, "a": "x"}"#);
        assert_eq!(one.canonical, r#"{"a":"x","b":1}"#);
        assert_eq!(one.digest, typed(r#"{"a":"x","b":1}"#).digest);
        assert_ne!(one.digest, typed(r#"{"a":"x","b":2}"#).digest);
    }

    #[test]
    fn nobody_is_asked_about_what_nobody_can_read() {
        let command = |stdin: Vec<u8>| {
            let invocation = Invocation::Command {
                args: vec!["-l".to_owned()],
                stdin: stdin.into(),
            };
            ShownArguments::of(&invocation, false)
        };
        assert_eq!(
            command(b"text".to_vec()).unwrap().canonical,
            r#"{"args":["-l"],"stdin":"text"}"#
        );
        assert!(command(vec![0xff]).is_err());
        assert!(command(vec![b'a'; 70_000]).is_err());
    }
}
