//! The image that a reference means, from the store, or else from the registry it names; and agents
//! that are built from what other images are.

mod building;
mod trust;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use cap_std::fs::Dir;
use cofferdam_capability::{Digest, SigningKey};
use futures_util::{StreamExt, stream};

use crate::agent_image::{AgentImage, Lock, LockedBin};
use crate::agentfile::{Agentfile, Bin, Needed, Parent, Source};
use crate::attestation::Attestation;
use crate::blocking::blocking;
use crate::error::Error;
use crate::kind::Kind;
use crate::reference::Reference;
use crate::referrer::{Attachment, Referrer};
use crate::registry::{Pulled, Registry};
use crate::signature;
use crate::store::Store;
use crate::store::limits::COMPONENT_MAX_BYTES;
use crate::tool_image::{ToolImage, not_a_component};
use crate::tool_source::ToolSource;
use building::{keep, names_of, parents};

/// Number of BINs that are resolved at once. Each may be a pull, which has several connections of
/// its own.
const BINS_AT_ONCE: usize = 4;

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

/// An agent image to be built.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The Agentfile, and the directory of its files.
    pub source: Source,
    /// Values that its `ARG`s get instead of their own.
    pub arguments: BTreeMap<String, String>,
    /// The names that the image gets; none for its own `NAME`, with the tag `latest`.
    pub names: Vec<Reference>,
    /// The time that the image says it was made (RFC 3339). Without one, and without a label that
    /// says so, it says none, and the same Agentfile and BINs give the same digest.
    pub created: Option<String>,
    /// Instructions that must be there: those of an agent for an image that is run at once.
    pub needed: Needed,
}

