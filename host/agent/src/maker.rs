//! Agents made from an Agentfile, or made again from what lies in their trees.

use std::fmt;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use cap_std::fs::Dir;
use cofferdam_call::MAX_COMPONENT;
use cofferdam_image::agentfile::{self, AgentName, Agentfile, Source};
use cofferdam_image::{AgentImage, Error as ImageError, Images, Reference};
use cofferdam_store::{AgentHome, KnownAgent};

use crate::agent::Agent;
use crate::build::{Builder, Made, revision};
use crate::component::{Component, component, component_of};
use crate::decisions::Accepted;
use crate::deployment::{Deployment, stored};
use crate::error::AgentError;
use crate::homes;
use crate::life::Life;
use crate::pinned::Pinned;
use crate::renewal::Renewal;
use crate::revision::BINS;
use crate::workspace::Workspace;

/// Makes agents.
#[derive(Debug)]
pub(crate) struct Maker {
    trees: Dir,
    path: PathBuf,
    images: Arc<Images>,
    builder: RwLock<Arc<Builder>>,
    accepted: Vec<Accepted>,
}

/// The thing that an agent is made from.
#[derive(Debug, Clone)]
pub enum AgentSource {
    /// An Agentfile.
    File(PathBuf),
    /// An image of this machine or of a registry.
    Image {
        /// Its reference.
        reference: Reference,
        /// The directory in which the file of a model `script/FILE` lies; may be empty.
        home: PathBuf,
    },
}

/// An Agentfile that was read, before anything is made from it.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) agentfile: Agentfile,
    /// The text, as it is written.
    source: Vec<u8>,
    /// The directory that its paths begin at.
    home: PathBuf,
    /// The image that it came in, if it did.
    image: Option<Box<AgentImage>>,
}

/// An agent that works, and whose tree has what it needs beside what it has. It counts once this is
/// finished; a tree that another version is in stays as it is until then.
pub(crate) struct Prepared {
    agent: Agent,
    workspace: Workspace,
    changed: bool,
    /// Choices of its operator without effect, each as a sentence.
    pub(crate) notes: Vec<String>,
}

impl Draft {
    /// Reads an Agentfile, with the files beside it and the image that it builds on.
    async fn read(file: &Path, images: &Images) -> Result<Self, AgentError> {
        let text = agentfile::read_text(file)?;
        // The parent of a name alone is empty, which is no path.
        let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let home = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        let source = Source {
            text: text.clone(),
            file: file.to_owned(),
            home: home.clone(),
        };
        let agentfile = match images.read_agentfile(source).await {
            Err(ImageError::Agentfile(error)) => return Err((*error).into()),
            read => read.map_err(wrong_image)?,
        };
        Ok(Self {
            agentfile,
            source: text.into_bytes(),
            home,
            image: None,
        })
    }

    /// The agent of an image.
    fn of_image(image: AgentImage, home: PathBuf) -> Self {
        let source = image.source.clone().unwrap_or_default();
        Self {
            agentfile: image.agentfile.clone(),
            source: source.into_bytes(),
            home,
            image: Some(Box::new(image)),
        }
    }

    /// The directory that its paths begin at, as it is stored.
    pub(crate) fn home(&self) -> String {
        self.home.display().to_string()
    }

    /// The reference of its image; empty for an Agentfile.
    pub(crate) fn image(&self) -> String {
        let image = self.image.as_ref();
        image.map_or_else(String::new, |image| image.reference.to_string())
    }

    /// The digest of its image; empty for an Agentfile.
    pub(crate) fn image_digest(&self) -> String {
        let image = self.image.as_ref();
        image.map_or_else(String::new, |image| image.digest.to_string())
    }

    /// Gives the agent another name than its Agentfile does.
    pub(crate) fn rename(&mut self, name: AgentName) {
        self.agentfile.name = Some(name);
    }

    /// Refuses an agent without a name.
    pub(crate) fn check_name(&self) -> Result<(), AgentError> {
        if self.agentfile.name.is_some() {
            return Ok(());
        }
        Err(AgentError::NoName {
            image: self.image(),
        })
    }
}

