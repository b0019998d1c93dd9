//! Structured output and settings of models: what a vendor is asked, and what fits is returned.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::liar::{Answer, Request};
use crate::support::vendor::Vendor;
use crate::support::{Host, Ran, Scratch, cofferdam};

/// A schema for objects with a number `n`.
fn schema(scratch: &Scratch) -> PathBuf {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}},
        "required": ["n"], "oneOf": [{"required": ["n"]}]});
    scratch.file("n.json", schema.to_string())
}

fn agentfile(scratch: &Scratch, model: &str, lines: &str) -> PathBuf {
    let text = format!("FROM scratch\nNAME a\nMODEL {model}\n{lines}\n");
    scratch.file("Agentfile", text)
}

fn host<'a>(scratch: &'a Scratch, model: &str, lines: &str) -> Host<'a> {
    let file = agentfile(scratch, model, lines);
    Host::start(scratch, ["--agentfile".as_ref(), file.as_os_str()])
}

#[track_caller]
fn prompt(scratch: &Scratch, words: &str, more: &[&str]) -> Ran {
    let schema = scratch.path().join("n.json");
    let line = ["prompt", "a", words, "--schema"].map(OsStr::new);
    let line = line.into_iter().chain([schema.as_os_str()]);
    cofferdam(scratch, line.chain(more.iter().map(OsStr::new))).run()
}

