//! A component with one tool.

use cofferdam_guest::{Tool, ToolError, export};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

struct Greeting;

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

impl Tool for Greeting {
    type Input = Input;
    type Output = Output;
    const NAME: &'static str = "greeting";
    const DESCRIPTION: &'static str = "Greets someone by name.";

    fn call(input: Input) -> Result<Output, ToolError> {
        if input.name.trim().is_empty() {
            return Err(ToolError::invalid_input("name is blank"));
        }
        Ok(Output { text: format!("Hello, {}!", input.name) })
    }
}

export!(Greeting);
