//! The page of an agent: all of its tools, and what they can do together.

use cofferdam_image::agentfile::Agentfile;
use cofferdam_image::{AgentImage, Reference};
use cofferdam_tool::{PolicyFile, Rules};
use cofferdam_workbench::review::{AgentPage, AgentTool, FlowPage, UNDECIDED};
use serde_json::json;

use super::document::{Block, Document, Field, Section};
use super::tool::undecided;
use crate::console;
use crate::error::Failure;

/// Tools that are named beside one finding.
const MOST_NAMES: usize = 4;

/// A policy that an image brings along.
struct Policy {
    file: String,
    holds: String,
}

/// Writes the page of an agent.
pub(super) fn document(agent: &AgentImage, page: &AgentPage) -> Result<Document, Failure> {
    let Agentfile {
        from,
        model,
        contexts,
        configs,
        adds,
        envs,
        capabilities,
        ..
    } = &agent.agentfile;
    let policies = policies(agent);
    let settings: Vec<_> = configs
        .iter()
        .map(|config| {
            let value = config.value.as_ref().map(ToString::to_string);
            let value = value.unwrap_or_else(|| "(who runs the agent gives it)".to_owned());
            vec![config.key.clone(), value]
        })
        .collect();
    let told = |policy: &Policy| json!({ "file": policy.file, "holds": policy.holds });
    let json = json!({
        "kind": "agent",
        "image": { "reference": agent.reference.to_string(), "digest": agent.digest,
            "annotations": agent.annotations },
        "name": agent.agentfile.name(),
        "model": model,
        "from": from.as_ref().map(Reference::to_string),
        "variables": envs.iter().map(|env| &env.key).collect::<Vec<_>>(),
        "settings": settings.iter().map(|row| row.join(" = ")).collect::<Vec<_>>(),
        "contexts": contexts.iter().map(|context| &context.name).collect::<Vec<_>>(),
        "files": adds.iter().map(|add| &add.name).collect::<Vec<_>>(),
        "capabilities": capabilities,
        "policies": policies.iter().map(told).collect::<Vec<_>>(),
        "agent": page,
        "undecided": UNDECIDED,
    });
    let mut sections = vec![Section::new(
        "the agent",
        vec![Block::Fields(identity(agent))],
    )];
    // Here come the signatures of the image, and what changed since the last approved digest.
    sections.push(flows(page));
    sections.push(findings(page));
    sections.push(tools(page));
    sections.push(asks(page));
    sections.push(calls(page));
    sections.push(Section::table(
        "its settings",
        &["setting", "value"],
        settings,
        "None.",
    ));
    let rows = policies.into_iter();
    sections.push(Section::table(
        "policies that it brings along",
        &["file", "what it is"],
        rows.map(|policy| vec![policy.file, policy.holds]).collect(),
        "None. Those of the host decide.",
    ));
    sections.push(undecided());
    Ok(Document {
        title: format!("Review of the agent {}", agent.agentfile.name()),
        sections,
        json,
    })
}

fn identity(agent: &AgentImage) -> Vec<Field> {
    let Agentfile {
        from,
        model,
        contexts,
        adds,
        envs,
        capabilities,
        ..
    } = &agent.agentfile;
    let from = from.as_ref().map(Reference::to_string);
    let lines = |name: &str, lines: Vec<String>| Field {
        name: name.to_owned(),
        lines: or_none(lines),
    };
    vec![
        Field::new("image", agent.reference.to_string()),
        Field::new("digest", agent.digest.to_string()),
        Field::new("size", console::size(agent.size)),
        Field::new("from", from.unwrap_or_else(|| "scratch".to_owned())),
        Field::new("model", model.as_deref().unwrap_or("(who runs it says)")),
        lines(
            "variables",
            envs.iter().map(|env| env.key.clone()).collect(),
        ),
        lines("capabilities", capabilities.iter().cloned().collect()),
        lines(
            "prompt",
            contexts
                .iter()
                .map(|context| format!("{} ({} bytes)", context.name, context.content.len()))
                .collect(),
        ),
        lines(
            "files",
            adds.iter()
                .map(|add| format!("{} ({} bytes)", add.name, add.content.len()))
                .collect(),
        ),
    ]
}

fn or_none(lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() {
        return vec!["none".to_owned()];
    }
    lines
}

