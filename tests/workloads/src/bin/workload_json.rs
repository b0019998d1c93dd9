//! Parsing 10 MB of JSON, a document of 1 MB ten times: branches, allocation, memory traffic.

use serde_json::Value;

/// Entries of the document: about 100 bytes each.
const ENTRIES: usize = 10_000;

fn main() {
    let mut text = String::from("[");
    for index in 0..ENTRIES {
        text += &format!(
            "{}{{\"id\": {index}, \"name\": \"entry {index}\", \"tags\": [\"a\", \"b\", true, null], \"size\": {index}.5}}",
            if index == 0 { "" } else { "," }
        );
    }
    text.push_str(&" ".repeat((1_usize << 20).saturating_sub(text.len() + 1)));
    text.push(']');
    let all = (0..10).all(|_| {
        let parsed: Result<Value, _> = serde_json::from_str(&text);
        parsed.ok().and_then(|value| value.as_array().map(Vec::len)) == Some(ENTRIES)
    });
    std::process::exit(i32::from(!all));
}
