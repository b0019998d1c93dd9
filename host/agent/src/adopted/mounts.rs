//! The mounts of a tree that another program has made. There a mount is a link, `<root>/<target>`,
//! to a directory of the machine.
//!
//! Tools write in `workspace` and `home`, where such links lie too. A tool can make no absolute
//! link, but it can exchange two of them; so the directory that each target led to first is kept,
//! and a link that leads elsewhere later is no mount.

use std::collections::BTreeMap;
use std::io::{Error, Read};
use std::path::PathBuf;

use cap_std::fs::Dir;

use crate::agent_yaml::MountYaml;
use crate::deployment::Mount;
use crate::error::AgentError;
use crate::files;

/// The file in the data directory that keeps where each target leads.
const KEPT: &str = "mounts.json";

/// The largest such file that is read, in bytes (256 KiB): many times what 32 mounts take.
const MAX_KEPT: u64 = 256 << 10;

/// The directory that each target led to when the agent was started first.
pub(super) struct KeptMounts {
    /// The data directory.
    pub(super) data: Dir,
    /// Its path, for messages.
    pub(super) path: PathBuf,
}

impl KeptMounts {
    /// The mounts that the agent of a tree has. One that cannot be is left out, with a line in the
    /// log.
    pub(super) fn mounts(&self, tree: &Dir, rows: &[MountYaml]) -> Result<Vec<Mount>, AgentError> {
        let mut kept = self.read()?;
        let before = kept.clone();
        let mut mounts = Vec::new();
        for row in rows {
            match mount(tree, row, &kept) {
                Ok(mount) => {
                    kept.insert(mount.target.clone(), mount.host.clone());
                    mounts.push(mount);
                }
                Err(problem) => tracing::warn!("mount {}: it is left out: {problem}", row.target),
            }
        }
        if kept != before {
            self.write(&kept)?;
        }
        Ok(mounts)
    }

    fn read(&self) -> Result<BTreeMap<String, String>, AgentError> {
        if !self.data.exists(KEPT) {
            return Ok(BTreeMap::new());
        }
        let mut bytes = Vec::new();
        files::open(&self.data, KEPT)
            .and_then(|file| file.take(MAX_KEPT).read_to_end(&mut bytes))
            .map_err(|error| self.wrong(error))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            self.wrong(Error::other(format!(
                "{error}: remove it, and it is made anew"
            )))
        })
    }

    fn write(&self, kept: &BTreeMap<String, String>) -> Result<(), AgentError> {
        let new = format!("{KEPT}.new");
        let bytes = serde_json::to_vec_pretty(kept);
        bytes
            .map_err(Error::other)
            .and_then(|bytes| self.data.write(&new, bytes))
            .and_then(|()| self.data.open(&new)?.sync_all())
            .and_then(|()| self.data.rename(&new, &self.data, KEPT))
            .map_err(|error| self.wrong(error))
    }

    fn wrong(&self, source: Error) -> AgentError {
        AgentError::Tree {
            path: self.path.join(KEPT),
            source,
        }
    }
}

/// The mount that a link makes, or the reason why there is none.
fn mount(tree: &Dir, row: &MountYaml, kept: &BTreeMap<String, String>) -> Result<Mount, Error> {
    let MountYaml {
        target,
        description,
        read_only,
    } = row;
    let link = tree.read_link_contents(target.trim_start_matches('/'));
    let link = link.map_err(|error| {
        Error::other(format!(
            "there is no link of this name in the tree, which would lead to its directory: {error}"
        ))
    })?;
    let Some(host) = link.to_str().filter(|_| link.is_absolute()) else {
        return Err(Error::other(
            "its link in the tree does not name an absolute path, and so an executor has not made \
             it",
        ));
    };
    if let Some(first) = kept.get(target).filter(|first| *first != host) {
        return Err(Error::other(format!(
            "its link leads to {host}, and led to {first} when the agent was started first: remove \
             {KEPT} from its data directory if that is right"
        )));
    }
    let mount = Mount {
        host: host.to_owned(),
        target: target.clone(),
        description: description.clone(),
        read_only: *read_only,
    };
    mount.check().map_err(Error::other)?;
    Ok(mount)
}
