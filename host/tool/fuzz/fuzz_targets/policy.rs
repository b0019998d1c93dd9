//! Any bytes as a policy: whatever stands beside a policy that forbids everything, before it, after
//! it or in another file, no call is allowed; and a policy that cannot be read allows none.

#![no_main]

use std::sync::{Arc, LazyLock};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cofferdam_call::{Descriptor, Verdict};
use cofferdam_capability::{Ceiling, Count, Guarded, PagemapScan, ToolName};
use cofferdam_tool::{
    Effect, HostAnswer, HostTool, Origin, POLICY_DIRECTORY, ReviewRule, Runner, RunnerConfig,
    SecretSources, Toolbox, explain, hosted, read_policy,
};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The name of the tool that is asked about.
const TOOL: &str = "note";

/// A policy that permits nothing.
const FORBID: &str = "forbid (principal, action, resource);";

/// The files of the policy, in the order in which they are read.
const FILES: [&str; 2] = ["a.cedar", "b.cedar"];

/// A tool that the host answers, so that no component is compiled.
#[derive(Debug)]
struct Note;

impl HostTool for Note {
    fn descriptor(&self) -> Descriptor {
        Descriptor {
            name: ToolName::made_of(TOOL),
            description: "keeps a note".to_owned(),
            input_schema: json!({ "type": "object" }),
            output_schema: None,
        }
    }

    fn effect(&self) -> Effect {
        Effect::Write
    }

    fn call(&self, _: Value) -> HostAnswer<'_> {
        Box::pin(async { Ok(String::new()) })
    }
}

/// A runner with a data directory of its own, and the tool.
struct Subject {
    runner: Runner,
    toolbox: Toolbox,
    policy: Dir,
    data: Dir,
    _directory: TempDir,
}

impl Subject {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let open = |name: &str| {
            let path = directory.path().join(name);
            std::fs::create_dir_all(&path).expect("a directory");
            Dir::open_ambient_dir(path, ambient_authority()).expect("a directory")
        };
        let runner = Runner::new(RunnerConfig {
            compiler: "/nonexistent".into(),
            cache: open("cache"),
            scratch: open("scratch"),
            pins: open("pins"),
            scratch_bytes: cofferdam_capability::Bytes(1 << 20),
            scratch_entries: Count(16),
            ceiling: Ceiling::default(),
            calls: 1,
            descriptors: 64,
            calls_per_agent: 1,
            pagemap_scan: PagemapScan::Never,
            nameservers: Vec::new(),
            stand_ins: Some(Vec::new()),
            secrets: SecretSources::default(),
            ledger: None,
            review: ReviewRule::None,
            data: open("data"),
            guarded: Guarded::default(),
        })
        .expect("a runner");
        let mut toolbox = runner.toolbox();
        let tool = hosted(&runner, Arc::new(Note)).expect("a tool");
        toolbox.add(tool).expect("the only one");
        Self {
            runner,
            toolbox,
            policy: open(&format!("data/{POLICY_DIRECTORY}")),
            data: open("data"),
            _directory: directory,
        }
    }

    /// The decision about a call, by these files.
    fn decide(&self, files: &[&[u8]]) -> Verdict {
        for (name, text) in FILES.iter().zip(files) {
            self.policy.write(name, text).expect("room");
        }
        for name in &FILES[files.len()..] {
            // It is there only if the last decision had it.
            let _ = self.policy.remove_file(name);
        }
        let origin = Origin::session("demo", "s");
        let explained = explain(&self.runner, &self.toolbox, TOOL, origin, None);
        explained.expect("a tool").decided.verdict
    }
}

static SUBJECT: LazyLock<Subject> = LazyLock::new(Subject::new);

fuzz_target!(|bytes: &[u8]| {
    let subject = &*SUBJECT;
    let before = [bytes, b"\n", FORBID.as_bytes()].concat();
    let after = [FORBID.as_bytes(), b"\n", bytes].concat();
    assert_eq!(subject.decide(&[&before]), Verdict::Deny);
    assert_eq!(subject.decide(&[&after]), Verdict::Deny);
    assert_eq!(subject.decide(&[bytes, FORBID.as_bytes()]), Verdict::Deny);
    assert_eq!(subject.decide(&[FORBID.as_bytes(), bytes]), Verdict::Deny);
    let alone = subject.decide(&[bytes]);
    if read_policy(&subject.data).is_err() {
        assert_eq!(alone, Verdict::Deny);
    }
});
