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

#[derive(Serialize, JsonSchema)]
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
    let text = format!("Hello, {name}!");
    Ok(Output { text })
}

export!(TOOL_FUNCTION);

#[cfg(test)]
mod tests {
    use super::*;

    fn greet(name: &str) -> Result<String, ToolError> {
        let name = name.to_owned();
        let output = TOOL_FUNCTION(Input { name }, &Context::for_tests())?;
        Ok(output.text)
    }

    #[test]
    fn it_greets_by_name() {
        assert_eq!(greet("Ada").unwrap(), "Hello, Ada!");
    }

    #[test]
    fn a_blank_name_is_refused() {
        let blank = ToolError::invalid_input("name is blank");
        assert_eq!(greet(" "), Err(blank));
    }
}
