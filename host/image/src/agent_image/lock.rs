//! The lock: the digests that the names of BINs and parents had when an image was built.

use std::collections::{BTreeMap, HashSet};

use cofferdam_capability::Digest;
use serde::{Deserialize, Serialize};

use crate::agentfile::Bin;
use crate::error::Error;
use crate::reference::{Reference, ReferenceError};
use crate::tool_image::canonical_json;

/// The annotation that holds the lock.
pub const LOCK_ANNOTATION: &str = "io.cofferdam.agent.lock";

/// The version of its form.
const SCHEMA: u32 = 1;

/// The most images that an image may build on, one after the other: what openotters allows.
pub(crate) const PARENTS_MAX: usize = 10;

/// The digests of everything that an agent image names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// The images that it builds on, the nearest first.
    pub parents: Vec<LockedParent>,
    /// Its BINs, by name.
    pub bins: BTreeMap<String, LockedBin>,
}

/// An image that an agent image builds on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedParent {
    /// The name in `FROM`.
    pub image: Reference,
    /// The digest that it was resolved to.
    pub digest: Digest,
}

/// A BIN as it was resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedBin {
    /// The digest that its name was resolved to: of a manifest, or of an image index.
    pub manifest: Digest,
    /// The digest of the component.
    pub component: Digest,
}

/// The lock as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parents: Vec<WrittenParent>,
    #[serde(default)]
    bins: BTreeMap<String, LockedBin>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenParent {
    image: String,
    digest: Digest,
}

/// A text that is no lock of these BINs: the rest of a sentence about it.
#[derive(Debug, thiserror::Error)]
pub(super) enum LockError {
    #[error("cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    #[error("has schema {0}; this host reads {SCHEMA}")]
    Schema(u32),
    #[error("names a parent that is none: {0}")]
    Parent(#[from] ReferenceError),
    #[error("names {0} parents, at most {PARENTS_MAX} are allowed")]
    Parents(usize),
    #[error("has no digest for BIN {0}")]
    Missing(String),
    #[error("has digests for more BINs than the image has")]
    Unknown,
}

impl Lock {
    /// Reads the lock of an image with these BINs: each of them must have its digests.
    pub(super) fn read(text: &str, bins: &[Bin]) -> Result<Self, LockError> {
        let written: Written = serde_json::from_str(text)?;
        if written.schema != SCHEMA {
            return Err(LockError::Schema(written.schema));
        }
        if written.parents.len() > PARENTS_MAX {
            return Err(LockError::Parents(written.parents.len()));
        }
        if let Some(bin) = bins
            .iter()
            .find(|bin| !written.bins.contains_key(&bin.name))
        {
            return Err(LockError::Missing(bin.name.clone()));
        }
        if written.bins.len() > bins.len() {
            return Err(LockError::Unknown);
        }
        let parent = |parent: WrittenParent| {
            Ok(LockedParent {
                image: parent.image.parse()?,
                digest: parent.digest,
            })
        };
        let parents = written.parents.into_iter().map(parent);
        Ok(Self {
            parents: parents.collect::<Result<_, ReferenceError>>()?,
            bins: written.bins,
        })
    }

    /// The digests of images that a text names, as far as it can be read.
    pub(super) fn digests(text: &str) -> HashSet<Digest> {
        let Ok(written) = serde_json::from_str::<Written>(text) else {
            return HashSet::new();
        };
        written.bins.values().map(|bin| bin.manifest).collect()
    }

    /// The text of the annotation.
    pub(super) fn write(&self) -> Result<String, Error> {
        let parent = |parent: &LockedParent| WrittenParent {
            image: parent.image.to_string(),
            digest: parent.digest,
        };
        let written = Written {
            schema: SCHEMA,
            parents: self.parents.iter().map(parent).collect(),
            bins: self.bins.clone(),
        };
        let bytes = canonical_json(&written)?;
        String::from_utf8(bytes)
            .map_err(|error| Error::io("write a lock")(std::io::Error::other(error)))
    }
}
