//! The record of a decision about a call, for the audit trail.

use cofferdam_capability::Digest;
use serde::{Deserialize, Serialize};

use crate::outcome::OutcomeName;
use crate::reach::{Reach, is_zero};
use crate::receipt::Receipt;

/// The largest number that every reader of JSON takes as it is written (RFC 8785, I-JSON).
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// The record of one call, allowed or not. It holds no argument, no result and no words of a guest:
/// the arguments are in it as a digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The party that made the call.
    pub principal: Principal,
    /// The agent whose tool it was; none for a tool that the operator ran by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The session in which the agent's model made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The tool that made it, for a nested call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Calls that it was inside of.
    pub depth: u64,
    /// The kind of work that was asked for.
    pub action: Action,
    /// The tool, by the name it was called by.
    pub tool: String,
    /// The component; none where there is no such tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<Digest>,
    /// The manifest that it came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// The grant that it ran under, or would have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Digest>,
    /// The grant of the tool that made it, for a nested call; none where the call ended before it
    /// had a grant, and in lines of former hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_grant: Option<Digest>,
    /// SHA-256 of the arguments in canonical form (RFC 8785). None where they were not read: they
    /// are no JSON, or the call was refused before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Digest>,
    /// The decision about it.
    pub decision: Decision,
    /// The name of its outcome.
    pub outcome: OutcomeName,
    /// The exit code of a guest that says that it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// Resources that it used.
    pub usage: Usage,
    /// Directories and hosts that it used; none where there is no such tool, and in lines of former
    /// hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reach>,
    /// The trace that it belongs to (W3C Trace Context).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// The party that makes a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Principal {
    /// The operator, or a program that the operator started.
    #[default]
    Operator,
    /// A client with a named token.
    Client {
        /// The name of its token.
        name: String,
    },
    /// The model of an agent, or an agent with a token of its own.
    Agent {
        /// The agent.
        name: String,
    },
}

impl Principal {
    /// The kind and the name, as people read it.
    pub fn shown(&self) -> String {
        match self {
            Self::Operator => "operator".to_owned(),
            Self::Client { name } => format!("client {name}"),
            Self::Agent { name } => format!("agent {name}"),
        }
    }
}

/// The kind of work that a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A tool is called.
    Call,
    /// A component is asked which tools it has.
    List,
}

/// A decision about a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The decision itself.
    pub verdict: Verdict,
    /// Names of the policies that made it. Those of the host itself begin with `host:`.
    #[serde(default)]
    pub policies: Vec<String>,
    /// The approval that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
}

impl Decision {
    /// The decision that one policy made, without an approval.
    pub fn of(verdict: Verdict, policy: &str) -> Self {
        Self {
            verdict,
            policies: vec![policy.to_owned()],
            approval: None,
        }
    }
}

/// The result of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The call may happen.
    Allow,
    /// The call may not happen.
    Deny,
    /// The call waits for an approval.
    Pending,
}

impl Verdict {
    /// Every verdict there is.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Deny, Self::Pending];

    /// Its spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Pending => "pending",
        }
    }

    /// The verdict that is spelt so.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == text)
    }
}

/// Numbers of a receipt. Those above 2^53-1 are written as 2^53-1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Fuel.
    pub fuel: u64,
    /// The most linear memory that it held at one time, in bytes.
    pub peak_memory: u64,
    /// The most memory that the host held for it at one time, in bytes.
    pub host_memory: u64,
    /// Wall-clock time, in microseconds.
    pub wall_us: u64,
    /// The part of it that was spent waiting for a place, in microseconds.
    pub queued_us: u64,
    /// CPU time, in microseconds.
    pub cpu_us: u64,
    /// Bytes of its input.
    pub bytes_in: u64,
    /// Bytes of its result or standard output.
    pub stdout_bytes: u64,
    /// Bytes of its standard error.
    pub stderr_bytes: u64,
    /// Bytes that it wrote to files.
    pub bytes_written: u64,
    /// Calls of other tools that it made, refused ones included.
    pub calls: u64,
    /// Files, directories and links that it created or renamed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub entries_created: u64,
}

impl From<&Receipt> for Usage {
    fn from(receipt: &Receipt) -> Self {
        let number = |number: u64| number.min(MAX_NUMBER);
        Self {
            fuel: number(receipt.fuel),
            peak_memory: number(receipt.peak_memory),
            host_memory: number(receipt.host_memory),
            wall_us: number(receipt.wall_us),
            queued_us: number(receipt.queued_us),
            cpu_us: number(receipt.cpu_us),
            bytes_in: number(receipt.bytes_in),
            stdout_bytes: number(receipt.stdout_bytes),
            stderr_bytes: number(receipt.stderr_bytes),
            bytes_written: number(receipt.bytes_written),
            calls: number(receipt.calls),
            entries_created: number(receipt.entries_created),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_former_host_is_read_and_written_as_it_was() {
        let line = r#"{"action":"call","decision":{"policies":["host:offered"],"verdict":"allow"},"#
            .to_owned()
            + r#""depth":0,"outcome":"ok","principal":{"kind":"operator"},"tool":"wc","usage":"#
            + r#"{"bytes_in":1,"bytes_written":0,"calls":0,"cpu_us":1,"fuel":1,"host_memory":1,"#
            + r#""peak_memory":1,"queued_us":0,"stderr_bytes":0,"stdout_bytes":1,"wall_us":1}}"#;
        let record: Record = serde_json::from_str(&line).unwrap();
        assert_eq!(record.reach, None);
        let written: serde_json::Value = serde_json::to_value(&record).unwrap();
        let before: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(written, before);
    }

    #[test]
    fn a_verdict_is_spelt_in_one_way() {
        for verdict in Verdict::ALL {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.as_str());
            assert_eq!(Verdict::parse(verdict.as_str()), Some(verdict));
        }
    }
}
