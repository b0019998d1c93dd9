//! Principals: every method of every service, tried by every kind of principal.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::grpc::client;
use crate::support::http::get;
use crate::support::{Host, Scratch, checkout, cofferdam};

/// The table that this host keeps: a row for each method, a column for each principal.
const GOLDEN: &str = "tests/golden/principals.txt";

/// A page that has a row as methods have.
const PAGE: &str = "/metrics";

/// An agent without tools.
fn agentfile(scratch: &Scratch, name: &str) -> PathBuf {
    let text = format!("FROM scratch\nNAME {name}\nMODEL builtin/commands\n");
    scratch.file(&format!("{name}/Agentfile"), text)
}

/// Makes a token with these flags.
#[track_caller]
fn token(scratch: &Scratch, name: &str, flags: &[&str]) -> String {
    let line = [&["token", "create", name][..], flags].concat();
    let made = cofferdam(scratch, line).run().exits(0).stdout;
    made.trim_end().to_owned()
}

/// The columns of the table: principals that name no agent, and such that name an agent which is
/// not theirs.
struct Columns {
    names: Vec<&'static str>,
    walked: Vec<Value>,
}

impl Columns {
    /// One line for each method, with a mark for each principal: `+` for one that is let through,
    /// `-` for one that is denied, `?` for one that nobody knows, `!` for a method without a row.
    fn table(&self) -> String {
        let mut table = format!("{:<64}{}\n", "", self.names.join(" "));
        let methods = self.walked[0].as_object().expect("methods");
        for method in methods.keys() {
            let mut line = format!("{method:<64}");
            for name in &self.names {
                let mark = self
                    .walked
                    .iter()
                    .find_map(|walk| walk[method][name].as_str());
                let mark = mark.expect("every principal has tried it");
                write!(line, "{mark:<width$}", width = name.len() + 1).expect("text");
            }
            table.push_str(line.trim_end());
            table.push('\n');
        }
        table
    }
}

#[test]
fn every_method_is_for_the_principals_of_the_table() {
    let scratch = Scratch::new();
    let (a, b) = (agentfile(&scratch, "a"), agentfile(&scratch, "b"));
    let args = [
        "--agentfile".as_ref(),
        a.as_os_str(),
        "--agentfile".as_ref(),
        b.as_os_str(),
    ];
    let host = Host::listening(&scratch, args);
    let operator = std::fs::read_to_string(scratch.data().join("operator.token")).expect("made");
    let every = "chat,read,write,tools";
    let tokens = [
        ("nobody", "x".repeat(64)),
        ("operator", operator.trim_end().to_owned()),
        ("chat", token(&scratch, "chat", &["--scope", "chat"])),
        ("read", token(&scratch, "read", &["--scope", "read"])),
        ("write", token(&scratch, "write", &["--scope", "write"])),
        ("tools", token(&scratch, "tools", &["--scope", "tools"])),
    ];
    let bound = token(&scratch, "bound", &["--scope", every, "--agent", "a"]);
    let agent = token(&scratch, "agent", &["--for-agent", "a"]);
    let linked = token(&scratch, "linked", &["--for-agent", "a", "--link", "b"]);
    let walk = |of_principals: Value, agent: Option<&str>| {
        let tokens = of_principals.to_string();
        let mut action = vec!["walk", &tokens];
        // Field 1, a text: where a message names an agent, it is that.
        let message = agent.map(|name| format!("0a{:02x}{}", name.len(), hex(name)));
        action.extend(message.as_deref());
        action.extend(agent);
        let mut walked = client(&scratch, &host, &action);
        walked[PAGE] = marks(&host, &of_principals);
        walked
    };
    let own: BTreeMap<_, _> = tokens.iter().map(|(name, token)| (*name, token)).collect();
    let columns = Columns {
        names: vec![
            "nobody", "operator", "chat", "read", "write", "tools", "bound", "agent", "linked",
            "bound:b", "agent:b", "linked:b", "linked:a",
        ],
        walked: vec![
            walk(json!(own), None),
            walk(
                json!({ "bound": bound, "agent": agent, "linked": linked }),
                None,
            ),
            walk(
                json!({ "bound:b": bound, "agent:b": agent, "linked:b": linked }),
                Some("b"),
            ),
            walk(json!({ "linked:a": linked }), Some("a")),
        ],
    };
    let table = columns.table();
    let golden = std::fs::read_to_string(checkout().join(GOLDEN)).unwrap_or_default();
    assert!(
        table == golden,
        "{GOLDEN} is not what this host does:\n{table}"
    );
    // Both agents are there still: nobody has stopped or removed one.
    let ps = cofferdam(&scratch, ["ps", "--format", "json"])
        .run()
        .exits(0)
        .json();
    let ready = |agent: &Value| agent["status"] == "ready";
    assert!(ps.as_array().expect("agents").iter().all(ready), "{ps}");
}

/// The mark of each principal that reads the page.
fn marks(host: &Host<'_>, tokens: &Value) -> Value {
    let tokens = tokens.as_object().expect("tokens").iter();
    let marks = tokens.map(|(name, token)| {
        let page = get(&host.address, PAGE, token.as_str());
        let mark = match page.status {
            200 => "+",
            401 => "?",
            403 => "-",
            status => panic!("{name}: {status}"),
        };
        (name.clone(), json!(mark))
    });
    Value::Object(marks.collect())
}

/// Hexadecimal digits of a text.
fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
