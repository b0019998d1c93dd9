//! Directories of this machine that an agent's tools see.

use std::path::Path;

use cap_std::fs::Dir;
use cofferdam_capability::{Access, GuestPath, Manifest, Offer};

use crate::deployment::{Deployment, Mount};
use crate::error::AgentError;

/// The mounts of an agent. Each directory is opened once; no path leads to it again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mounts(Vec<OpenMount>);

/// A directory that is mounted.
#[derive(Debug, Clone)]
pub(crate) struct OpenMount {
    /// The words that a model reads about it; may be empty.
    pub(crate) description: String,
    offer: Offer,
}

impl Mounts {
    /// Opens the directories of a deployment.
    ///
    /// # Errors
    ///
    /// A mount is not written as it should be, or its directory cannot be opened.
    pub(crate) fn open(agent: &str, deployment: &Deployment) -> Result<Self, AgentError> {
        deployment
            .check()
            .map_err(|source| AgentError::Deployment {
                agent: agent.to_owned(),
                source,
            })?;
        let open = |mount: &Mount| {
            let guest = mount.check().map_err(|source| AgentError::Deployment {
                agent: agent.to_owned(),
                source,
            })?;
            let offer = Offer::host_directory(Path::new(&mount.host), guest, mount.access());
            Ok(OpenMount {
                description: mount.description.clone(),
                offer: offer.map_err(|source| AgentError::Mount {
                    agent: agent.to_owned(),
                    target: mount.target.clone(),
                    source: Box::new(source),
                })?,
            })
        };
        deployment
            .mounts
            .iter()
            .map(open)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &OpenMount> {
        self.0.iter()
    }

    /// The mounts that a manifest asks for. `only` names those that this tool may see; all of them
    /// where it names none.
    pub(crate) fn offers<'a>(
        &'a self,
        manifest: &'a Manifest,
        only: Option<&'a [GuestPath]>,
    ) -> impl Iterator<Item = Offer> + 'a {
        let is_asked = |mount: &&OpenMount| asks_for(manifest, mount.target());
        let may_see =
            move |mount: &&OpenMount| only.is_none_or(|only| only.contains(mount.target()));
        let shown = self.0.iter().filter(is_asked).filter(may_see);
        shown.map(|mount| mount.offer.clone())
    }

    /// Makes the names in the workspace under which tools that list it find the mounts. A tool can
    /// put something else there; the mount is then reached by its name and not listed.
    pub(crate) fn make_points(&self, agent: &str, tree: &Dir) {
        for mount in &self.0 {
            let target = mount.target();
            if !GuestPath::working_directory().contains(target) {
                continue;
            }
            if let Err(error) = tree.create_dir_all(target.below_root()) {
                tracing::warn!(
                    agent,
                    "mount {target}: it is not listed in the workspace, where something else has \
                     its name: {error}"
                );
            }
        }
    }
}

impl OpenMount {
    /// The path that tools see.
    pub(crate) fn target(&self) -> &GuestPath {
        self.offer.guest()
    }

    /// The most that a tool may do in it.
    pub(crate) fn access(&self) -> Access {
        self.offer.access()
    }
}

/// Returns true if a manifest has a row for a directory, for one that holds it, or for one in it.
pub(crate) fn asks_for(manifest: &Manifest, place: &GuestPath) -> bool {
    let mut rows = manifest.fs.iter();
    rows.any(|row| row.path.contains(place) || place.contains(&row.path))
}
