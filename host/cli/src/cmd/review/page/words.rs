//! The words of tools that a model reads, as a section of a page.

use cofferdam_call::Descriptor;
use cofferdam_image::agentfile::Bin;
use cofferdam_workbench::review::{AgentTool, ToolPage};
use serde_json::Value;

use super::document::{Entry, Section};

const TITLE: &str = "what a model reads of it";

/// The words of one tool.
pub(super) fn section(page: &ToolPage) -> Section {
    Section::entries(TITLE, entries("", page), "Nothing: it lists no tool.")
}

/// The words of the tools of an agent: those of their authors, and those of the agent's.
pub(super) fn of_agent(tools: &[AgentTool], bins: &[Bin]) -> Section {
    let mut all = Vec::new();
    for tool in tools {
        let beginning = format!("{}: ", tool.bin);
        if let Some(page) = &tool.page {
            all.extend(entries(&beginning, page));
        }
        let of_bin = bins.iter().filter(|bin| bin.name == tool.bin);
        for bin in of_bin {
            let words = [&bin.description, &bin.usage].into_iter().flatten();
            let lines: Vec<_> = words.flat_map(|text| lines(text)).collect();
            if !lines.is_empty() {
                let head = format!("{beginning}in the words of the agent's author");
                all.push(Entry { head, lines });
            }
        }
    }
    Section::entries(TITLE, all, "Nothing.")
}

fn entries(beginning: &str, page: &ToolPage) -> Vec<Entry> {
    let Some(tools) = &page.tools else {
        let unknown = "The rest is known once it is compiled or run: `cofferdam tool inspect` \
                       shows it.";
        let mut words = vec![page.summary.clone()];
        words.retain(|line| !line.is_empty());
        words.extend(page.usage.iter().flat_map(|usage| lines(usage)));
        words.push(unknown.to_owned());
        return vec![Entry {
            head: format!("{beginning}{}", page.name),
            lines: words,
        }];
    };
    tools.iter().map(|tool| entry(beginning, tool)).collect()
}

fn entry(beginning: &str, tool: &Descriptor) -> Entry {
    let Descriptor {
        name,
        description,
        input_schema,
        output_schema,
    } = tool;
    let mut all = lines(description);
    all.push("input:".to_owned());
    all.extend(parts(input_schema));
    if let Some(schema) = output_schema {
        all.push("output:".to_owned());
        all.extend(parts(schema));
    }
    Entry {
        head: format!("{beginning}{name}"),
        lines: all,
    }
}

/// The lines of a text that say something.
fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(str::to_owned).collect()
}

/// The properties of a schema, a line each. JSON has the schema whole.
fn parts(schema: &Value) -> Vec<String> {
    let required = schema.get("required").and_then(Value::as_array);
    let required: Vec<_> = required.into_iter().flatten().collect();
    let is_required = |name: &str| required.iter().any(|one| one.as_str() == Some(name));
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.into_iter().flatten();
    let mut parts: Vec<_> = properties
        .map(|(name, part)| {
            let must = if is_required(name.as_str()) {
                ", required"
            } else {
                ""
            };
            format!("- {name} ({}{must}){}", kind(part), described(part))
        })
        .collect();
    if parts.is_empty() {
        parts.push(format!("- {}{}", kind(schema), described(schema)));
    }
    parts
}

fn described(schema: &Value) -> String {
    let words = schema.get("description").and_then(Value::as_str);
    words.map_or_else(String::new, |words| format!(": {words}"))
}

/// The type of a part of a schema.
fn kind(schema: &Value) -> String {
    let values = schema.get("enum").and_then(Value::as_array);
    if let Some(values) = values {
        let values: Vec<_> = values.iter().map(ToString::to_string).collect();
        return format!("one of {}", values.join(" "));
    }
    match schema.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(kind) => kind.to_string(),
        None => "--format json has its schema".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_is_one_line_for_each_property() {
        let schema = json!({
            "type": "object",
            "properties": {
                "mode": { "enum": ["a", "b"] },
                "path": { "type": "string", "description": "the file" },
            },
            "required": ["path"],
        });
        assert_eq!(
            parts(&schema),
            [
                "- mode (one of \"a\" \"b\")",
                "- path (string, required): the file"
            ]
        );
        assert_eq!(parts(&json!({ "type": "string" })), ["- string"]);
    }
}
