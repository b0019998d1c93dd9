//! Schemas and answers, random and chosen: what is returned fits, and everything else is an error.

use std::cell::Cell;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use super::error::ObjectError;
use super::form::Form;
use super::judge::judge;

/// Runs a test on a stack as deep as that of the host's own threads.
fn deep(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(super::thread::STACK);
    let ended = thread.spawn(test).expect("a thread").join();
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

fn form(schema: &Value) -> Result<Form, ObjectError> {
    Form::new(schema.to_string().as_bytes())
}

/// Names of properties: few, so that schemas and answers meet.
fn name() -> impl Strategy<Value = String> {
    select(vec!["a", "b", "c", "a/b"]).prop_map(str::to_owned)
}

fn value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..7).prop_map(Value::from),
        Just(json!(1.0)),
        Just(json!(0.5)),
        select(vec!["", "a", "ab", "b1", "\"}", "é"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map(name(), inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
    .boxed()
}

/// One keyword with a value that it can have.
fn keyword(inner: BoxedStrategy<Value>) -> BoxedStrategy<(String, Value)> {
    let with = |keyword: &'static str, value: BoxedStrategy<Value>| {
        value
            .prop_map(move |value| (keyword.to_owned(), value))
            .boxed()
    };
    let list = || vec(inner.clone(), 1..3).prop_map(Value::from).boxed();
    let named = || {
        btree_map(name(), inner.clone(), 0..3)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
            .boxed()
    };
    let kinds = [
        "object", "array", "string", "integer", "number", "boolean", "null",
    ];
    let count = || (0_u64..3).prop_map(Value::from).boxed();
    let pattern = || select(vec!["^a", "b$", "^[a-b]+$", "\\d"]);
    let references = vec!["#", "#/$defs/a", "#/$defs/b", "#/$defs/missing", "#there"];
    prop_oneof![
        with("type", select(kinds.to_vec()).prop_map(Value::from).boxed()),
        with("properties", named()),
        with(
            "required",
            vec(name(), 0..2)
                .prop_map(|mut names| {
                    names.dedup();
                    Value::from(names)
                })
                .boxed()
        ),
        with("additionalProperties", inner.clone()),
        with("unevaluatedProperties", inner.clone()),
        with("propertyNames", inner.clone()),
        with(
            "patternProperties",
            (pattern(), inner.clone())
                .prop_map(|(pattern, schema)| json!({ pattern: schema }))
                .boxed()
        ),
        with("dependentSchemas", named()),
        with("items", inner.clone()),
        with("prefixItems", list()),
        with("contains", inner.clone()),
        with("unevaluatedItems", inner.clone()),
        with("uniqueItems", any::<bool>().prop_map(Value::from).boxed()),
        with("minItems", count()),
        with("maxProperties", count()),
        with("minLength", count()),
        with("pattern", pattern().prop_map(Value::from).boxed()),
        with("minimum", (-2_i64..4).prop_map(Value::from).boxed()),
        with("multipleOf", (1_i64..3).prop_map(Value::from).boxed()),
        with("enum", vec(value(), 1..3).prop_map(Value::from).boxed()),
        with("const", value()),
        with("allOf", list()),
        with("anyOf", list()),
        with("oneOf", list()),
        with("not", inner.clone()),
        with("if", inner.clone()),
        with("then", inner.clone()),
        with("else", inner),
        with("$ref", select(references).prop_map(Value::from).boxed()),
    ]
    .boxed()
}

fn object(keywords: Vec<(String, Value)>) -> Value {
    Value::Object(keywords.into_iter().collect())
}

fn schema() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        4 => vec(keyword(any::<bool>().prop_map(Value::from).boxed()), 0..3).prop_map(object),
        1 => any::<bool>().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 10, 3, |inner| {
        vec(keyword(inner.boxed()), 0..4).prop_map(object)
    })
    .boxed()
}

