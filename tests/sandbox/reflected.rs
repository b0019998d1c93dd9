//! A component that `componentize-py` made from `tests/components/python`, and that knows nothing
//! of Cofferdam: every function it exports is a tool, by its WIT types.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::{Scratch, checkout, cofferdam, component};

/// What `tool inspect` says of `path`, as JSON.
#[track_caller]
fn inspect(path: &Path) -> Value {
    let scratch = Scratch::new();
    let args = [
        "tool".as_ref(),
        "inspect".as_ref(),
        path.as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
    ];
    cofferdam(&scratch, args)
        .env("COFFERDAM_DATA_DIR", data())
        .run()
        .exits(0)
        .json()
}

/// The data directory of these tests: it keeps the compiled component, which takes a core a quarter
/// of a minute.
fn data() -> &'static Path {
    static DATA: OnceLock<std::path::PathBuf> = OnceLock::new();
    DATA.get_or_init(|| {
        let data = checkout().join("target/components/data");
        let scratch = Scratch::new();
        let args = [
            "tool".as_ref(),
            "inspect".as_ref(),
            component("shop").as_os_str(),
        ]
        .map(std::ffi::OsStr::to_owned);
        cofferdam(&scratch, args)
            .env("COFFERDAM_DATA_DIR", &data)
            .run()
            .exits(0);
        data
    })
}

/// Calls a function and returns the receipt, with what was printed.
#[track_caller]
fn call(function: &str, input: &Value, code: i32) -> Value {
    let scratch = Scratch::new();
    let args = [
        "tool".into(),
        "run".into(),
        component("shop").into_os_string(),
        "--format".into(),
        "json".into(),
    ];
    let args = args
        .into_iter()
        .chain(["--".into(), function.into(), input.to_string().into()]);
    cofferdam(&scratch, args)
        .env("COFFERDAM_DATA_DIR", data())
        .run()
        .exits(code)
        .json()
}

/// Calls a function, which must return this.
#[track_caller]
fn check(function: &str, input: &Value, output: &Value) {
    let receipt = call(function, input, 0);
    assert_eq!(receipt["outcome"]["name"], "ok", "{receipt}");
    let text = receipt["stdout"].as_str().unwrap();
    let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(value, *output);
}

/// Calls a function, which must be refused before it runs, with a reason that holds `parts`.
#[track_caller]
fn check_refused(function: &str, input: &Value, parts: &[&str]) {
    let receipt = call(function, input, 3);
    assert_eq!(
        (&receipt["outcome"]["name"], &receipt["fuel"]),
        (&json!("denied"), &json!(0)),
        "{receipt}"
    );
    let reason = receipt["outcome"]["reason"].as_str().unwrap();
    for part in parts {
        assert!(reason.contains(part), "`{part}` is not in: {reason}");
    }
}

/// A record with a field of every type.
fn everything() -> Value {
    json!({
        "truth": true, "small": -128, "byte": 255, "short": -32768, "word": 65535, "int": i32::MIN,
        "natural": u32::MAX, "long": "-9223372036854775808", "huge": "18446744073709551615",
            "half": 0.5,
        "double": 0.1, "letter": "ß", "text": "Grüße, 世界\n\u{0}", "blob": "AP8Q", "pairs": [["a",
            1], ["b", 2]],
        "shape": { "rectangle": [1.5, 2.0] }, "rights": ["read", "list-names"], "maybe": "yes",
        "perhaps": { "some": null }, "outcome": { "err": "no" }, "done": { "ok": null },
    })
}

fn item(name: &str, price: u64, shelf: Option<&str>) -> Value {
    json!({ "name": name, "price": price, "unit": "piece", "shelf": shelf, "tags": ["new", "red"] })
}

#[test]
fn what_a_model_sees_comes_from_the_types_and_words_of_wit() {
    let shop = inspect(&component("shop"));
    assert_eq!(shop["shape"], "reflected");
    let seen = json!({ "tools": shop["tools"], "refused": shop["refused"] });
    let golden = checkout().join("tests/components/shop.json");
    let expected: Value = serde_json::from_slice(&std::fs::read(&golden).unwrap()).unwrap();
    assert_eq!(
        seen,
        expected,
        "if this is what should be, write it to {}:\n{seen:#}",
        golden.display()
    );
}

#[test]
fn without_words_the_signature_describes_a_function() {
    let plain = inspect(&component("shop-plain"));
    let tools = plain["tools"].as_array().unwrap();
    let find = tools
        .iter()
        .find(|tool| tool["name"] == "shop-plain_stock_find")
        .unwrap();
    assert_eq!(
        find["description"],
        "find: func(items: list<item>, shelf: string) -> option<item>"
    );
}

