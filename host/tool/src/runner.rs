//! Components in, tools out.

use std::path::PathBuf;
use std::sync::Arc;

use cap_std::fs::Dir;
use cofferdam_capability::{Ceiling, Decision, Digest, Grant, Manifest};
use cofferdam_sandbox::{Component, Engine, EngineConfig, EngineError, Function, Invocation, Shape};
use tokio_util::sync::CancellationToken;

use crate::error::ToolError;
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
    /// The most any tool gets.
    pub ceiling: Ceiling,
    /// Calls at once on this host.
    pub calls: u32,
}

/// Loads components and calls tools.
#[derive(Debug)]
pub struct Runner {
    pub(crate) engine: Engine,
    ceiling: Ceiling,
}

/// A component that was loaded and checked, and not offered to anybody yet.
#[derive(Debug, Clone)]
pub struct Installed {
    pub(crate) component: Arc<Component>,
}

impl Runner {
    /// Starts the engine.
    pub fn new(config: RunnerConfig) -> Result<Self, EngineError> {
        let RunnerConfig { compiler, cache, ceiling, calls } = config;
        let engine = Engine::new(EngineConfig { compiler, cache, ceiling: ceiling.clone(), calls })?;
        Ok(Self { engine, ceiling })
    }

    /// Loads a component. `origin` names it in errors; `supplied` is a manifest that an operator puts beside it.
    pub async fn load(&self, bytes: &[u8], origin: &str, supplied: Option<Manifest>) -> Result<Installed, ToolError> {
        Ok(Installed { component: self.engine.load(bytes, origin, supplied).await? })
    }

    /// Makes the tools of a component: one for a command, one for each tool that a typed component lists, one for each
    /// function of a reflected component. They go by `name`, or by `name_tool` where there are several. `note` is what the operator says of it, in words for a model.
    pub async fn offer(
        &self,
        installed: &Installed,
        name: &str,
        note: &str,
        decision: Decision,
    ) -> Result<Vec<Tool>, ToolError> {
        let component = &installed.component;
        let grant = Grant::new(name, component.digest(), component.manifest(), &self.ceiling, decision)
            .map_err(|source| ToolError::Grant { tool: name.to_owned(), source })?;
        let grant = Arc::new(grant);
        match component.shape() {
            Shape::Command => Ok(vec![Tool::command(name, note, Arc::clone(component), grant)]),
            Shape::Typed => self.list(component, name, note, &grant).await,
            Shape::Reflected => reflected(component, name, note, &grant),
        }
    }

    async fn list(
        &self,
        component: &Arc<Component>,
        name: &str,
        note: &str,
        grant: &Arc<Grant>,
    ) -> Result<Vec<Tool>, ToolError> {
        let wrong = |problem: String| ToolError::List { tool: name.to_owned(), problem };
        let report = self.engine.call(component, grant, Invocation::List, &CancellationToken::new()).await;
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
            let description = if note.is_empty() { description } else { format!("{note}\n\n{description}") };
            let entry = Entry::Typed { tool: own };
            let schema = serde_json::from_str(&input)
                .map_err(|error| wrong(format!("the input schema of `{full}` is not JSON: {error}")))?;
            // Nothing is held against it, so one that cannot be read is as good as none.
            let output = serde_json::from_str(&output).ok();
            let (component, grant) = (Arc::clone(component), Arc::clone(grant));
            let tool = Tool::typed(&full, &description, schema, output, entry, component, grant).map_err(&wrong)?;
            if tools.iter().any(|other| other.name() == tool.name()) {
                return Err(wrong(format!("it lists `{}` twice", tool.name())));
            }
            tools.push(tool);
        }
        Ok(tools)
    }
}

/// The tools of a component whose functions are known without running it.
fn reflected(component: &Arc<Component>, name: &str, note: &str, grant: &Arc<Grant>) -> Result<Vec<Tool>, ToolError> {
    let single = component.functions().count() == 1;
    let tool = |function: &Function| {
        let full = if single { name.to_owned() } else { format!("{name}_{}", function.name) };
        let description = match note {
            "" => function.description.clone(),
            note => format!("{note}\n\n{}", function.description),
        };
        let entry = Entry::Typed { tool: function.name.clone() };
        let (schema, output) = (function.input_schema.clone(), Some(function.output_schema.clone()));
        Tool::typed(&full, &description, schema, output, entry, Arc::clone(component), Arc::clone(grant))
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