#[test]
fn a_fresh_machine_answers_with_an_object() {
    let scratch = Scratch::new();
    schema(&scratch);
    let host = host(&scratch, "builtin/commands", "");
    let answered = prompt(&scratch, r#"object {"n": 1}"#, &[]).exits(0);
    assert_eq!(answered.stdout, "{\"n\":1}\n");
    let answered = prompt(&scratch, r#"object {"n": 1}"#, &["--pretty"]).exits(0);
    assert_eq!(answered.stdout, "{\n  \"n\": 1\n}\n");
    // Its end is missing, and completed.
    let answered = prompt(&scratch, r#"object {"n": 12, "m": [1"#, &[]).exits(0);
    assert_eq!(answered.stdout, "{\"n\":12,\"m\":[1]}\n");
    prompt(&scratch, r#"object {"n": "one"}"#, &[])
        .exits(1)
        .complains(&["generate object: none of 3 answers of the model fits the schema"]);
    scratch.file(
        "n.json",
        r#"{"type": "object", "properties": {"n": {"$ref": "n.json"}}}"#,
    );
    prompt(&scratch, "object {}", &[]).exits(2).complains(&[
        "the schema, at /properties/n: `n.json` leads nowhere",
        "`#/$defs/name`",
    ]);
    scratch.file("n.json", "{}");
    prompt(&scratch, "object {}", &[])
        .exits(2)
        .complains(&["schema must declare a top-level type"]);
    // No session keeps any of it.
    let listed = cofferdam(&scratch, ["sessions", "ls", "a", "--format", "json"]);
    assert_eq!(listed.run().exits(0).json(), json!([]));
    host.terminate();
}

#[test]
fn an_answer_that_does_not_fit_is_asked_for_again() {
    let scratch = Scratch::new();
    schema(&scratch);
    scratch.file(
        "turns.jsonl",
        "{\"text\": \"one\"}\n{\"text\": \"{\\\"n\\\": \\\"one\\\"}\"}\n\
         {\"text\": \"So: ```json\\n{\\\"n\\\": 1}\\n```\"}\n",
    );
    let host = host(&scratch, "script/turns.jsonl", "");
    let answered = prompt(&scratch, "a number", &[]).exits(0);
    assert_eq!(answered.stdout, "{\"n\":1}\n");
    host.terminate();
}

#[test]
fn an_answer_is_asked_for_within_the_bounds_of_a_turn() {
    let scratch = Scratch::new();
    schema(&scratch);
    let (vendor, bodies) = vendor(vec![json!({ "content": "no" })]);
    let host = host_of(&scratch, &vendor, "CONFIG limit.turn.tokens=2");
    let ran = prompt(&scratch, "a number", &[]).exits(1);
    ran.complains(&["generate object: stopped: the turn has used its 2 tokens"]);
    assert_eq!(bodies.lock().expect("no thread panicked").len(), 1);
    host.terminate();
}

/// A vendor that keeps the body of every request, and answers the one after the other.
fn vendor(answers: Vec<Value>) -> (Vendor, Arc<Mutex<Vec<Value>>>) {
    let bodies = Arc::<Mutex<Vec<Value>>>::default();
    let kept = Arc::clone(&bodies);
    let vendor = Vendor::answering(move |request: &Request| {
        let body = serde_json::from_slice(&request.body).expect("JSON");
        kept.lock().expect("no thread panicked").push(body);
        let delta = &answers[request.before.min(answers.len() - 1)];
        let event = json!({ "choices": [{ "index": 0, "delta": delta,
            "finish_reason": "stop" }] });
        Answer::ok(format!("data: {event}\n\ndata: [DONE]\n\n"))
            .header("content-type: text/event-stream")
    });
    (vendor, bodies)
}

fn host_of<'a>(scratch: &'a Scratch, vendor: &Vendor, lines: &str) -> Host<'a> {
    let file = agentfile(scratch, "vllm/m", lines);
    let args = ["--agentfile".as_ref(), file.as_os_str()];
    Host::start_with(scratch, args, &[("VLLM_API_BASE", &vendor.base())])
}

#[test]
fn a_vendor_hears_what_was_wrong_and_nothing_of_the_agent() {
    let scratch = Scratch::new();
    let calls = |arguments: &str| {
        let function = json!({"name": "generate_object", "arguments": arguments});
        json!({"tool_calls": [{"index": 0, "id": "c", "function": function}]})
    };
    let (vendor, bodies) = vendor(vec![calls("{\"n\": \"x\"}"), calls("{\"n\": 7}")]);
    schema(&scratch);
    let lines = "CONTEXT SOUL <<EOF\nSay that the tide is high.\nEOF";
    let host = host_of(&scratch, &vendor, lines);
    let answered = prompt(&scratch, "a number", &[]).exits(0);
    assert_eq!(answered.stdout, "{\"n\":7}\n");
    let bodies = bodies.lock().expect("no thread panicked").clone();
    let [first, second] = bodies.as_slice() else {
        panic!("{bodies:?}");
    };
    assert_eq!(
        first["messages"],
        json!([{"role": "user", "content": "a number"}])
    );
    assert_eq!(first["tools"].as_array().expect("tools").len(), 1);
    assert_eq!(second["messages"][1]["content"], "{\"n\":\"x\"}");
    let again = second["messages"][2]["content"].as_str().expect("words");
    assert!(
        again.contains("at /n: \"x\" is not of type \"integer\""),
        "{again}"
    );
    host.terminate();
}

#[test]
fn settings_of_an_agent_reach_its_model() {
    let scratch = Scratch::new();
    let (vendor, bodies) = vendor(vec![json!({"content": "hi"})]);
    let lines = "CONFIG max-tokens=77\nCONFIG temperature=0.25\nCONFIG top-p=1\nCONFIG top-k=40\n\
                 CONFIG presence-penalty=-2\nCONFIG frequency-penalty=0.5\nCONFIG seed=42\n\
                 CONFIG stop=\"[\\\"END\\\", \\\"STOP\\\"]\"";
    let host = host_of(&scratch, &vendor, lines);
    host.chat("a", "hello");
    let body = bodies.lock().expect("no thread panicked").remove(0);
    let expected = json!({"max_tokens": 77, "temperature": 0.25, "top_p": 1.0, "top_k": 40,
        "presence_penalty": -2.0, "frequency_penalty": 0.5, "seed": 42, "stop": ["END", "STOP"]});
    for (key, value) in expected.as_object().expect("an object") {
        assert_eq!(&body[key], value, "{key}: {body}");
    }
    host.terminate();
}

#[test]
fn a_setting_that_cannot_hold_is_refused_with_its_place() {
    let scratch = Scratch::new();
    let refused = |model: &str, lines: &str, parts: &[&str]| {
        let file = agentfile(&scratch, model, lines);
        let line = ["serve".as_ref(), "--agentfile".as_ref(), file.as_os_str()];
        cofferdam(&scratch, line).run().exits(2).complains(parts);
    };
    refused(
        "builtin/commands",
        "CONFIG max-tokens=abc",
        &["Agentfile:4:19: `abc` is not a whole number from 1 to 1000000"],
    );
    refused(
        "ollama/m",
        "CONFIG top-k=3",
        &["agent a: ollama cannot be asked for `top-k`: leave the setting out"],
    );
}
