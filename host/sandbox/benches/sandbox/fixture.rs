//! The sandbox as the host runs it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cofferdam_capability::{
    Access, Bytes, Ceiling, Count, Decision, EnvRow, Grant, LimitsRequest, Manifest, Offer,
    PagemapScan, Reason,
};
use cofferdam_sandbox::{
    Allowance, Call, Component, Engine, EngineConfig, Invocation, Line, Place, Reach,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Calls at once, as on a host that nobody configured.
pub(crate) const CALLS: u32 = 64;

/// Descriptors that calls may hold together: more than these calls ever do.
const DESCRIPTORS: u32 = 1 << 16;

pub(crate) struct Fixture {
    dir: Arc<TempDir>,
    pub(crate) engine: Engine,
    pub(crate) runtime: Runtime,
    queue: Line,
}

/// A loaded component and what it is granted.
pub(crate) struct Tool {
    pub(crate) component: Arc<Component>,
    pub(crate) grant: Grant,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let dir = Arc::new(tempfile::tempdir().expect("a directory"));
        std::fs::create_dir_all(dir.path().join("workspace")).expect("a workspace");
        Self::at(dir, PagemapScan::Always)
    }

    /// A host that starts on the same cache.
    pub(crate) fn another_host(&self) -> Self {
        Self::at(Arc::clone(&self.dir), PagemapScan::Always)
    }

    /// A host on the same cache, as it is on a machine that swaps.
    pub(crate) fn without_scan(&self) -> Self {
        Self::at(Arc::clone(&self.dir), PagemapScan::Never)
    }

    fn at(dir: Arc<TempDir>, pagemap_scan: PagemapScan) -> Self {
        let cache = dir.path().join("cache");
        std::fs::create_dir_all(&cache).expect("a cache");
        std::fs::set_permissions(&cache, std::os::unix::fs::PermissionsExt::from_mode(0o700))
            .expect("it is ours");
        let cache = Dir::open_ambient_dir(cache, ambient_authority()).expect("it opens");
        let scratch = dir.path().join("scratch");
        std::fs::create_dir_all(&scratch).expect("a scratch directory");
        let scratch = Dir::open_ambient_dir(scratch, ambient_authority()).expect("it opens");
        let compiler = checkout().join("target/release/cofferdam");
        let config = EngineConfig {
            scratch_bytes: Bytes(1 << 30),
            scratch_entries: Count(1 << 16),
            compiler,
            cache,
            scratch,
            ceiling: Ceiling::default(),
            calls: CALLS,
            descriptors: DESCRIPTORS,
            pagemap_scan,
            reach: Reach::Network {
                nameservers: Vec::new(),
            },
        };
        let engine = Engine::new(config).expect("an engine");
        assert!(engine.is_pooled(), "the figures are those of the pool");
        let queue = engine.line(CALLS);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        Self {
            dir,
            engine,
            runtime,
            queue,
        }
    }

    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        std::fs::read(checkout().join(path))
            .unwrap_or_else(|_| panic!("{path} is missing: `./just bench` builds it"))
    }

    pub(crate) fn small_file(&self) -> PathBuf {
        let path = self.dir.path().join("workspace/small.txt");
        std::fs::write(&path, "one two three\nfour five\n").expect("a file");
        path
    }

    pub(crate) fn load(&self, path: &str) -> Tool {
        self.load_with(path, None)
    }

    /// The component under a manifest that no other copy has, so that it is loaded once more.
    pub(crate) fn load_as(&self, path: &str, copy: u64) -> Tool {
        let mut manifest = Manifest::empty();
        manifest.tool.name = format!("copy-{copy}");
        let reason = Reason::try_from("to differ".to_owned()).expect("a reason");
        manifest.env.push(EnvRow {
            name: format!("COPY_{copy}"),
            reason,
        });
        self.load_with(path, Some(manifest))
    }

    fn load_with(&self, path: &str, manifest: Option<Manifest>) -> Tool {
        let bytes = self.bytes(path);
        let component = self
            .runtime
            .block_on(self.engine.load(&bytes, path, manifest))
            .expect("it loads");
        let workspace = self.dir.path().join("workspace");
        let offer = Offer::host_directory(
            &workspace,
            "/workspace".parse().expect("a path"),
            Access::ReadOnly,
        );
        // Documents of 10 MB take more than the default when they are parsed.
        let limits = LimitsRequest {
            memory: Some(Bytes(256 << 20)),
            ..LimitsRequest::default()
        };
        let decision = Decision {
            offers: vec![offer.expect("it opens")],
            limits,
            ..Decision::default()
        };
        let grant = Grant::new(
            "tool",
            component.digest(),
            component.manifest(),
            &Ceiling::default(),
            decision,
        );
        Tool {
            component,
            grant: grant.expect("it is granted"),
        }
    }

    pub(crate) fn typed(&self, tool: &Tool, input: &str) {
        self.run(
            tool,
            Invocation::Typed {
                tool: "text-stats".to_owned(),
                input: input.to_owned(),
            },
        );
    }

    pub(crate) fn command(&self, tool: &Tool, args: &[&str]) {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        self.run(
            tool,
            Invocation::Command {
                args,
                stdin: Vec::new().into(),
            },
        );
    }

    fn run(&self, tool: &Tool, invocation: Invocation) {
        self.runtime.block_on(self.call(tool, invocation));
    }

    pub(crate) async fn call(&self, tool: &Tool, invocation: Invocation) {
        let component = &*tool.component;
        let grant = &tool.grant;
        let injections = Vec::new();
        let place = Place::Own(&self.queue);
        let caller = None;
        let allowance = &Allowance::begin(grant.limits(), CancellationToken::new());
        let call = Call {
            component,
            grant,
            invocation,
            allowance,
            injections,
            place,
            caller,
        };
        let report = self.engine.call(call).await.report;
        assert!(report.receipt.outcome.is_ok(), "{}", report.receipt.outcome);
    }
}

fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .and_then(Path::parent)
        .expect("host/sandbox lies in the checkout")
}

/// Memory of this process that no file stands behind, in bytes.
pub(crate) fn private_memory() -> u64 {
    field("RssAnon:")
}

/// All resident memory of this process, in bytes.
pub(crate) fn resident_memory() -> u64 {
    field("VmRSS:")
}

fn field(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .expect("Linux tells");
    line.trim()
        .trim_end_matches(" kB")
        .parse::<u64>()
        .expect("a number")
        << 10
}
