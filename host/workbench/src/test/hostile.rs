//! The standard hostile inputs: anything that a model or a program may send to any tool, by
//! accident or not.
//!
//! A tool must end them in an outcome of its own: it works, or says what is wrong. What does not
//! fit the schema of a typed tool never reaches it, which is as good.

use cofferdam_call::Input;
use cofferdam_capability::Limits;
use serde_json::{Map, Value, json};

use super::offered::Offered;

/// Their names, as cases spell them behind `hostile: `.
pub(crate) const NAMES: [&str; 7] = [
    "empty input",
    "huge arguments",
    "huge input",
    "invalid UTF-8",
    "deep JSON",
    "closed stdin",
    "wrong types",
];

/// Brackets in one another on standard input: more than any parser follows by recursion.
const DEEP_TEXT: usize = 100_000;

/// Lists in one another in the input of a typed tool: parsers of JSON, this host's among them,
/// refuse 128.
const DEEP_VALUE: usize = 100;

/// The depth to which the sample of an input follows its schema.
const MAX_DEPTH: usize = 8;

/// Room for keys and quotes of a typed input beside its long texts, in bytes.
const FRAME: usize = 16 << 10;

/// One standard input for one tool.
pub(crate) struct Hostile<'a> {
    pub(crate) name: &'static str,
    pub(crate) tool: &'a Offered,
    pub(crate) input: Input,
}

/// All that this tool can be sent, under these limits.
pub(crate) fn inputs<'a>(tool: &'a Offered, limits: &Limits) -> Vec<Hostile<'a>> {
    let hostile = |name, input| Hostile { name, tool, input };
    if tool.command {
        let command = |args, stdin: Vec<u8>| Input::Command {
            args,
            stdin: stdin.into(),
        };
        return vec![
            hostile("empty input", command(vec![String::new()], Vec::new())),
            hostile(
                "huge arguments",
                command(arguments(limits.args.len()), Vec::new()),
            ),
            hostile("huge input", command(Vec::new(), text(limits.stdin.len()))),
            hostile(
                "invalid UTF-8",
                command(
                    Vec::new(),
                    b"caf\xe9 \xff\xfe\n\xc3\x28 \xed\xa0\x80 \xf0\x9f\n".to_vec(),
                ),
            ),
            hostile(
                "deep JSON",
                command(
                    Vec::new(),
                    [vec![b'['; DEEP_TEXT], vec![b']'; DEEP_TEXT]].concat(),
                ),
            ),
            // Nothing is written to it, so it is at its end when the tool first reads.
            hostile("closed stdin", command(Vec::new(), Vec::new())),
        ];
    }
    let root = &tool.schema;
    let properties = root
        .get("properties")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let each = |value: &dyn Fn(&Value) -> Value| {
        let object = properties
            .iter()
            .map(|(name, of)| (name.clone(), value(of)))
            .collect();
        Input::Json(Value::Object(object).to_string())
    };
    let texts = properties.values().filter(|of| is_text(of)).count().max(1);
    let long = "a".repeat(limits.stdin.len().saturating_sub(FRAME) / texts);
    let deep = (0..DEEP_VALUE).fold(Value::Null, |inner, _| json!([inner]));
    vec![
        hostile("empty input", Input::Json("{}".to_owned())),
        hostile(
            "huge input",
            each(&|of| {
                if is_text(of) {
                    json!(long)
                } else {
                    sample(of, root, MAX_DEPTH)
                }
            }),
        ),
        hostile("deep JSON", each(&|_| deep.clone())),
        hostile(
            "wrong types",
            each(&|of| if is_text(of) { json!(7) } else { json!("text") }),
        ),
    ]
}

/// One argument of half the limit, and many short ones.
fn arguments(limit: usize) -> Vec<String> {
    const SHORT: &str = "aaaaaaa";
    let long = "a".repeat(limit / 2);
    // Each counts with a byte for its end.
    let rest = limit.saturating_sub(long.len() + 1) / (SHORT.len() + 1);
    std::iter::once(long)
        .chain(std::iter::repeat_n(SHORT.to_owned(), rest))
        .collect()
}

