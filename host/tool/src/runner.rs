//! Components in, tools out.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use cap_std::fs::Dir;
use cofferdam_call::{Descriptor, Outcome};
use cofferdam_capability::{
    Ceiling, Count, Decision, Diff, Digest, Grant, Guarded, Host, Manifest, PagemapScan, Scheme, check_tool_name,
};
use cofferdam_sandbox::{Component, Engine, EngineConfig, EngineError, Function, GuestThreads, Shape};

use crate::descriptors::{self, Descriptors};
use crate::dispatch::Door;
use crate::embed;
use crate::error::ToolError;
use crate::pins::Pins;
use crate::queue::Queue;
use crate::redact::Redactor;
use crate::schema::PatternSum;
use crate::secret::Secrets;
use crate::tool::{Entry, Tool};

/// What a runner is made from.
#[derive(Debug)]
pub struct RunnerConfig {
    /// The `cofferdam` binary, which compiles components in a process of its own.
    pub compiler: PathBuf,
    /// Where compiled code is kept; only this user may enter it.
    pub cache: Dir,
    /// Where calls get their `/tmp`; only this user may enter it.
    pub scratch: Dir,
    /// Where the descriptors of components are pinned that do not carry them; only this user may enter it.
    pub pins: Dir,
    /// Bytes that all running calls together may have written to their `/tmp`.
    pub scratch_bytes: cofferdam_capability::Bytes,
    /// Entries that all running calls together may have made in their `/tmp`.
    pub scratch_entries: Count,
    /// The most any tool gets.
    pub ceiling: Ceiling,
    /// Calls at once on this host.
    pub calls: u32,
    /// Descriptors that calls may hold together.
    pub descriptors: u32,
    /// Calls at once of one agent.
    pub calls_per_agent: u32,
    /// How the pool of sandboxes is reset between calls.
    pub pagemap_scan: PagemapScan,
    /// Who is asked for the addresses of names; those of the system when empty.
    pub nameservers: Vec<SocketAddr>,
    /// Who answers requests to a host instead of it, without TLS, for tests of tools; nobody else is then connected to.
    /// Nothing for the network as it is.
    pub stand_ins: Option<Vec<(Scheme, Host, SocketAddr)>>,
    /// Values for the secrets that tools are granted.
    pub secrets: Secrets,
    /// The data directory of the host. No offer holds it or lies in it, but for the workspaces that the host keeps there.
    pub data: Dir,
    /// Files that decide what runs next: no grant lets a tool replace one.
    pub guarded: Guarded,
}

/// Loads components and calls tools. Clones are the same runner.
#[derive(Debug, Clone)]
pub struct Runner {
    pub(crate) door: Arc<Door>,
    pins: Arc<Pins>,
    ceiling: Arc<Ceiling>,
    calls_per_agent: u32,
    data: Arc<Dir>,
    guarded: Arc<Guarded>,
}

/// A component that was loaded and checked, and not offered to anybody yet.
#[derive(Debug, Clone)]
pub struct Installed {
    pub(crate) component: Arc<Component>,
    /// What its section says; nothing for a component without one.
    descriptors: Option<Arc<Descriptors>>,
}

impl Runner {
    /// Starts the engine.
    pub fn new(config: RunnerConfig) -> Result<Self, EngineError> {
        let RunnerConfig {
            compiler,
            cache,
            scratch,
            pins,
            scratch_bytes,
            scratch_entries,
            ceiling,
            calls,
            calls_per_agent,
            descriptors,
            pagemap_scan,
            nameservers,
            stand_ins,
            secrets,
            data,
            guarded,
        } = config;
        let engine = Engine::new(EngineConfig {
            compiler,
            cache,
            scratch,
            scratch_bytes,
            scratch_entries,
            ceiling: ceiling.clone(),
            calls,
            descriptors,
            pagemap_scan,
            nameservers,
            stand_ins,
        })?;
        let redactor = Redactor::new(&secrets);
        let threads = GuestThreads::start().map_err(EngineError::Threads)?;
        let door = Arc::new(Door { engine, threads, secrets, redactor });
        let (pins, ceiling, data) = (Arc::new(Pins::new(pins)), Arc::new(ceiling), Arc::new(data));
        Ok(Self { door, pins, ceiling, calls_per_agent, data, guarded: Arc::new(guarded) })
    }

