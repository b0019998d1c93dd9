use super::Tool;
use crate::{Context, ToolError};

/// The tools of one component, in a fixed order.
pub struct Catalog {
    entries: &'static [Entry],
}

/// One tool of a [`Catalog`].
pub struct Entry {
    name: &'static str,
    call: fn(&str, &Context) -> Result<String, ToolError>,
}

impl Entry {
    /// The entry of the tool `T`.
    pub const fn of<T: Tool>() -> Self {
        Self {
            name: T::NAME,
            call: call_with_json::<T>,
        }
    }
}

impl Catalog {
    /// A catalog of `entries`.
    ///
    /// # Panics
    ///
    /// When a name stands twice. In a constant, as in [`export!`](crate::export), that is an error
    /// of the compiler.
    pub const fn new(entries: &'static [Entry]) -> Self {
        let mut rest = entries;
        while let [entry, others @ ..] = rest {
            assert!(
                !is_among(entry.name, others),
                "two tools of one component have the same name"
            );
            rest = others;
        }
        Self { entries }
    }

    /// Calls the tool `name` with `input` and answers with its output, both JSON text.
    ///
    /// # Errors
    ///
    /// `not-found` when no tool has that name, `invalid-input` when `input` is not the tool's input
    /// (the message is serde's and names the field), and whatever the tool itself fails with.
    pub fn call(&self, name: &str, input: &str, context: &Context) -> Result<String, ToolError> {
        match self.entries.iter().find(|entry| entry.name == name) {
            Some(entry) => (entry.call)(input, context),
            None => Err(ToolError::not_found(format!(
                "this component has no tool named {name:?}"
            ))),
        }
    }
}

fn call_with_json<T: Tool>(input: &str, context: &Context) -> Result<String, ToolError> {
    let input =
        serde_json::from_str(input).map_err(|error| ToolError::invalid_input(error.to_string()))?;
    let output = T::call(input, context)?;
    serde_json::to_string(&output).map_err(|error| {
        ToolError::failed(format!("the output of {} is no JSON: {error}", T::NAME))
    })
}

const fn is_among(name: &str, entries: &[Entry]) -> bool {
    let mut rest = entries;
    while let [entry, others @ ..] = rest {
        if is_same(name.as_bytes(), entry.name.as_bytes()) {
            return true;
        }
        rest = others;
    }
    false
}

/// `==` on strings is not yet allowed in constants.
const fn is_same(mut left: &[u8], mut right: &[u8]) -> bool {
    while let ([a, left_rest @ ..], [b, right_rest @ ..]) = (left, right) {
        if *a != *b {
            return false;
        }
        (left, right) = (left_rest, right_rest);
    }
    left.is_empty() && right.is_empty()
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;
    use crate::glue::Descriptor;
    use crate::{FailureCode, Level, Told, tool};

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct HalfInput {
        /// The number to halve.
        number: u32,
    }

    #[derive(Serialize, JsonSchema)]
    struct HalfOutput {
        /// Half of the number.
        half: u32,
    }

    /// Halves an even number.
    ///
    /// Odd ones are refused.
    #[tool]
    fn half_of(input: HalfInput) -> Result<HalfOutput, ToolError> {
        if input.number.is_multiple_of(2) {
            Ok(HalfOutput {
                half: input.number / 2,
            })
        } else {
            Err(ToolError::invalid_input("the number is odd"))
        }
    }

    /// Tells what it was given.
    #[tool(name = "tell")]
    fn say(input: String, context: &Context) -> Result<(), ToolError> {
        context.log(Level::Info, input);
        Ok(())
    }

    const CATALOG: Catalog = Catalog::new(&[Entry::of::<half_of>(), Entry::of::<say>()]);

    fn check_failure(name: &str, input: &str, code: FailureCode, message: &str) {
        let Err(error) = CATALOG.call(name, input, &Context::for_tests()) else {
            unreachable!("{name} {input} did not fail");
        };
        assert_eq!((error.code(), error.message()), (code, message));
    }

    #[test]
    fn a_call_answers_with_json() {
        let context = Context::for_tests();
        assert_eq!(
            CATALOG.call("half-of", r#"{"number": 8}"#, &context),
            Ok(r#"{"half":4}"#.to_owned())
        );
        assert_eq!(
            CATALOG.call("tell", r#""hello""#, &context),
            Ok("null".to_owned())
        );
        assert_eq!(context.told(), [Told::Log(Level::Info, "hello".to_owned())]);
    }

    #[test]
    fn a_tool_is_still_a_function() {
        assert_eq!(
            half_of(HalfInput { number: 4 }).map(|output| output.half),
            Ok(2)
        );
    }

    #[test]
    fn a_failure_says_what_is_wrong() {
        check_failure(
            "half-of",
            r#"{"number": 3}"#,
            FailureCode::InvalidInput,
            "the number is odd",
        );
        check_failure(
            "half-of",
            "{}",
            FailureCode::InvalidInput,
            "missing field `number` at line 1 column 2",
        );
        check_failure(
            "half-of",
            r#"{"nubmer": 8}"#,
            FailureCode::InvalidInput,
            "unknown field `nubmer`, expected `number` at line 1 column 9",
        );
        check_failure(
            "double",
            "{}",
            FailureCode::NotFound,
            "this component has no tool named \"double\"",
        );
    }

    #[test]
    fn the_schemas_come_from_the_types() {
        let half = Descriptor::of::<half_of>();
        assert_eq!(
            (half.name, half.description),
            ("half-of", "Halves an even number.\n\nOdd ones are refused.")
        );
        assert_eq!(
            half.input_schema.to_value(),
            json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": "HalfInput",
                "type": "object",
                "properties": {
                    "number": {"type": "integer", "format": "uint32", "minimum": 0,
                        "description": "The number to halve."},
                },
                "required": ["number"],
                "additionalProperties": false,
            })
        );
        assert_eq!(half.output_schema.get("required"), Some(&json!(["half"])));
    }

    #[test]
    fn a_name_stands_once() {
        assert!(is_among("half-of", &[Entry::of::<half_of>()]));
        assert!(!is_among("half-o", &[Entry::of::<half_of>()]));
        assert!(!is_among("half-off", &[Entry::of::<half_of>()]));
    }
}
