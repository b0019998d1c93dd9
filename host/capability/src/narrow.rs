//! A manifest without what its calls never used: asked for, held against done.

mod directories;
mod limits;
mod network;
mod row_use;

use crate::diff::Diff;
use crate::error::ManifestError;
use crate::grant::Ceiling;
use crate::manifest::Manifest;
use crate::used::Used;

pub use limits::LimitUse;
pub use row_use::RowUse;

/// The powers of a manifest, and the use that calls made of them.
#[derive(Debug, Clone)]
pub struct CanAndDid {
    /// The rows, in the order of the manifest.
    pub rows: Vec<RowUse>,
    /// The limits of which the use is known.
    pub limits: Vec<LimitUse>,
    /// The smaller manifest: the rows that were used, as far as they were.
    pub narrowed: Manifest,
}

/// The reason why no smaller manifest is proposed.
#[derive(Debug, thiserror::Error)]
pub enum NarrowError {
    /// Nothing is known to go by.
    #[error("no call of it is recorded, so nothing is known about what it needs")]
    NoCall,
    /// The smaller manifest is none.
    #[error("the smaller manifest is no manifest: {0}")]
    Manifest(#[from] ManifestError),
    /// The proposal allows more than the manifest it was made from. It is not given out.
    #[error("the smaller manifest would allow more: {0}")]
    Widened(String),
}

impl CanAndDid {
    /// Holds a manifest against what calls used, and proposes the smaller one. It is a subset of
    /// `manifest` by [`Diff`], which is checked before it is given out. What is not known is kept.
    ///
    /// # Errors
    ///
    /// [`NarrowError::NoCall`] if no call is known.
    pub fn new(manifest: &Manifest, used: &Used, ceiling: &Ceiling) -> Result<Self, NarrowError> {
        if used.calls == 0 {
            return Err(NarrowError::NoCall);
        }
        let narrowed = narrowed(manifest, used, ceiling);
        // Read again as a component's: every check of a manifest holds for it.
        let narrowed = Manifest::from_json(&narrowed.to_canonical_json()?, "narrowed")?;
        let diff = Diff::new(manifest, &narrowed, ceiling);
        if diff.is_widened() {
            return Err(NarrowError::Widened(diff.to_string()));
        }
        Ok(Self {
            rows: row_use::rows(manifest, used),
            limits: limits::used(manifest, used, ceiling),
            narrowed,
        })
    }
}

fn narrowed(manifest: &Manifest, used: &Used, ceiling: &Ceiling) -> Manifest {
    // Whole, so that a new kind of row has to be judged here before anything compiles.
    let Manifest {
        schema,
        tool,
        fs,
        http,
        tcp,
        secret,
        env,
        call,
        unused,
        limits,
    } = manifest.clone();
    let kept = network::Kept::of(manifest, used);
    let called = used.called();
    let is_called = |name: &str| called.as_ref().is_none_or(|called| called.contains(name));
    Manifest {
        schema,
        tool,
        fs: fs
            .iter()
            .filter_map(|row| directories::used_part(row, &fs, used))
            .collect(),
        http: kept.requests(&http),
        tcp: kept.connections(&tcp),
        secret: secret
            .into_iter()
            .filter(|row| kept.has_secret(&row.name))
            .collect(),
        // No record says which variables a program reads.
        env,
        call: call
            .into_iter()
            .filter(|row| is_called(&row.name))
            .collect(),
        unused,
        limits: limits::lowered(&limits, used, ceiling),
    }
}