impl Prepared {
    /// Lets the agent count.
    pub(crate) fn finish(self) -> Result<Agent, AgentError> {
        if self.changed {
            self.workspace.finish()?;
        }
        Ok(self.agent)
    }

    /// Leaves the tree as it was.
    pub(crate) fn discard(self) {
        if self.changed {
            self.workspace.discard();
        }
    }
}

impl Maker {
    /// Makes agents in `trees`, which lie at `path`.
    pub(crate) fn new(
        trees: Dir,
        path: PathBuf,
        images: Arc<Images>,
        builder: Builder,
        accepted: Vec<Accepted>,
    ) -> Self {
        Self {
            trees,
            path,
            images,
            builder: RwLock::new(Arc::new(builder)),
            accepted,
        }
    }

    /// The trees of all agents.
    pub(crate) fn trees(&self) -> &Dir {
        &self.trees
    }

    /// The place of these trees.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The parts that agents are made with now.
    pub(crate) fn builder(&self) -> Arc<Builder> {
        let builder = self.builder.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&builder)
    }

    /// Reads an Agentfile, or an image, which is pulled if it is not here.
    pub(crate) async fn draft(&self, source: &AgentSource) -> Result<Draft, AgentError> {
        match source {
            AgentSource::File(file) => Draft::read(file, &self.images).await,
            AgentSource::Image { reference, home } => {
                let image = self.images.agent(reference).await;
                Ok(Draft::of_image(image.map_err(wrong_image)?, home.clone()))
            }
        }
    }

    /// Reads the image of an agent that was never made.
    pub(crate) async fn draft_again(&self, row: &KnownAgent) -> Result<Draft, AgentError> {
        let reference = row.image.parse();
        let reference = reference.map_err(|error| wrong_image(ImageError::Reference(error)))?;
        let home = PathBuf::from(&row.home);
        let mut draft = self.draft(&AgentSource::Image { reference, home }).await?;
        if let Ok(name) = row.name.parse() {
            draft.rename(name);
        }
        Ok(draft)
    }

    /// Keeps the tools of agents that are made from now on from replacing what a new agent is made
    /// from.
    pub(crate) fn guard(&self, draft: &Draft) -> Result<(), AgentError> {
        // Nothing of an image lies where a tool could replace it.
        if draft.image.is_some() {
            return Ok(());
        }
        let mut builder = self.builder.write().unwrap_or_else(PoisonError::into_inner);
        let runner = homes::guarded_draft(&builder.runner, &draft.home, &draft.agentfile)?;
        *builder = Arc::new(Builder {
            runner: Arc::new(runner),
            ..Builder::clone(&builder)
        });
        Ok(())
    }

    /// Makes agents with other decisions of the operator from now on. Their tools may not replace
    /// what the agents of these homes are made from either.
    pub(crate) fn renew(&self, renewal: Renewal, homes: &[AgentHome]) -> Result<(), AgentError> {
        let Renewal {
            choices,
            decisions,
            withheld,
        } = renewal;
        let mut builder = self.builder.write().unwrap_or_else(PoisonError::into_inner);
        let runner = builder.runner.renewed(choices);
        *builder = Arc::new(Builder {
            runner: Arc::new(homes::guarded(&runner, &self.path, homes)?),
            decisions,
            withheld,
            ..Builder::clone(&builder)
        });
        Ok(())
    }

    /// Finds the tools of an agent. `known` is the agent as it was before, if there was one.
    pub(crate) async fn components(
        &self,
        draft: &Draft,
        known: Option<&KnownAgent>,
    ) -> Result<Vec<Component>, AgentError> {
        let builder = self.builder();
        let pinned = Pinned {
            runner: &builder.runner,
            trees: &self.trees,
            path: &self.path,
            accepted: &self.accepted,
        };
        let name = draft.agentfile.name();
        let mut components = Vec::new();
        if let Some(image) = &draft.image {
            for bin in &draft.agentfile.bins {
                components.push(component_of(&self.images, name, image, bin).await?);
            }
            return Ok(components);
        }
        for bin in &draft.agentfile.bins {
            let found = component(&self.images, name, bin, &draft.home).await?;
            components.push(match known {
                Some(known) => pinned.decided(known, bin, found).await?,
                None => found,
            });
        }
        Ok(components)
    }

    /// Builds an agent, and prepares its tree. The new revision lies beside the old one until it is
    /// finished.
    pub(crate) async fn prepare(
        &self,
        row: &KnownAgent,
        draft: &Draft,
        components: &[Component],
        life: Arc<Life>,
    ) -> Result<Prepared, AgentError> {
        let workspace = self.workspace(&row.id)?;
        let created = created(row)?;
        // It is stored once the agent is made.
        let row = &KnownAgent {
            image_digest: draft.image_digest(),
            ..row.clone()
        };
        let Made {
            agent,
            texts,
            notes,
        } = Box::pin(self.builder().build(
            row,
            &draft.agentfile,
            &created,
            components,
            workspace.clone(),
            life,
        ))
        .await?;
        let revision = revision(&draft.source, &draft.agentfile, components, texts);
        let changed = !workspace.has(&revision)?;
        if changed {
            workspace.prepare(&revision)?;
        }
        Ok(Prepared {
            agent,
            workspace,
            changed,
            notes,
        })
    }

    /// Makes an agent again from its tree.
    pub(crate) async fn restore(
        &self,
        row: &KnownAgent,
        life: Arc<Life>,
    ) -> Result<Agent, AgentError> {
        if !self.trees.exists(&row.id) {
            let source = Error::new(
                ErrorKind::NotFound,
                "it is missing: put it back, or make the agent anew with --agentfile",
            );
            return Err(AgentError::Tree {
                path: self.path.join(&row.id),
                source,
            });
        }
        let workspace = self.workspace(&row.id)?;
        let mut agentfile = workspace.agentfile()?;
        // The name that people use is the operator's, where the two differ.
        if let Ok(name) = row.name.parse() {
            agentfile.name = Some(name);
        }
        let mut components = Vec::new();
        for bin in &agentfile.bins {
            let bytes = workspace.read(&format!("{BINS}{}", bin.name), MAX_COMPONENT)?;
            components.push(Component::new(bytes, workspace.read_usage(&bin.name)?));
        }
        let created = created(row)?;
        let Made { agent, texts, .. } = Box::pin(self.builder().build(
            row,
            &agentfile,
            &created,
            &components,
            workspace.clone(),
            life,
        ))
        .await?;
        let source = workspace.written()?;
        let revision = revision(&source, &agentfile, &components, texts).with_bins_of_tree();
        // Another version of this host may word the documents otherwise. The agent reads them from
        // memory.
        let written = match workspace.has(&revision) {
            Ok(true) => Ok(()),
            _ => workspace
                .prepare(&revision)
                .and_then(|()| workspace.finish()),
        };
        if let Err(error) = written {
            tracing::warn!(
                agent = row.name,
                "the documents in its tree stay as they were: {error}"
            );
        }
        Ok(agent)
    }

    /// Removes the tree of an agent, if there is one.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), AgentError> {
        let wrong = |source| AgentError::Tree {
            path: self.path.join(id),
            source,
        };
        let trees = self.trees.try_clone().map_err(wrong)?;
        let name = id.to_owned();
        let removed = tokio::task::spawn_blocking(move || trees.remove_dir_all(name)).await;
        match removed.map_err(|error| wrong(Error::other(error)))? {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(wrong(error)),
            _ => Ok(()),
        }
    }

    fn workspace(&self, id: &str) -> Result<Workspace, AgentError> {
        Workspace::open(&self.trees, id, self.path.join(id))
    }
}

/// The operator's choices with which an agent was created.
fn created(row: &KnownAgent) -> Result<Deployment, AgentError> {
    stored(&row.deployment).map_err(|source| AgentError::Deployment {
        agent: row.name.clone(),
        source,
    })
}

fn wrong_image(source: ImageError) -> AgentError {
    AgentError::AgentImage {
        source: Box::new(source),
    }
}

// === impl AgentSource ===

impl fmt::Display for AgentSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Image { reference, .. } => reference.fmt(f),
        }
    }
}