    /// The same runner, whose tools may replace nothing of what `add` guards either.
    ///
    /// # Errors
    ///
    /// Those of `add`.
    pub fn guarding(&self, add: impl FnOnce(&mut Guarded) -> std::io::Result<()>) -> std::io::Result<Self> {
        let mut guarded = Guarded::clone(&self.guarded);
        add(&mut guarded)?;
        Ok(Self { guarded: Arc::new(guarded), ..self.clone() })
    }

    /// A queue for the calls of one agent.
    pub fn queue(&self) -> Arc<Queue> {
        Arc::new(Queue::new(self.door.engine.line(self.calls_per_agent)))
    }

    /// Loads a component, and runs nothing of it. `origin` names it in errors; `supplied` is a manifest that an operator
    /// puts beside it. Its bytes are somebody else's, so they are read on the threads of guests.
    pub async fn load(&self, bytes: Bytes, origin: &str, supplied: Option<Manifest>) -> Result<Installed, ToolError> {
        let (door, name) = (Arc::clone(&self.door), origin.to_owned());
        let work = async move {
            let component = door.engine.load(&bytes, &name, supplied).await?;
            let descriptors = component.descriptors().map(Descriptors::from_json).transpose();
            let descriptors = descriptors.map_err(|problem| ToolError::Descriptors {
                origin: name.clone(),
                problem: descriptors::unusable(&problem),
            })?;
            Ok(Installed { component, descriptors: descriptors.map(Arc::new) })
        };
        let lost = || ToolError::Lost { origin: origin.to_owned() };
        self.door.threads.run(work).await.unwrap_or_else(|| Err(lost()))
    }

    /// Writes into a component of typed tools which tools it has, as it lists them under a grant that gives nothing.
    /// Others come back as they are. What no host would offer is refused.
    pub async fn described(&self, bytes: Bytes, manifest: &Manifest) -> Result<Vec<u8>, ToolError> {
        let name = manifest.tool.name.as_str();
        let wrong = |problem: String| ToolError::Descriptors { origin: name.to_owned(), problem };
        let installed = self.load(bytes.clone(), name, Some(manifest.clone())).await?;
        if installed.shape() != Shape::Typed {
            return Ok(bytes.to_vec());
        }
        let queue = self.queue();
        let descriptors = self.list(&installed.component, name, &queue).await?;
        let grant = self.granted(&installed.component, name, &Manifest::empty(), Decision::default())?;
        let grant = Arc::new(grant);
        typed(&installed.component, &descriptors, name, "", &grant, &queue)?;
        let json = descriptors.to_canonical_json().map_err(wrong)?;
        embed::embed_descriptors(&bytes, &json).map_err(|error| wrong(error.to_string()))
    }

    /// What a component asks for beyond a manifest that somebody has decided about.
    pub fn beyond(&self, decided: &Manifest, installed: &Installed) -> Diff {
        Diff::new(decided, installed.manifest(), &self.ceiling)
    }

    /// Decides what the tools of a component may touch under this name. Nothing of it runs.
    pub fn grant(&self, installed: &Installed, name: &str, decision: Decision) -> Result<Grant, ToolError> {
        let refused = decision.offers.iter().try_for_each(|offer| offer.refuse_host_data(&self.data));
        let wrong = |source| ToolError::Grant { tool: name.to_owned(), source };
        refused.map_err(wrong)?;
        let grant = self.granted(&installed.component, name, installed.manifest(), decision)?;
        self.guarded.check(&grant).map_err(wrong)?;
        Ok(grant)
    }

    /// Makes the tools of a component: one for a command, one for each tool that a typed component describes, one for each
    /// function of a reflected component. They go by `name`, or by `name_tool` where there are several. `note` is what
    /// the operator says of it, in words for a model.
    ///
    /// Only a typed component without descriptors runs here: it lists its tools under a grant that gives nothing, and
    /// has to list the same ones ever after. Schemas are somebody else's, so they are read on the threads of guests.
    pub async fn offer(
        &self,
        installed: &Installed,
        name: &str,
        note: &str,
        decision: Decision,
        queue: &Arc<Queue>,
    ) -> Result<Vec<Tool>, ToolError> {
        let (runner, installed, queue) = (self.clone(), installed.clone(), Arc::clone(queue));
        let (own, note) = (name.to_owned(), note.to_owned());
        let work = async move { runner.make(&installed, &own, &note, decision, &queue).await };
        let lost = || ToolError::Lost { origin: name.to_owned() };
        self.door.threads.run(work).await.unwrap_or_else(|| Err(lost()))
    }

