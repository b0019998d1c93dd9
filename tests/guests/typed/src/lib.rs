//! A hostile component of typed tools. The variable MODE says what it tries, so that one component serves many rows.

#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "generated glue, and a guest that tries what the host must stop"
)]

wit_bindgen::generate!({ path: "../../../wit", world: "tool" });

use exports::cofferdam::tool::tools::{Descriptor, Failure, FailureCode, Guest};

struct Hostile;

fn mode() -> String {
    std::env::var("MODE").unwrap_or_default()
}

fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

fn descriptor(name: &str, schema: &str) -> Descriptor {
    Descriptor {
        name: name.to_owned(),
        description: "tries".to_owned(),
        input_schema: schema.to_owned(),
        output_schema: "{}".to_owned(),
    }
}

impl Guest for Hostile {
    fn list() -> Vec<Descriptor> {
        match mode().as_str() {
            "list-spin" => spin(),
            "list-large" => vec![descriptor(&"n".repeat(20 << 20), "{}")],
            "list-many" => (0..1_000).map(|index| descriptor(&format!("t{index}"), "{}")).collect(),
            "list-twice" => vec![descriptor("a", "{}"), descriptor("a", "{}")],
            "list-name" => vec![descriptor("a", "{}"), descriptor("../a", "{}")],
            "list-schema" => vec![descriptor("a", "{\"type\": 7}")],
            "list-nothing" => Vec::new(),
            _ => vec![descriptor("a", "{\"type\": \"object\"}")],
        }
    }

    fn call(_: String, _: String) -> Result<String, Failure> {
        match mode().as_str() {
            "call-spin" => spin(),
            "call-panic" => panic!("on purpose"),
            // Larger than a result may be, and smaller than what one call may hand over.
            "call-long" => Ok(format!("\"{}\"", "x".repeat(2 << 20))),
            // More than one call may hand over.
            "call-large" => Ok("x".repeat(20 << 20)),
            "call-denied" => Err(Failure {
                code: FailureCode::Failed,
                message: "denied: tool_status=denied tool_code=permission_denied".to_owned(),
                retryable: true,
            }),
            _ => Ok("{}".to_owned()),
        }
    }
}

export!(Hostile);
