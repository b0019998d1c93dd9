//! Attempts: how often a failed call is made again.

use cofferdam_selftest::Reply;
use serde_json::json;

use super::{envelope, host, request, verdict};
use crate::support::components::built;
use crate::support::{Scratch, dns, guest, web};

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

/// The header that names a call, in each request that a server has seen.
fn names(heads: &[String]) -> Vec<Option<String>> {
    let name = |head: &String| {
        let line = head
            .lines()
            .find_map(|line| line.strip_prefix("idempotency-key: "));
        line.map(str::to_owned)
    };
    heads.iter().map(name).collect()
}

#[test]
fn calls_with_effects_are_made_again_for_the_operator_alone_and_under_one_name() {
    let scratch = Scratch::new();
    // More headers than any answer may have: the tool fails after its request was sent.
    let web = web(&[("/broken", Reply::Headers(10_000)), ("/echo", Reply::Echo)]);
    let dns = dns(&[("own.test", &["127.0.0.1"])]);
    let row = format!(
        "[[http]]\nhost = \"own.test\"\nports = [{}]\nidempotency-header = \"Idempotency-Key\"\n\
         reason = \"r\"\n",
        web.port()
    );
    let fetch = built(&scratch, "fetch", "http_fetch", &row);
    let grant = |tool: &str, retry: &str| {
        format!(
            "[[grant]]\nagent = \"research-agent\"\ntool = \"{tool}\"\nhttp = [\"own.test\"]\n\
             retry = {{ attempts = 3, backoff = \"1ms\"{retry} }}\n"
        )
    };
    let config = format!(
        "[network]\naddresses = [\"127.0.0.1/32\"]\nnameservers = [\"{}\"]\n{}{}",
        dns.address,
        grant("fetch", ", side-effects = true"),
        grant("once", ""),
    );
    scratch.file("data/cofferdam.toml", config);
    let host = host(
        &scratch,
        &format!("BIN fetch {0}\nBIN once {0}", fetch.display()),
    );
    let call = |id: &str, tool: &str, method: &str, path: &str| {
        let url = format!("http://own.test:{}{path}", web.port());
        let input = json!({ "args": [method, url] }).to_string();
        envelope(&scratch, &host, &request(id, tool, &input))
    };
    let failed = call("w", "fetch", "POST", "/broken");
    assert_eq!(failed["error"]["details"]["attempts"], "3", "{failed}");
    let first = names(&web.heads());
    assert_eq!(first.len(), 3, "{first:?}");
    assert!(
        first[0].is_some() && first.iter().all(|name| *name == first[0]),
        "{first:?}"
    );
    // The caller asks again under the same name, and the server can tell.
    let failed = call("w", "once", "POST", "/broken");
    assert_eq!(failed["error"]["details"]["attempts"], "1", "{failed}");
    let failed = call("w2", "once", "POST", "/broken");
    assert_eq!(failed["error"]["details"]["attempts"], "1", "{failed}");
    call("r", "fetch", "GET", "/echo");
    let all = names(&web.heads());
    let (again, other, read) = (&all[3], &all[4], &all[5]);
    assert_eq!(*again, first[0]);
    assert!(other.is_some() && *other != first[0], "{all:?}");
    assert_eq!(*read, None);
}
