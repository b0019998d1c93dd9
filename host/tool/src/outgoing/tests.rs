//! Schemas of authors and of WIT types, and the ones that clients get: values fit both.

use cofferdam_capability::Limits;
use cofferdam_sandbox::Allowance;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{check, input, output, refuse_input};
use crate::schema::Schema;

/// A schema of one argument becomes this one.
#[track_caller]
fn check_input(full: Value, expected: &Value) {
    let whole = json!({ "type": "object", "properties": { "a": full }, "required": ["a"] });
    let outgoing = input(&whole);
    assert_eq!(outgoing["properties"]["a"], *expected);
    check(&outgoing).unwrap();
    assert_eq!(input(&outgoing), outgoing, "it is in the dialect already");
}

/// A schema of a result becomes this one, which the same values fit.
#[track_caller]
fn check_output(full: &Value, expected: &Value, values: &[Value]) {
    let outgoing = output(full);
    assert_eq!(outgoing, *expected);
    // Clients get it below the top, where it is no object.
    let wrapped = json!({ "type": "object", "properties": { "result": outgoing } });
    check(&wrapped).unwrap();
    for value in values {
        for schema in [full, &outgoing] {
            let allowance = Allowance::begin(&Limits::DEFAULT, CancellationToken::new());
            let fits = Schema::new(schema).unwrap().check(value, &allowance);
            assert!(fits.is_ok(), "{value} does not fit {schema}");
        }
    }
}

#[test]
fn a_type_that_is_a_list_becomes_a_choice() {
    let nullable = json!({ "type": ["string", "null"], "maxLength": 3 });
    check_output(
        &nullable,
        &json!({ "anyOf": [{ "type": "string", "maxLength": 3 }, { "type": "null" }] }),
        &[json!("abc"), Value::Null],
    );
    let wide = json!({ "type": ["integer", "string"], "minimum": 0, "maximum": u64::MAX,
        "pattern": "^[0-9]{1,20}$" });
    check_output(
        &wide,
        &json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string" }] }),
        &[json!(7), json!("18446744073709551615")],
    );
    check_input(
        wide,
        &json!({ "anyOf": [{ "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": "^[0-9]{1,20}$" }] }),
    );
}

#[test]
fn what_may_be_left_out_is_not_null() {
    let full = json!({
        "type": "object",
        "properties": {
            "note": { "description": "Of it.",
                "anyOf": [{ "type": "string" }, { "type": "null" }] },
            "must": { "type": ["boolean", "null"] },
        },
        "required": ["must"],
    });
    assert_eq!(
        input(&full),
        json!({
            "type": "object",
            "properties": {
                "note": { "description": "Of it.", "type": "string" },
                "must": { "anyOf": [{ "type": "boolean" }, { "type": "null" }] },
            },
            "required": ["must"],
        })
    );
    assert_eq!(
        output(&full)["properties"]["note"]["anyOf"],
        json!([{ "type": "string" }, { "type": "null" }])
    );
}

#[test]
fn a_tuple_is_a_list_of_its_items() {
    let pair = json!({ "type": "array", "prefixItems": [{ "type": "string" }, { "type": "number" }],
        "items": false, "minItems": 2 });
    let said = "In this order: a text, a number.";
    let list = json!({ "description": said, "type": "array",
        "items": { "anyOf": [{ "type": "string" }, { "type": "number" }] },
        "minItems": 2, "maxItems": 2 });
    check_output(&pair, &list, &[json!(["a", 1])]);
    check_input(pair, &list);
    let same = json!({ "type": "array", "prefixItems": [{ "type": "string" }], "items": false });
    check_output(
        &same,
        &json!({ "type": "array", "items": { "type": "string" }, "maxItems": 1 }),
        &[json!([]), json!(["a"])],
    );
    check_output(
        &json!({ "type": "array", "maxItems": 0 }),
        &json!({ "type": "array", "items": {}, "maxItems": 0 }),
        &[json!([])],
    );
    check_output(
        &json!({ "type": "array", "items": false }),
        &json!({ "type": "array", "items": { "type": "string" }, "maxItems": 0 }),
        &[json!([])],
    );
}

#[test]
fn enumerations_have_a_type_and_their_values_words() {
    let variants = json!({ "oneOf": [
        { "const": "up", "description": "Against gravity." },
        { "const": "down" },
        { "enum": ["left", "right"] },
    ] });
    check_output(
        &variants,
        &json!({ "description": "`up`: Against gravity.", "type": "string",
            "enum": ["up", "down", "left", "right"] }),
        &[json!("up"), json!("right")],
    );
    check_output(
        &json!({ "anyOf": [{ "type": "number" }, { "enum": ["NaN", "Infinity"] }] }),
        &json!({ "anyOf": [{ "type": "number" },
            { "type": "string", "enum": ["NaN", "Infinity"] }] }),
        &[json!(0.5), json!("NaN")],
    );
    check_output(
        &json!({ "enum": [1, 2, 8] }),
        &json!({ "description": "One of 1, 2, 8.", "type": "integer", "minimum": 1, "maximum": 8 }),
        &[json!(8)],
    );
}

