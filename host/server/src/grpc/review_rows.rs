//! Decisions and reviewed tools as they are on the wire.

use std::time::{SystemTime, UNIX_EPOCH};

use cofferdam_capability::Digest;
use cofferdam_proto::host::{Decision, ReviewedTool};
use cofferdam_tool::{
    DamagedDecision, DecisionList, DecisionSummary, KeptDecision, ListedDecision, ReviewRule,
    Reviewed, Tool,
};

/// Bytes of a row beside its texts: numbers, and the lengths of fields.
const ROW_BYTES: usize = 128;

/// All decisions for a client, and then the damaged files.
pub(super) fn newest_first(list: DecisionList) -> Vec<Decision> {
    let DecisionList { decisions, damaged } = list;
    let damaged = damaged.into_iter().map(damaged_decision);
    let decisions = decisions.into_iter().rev().map(decision);
    decisions.chain(damaged).collect()
}

/// A decision for a client.
pub(super) fn decision(row: ListedDecision) -> Decision {
    let ListedDecision {
        file,
        id,
        summary,
        signer,
        state,
    } = row;
    let mut told = Decision {
        id: id.to_string(),
        file: KeptDecision::file_name(file),
        state: state.as_str().to_owned(),
        ..Decision::default()
    };
    if !state.counts() {
        told.state_reason = state.to_string();
    }
    if let Some(signer) = signer {
        told.key = signer.key.to_string();
        told.reviewer = signer.name;
    }
    let Some(summary) = summary else {
        return told;
    };
    let DecisionSummary {
        verdict,
        tool,
        component,
        manifest,
        revokes,
        is_for_one_grant,
        reason,
        made,
        expires,
    } = summary;
    let text = |digest: Option<Digest>| digest.map_or_else(String::new, |one| one.to_string());
    Decision {
        verdict: verdict.to_owned(),
        tool,
        component: component.to_string(),
        manifest: text(manifest),
        revokes: text(revokes),
        one_grant: is_for_one_grant,
        reason,
        made_at: seconds(made),
        expires_at: expires.map(seconds).unwrap_or_default(),
        ..told
    }
}

fn damaged_decision(damaged: DamagedDecision) -> Decision {
    let DamagedDecision { file, problem } = damaged;
    Decision {
        file,
        state: "damaged".to_owned(),
        state_reason: problem.for_callers(),
        ..Decision::default()
    }
}

/// A tool with its reviews for a client.
pub(super) fn reviewed_tool(agent: &str, tool: &Tool, reviewed: Reviewed) -> ReviewedTool {
    let refusal = reviewed.refusal().unwrap_or_default().to_owned();
    let row = ReviewedTool {
        agent: agent.to_owned(),
        tool: tool.name().to_owned(),
        refusal,
        ..ReviewedTool::default()
    };
    let standing = match reviewed {
        Reviewed::Exempt => {
            return ReviewedTool {
                standing: "exempt".to_owned(),
                standing_reason: "is a tool of the host itself".to_owned(),
                ..row
            };
        }
        Reviewed::Standing { standing, .. } => Some(standing),
        Reviewed::Unusable { .. } => None,
    };
    let row = ReviewedTool {
        name: tool.manifest_name().to_owned(),
        component: tool.grant().component().to_string(),
        grant: tool.grant().digest().to_string(),
        ..row
    };
    let Some(standing) = standing else {
        return ReviewedTool {
            standing: "unusable".to_owned(),
            standing_reason: "the reviews of this host cannot be read".to_owned(),
            ..row
        };
    };
    let decision = standing.decision();
    ReviewedTool {
        standing: standing.as_str().to_owned(),
        standing_reason: standing.to_string(),
        decision: decision.map_or_else(String::new, |one| one.to_string()),
        reviewer: standing.reviewer().unwrap_or_default().to_owned(),
        ..row
    }
}

/// The name of a rule, for a client.
pub(super) fn rule_name(rule: ReviewRule) -> &'static str {
    match rule {
        ReviewRule::None => "none",
        ReviewRule::Required => "required",
        ReviewRule::ByDigest => "by-digest",
    }
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Bytes of a decision in a page.
pub(super) fn decision_bytes(row: &Decision) -> usize {
    let Decision {
        id,
        file,
        state,
        state_reason,
        verdict,
        tool,
        component,
        manifest,
        revokes,
        one_grant: _,
        key,
        reviewer,
        reason,
        made_at: _,
        expires_at: _,
    } = row;
    let texts = [
        id,
        file,
        state,
        state_reason,
        verdict,
        tool,
        component,
        manifest,
        revokes,
        key,
        reviewer,
        reason,
    ];
    ROW_BYTES + texts.iter().map(|text| text.len()).sum::<usize>()
}

/// Bytes of a tool in a page.
pub(super) fn tool_bytes(row: &ReviewedTool) -> usize {
    let ReviewedTool {
        agent,
        tool,
        name,
        component,
        grant,
        standing,
        standing_reason,
        decision,
        reviewer,
        refusal,
    } = row;
    let texts = [
        agent,
        tool,
        name,
        component,
        grant,
        standing,
        standing_reason,
        decision,
        reviewer,
        refusal,
    ];
    ROW_BYTES + texts.iter().map(|text| text.len()).sum::<usize>()
}
