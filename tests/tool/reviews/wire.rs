//! Decisions that come to a running host over gRPC, from a client that nobody here wrote.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{REQUIRED, decide, probe, review, variable};
use crate::support::grpc::{client, command, ended};
use crate::support::{Host, Scratch, cofferdam, content_of};

/// One call of the service.
fn reviews(scratch: &Scratch, host: &Host<'_>, method: &str, fields: &[&str]) -> Value {
    client(scratch, host, &[&["reviews", method], fields].concat())
}

/// The rows of a list in pages.
fn rows(pages: &Value, field: &str) -> Vec<Value> {
    let pages = pages.as_array().unwrap_or_else(|| panic!("{pages}"));
    let rows = pages.iter().filter_map(|page| page[field].as_array());
    rows.flatten().cloned().collect()
}

/// A reviewer on a machine of their own, who has approved of a tool.
struct Reviewer {
    scratch: Scratch,
    component: PathBuf,
}

impl Reviewer {
    fn new() -> Self {
        let scratch = Scratch::new();
        let component = probe(&scratch, "1.0.0", &variable("A"));
        review(&scratch, &["key", "new"]).exits(0);
        Self { scratch, component }
    }

    /// The id of an approval.
    fn approves(&self) -> String {
        let decided = decide(&self.scratch, "approve", &self.component);
        decided["id"].as_str().expect("an id").to_owned()
    }

    /// The file with the envelope of a decision.
    fn envelope(&self, id: &str) -> PathBuf {
        let file = self.scratch.path().join("decision.json");
        let out = file.to_str().expect("text");
        review(&self.scratch, &["export", id, "--out", out]).exits(0);
        file
    }

    /// Lets the host of `other` trust the key, for these tools.
    fn is_trusted(&self, other: &Scratch, scope: &str) {
        let key = self.scratch.data().join("reviews/key.pem.pub");
        let key = key.to_str().expect("text");
        let line = ["key", "trust", key, "--name", "ann", "--scope", scope];
        review(other, &line).exits(0);
    }
}

/// A value of a field that is the content of a file.
fn content(field: &str, file: &Path) -> String {
    format!("{field}=@{}", file.display())
}

/// Agentfiles of agents with the probe.
fn agents(scratch: &Scratch, names: &[&str]) -> Vec<String> {
    probe(scratch, "1.0.0", &variable("A"));
    let agent = |name: &&str| {
        let text =
            format!("FROM scratch\nNAME {name}\nMODEL builtin/commands\nBIN probe probe:1\n");
        let file = scratch.file(&format!("{name}/Agentfile"), text);
        ["--agentfile".to_owned(), file.display().to_string()]
    };
    names.iter().flat_map(agent).collect()
}

