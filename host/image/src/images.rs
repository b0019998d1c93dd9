//! The tool that a reference means: from the store, or else from the registry it names.

use std::sync::Arc;

use cofferdam_capability::Digest;

use crate::error::Error;
use crate::reference::Reference;
use crate::registry::{Pulled, Registry};
use crate::store::Store;
use crate::tool_image::ToolImage;

/// Images on this machine and in registries: the one place that finds what a reference means.
#[derive(Debug)]
pub struct Images {
    /// The images on this machine.
    pub store: Arc<Store>,
    /// Where others come from.
    pub registry: Registry,
}

/// A tool that was found.
#[derive(Debug)]
pub struct Found {
    /// The digest that the reference was resolved to.
    pub digest: Digest,
    /// The tool.
    pub tool: ToolImage,
    /// What a pull brought, if it was not here.
    pub pulled: Option<Pulled>,
}

impl Images {
    /// The tool that `reference` means. What is here is not asked for again: a tag means what it meant when it was pulled.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if it is not here and names no registry; else as [`Store::tool`] and [`Registry::pull`].
    pub async fn tool(&self, reference: &Reference) -> Result<Found, Error> {
        let pulled = match self.load(reference.clone()).await {
            Ok((digest, tool)) => return Ok(Found { digest, tool, pulled: None }),
            Err(Error::NotFound(_)) if reference.registry().is_some() => {
                self.registry.pull(&self.store, reference).await?
            }
            Err(error) => return Err(error),
        };
        // By its digest: the tag may move again at any time.
        let (digest, tool) = self.load(reference.pinned(pulled.digest)).await?;
        Ok(Found { digest, tool, pulled: Some(pulled) })
    }

    /// Makes sure that what `reference` means is here, without reading it: pulls it if it is not.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if it is not here and names no registry; else as [`Store::digest`] and [`Registry::pull`].
    pub async fn bring(&self, reference: &Reference) -> Result<(), Error> {
        let (store, name) = (Arc::clone(&self.store), reference.clone());
        match crate::registry::blocking(move || store.digest(&name)).await? {
            Some(_) => Ok(()),
            None if reference.registry().is_some() => self.registry.pull(&self.store, reference).await.map(drop),
            None => Err(Error::NotFound(reference.clone())),
        }
    }

    async fn load(&self, reference: Reference) -> Result<(Digest, ToolImage), Error> {
        let store = Arc::clone(&self.store);
        crate::registry::blocking(move || store.tool(&reference)).await
    }
}
