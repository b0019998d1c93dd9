//! `cofferdam.toml`: what the operator set, and where every effective value came from.

mod agent;
mod audit;
mod cache;
mod grant;
mod network;
mod place;
mod review;
mod room;
mod schema;
mod scratch;
mod secrets;
mod setting;
mod signer;
mod telemetry;
mod tls;
mod unknown;
mod written;

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cofferdam_agent::RoomRules;
use cofferdam_capability::{
    Bytes, Ceiling, Count, Limits, LimitsRequest, PagemapScan, toml_problem,
};
use cofferdam_server::OtlpUrl;
use cofferdam_tool::ReviewRule;
use rustix::fs::OFlags;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use self::agent::AgentRow;
pub(crate) use self::agent::AgentRows;
pub(crate) use self::cache::{CacheDir, IN_DATA};
pub(crate) use self::grant::GrantRow;
pub(crate) use self::grant::{Grants, NamedSecret};
use self::place::{Key, Source};
pub(crate) use self::schema::without_defaults;
pub(crate) use self::secrets::SecretPlaces;
pub(crate) use self::setting::Setting;
use self::setting::amount;
use self::signer::{SignerRow, SignerRows};
pub(crate) use self::tls::TlsFiles;
pub(crate) use self::unknown::{unknown_agents, unknown_grants};

use crate::error::Failure;

/// Calls at once on one host, unless the operator says otherwise. A call that computes has a core
/// to itself for half a millisecond at a time; more calls than this only wait for each other.
const CALLS: u32 = 64;

/// Calls at once of one agent: a quarter of the host's, so that one agent cannot keep the others
/// waiting.
const CALLS_PER_AGENT: u32 = 16;

/// Calls at once that an operator may choose. Each takes gigabytes of address space.
const MOST_CALLS: u32 = 1_024;

/// Agents on one host, unless the operator says otherwise. An idle one takes a few hundred KiB of
/// memory, and its tools as much of the disk as they have.
const AGENTS: u32 = 2_048;

/// Agents that an operator may choose: as many trees as are looked at when the host starts.
const MOST_AGENTS: u32 = 10_000;

/// The largest configuration that is read, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// The name of the file in the data directory.
const FILE: &str = "cofferdam.toml";