#[test]
fn every_type_goes_in_and_comes_out() {
    let value = everything();
    check("shop_echo", &json!({ "value": value }), &value);

    // What may be left out, and what has two forms.
    let mut sparse = everything();
    let fields = sparse.as_object_mut().unwrap();
    fields.remove("maybe");
    fields.remove("perhaps");
    fields.extend([
        ("long".to_owned(), json!(-9007199254740992_i64)),
        ("huge".to_owned(), json!("7")),
        ("half".to_owned(), json!("-Infinity")),
        ("double".to_owned(), json!("NaN")),
        ("blob".to_owned(), json!("")),
        ("pairs".to_owned(), json!([])),
        ("shape".to_owned(), json!("dot")),
        ("rights".to_owned(), json!([])),
        ("outcome".to_owned(), json!({ "ok": 3 })),
        ("done".to_owned(), json!({ "err": null })),
    ]);
    let mut expected = sparse.clone();
    expected["huge"] = json!(7);
    expected["maybe"] = Value::Null;
    expected["perhaps"] = Value::Null;
    check("shop_echo", &json!({ "value": sparse }), &expected);

    let mut nested = everything();
    nested["perhaps"] = json!({ "some": 4 });
    check("shop_echo", &json!({ "value": nested }), &nested);
}

#[test]
fn functions_of_an_interface_take_its_records() {
    let items = json!([item("pen", 120, Some("a1")), item("ink", 900, None)]);
    check(
        "shop_stock_total",
        &json!({ "items": items, "counts": [2] }),
        &json!(1140),
    );
    check(
        "shop_stock_find",
        &json!({ "items": items, "shelf": "a1" }),
        &items[0],
    );
    check(
        "shop_stock_find",
        &json!({ "items": items, "shelf": "zz" }),
        &Value::Null,
    );
    check(
        "shop_divide",
        &json!({ "dividend": 7, "divisor": -2 }),
        &json!(-4),
    );
}

#[test]
fn an_error_value_is_a_failed_call_that_says_it() {
    let failed = |function: &str, input: Value| {
        let receipt = call(function, &input, 1);
        assert_eq!(receipt["outcome"]["name"], "guest-error", "{receipt}");
        serde_json::from_str::<Value>(receipt["outcome"]["message"].as_str().unwrap()).unwrap()
    };
    assert_eq!(
        failed("shop_divide", json!({ "dividend": 7, "divisor": 0 })),
        "7 cannot be divided by zero"
    );
    let total = |items: Value, counts: Value| {
        failed(
            "shop_stock_total",
            json!({ "items": items, "counts": counts }),
        )
    };
    assert_eq!(total(json!([]), json!([])), "closed");
    assert_eq!(
        total(json!([item("", 1, Some("b2"))]), json!([])),
        json!({ "unknown": "b2" })
    );
    assert_eq!(
        total(json!([item("pen", 1, None)]), json!([1, 1, 1])),
        json!({ "short": 2 })
    );
}

#[test]
fn input_that_does_not_fit_is_refused_with_its_place() {
    let echo = |field: &str, value: Value, parts: &[&str]| {
        let mut everything = everything();
        everything[field] = value;
        check_refused("shop_echo", &json!({ "value": everything }), parts);
    };
    echo("byte", json!(256), &["/value/byte", "256"]);
    echo("pairs", json!([["a", 1], ["b"]]), &["/value/pairs/1"]);
    echo(
        "rights",
        json!(["read", "fly"]),
        &["/value/rights/1", "fly"],
    );
    echo("shape", json!({ "circle": "round" }), &["/value/shape"]);
    echo("unheard", json!(1), &["/value", "unheard"]);
    // What a schema cannot say is said by the types.
    echo("blob", json!("%%"), &["/value/blob", "base64"]);
    echo(
        "huge",
        json!("18446744073709551616"),
        &["/value/huge", "18446744073709551615"],
    );
    echo("half", json!(1e300), &["/value/half", "32 bits"]);
    check_refused("shop_divide", &json!({ "dividend": 1 }), &["divisor"]);
}

#[test]
fn an_exception_of_python_is_a_trap_with_its_words() {
    let receipt = call("shop_fail", &json!({ "message": "the till is stuck" }), 1);
    assert_eq!(receipt["outcome"]["name"], "trap", "{receipt}");
    let stderr = receipt["stderr"].as_str().unwrap();
    assert!(
        stderr.contains("about to fail") && stderr.contains("ValueError: the till is stuck"),
        "{stderr}"
    );
}

#[test]
fn a_result_over_its_limit_is_cut_and_told() {
    let receipt = call("shop_much", &json!({ "bytes": 2 << 20 }), 0);
    assert_eq!(receipt["stdout_bytes"], (2 << 20) + 2);
    assert!(receipt["stdout"].as_str().unwrap().len() < (1 << 20) + 100);
    assert!(
        receipt["refusals"][0].as_str().unwrap().contains("dropped"),
        "{}",
        receipt["refusals"]
    );
}

#[test]
fn a_component_of_resources_alone_is_refused_with_the_reason() {
    let scratch = Scratch::new();
    let text = r#"
        (component
            (type $cart' (resource (rep i32)))
            (export $cart "cart" (type $cart'))
            (core func $drop (canon resource.drop $cart))
            (core module $m
                (func (export "f") (param i32)))
            (core instance $i (instantiate $m))
            (func (export "empty") (param "cart" (own $cart)) (canon lift (core func $i "f"))))
    "#;
    let path = scratch.file("cart.wasm", wat::parse_str(text).unwrap());
    let args = ["tool".as_ref(), "inspect".as_ref(), path.as_os_str()];
    cofferdam(&scratch, args).run().exits(2).complains(&[
        "cart.wasm",
        "empty",
        "resource",
        "no form in JSON",
    ]);
}