    async fn make(
        &self,
        installed: &Installed,
        name: &str,
        note: &str,
        decision: Decision,
        queue: &Arc<Queue>,
    ) -> Result<Vec<Tool>, ToolError> {
        let component = &installed.component;
        let refused = |problem| ToolError::Offer { tool: name.to_owned(), problem };
        check_tool_name(name).map_err(refused)?;
        descriptors::check_words(name, note).map_err(refused)?;
        let grant = Arc::new(self.grant(installed, name, decision)?);
        let tools = match (component.shape(), &installed.descriptors) {
            (Shape::Command, _) => vec![Tool::command(name, note, Arc::clone(component), grant, Arc::clone(queue))],
            (Shape::Typed, Some(descriptors)) => typed(component, descriptors, name, note, &grant, queue)?,
            (Shape::Typed, None) => {
                let refused = |problem| ToolError::Offer { tool: name.to_owned(), problem };
                self.pins.before(component.digest()).map_err(refused)?;
                let listed = self.list(component, name, queue).await?;
                self.pins.check(component.digest(), &listed).map_err(refused)?;
                typed(component, &listed, name, note, &grant, queue)?
            }
            (Shape::Reflected, _) => reflected(component, name, note, &grant, queue)?,
        };
        tools.iter().for_each(Tool::make_known);
        Ok(tools)
    }

    fn granted(
        &self,
        component: &Component,
        name: &str,
        manifest: &Manifest,
        decision: Decision,
    ) -> Result<Grant, ToolError> {
        Grant::new(name, component.digest(), manifest, &self.ceiling, decision)
            .map_err(|source| ToolError::Grant { tool: name.to_owned(), source })
    }

    /// Asks a component which tools it has, under a grant that gives nothing and the default limits.
    async fn list(&self, component: &Arc<Component>, name: &str, queue: &Queue) -> Result<Descriptors, ToolError> {
        let wrong = |problem: String| ToolError::List { tool: name.to_owned(), problem };
        let grant = Arc::new(self.granted(component, name, &Manifest::empty(), Decision::default())?);
        let listed = self.door.list(Arc::clone(component), grant, Arc::clone(&queue.places)).await;
        let listed = listed.ok_or_else(|| wrong("the host failed while it was asked; its log says more".to_owned()))?;
        match listed.report.receipt.outcome {
            Outcome::Ok => Descriptors::listed(listed.tools).map_err(wrong),
            outcome => Err(wrong(outcome.to_string())),
        }
    }
}

/// The tools of a component of typed tools, as its descriptors say.
fn typed(
    component: &Arc<Component>,
    descriptors: &Descriptors,
    name: &str,
    note: &str,
    grant: &Arc<Grant>,
    queue: &Arc<Queue>,
) -> Result<Vec<Tool>, ToolError> {
    let single = descriptors.iter().len() == 1;
    let mut patterns = PatternSum::default();
    let tool = |own: &Descriptor| {
        let full = if single { name.to_owned() } else { format!("{name}_{}", own.name) };
        let description = descriptors::joined(note, &own.description);
        let descriptor = Descriptor { name: full, description, ..own.clone() };
        let entry = Entry::Typed { tool: own.name.clone() };
        let given = (Arc::clone(component), Arc::clone(grant), Arc::clone(queue));
        let tool = Tool::typed(descriptor, entry, given, &mut patterns);
        tool.map_err(|problem| ToolError::Offer { tool: name.to_owned(), problem })
    };
    descriptors.iter().map(tool).collect()
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
    let wrong = |problem| ToolError::Offer { tool: name.to_owned(), problem };
    let mut patterns = PatternSum::default();
    let tool = |function: &Function| {
        let descriptor = Descriptor {
            name: if single { name.to_owned() } else { format!("{name}_{}", function.name) },
            description: descriptors::joined(note, &function.description),
            input_schema: function.input_schema.clone(),
            output_schema: Some(function.output_schema.clone()),
        };
        let entry = Entry::Typed { tool: function.name.clone() };
        let given = (Arc::clone(component), Arc::clone(grant), Arc::clone(queue));
        Tool::typed(descriptor, entry, given, &mut patterns).map_err(wrong)
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

    /// Returns true if it is known without running it which tools it has.
    pub fn is_described(&self) -> bool {
        self.descriptors.is_some() || self.shape() != Shape::Typed
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