/// The operator's file, as it is written. Everything may be left out.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "cofferdam.toml")]
struct Written {
    /// The most a call gets without `[[grant]] limits` or a flag; a manifest can lower it.
    #[serde(default)]
    limits: LimitsRequest,
    /// The most that `[[grant]] limits` and flags can give.
    #[serde(default)]
    ceiling: LimitsRequest,
    /// Agents, calls at once, the room in `/tmp` and of agents' files, compiled code.
    #[serde(default)]
    host: WrittenHost,
    /// The most of the network that any tool reaches.
    #[serde(default)]
    network: network::Written,
    /// The files with which the host speaks TLS.
    #[serde(default)]
    tls: tls::Written,
    /// The collector of spans.
    #[serde(default)]
    telemetry: telemetry::Written,
    /// The places of secrets, beside the encrypted store and the environment.
    #[serde(default)]
    secrets: secrets::Written,
    /// The operator's choices for agents.
    #[serde(default)]
    agent: Vec<AgentRow>,
    /// The operator's decisions for the tools of agents.
    #[serde(default)]
    grant: Vec<GrantRow>,
    /// Signers, and the images that need their signature.
    #[serde(default)]
    signer: Vec<SignerRow>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct WrittenHost {
    /// Agents on this host, whether they run or not.
    #[schemars(extend("default" = AGENTS, "minimum" = 1, "maximum" = MOST_AGENTS))]
    agents: Option<u32>,
    /// Calls at once on this host.
    #[schemars(extend("default" = CALLS, "minimum" = 1, "maximum" = MOST_CALLS))]
    calls: Option<u32>,
    /// Calls at once of one agent; at most `calls`.
    #[schemars(extend("default" = CALLS_PER_AGENT, "minimum" = 1, "maximum" = MOST_CALLS))]
    calls_per_agent: Option<u32>,
    /// The kernel tells which pages a call has written, so that only those are reset.
    #[schemars(extend("default" = PagemapScan::default()))]
    pagemap_scan: Option<PagemapScan>,
    /// Bytes that all running calls may have written to their `/tmp`.
    #[schemars(extend("default" = scratch::BYTES, "x-ceiling" = scratch::MOST_BYTES))]
    scratch: Option<Bytes>,
    /// Files and directories that all running calls may have made in their `/tmp`.
    #[schemars(extend("default" = scratch::ENTRIES, "x-ceiling" = scratch::MOST_ENTRIES))]
    scratch_entries: Option<Count>,
    /// Bytes of the files that tools of one agent keep, unless the agent is given more or less.
    #[schemars(extend("default" = room::BYTES, "x-ceiling" = room::MOST_BYTES))]
    workspace_bytes: Option<Bytes>,
    /// The most of them that an Agentfile or `[[agent]]` can give.
    #[schemars(extend("default" = room::BYTES_CEILING, "x-ceiling" = room::MOST_BYTES))]
    workspace_bytes_ceiling: Option<Bytes>,
    /// Files, directories and links that tools of one agent keep, unless the agent is given more or
    /// less.
    #[schemars(extend("default" = room::ENTRIES, "x-ceiling" = room::MOST_ENTRIES))]
    workspace_entries: Option<Count>,
    /// The most of them that an Agentfile or `[[agent]]` can give.
    #[schemars(extend("default" = room::ENTRIES_CEILING, "x-ceiling" = room::MOST_ENTRIES))]
    workspace_entries_ceiling: Option<Count>,
    /// Bytes of the audit trail; the oldest lines are dropped for new ones.
    #[schemars(extend("default" = audit::BYTES, "x-ceiling" = audit::MOST_BYTES))]
    audit_bytes: Option<Bytes>,
    /// The reviews that a tool needs before it is called.
    #[schemars(extend("default" = false))]
    require_review: Option<review::Required>,
    /// The directory of compiled code, which several data directories may share: an absolute path.
    /// `cache` in the data directory when left out.
    #[schemars(extend("pattern" = "^/."))]
    cache_dir: Option<PathBuf>,
}

/// The configuration that holds.
#[derive(Debug)]
pub(crate) struct Config {
    /// Defaults and ceilings of every call, and the hosts and addresses that any tool reaches.
    pub(crate) ceiling: Ceiling,
    /// The servers that are asked for the addresses of names; those of the system when empty.
    pub(crate) nameservers: Vec<SocketAddr>,
    /// The files of TLS; none for TCP in clear.
    pub(crate) tls: Option<TlsFiles>,
    /// The collector that spans are exported to.
    pub(crate) collector: Option<OtlpUrl>,
    /// The places of secrets.
    pub(crate) secret_places: SecretPlaces,
    /// Agents on this host.
    pub(crate) most_agents: u32,
    /// Calls at once on this host.
    pub(crate) calls: u32,
    /// Calls at once of one agent.
    pub(crate) calls_per_agent: u32,
    /// The way the pool of sandboxes is reset between calls.
    pub(crate) pagemap_scan: PagemapScan,
    /// Bytes in `/tmp` over all calls at once.
    pub(crate) scratch: Bytes,
    /// Entries in `/tmp` over all calls at once.
    pub(crate) scratch_entries: Count,
    /// The room of the files that tools of an agent keep.
    pub(crate) room: RoomRules,
    /// Bytes of the audit trail.
    pub(crate) audit_bytes: Bytes,
    /// The reviews that a tool needs before it is called.
    pub(crate) review: ReviewRule,
    /// The directory of compiled code; none for `cache` in the data directory.
    pub(crate) cache_dir: Option<CacheDir>,
    /// The operator's choices for agents.
    pub(crate) agents: AgentRows,
    /// The operator's decisions for tools.
    pub(crate) grants: Grants,
    /// Signers, and the images that need their signature.
    pub(crate) signers: SignerRows,
    /// The file, if there is one.
    source: Option<Arc<Source>>,
}

/// The JSON Schema of the file, with the numbers of this host.
pub(crate) fn schema() -> Value {
    schema::finished(cofferdam_capability::schema::of::<Written>())
}

/// Returns true unless nothing stands there: a link to nothing, or a directory that cannot be
/// looked into, is no reason to go on with the defaults.
fn is_there(path: &Path) -> bool {
    let found = path.symlink_metadata();
    let nothing = [ErrorKind::NotFound, ErrorKind::NotADirectory];
    !found.is_err_and(|error| nothing.contains(&error.kind()))
}

/// Reads a regular file of limited size. A pipe would keep the command waiting for its other end.
fn read(path: &Path) -> std::io::Result<String> {
    let mut options = File::options();
    options.read(true);
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let mut text = String::new();
    let size = file.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if size as u64 > MAX_FILE {
        return Err(std::io::Error::other(format!(
            "it is larger than {MAX_FILE} bytes, the most that is read"
        )));
    }
    Ok(text)
}

impl Config {
    /// Reads the file that was named; without one, `cofferdam.toml` in the data directory if it is
    /// there.
    pub(crate) fn load(named: Option<&Path>, data: &Path) -> Result<Self, Failure> {
        let Some(path) = named
            .map(Path::to_owned)
            .or_else(|| Some(data.join(FILE)).filter(|path| is_there(path)))
        else {
            return Self::from(Written::default(), None);
        };
        let wrong = |problem: String| Failure::usage(format!("{}: {problem}", path.display()));
        let text = read(&path).map_err(|error| wrong(error.to_string()))?;
        let written: Written = toml::from_str(&text).map_err(|error| {
            let line = error
                .span()
                .map_or(1, |span| place::line(&text, span.start));
            let message = toml_problem(&error, &text);
            Failure::usage(format!("{}:{line}: {message}", path.display()))
        })?;
        Self::from(written, Some(Source { path, text }))
    }

