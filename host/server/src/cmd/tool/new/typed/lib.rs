//! A typed tool: a function and its types. Their doc comments are what a model reads.

use cofferdam_guest::{Context, Level, ToolError, export, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// Whom to greet.
    name: String,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Output {
    /// The greeting.
    text: String,
}

/// Greets someone by name.
#[tool]
fn TOOL_FUNCTION(input: Input, context: &Context) -> Result<Output, ToolError> {
    let name = input.name.trim();
    if name.is_empty() {
        return Err(ToolError::invalid_input("name is blank"));
    }
    context.log(Level::Debug, "somebody is greeted");
    Ok(Output { text: format!("Hello, {name}!") })
}

export!(TOOL_FUNCTION);

#[cfg(test)]
mod tests {
    use super::*;

    fn greet(name: &str) -> Result<Output, ToolError> {
        TOOL_FUNCTION(Input { name: name.to_owned() }, &Context::for_tests())
    }

    #[test]
    fn it_greets_by_name() {
        assert_eq!(greet("Ada"), Ok(Output { text: "Hello, Ada!".to_owned() }));
    }

    #[test]
    fn a_blank_name_is_refused() {
        assert_eq!(greet(" "), Err(ToolError::invalid_input("name is blank")));
    }
}