#[test]
fn a_tool_is_let_through_after_an_import_and_refused_after_a_revocation() {
    let ann = Reviewer::new();
    let scratch = Scratch::new();
    let grant = "[[grant]]\nagent = \"a\"\ntool = \"probe\"\nenv = { A = \"one\" }\n";
    scratch.file("data/cofferdam.toml", format!("{REQUIRED}{grant}"));
    ann.is_trusted(&scratch, "pro*");
    let host = Host::start(&scratch, agents(&scratch, &["a"]));
    let answer = || content_of(&host.chat("a", "run probe"), "tool.result");
    let tool = || {
        let listed = reviews(&scratch, &host, "ListReviewedTools", &["agent=a"]);
        let tools = rows(&listed, "tools");
        let shown = review(&scratch, &["ls", "--agent", "a", "--format", "json"]);
        let shown = shown.exits(0).json();
        assert_eq!(shown["rule"], "required");
        let probe = |row: &&Value| row["tool"] == "probe";
        let found = tools.iter().find(probe).expect("the tool").clone();
        let shown = shown["tools"].as_array().expect("tools").iter().find(probe);
        let shown = shown.expect("the tool");
        assert_eq!(shown["standing"], found["standing"], "{shown}");
        assert_eq!(
            shown["refusal"],
            found.get("refusal").cloned().unwrap_or(json!(""))
        );
        found
    };
    assert!(answer().contains("was not reviewed"));
    let before = tool();
    assert_eq!(before["standing"], "unreviewed", "{before}");
    assert!(
        before["refusal"]
            .as_str()
            .expect("a reason")
            .contains("was not reviewed")
    );
    assert_eq!(before["name"], "probe");

    let id = ann.approves();
    let file = ann.envelope(&id);
    let envelope = content("envelope", &file);
    let imported = reviews(&scratch, &host, "ImportDecision", &[&envelope]);
    let decision = &imported["decision"];
    assert_eq!(decision["id"], *id, "{imported}");
    assert_eq!(decision["state"], "counts");
    assert_eq!(decision["verdict"], "approve");
    assert_eq!(decision["tool"], "probe");
    assert_eq!(decision["reviewer"], "ann");
    assert_eq!(decision["reason"], "read it");
    assert_eq!(decision["component"], before["component"]);
    for field in ["manifest", "key", "file", "made_at"] {
        assert!(!decision[field].is_null(), "{field}: {imported}");
    }
    // From the next call on.
    let printed = answer();
    assert!(printed.contains("A=one"), "{printed}");
    let approved = tool();
    assert_eq!(approved["standing"], "approved");
    assert_eq!(approved["decision"], *id);
    assert_eq!(approved["reviewer"], "ann");
    assert!(approved["refusal"].is_null(), "{approved}");

    // It travels on as it came.
    let got = reviews(
        &scratch,
        &host,
        "GetDecision",
        &[&format!("id={}", &id[..14])],
    );
    assert_eq!(got["decision"], *decision);
    let sent = std::fs::read_to_string(&file).expect("a file");
    assert_eq!(got["envelope"].as_str(), Some(sent.trim_end()));
    let exported = reviews(&scratch, &host, "ExportDecisions", &[]);
    assert_eq!(exported, json!([{ "envelope": got["envelope"] }]));

    let line = [
        "revoke",
        &id,
        "--reason",
        "second thoughts",
        "--format",
        "json",
    ];
    let revoked = review(&ann.scratch, &line).exits(0).json();
    let revocation = revoked["id"].as_str().expect("an id");
    let envelope = content("envelope", &ann.envelope(revocation));
    let imported = reviews(&scratch, &host, "ImportDecision", &[&envelope]);
    assert_eq!(imported["decision"]["verdict"], "revoke", "{imported}");
    assert_eq!(imported["decision"]["revokes"], *id);
    assert!(answer().contains("was not reviewed"));
    assert_eq!(tool()["standing"], "unreviewed");
    let listed = rows(
        &reviews(&scratch, &host, "ListDecisions", &["tool=probe"]),
        "decisions",
    );
    let states: Vec<_> = listed.iter().map(|row| row["state"].as_str()).collect();
    assert_eq!(states, [Some("counts"), Some("revoked")], "{listed:?}");
    let reason = listed[1]["state_reason"].as_str().expect("a reason");
    assert!(reason.starts_with("revoked by "), "{reason}");
    let none = reviews(&scratch, &host, "ListDecisions", &["tool=other"]);
    assert_eq!(none, json!([{}]));

    // The pages of a client that goes on where it has stopped.
    let first = rows(
        &reviews(&scratch, &host, "ListDecisions", &["limit=1"]),
        "decisions",
    );
    assert_eq!(first, listed[..1]);
    let after = format!("after={}", first[0]["file"].as_str().expect("a file"));
    let rest = reviews(&scratch, &host, "ListDecisions", &[&after]);
    assert_eq!(rows(&rest, "decisions"), listed[1..]);

    let removed = format!("id={revocation}");
    let answered = reviews(&scratch, &host, "RemoveDecision", &[&removed]);
    assert_eq!(answered["id"], revocation);
    let printed = answer();
    assert!(printed.contains("A=one"), "{printed}");
    let again = reviews(&scratch, &host, "RemoveDecision", &[&removed]);
    assert_eq!(again["code"], "NOT_FOUND", "{again}");
}