    fn from(written: Written, source: Option<Source>) -> Result<Self, Failure> {
        let Written {
            limits,
            ceiling,
            host,
            network,
            tls,
            telemetry,
            secrets,
            agent,
            grant,
            signer,
        } = written;
        let place = source
            .as_ref()
            .map_or(FILE.to_owned(), |source| source.path.display().to_string());
        let refuse_at = |key: Key, problem: String| {
            let line = source.as_ref().and_then(|source| source.place(key));
            let place = line.as_deref().unwrap_or(&place);
            Err(Failure::usage(format!("{place}: {problem}")))
        };
        if let Some((name, asked, most)) = ceiling.above(&Limits::HIGHEST) {
            return refuse_at(
                Key::Table("ceiling", name),
                format!("[ceiling] `{name}` = {asked}: at most {most} can be kept"),
            );
        }
        let ceiling = Limits::CEILING.replaced(&ceiling);
        if let Some((name, asked, most)) = limits.above(&ceiling) {
            return refuse_at(
                Key::Table("limits", name),
                format!(
                    "[limits] `{name}` = {asked} is above the ceiling of {most}: raise [ceiling] \
                     too"
                ),
            );
        }
        let defaults = Limits::DEFAULT.replaced(&limits).at_most(&ceiling);
        let most_agents = host.agents.unwrap_or(AGENTS);
        let calls = host.calls.unwrap_or(CALLS);
        let calls_per_agent = host.calls_per_agent.unwrap_or(CALLS_PER_AGENT.min(calls));
        for (name, value, most) in [
            ("agents", most_agents, MOST_AGENTS),
            ("calls", calls, MOST_CALLS),
            ("calls-per-agent", calls_per_agent, calls),
        ] {
            if value == 0 || value > most {
                let problem = format!("[host] `{name}` = {value}: expected 1 to {most}");
                return refuse_at(Key::Table("host", name), problem);
            }
        }
        let scratch = host.scratch.unwrap_or(scratch::BYTES);
        if scratch > scratch::MOST_BYTES {
            return refuse_at(
                Key::Table("host", "scratch"),
                format!(
                    "[host] `scratch` = {scratch}: expected at most {}",
                    scratch::MOST_BYTES
                ),
            );
        }
        let scratch_entries = host.scratch_entries.unwrap_or(scratch::ENTRIES);
        if scratch_entries > scratch::MOST_ENTRIES {
            let most = scratch::MOST_ENTRIES;
            return refuse_at(
                Key::Table("host", "scratch-entries"),
                format!("[host] `scratch-entries` = {scratch_entries}: expected at most {most}"),
            );
        }
        let room = room::rules(room::Written {
            bytes: host.workspace_bytes,
            bytes_ceiling: host.workspace_bytes_ceiling,
            entries: host.workspace_entries,
            entries_ceiling: host.workspace_entries_ceiling,
        });
        let room = match room {
            Ok(room) => room,
            Err(error) => {
                return refuse_at(Key::Table("host", error.key), error.to_string());
            }
        };
        let audit_bytes = host.audit_bytes.unwrap_or(audit::BYTES);
        if let Some(problem) = audit::refused(audit_bytes) {
            return refuse_at(Key::Table("host", "audit-bytes"), problem);
        }
        if let Some(wrong) = GrantRow::mistake(&grant, &ceiling) {
            return refuse_at(Key::Row("grant", wrong.row, wrong.key), wrong.problem);
        }
        let review = host.require_review.map(review::Required::rule);
        let cache_dir = CacheDir::find(host.cache_dir, &place)?;
        let tls = tls.files(&place)?;
        let secret_places = secrets.places(&place)?;
        let pagemap_scan = host.pagemap_scan.unwrap_or_default();
        let (network, nameservers) = network.into_parts();
        let ceiling = Ceiling {
            defaults,
            limits: ceiling,
            network,
        };
        let source = source.map(Arc::new);
        let agents = AgentRows::new(agent, room, source.clone())?;
        let grants = Grants::new(grant, source.clone());
        grants.check_dirs()?;
        let signers = SignerRows::new(signer, source.clone())?;
        Ok(Self {
            ceiling,
            nameservers,
            tls,
            collector: telemetry.collector(),
            secret_places,
            most_agents,
            calls,
            calls_per_agent,
            pagemap_scan,
            scratch,
            scratch_entries,
            room,
            audit_bytes,
            review: review.unwrap_or_default(),
            cache_dir,
            agents,
            grants,
            signers,
            source,
        })
    }

