//! Schemas that tools bring: what is refused when they are loaded, and what checking an input may
//! take.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::support::{Ran, Scratch, Typed, cofferdam};

/// How long loading a component and one call of it may take on a machine that runs other tests at
/// the same time. The schemas here took minutes, gigabytes or the whole process.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most memory that the process may hold, in KiB (400 MiB): its code, the guest, and what the
/// host holds for it.
const MOST_KIB: u64 = 400 << 10;

/// Calls a tool that has this schema, with a deadline of a second.
fn run(schema: &Value, input: &str) -> Ran {
    run_within("1s", schema, input)
}

fn run_within(wall: &str, schema: &Value, input: &str) -> Ran {
    let scratch = Scratch::new();
    let tool = Typed {
        input_schema: &schema.to_string(),
        ..Typed::default()
    }
    .file(&scratch, "typed");
    let args = [
        "tool",
        "run",
        tool.to_str().expect("UTF-8"),
        "--wall",
        wall,
        "--format",
        "json",
        "--",
        input,
    ];
    let ran = cofferdam(&scratch, args).patience(PATIENCE).run();
    assert!(ran.peak_kib < MOST_KIB, "{} KiB", ran.peak_kib);
    ran
}

/// The schema is refused before anything is called, with these parts in the one sentence. The input
/// would fit it.
#[track_caller]
fn refused(schema: &Value, input: &str, parts: &[&str]) {
    run(schema, input).exits(2).complains(parts);
}

/// `count` levels, each of which is made of the reference to the next.
fn levels(count: usize, level: impl Fn(Value) -> Value) -> Value {
    let definition = |index: usize| {
        let next = json!({ "$ref": format!("#/$defs/l{}", index + 1) });
        (
            format!("l{index}"),
            if index == count {
                json!({ "type": "integer" })
            } else {
                level(next)
            },
        )
    };
    json!({ "$ref": "#/$defs/l0", "$defs": (0..=count).map(definition).collect::<Map<String,
        Value>>() })
}

#[test]
fn schemas_without_a_bound_are_refused_when_they_are_loaded() {
    // The input is checked on every level. It took 17 s under a deadline of one, and each further
    // level doubled that.
    let doubled = levels(26, |next| json!({ "allOf": [next, next] }));
    let parts = [
        "the input schema of `tool`",
        "at /$defs/l",
        "more than 1024 schemas apply to one value",
    ];
    refused(&doubled, "1", &parts);
    // Further ones of its kind.
    for keyword in ["anyOf", "oneOf"] {
        let doubled = levels(30, |next| json!({ keyword: [next, next] }));
        refused(
            &doubled,
            "\"no integer\"",
            &["more than 1024 schemas apply to one value"],
        );
    }
    refused(
        &json!({ "not": { "$ref": "#" } }),
        "{}",
        &["applies to the same value again and again"],
    );
    refused(&json!({ "$dynamicRef": "#a" }), "{}", &["`$dynamicRef`"]);
    refused(
        &json!({ "$ref": "file:///etc/passwd" }),
        "{}",
        &["file:///etc/passwd", "no schema is there"],
    );
}

#[test]
fn schemas_that_lead_deep_are_refused_when_they_are_loaded() {
    // It overflowed the stack, or was read for minutes.
    let deep = levels(
        600,
        |next| json!({ "anyOf": [next], "unevaluatedItems": {} }),
    );
    refused(
        &deep,
        "1",
        &["at /$defs/l0: ", "`unevaluatedItems` is not taken"],
    );
    // Further ones of its kind.
    refused(
        &levels(600, |next| json!({ "anyOf": [next] })),
        "1",
        &["more than 64 schemas lead to one another"],
    );
    refused(
        &levels(600, |next| next),
        "1",
        &["more than 64 schemas lead to one another"],
    );
    let nested = (0..118).fold(json!({}), |inner, _| json!({ "not": inner }));
    refused(&nested, "{}", &["more than 64 schemas lead to one another"]);
    let nested = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let scratch = Scratch::new();
    let tool = Typed {
        input_schema: &nested,
        ..Typed::default()
    }
    .file(&scratch, "typed");
    let ran = cofferdam(
        &scratch,
        ["tool".as_ref(), "inspect".as_ref(), tool.as_os_str()],
    )
    .patience(PATIENCE)
    .run();
    assert!(
        !ran.stderr.contains("panicked") && ran.code.is_some(),
        "{}",
        ran.stderr
    );
}

