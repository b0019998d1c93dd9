use std::time::{Duration, Instant};

use cofferdam_call::Outcome;
use cofferdam_capability::{Limits, Time};
use serde_json::{Map, json};
use tokio_util::sync::CancellationToken;

use super::sentence::shown;
use super::*;

mod draft;
mod work;

/// Schemas that are refused when they are read, and a part of the sentence.
#[track_caller]
fn refused(schema: &Value, parts: &[&str]) {
    let Err(error) = Schema::new(schema) else {
        panic!("it is taken: {}", shown(schema))
    };
    let sentence = error.to_string();
    for part in parts {
        assert!(sentence.contains(part), "expected `{part}` in: {sentence}");
    }
    assert!(sentence.len() < 400, "{} bytes: {sentence}", sentence.len());
}

/// Checks without a deadline in the way; the sentence of what does not fit.
fn check(schema: &Schema, input: &Value) -> Result<(), String> {
    match schema.check(
        input,
        &Allowance::begin(&Limits::DEFAULT, CancellationToken::new()),
    ) {
        Ok(()) => Ok(()),
        Err(Unfit::Wrong(sentence)) => Err(sentence),
        Err(Unfit::Ended(outcome)) => panic!("the check ended early: {outcome}"),
    }
}

/// A schema of `count` levels, each of which `level` makes of the reference to the next.
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
fn schemas_that_multiply_in_one_place_are_refused() {
    let many = "more than 1024 schemas apply to one value";
    let twice = |key: &'static str| move |next: Value| json!({ key: [next.clone(), next] });
    for key in ["allOf", "anyOf", "oneOf"] {
        refused(&levels(26, twice(key)), &["/$defs/l", many]);
    }
    refused(
        &levels(
            14,
            |next| json!({ "allOf": [{ "not": next.clone() }, { "not": next }] }),
        ),
        &[many],
    );
    refused(
        &levels(26, |next| json!({ "if": next.clone(), "then": next })),
        &[many],
    );
    refused(
        &levels(
            26,
            |next| json!({ "if": true, "then": next.clone(), "else": next }),
        ),
        &[many],
    );
    refused(
        &levels(
            26,
            |next| json!({ "dependentSchemas": { "a": next.clone(), "b": next } }),
        ),
        &[many],
    );
    refused(
        &levels(26, |next| json!({ "$ref": next["$ref"], "not": next })),
        &[many],
    );
    refused(
        &levels(700, |next| next),
        &["more than 64 schemas lead to one another"],
    );
    refused(
        &levels(
            600,
            |next| json!({ "anyOf": [next], "unevaluatedItems": {} }),
        ),
        &["unevaluatedItems", "/$defs/l0"],
    );
    let variants: Vec<_> = (0..1_100).map(|index| json!({ "const": index })).collect();
    refused(&json!({ "oneOf": variants }), &[many]);
}

#[test]
fn schemas_that_lead_back_to_the_same_place_are_refused() {
    let round = "applies to the same value again and again";
    for schema in [
        json!({ "$ref": "#" }),
        json!({ "allOf": [{ "$ref": "#" }] }),
        json!({ "not": { "$ref": "#" } }),
        json!({ "if": { "$ref": "#" } }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/b" }] }, "b": {
            "$ref": "#/$defs/a" } } }),
        // Also where nothing leads to it.
        json!({ "$defs": { "a": { "dependentSchemas": { "x": { "$ref": "#/$defs/a" } } } } }),
    ] {
        refused(&schema, &[round]);
    }
    // Into the value is no circle.
    let tree = json!({ "properties": { "left": { "$ref": "#" }, "right": { "$ref": "#" } },
        "additionalProperties": false });
    let tree = Schema::new(&tree).unwrap();
    check(&tree, &json!({ "left": { "left": {}, "right": {} } })).unwrap();
    assert_eq!(
        check(&tree, &json!({ "left": { "right": { "up": 1 } } })).unwrap_err(),
        "at /left/right: \"up\" is no key that may be there"
    );
}