#[test]
fn references_are_written_out_and_circles_say_nothing() {
    let shared = json!({ "$defs": { "t": { "type": "string", "description": "A name." } },
        "type": "array", "items": { "$ref": "#/$defs/t" } });
    check_output(
        &shared,
        &json!({ "type": "array", "items": { "description": "A name.", "type": "string" } }),
        &[json!(["a"])],
    );
    let tree = json!({ "$defs": { "t": { "type": "object", "properties": {
        "kids": { "type": "array", "items": { "$ref": "#/$defs/t" } } } } }, "$ref": "#/$defs/t" });
    check_output(
        &tree,
        &json!({ "type": "object", "properties": { "kids": { "type": "array", "items": {} } } }),
        &[json!({ "kids": [{ "kids": [] }] })],
    );
    // Written out, it would be larger than all memory.
    let doubled = (0..60).fold(
        json!({ "type": "string" }),
        |inner, n| json!({ "$defs": { "next": inner }, "title": format!("{n}") }),
    );
    check(&input(
        &json!({ "type": "object", "properties": { "a": doubled } }),
    ))
    .unwrap();
    let definition = |n: usize| {
        let next = json!({ "$ref": format!("#/$defs/l{}", n + 1) });
        let both = json!({ "type": "object", "properties": { "a": next, "b": next } });
        (format!("l{n}"), both)
    };
    let definitions: serde_json::Map<_, _> = (0..60).map(definition).collect();
    let large = json!({ "$defs": definitions, "$ref": "#/$defs/l0" });
    let outgoing = input(&large);
    check(&outgoing).unwrap();
    assert!(outgoing.to_string().len() < 1 << 20);
}

#[test]
fn an_input_has_no_choice_at_the_top() {
    let add = json!({ "type": "object", "properties": { "action": { "const": "add" },
        "item": { "type": "string" } }, "required": ["action", "item"] });
    let remove = json!({ "type": "object", "properties": { "action": { "const": "remove" },
        "id": { "type": "integer", "format": "uint64", "minimum": 0 } },
        "required": ["action", "id"] });
    let choice = json!({ "title": "Input", "oneOf": [add, remove] });
    let outgoing = input(&choice);
    check(&outgoing).unwrap();
    assert_eq!(
        outgoing,
        json!({
            "title": "Input",
            "type": "object",
            "properties": {
                "action": { "type": "string", "enum": ["add", "remove"] },
                "item": { "type": "string" },
                "id": { "type": "integer", "minimum": 0 },
            },
            "required": ["action"],
        })
    );
    for parts in [json!(true), json!({}), json!({ "type": "object" })] {
        assert_eq!(input(&parts), json!({ "type": "object", "properties": {} }));
    }
}

#[test]
fn parts_of_an_object_become_one() {
    let flattened = json!({
        "type": "object",
        "properties": { "id": { "type": "integer" } },
        "required": ["id"],
        "allOf": [{ "type": "object", "properties": { "id": { "minimum": 1, "type": "integer" },
            "name": { "type": "string" } }, "required": ["name"] }],
    });
    check_output(
        &flattened,
        &json!({ "type": "object", "properties": { "id": { "type": "integer", "minimum": 1 },
            "name": { "type": "string" } }, "required": ["id", "name"] }),
        &[json!({ "id": 1, "name": "a" })],
    );
    check_output(
        &json!({ "type": "object", "patternProperties": { "^[0-9]+$": { "type": "string" } },
            "additionalProperties": false }),
        &json!({ "type": "object", "additionalProperties": { "type": "string" },
            "properties": {} }),
        &[json!({ "1": "a" })],
    );
}

#[test]
fn only_formats_and_patterns_that_every_client_reads_are_handed_on() {
    check_input(
        json!({ "type": "string", "format": "date-time" }),
        &json!({ "type": "string", "format": "date-time" }),
    );
    check_input(
        json!({ "type": "string", "format": "uri", "description": "Where." }),
        &json!({ "description": "Where.\nFormat: uri.", "type": "string" }),
    );
    check_input(
        json!({ "type": "integer", "format": "uint64", "minimum": 0 }),
        &json!({ "type": "integer", "minimum": 0 }),
    );
    check_input(
        json!({ "type": "string", "pattern": "^(?<year>[0-9]{4})$" }),
        &json!({ "type": "string" }),
    );
    check_output(
        &json!({ "type": "string", "format": "uri", "pattern": "^a$" }),
        &json!({ "type": "string" }),
        &[json!("a")],
    );
}

#[track_caller]
fn check_refused(full: Value, parts: &[&str]) {
    let problem = refuse_input(&full).unwrap_or_else(|| panic!("{full} is taken"));
    for part in parts {
        assert!(problem.contains(part), "`{part}` is not in: {problem}");
    }
}

#[test]
fn authors_are_told_what_to_write_instead() {
    let choice = json!({ "title": "Input", "oneOf": [
        { "type": "object", "properties": { "a": {} } },
        { "type": "object", "properties": { "b": {} } },
    ] });
    check_refused(choice, &["at the top", "`Input`", "`oneOf`", "one struct"]);
    check_refused(json!({ "type": "string" }), &["no object", "named fields"]);
    check_refused(
        json!({ "type": "object", "properties": { "a": { "items": { "not": {} } } } }),
        &["/properties/a/items", "`not`", "in the description"],
    );
    check_refused(
        json!({ "$defs": { "t": { "type": "object",
            "properties": { "t": { "$ref": "#/$defs/t" } } } },
            "type": "object", "properties": { "t": { "$ref": "#/$defs/t" } } }),
        &["#/$defs/t", "leads to itself"],
    );
    for taken in [
        json!({ "type": "object", "properties": { "a": { "type": ["string", "null"] } } }),
        json!({ "type": "object", "properties": { "a": { "oneOf": [{ "type": "null" }, {}] } } }),
        json!({ "oneOf": [{ "type": "object" }] }),
        json!({ "type": "object", "properties": { "a": { "type": "array",
            "prefixItems": [{ "type": "string" }, { "type": "integer" }] } } }),
        json!({}),
    ] {
        assert_eq!(refuse_input(&taken), None, "{taken}");
    }
}