/// The policies among its files. They can only forbid.
fn policies(agent: &AgentImage) -> Vec<Policy> {
    let adds = agent.agentfile.adds.iter();
    let files = adds.filter(|add| add.name.ends_with(".cedar"));
    let policy = |add: &cofferdam_image::agentfile::Add| {
        let file = PolicyFile {
            name: add.name.clone(),
            text: String::from_utf8_lossy(&add.content).into_owned(),
        };
        let holds = match Rules::read_narrowing(&[file]) {
            Ok(rules) => match rules.len() {
                1 => "1 rule that forbids".to_owned(),
                count => format!("{count} rules that forbid"),
            },
            Err(problems) => match problems.first() {
                Some(problem) => format!("it is wrong: {problem}"),
                None => "it is wrong".to_owned(),
            },
        };
        Policy {
            file: add.name.clone(),
            holds,
        }
    };
    files.map(policy).collect()
}

/// The ways of data.
fn flows(page: &AgentPage) -> Section {
    let title = "where data can go";
    let lines = match &page.flows {
        FlowPage::Followed(lines) => lines,
        FlowPage::Unknown { unknown } => {
            let sentence =
                format!("Nobody can say ({unknown}): any data may get to any host of its tools.");
            return Section::sentences(title, vec![sentence]);
        }
    };
    let of = |through_model: bool| {
        let lines = lines.iter();
        let lines = lines.filter(move |line| line.through_model == through_model);
        let rows = lines.map(|line| vec![line.source.clone(), line.host.clone(), line.way.clone()]);
        rows.collect::<Vec<_>>()
    };
    let mut blocks = vec![Block::Sentences(vec![
        "If everything that the tools ask for is granted. `*` is whatever host the operator grants."
            .to_owned(),
    ])];
    let header = ["data in", "can reach", "shortest way"];
    let parts = [
        (false, "Without the model passing it on:"),
        (true, "With the model passing it on, also:"),
    ];
    for (through_model, words) in parts {
        let rows = of(through_model);
        let nothing = if rows.is_empty() { " nothing." } else { "" };
        blocks.push(Block::Sentences(vec![format!("{words}{nothing}")]));
        if !rows.is_empty() {
            blocks.push(Block::table(&header, rows));
        }
    }
    if !page.secrets.is_empty() {
        blocks.push(Block::Sentences(vec![
            "The host puts these secrets into requests; no tool sees one:".to_owned(),
        ]));
        let secrets = page.secrets.iter();
        let rows =
            secrets.map(|line| vec![line.secret.clone(), line.host.clone(), line.tool.clone()]);
        blocks.push(Block::table(&["secret", "host", "tool"], rows.collect()));
    }
    Section::new(title, blocks)
}

fn findings(page: &AgentPage) -> Section {
    let rows = page.findings.iter().map(|found| {
        vec![
            several(&found.tools),
            found.finding.category.as_str().to_owned(),
            found.finding.what.clone(),
            found.finding.rule.to_owned(),
        ]
    });
    Section::table(
        "what stands out",
        &["tools", "category", "what", "rule"],
        rows.collect(),
        "No rule found anything.",
    )
}

/// Names of tools in one cell.
fn several(names: &[String]) -> String {
    let more = names.len().saturating_sub(MOST_NAMES);
    let named = names.iter().take(MOST_NAMES).cloned();
    let named = named.collect::<Vec<_>>().join(", ");
    if more == 0 {
        return named;
    }
    format!("{named} and {more} more")
}

fn tools(page: &AgentPage) -> Section {
    let row = |tool: &AgentTool| {
        let AgentTool {
            bin,
            image,
            page,
            unknown,
        } = tool;
        let Some(page) = page else {
            let reason = unknown.clone().unwrap_or_default();
            return vec![bin.clone(), "unknown".to_owned(), reason, image.clone()];
        };
        vec![
            bin.clone(),
            page.effect.to_owned(),
            page.summary.clone(),
            page.component.to_string(),
        ]
    };
    Section::table(
        "its tools",
        &["tool", "effect", "summary", "component"],
        page.tools.iter().map(row).collect(),
        "None.",
    )
}

fn asks(page: &AgentPage) -> Section {
    let mut rows = Vec::new();
    for tool in &page.tools {
        for power in tool.page.iter().flat_map(|page| &page.asks) {
            rows.push(vec![
                tool.bin.clone(),
                power.kind.to_owned(),
                power.what.clone(),
                power.reason.clone(),
            ]);
        }
    }
    Section::table(
        "what they ask for, and why",
        &["tool", "asks for", "what", "reason"],
        rows,
        "Nothing.",
    )
}

fn calls(page: &AgentPage) -> Section {
    let rows = page.calls.iter().map(|call| {
        let there = if call.is_there {
            ""
        } else {
            " (the agent has none)"
        };
        vec![
            call.from.clone(),
            format!("{}{there}", call.to),
            call.may_use.clone(),
        ]
    });
    Section::table(
        "calls between them",
        &["tool", "calls", "which may use"],
        rows.collect(),
        "None.",
    )
}
