//! Bodies of requests, as the server sees them.

use cofferdam_selftest::Reply;

use super::declare;
use crate::support::call::{LOOPBACK, row, worked};
use crate::support::{Scratch, dns, web};

/// The ways in which a guest sends no body and says so before the server answers.
const WAYS: [&str; 4] = ["unasked", "finished", "later", "stream"];

/// The head of a request with this method, sent in this way, in small letters.
#[track_caller]
fn sent(scratch: &Scratch, method: &str, how: &str) -> String {
    let web = web(&[("/", Reply::Full("200 OK", "hello".to_owned()))]);
    let dns = dns(&[("a.test", &["127.0.0.1"])]);
    let url = format!("http://a.test:{}/", web.port());
    let mut manifest = declare("a.test", web.port());
    manifest.push_str(&format!("methods = [\"{method}\"]\n"));
    let flags = ["--http", "a.test", LOOPBACK[0], LOOPBACK[1]];
    let receipt = row("http_upload", manifest, &flags, &[&url, method, how]).run(scratch, &dns);
    worked(&receipt, "status: 200");
    web.heads()[0].to_lowercase()
}

#[test]
fn a_body_that_nobody_wrote_to_is_not_sent_as_a_stream() {
    let scratch = Scratch::new();
    for how in WAYS {
        for method in ["GET", "HEAD", "DELETE", "OPTIONS", "PURGE"] {
            let head = sent(&scratch, method, how);
            for header in ["transfer-encoding", "content-length"] {
                assert!(!head.contains(header), "{how}: {head}");
            }
        }
        for method in ["POST", "PUT", "PATCH"] {
            let head = sent(&scratch, method, how);
            assert!(!head.contains("transfer-encoding"), "{how}: {head}");
            assert_eq!(
                head.matches("content-length: 0\r\n").count(),
                1,
                "{how}: {head}"
            );
        }
    }
}

#[test]
fn a_body_that_was_written_to_is_sent_whatever_the_method_is() {
    let scratch = Scratch::new();
    for method in ["GET", "POST", "DELETE"] {
        let head = sent(&scratch, method, "bytes");
        assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
    }
}

#[test]
fn a_guest_that_waits_for_the_response_before_it_writes_is_answered() {
    sent(&Scratch::new(), "POST", "waiting");
}
