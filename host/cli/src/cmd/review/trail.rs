//! Facts about the calls of a tool, from the audit trail.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::SystemTime;

use cofferdam_call::{Action, OutcomeName, Reach, Record, Usage, Verdict};
use cofferdam_capability::{Access, Contact, Digest, DirectoryUse, GuestPath, Used};
use cofferdam_store::{AuditLine, AuditReader, Body, Entry};

use crate::cmd::audit::directory;
use crate::console;
use crate::error::Failure;
use crate::host::AUDIT;

/// The calls that are looked for.
pub(super) struct Calls {
    /// The component; none where a manifest is all there is.
    pub(super) component: Option<Digest>,
    /// The manifest: a component that was built again with the same one is the same tool.
    pub(super) manifest: Digest,
    pub(super) agent: Option<String>,
    pub(super) since: Option<SystemTime>,
}

/// The facts about those calls.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) used: Used,
    /// The times of the first and the last call.
    pub(super) first: Option<String>,
    pub(super) last: Option<String>,
    /// Calls whose records do not say all of what they reached: those of former hosts, and those
    /// that reached more than a line has room for.
    pub(super) untold: u64,
    /// Calls that never ran: they were refused, or wait for an approval.
    pub(super) left_out: u64,
    /// True if the trail has a call of any tool of the agent that was asked for.
    pub(super) has_agent: bool,
    /// Tools that were called by tools, by the agent and the name of the caller.
    nested: BTreeMap<Caller, BTreeMap<String, u64>>,
    /// The names under which the tool was called.
    names: BTreeSet<Caller>,
    directories: BTreeMap<GuestPath, DirectoryUse>,
    contacts: BTreeMap<Contact, u64>,
}

/// A tool that calls others, as records name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Caller {
    agent: Option<String>,
    tool: String,
}

impl Calls {
    /// Reads the trail from its oldest line on.
    pub(super) fn read(&self, data: &Path) -> Result<Facts, Failure> {
        let mut facts = Facts::default();
        if let Some(dir) = directory::open(&data.join(AUDIT))? {
            let mut reader = AuditReader::new(dir);
            let wrong = |error| Failure::work(format!("cannot read the audit trail: {error}"));
            while let Some(line) = reader.read().map_err(wrong)? {
                match line {
                    AuditLine::Entry(entry) => self.add(&mut facts, &entry),
                    AuditLine::Unreadable { file, line } => console::complain(&format!(
                        "{file}, line {line} is no line of a trail: see `cofferdam audit verify`"
                    )),
                }
            }
        }
        facts.finish();
        Ok(facts)
    }

    fn add(&self, facts: &mut Facts, entry: &Entry) {
        let Body::Call(record) = &entry.body else {
            return;
        };
        let time = humantime::parse_rfc3339_weak(&entry.time).ok();
        let is_older = self
            .since
            .is_some_and(|since| time.is_some_and(|time| time < since));
        let is_other = self.agent.is_some() && self.agent != record.agent;
        facts.has_agent |= self.agent.is_some() && !is_other;
        if is_older || is_other {
            return;
        }
        facts.add_nested(record);
        let is_own = record.manifest == Some(self.manifest)
            || (self.component.is_some() && record.component == self.component);
        if !is_own || record.action != Action::Call {
            return;
        }
        if ran(record) {
            facts.add(entry, record);
        } else {
            facts.left_out += 1;
        }
    }
}

/// Returns true for a call that was allowed and whose code ran. One that was denied in the middle,
/// at an import that stays closed, has used what it used before; no code runs without fuel.
fn ran(record: &Record) -> bool {
    let began = record.outcome != OutcomeName::Denied || record.usage.fuel > 0;
    record.decision.verdict == Verdict::Allow && began
}

impl Facts {
    /// A call of a tool by another one.
    fn add_nested(&mut self, record: &Record) {
        let Some(tool) = &record.caller else { return };
        let caller = Caller {
            agent: record.agent.clone(),
            tool: tool.clone(),
        };
        let called = self.nested.entry(caller).or_default();
        *called.entry(record.tool.clone()).or_default() += 1;
    }

    fn add(&mut self, entry: &Entry, record: &Record) {
        self.used.calls += 1;
        self.first.get_or_insert_with(|| entry.time.clone());
        self.last = Some(entry.time.clone());
        self.names.insert(Caller {
            agent: record.agent.clone(),
            tool: record.tool.clone(),
        });
        let Usage {
            fuel,
            peak_memory,
            host_memory,
            wall_us,
            queued_us: _,
            cpu_us: _,
            bytes_in: _,
            stdout_bytes,
            stderr_bytes,
            bytes_written,
            calls,
            entries_created,
        } = record.usage;
        let amounts = [
            ("fuel", fuel),
            ("memory", peak_memory),
            ("host-memory", host_memory),
            ("wall", wall_us),
            ("stdout", stdout_bytes),
            ("stderr", stderr_bytes),
            ("written", bytes_written),
            ("nested-calls", calls),
            ("entries-created", entries_created),
        ];
        for (name, amount) in amounts {
            let most = self.used.limits.entry(name).or_default();
            *most = amount.max(*most);
        }
        match &record.reach {
            Some(reach) => self.add_reach(reach),
            None => self.untold += 1,
        }
    }

    /// A name that this host cannot read makes the record one that does not say it all.
    fn add_reach(&mut self, reach: &Reach) {
        let Reach {
            directories,
            hosts,
            omitted,
        } = reach;
        let mut is_whole = *omitted == 0;
        for (path, access) in directories {
            match path.parse() {
                Ok(path) => self.add_directory(path, *access),
                Err(_) => is_whole = false,
            }
        }
        for host in hosts.keys() {
            match host.parse() {
                Ok(contact) => *self.contacts.entry(contact).or_default() += 1,
                Err(_) => is_whole = false,
            }
        }
        self.untold += u64::from(!is_whole);
    }

    fn add_directory(&mut self, path: GuestPath, access: Access) {
        let directory = self
            .directories
            .entry(path)
            .or_insert(DirectoryUse { access, calls: 0 });
        directory.access = directory.access.max(access);
        directory.calls += 1;
    }

    /// Nothing is concluded from records that do not say all.
    fn finish(&mut self) {
        let mut tools: BTreeMap<String, u64> = BTreeMap::new();
        for (tool, calls) in self
            .names
            .iter()
            .filter_map(|name| self.nested.get(name))
            .flatten()
        {
            *tools.entry(tool.clone()).or_default() += calls;
        }
        self.used.tools = Some(tools);
        if self.untold == 0 {
            self.used.directories = Some(std::mem::take(&mut self.directories));
            self.used.contacts = Some(std::mem::take(&mut self.contacts));
        }
    }
}
