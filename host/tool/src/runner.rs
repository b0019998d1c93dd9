//! Components in, tools out.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use cap_std::fs::Dir;
use cofferdam_capability::{Bytes, Ceiling, Count, Decision, Diff, Digest, Grant, Host, Manifest, Scheme};
use cofferdam_sandbox::{Call, Component, Engine, EngineConfig, EngineError, Function, Invocation, Place, Shape};
use tokio_util::sync::CancellationToken;

use crate::dispatch::Door;
use crate::error::ToolError;
use crate::queue::Queue;
use crate::redact::Redactor;
use crate::secret::Secrets;
use crate::tool::{Entry, Tool};

/// Typed tools in one component; more would not fit a model's attention.
const MAX_TOOLS: usize = 64;

/// A typed tool's descriptor: its name, description and schemas together, in bytes (64 KiB).
const MAX_DESCRIPTOR: usize = 64 << 10;

/// What a runner is made from.
#[derive(Debug)]
pub struct RunnerConfig {
    /// The `cofferdam` binary, which compiles components in a process of its own.
    pub compiler: PathBuf,
    /// Where compiled code is kept; only this user may enter it.
    pub cache: Dir,
    /// Where calls get their `/tmp`; only this user may enter it.
    pub scratch: Dir,
    /// Bytes that all running calls together may have written to their `/tmp`.
    pub scratch_bytes: Bytes,
    /// Entries that all running calls together may have made in their `/tmp`.
    pub scratch_entries: Count,
    /// The most any tool gets.
    pub ceiling: Ceiling,
    /// Calls at once on this host.
    pub calls: u32,
    /// Calls at once of one agent.
    pub calls_per_agent: u32,
    /// Who is asked for the addresses of names; those of the system when empty.
    pub nameservers: Vec<SocketAddr>,
    /// Who answers requests to a host instead of it, without TLS, for tests of tools; nobody else is then connected to.
    /// Nothing for the network as it is.
    pub stand_ins: Option<Vec<(Scheme, Host, SocketAddr)>>,
    /// Values for the secrets that tools are granted.
    pub secrets: Secrets,
}

/// Loads components and calls tools.
#[derive(Debug)]
pub struct Runner {
    pub(crate) door: Arc<Door>,
    ceiling: Ceiling,
    calls_per_agent: u32,
}

/// A component that was loaded and checked, and not offered to anybody yet.
#[derive(Debug, Clone)]
pub struct Installed {
    pub(crate) component: Arc<Component>,
}

impl Runner {
    /// Starts the engine.
    pub fn new(config: RunnerConfig) -> Result<Self, EngineError> {
        let RunnerConfig {
            compiler,
            cache,
            scratch,
            scratch_bytes,
            scratch_entries,
            ceiling,
            calls,
            calls_per_agent,
            nameservers,
            stand_ins,
            secrets,
        } = config;
        let engine = Engine::new(EngineConfig {
            compiler,
            cache,
            scratch,
            scratch_bytes,
            scratch_entries,
            ceiling: ceiling.clone(),
            calls,
            nameservers,
            stand_ins,
        })?;
        let redactor = Redactor::new(&secrets);
        let door = Arc::new(Door { engine, secrets, redactor });
        Ok(Self { door, ceiling, calls_per_agent })
    }

    /// A queue for the calls of one agent.
    pub fn queue(&self) -> Arc<Queue> {
        Arc::new(Queue::new(self.calls_per_agent))
    }

    /// Loads a component. `origin` names it in errors; `supplied` is a manifest that an operator puts beside it.
    pub async fn load(&self, bytes: &[u8], origin: &str, supplied: Option<Manifest>) -> Result<Installed, ToolError> {
        Ok(Installed { component: self.door.engine.load(bytes, origin, supplied).await? })
    }

    /// What a component asks for beyond a manifest that somebody has decided about.
    pub fn beyond(&self, decided: &Manifest, installed: &Installed) -> Diff {
        Diff::new(decided, installed.manifest(), &self.ceiling)
    }

    /// Decides what the tools of a component may touch under this name. Nothing of it runs.
    pub fn grant(&self, installed: &Installed, name: &str, decision: Decision) -> Result<Grant, ToolError> {
        let component = &installed.component;
        Grant::new(name, component.digest(), component.manifest(), &self.ceiling, decision)
            .map_err(|source| ToolError::Grant { tool: name.to_owned(), source })
    }