/// Lines of different words.
fn text(limit: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(limit);
    let mut number = 0_u64;
    while text.len() < limit {
        // Multiplied by a large odd number, so that the lines are in no order.
        let line = format!(
            "line {:016x} of a huge input\n",
            number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        );
        text.extend_from_slice(line.as_bytes());
        number += 1;
    }
    text.truncate(limit);
    text
}

fn is_text(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::String(name)) => name == "string",
        Some(Value::Array(names)) => names.iter().any(|name| name == "string"),
        _ => false,
    }
}

/// A small value that fits, as far as its schema tells.
fn sample(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    let place = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|name| name.strip_prefix('#'));
    if let Some(referred) = place.and_then(|place| root.pointer(place)) {
        return sample(referred, root, depth - 1);
    }
    for choice in ["enum", "anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema.get(choice).and_then(|choices| choices.get(0)) {
            return if choice == "enum" {
                first.clone()
            } else {
                sample(first, root, depth - 1)
            };
        }
    }
    let name = match schema.get("type") {
        Some(Value::Array(names)) => names.first().and_then(Value::as_str),
        name => name.and_then(Value::as_str),
    };
    match name {
        Some("string") => json!(""),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(0)),
        Some("boolean") => json!(false),
        Some("array") => {
            let least = schema
                .get("minItems")
                .and_then(Value::as_u64)
                .unwrap_or(0)
                .min(MAX_DEPTH as u64);
            let item = schema
                .get("prefixItems")
                .and_then(|items| items.get(0))
                .or_else(|| schema.get("items"));
            let item = item.map_or(Value::Null, |item| sample(item, root, depth - 1));
            (0..least).map(|_| item.clone()).collect()
        }
        Some("object") => {
            let required = schema
                .get("required")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            let properties = schema.get("properties");
            let entry = |name: &str| {
                Some((
                    name.to_owned(),
                    sample(properties?.get(name)?, root, depth - 1),
                ))
            };
            Value::Object(
                required
                    .filter_map(Value::as_str)
                    .filter_map(entry)
                    .collect::<Map<_, _>>(),
            )
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_at_their_limits_and_not_above() {
        let tool = Offered {
            name: "t".to_owned(),
            command: true,
            schema: Value::Null,
        };
        let limits = Limits::DEFAULT;
        for Hostile { name, input, .. } in inputs(&tool, &limits) {
            assert!(NAMES.contains(&name));
            let Input::Command { args, stdin } = input else {
                panic!("a command takes arguments")
            };
            let size: usize = args.iter().map(|arg| arg.len() + 1).sum();
            assert!(
                size <= limits.args.len() && stdin.len() <= limits.stdin.len(),
                "{name}"
            );
            assert!(
                name != "huge arguments" || size + 8 > limits.args.len(),
                "{size}"
            );
            assert!(name != "huge input" || stdin.len() == limits.stdin.len());
        }
    }

    #[test]
    fn a_sample_follows_the_schema() {
        let schema = json!({
            "$defs": { "shade": { "oneOf": [{ "enum": ["dark", "light"] }] } },
            "properties": {
                "name": { "type": "string" },
                "count": { "type": ["integer", "null"], "minimum": 3 },
                "pair": { "type": "array", "items": { "type": "boolean" }, "minItems": 2 },
                "inner": { "type": "object", "properties": { "shade": { "$ref": "#/$defs/shade" } },
                    "required": ["shade"] }
            }
        });
        let tool = Offered {
            name: "t".to_owned(),
            command: false,
            schema,
        };
        let inputs = inputs(&tool, &Limits::DEFAULT);
        let Input::Json(huge) = &inputs[1].input else {
            panic!("a typed tool takes JSON")
        };
        let huge: Value = serde_json::from_str(huge).unwrap();
        assert_eq!(huge["count"], 3);
        assert_eq!(huge["pair"], json!([false, false]));
        assert_eq!(huge["inner"], json!({"shade": "dark"}));
        let size = huge.to_string().len();
        assert!(
            size <= Limits::DEFAULT.stdin.len() && size > Limits::DEFAULT.stdin.len() - 2 * FRAME
        );
    }
}
