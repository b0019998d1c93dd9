//! Decisions of the operator, who started this with these offers and these files.
//!
//! A file can be replaced, and others can come, while clients are served. They get the same offers;
//! so none of them may ask for more than the operator has seen: a file that was there, for what it
//! asked for then, any other for nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use cofferdam_capability::Manifest;
use cofferdam_tool::Runner;

use super::named::{Component, Found};

/// The manifest of each file when this was started.
#[derive(Debug, Default)]
pub(super) struct Decided(BTreeMap<PathBuf, Manifest>);

impl Decided {
    pub(super) fn about(found: &[Arc<Found>]) -> Self {
        let of = |found: &Arc<Found>| Some((found.file.clone()?, found.outlook.manifest().clone()));
        Self(found.iter().filter_map(of).collect())
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
        let decided = self.0.get(file.as_ref()?);
        let beyond = runner.beyond(decided.unwrap_or(&Manifest::empty()), installed);
        if beyond.is_empty() {
            return None;
        }
        let asks = match decided {
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
