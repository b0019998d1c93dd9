//! The tools of a component, under a name and a grant.

use std::sync::Arc;

use cofferdam_call::Descriptor;
use cofferdam_capability::{Grant, MAX_TOOL_NAME};
use cofferdam_sandbox::{Component, Function};

use crate::descriptors::{self, Descriptors};
use crate::error::ToolError;
use crate::schema::PatternSum;
use crate::tool::Tool;

/// Parts that the tools of one component share.
pub(crate) struct Offer<'a> {
    pub(crate) component: &'a Arc<Component>,
    /// The name of its only tool, or the beginning of the names of several.
    pub(crate) name: &'a str,
    /// The operator's words about it, for a model.
    pub(crate) note: &'a str,
    pub(crate) grant: Arc<Grant>,
}

impl Offer<'_> {
    /// The one tool of a command.
    pub(crate) fn command(&self) -> Tool {
        Tool::command(
            self.name,
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
        let tool = |(own, described): (String, Descriptor)| {
            let tool = Tool::typed(
                described,
                &own,
                Arc::clone(self.component),
                Arc::clone(&self.grant),
                &mut patterns,
            );
            tool.map_err(|error| ToolError::Offer {
                tool: self.name.to_owned(),
                problem: error.to_string(),
            })
        };
        named(self.name, self.note, own).map(tool).collect()
    }
}

/// The tools of a component under the name `name`, with the operator's words before its author's,
/// each with the name that the component knows it by.
pub(crate) fn named(
    name: &str,
    note: &str,
    own: impl ExactSizeIterator<Item = Descriptor>,
) -> impl Iterator<Item = (String, Descriptor)> {
    let single = own.len() == 1;
    own.map(move |own| {
        let full = if single {
            name.to_owned()
        } else {
            full_name(name, &own.name)
        };
        let description = descriptors::joined(note, &own.description);
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
fn full_name(name: &str, own: &str) -> String {
    let room = MAX_TOOL_NAME.saturating_sub(own.len()).saturating_sub(1);
    match name.get(..name.floor_char_boundary(room)) {
        None | Some("") => own.to_owned(),
        Some(name) => format!("{name}_{own}"),
    }
}
