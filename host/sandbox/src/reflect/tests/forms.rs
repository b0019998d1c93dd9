//! Forms of types in JSON.

use super::*;

/// The type, its schema, and JSON that goes in and comes out the same.
#[track_caller]
fn check(definition: &str, ty: &str, wit: &str, schema: &Value, values: &[Value]) {
    let ty = read(definition, ty).unwrap();
    assert_eq!(ty.to_string(), wit);
    assert_eq!(
        Schema::new(&TypeDocs::default(), &Cell::new(Some(0))).of(&ty),
        *schema
    );
    for value in values {
        assert_eq!(lifted(&ty, &lower(&ty, value, &account()).unwrap()), *value);
    }
}

#[test]
fn a_type_has_one_form_in_json() {
    let float =
        json!({ "anyOf": [{ "type": "number" }, { "enum": ["NaN", "Infinity", "-Infinity"] }] });
    let whole = |minimum: i64, maximum: i64| {
        json!({ "type": "integer", "minimum": minimum,
        "maximum": maximum })
    };
    let text = json!({ "type": "string" });
    let nothing = json!({ "type": "null" });
    let keyed = |key: &str, of: &Value| {
        json!({ "type": "object", "properties": { key: of },
        "required": [key], "additionalProperties": false })
    };

    check(
        "",
        "bool",
        "bool",
        &json!({ "type": "boolean" }),
        &[json!(true), json!(false)],
    );
    check(
        "",
        "s8",
        "s8",
        &whole(-128, 127),
        &[json!(-128), json!(127)],
    );
    check("", "u8", "u8", &whole(0, 255), &[json!(0), json!(255)]);
    check(
        "",
        "s16",
        "s16",
        &whole(-32768, 32767),
        &[json!(-32768), json!(32767)],
    );
    check("", "u16", "u16", &whole(0, 65535), &[json!(65535)]);
    check(
        "",
        "s32",
        "s32",
        &whole(i32::MIN.into(), i32::MAX.into()),
        &[json!(i32::MIN), json!(i32::MAX)],
    );
    check(
        "",
        "u32",
        "u32",
        &whole(0, u32::MAX.into()),
        &[json!(u32::MAX)],
    );
    let wide = json!({ "type": ["integer", "string"], "minimum": i64::MIN, "maximum": i64::MAX,
        "pattern": "^-?[0-9]{1,19}$" });
    let exact = 1_i64 << 53;
    check(
        "",
        "s64",
        "s64",
        &wide,
        &[
            json!(exact),
            json!(-exact),
            json!("9007199254740993"),
            json!("-9223372036854775808"),
        ],
    );
    let wide = json!({ "type": ["integer", "string"], "minimum": 0, "maximum": u64::MAX,
        "pattern": "^[0-9]{1,20}$" });
    check(
        "",
        "u64",
        "u64",
        &wide,
        &[json!(exact), json!("18446744073709551615")],
    );
    check(
        "",
        "f32",
        "f32",
        &float,
        &[json!(0.1), json!("NaN"), json!("-Infinity")],
    );
    check(
        "",
        "f64",
        "f64",
        &float,
        &[json!(1e300), json!(-0.0), json!("NaN"), json!("Infinity")],
    );
    check(
        "",
        "char",
        "char",
        &json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
        &[json!("ß"), json!("😀")],
    );
    check(
        "",
        "string",
        "string",
        &text,
        &[json!(""), json!("a\u{0}b")],
    );
    let base64 = json!({ "type": "string", "contentEncoding": "base64" });
    check(
        "",
        "(list u8)",
        "list<u8>",
        &base64,
        &[json!(""), json!("AP8="), json!("AAEC")],
    );
    check(
        "",
        "(list string)",
        "list<string>",
        &json!({ "type": "array", "items": text }),
        &[json!([]), json!(["a"])],
    );
    let pair = json!({ "type": "array", "prefixItems": [{ "type": "boolean" }, text],
        "items": false, "minItems": 2 });
    check(
        "",
        "(tuple bool string)",
        "tuple<bool, string>",
        &pair,
        &[json!([true, "a"])],
    );
    let some = json!({ "anyOf": [text, nothing] });
    check(
        "",
        "(option string)",
        "option<string>",
        &some,
        &[json!("a"), Value::Null],
    );
    let nested = json!({ "anyOf": [keyed("some", &some), nothing] });
    let values = [Value::Null, json!({ "some": null }), json!({ "some": "a" })];
    check(
        "",
        "(option (option string))",
        "option<option<string>>",
        &nested,
        &values,
    );
    let result = json!({ "oneOf": [keyed("ok", &text), keyed("err", &nothing)] });
    check(
        "",
        "(result string)",
        "result<string>",
        &result,
        &[json!({ "ok": "a" }), json!({ "err": null })],
    );
    let result = json!({ "oneOf": [keyed("ok", &nothing), keyed("err", &text)] });
    check(
        "",
        "(result (error string))",
        "result<_, string>",
        &result,
        &[json!({ "ok": null }), json!({ "err": "a" })],
    );
}

#[test]
fn a_type_with_a_name_keeps_it() {
    let text = json!({ "type": "string" });
    let record = json!({
        "type": "object",
        "properties": { "a": text, "b": { "anyOf": [text, { "type": "null" }] } },
        "required": ["a"],
        "additionalProperties": false,
    });
    let fields = "(record (field \"a\" string) (field \"b\" (option string)))";
    check(
        fields,
        "$t",
        "t",
        &record,
        &[
            json!({ "a": "x", "b": "y" }),
            json!({ "a": "x", "b": null }),
        ],
    );
    let variant = json!({ "oneOf": [
        { "const": "none" },
        { "type": "object", "properties": { "some": text }, "required": ["some"],
            "additionalProperties": false },
    ] });
    let cases = "(variant (case \"none\") (case \"some\" string))";
    check(
        cases,
        "$t",
        "t",
        &variant,
        &[json!("none"), json!({ "some": "x" })],
    );
    let names = json!({ "type": "string", "enum": ["a", "b"] });
    check("(enum \"a\" \"b\")", "$t", "t", &names, &[json!("b")]);
    let flags = json!({ "type": "array", "items": names, "uniqueItems": true });
    check(
        "(flags \"a\" \"b\")",
        "$t",
        "t",
        &flags,
        &[json!([]), json!(["b"]), json!(["a", "b"])],
    );
}
