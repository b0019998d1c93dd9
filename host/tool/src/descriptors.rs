//! Which tools a component of typed tools has, as data: written into it when it is built, so that
//! nothing of it runs before somebody calls it.

use cofferdam_call::{Descriptor, ListedTool};
use cofferdam_capability::{ForeignText, ToolName, json};
use cofferdam_sandbox::{DESCRIPTORS_SECTION, MAX_DESCRIPTORS};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::descriptor_error::DescriptorError;
use crate::schema::{self, PatternSum, Schema};

/// The version of the section that this host reads and writes.
const SCHEMA: u32 = 1;

/// Typed tools in one component; more would not fit a model's attention.
const MAX_TOOLS: usize = 64;

/// The schemas of one component once they are parsed, in bytes (16 MiB). JSON takes up to a hundred
/// times its text, and real schemas take ten times.
const MAX_WEIGHT: usize = 16 << 20;

/// The most bytes of a sentence of the parser that a refusal repeats.
const MAX_PROBLEM: usize = 200;

/// One tool's name, description and schemas together, in bytes (64 KiB).
const MAX_DESCRIPTOR: usize = 64 << 10;

/// The tools of one component, by the names that it knows them by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Descriptors {
    schema: u32,
    tools: Vec<Descriptor>,
}

impl Descriptors {
    /// Reads the JSON of the section, or of a pin.
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, DescriptorError> {
        check_weight(json::weight(json)?)?;
        let read: Self =
            serde_json::from_slice(json).map_err(|error| shortened(error.to_string()))?;
        if read.schema != SCHEMA {
            return Err(DescriptorError::from(format!(
                "`schema` is {}, and this host reads {SCHEMA}",
                read.schema
            )));
        }
        read.checked()
    }

    /// Takes what a component answered.
    pub(crate) fn listed(listed: Vec<ListedTool>) -> Result<Self, DescriptorError> {
        check_count(listed.len())?;
        let mut weight = 0;
        let mut patterns = PatternSum::default();
        let tools = listed
            .into_iter()
            .map(|tool| read(tool, &mut weight, &mut patterns));
        let tools = tools.collect::<Result<_, _>>()?;
        Self {
            schema: SCHEMA,
            tools,
        }
        .checked()
    }

    /// The one form in which they are embedded and pinned: canonical JSON (RFC 8785).
    pub(crate) fn to_canonical_json(&self) -> Result<Vec<u8>, DescriptorError> {
        let json = serde_json_canonicalizer::to_vec(self).map_err(|error| error.to_string())?;
        match json.len() {
            size if size > MAX_DESCRIPTORS => Err(DescriptorError::from(format!(
                "its descriptors have {size} bytes together: at most {MAX_DESCRIPTORS} are taken"
            ))),
            _ => Ok(json),
        }
    }

    /// The tools, in the component's own order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Descriptor> {
        self.tools.iter()
    }

    /// Says in one sentence how `now` differs, if it does.
    pub(crate) fn change(&self, now: &Self) -> Option<String> {
        let find = |of: &Self, name: &str| of.tools.iter().find(|tool| tool.name == name).cloned();
        for tool in &self.tools {
            let Some(new) = find(now, &tool.name) else {
                return Some(format!("`{}` is no longer there", tool.name));
            };
            let differs = [
                ("description", tool.description != new.description),
                ("input schema", tool.input_schema != new.input_schema),
                ("output schema", tool.output_schema != new.output_schema),
            ];
            if let Some((what, _)) = differs.into_iter().find(|(_, differs)| *differs) {
                return Some(format!("`{}` has another {what}", tool.name));
            }
        }
        match now
            .tools
            .iter()
            .find(|tool| find(self, &tool.name).is_none())
        {
            Some(tool) => Some(format!("`{}` is new", tool.name)),
            None => (self != now).then(|| "they come in another order".to_owned()),
        }
    }

    /// Checks that involve more than one value.
    fn checked(self) -> Result<Self, DescriptorError> {
        check_count(self.tools.len())?;
        for (place, tool) in self.tools.iter().enumerate() {
            if self
                .tools
                .iter()
                .take(place)
                .any(|other| other.name == tool.name)
            {
                return Err(DescriptorError::from(format!(
                    "it lists `{}` twice",
                    tool.name
                )));
            }
            check(tool)?;
        }
        Ok(self)
    }
}

