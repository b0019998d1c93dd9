//! The versions that are compared: components, images, and manifests alone.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cofferdam_call::MAX_COMPONENT;
use cofferdam_capability::{Decision, Digest, Manifest};
use cofferdam_image::agentfile::Bin;
use cofferdam_image::{AgentImage, Error as ImageError, Images, Reference, ToolSource};
use cofferdam_tool::{Installed, Runner, Tool, note, usage};
use cofferdam_workbench::compare::{AgentVersion, BinVersion, Surface, ToolVersion};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::cmd::tool::source::{self, Source, name_of};
use crate::config::Config;
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;
use crate::progress;

/// BINs of an image that are read at once: some wait for the disk while others are loaded.
const BINS_AT_ONCE: usize = 4;

/// The first bytes of a component.
const MAGIC: &[u8] = b"\0asm";

/// A version, and where it came from.
pub(super) struct Version {
    /// Its name in messages.
    pub(super) origin: String,
    /// The digest of its component or image; of a manifest alone, the digest of it.
    pub(super) digest: Digest,
    pub(super) subject: Subject,
}

/// The thing that there is a version of.
pub(super) enum Subject {
    Tool(Box<ToolVersion>),
    Agent(Box<AgentVersion>),
}

/// The places that versions are read from.
pub(super) struct Loader<'a> {
    config: &'a Config,
    pub(super) data: &'a DataDir,
    pub(super) plain_http: bool,
    runner: Runner,
    images: Images,
    /// BINs that were read already: two versions of an agent have most of them in common.
    known: Mutex<HashMap<BinKey, BinVersion>>,
}

/// All that decides what a BIN of an image is.
#[derive(PartialEq, Eq, Hash)]
struct BinKey {
    name: String,
    image: Digest,
    component: Digest,
}

impl<'a> Loader<'a> {
    pub(super) fn new(
        config: &'a Config,
        data: &'a DataDir,
        plain_http: bool,
    ) -> Result<Self, Failure> {
        Ok(Self {
            config,
            data,
            plain_http,
            runner: host::runner(config, data)?,
            images: host::images(config, data, plain_http, progress::transfers())?,
            known: Mutex::default(),
        })
    }

    /// Reads what was named: a file, or an image of this machine or a registry.
    pub(super) async fn load(&self, written: &str) -> Result<Version, Failure> {
        match source::named(written, self.data)? {
            ToolSource::Path(path) => {
                let bytes = cofferdam_workbench::read(&path, MAX_COMPONENT)?;
                if !bytes.starts_with(MAGIC) {
                    return manifest_alone(cofferdam_workbench::manifest(&path)?, written);
                }
                self.tool(Source::file(&path)?).await
            }
            ToolSource::Image(reference) => self.image(&reference).await,
        }
    }

    async fn image(&self, reference: &Reference) -> Result<Version, Failure> {
        self.images.bring(reference, None).await?;
        match self.images.agent(reference).await {
            Ok(agent) => self.agent(agent).await,
            Err(ImageError::NotAnAgent { .. }) => {
                let source =
                    Source::image(reference, self.plain_http, self.config, self.data).await?;
                self.tool(source).await
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn tool(&self, source: Source) -> Result<Version, Failure> {
        let installed = source.install(&self.runner, None).await?;
        let name = name_of(&installed, &source).to_owned();
        let tool = self.version(&installed, &name, &source.note()).await?;
        Ok(Version {
            origin: source.origin,
            digest: installed.digest(),
            subject: Subject::Tool(Box::new(tool)),
        })
    }

    async fn agent(&self, agent: AgentImage) -> Result<Version, Failure> {
        let bins = stream::iter(&agent.agentfile.bins)
            .map(|bin| self.bin(&agent, bin))
            .buffered(BINS_AT_ONCE);
        let bins = bins.try_collect().await?;
        Ok(Version {
            origin: agent.reference.to_string(),
            digest: agent.digest,
            subject: Subject::Agent(Box::new(AgentVersion {
                agentfile: agent.agentfile,
                bins,
            })),
        })
    }

    /// Reads a BIN, unless the other version has the same one.
    async fn bin(&self, agent: &AgentImage, bin: &Bin) -> Result<BinVersion, Failure> {
        let Some(locked) = agent.locked(&bin.name) else {
            return self.read_bin(agent, bin).await;
        };
        let key = BinKey {
            name: bin.name.clone(),
            image: locked.manifest,
            component: locked.component,
        };
        let known = self.known().get(&key).cloned();
        if let Some(known) = known {
            return Ok(BinVersion {
                bin: bin.clone(),
                ..known
            });
        }
        let read = self.read_bin(agent, bin).await?;
        self.known().insert(key, read.clone());
        Ok(read)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<BinKey, BinVersion>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read_bin(&self, agent: &AgentImage, bin: &Bin) -> Result<BinVersion, Failure> {
        let found = self.images.component(agent, bin).await?;
        let origin = format!("BIN {}", bin.name);
        let own_usage = usage(&found.tool.component).or(found.tool.usage);
        let size = found.tool.component.len();
        let load = self.runner.load(found.tool.component.into(), &origin, None);
        let installed = progress::loading(&origin, size, load)
            .await
            .map_err(Failure::usage)?;
        let note = note("", own_usage.as_deref());
        Ok(BinVersion {
            bin: bin.clone(),
            component: installed.digest(),
            tool: self.version(&installed, &bin.name, &note).await?,
        })
    }

    /// The facts about a component. What cannot be offered to a model cannot be compared either.
    async fn version(
        &self,
        installed: &Installed,
        name: &str,
        note: &str,
    ) -> Result<ToolVersion, Failure> {
        let toolbox = self.runner.toolbox();
        let tools = self
            .runner
            .offer(installed, name, note, Decision::default(), &toolbox)
            .await
            .map_err(Failure::usage)?;
        let form = serde_json::to_value(installed.shape()).map_err(Failure::work)?;
        Ok(ToolVersion {
            manifest: installed.manifest().clone(),
            surface: Some(Surface {
                form: form.as_str().unwrap_or_default().to_owned(),
                imports: installed.imports().to_vec(),
                denied: installed.denied_imports().to_vec(),
                tools: tools.iter().map(Tool::descriptor).cloned().collect(),
            }),
        })
    }
}

fn manifest_alone(manifest: Manifest, written: &str) -> Result<Version, Failure> {
    Ok(Version {
        origin: written.to_owned(),
        digest: manifest.digest().map_err(Failure::work)?,
        subject: Subject::Tool(Box::new(ToolVersion {
            manifest,
            surface: None,
        })),
    })
}
