//! The state of a question, which the client carries between two calls.

use std::fmt;

use cofferdam_capability::Digest;
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// Seals the ids of questions, each for the one call whose question the client was asked to show.
/// The key is that of this process: after a restart a question is asked anew.
pub(crate) struct QuestionSeal {
    agent: String,
    key: [Uuid; 2],
}

/// A call, as the client makes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SealedCall<'a> {
    pub(crate) tool: &'a str,
    /// As JSON.
    arguments: &'a str,
}

impl<'a> SealedCall<'a> {
    /// A call of this tool with these arguments.
    pub(crate) fn new(tool: &'a str, arguments: &'a str) -> Self {
        Self { tool, arguments }
    }
}

impl QuestionSeal {
    /// Seals questions about the calls of this agent's tools.
    pub(crate) fn new(agent: &str) -> Self {
        Self {
            agent: agent.to_owned(),
            key: [Uuid::new_v4(), Uuid::new_v4()],
        }
    }

    /// Returns the state for the client: the id of the question, and its seal.
    pub(crate) fn seal(&self, id: &str, call: SealedCall<'_>) -> String {
        let SealedCall { tool, arguments } = call;
        // Parts of a fixed length, so that no two calls are written alike, and none is the
        // beginning of another.
        let parts = [&self.agent, id, tool, arguments].map(|part| Digest::of(part.as_bytes()));
        let keyed = format!("{:?}{parts:?}", self.key.map(Uuid::into_bytes));
        format!("{id}.{}", Digest::of(keyed.as_bytes()).hex())
    }

    /// Returns the id of the question, if this process has sealed it for this call.
    pub(crate) fn open(&self, state: &str, call: SealedCall<'_>) -> Option<String> {
        let (id, _) = state.split_once('.')?;
        let own = self.seal(id, call);
        bool::from(own.as_bytes().ct_eq(state.as_bytes())).then(|| id.to_owned())
    }
}

impl fmt::Debug for QuestionSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the key.
        f.debug_struct("QuestionSeal")
            .field("agent", &self.agent)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_for_one_question_and_one_call() {
        let call = SealedCall::new("touch", r#"{"args":["a"]}"#);
        let seal = QuestionSeal::new("a");
        let state = seal.seal("4711", call);
        assert_eq!(seal.open(&state, call).as_deref(), Some("4711"));
        let other_question = state.replace("4711", "4712");
        for forged in ["", "4711", "4711.", &other_question] {
            assert_eq!(seal.open(forged, call), None, "{forged}");
        }
        for other in [
            SealedCall::new("rm", r#"{"args":["a"]}"#),
            SealedCall::new("touch", r#"{"args":["b"]}"#),
        ] {
            assert_eq!(seal.open(&state, other), None, "{other:?}");
        }
        // Nor by another process.
        assert_eq!(QuestionSeal::new("a").open(&state, call), None);
    }
}
