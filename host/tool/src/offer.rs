//! The tools of a component, under a name and a grant.

use std::sync::Arc;

use cofferdam_call::Descriptor;
use cofferdam_capability::{Grant, MAX_TOOL_NAME, ToolName};
use cofferdam_sandbox::{Component, Function, Shape};

use crate::descriptors::Descriptors;
use crate::error::ToolError;
use crate::note;
use crate::schema::PatternSum;
use crate::tool::Tool;

/// Parts that the tools of one component share.
pub(crate) struct Offer<'a> {
    pub(crate) component: &'a Arc<Component>,
    /// The name of its only tool, or the beginning of the names of several.
    pub(crate) name: &'a ToolName,
    /// The operator's words about it, for a model.
    pub(crate) note: &'a str,
    pub(crate) grant: Arc<Grant>,
}

impl Offer<'_> {
    /// Checks that a manifest with a contract is that of a command.
    pub(crate) fn check_contract(&self) -> Result<(), ToolError> {
        let contract = self.component.manifest().tool.contract;
        if contract.is_none() || self.component.shape() == Shape::Command {
            return Ok(());
        }
        let problem = "`contract` of its manifest is for commands, and it is none: leave it out";
        Err(ToolError::Offer {
            tool: self.name.to_string(),
            problem: problem.to_owned(),
        })
    }

    /// The one tool of a command.
    pub(crate) fn command(&self) -> Tool {
        Tool::command(
            self.name.clone(),
            self.note,
            Arc::clone(self.component),
            Arc::clone(&self.grant),
        )
    }

    /// The tools of a component of typed tools, as its descriptors say.
    pub(crate) fn typed(&self, descriptors: &Descriptors) -> Result<Vec<Tool>, ToolError> {
        self.tools(descriptors.iter().cloned())
    }

    /// The tools of a component whose functions are known without running it.
    pub(crate) fn reflected(&self) -> Result<Vec<Tool>, ToolError> {
        let descriptor = |function: &Function| Descriptor {
            name: function.name.clone(),
            description: function.description.clone(),
            input_schema: function.input_schema.clone(),
            output_schema: Some(function.output_schema.clone()),
        };
        self.tools(self.component.functions().map(descriptor))
    }

    /// Tools by the names that the component knows them by.
    fn tools(
        &self,
        own: impl ExactSizeIterator<Item = Descriptor>,
    ) -> Result<Vec<Tool>, ToolError> {
        let mut patterns = PatternSum::default();
        let tool = |(own, described): (ToolName, Descriptor)| {
            let tool = Tool::typed(
                described,
                &own,
                Arc::clone(self.component),
                Arc::clone(&self.grant),
                &mut patterns,
            );
            tool.map_err(|error| ToolError::Offer {
                tool: self.name.to_string(),
                problem: error.to_string(),
            })
        };
        let summary = &self.component.manifest().tool.summary;
        named(self.name, self.note, summary, own)
            .map(tool)
            .collect()
    }
}

/// The tools of a component under the name `name`, with the operator's words beside its author's,
/// each with the name that the component knows it by. A tool without words is described by the
/// summary of its manifest.
pub(crate) fn named(
    name: &ToolName,
    note: &str,
    summary: &str,
    own: impl ExactSizeIterator<Item = Descriptor>,
) -> impl Iterator<Item = (ToolName, Descriptor)> {
    let single = own.len() == 1;
    own.map(move |own| {
        let full = if single {
            name.clone()
        } else {
            full_name(name, &own.name)
        };
        let words = if own.description.is_empty() {
            summary
        } else {
            &own.description
        };
        let description = note::noted(note, words);
        let described = Descriptor {
            name: full,
            description,
            input_schema: own.input_schema,
            output_schema: own.output_schema,
        };
        (own.name, described)
    })
}

/// The name of one of several tools. Where both parts are too long together, the first is cut: it
/// may be a file's name, which nobody chose for a tool.
fn full_name(name: &ToolName, own: &ToolName) -> ToolName {
    let room = MAX_TOOL_NAME.saturating_sub(own.len()).saturating_sub(1);
    match name.get(..name.floor_char_boundary(room)) {
        None | Some("") => own.clone(),
        Some(name) => ToolName::made_of(&format!("{name}_{own}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::note::note;

    #[test]
    fn a_tool_without_words_is_described_by_the_summary_of_its_manifest() {
        let described = |note: &str, words: &str| {
            let own = Descriptor {
                name: "sum".parse().unwrap(),
                description: words.to_owned(),
                input_schema: json!({}),
                output_schema: None,
            };
            let name: ToolName = "csv".parse().unwrap();
            let mut tools = named(&name, note, "Reads tables", std::iter::once(own));
            tools.next().map(|(_, tool)| tool.description)
        };
        let usage = note("", Some("Give a file."));
        let both = note("For the books", Some("Give a file."));
        for (note, words, description) in [
            ("", "Sums up.", "Sums up."),
            ("", "", "Reads tables"),
            (&usage, "", "Reads tables\n\n## Usage\n\nGive a file."),
            (&usage, "Sums up.", "Sums up.\n\n## Usage\n\nGive a file."),
            ("For the books", "Sums up.", "For the books\n\nSums up."),
            (
                &both,
                "",
                "For the books\n\n## Usage\n\nGive a file.\n\nReads tables",
            ),
        ] {
            assert_eq!(described(note, words).as_deref(), Some(description));
        }
    }
}