#[test]
fn what_is_outside_the_dialect_is_refused_with_its_place() {
    for (schema, parts) in [
        (
            json!({ "properties": { "a": { "$dynamicRef": "#a" } } }),
            ["at /properties/a: ", "`$dynamicRef`"],
        ),
        (
            json!({ "$recursiveRef": "#" }),
            ["at the top: ", "`$recursiveRef`"],
        ),
        (
            json!({ "items": { "unevaluatedProperties": false } }),
            ["at /items: ", "`additionalProperties`"],
        ),
        (
            json!({ "$defs": { "a": { "$id": "http://a.example/" } } }),
            ["at /$defs/a: ", "`$id`"],
        ),
        (
            json!({ "$defs": { "a": { "$anchor": "a" } } }),
            ["at /$defs/a: ", "`#/$defs/name`"],
        ),
        (
            json!({ "$schema": "http://json-schema.org/draft-07/schema#" }),
            ["at /$schema: ", "2020-12/schema"],
        ),
        (
            json!({ "$schema": "https://json-schema.org/draft/2019-09/schema" }),
            ["at /$schema: ", "2020-12/schema"],
        ),
        (
            json!({ "dependencies": {} }),
            ["`dependencies`", "`dependentRequired`"],
        ),
        (
            json!({ "$ref": "http://a.example/schema" }),
            ["`$ref`", "http://a.example/schema"],
        ),
        (
            json!({ "$ref": "other.json#/a" }),
            ["`$ref`", "no schema is there"],
        ),
        (
            json!({ "$ref": "#/enum/0", "enum": [{}] }),
            ["#/enum/0", "no schema is there"],
        ),
        (
            json!({ "$ref": "#/x-note", "x-note": {} }),
            ["#/x-note", "no schema is there"],
        ),
        (
            json!({ "$ref": "#/$defs/b", "$defs": { "a": {} } }),
            ["#/$defs/b", "no schema is there"],
        ),
        (json!({ "$ref": 7 }), ["at /$ref: ", "7"]),
        (json!({ "type": 7 }), ["at /type: 7", "integer"]),
        (json!({ "type": "text" }), ["\"text\"", "string"]),
        (
            json!({ "items": [{}] }),
            ["at /items: ", "expected an object, true or false"],
        ),
        (
            json!({ "exclusiveMinimum": true }),
            ["at /exclusiveMinimum: true", "a number"],
        ),
        (json!({ "minLength": -1 }), ["at /minLength: -1", "a count"]),
        (json!({ "maxItems": 1.5 }), ["at /maxItems: 1.5", "a count"]),
        (json!({ "multipleOf": 0 }), ["at /multipleOf: 0", "above 0"]),
        (
            json!({ "allOf": [] }),
            ["at /allOf: []", "a list of schemas"],
        ),
        (
            json!({ "required": [1] }),
            ["at /required: [1]", "a list of names"],
        ),
        (
            json!({ "properties": { "a/b~": { "enum": 1 } } }),
            ["at /properties/a~1b~0/enum: 1", "a list"],
        ),
        (json!([]), ["at the top: []", "not a schema"]),
    ] {
        refused(&schema, &parts);
    }
    // Sizes.
    let wide: Vec<_> = (0..5_000).map(|_| json!({})).collect();
    refused(
        &json!({ "prefixItems": wide }),
        &["at /prefixItems/4095", "more than 4096 schemas"],
    );
    let deep = (0..200).fold(json!({}), |inner, _| json!({ "items": inner }));
    let sentence = Schema::new(&deep).unwrap_err().to_string();
    assert!(sentence.contains("nested more than 128 deep"), "{sentence}");
}

