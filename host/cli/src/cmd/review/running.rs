//! `cofferdam review ls --agent`: the tools of an agent, reviewed or not, as its host sees them.

use std::path::Path;

use cofferdam_capability::ForeignText;
use cofferdam_server::{ReviewedToolEntry, ReviewedTools, reviewed_tools};

use crate::connect::connect;
use crate::console::{self, Format};
use crate::error::Failure;

/// Lists the tools of an agent that runs.
pub(super) async fn list(agent: String, format: Format, data: &Path) -> Result<(), Failure> {
    let host = connect(data).await?;
    let listed = reviewed_tools(&host, agent).await?;
    if format == Format::Json {
        return console::json(&listed);
    }
    let ReviewedTools { rule, tools } = listed;
    if tools.is_empty() {
        console::note("the agent has no tools");
        return Ok(());
    }
    let refused: Vec<_> = tools
        .iter()
        .filter(|tool| !tool.refusal.is_empty())
        .map(|tool| tool.refusal.clone())
        .collect();
    console::table(
        &[
            "tool",
            "in manifest",
            "component",
            "standing",
            "by",
            "calls",
        ],
        tools.into_iter().map(row).collect(),
    );
    for refusal in refused {
        console::note(&format!("note: {}", ForeignText::line(&refusal)));
    }
    if rule == "none" {
        console::note(
            "note: `[host] require-review` is not set in cofferdam.toml: here tools run without an \
             approval as well",
        );
    }
    Ok(())
}

fn row(tool: ReviewedToolEntry) -> Vec<String> {
    let text = |text: &str| ForeignText::line(text).to_string();
    let component = tool.component.trim_start_matches("sha256:");
    let calls = if tool.refusal.is_empty() {
        "let through"
    } else {
        "refused"
    };
    vec![
        tool.tool,
        text(&tool.name),
        component.chars().take(12).collect(),
        tool.standing,
        text(&tool.reviewer),
        calls.to_owned(),
    ]
}
