//! A runner with a policy and a record, as a host has it, and the sandbox alone.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cofferdam_call::Input;
use cofferdam_capability::{Bytes, Ceiling, Count, Decision, Grant, Guarded, PagemapScan};
use cofferdam_sandbox::{
    Allowance, Call, Component, Engine, EngineConfig, Invocation, Line, Place, Reach,
};
use cofferdam_store::{Proof, Trail, TrailConfig};
use cofferdam_tool::{
    AttemptWishes, Installed, Origin, Request, ReviewRule, Runner, RunnerConfig, SecretSources,
    Toolbox,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::trail::TrailLedger;

/// A typed tool that only computes.
pub(crate) const TOOL: &str = "text-stats";
pub(crate) const INPUT: &str = r#"{"text":"one two three"}"#;

/// Calls at once, as on a host that nobody configured.
const CALLS: u32 = 64;

/// Descriptors that calls may hold together: more than these calls ever do.
const DESCRIPTORS: u32 = 1 << 16;

/// Bytes of a trail, as on a host that nobody configured.
const TRAIL_BYTES: u64 = 1 << 30;

/// A data directory in memory: the time of a disk is not that of the pipeline.
pub(crate) struct Data(TempDir);

/// A runner that is asked by agents, and its only tool.
pub(crate) struct Host {
    pub(crate) runner: Runner,
    pub(crate) toolbox: Arc<Toolbox>,
    pub(crate) installed: Installed,
    runtime: Runtime,
    _data: Data,
}

/// The sandbox, the same component and what it is granted.
pub(crate) struct Bare {
    engine: Engine,
    component: Arc<Component>,
    grant: Grant,
    line: Line,
    runtime: Runtime,
    _data: Data,
}

impl Data {
    pub(crate) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        Self(tempfile::tempdir_in(memory).expect("Linux keeps files in memory there"))
    }

    /// Writes the policy.
    pub(crate) fn with_policy(self, policy: &str) -> Self {
        std::fs::write(self.private("policy").join("bench.cedar"), policy).expect("a file");
        self
    }

    /// The directory itself.
    pub(crate) fn open(&self) -> Dir {
        open(self.0.path())
    }

    fn private(&self, name: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(&path).expect("a directory");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).expect("it is ours");
        path
    }

    fn dir(&self, name: &str) -> Dir {
        open(&self.private(name))
    }
}

impl Host {
    /// A host that permits by the policy in this directory, and records there.
    pub(crate) fn new(data: Data) -> Self {
        let runtime = runtime();
        let entered = runtime.enter();
        let trail = TrailConfig {
            data: data.open(),
            name: "audit",
            dir: data.dir("audit"),
            bytes: TRAIL_BYTES,
            proof: Proof::Whole,
        };
        let trail = Trail::open(trail).expect("a trail");
        let runner = Runner::new(RunnerConfig {
            compiler: compiler(),
            cache: data.dir("cache"),
            scratch: data.dir("scratch"),
            pins: data.dir("descriptors"),
            scratch_bytes: Bytes(1 << 30),
            scratch_entries: Count(1 << 16),
            ceiling: Ceiling::default(),
            calls: CALLS,
            calls_per_agent: CALLS,
            descriptors: DESCRIPTORS,
            pagemap_scan: PagemapScan::Always,
            nameservers: Vec::new(),
            stand_ins: None,
            secrets: SecretSources::default(),
            ledger: Some(Arc::new(TrailLedger(trail))),
            review: ReviewRule::None,
            data: data.open(),
            data_path: data.0.path().to_owned(),
            guarded: Guarded::default(),
        });
        let runner = runner.expect("a runner");
        drop(entered);
        let mut toolbox = runner.toolbox();
        let load = runner.load(component().into(), TOOL, None);
        let installed = runtime.block_on(load).expect("it loads");
        let offer = runner.offer(&installed, TOOL, "", Decision::default(), &toolbox);
        for tool in runtime.block_on(offer).expect("it is offered") {
            toolbox.add(tool).expect("the only one");
        }
        Self {
            runner,
            toolbox: Arc::new(toolbox),
            installed,
            runtime,
            _data: data,
        }
    }

    /// One call that nobody watches, from its request to its record.
    pub(crate) fn call(&self) {
        let request = Request {
            toolbox: Arc::clone(&self.toolbox),
            tool: TOOL.to_owned(),
            input: Input::Json(INPUT.to_owned()),
            attempts: AttemptWishes::default(),
            origin: Origin::session("agent", "session"),
            approval: None,
            progress: None,
            cancel: CancellationToken::new(),
        };
        let report = self.runtime.block_on(self.runner.call(request));
        let receipt = report.expect("there is the tool").receipt;
        assert!(receipt.outcome.is_ok(), "{}", receipt.outcome);
    }
}

impl Bare {
    pub(crate) fn new(data: Data) -> Self {
        let runtime = runtime();
        let engine = Engine::new(EngineConfig {
            compiler: compiler(),
            cache: data.dir("cache"),
            scratch: data.dir("scratch"),
            scratch_bytes: Bytes(1 << 30),
            scratch_entries: Count(1 << 16),
            ceiling: Ceiling::default(),
            calls: CALLS,
            descriptors: DESCRIPTORS,
            pagemap_scan: PagemapScan::Always,
            reach: Reach::Network {
                nameservers: Vec::new(),
            },
        });
        let engine = engine.expect("an engine");
        let bytes = component();
        let component = runtime.block_on(engine.load(&bytes, TOOL, None));
        let component = component.expect("it loads");
        let grant = Grant::new(
            TOOL,
            component.digest(),
            component.manifest(),
            &Ceiling::default(),
            Decision::default(),
        );
        Self {
            line: engine.line(CALLS),
            grant: grant.expect("it is granted"),
            component,
            engine,
            runtime,
            _data: data,
        }
    }

    /// One call, and nothing around it.
    pub(crate) fn call(&self) {
        let call = Call {
            component: &self.component,
            grant: &self.grant,
            invocation: Invocation::Typed {
                tool: TOOL.to_owned(),
                input: INPUT.to_owned(),
            },
            allowance: &Allowance::begin(self.grant.limits(), CancellationToken::new()),
            injections: Vec::new(),
            place: Place::Own(&self.line),
            caller: None,
        };
        let report = self.runtime.block_on(self.engine.call(call)).report;
        assert!(report.receipt.outcome.is_ok(), "{}", report.receipt.outcome);
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn open(path: &Path) -> Dir {
    Dir::open_ambient_dir(path, ambient_authority()).expect("it opens")
}

fn component() -> Vec<u8> {
    let path = checkout().join(format!("target/tools/{TOOL}.wasm"));
    std::fs::read(&path)
        .unwrap_or_else(|_| panic!("{} is missing: `./just bench` builds it", path.display()))
}

/// The binary of the profile of this benchmark.
fn compiler() -> PathBuf {
    checkout().join(if cfg!(debug_assertions) {
        "target/debug/cofferdam"
    } else {
        "target/release/cofferdam"
    })
}

fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .and_then(Path::parent)
        .expect("host/tool lies in the checkout")
}