#[test]
fn patterns_are_bounded_and_never_go_back() {
    let pattern = |text: &str| json!({ "properties": { "a": { "pattern": text } } });
    let large = ["at /properties/a/pattern: ", "more than 512 KiB"];
    for text in [
        r"\p{L}{100}",
        "((a{100}){100}){100}",
        "(x?){50000}",
        r"[^\x00]{1,1000}\p{L}{9}",
    ] {
        refused(&pattern(text), &large);
    }
    refused(&pattern(&"a".repeat(2_000)), &["has 2000 bytes"]);
    for text in ["(?=a)", r"(a)\1", "(", "[b-a]", "a{2,1}"] {
        refused(
            &pattern(text),
            &["at /properties/a/pattern: ", "is not a regular expression"],
        );
    }
    // The input of the finding: a hundred of them.
    let many: Map<_, _> = (0..100)
        .map(|index| (format!("p{index}"), json!({ "pattern": r"\p{L}{100}" })))
        .collect();
    let began = Instant::now();
    refused(&json!({ "properties": many }), &["more than 512 KiB"]);
    println!("refused after {:?}", began.elapsed());
    let many: Map<_, _> = (0..100)
        .map(|index| {
            (
                format!("p{index}"),
                json!({ "pattern": format!("a{{{index}}}") }),
            )
        })
        .collect();
    refused(
        &json!({ "properties": many }),
        &["the 64 that a schema may have"],
    );
    let large: Map<_, _> = (0..30)
        .map(|index| (format!("{index}[^/]{{200}}"), json!(true)))
        .collect();
    refused(
        &json!({ "patternProperties": large }),
        &["and those before it", "1024 KiB"],
    );
    // What people write.
    for (text, fits, not) in [
        (r"^[^/]{1,255}$", "résumé.txt", "a/b"),
        (r"^\d{4}-\d\d-\d\d$", "2026-11-28", "２０２６-11-28"),
        (r"\bword\b", "a word, é", "words"),
        (r"\Bx", "ax", "x"),
        (r"^[\w.+-]+@[\w-]+\.[a-z]{2,}$", "a.b@c.de", "a b@c.de"),
        (r"^\p{Lu}\p{L}*$", "Élan", "élan"),
        (r"^(a+)+$", "aaaa", "aaab"),
        ("^$", "", "a"),
        ("[[]", "[", "]"),
    ] {
        let schema =
            Schema::new(&json!({ "pattern": text })).unwrap_or_else(|problem| panic!("{problem}"));
        check(&schema, &json!(fits)).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        assert!(
            check(&schema, &json!(not))
                .unwrap_err()
                .contains("does not match"),
            "{text} {not}"
        );
    }
}

/// Schemas and inputs that take long together, though each is small.
#[test]
fn a_check_ends_after_its_steps() {
    // Two ways into each level of the value: the nodes in one place are few, and double with each
    // level.
    let doubling = json!({ "allOf": [{ "properties": { "a": { "$ref": "#" } } }, { "properties": {
        "a": { "$ref": "#" } } }] });
    let deep = (0..60).fold(json!({}), |inner, _| json!({ "a": inner }));
    let lists =
        json!({ "allOf": [{ "items": { "$ref": "#" } }, { "prefixItems": [{ "$ref": "#" }] }] });
    let nested = (0..60).fold(json!([]), |inner, _| json!([inner]));
    let patterns = json!({ "patternProperties": { "a": { "$ref": "#" }, "^a": { "$ref": "#" },
        "a$": { "$ref": "#" } } });
    let contains = json!({ "contains": { "$ref": "#/$defs/a" }, "minContains": 0, "items": {
        "$ref": "#/$defs/a" },
        "$defs": { "a": { "allOf": [{ "$ref": "#" }, { "type": "array" }] } } });
    let integers = json!({ "items": { "type": "integer" } });
    let branches: Vec<_> = (0..400)
        .map(|_| json!({ "items": { "type": "integer" }, "not": integers }))
        .collect();
    let numbers = Value::from(vec![7_000; 200_000]);
    let texts: Vec<_> = (0..900)
        .map(|index| json!({ "minLength": 9_000_000 + index }))
        .collect();
    let text = json!("é".repeat(2 << 20));
    let mut seed = 1_u32;
    let mut letter = |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if seed >> 31 == 0 { 'a' } else { 'b' }
    };
    let mixed: String = (0..1 << 20).map(&mut letter).collect::<String>() + "c";
    let large: Vec<_> = (0..2_000).collect();
    let unique: Vec<_> = (0..900).map(|_| json!({ "uniqueItems": true })).collect();
    for (schema, input) in [
        (doubling, &deep),
        (lists, &nested),
        (patterns, &deep),
        (contains, &nested),
        (json!({ "anyOf": branches }), &numbers),
        (json!({ "anyOf": texts }), &text),
        (
            json!({ "items": { "enum": vec![large.clone(); 2] } }),
            &Value::from(vec![json!(large); 20_000]),
        ),
        (
            json!({ "allOf": unique }),
            &Value::from((0..100_000).collect::<Vec<_>>()),
        ),
        (json!({ "pattern": "(a|b)*a(a|b){40}$" }), &json!(mixed)),
        (
            json!({ "propertyNames": { "anyOf": [{ "$ref": "#/$defs/a" }, {
                "pattern": "(a?){300}b" }] }, "$defs": { "a": {
            "minLength": 99_000_000 } } }),
            &Value::Object([("a".repeat(20 << 20), json!(1))].into_iter().collect()),
        ),
    ] {
        let read = Schema::new(&schema).unwrap();
        let began = Instant::now();
        let sentence = check(&read, input).unwrap_err();
        println!("{:?} {sentence}", began.elapsed());
        assert!(
            sentence.contains("steps") || sentence.contains("states"),
            "{}: {sentence}",
            shown(&schema)
        );
        assert!(sentence.len() < 400, "{sentence}");
    }
}