/// Reads one tool. `weight` and `patterns` are those of the tools before it.
fn read(
    listed: ListedTool,
    weight: &mut usize,
    patterns: &mut PatternSum,
) -> Result<Descriptor, DescriptorError> {
    let ListedTool {
        name,
        description,
        input_schema: input,
        output_schema: output,
    } = listed;
    // Before anything is parsed.
    if name.len() + description.len() + input.len() + output.len() > MAX_DESCRIPTOR {
        return Err(too_large(&name).into());
    }
    let name = ToolName::try_from(name)?;
    let wrong = |problem: String| format!("the input schema of `{name}` cannot be used: {problem}");
    // Output schemas are informational: one that is not JSON, or nested too deep, is ignored.
    let weight_of_output = json::weight(output.as_bytes()).ok();
    let more = json::weight(input.as_bytes())
        .map_err(|error| wrong(error.to_string()))?
        .saturating_add(weight_of_output.unwrap_or(0));
    *weight = weight.saturating_add(more);
    check_weight(*weight)?;
    let input_schema =
        serde_json::from_str(&input).map_err(|error| wrong(format!("it is not JSON: {error}")))?;
    Schema::of_tool(&name, &input_schema, patterns)?;
    let output_schema = weight_of_output.and_then(|_| serde_json::from_str(&output).ok());
    let output_schema = output_schema.filter(|schema: &Value| !schema.is_null());
    Ok(Descriptor {
        name,
        description,
        input_schema,
        output_schema,
    })
}

fn check(tool: &Descriptor) -> Result<(), DescriptorError> {
    let Descriptor {
        name,
        description,
        input_schema,
        output_schema,
    } = tool;
    let output = output_schema
        .as_ref()
        .map(Value::to_string)
        .unwrap_or_default();
    if name.len() + description.len() + input_schema.to_string().len() + output.len()
        > MAX_DESCRIPTOR
    {
        return Err(too_large(name).into());
    }
    check_texts(tool)
}

/// Refuses words that a reviewer would not see as a model reads them, in the schemas too.
pub(crate) fn check_texts(tool: &Descriptor) -> Result<(), DescriptorError> {
    let Descriptor {
        name,
        description,
        input_schema,
        output_schema,
    } = tool;
    check_words(name, description)?;
    for (kind, schema) in [
        ("input", Some(input_schema)),
        ("output", output_schema.as_ref()),
    ] {
        let checked = schema.map_or(Ok(()), schema::check_words);
        checked.map_err(|problem| {
            format!("the {kind} schema of `{name}` hides something, {problem}")
        })?;
    }
    Ok(())
}

/// Refuses words that a reviewer would not see as a model reads them.
pub(crate) fn check_words(name: &str, description: &str) -> Result<(), DescriptorError> {
    match ForeignText::block(description).hidden() {
        Some(c) => Err(DescriptorError::from(format!(
            "the description of `{name}` holds the character U+{:04X}, which a reviewer would not \
             see as it is",
            u32::from(c)
        ))),
        None => Ok(()),
    }
}

/// Refuses schemas that take too much once they are parsed.
fn check_weight(weight: usize) -> Result<(), DescriptorError> {
    match weight {
        0..=MAX_WEIGHT => Ok(()),
        _ => Err(DescriptorError::from(format!(
            "its schemas take more than {} MiB once they are parsed: say less",
            MAX_WEIGHT >> 20
        ))),
    }
}

fn check_count(tools: usize) -> Result<(), DescriptorError> {
    match tools {
        1..=MAX_TOOLS => Ok(()),
        count => Err(DescriptorError::from(format!(
            "it lists {count} tools: expected 1 to {MAX_TOOLS}"
        ))),
    }
}

