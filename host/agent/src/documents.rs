//! Documents that an agent's model reads before anything else. These documents tell the truth about
//! the sandbox.

use std::fmt::Write;

use cofferdam_image::agentfile::Agentfile;
use cofferdam_tool::Toolbox;

/// Text between two documents in the system prompt.
const BETWEEN: &str = "\n\n---\n\n";

/// `AGENT.md`: who the agent is and which tools it has.
pub(crate) fn agent(agentfile: &Agentfile, id: &str, toolbox: &Toolbox) -> String {
    let mut text = format!("# {}\n", agentfile.name);
    if let Some(description) = agentfile.labels.get("description") {
        let _ = write!(text, "\n{description}\n");
    }
    let _ = write!(
        text,
        "\n## Identity\n\nYour agent id is `{id}`.\n\n## Tools\n\n"
    );
    if toolbox.iter().len() == 0 {
        text.push_str(
            "You have no tools. Answer from what you know, and say so when that is not enough.\n",
        );
    } else {
        text.push_str(
            "These are all the tools there are. There is no shell, and nothing else can \
            be started.\n\n",
        );
        for tool in toolbox.iter() {
            let line = tool
                .descriptor()
                .description
                .lines()
                .next()
                .unwrap_or_default();
            let _ = writeln!(text, "- `{}`: {line}", tool.name());
        }
        text.push_str(
            "\nA command takes its arguments as a list of strings: \
                `{\"args\": [\"-l\", \"notes.txt\"]}`, never as one \
             string that holds a list.\n",
        );
    }
    if !agentfile.envs.is_empty() {
        text.push_str("\n## Environment\n\nTools that know these variables see their values.\n\n");
        for variable in &agentfile.envs {
            let description = variable.description.as_deref().unwrap_or_default();
            let _ = match description {
                "" => writeln!(text, "- `{}`", variable.key),
                description => writeln!(text, "- `{}`: {description}", variable.key),
            };
        }
    }
    text
}

/// `WORKSPACE.md`: what a tool sees of the world.
pub(crate) fn workspace() -> &'static str {
    "# Workspace\n\n\
     Every tool call runs alone in a fresh sandbox. A tool sees `/workspace`, when it needs it, \
     and no other directory; \
     some see it read-only. Relative paths resolve in `/workspace`, and files there stay between \
     calls. Nothing else \
     stays: no variable, no running program. Time, memory and output of a call are limited; a \
     result that was cut says \
     so. A path outside, also through `..` or a symbolic link, is refused.\n"
}

/// The system prompt: every document under its name, in this order.
pub(crate) fn system_prompt<'a>(documents: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let documents: Vec<_> = documents
        .map(|(name, text)| format!("## {name}\n\n{}", text.trim_end()))
        .collect();
    documents.join(BETWEEN)
}
