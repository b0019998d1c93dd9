//! The tool that a reference means: from the store, or else from the registry it names.

use std::sync::{Arc, OnceLock};

use cap_std::fs::Dir;
use cofferdam_capability::Digest;

use crate::blocking::blocking;
use crate::error::Error;
use crate::reference::Reference;
use crate::registry::{Pulled, Registry};
use crate::store::Store;
use crate::tool_image::ToolImage;

/// Opens a directory.
type OpenDir = dyn Fn() -> std::io::Result<Dir> + Send + Sync;

/// Images on this machine and in registries: the one place that finds what a reference means.
pub struct Images {
    /// Opens the directory of the store.
    open: Box<OpenDir>,
    /// The images on this machine, opened when the first one is asked for: a store that cannot be
    /// used concerns nobody else.
    store: OnceLock<Arc<Store>>,
    /// The registry that others come from.
    pub registry: Registry,
}

/// A tool that was found.
#[derive(Debug)]
pub struct Found {
    /// The digest that the reference was resolved to.
    pub digest: Digest,
    /// The tool.
    pub tool: ToolImage,
    /// The result of the pull, if it was not here.
    pub pulled: Option<Pulled>,
}

impl Images {
    /// Those of the store in the directory that `open` opens, and of registries.
    pub fn new(
        open: impl Fn() -> std::io::Result<Dir> + Send + Sync + 'static,
        registry: Registry,
    ) -> Self {
        Self {
            open: Box::new(open),
            store: OnceLock::new(),
            registry,
        }
    }

    /// The images on this machine.
    ///
    /// # Errors
    ///
    /// As [`Store::open`]. The next call tries again.
    pub fn store(&self) -> Result<Arc<Store>, Error> {
        if let Some(store) = self.store.get() {
            return Ok(Arc::clone(store));
        }
        let store = Arc::new(Store::open(
            (self.open)().map_err(Error::io("open the image store"))?,
        )?);
        Ok(Arc::clone(self.store.get_or_init(|| store)))
    }

    /// The tool that `reference` means. What is here is not asked for again: a tag means what it
    /// meant when it was pulled.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if it is not here and names no registry; else as [`Store::tool`] and
    /// [`Registry::pull`].
    pub async fn tool(&self, reference: &Reference) -> Result<Found, Error> {
        let pulled = match self.load(reference.clone()).await {
            Ok((digest, tool)) => {
                return Ok(Found {
                    digest,
                    tool,
                    pulled: None,
                });
            }
            Err(Error::NotFound(_)) if reference.registry().is_some() => {
                self.registry.pull(&self.store()?, reference).await?
            }
            Err(error) => return Err(error),
        };
        // By its digest: the tag may move again at any time.
        let (digest, tool) = self.load(reference.pinned(pulled.digest)).await?;
        Ok(Found {
            digest,
            tool,
            pulled: Some(pulled),
        })
    }

    /// Makes sure that what `reference` means is here, without reading it: pulls it if it is not.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if it is not here and names no registry; else as [`Store::digest`] and
    /// [`Registry::pull`].
    pub async fn bring(&self, reference: &Reference) -> Result<(), Error> {
        let store = self.store()?;
        let name = reference.clone();
        match blocking(move || store.digest(&name)).await? {
            Some(_) => Ok(()),
            None if reference.registry().is_some() => self
                .registry
                .pull(&self.store()?, reference)
                .await
                .map(drop),
            None => Err(Error::NotFound(reference.clone())),
        }
    }

    async fn load(&self, reference: Reference) -> Result<(Digest, ToolImage), Error> {
        let store = self.store()?;
        blocking(move || store.tool(&reference)).await
    }
}

impl std::fmt::Debug for Images {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Images")
            .field("store", &self.store)
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}