    /// Makes the tools of a component: one for a command, one for each tool that a typed component lists, one for each
    /// function of a reflected component. They go by `name`, or by `name_tool` where there are several. `note` is what
    /// the operator says of it, in words for a model.
    pub async fn offer(
        &self,
        installed: &Installed,
        name: &str,
        note: &str,
        decision: Decision,
        queue: &Arc<Queue>,
    ) -> Result<Vec<Tool>, ToolError> {
        let component = &installed.component;
        let grant = Arc::new(self.grant(installed, name, decision)?);
        let tools = match component.shape() {
            Shape::Command => vec![Tool::command(name, note, Arc::clone(component), grant, Arc::clone(queue))],
            Shape::Typed => self.list(component, name, note, &grant, queue).await?,
            Shape::Reflected => reflected(component, name, note, &grant, queue)?,
        };
        tools.iter().for_each(Tool::make_known);
        Ok(tools)
    }

    async fn list(
        &self,
        component: &Arc<Component>,
        name: &str,
        note: &str,
        grant: &Arc<Grant>,
        queue: &Arc<Queue>,
    ) -> Result<Vec<Tool>, ToolError> {
        let wrong = |problem: String| ToolError::List { tool: name.to_owned(), problem };
        // Without secrets: there is nobody yet for whom the component works.
        let cancel = CancellationToken::new();
        let place = Place::Own(&queue.places);
        let (invocation, injections, caller) = (Invocation::List, Vec::new(), None);
        let call = Call { component, grant, invocation, injections, place, caller, cancel: &cancel };
        let report = self.door.engine.call(call).await;
        if !report.receipt.outcome.is_ok() {
            return Err(wrong(report.receipt.outcome.to_string()));
        }
        if report.tools.is_empty() || report.tools.len() > MAX_TOOLS {
            return Err(wrong(format!("it lists {} tools: expected 1 to {MAX_TOOLS}", report.tools.len())));
        }
        let single = report.tools.len() == 1;
        let mut tools: Vec<Tool> = Vec::new();
        for [own, description, input, output] in report.tools {
            if own.len() + description.len() + input.len() + output.len() > MAX_DESCRIPTOR {
                return Err(wrong(format!("the descriptor of `{own}` has more than {MAX_DESCRIPTOR} bytes")));
            }
            let full = if single { name.to_owned() } else { format!("{name}_{own}") };
            let description = described(note, &description);
            let entry = Entry::Typed { tool: own };
            let schema = serde_json::from_str(&input)
                .map_err(|error| wrong(format!("the input schema of `{full}` is not JSON: {error}")))?;
            // Nothing is held against it, so one that cannot be read is as good as none.
            let output = serde_json::from_str(&output).ok();
            let given = (Arc::clone(component), Arc::clone(grant), Arc::clone(queue));
            let tool = Tool::typed(&full, &description, schema, output, entry, given).map_err(&wrong)?;
            if tools.iter().any(|other| other.name() == tool.name()) {
                return Err(wrong(format!("it lists `{}` twice", tool.name())));
            }
            tools.push(tool);
        }
        Ok(tools)
    }
}

/// What a model reads of a tool: the operator's words, then its author's.
fn described(note: &str, own: &str) -> String {
    if note.is_empty() { own.to_owned() } else { format!("{note}\n\n{own}") }
}

/// The tools of a component whose functions are known without running it.
fn reflected(
    component: &Arc<Component>,
    name: &str,
    note: &str,
    grant: &Arc<Grant>,
    queue: &Arc<Queue>,
) -> Result<Vec<Tool>, ToolError> {
    let single = component.functions().count() == 1;
    let tool = |function: &Function| {
        let full = if single { name.to_owned() } else { format!("{name}_{}", function.name) };
        let description = described(note, &function.description);
        let entry = Entry::Typed { tool: function.name.clone() };
        let (schema, output) = (function.input_schema.clone(), Some(function.output_schema.clone()));
        let given = (Arc::clone(component), Arc::clone(grant), Arc::clone(queue));
        Tool::typed(&full, &description, schema, output, entry, given)
            .map_err(|problem| ToolError::List { tool: name.to_owned(), problem })
    };
    component.functions().map(tool).collect()
}

impl Installed {
    /// The digest of the component.
    pub fn digest(&self) -> Digest {
        self.component.digest()
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        self.component.size()
    }

    /// The manifest that holds for it.
    pub fn manifest(&self) -> &Manifest {
        self.component.manifest()
    }

    /// The interfaces it imports.
    pub fn imports(&self) -> &[String] {
        self.component.imports()
    }

    /// Imported interfaces of which every call is denied.
    pub fn denied_imports(&self) -> &[String] {
        self.component.denied_imports()
    }

    /// Rows of the manifest that the component cannot use, because it does not import what they need.
    pub fn needless_rows(&self) -> &[String] {
        self.component.needless_rows()
    }

    /// The interfaces it exports.
    pub fn exports(&self) -> &[String] {
        self.component.exports()
    }

    /// How it is called.
    pub fn shape(&self) -> Shape {
        self.component.shape()
    }

    /// What it exports and nobody can call, with the reason.
    pub fn refused(&self) -> &[(String, String)] {
        self.component.refused()
    }
}
