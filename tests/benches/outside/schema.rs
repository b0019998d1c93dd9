//! What checking an input against its schema adds to a call, measured at an MCP client.

use std::time::{Duration, Instant};

use cofferdam_report::Report;
use serde_json::{Map, Value, json};

use crate::mcp::Server;
use crate::median;
use crate::support::{Scratch, Typed};

/// Calls of each tool that are measured, after some that are not.
const CALLS: u64 = 2_000;
const WARM: u64 = 200;

/// Schemas inside the one, it included.
const NODES: usize = 100;

/// The input in bytes.
const INPUT: usize = 10_000;

/// The quotient that is demanded.
const MOST: f64 = 2.0;

pub(crate) fn measure(report: &mut Report) {
    let scratch = Scratch::new();
    let tools = scratch.directory("tools");
    let (schema, input) = (schema(), input());
    for (name, schema) in [
        ("free", r#"{"type":"object"}"#),
        ("checked", schema.as_str()),
    ] {
        let file = Typed {
            input_schema: schema,
            ..Typed::default()
        }
        .file(&scratch, name);
        std::fs::rename(file, tools.join(format!("{name}.wasm"))).expect("a file");
    }
    let mut server = Server::start(&scratch, &tools);
    let mut call = |name: &str, id: u64| {
        let params = json!({ "name": name, "arguments": input });
        let request =
            json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
                .to_string();
        let began = Instant::now();
        let answer = server.ask(&request);
        let took = began.elapsed();
        assert!(
            !answer.contains("\"isError\":true") && answer.contains("cofferdam/receipt"),
            "{answer}"
        );
        took
    };
    let (mut free, mut checked): (Vec<Duration>, Vec<Duration>) = (Vec::new(), Vec::new());
    for id in 0..WARM + CALLS {
        let (one, other) = (call("free", 2 * id), call("checked", 2 * id + 1));
        if id >= WARM {
            free.push(one);
            checked.push(other);
        }
    }
    let quotient = median(checked).as_secs_f64() / median(free).as_secs_f64();
    let what = "a call whose schema has 100 nodes and whose input has 10 KB ÷ one without schema, \
                over MCP";
    report.row(what, &format!("{quotient:.2}"), "≤ 2", quotient <= MOST);
}

/// A list of entries with all sorts of fields, each of which is a node.
fn schema() -> String {
    let field = |index: usize| match index % 5 {
        0 => json!({ "type": "string", "minLength": 1, "maxLength": 40 }),
        1 => json!({ "type": "integer", "minimum": 0 }),
        2 => json!({ "enum": ["one", "two", "three"] }),
        3 => json!({ "type": "string", "pattern": "^[a-z0-9-]{1,32}$" }),
        _ => json!({ "type": ["boolean", "null"] }),
    };
    // The list, its items and the top are nodes as well.
    let fields: Map<String, Value> = (0..NODES - 3)
        .map(|index| (format!("field-{index}"), field(index)))
        .collect();
    let entry = json!({ "type": "object", "properties": fields, "required": ["field-0"],
        "additionalProperties": false });
    json!({ "type": "object", "properties": { "entries": { "type": "array", "items": entry } } })
        .to_string()
}

/// Entries that fit.
fn input() -> Value {
    let value = |index: usize| match index % 5 {
        0 => json!("some words of a text"),
        1 => json!(index),
        2 => json!("two"),
        3 => json!("a-name-of-a-thing"),
        _ => json!(true),
    };
    let entry: Map<String, Value> = (0..NODES - 3)
        .map(|index| (format!("field-{index}"), value(index)))
        .collect();
    let size = Value::from(entry.clone()).to_string().len();
    json!({ "entries": vec![Value::from(entry); INPUT.div_ceil(size)] })
}
