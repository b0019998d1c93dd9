//! The tool's words as an agent skill: a directory with a `SKILL.md`.

use cofferdam_image::Reference;
use serde_json::Value;

use super::subject::{Subject, cut};

/// The longest name of a skill, in characters (Agent Skills specification, "name").
const NAME_MAX: usize = 64;

/// The longest description, in characters (Agent Skills specification, "description").
const DESCRIPTION_MAX: usize = 1024;

/// A skill.
pub(super) struct Skill {
    /// Its name, which is that of its directory too.
    pub(super) name: String,
    /// The content of `SKILL.md`.
    pub(super) text: String,
}

/// The skill of a tool.
pub(super) fn text(subject: &Subject, image: &Reference) -> Skill {
    let Subject {
        digest,
        name,
        version,
        summary,
        usage,
        tools,
        ..
    } = subject;
    let skill = skill_name(name);
    let description = cut(summary, DESCRIPTION_MAX);
    let offers = tools.iter();
    let offers = offers.map(|tool| format!("- `{}`: {}\n", tool.name, tool.description));
    let offers: String = offers.collect();
    let usage = usage.as_deref().unwrap_or(summary).trim_end();
    let text = format!(
        "---\n\
         name: {skill}\n\
         description: {}\n\
         metadata:\n  \
           version: {}\n  \
           image: {}\n  \
           component: {}\n\
         ---\n\n\
         {usage}\n\n\
         ## Tools\n\n\
         {offers}\n\
         ## Starting it\n\n\
         `cofferdam mcp {image}` serves these tools to a client of MCP, and \
         `cofferdam tool run {image}` runs one from a shell. Its component is {digest}.\n",
        quoted(&description),
        quoted(version),
        quoted(&image.to_string()),
        quoted(&digest.to_string()),
    );
    Skill { name: skill, text }
}

/// A text in YAML: JSON's strings are strings there too.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A name of lowercase letters, digits and single hyphens.
fn skill_name(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let parts = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    let joined: String = parts.join("-").chars().take(NAME_MAX).collect();
    joined.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{quoted, skill_name};

    #[test]
    fn names_are_those_of_skills() {
        assert_eq!(skill_name("word_count"), "word-count");
        assert_eq!(skill_name("_A__b_"), "a-b");
        assert_eq!(skill_name(&"ab_".repeat(40)).len(), 64);
        assert_eq!(skill_name(&"a_".repeat(40)).len(), 63);
    }

    #[test]
    fn texts_cannot_leave_their_line() {
        assert_eq!(quoted("a\n---\nb: \"c\""), r#""a\n---\nb: \"c\"""#);
    }
}