#[test]
fn what_no_trusted_reviewer_has_signed_is_not_taken_over_grpc() {
    let ann = Reviewer::new();
    let scratch = Scratch::new();
    scratch.file("data/cofferdam.toml", REQUIRED);
    let host = Host::start(&scratch, agents(&scratch, &["a"]));
    let import = |file: &Path| {
        reviews(
            &scratch,
            &host,
            "ImportDecision",
            &[&content("envelope", file)],
        )
    };
    #[track_caller]
    fn check(refused: &Value, code: &str, reason: &str) {
        assert_eq!(refused["code"], code, "{refused}");
        let details = refused["details"].as_str().expect("details");
        assert!(details.contains(reason), "{refused}");
    }
    let approval = ann.envelope(&ann.approves());
    check(
        &import(&approval),
        "FAILED_PRECONDITION",
        "DECISION_UNTRUSTED",
    );
    ann.is_trusted(&scratch, "wc");
    check(
        &import(&approval),
        "FAILED_PRECONDITION",
        "DECISION_OUT_OF_SCOPE",
    );
    review(&scratch, &["key", "rm", "ann"]).exits(0);
    ann.is_trusted(&scratch, "probe");

    let signed = std::fs::read(&approval).expect("a file");
    let changed = ann.scratch.path().join("changed.json");
    for place in [0, signed.len() / 3, signed.len() / 2, signed.len() - 20] {
        let mut bytes = signed.clone();
        bytes[place] ^= 1;
        std::fs::write(&changed, bytes).expect("written");
        let refused = import(&changed);
        let code = refused["code"].as_str();
        let codes = [Some("FAILED_PRECONDITION"), Some("INVALID_ARGUMENT")];
        assert!(codes.contains(&code), "byte {place}: {refused}");
    }
    for (bytes, code, reason) in [
        ((512 << 10) + 1, "INVALID_ARGUMENT", "DECISION_TOO_LARGE"),
        (2 << 20, "OUT_OF_RANGE", "OUT_OF_RANGE"),
    ] {
        std::fs::write(&changed, vec![b' '; bytes]).expect("written");
        check(&import(&changed), code, reason);
    }
    std::fs::write(&changed, "{}").expect("written");
    check(&import(&changed), "INVALID_ARGUMENT", "DECISION_MALFORMED");
    let listed = reviews(&scratch, &host, "ListDecisions", &[]);
    assert_eq!(listed, json!([{}]), "nothing of it was kept");
    assert!(host.tool_result("a", "probe").contains("was not reviewed"));
    for (id, code) in [("id=abc", "INVALID_ARGUMENT"), ("id=abcdef", "NOT_FOUND")] {
        for method in ["GetDecision", "RemoveDecision"] {
            assert_eq!(reviews(&scratch, &host, method, &[id])["code"], code);
        }
    }

    // What becomes damaged is listed, and can be removed.
    assert_eq!(import(&approval)["decision"]["state"], "counts");
    let decisions = scratch.data().join("reviews/decisions");
    let entry = std::fs::read_dir(&decisions).expect("a directory").next();
    let path = entry.expect("a decision").expect("a file").path();
    std::fs::write(&path, "{}").expect("written");
    let listed = rows(&reviews(&scratch, &host, "ListDecisions", &[]), "decisions");
    assert_eq!(listed[0]["state"], "damaged", "{listed:?}");
    let reason = listed[0]["state_reason"].as_str().expect("a reason");
    // Clients are not told where it lies; a person at the machine can open it.
    assert!(reason.starts_with("reviews/decisions/"), "{reason}");
    let shown = review(&scratch, &["ls"]).exits(0).stderr;
    assert!(shown.contains(path.to_str().expect("text")), "{shown}");
    let file = listed[0]["file"].as_str().expect("a file");
    let removed = reviews(&scratch, &host, "RemoveDecision", &[&format!("id={file}")]);
    assert_eq!(removed["id"], file);
    assert!(!path.exists());
}

#[test]
fn clients_read_what_was_decided_and_change_nothing() {
    let ann = Reviewer::new();
    let scratch = Scratch::new();
    scratch.file("data/cofferdam.toml", REQUIRED);
    ann.is_trusted(&scratch, "*");
    let host = Host::listening(&scratch, agents(&scratch, &["a", "b"]));
    let token = |name: &str, flags: &[&str]| {
        let line = [&["token", "create", name][..], flags].concat();
        let made = cofferdam(&scratch, line).run().exits(0).stdout;
        made.trim_end().to_owned()
    };
    let read = token("read", &["--scope", "read"]);
    let bound = token("bound", &["--scope", "read", "--agent", "a"]);
    let by = |token: &str, method: &str, fields: &[&str]| {
        let action = [&["reviews", method], fields].concat();
        let mut command = command(&scratch, &host, &action);
        command.env("COFFERDAM_TOKEN", token);
        ended(command)
    };
    let agents_of = |token: &str| {
        let tools = rows(&by(token, "ListReviewedTools", &[]), "tools");
        let mut agents: Vec<_> = tools.iter().map(|row| row["agent"].clone()).collect();
        agents.dedup();
        agents
    };
    assert_eq!(agents_of(&read), ["a", "b"]);
    assert_eq!(agents_of(&bound), ["a"]);
    let envelope = content("envelope", &ann.envelope(&ann.approves()));
    let refused = by(&read, "ImportDecision", &[&envelope]);
    assert_eq!(refused["code"], "PERMISSION_DENIED", "{refused}");
    assert_eq!(by(&read, "ListDecisions", &[]), json!([{}]));
    let imported = reviews(&scratch, &host, "ImportDecision", &[&envelope]);
    let id = imported["decision"]["id"].as_str().expect("an id");
    let id = format!("id={id}");
    assert_eq!(
        by(&read, "GetDecision", &[&id])["decision"],
        imported["decision"]
    );
    for (token, method) in [(&read, "RemoveDecision"), (&bound, "GetDecision")] {
        assert_eq!(by(token, method, &[&id])["code"], "PERMISSION_DENIED");
    }
    assert_eq!(
        by(&bound, "ListReviewedTools", &["agent=b"])["code"],
        "PERMISSION_DENIED"
    );
}
