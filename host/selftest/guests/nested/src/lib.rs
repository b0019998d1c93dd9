//! A hostile typed tool that calls tools, logs and tells its progress. Its input says what it
//! tries, `{"act": …}`, so that one component serves many tests; how it lists its tools says the
//! text after `@mode:` in it.

#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "generated glue, and a guest that tries what the host must stop"
)]

wit_bindgen::generate!({ path: "../../../../wit", world: "calling-tool" });

use cofferdam::tool::calls;
use cofferdam::tool::host::{self, Level};
use exports::cofferdam::tool::tools::{Descriptor, Failure, Guest};
use serde_json::{Value, json};

struct Nested;

/// The schema of each of its tools.
const SCHEMA: &str = r#"{
    "type": "object",
    "properties": {"act": {"type": "string"}},
    "required": ["act"]
}"#;

/// The way it lists its tools: a test writes over the text after the `:` in the component.
static MODE: [u8; 32] = *b"@mode:                          ";

fn mode() -> String {
    // Volatile, or the compiler would read it once and for all.
    // SAFETY: a static array of bytes, which is valid to read.
    let written = unsafe { std::ptr::read_volatile(&raw const MODE) };
    std::str::from_utf8(&written[6..])
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Returns the result of a call, as a value that can stand in the answer.
fn call(name: &str, input: &str) -> Value {
    match calls::call(name, input) {
        Ok(answer) => {
            json!({ "inner": serde_json::from_str::<Value>(&answer).expect("answers are JSON") })
        }
        Err(failure) => {
            json!({ "outcome": format!("{:?}", failure.outcome), "message": failure.message })
        }
    }
}

fn act(name: &str, input: &Value) -> Value {
    match name {
        // Calls itself for ever, under the name it has been given.
        "self" => call(
            input["tool"].as_str().unwrap_or("nested"),
            &input.to_string(),
        ),
        // Calls what the input names, with what it says.
        "call" => {
            let tool = input["tool"].as_str().expect("a tool");
            host::log(Level::Info, &format!("calls {tool}"));
            call(tool, &input["input"].to_string())
        }
        "call-text" => call("nested", input["text"].as_str().expect("a text")),
        // More calls than there may be, none of them deep.
        "many" => {
            let own = input["tool"].as_str().unwrap_or("nested");
            let all = (0..100).map(|_| call(own, r#"{"act": "nothing"}"#));
            let (answered, denied): (Vec<_>, Vec<_>) =
                all.partition(|result| result.get("inner").is_some());
            json!({ "answered": answered.len(), "denied": denied.len(), "last": denied.last() })
        }
        // A tree that is not deep: each of more calls than there may be makes as many again.
        "tree" => {
            let all = (0..100).map(|_| call("nested", r#"{"act": "many"}"#));
            json!({ "answered": all.filter(|result| result.get("inner").is_some()).count() })
        }
        "spin" => {
            host::log(Level::Info, "spins");
            loop {
                std::hint::spin_loop();
            }
        }
        "log" => {
            host::log(Level::Debug, "a debug line");
            host::log(Level::Info, "an info line");
            host::log(
                Level::Warn,
                "a line\nERROR forged\x1b[2J\r and \u{202e}turned",
            );
            host::log(
                Level::Error,
                input["text"].as_str().unwrap_or("an error line"),
            );
            json!({})
        }
        "log-flood" => {
            (0..1_000).for_each(|number| host::log(Level::Error, &format!("flood {number}")));
            json!({})
        }
        "log-large" => {
            host::log(Level::Error, &"large".repeat(20_000));
            host::log(Level::Error, "small");
            json!({})
        }
        "progress" => {
            (1..=3).for_each(|done| host::progress(done, Some(3), &format!("step\n{done}")));
            host::progress(7, None, "");
            json!({})
        }
        // Says that it is halfway, and stays there.
        "progress-spin" => {
            host::progress(1, Some(2), "halfway");
            loop {
                std::hint::spin_loop();
            }
        }
        "progress-flood" => {
            (0..1_000).for_each(|done| host::progress(done, None, "again"));
            json!({})
        }
        "deadline" => {
            let first = host::deadline_left();
            let mut last = first;
            while last == first {
                last = host::deadline_left();
            }
            json!({ "first": first, "last": last })
        }
        _ => json!({}),
    }
}

impl Guest for Nested {
    fn list() -> Vec<Descriptor> {
        if mode() == "list-call" {
            panic!("{:?}", calls::call("nested", "{}"));
        }
        let several = mode() == "list-several";
        let names = if several {
            vec!["first", "second"]
        } else {
            vec!["nested"]
        };
        let descriptor = |name: &str| Descriptor {
            name: name.to_owned(),
            description: "tries".to_owned(),
            input_schema: SCHEMA.to_owned(),
            output_schema: "{}".to_owned(),
        };
        names.into_iter().map(descriptor).collect()
    }

    fn call(_: String, input: String) -> Result<String, Failure> {
        let input: Value = serde_json::from_str(&input).expect("the host sends JSON");
        Ok(act(input["act"].as_str().expect("an act"), &input).to_string())
    }
}

export!(Nested);