/// In the stack of a thread, which is two megabytes here as it is for those that serve.
#[test]
fn a_check_has_a_depth() {
    let chain = levels(55, |next| json!({ "anyOf": [next] }));
    refused(&chain, &["more than 64 schemas lead to one another"]);
    let chain = (0..60).fold(
        json!({ "items": { "$ref": "#" } }),
        |inner, _| json!({ "allOf": [inner] }),
    );
    let chain = Schema::new(&chain).unwrap();
    let input = (0..100).fold(json!(0), |inner, _| json!([inner]));
    assert!(check(&chain, &input).unwrap_err().contains("500 deep"));
    let usual = json!({ "anyOf": [{ "$ref": "#/$defs/a" }, { "type": "null" }], "$defs": {
        "a": { "properties": { "next": { "$ref": "#" } } } } });
    let input = (0..100).fold(json!({}), |inner, _| json!({ "next": inner }));
    check(&Schema::new(&usual).unwrap(), &input).unwrap();
}

#[test]
fn sentences_are_short_however_large_the_input_is() {
    let large = json!({ "k".repeat(1 << 20): ["v".repeat(1 << 20)] });
    for schema in [
        json!({ "additionalProperties": { "items": { "type": "integer" } } }),
        json!({ "additionalProperties": false }),
        json!({ "propertyNames": { "maxLength": 3 } }),
        json!({ "enum": ["e".repeat(1 << 16)] }),
        json!({ "required": ["r".repeat(1 << 16)] }),
        json!({ "const": { "c": "c".repeat(1 << 16) } }),
        json!({ "not": {} }),
        json!({ "type": "string" }),
    ] {
        let sentence = check(&Schema::new(&schema).unwrap(), &large).unwrap_err();
        assert!(
            sentence.starts_with("at ") && sentence.len() < 600,
            "{} bytes",
            sentence.len()
        );
    }
}

#[test]
fn a_check_ends_with_its_call() {
    let schema =
        Schema::new(&json!({ "items": { "enum": (0..500).collect::<Vec<_>>() } })).unwrap();
    let input = Value::from(vec![499; 1_000_000]);
    let limits = Limits {
        wall: Time(Duration::from_millis(20)),
        ..Limits::DEFAULT
    };
    let late = schema
        .check(&input, &Allowance::begin(&limits, CancellationToken::new()))
        .unwrap_err();
    assert!(matches!(late, Unfit::Ended(Outcome::Deadline)), "{late:?}");
    let cancel = CancellationToken::new();
    let allowance = Allowance::begin(&Limits::DEFAULT, cancel.clone());
    cancel.cancel();
    let cancelled = schema.check(&input, &allowance).unwrap_err();
    assert!(
        matches!(cancelled, Unfit::Ended(Outcome::Cancelled)),
        "{cancelled:?}"
    );
}
