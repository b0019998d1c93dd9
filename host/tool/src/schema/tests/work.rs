//! Work that is far larger than what is read: it is counted, or refused.

use super::*;

/// The check ends after its steps.
#[track_caller]
fn ends(schema: &Value, input: &Value) {
    let read = Schema::new(schema).unwrap_or_else(|problem| panic!("{problem}"));
    let began = Instant::now();
    let sentence = check(&read, input).expect_err("it ends early");
    println!("{:?} {sentence}", began.elapsed());
    assert!(sentence.contains("steps"), "{sentence}");
}

#[test]
fn numbers_and_names_are_counted_by_what_they_take() {
    // Six hundred digits for each division.
    let multiples = vec![json!({ "multipleOf": 5e-324 }); 1_000];
    ends(
        &json!({ "items": { "allOf": multiples } }),
        &Value::from(vec![1e308; 9_000]),
    );
    // A name of fifty thousand bytes, hashed for each value.
    let name = "x".repeat(52_000);
    let references = vec![json!({ "$ref": "#/$defs/r" }); 200];
    for keyword in [
        json!({ "dependentRequired": { name.as_str(): [] } }),
        json!({ "dependentSchemas": { name.as_str(): {} } }),
        json!({ "anyOf": [{ "required": [name] }, {}] }),
    ] {
        let schema = json!({ "items": { "allOf": references }, "$defs": { "r": keyword } });
        ends(
            &schema,
            &Value::from(vec![json!({ "a": 0, "b": 0 }); 2_000]),
        );
    }
}

/// Few states, each with a transition for every letter, and finding each goes through hundreds of
/// states.
#[test]
fn transitions_of_a_pattern_are_counted() {
    let pattern =
        r"^(?:(?:[ -~]*){1200}\x01|[ -~]*a[ -~]{8}\x02|\x03[0246ACEGIKMOQSUWYacegikmoqsuwy])";
    let mut seed = 1_u32;
    let letter = |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if seed >> 31 == 0 {
            'a'
        } else {
            char::from(b'0' + u8::try_from(seed >> 25 & 63).unwrap())
        }
    };
    let text: String = (0..100_000).map(letter).collect();
    ends(&json!({ "not": { "pattern": pattern } }), &json!(text));
    // What people write stays cheap over many texts.
    let names = Schema::new(&json!({ "items": { "pattern": r"^[^/]{1,255}$" } })).unwrap();
    check(
        &names,
        &Value::from(
            (0..50_000)
                .map(|n| format!("résumé-{n}.txt"))
                .collect::<Vec<_>>(),
        ),
    )
    .unwrap();
}

#[test]
fn places_are_found_and_shown_short() {
    let long = "~".repeat(52_000);
    let schema = json!({ "$defs": { long.as_str(): { "prefixItems": vec![json!({}); 4_000] } } });
    Schema::new(&schema).unwrap();
    refused(
        &json!({ "$defs": { long.as_str(): { "items": 1 } } }),
        &["at /$defs/~0~0~0", "…: 1 is not a schema"],
    );
    refused(
        &json!({ "$defs": { long.as_str(): { "pattern": "(" } } }),
        &["at /$defs/~0~0~0", "…: the pattern"],
    );
    refused(
        &json!({ "$defs": { long.as_str(): { "not": { "$ref": format!("#/$defs/{}",
            "~0".repeat(52_000)) } } } }),
        &["applies to the same value again"],
    );
    let schema = json!({
        "$defs": { "a/b": { "properties": { "x": { "allOf": [{ "type": "integer" }] }, "": {
            "const": 1 } } } },
        "properties": {
            "one": { "$ref": "#/$defs/a~1b/properties/x/allOf/0" },
            "two": { "$ref": "#/$defs/a~1b/properties/x" },
            "three": { "$ref": "#/$defs/a~1b/properties/" },
        },
    });
    let read = Schema::new(&schema).unwrap();
    check(&read, &json!({ "one": 1, "two": 2, "three": 1 })).unwrap();
    for misfit in [
        json!({ "one": "1" }),
        json!({ "two": "2" }),
        json!({ "three": 3 }),
    ] {
        check(&read, &misfit).unwrap_err();
    }
    for nowhere in [
        "#/$defs",
        "#/$defs/a~1b/properties",
        "#/properties/one/",
        "#/$defs/a~1b/properties/x/allOf/00",
    ] {
        refused(
            &json!({ "$ref": nowhere, "$defs": schema["$defs"] }),
            &["no schema is there"],
        );
    }
}

#[test]
fn work_to_compile_patterns_is_bounded_for_a_component() {
    let pattern = |text: &str| json!({ "pattern": text });
    for flags in ["(?i)a", "(?i:a)", "a(?x) b", "(?-u:a)", "(?P<a>b)"] {
        refused(
            &pattern(flags),
            &["at /pattern: ", "which is not of ECMA-262"],
        );
    }
    for text in [r"(?:a)", r"(?<name>a)", r"\(?i\)", r"[(?i)]", r"\\(?:i)"] {
        Schema::new(&pattern(text)).unwrap_or_else(|problem| panic!("{text}: {problem}"));
    }
    refused(
        &pattern(&format!("{}a", r"[\p{L}\P{N}]{0}".repeat(60))),
        &["120 classes of Unicode", "at most 32"],
    );
    let classes = |from: usize, count: usize| {
        let of = |n: usize| json!({ "pattern": format!("{}a{n}", r"\p{L}{0}".repeat(16)) });
        json!({ "allOf": (from..from + count).map(of).collect::<Vec<_>>() })
    };
    refused(
        &classes(0, 5),
        &["at /allOf/4/pattern: ", "those before it", "64 classes"],
    );
    let large = |n: usize| {
        json!({ "allOf": [{ "pattern": format!("{n}[^/]{{200}}") }, {
        "pattern": "[^:]{200}" }] })
    };
    for (of, expected) in [
        (
            &(|n| classes(n, 4)) as &dyn Fn(usize) -> Value,
            "256 classes",
        ),
        (&large, "4096 KiB once they are compiled"),
    ] {
        let mut patterns = PatternSum::default();
        let problem = (0..64)
            .find_map(|n| Schema::of_tool("a", &of(n), &mut patterns).err())
            .expect("a bound")
            .to_string();
        assert!(
            problem.contains("those of the other tools") && problem.contains(expected),
            "{problem}"
        );
    }
}
