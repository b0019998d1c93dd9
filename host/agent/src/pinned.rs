//! A moved tag: the reference of a `BIN` means another component than the one in use.
//!
//! The operator has decided about the component that the agent has. One that asks for more is not
//! taken in its place until the operator accepts it by its digest; a reference that was changed in
//! the Agentfile is such a decision by itself, and so is a file beside the Agentfile.

use std::path::Path;

use bytes::Bytes;
use cap_std::fs::Dir;
use cofferdam_call::MAX_COMPONENT;
use cofferdam_capability::Manifest;
use cofferdam_image::ToolSource;
use cofferdam_image::agentfile::{Agentfile, Bin};
use cofferdam_store::KnownAgent;
use cofferdam_tool::{Installed, Runner};

use crate::component::Component;
use crate::decisions::Accepted;
use crate::error::AgentError;
use crate::kept;
use crate::workspace::Workspace;

/// The component that an agent uses for a BIN.
struct InUse {
    component: Component,
    installed: Installed,
}

/// The operator's earlier decision about a BIN.
enum Before {
    /// Nothing: the BIN is new, or its line in the Agentfile has changed.
    Nothing,
    /// The component in the tree.
    Use(InUse),
    /// A component that cannot be read any more, so nothing is known of it.
    Lost,
}

/// The components in use, and those that the operator accepts in their place.
pub(crate) struct Pinned<'a> {
    pub(crate) runner: &'a Runner,
    /// The trees of all agents, and their path.
    pub(crate) trees: &'a Dir,
    pub(crate) path: &'a Path,
    pub(crate) accepted: &'a [Accepted],
}

impl Pinned<'_> {
    /// Returns the component to use for a BIN of an agent that there was before: `found`, unless it
    /// asks for more than the one in use.
    pub(crate) async fn decided(
        &self,
        row: &KnownAgent,
        bin: &Bin,
        found: Component,
    ) -> Result<Component, AgentError> {
        let agent = &row.name;
        let ToolSource::Image(reference) = &bin.source else {
            return Ok(found);
        };
        let before = self.before(row, bin).await?;
        let (in_use, decided) = match before {
            Before::Nothing => return Ok(found),
            Before::Use(InUse {
                component,
                installed,
            }) => {
                let manifest = installed.manifest().clone();
                (Some((component, installed.digest())), manifest)
            }
            Before::Lost => (None, Manifest::empty()),
        };
        let digest = found.digest();
        let accepted = Accepted {
            agent: agent.clone(),
            bin: bin.name.clone(),
            component: digest,
        };
        if in_use.as_ref().is_some_and(|(_, used)| *used == digest)
            || self.accepted.contains(&accepted)
        {
            return Ok(found);
        }
        let wrong = |source| AgentError::Tool {
            agent: agent.clone(),
            bin: bin.name.clone(),
            source: Box::new(source),
        };
        let installed = self
            .runner
            .load(found.bytes.clone(), &format!("BIN {}", bin.name), None)
            .await
            .map_err(wrong)?;
        let beyond = self.runner.beyond(&decided, &installed);
        if !beyond.is_widened() {
            tracing::info!(
                agent,
                bin = bin.name,
                component = %digest,
                "{reference} is another component now"
            );
            return Ok(found);
        }
        let accept = format!(
            "read it with `cofferdam tool inspect {reference}`, and accept it with `--accept \
             {agent}:{}@{digest}`",
            bin.name
        );
        match in_use {
            Some((component, used)) => {
                tracing::warn!(
                    agent,
                    bin = bin.name,
                    "{reference} is withheld: it means {digest} now, whose manifest asks for more \
                     than that of {used}, which stays in use: {beyond}; {accept}"
                );
                Ok(component)
            }
            None => Err(AgentError::Bin {
                agent: agent.clone(),
                bin: bin.name.clone(),
                problem: format!(
                    "the component in use cannot be read, so {digest}, which {reference} means now \
                     and which asks for {beyond}, is not taken in its place; {accept}"
                ),
            }),
        }
    }

    async fn before(&self, row: &KnownAgent, bin: &Bin) -> Result<Before, AgentError> {
        // This also ends a switch to another revision that a killed host has begun.
        let workspace = Workspace::open(self.trees, &row.id, self.path.join(&row.id))?;
        let Ok(Agentfile { bins, .. }) = kept::agentfile(&self.path.join(&row.id)) else {
            return Ok(Before::Lost);
        };
        if !bins
            .iter()
            .any(|old| old.name == bin.name && old.source == bin.source)
        {
            return Ok(Before::Nothing);
        }
        let Ok(bytes) = workspace.read(&format!("usr/bin/{}", bin.name), MAX_COMPONENT) else {
            return Ok(Before::Lost);
        };
        let bytes = Bytes::from(bytes);
        let usage = workspace.read_usage(&bin.name)?;
        match self
            .runner
            .load(bytes.clone(), &format!("BIN {}", bin.name), None)
            .await
        {
            Ok(installed) => Ok(Before::Use(InUse {
                component: Component::new(bytes, usage),
                installed,
            })),
            Err(_) => Ok(Before::Lost),
        }
    }
}
