use crate::{Descriptor, Tool, ToolError};

/// The tools of one component, in a fixed order. [`export!`](crate::export) makes one; a test can make one too and
/// call its tools with JSON, as the host does.
pub struct Catalog {
    entries: &'static [Entry],
}

/// One tool of a [`Catalog`].
pub struct Entry {
    name: &'static str,
    describe: fn() -> Descriptor,
    call: fn(&str) -> Result<String, ToolError>,
}

impl Entry {
    /// The entry of the tool `T`.
    pub const fn of<T: Tool>() -> Self {
        Self { name: T::NAME, describe: Descriptor::of::<T>, call: call_with_json::<T> }
    }
}

impl Catalog {
    /// A catalog of `entries`.
    ///
    /// # Panics
    ///
    /// When a name does not fit `[a-z][a-z0-9-]{0,62}` or stands twice. In a constant, as in
    /// [`export!`](crate::export), that is an error of the compiler.
    pub const fn new(entries: &'static [Entry]) -> Self {
        let mut rest = entries;
        while let [entry, others @ ..] = rest {
            assert!(is_name(entry.name), "a tool's NAME must fit [a-z][a-z0-9-]{{0,62}}");
            assert!(!is_among(entry.name, others), "two tools of one component have the same NAME");
            rest = others;
        }
        Self { entries }
    }

    /// Describes every tool.
    pub fn list(&self) -> Vec<Descriptor> {
        self.entries.iter().map(|entry| (entry.describe)()).collect()
    }

    /// Calls the tool `name` with `input` and answers with its output, both JSON text.
    ///
    /// # Errors
    ///
    /// `not-found` when no tool has that name, `invalid-input` when `input` is not the tool's input (the message is
    /// serde's and names the field), and whatever the tool itself fails with.
    pub fn call(&self, name: &str, input: &str) -> Result<String, ToolError> {
        match self.entries.iter().find(|entry| entry.name == name) {
            Some(entry) => (entry.call)(input),
            None => Err(ToolError::not_found(format!("this component has no tool named {name:?}"))),
        }
    }
}

fn call_with_json<T: Tool>(input: &str) -> Result<String, ToolError> {
    let input = serde_json::from_str(input).map_err(|error| ToolError::invalid_input(error.to_string()))?;
    let output = T::call(input)?;
    serde_json::to_string(&output)
        .map_err(|error| ToolError::failed(format!("the output of {} is no JSON: {error}", T::NAME)))
}

const fn is_name(name: &str) -> bool {
    let [b'a'..=b'z', tail @ ..] = name.as_bytes() else {
        return false;
    };
    if tail.len() > 62 {
        return false;
    }
    let mut rest = tail;
    while let [byte, others @ ..] = rest {
        if !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-') {
            return false;
        }
        rest = others;
    }
    true
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
    use crate::FailureCode;

    struct Half;

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

    impl Tool for Half {
        type Input = HalfInput;
        type Output = HalfOutput;
        const NAME: &'static str = "half";
        const DESCRIPTION: &'static str = "Halves an even number.";

        fn call(input: HalfInput) -> Result<HalfOutput, ToolError> {
            if input.number.is_multiple_of(2) {
                Ok(HalfOutput { half: input.number / 2 })
            } else {
                Err(ToolError::invalid_input("the number is odd"))
            }
        }
    }

    const CATALOG: Catalog = Catalog::new(&[Entry::of::<Half>()]);

    fn check_failure(name: &str, input: &str, code: FailureCode, message: &str) {
        let Err(error) = CATALOG.call(name, input) else {
            unreachable!("{name} {input} did not fail");
        };
        assert_eq!((error.code(), error.message()), (code, message));
    }

    #[test]
    fn a_call_answers_with_json() {
        assert_eq!(CATALOG.call("half", r#"{"number": 8}"#), Ok(r#"{"half":4}"#.to_owned()));
    }

    #[test]
    fn a_failure_says_what_is_wrong() {
        check_failure("half", r#"{"number": 3}"#, FailureCode::InvalidInput, "the number is odd");
        check_failure("half", "{}", FailureCode::InvalidInput, "missing field `number` at line 1 column 2");
        check_failure(
            "half",
            r#"{"nubmer": 8}"#,
            FailureCode::InvalidInput,
            "unknown field `nubmer`, expected `number` at line 1 column 9",
        );
        check_failure("double", "{}", FailureCode::NotFound, "this component has no tool named \"double\"");
    }

    #[test]
    fn the_schemas_come_from_the_types() {
        let [half] = CATALOG.list().try_into().unwrap_or_else(|_| unreachable!("one tool is listed"));
        assert_eq!((half.name, half.description), (Half::NAME, Half::DESCRIPTION));
        assert_eq!(
            half.input_schema.to_value(),
            json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": "HalfInput",
                "type": "object",
                "properties": {
                    "number": {"type": "integer", "format": "uint32", "minimum": 0, "description": "The number to halve."},
                },
                "required": ["number"],
                "additionalProperties": false,
            })
        );
        assert_eq!(half.output_schema.get("required"), Some(&json!(["half"])));
    }

    #[test]
    fn a_name_fits_the_rule() {
        for name in ["a", "text-stats", "x9", &"a".repeat(63)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "9x", "-x", "Text", "text_stats", "text stats", "größe", &"a".repeat(64)] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn a_name_stands_once() {
        assert!(is_among("half", &[Entry::of::<Half>()]));
        assert!(!is_among("hal", &[Entry::of::<Half>()]));
        assert!(!is_among("halfs", &[Entry::of::<Half>()]));
    }
}