    /// Every secret that a grant names.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = NamedSecret<'_>> {
        self.grants.secrets()
    }

    /// Every effective value, with where it came from. `data` is the data directory.
    pub(crate) fn settings(&self, data: &Path) -> Vec<Setting> {
        let setting = |table: &'static str, key: &'static str, value: Value| Setting {
            origin: self.origin(Key::Table(table, key)),
            key: format!("{table}.{key}"),
            value,
            note: None,
        };
        let noted = |table, key, value, note| Setting {
            note,
            ..setting(table, key, value)
        };
        let mut settings = vec![
            setting("host", "agents", self.most_agents.into()),
            setting("host", "calls", self.calls.into()),
            setting("host", "calls-per-agent", self.calls_per_agent.into()),
            noted(
                "host",
                "pagemap-scan",
                self.pagemap_scan.to_string().into(),
                self.pagemap_scan_now(),
            ),
            setting("host", "scratch", self.scratch.to_string().into()),
            setting("host", "scratch-entries", self.scratch_entries.0.into()),
        ];
        let room = room::shown(&self.room).into_iter();
        settings.extend(room.map(|(key, value)| setting("host", key, value)));
        settings.push(setting(
            "host",
            "audit-bytes",
            self.audit_bytes.to_string().into(),
        ));
        let review = review::shown(self.review);
        settings.push(setting("host", "require-review", review));
        settings.push(CacheDir::setting(
            self.cache_dir.as_ref(),
            data,
            self.origin(Key::Table("host", "cache-dir")),
        ));
        let limits = self.ceiling.defaults.rows().into_iter();
        settings.extend(limits.zip(Limits::DEFAULT.rows()).map(|(row, default)| {
            let mut setting = setting("limits", row.name, amount(&row.value));
            if setting.origin == place::DEFAULT && row.value != default.value {
                let ceiling = self.origin(Key::Table("ceiling", row.name));
                setting.origin = format!("default, lowered to [ceiling] at {ceiling}");
            }
            setting
        }));
        let ceiling = self.ceiling.limits.rows().into_iter();
        settings.extend(ceiling.map(|row| setting("ceiling", row.name, amount(&row.value))));
        let reach = network::shown(&self.ceiling.network, &self.nameservers);
        settings.extend(reach.map(|shown| noted("network", shown.key, shown.value, shown.note)));
        let files = TlsFiles::shown(self.tls.as_ref()).into_iter();
        settings.extend(files.map(|(key, path)| {
            let note = path.is_none().then_some("none");
            noted("tls", key, path.unwrap_or_default().into(), note)
        }));
        let collector = self.collector.as_ref().map(OtlpUrl::as_str);
        let note = collector.is_none().then_some("none");
        let collector = collector.unwrap_or_default().into();
        settings.push(noted("telemetry", "otlp", collector, note));
        let places = self.secret_places.shown().into_iter();
        settings.extend(places.map(|(key, value)| {
            let note = value.is_none().then_some("none");
            noted("secrets", key, value.unwrap_or("".into()), note)
        }));
        settings.extend(self.agents.settings());
        settings.extend(self.grants.settings());
        settings.extend(self.signers.settings());
        settings
    }

    /// The file that was read, if there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.grants.file()
    }

    /// The meaning of `auto` on this machine now.
    fn pagemap_scan_now(&self) -> Option<&'static str> {
        match (
            self.pagemap_scan,
            cofferdam_tool::scans_now(self.pagemap_scan),
        ) {
            (PagemapScan::Auto, true) => Some("scans: this host cannot swap"),
            (PagemapScan::Auto, false) => Some("resets whole slots: this host can swap"),
            (PagemapScan::Always | PagemapScan::Never, _) => None,
        }
    }

    fn origin(&self, key: Key) -> String {
        place::origin(self.source.as_deref(), key)
    }
}
