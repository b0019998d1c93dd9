//! Manifests are pinned at the start: a replaced component may ask for no more than its pinned
//! manifest, a new one for nothing, because the operator has seen no other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cofferdam_capability::{Digest, Manifest};
use cofferdam_tool::Runner;

use super::named::{Component, Found};
use crate::cmd::tool::source::Source;

/// The files as they were at the start.
#[derive(Debug, Default)]
pub(super) struct PinnedManifests(BTreeMap<PathBuf, Before>);

/// A file at the start.
#[derive(Debug)]
struct Before {
    manifest: Manifest,
    digest: Digest,
}

impl PinnedManifests {
    pub(super) fn about(found: &[Arc<Found>]) -> Self {
        let of = |found: &Arc<Found>| {
            let before = Before {
                manifest: found.outlook.manifest().clone(),
                digest: found.digest,
            };
            Some((found.file.clone()?, before))
        };
        Self(found.iter().filter_map(of).collect())
    }

    /// Returns true if the file has the same content as at the start.
    pub(super) fn is_as_before(&self, file: &Path) -> bool {
        let now = || Source::file(file).ok();
        self.0.get(file).is_some_and(|before| {
            now().is_some_and(|now| Digest::of(&now.component) == before.digest)
        })
    }

    /// The reason why a component is not offered, for the operator. What came as an image is what
    /// it was.
    pub(super) fn refuses(&self, runner: &Runner, component: &Component) -> Option<String> {
        let Component {
            installed,
            origin,
            file,
            ..
        } = component;
        let pinned = self.0.get(file.as_ref()?).map(|before| &before.manifest);
        let beyond = runner.beyond(pinned.unwrap_or(&Manifest::empty()), installed);
        if !beyond.is_widened() {
            return None;
        }
        let asks = match pinned {
            Some(_) => format!("its manifest asks for more than when this was started: {beyond}"),
            None => format!(
                "it was not there when this was started, and its manifest asks for {beyond}"
            ),
        };
        Some(format!(
            "{origin} is withheld: {asks}; read it with `cofferdam tool inspect`, and start this \
             again to offer it"
        ))
    }
}
