//! The page of an agent: all of its tools, and what they can do together.

use cofferdam_image::agentfile::{Agentfile, Config};
use cofferdam_image::{AgentImage, Reference};
use cofferdam_tool::{PolicyFile, Rules};
use cofferdam_workbench::review::{AgentPage, AgentTool, FlowPage, UNDECIDED};
use serde_json::json;

use super::document::{Block, Document, Entry, Field, Section};
use super::tool::{finding, undecided};
use super::{next, words};
use crate::console;
use crate::error::Failure;

/// Tools that are named beside one finding.
const MOST_NAMES: usize = 4;

/// A policy that an image brings along.
struct Policy {
    file: String,
    holds: String,
}

/// Writes the page of an agent. `written` is its name on the command line.
pub(super) fn document(
    written: &str,
    agent: &AgentImage,
    page: &AgentPage,
) -> Result<Document, Failure> {
    let Agentfile {
        from,
        model,
        contexts,
        configs,
        adds,
        envs,
        bins,
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
    sections.push(flows(page, configs));
    sections.push(findings(page));
    sections.push(tools(page));
    sections.push(words::of_agent(&page.tools, bins));
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
    sections.push(next::of_agent(written));
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
fn flows(page: &AgentPage, configs: &[Config]) -> Section {
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
        let entries = lines.map(|line| Entry {
            head: format!("{} can reach {}", line.source, line.host),
            lines: vec![line.way.clone()],
        });
        entries.collect::<Vec<_>>()
    };
    let mut sentences = vec![
        "If everything that the tools ask for is granted. `*` is whatever host the operator grants."
            .to_owned(),
    ];
    sentences.extend(configs.iter().filter_map(narrowed));
    let mut blocks = vec![Block::Sentences(sentences)];
    let parts = [
        (false, "Without the model passing it on:"),
        (true, "With the model passing it on, also:"),
    ];
    for (through_model, words) in parts {
        let entries = of(through_model);
        let nothing = if entries.is_empty() { " nothing." } else { "" };
        blocks.push(Block::Sentences(vec![format!("{words}{nothing}")]));
        if !entries.is_empty() {
            blocks.push(Block::Entries(entries));
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

/// The hosts that the author asks for, fewer than the tool's manifest may have.
fn narrowed(config: &Config) -> Option<String> {
    let Config { key, value, .. } = config;
    let hosts = value.as_ref()?.to_string();
    let of_bin = key.strip_prefix("grant.")?;
    let bin = of_bin
        .strip_suffix(".http")
        .or_else(|| of_bin.strip_suffix(".tcp"))?;
    Some(format!(
        "For {bin} the author asks for {hosts} alone (CONFIG {key}); nothing holds the operator to \
         it."
    ))
}

fn findings(page: &AgentPage) -> Section {
    let entries = page.findings.iter().map(|found| {
        let Entry { head, lines } = finding(&found.finding);
        Entry {
            head: format!("{}: {head}", several(&found.tools)),
            lines,
        }
    });
    let without = "No rule found anything.";
    Section::entries("what stands out", entries.collect(), without)
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
    let entry = |tool: &AgentTool| {
        let AgentTool {
            bin,
            image,
            image_digest,
            page,
            unknown,
        } = tool;
        let mut lines = Vec::new();
        let head = match page {
            Some(page) => {
                lines.extend(Some(page.summary.clone()).filter(|summary| !summary.is_empty()));
                lines.push(format!("component {}", page.component));
                format!("{bin}: effect {}, risk {}", page.effect, page.risk)
            }
            None => {
                lines.extend(unknown.clone());
                format!("{bin}: unknown")
            }
        };
        lines.push(match image_digest {
            Some(digest) => format!("image {digest} ({image})"),
            None => format!("image {image}"),
        });
        Entry { head, lines }
    };
    let entries = page.tools.iter().map(entry).collect();
    Section::entries("its tools", entries, "None.")
}

fn asks(page: &AgentPage) -> Section {
    let mut entries = Vec::new();
    for tool in &page.tools {
        for power in tool.page.iter().flat_map(|page| &page.asks) {
            entries.push(Entry {
                head: format!("{}: {} {}", tool.bin, power.kind, power.what),
                lines: vec![power.reason.clone()],
            });
        }
    }
    Section::entries("what they ask for, and why", entries, "Nothing.")
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
