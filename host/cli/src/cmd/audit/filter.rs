//! The calls that `audit ls` shows.

use std::time::SystemTime;

use clap::Args;
use cofferdam_call::{ApprovalAnswer, OutcomeName, Record, Verdict};
use cofferdam_store::Entry;

use crate::past::past;

/// Properties that a call must have to be shown: all of those that are named.
#[derive(Debug, Args)]
pub(super) struct Filter {
    /// Calls of this agent's tools alone
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,

    /// Calls of this tool alone
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,

    /// Calls in this session alone
    #[arg(long, value_name = "ID")]
    session: Option<String>,

    /// Calls that ended so alone, such as ok, denied or out-of-fuel
    #[arg(long, value_name = "OUTCOME", value_parser = outcome)]
    outcome: Option<OutcomeName>,

    /// Calls about which was decided so alone: allow, deny or pending
    #[arg(long, value_name = "DECISION", value_parser = verdict)]
    decision: Option<Verdict>,

    /// Leave out what is older: a duration such as 10m, or a time such as 2026-11-30T11:00:00Z
    #[arg(long, value_name = "TIME", value_parser = past)]
    since: Option<SystemTime>,

    /// Leave out what is newer
    #[arg(long, value_name = "TIME", value_parser = past)]
    until: Option<SystemTime>,
}

impl Filter {
    /// Returns true if the call of this line is shown.
    pub(super) fn takes(&self, entry: &Entry, record: &Record) -> bool {
        let agent = self.agent.as_ref();
        agent.is_none_or(|agent| record.agent.as_ref() == Some(agent))
            && self.outcome.is_none_or(|outcome| record.outcome == outcome)
            && self.takes_line(entry, &record.tool, record.session.as_ref())
            && self.takes_verdict(record.decision.verdict)
    }

    /// Returns true if the answer of this line is shown: it is about no outcome.
    pub(super) fn takes_answer(&self, entry: &Entry, answer: &ApprovalAnswer) -> bool {
        let verdict = if answer.approved {
            Verdict::Allow
        } else {
            Verdict::Deny
        };
        let is_of =
            |agent: &String| answer.agent_id == *agent || answer.caller == format!("agent {agent}");
        self.agent.as_ref().is_none_or(is_of)
            && self.outcome.is_none()
            && self.takes_line(entry, &answer.tool, answer.session.as_ref())
            && self.takes_verdict(verdict)
    }

    /// Returns true if the time, the tool and the session of a line are asked for.
    fn takes_line(&self, entry: &Entry, tool: &str, session: Option<&String>) -> bool {
        let time = humantime::parse_rfc3339_weak(&entry.time).ok();
        self.tool.as_ref().is_none_or(|wanted| wanted == tool)
            && self
                .session
                .as_ref()
                .is_none_or(|wanted| session == Some(wanted))
            && self
                .since
                .is_none_or(|since| time.is_none_or(|time| time >= since))
            && self
                .until
                .is_none_or(|until| time.is_none_or(|time| time <= until))
    }

    fn takes_verdict(&self, verdict: Verdict) -> bool {
        self.decision.is_none_or(|wanted| wanted == verdict)
    }
}

fn outcome(written: &str) -> Result<OutcomeName, String> {
    let names = || OutcomeName::ALL.map(OutcomeName::as_str).join(", ");
    OutcomeName::parse(written).ok_or_else(|| format!("expected one of {}", names()))
}

fn verdict(written: &str) -> Result<Verdict, String> {
    let names = || Verdict::ALL.map(Verdict::as_str).join(", ");
    Verdict::parse(written).ok_or_else(|| format!("expected one of {}", names()))
}