/// Cuts a sentence of the parser, which repeats texts that it did not expect.
fn shortened(mut problem: String) -> String {
    if problem.len() > MAX_PROBLEM {
        problem.truncate(problem.floor_char_boundary(MAX_PROBLEM));
        problem.push('…');
    }
    problem
}

fn too_large(name: &str) -> String {
    let end = name.floor_char_boundary(cofferdam_capability::MAX_TOOL_NAME);
    let name = name.get(..end).unwrap_or_default();
    format!(
        "the descriptor of `{}` has more than {MAX_DESCRIPTOR} bytes",
        ForeignText::line(name)
    )
}

/// The sentence that refuses a section that cannot be used.
pub(crate) fn unusable(problem: &str) -> String {
    format!(
        "its section `{DESCRIPTORS_SECTION}` cannot be used: {problem}; build it again with \
         `cofferdam tool build`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, description: &str, schema: &str) -> ListedTool {
        let [name, description, input_schema, output_schema] =
            [name, description, schema, ""].map(str::to_owned);
        ListedTool {
            name,
            description,
            input_schema,
            output_schema,
        }
    }

    fn refused(rows: Vec<ListedTool>, part: &str) {
        let problem = Descriptors::listed(rows).unwrap_err().to_string();
        assert!(problem.contains(part), "{problem}");
    }

    #[test]
    fn a_listing_comes_back_from_its_section_as_it_was() {
        let listed = Descriptors::listed(vec![
            row("b", "two\nlines", "{\"type\":\"object\"}"),
            row("a", "", "true"),
        ])
        .unwrap();
        let json = listed.to_canonical_json().unwrap();
        assert_eq!(Descriptors::from_json(&json).unwrap(), listed);
        assert!(json.starts_with(b"{\"schema\":1,\"tools\":[{\"description\":\"two\\nlines\""));
    }

    #[test]
    fn what_no_model_or_reviewer_could_use_is_refused() {
        refused(vec![], "lists 0 tools");
        refused(vec![row("a", "", "{}"); 65], "lists 65 tools");
        refused(vec![row("a", "", "{}"), row("a", "", "{}")], "`a` twice");
        refused(vec![row("../a", "", "{}")], "is not the name of a tool");
        refused(vec![row("a", "", "{")], "is not JSON");
        refused(vec![row("a", "safe\u{202e}", "{}")], "U+202E");
        refused(vec![row("a", "safe\u{1b}[2J", "{}")], "U+001B");
        refused(
            vec![row("a", &"x".repeat(MAX_DESCRIPTOR), "{}")],
            "more than 65536 bytes",
        );
        let many: Vec<_> = (0..64)
            .map(|n| row(&format!("t{n}"), &"x".repeat(60 << 10), "{}"))
            .collect();
        assert!(
            Descriptors::listed(many)
                .unwrap()
                .to_canonical_json()
                .unwrap_err()
                .to_string()
                .contains("bytes together")
        );
    }

    #[test]
    fn texts_of_schemas_hide_nothing() {
        for (schema, place) in [
            ("{\"title\":\"safe\u{202e}\"}", "at /title: U+202E"),
            (
                "{\"properties\":{\"a\":{\"description\":\"\\u001b[2J\"}}}",
                "at /properties/a/description: U+001B",
            ),
            ("{\"enum\":[\"a\",\"b\u{e0041}\"]}", "at /enum/1: U+E0041"),
            (
                "{\"properties\":{\"a\\nb\":{}}}",
                "at /properties/a\\nb: U+000A",
            ),
            (
                "{\"x-note\":{\"deep\":[[\"\u{2028}\"]]}}",
                "at /x-note/deep/0/0: U+2028",
            ),
        ] {
            refused(vec![row("a", "", schema)], place);
            let output = ListedTool {
                output_schema: schema.to_owned(),
                ..row("a", "", "{}")
            };
            let problem = Descriptors::listed(vec![output]).unwrap_err().to_string();
            assert!(
                problem.starts_with("the output schema of `a`") && problem.contains(place),
                "{problem}"
            );
        }
        let plain = row(
            "a",
            "",
            "{\"description\":\"two\\nlines\\twith é\",\"enum\":[\"日本\"]}",
        );
        assert!(Descriptors::listed(vec![plain]).is_ok());
        assert!(check_words("a", &crate::note::note("", Some("\u{feff}one\r\ntwo"))).is_ok());
        assert!(check_words("a", &crate::note::note("", Some("one\u{200b}two"))).is_err());
    }

    #[test]
    fn what_is_too_deep_or_too_heavy_is_not_parsed() {
        let deep = format!("{}{}", "[".repeat(121), "]".repeat(121));
        let section = |output: &str| {
            let tool = format!(
                r#"{{"name":"a","description":"","input_schema":{{}},"output_schema":{output}}}"#
            );
            format!(r#"{{"schema":1,"tools":[{tool}]}}"#)
        };
        let problem = Descriptors::from_json(section(&deep).as_bytes())
            .unwrap_err()
            .to_string();
        assert!(problem.contains("nested more than 120 deep"), "{problem}");
        refused(vec![row("a", "", &deep)], "nested more than 120 deep");
        let output = ListedTool {
            output_schema: deep,
            ..row("a", "", "{}")
        };
        assert_eq!(
            Descriptors::listed(vec![output]).unwrap().tools[0].output_schema,
            None
        );
        let heavy = format!("[{}]", vec!["[0]"; 16_000].join(","));
        let heavy = |n| ListedTool {
            output_schema: heavy.clone(),
            ..row(&format!("t{n}"), "", "{}")
        };
        let rows: Vec<_> = (0..15).map(heavy).collect();
        refused(rows, "more than 16 MiB");
    }

    #[test]
    fn a_section_that_says_something_else_is_refused() {
        for (json, part) in [
            ("", "EOF"),
            ("{}", "schema"),
            (r#"{"schema":2,"tools":[]}"#, "`schema` is 2"),
            (r#"{"schema":1,"tools":[]}"#, "lists 0 tools"),
            (
                r#"{"schema":1,"tools":[{"name":"a","description":"","input_schema":{},"x":1}]}"#,
                "unknown field `x`",
            ),
            (r#"{"schema":1,"schema":1,"tools":[]}"#, "duplicate field"),
            (
                &format!(r#"{{"{}":1}}"#, "k".repeat(100_000)),
                "unknown field `kkk",
            ),
            (
                &format!(r#"{{"schema":"{}"}}"#, "v".repeat(100_000)),
                "invalid type: string \"vvv",
            ),
        ] {
            let problem = Descriptors::from_json(json.as_bytes())
                .unwrap_err()
                .to_string();
            assert!(
                problem.contains(part) && problem.len() < 300,
                "{json}: {problem}"
            );
        }
    }

    #[test]
    fn a_change_is_named() {
        let of = |rows: &[[&str; 3]]| {
            Descriptors::listed(
                rows.iter()
                    .map(|[name, words, schema]| row(name, words, schema))
                    .collect(),
            )
            .unwrap()
        };
        let first = of(&[["a", "x", "{}"], ["b", "y", "{}"]]);
        assert_eq!(first.change(&first.clone()), None);
        for (now, says) in [
            (of(&[["a", "x", "{}"]]), "`b` is no longer there"),
            (
                of(&[["a", "z", "{}"], ["b", "y", "{}"]]),
                "`a` has another description",
            ),
            (
                of(&[["a", "x", "{}"], ["b", "y", "true"]]),
                "`b` has another input schema",
            ),
            (
                of(&[["a", "x", "{}"], ["b", "y", "{}"], ["c", "", "{}"]]),
                "`c` is new",
            ),
            (
                of(&[["b", "y", "{}"], ["a", "x", "{}"]]),
                "they come in another order",
            ),
        ] {
            assert_eq!(first.change(&now).unwrap(), says);
        }
    }
}
