//! Parsing 10 MB of JSON: branches, allocation, memory traffic.

use serde_json::Value;

fn main() {
    let mut text = String::from("[");
    for index in 0..100_000 {
        text += &format!(
            "{}{{\"id\": {index}, \"name\": \"entry {index}\", \"tags\": [\"a\", \"b\", true, \
             null], \"size\": {index}.5}}",
            if index == 0 { "" } else { "," }
        );
    }
    text.push_str(&" ".repeat((10_usize << 20).saturating_sub(text.len() + 1)));
    text.push(']');
    let parsed: Result<Value, _> = serde_json::from_str(&text);
    let entries = parsed.ok().and_then(|value| value.as_array().map(Vec::len));
    std::process::exit(i32::from(entries != Some(100_000)));
}
