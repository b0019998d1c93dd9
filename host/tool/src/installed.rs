//! A component that was loaded.

use std::sync::Arc;

use cofferdam_capability::{Digest, Manifest};
use cofferdam_sandbox::{Component, Shape};

use crate::descriptors::Descriptors;
use crate::imports::only_computes;

/// A component that was loaded and checked, and not offered to anybody yet.
#[derive(Debug, Clone)]
pub struct Installed {
    pub(crate) component: Arc<Component>,
    /// The descriptors of its section; nothing for a component without one.
    pub(crate) descriptors: Option<Arc<Descriptors>>,
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

    /// Returns true if its imports give it nothing, so that it can only compute.
    pub fn only_computes(&self) -> bool {
        only_computes(self.imports().iter().map(String::as_str))
    }

    /// Imported interfaces of which every call is denied.
    pub fn denied_imports(&self) -> &[String] {
        self.component.denied_imports()
    }

    /// Rows of the manifest that the component cannot use, because it does not import what they
    /// need.
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

    /// The shape in which it is called.
    pub fn shape(&self) -> Shape {
        self.component.shape()
    }

    /// Exports that nobody can call, with the reason.
    pub fn refused(&self) -> &[(String, String)] {
        self.component.refused()
    }
}