#[test]
fn patterns_that_become_large_are_refused_when_they_are_loaded() {
    // Each is compiled when its property is there: all of them took 600 MiB.
    let names = || (0..100).map(|index| format!("p{index}"));
    let patterns: Map<_, _> = names()
        .map(|name| (name, json!({ "pattern": r"\p{L}{100}" })))
        .collect();
    let input: Map<_, _> = names().map(|name| (name, json!("x".repeat(100)))).collect();
    let schema = json!({ "properties": patterns });
    refused(
        &schema,
        &json!(input).to_string(),
        &["at /properties/p0/pattern: ", "more than 512 KiB"],
    );
}

#[test]
fn schemas_of_usual_size_are_taken() {
    let tree = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "tree",
            "type": "object",
        "properties": {
            "name": { "type": "string", "pattern": "^[^/]{1,255}$", "maxLength": 255 },
            "kind": { "oneOf": [{ "const": "leaf" }, { "const": "branch",
                "description": "has children" }] },
            "children": { "type": "array", "items": { "$ref": "#" }, "maxItems": 100 },
        },
        "required": ["name"], "additionalProperties": false,
    });
    let fits = json!({ "name": "a", "kind": "branch", "children": [{ "name": "b" }] });
    assert_eq!(
        run(&tree, &fits.to_string()).exits(0).json()["outcome"]["name"],
        "ok"
    );
    let misfit = json!({ "name": "a", "children": [{ "name": "b/c" }] });
    let ran = run(&tree, &misfit.to_string());
    let reason = ran.json()["outcome"]["reason"]
        .as_str()
        .expect("a reason")
        .to_owned();
    assert!(
        reason.contains("at /children/0/name: ") && reason.contains("does not match"),
        "{reason}"
    );
}

#[test]
fn a_schema_takes_no_more_memory_than_its_text_says() {
    let long = "~".repeat(52_000);
    let schema = json!({ "$defs": { long: { "prefixItems": vec![json!({}); 4_000] } } });
    assert_eq!(run(&schema, "{}").exits(0).json()["outcome"]["name"], "ok");
}

#[test]
fn texts_of_schemas_that_hide_something_are_refused() {
    let hidden = "a reviewer would not see: \u{202e}";
    for (schema, place) in [
        (json!({ "title": hidden }), "at /title: U+202E"),
        (
            json!({ "properties": { "a": { "description": hidden } } }),
            "at /properties/a/description: U+202E",
        ),
        (
            json!({ "properties": { "a": { "enum": ["safe", hidden] } } }),
            "at /properties/a/enum/1: U+202E",
        ),
        (
            json!({ "properties": { hidden: {} } }),
            "would not see: \\u{202e}: U+202E",
        ),
    ] {
        refused(
            &schema,
            "{}",
            &["the input schema of `tool` hides something", place],
        );
    }
}

#[test]
fn checking_an_input_ends_whatever_the_schema_is() {
    // The nodes in one place are few, and double with each level of the value.
    let twice = json!({ "properties": { "a": { "$ref": "#" } } });
    let doubling = json!({ "allOf": [twice, twice] });
    let deep = (0..80).fold(json!({}), |inner, _| json!({ "a": inner }));
    let began = Instant::now();
    // Not the deadline ends it, also where the machine is busy.
    let receipt = run_within("30s", &doubling, &deep.to_string()).json();
    assert_eq!(receipt["outcome"]["name"], "denied", "{receipt}");
    let reason = receipt["outcome"]["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("checking it takes more than") && reason.len() < 1_000,
        "{reason}"
    );
    assert!(began.elapsed() < PATIENCE);
    // What does not fit is not shown whole.
    let long = json!({ "a": "x".repeat(100_000) });
    let receipt = run(
        &json!({ "properties": { "a": { "type": "integer" } } }),
        &long.to_string(),
    )
    .json();
    let reason = receipt["outcome"]["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("at /a: \"xxx")
            && reason.contains("is not of type \"integer\"")
            && reason.len() < 1_000
    );
}
