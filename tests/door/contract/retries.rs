//! Attempts: how often a failed call is made again.

use serde_json::json;

use super::{envelope, host, request, verdict};
use crate::support::{Scratch, guest};

#[test]
fn a_failed_call_is_made_again_as_often_as_its_tool_allows() {
    let scratch = Scratch::new();
    let exit = guest("exit_code");
    let exit = exit.display();
    let lines = format!(
        "BIN exit {exit}\nBIN three {exit}\nCONFIG retry.three.attempts=3\n\
         CONFIG retry.three.backoff=1ms"
    );
    let mut host = host(&scratch, &lines);
    let fails = "{\"args\": [\"3\"]}";
    // Nobody asks for more than one attempt.
    let once = envelope(&scratch, &host, &request("r", "exit", fails));
    assert_eq!(once["usage"]["attempt"], 1, "{once}");
    assert_eq!(once["error"]["details"]["attempts"], "1", "{once}");
    // The caller does, and is told how many there were, beside those of its own.
    let mut asked = request("r", "exit", fails);
    asked["attempt"] = json!(4);
    asked["runtime"] = json!({ "max_attempts": 2, "backoff": "1ms", "jitter": true });
    let twice = envelope(&scratch, &host, &asked);
    assert_eq!(twice["usage"]["attempt"], 5, "{twice}");
    assert_eq!(twice["error"]["details"]["attempts"], "2", "{twice}");
    let message = twice["error"]["message"].as_str().expect("a sentence");
    assert!(message.contains("after 2 attempts"), "{message}");
    // The author of the agent has decided, so that a caller gets no more.
    let mut asked = request("r", "three", fails);
    let three = envelope(&scratch, &host, &asked);
    assert_eq!(three["error"]["details"]["attempts"], "3", "{three}");
    asked["runtime"] = json!({ "max_attempts": 9 });
    let three = envelope(&scratch, &host, &asked);
    assert_eq!(three["error"]["details"]["attempts"], "3", "{three}");
    // A call that would be refused again is not made again.
    let mut unfit = request("r", "three", "{\"args\": 1}");
    unfit["runtime"] = json!({ "max_attempts": 3 });
    let unfit = envelope(&scratch, &host, &unfit);
    assert_eq!(unfit["error"]["details"]["attempts"], "1", "{unfit}");
    let ok = envelope(
        &scratch,
        &host,
        &request("r", "three", "{\"args\": [\"0\"]}"),
    );
    assert_eq!(verdict(&ok), "ok - - null", "{ok}");
    assert_eq!(ok["usage"]["attempt"], 1, "{ok}");
    // Each attempt has its line in the log.
    host.hears("contract call ended");
}