/// A BIN that was resolved.
struct ResolvedBin {
    locked: LockedBin,
    /// Its image, if it was a file and has no other name than its digest.
    tool: Option<ToolImage>,
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
        let pulled = match self.load(reference.clone(), reference).await {
            Ok((digest, tool)) => {
                return Ok(Found {
                    digest,
                    tool,
                    pulled: None,
                });
            }
            Err(Error::NotFound(_)) if reference.registry().is_some() => {
                let store = self.store()?;
                let wanted = Some(Kind::Tool);
                self.registry.pull(&store, reference, wanted).await?
            }
            Err(error) => return Err(error),
        };
        // By its digest: the tag may move again at any time.
        let pinned = reference.pinned(pulled.digest);
        let (digest, tool) = self.load(pinned, reference).await?;
        Ok(Found {
            digest,
            tool,
            pulled: Some(pulled),
        })
    }

    /// The agent that `reference` means, by tag or by digest, as [`Images::tool`].
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if it is not here and names no registry; else as [`Store::agent`] and
    /// [`Registry::pull`].
    pub async fn agent(&self, reference: &Reference) -> Result<AgentImage, Error> {
        let pulled = match self.load_agent(reference.clone()).await {
            Err(Error::NotFound(_)) if reference.registry().is_some() => {
                let store = self.store()?;
                let wanted = Some(Kind::Agent);
                self.registry.pull(&store, reference, wanted).await?
            }
            loaded => return loaded,
        };
        tracing::info!(digest = %pulled.digest, "pulled {reference}");
        let agent = self.load_agent(reference.pinned(pulled.digest)).await?;
        Ok(AgentImage {
            reference: reference.clone(),
            ..agent
        })
    }

    /// The component of a BIN of `agent`: the one that its lock names, whatever the name of the BIN
    /// means by now; of an image without a lock, the one that its name means.
    ///
    /// # Errors
    ///
    /// As [`Images::tool`], with the name of the BIN; [`Error::Corrupt`] if it is not the component
    /// that the lock names.
    pub async fn component(&self, agent: &AgentImage, bin: &Bin) -> Result<Found, Error> {
        self.locked_component(agent, bin)
            .await
            .map_err(Error::of_bin(&bin.name))
    }

    async fn locked_component(&self, agent: &AgentImage, bin: &Bin) -> Result<Found, Error> {
        let ToolSource::Image(image) = &bin.source else {
            let problem = format!("its BIN {} is a file", bin.name);
            return Err(Error::not_an_agent(&agent.reference, problem));
        };
        let Some(locked) = agent.locked(&bin.name) else {
            return self.tool(image).await;
        };
        // It is here by its digest, if it is here at all: its name may be gone or mean another one.
        let found = match self.load(Reference::bare(locked.manifest), image).await {
            Ok((digest, tool)) => Found {
                digest,
                tool,
                pulled: None,
            },
            Err(Error::NotFound(_)) if !image.is_bare() => {
                self.tool(&image.pinned(locked.manifest)).await?
            }
            Err(error) => return Err(error),
        };
        let component = Digest::of(&found.tool.component);
        if component != locked.component {
            return Err(Error::corrupt(
                format!("the image {}", found.digest),
                format!(
                    "has the component {component}; the lock of {} names {}",
                    agent.reference, locked.component
                ),
            ));
        }
        Ok(found)
    }

    /// Builds an agent image and keeps it on this machine: reads the Agentfile and its files, joins
    /// them with the image that it builds on, resolves every BIN once, and packs the whole. The
    /// same Agentfile, files, parent and components give the same digest.
    ///
    /// # Errors
    ///
    /// [`Error::Agentfile`] for what is wrong with the Agentfile or its files, with its place;
    /// [`Error::Bin`] for a BIN that cannot be had; [`Error::Untagged`] for an agent whose name
    /// cannot be that of an image. Nothing is kept then but images that were pulled.
    pub async fn build_agent(&self, recipe: Recipe) -> Result<AgentImage, Error> {
        let Recipe {
            source,
            arguments,
            names,
            created,
            needed,
        } = recipe;
        let source = Arc::new(source);
        let reading = Arc::clone(&source);
        let written = blocking(move || Ok(reading.parse(arguments, needed)?)).await?;
        let parent = written.parent();
        let base = match &parent {
            Some(parent) => Some(self.base(parent).await?),
            None => None,
        };
        let there = base
            .as_ref()
            .map_or(Vec::new(), |base| base.agentfile.adds.clone());
        let reading = Arc::clone(&source);
        let (written, script) = blocking(move || {
            let script = reading.script(&written, &there)?;
            Ok((written, script))
        })
        .await?;
        let mut agentfile = written.resolve(base.as_ref().map(|base| &base.agentfile))?;
        agentfile.adds.extend(script);
        let names = names_of(names, &agentfile)?;
        let parents = match (&parent, &base) {
            (Some(parent), Some(base)) => parents(parent, base, &names)?,
            _ => Vec::new(),
        };

        let resolving = agentfile.bins.iter().map(|bin| {
            let source = Arc::clone(&source);
            let base = base.as_ref();
            async move { self.resolve(&source, base, bin).await }
        });
        let resolving: Vec<_> = resolving.collect();
        let mut resolving = stream::iter(resolving).buffered(BINS_AT_ONCE);
        let mut resolved = Vec::new();
        while let Some(bin) = resolving.next().await {
            resolved.push(bin?);
        }
        drop(resolving);
        let mut lock = Lock {
            parents,
            bins: BTreeMap::new(),
        };
        let mut tools = Vec::new();
        for (bin, ResolvedBin { locked, tool }) in agentfile.bins.iter_mut().zip(resolved) {
            if tool.is_some() {
                bin.source = ToolSource::Image(Reference::bare(locked.manifest));
            }
            lock.bins.insert(bin.name.clone(), locked);
            tools.extend(tool);
        }

        let store = self.store()?;
        blocking(move || {
            keep(
                &store,
                &agentfile,
                &source.text,
                &lock,
                created,
                &names,
                &tools,
            )
        })
        .await
    }

    /// Reads an Agentfile with the files that it names and the image that it builds on. BINs that
    /// come from there are those that the image was built with.
    ///
    /// # Errors
    ///
    /// [`Error::Agentfile`] for what is wrong with the Agentfile, its files or its parent.
    pub async fn read_agentfile(&self, source: Source) -> Result<Agentfile, Error> {
        let written = blocking(move || Ok(source.parse(BTreeMap::new(), Needed::AGENT)?)).await?;
        let Some(parent) = written.parent() else {
            return Ok(written.resolve(None)?);
        };
        let base = self.base(&parent).await?;
        let mut agentfile = written.resolve(Some(&base.agentfile))?;
        for bin in &mut agentfile.bins {
            if let (Some(locked), ToolSource::Image(image)) = (base.locked(&bin.name), &bin.source)
            {
                bin.source = ToolSource::Image(image.pinned(locked.manifest));
            }
        }
        Ok(agentfile)
    }

    /// The agent that an Agentfile builds on.
    async fn base(&self, parent: &Parent) -> Result<AgentImage, Error> {
        match self.agent(&parent.image).await {
            Err(error @ (Error::NotFound(_) | Error::NotAnAgent { .. } | Error::Nameless(_))) => {
                Err(parent.refuse(error.to_string()).into())
            }
            found => found,
        }
    }

    /// The digests of a BIN: those that the image has that it comes from, those of the file that it
    /// is, or those that its name means now.
    async fn resolve(
        &self,
        source: &Arc<Source>,
        base: Option<&AgentImage>,
        bin: &Bin,
    ) -> Result<ResolvedBin, Error> {
        if let Some(locked) = base.and_then(|base| base.locked(&bin.name)) {
            return Ok(ResolvedBin {
                locked: *locked,
                tool: None,
            });
        }
        match &bin.source {
            ToolSource::Image(image) => {
                let found = self.tool(image).await;
                let Found { digest, tool, .. } = found.map_err(Error::of_bin(&bin.name))?;
                Ok(ResolvedBin {
                    locked: LockedBin {
                        manifest: digest,
                        component: Digest::of(&tool.component),
                    },
                    tool: None,
                })
            }
            ToolSource::Path(path) => {
                let source = Arc::clone(source);
                let path = path.clone();
                let name = bin.name.clone();
                blocking(move || {
                    let max = COMPONENT_MAX_BYTES;
                    let component = source.component(&name, &path, max, not_a_component)?;
                    let tool = ToolImage::of_file(&name, component);
                    Ok(ResolvedBin {
                        locked: LockedBin {
                            manifest: Digest::of(&tool.pack()?.manifest),
                            component: Digest::of(&tool.component),
                        },
                        tool: Some(tool),
                    })
                })
                .await
            }
        }
    }

    /// Makes sure that what `reference` means is here, without reading it: pulls it if it is not.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if it is not here and names no registry; else as [`Store::digest`] and
    /// [`Registry::pull`].
    pub async fn bring(&self, reference: &Reference, wanted: Option<Kind>) -> Result<(), Error> {
        let store = self.store()?;
        let name = reference.clone();
        match blocking(move || store.digest(&name)).await? {
            Some(_) => Ok(()),
            None if reference.registry().is_some() => self
                .registry
                .pull(&self.store()?, reference, wanted)
                .await
                .map(drop),
            None => Err(Error::NotFound(reference.clone())),
        }
    }

    /// The documents that refer to the image that `reference` means on this machine, of one type
    /// or of all: signatures, reviews, provenance, bills of materials.
    ///
    /// # Errors
    ///
    /// As [`Store::referrers`].
    pub async fn referrers(
        &self,
        reference: &Reference,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Referrer>, Error> {
        let store = self.store()?;
        let reference = reference.clone();
        let artifact_type = artifact_type.map(str::to_owned);
        blocking(move || store.referrers(&reference, artifact_type.as_deref())).await
    }

    /// Adds a document that refers to the manifest or image index `subject` of this machine, and
    /// returns the digest of its own manifest. It travels with the image when that is pushed or
    /// exported.
    ///
    /// # Errors
    ///
    /// As [`Store::attach`].
    pub async fn attach(&self, subject: &Digest, new: Attachment) -> Result<Digest, Error> {
        let store = self.store()?;
        let subject = *subject;
        blocking(move || store.attach(&subject, &new)).await
    }

    /// Signs the image that `reference` means on this machine, and returns the digest of the
    /// signature's manifest. The same image and key give the same one.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the image is not here; else as [`Store::attach`].
    pub async fn sign(&self, reference: &Reference, key: &SigningKey) -> Result<Digest, Error> {
        let store = self.store()?;
        let name = reference.clone();
        let image = blocking(move || Ok(store.stored(&name)?.digest)).await?;
        self.attach(&image, signature::sign(image, key)?).await
    }

    /// The meaning of the documents that refer to the image that `reference` means on this machine,
    /// and whose signatures of trusted signers are valid.
    ///
    /// # Errors
    ///
    /// As [`Store::referrers`].
    pub async fn attestations(&self, reference: &Reference) -> Result<Vec<Attestation>, Error> {
        let store = self.store()?;
        let signers = self.registry.signers();
        let reference = reference.clone();
        blocking(move || trust::attestations(&store, &signers, &reference)).await
    }

    /// Loads a tool from the store, if it may be used under this name.
    async fn load(
        &self,
        reference: Reference,
        name: &Reference,
    ) -> Result<(Digest, ToolImage), Error> {
        let store = self.store()?;
        let signers = self.registry.signers();
        let name = name.clone();
        blocking(move || {
            let (digest, tool) = store.tool(&reference)?;
            trust::check(&store, &signers, &name, digest)?;
            Ok((digest, tool))
        })
        .await
    }

    async fn load_agent(&self, reference: Reference) -> Result<AgentImage, Error> {
        let store = self.store()?;
        let signers = self.registry.signers();
        blocking(move || {
            let agent = store.agent(&reference)?;
            trust::check(&store, &signers, &reference, agent.digest)?;
            Ok(agent)
        })
        .await
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
