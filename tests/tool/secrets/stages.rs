//! Secrets among the other stages of a call: not before it is permitted, and not in its record.

use std::time::{Duration, Instant};

use super::{CLIENT, NAMED, Setting, files};
use crate::support::cofferdam;

/// A policy for the tool of these tests.
fn policy(setting: &Setting, text: &str) {
    let directory = setting.scratch.data().join("policy");
    std::fs::create_dir_all(&directory).expect("a directory");
    std::fs::write(directory.join("a.cedar"), text).expect("a file");
}

#[test]
fn no_secret_is_asked_for_before_a_call_is_permitted() {
    let setting = Setting::new(&["client"]);
    setting.set("client", CLIENT, &[]);
    policy(
        &setting,
        "permit (principal, action, resource);\n\
         forbid (principal, action, resource == Tool::\"fetch\");",
    );
    let host = setting.host();
    let told = setting.ask(&host, "oauth.test/echo");
    assert!(told.contains("the policy forbids"), "{told}");
    assert_eq!(setting.exchanges(), 0);

    // Nor while a person is asked.
    policy(
        &setting,
        "permit (principal, action == Action::\"call\", resource);",
    );
    let prompt = format!("run fetch GET http://oauth.test:{}/echo", setting.port);
    let mut chat = cofferdam(&setting.scratch, ["chat", "a", &prompt]).start();
    let line = ["approvals", "ls", "--format", "json"];
    let begun = Instant::now();
    let id = loop {
        let waiting = cofferdam(&setting.scratch, line).run().exits(0).json();
        if let Some(id) = waiting[0]["id"].as_str() {
            break id.to_owned();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody is asked");
    };
    assert_eq!(setting.exchanges(), 0);
    cofferdam(&setting.scratch, ["approvals", "approve", &id])
        .run()
        .exits(0);
    assert!(chat.wait().expect("a child").success());
    assert_eq!(setting.exchanges(), 1);
}

#[test]
fn a_secret_in_the_name_of_a_host_is_not_recorded() {
    let setting = Setting::new(&["token"]);
    setting.set("token", NAMED, &[]);
    let host = setting.host();
    setting.ask(&host, &format!("{NAMED}.test/echo"));
    assert!(setting.last_head().contains(NAMED));
    let line = ["audit", "ls", "--tool", "fetch", "--format", "json"];
    let recorded = cofferdam(&setting.scratch, line).run().exits(0).stdout;
    assert!(recorded.contains("[redacted:token].test"), "{recorded}");
    let mut trail = Vec::new();
    files(&setting.scratch.data().join("audit"), &mut trail);
    assert!(!trail.is_empty());
    for file in trail {
        let bytes = std::fs::read(&file).expect("a file");
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(NAMED), "{}: {text}", file.display());
    }
}