/// A schema with a type at the top, and definitions that refer to each other.
fn whole_schema() -> BoxedStrategy<Value> {
    let top = vec(keyword(schema()), 0..4);
    let kind = select(vec![
        json!("object"),
        json!("array"),
        json!(["object", "array", "string", "integer"]),
    ]);
    (top, kind, schema(), schema())
        .prop_map(|(top, kind, a, b)| {
            let mut map: Map<String, Value> = top.into_iter().collect();
            map.insert("type".to_owned(), kind);
            map.insert("$defs".to_owned(), json!({ "a": a, "b": b }));
            Value::Object(map)
        })
        .boxed()
}

/// The words of a model around a value, and those of one that was cut off.
fn said(value: &Value, style: u8, cut: Index) -> String {
    let text = value.to_string();
    match style {
        0 | 1 => text,
        2 => format!("```json\n{text}\n```"),
        3 => format!("Here it is: {text} I hope it helps."),
        _ => {
            let mut end = cut.index(text.len() + 1);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text[..end].to_owned()
        }
    }
}

/// 2,500 schemas with four answers each.
#[test]
fn what_is_returned_fits_and_everything_else_is_an_error() {
    deep(random_schemas_and_answers);
}

fn random_schemas_and_answers() {
    let config = Config {
        cases: 2_500,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let answer = (value(), 0_u8..6, any::<Index>());
    // A test in which nothing is returned, or everything, would show nothing.
    let returned = Cell::new(0);
    let refused = Cell::new(0);
    let cases = (whole_schema(), vec(answer, 4..=4));
    let ran = runner.run(&cases, |(schema, answers)| {
        let Ok(form) = form(&schema) else {
            return Ok(());
        };
        // Not the same options: another engine of patterns, another copy of the schema.
        let oracle = jsonschema::draft202012::new(&schema.clone());
        let oracle = oracle.map_err(|error| TestCaseError::fail(error.to_string()))?;
        for (value, style, cut) in answers {
            let said = said(&value, style, cut);
            match judge(&form, &said) {
                Ok(json) => {
                    let found: Value = serde_json::from_str(&json).expect("JSON");
                    prop_assert!(oracle.is_valid(&found), "{found} of {said}");
                    returned.set(returned.get() + 1);
                }
                Err(_) => {
                    let whole = style < 2;
                    prop_assert!(!whole || !oracle.is_valid(&value), "{said} was refused");
                    refused.set(refused.get() + 1);
                }
            }
        }
        Ok(())
    });
    ran.expect("no case fails");
    assert!(returned.get() > 300, "{}", returned.get());
    assert!(refused.get() > 300, "{}", refused.get());
}

/// Texts that nobody would call JSON never panic.
#[test]
fn any_text_is_taken_or_refused() {
    let form = form(&json!({"type": "object"})).expect("a schema");
    let mut runner = TestRunner::new_with_rng(
        Config {
            cases: 5_000,
            failure_persistence: None,
            ..Config::default()
        },
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let pieces = select(vec![
        "{", "}", "[", "]", "\"", ":", ",", "\\", "\\u12", "tru", "nul", "-", "1e", "é", " ", "\n",
        "```", "a", "\u{0}",
    ]);
    let text = vec(pieces, 0..24).prop_map(|pieces| pieces.concat());
    let ran = runner.run(&text, |text| {
        if let Ok(json) = judge(&form, &text) {
            let found: Value = serde_json::from_str(&json).expect("JSON");
            prop_assert!(found.is_object(), "{found} of {text}");
        }
        Ok(())
    });
    ran.expect("no text panics");
}

#[test]
fn words_around_an_answer_are_left_out_and_its_end_is_completed() {
    let form = form(
        &json!({"type": "object", "properties": {"a": {"type": "array"}},
        "required": ["a"]}),
    )
    .expect("a schema");
    let check = |said: &str, expected: &str| {
        let found = judge(&form, said).expect("it fits");
        assert_eq!(found, expected, "{said}");
    };
    check(r#"{"a": []}"#, r#"{"a":[]}"#);
    check("```json\n{\"a\": []}\n```", r#"{"a":[]}"#);
    check("```\n{\"a\": []}", r#"{"a":[]}"#);
    check("Here:\n{\"a\": []}\nDone.", r#"{"a":[]}"#);
    check(r#"{"a": ["```"]}"#, r#"{"a":["```"]}"#);
    check(r#"{"a": [1, "tw"#, r#"{"a":[1,"tw"]}"#);
    check(r#"{"a": [1], "#, r#"{"a":[1]}"#);
    let refused = |said: &str, part: &str| {
        let problem = judge(&form, said).expect_err("it is refused").to_string();
        assert!(problem.contains(part), "{problem}");
    };
    refused("  ", "it is empty");
    refused(
        "I cannot.",
        "it is not JSON: expected value at line 1 column 1",
    );
    refused("I see {no reason", "it is not JSON");
    // A value that is missing, or not whole, is not made up.
    refused(r#"{"a": [], "b": tru"#, "it is not JSON");
    refused(r#"{"a": [], "b":"#, "it is not JSON");
    refused(r#"{"a": [], "b"#, "it is not JSON");
    refused(r#"{"a": 1}"#, "at /a: 1 is not of type \"array\"");
    refused("{}", "at the top: \"a\" is a required property");
}

#[test]
fn a_schema_is_refused_in_one_sentence() {
    let check = |schema: &str, expected: &str| {
        let problem = Form::new(schema.as_bytes()).expect_err("it is refused");
        assert_eq!(problem.to_string(), expected);
    };
    let required = "schema is required: give a JSON Schema of draft 2020-12";
    check("", required);
    check(" \n", required);
    check(
        "{",
        "parsing schema: EOF while parsing an object at line 1 column 1",
    );
    let no_type = "schema must declare a top-level type, as in {\"type\": \"object\"}";
    check("{}", no_type);
    check("true", no_type);
    check(
        r#"{"type": "object", "$schema": "http://json-schema.org/draft-07/schema#"}"#,
        "the schema's `$schema` is not of this dialect: expected \
         \"https://json-schema.org/draft/2020-12/schema\"",
    );
    check(
        r#"{"type": "object", "properties": {"a": {"$ref": "https://example.com/a.json"}}}"#,
        "the schema, at /properties/a: `https://example.com/a.json` leads nowhere: expected a \
         place of this schema, as in `#/$defs/name`",
    );
    check(
        r#"{"type": "object", "items": {"$id": "https://example.com/a"}}"#,
        "the schema, at /items: `$id` is not taken below the top: leave it out",
    );
    let circle = "it refers to itself for the same value, which has no end: refer to it below a \
                  property or an item";
    check(
        r##"{"type": "object", "anyOf": [{"not": {"$ref": "#"}}]}"##,
        &format!("the schema, at /anyOf/0/not: {circle}"),
    );
    check(
        r##"{"type": "object", "items": {"$ref": "#/type"}}"##,
        "the schema, at /items: `#/type` leads nowhere: expected a place of this schema, as in \
         `#/$defs/name`",
    );
    let pattern = "a".repeat(1_025);
    check(
        &json!({"type": "string", "pattern": pattern}).to_string(),
        "the schema, at the top: a pattern has 1025 bytes: expected at most 1024",
    );
    let patterns: Map<_, _> = (0..65).map(|n| (format!("a{n}"), json!(true))).collect();
    check(
        &json!({"type": "object", "patternProperties": patterns}).to_string(),
        "the schema has 65 patterns: expected at most 64",
    );
    check(
        &json!({"type": "array", "prefixItems": vec![json!({}); 2_000]}).to_string(),
        "the schema has 2001 schemas in it: expected at most 2000",
    );
    check(
        &json!({"type": "array", "prefixItems": vec![json!({"$ref": "#"}); 251]}).to_string(),
        "the schema has 251 references: expected at most 250",
    );
    let mut deep = json!({"type": "object"});
    for _ in 0..40 {
        deep = json!({"type": "object", "not": [deep]});
    }
    check(
        &deep.to_string(),
        "the schema is deeper than 64 levels of objects and lists",
    );
    let long = format!(r#"{{"type": "object"{}}}"#, " ".repeat(64 << 10));
    check(&long, "the schema has 65554 bytes: expected at most 65536");
    let problem = Form::new(br#"{"type": "object", "properties": {"a": {"type": "int"}}}"#);
    let problem = problem.expect_err("it is refused").to_string();
    let begin = "the schema is not one of draft 2020-12, at /properties/a/type: ";
    assert!(problem.starts_with(begin), "{problem}");
    let problem = Form::new(br#"{"type": "string", "pattern": "(?=a)"}"#);
    let problem = problem.expect_err("it is refused").to_string();
    assert!(problem.contains("(?=a)"), "{problem}");
}

/// A few kilobytes that a library without a bound would work on for years.
#[test]
fn work_without_end_is_refused_before_it_begins() {
    deep(work_without_end);
}

fn work_without_end() {
    let too_long = "checking it against the schema takes too long";
    let check = |schema: Value, said: &str| {
        let form = form(&schema).expect("a schema");
        let problem = judge(&form, said).expect_err("it is refused").to_string();
        assert!(problem.starts_with(too_long), "{problem}");
    };
    // Each definition looks at the next one twice.
    let twice = |n: usize| {
        let next = json!({"$ref": format!("#/$defs/a{}", n + 1)});
        json!({"anyOf": [{"allOf": [next, false]}, next]})
    };
    let mut definitions: Map<_, _> = (0..60).map(|n| (format!("a{n}"), twice(n))).collect();
    definitions.insert("a60".to_owned(), json!({"type": "integer"}));
    let schema = json!({"type": "object", "properties": {"x": {"$ref": "#/$defs/a0"}},
        "$defs": definitions});
    check(schema.clone(), r#"{"x": "no"}"#);
    // An answer that comes nowhere near it is fine.
    assert!(judge(&form(&schema).expect("a schema"), "{}").is_ok());
    // Each level of the answer doubles it.
    let items = json!({"items": {"$ref": "#"}});
    let schema = json!({"type": "array", "anyOf": [items, items]});
    let said = "[".repeat(40) + &"]".repeat(40);
    check(schema, &said);
    // A chain that is as long as there may be references, in everything that stands in place.
    let next = |n: usize| {
        let mut next = json!({"$ref": format!("#/$defs/a{}", n + 1)});
        for _ in 0..5 {
            next = json!({"not": next});
        }
        next
    };
    let mut definitions: Map<_, _> = (0..249).map(|n| (format!("a{n}"), next(n))).collect();
    definitions.insert("a249".to_owned(), json!(true));
    check(
        json!({"type": "object", "$ref": "#/$defs/a0", "$defs": definitions}),
        "{}",
    );
}

#[test]
fn the_whole_dialect_is_checked() {
    let check = |schema: Value, fits: &str, other: &str| {
        let form = form(&schema).expect("a schema");
        assert!(judge(&form, fits).is_ok(), "{fits} of {schema}");
        assert!(judge(&form, other).is_err(), "{other} of {schema}");
    };
    let tree = json!({"type": "object", "properties": {"left": {"$ref": "#"}},
        "additionalProperties": false});
    check(
        tree,
        r#"{"left": {"left": {}}}"#,
        r#"{"left": {"right": {}}}"#,
    );
    let one = json!({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]});
    check(one, r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#);
    let pattern = json!({"type": "string", "pattern": "^\\d{4}$"});
    check(pattern, "\"2026\"", "\"26\"");
    let anchor = json!({"type": "array", "items": {"$ref": "#number"},
        "$defs": {"n": {"$anchor": "number", "type": "integer"}}});
    check(anchor, "[1]", "[\"1\"]");
    let dynamic = json!({"type": "array", "items": {"$dynamicRef": "#node"},
        "$defs": {"n": {"$dynamicAnchor": "node", "type": "integer"}}});
    check(dynamic, "[1]", "[\"1\"]");
    let rest = json!({"type": "object", "allOf": [{"properties": {"a": {}}}],
        "unevaluatedProperties": false});
    check(rest, r#"{"a": 1}"#, r#"{"b": 1}"#);
    let when = json!({"type": "object", "if": {"required": ["a"]}, "then": {"required": ["b"]}});
    check(when, r#"{"b": 1}"#, r#"{"a": 1}"#);
}
