//! An agent as OCI carries it: the artifact of openotters, `application/vnd.openotters.agent.v1`.
//!
//! The config holds the resolved Agentfile: parents merged, `ARG`s expanded. Layer 0 is the
//! Agentfile as it was written, then come the texts of contexts, then the files of `ADD`, in the
//! order of their declarations. `RUNTIME` and BINs are named, and not part of it.
//!
//! # How the lock travels
//!
//! Names of BINs move, so `image build` resolves them once, to the digest of the image and that of
//! the component. This [`Lock`] is an annotation of the manifest, `io.cofferdam.agent.lock`,
//! because every client of OCI leaves alone annotations that it does not know, while older
//! executors write each layer into the agent's tree. The manifest's digest covers it. An image
//! without a lock, such as one that openotters has built, is read as well: its BINs are resolved
//! when it is used.
//!
//! # What is believed
//!
//! Nothing. An image may come from anywhere, so every size is bounded before it is read, every
//! title is a file name, and the config is written down as an Agentfile and parsed by the one
//! parser there is: what no Agentfile can say, no image can.

mod config;
mod layout;
mod lock;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, HashSet};

use cofferdam_capability::Digest;
use oci_spec::image::{
    ANNOTATION_CREATED, ANNOTATION_TITLE, Descriptor, ImageManifest, ImageManifestBuilder,
    MediaType, SCHEMA_VERSION,
};

use crate::agentfile::{Agentfile, Context};
use crate::error::Error;
use crate::kind::{AGENT_ARTIFACT, AGENT_CONFIG};
use crate::reference::Reference;
use crate::store::blob;
use crate::store::limits::{self, Part};
use crate::tool_image::{self, canonical_json, descriptor};
use layout::{AGENTFILE_LAYER, AGENTFILE_TITLE, CONTEXT_LAYER, DATA_LAYER};

pub use config::{ConfigError, config_json, from_config_json};
pub(crate) use layout::AgentLayout;
pub(crate) use lock::PARENTS_MAX;
pub use lock::{LOCK_ANNOTATION, Lock, LockedBin, LockedParent};

/// An agent, and what its image says about it.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentImage {
    /// The digest of its manifest.
    pub digest: Digest,
    /// The name that it was found by.
    pub reference: Reference,
    /// The resolved Agentfile, with the texts of its contexts and the files of its `ADD`s. Its BINs
    /// are images; those that were files are digests.
    pub agentfile: Agentfile,
    /// The Agentfile as it was written; none where the image is older than this layer.
    pub source: Option<String>,
    /// The digests of its BINs; none where another program has built the image.
    pub lock: Option<Lock>,
    /// The annotations of its manifest, without the lock.
    pub annotations: BTreeMap<String, String>,
    /// The size of its blobs, in bytes.
    pub size: u64,
}

/// A packed agent image.
pub(crate) struct PackedAgent {
    pub(crate) config: Vec<u8>,
    pub(crate) layers: Vec<Vec<u8>>,
    pub(crate) manifest: Vec<u8>,
}

impl AgentImage {
    /// The agent that `manifest` describes; `read` gives its blobs, checked.
    pub(crate) fn unpack(
        reference: &Reference,
        digest: Digest,
        manifest: &ImageManifest,
        read: impl Fn(&Descriptor, &Part) -> Result<Vec<u8>, Error>,
    ) -> Result<Self, Error> {
        let refuse = |problem: String| Error::not_an_agent(reference, problem);
        let layout = AgentLayout::of(reference, manifest)?;
        let size = layout.size();
        let config = read(layout.config, &limits::AGENT_CONFIG)?;
        let mut agentfile =
            from_config_json(&config).map_err(|error| refuse(format!("its config {error}")))?;
        let source = layout
            .agentfile
            .map(|layer| read(layer, &limits::AGENTFILE))
            .transpose()?;
        let source = source
            .map(|source| text(source).ok_or_else(|| refuse(not_utf8("the Agentfile in it"))))
            .transpose()?;
        for context in &mut agentfile.contexts {
            let title = context_title(&context.name);
            let Some(layer) = layout.context(&title) else {
                return Err(refuse(format!("it has no layer `{title}` for its context")));
            };
            let layer = text(read(layer, &limits::CONTEXT)?)
                .ok_or_else(|| refuse(not_utf8(&format!("its layer `{title}`"))))?;
            let layer = layer.trim_end_matches('\n');
            // Clients that read the one or the other would give the model different texts.
            let said = context.content.trim_end_matches('\n');
            if !said.is_empty() && said != layer {
                return Err(refuse(format!(
                    "its config has another text for {title} than the layer of that name"
                )));
            }
            context.content = layer.to_owned();
        }
        for add in &mut agentfile.adds {
            let Some(layer) = layout.data(&add.name) else {
                return Err(refuse(format!(
                    "it has no layer `{}` for its ADD",
                    add.name
                )));
            };
            add.content = read(layer, &limits::DATA)?.into();
        }
        let declared = agentfile.contexts.len() + agentfile.adds.len();
        if declared != layout.files() {
            return Err(refuse(format!(
                "it has {} layers with files, and its config declares {declared}",
                layout.files()
            )));
        }
        let mut annotations: BTreeMap<_, _> = manifest
            .annotations()
            .iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let lock = annotations
            .remove(LOCK_ANNOTATION)
            .map(|text| Lock::read(&text, &agentfile.bins))
            .transpose()
            .map_err(|error| refuse(format!("its lock {error}")))?;
        Ok(Self {
            digest,
            reference: reference.clone(),
            agentfile,
            source,
            lock,
            annotations,
            size,
        })
    }

    /// The digests of one of its BINs, if they were resolved when the image was built.
    pub fn locked(&self, bin: &str) -> Option<&LockedBin> {
        self.lock.as_ref()?.bins.get(bin)
    }
}

impl PackedAgent {
    /// The agent that was packed, read as if it had come from elsewhere: what cannot be read again
    /// is not built.
    pub(crate) fn unpack(&self, reference: &Reference) -> Result<AgentImage, Error> {
        let manifest = tool_image::manifest(reference, &self.manifest)?;
        let digest = Digest::of(&self.manifest);
        let blobs = self.layers.iter().chain([&self.config]);
        let blobs: BTreeMap<_, _> = blobs.map(|blob| (Digest::of(blob), blob)).collect();
        AgentImage::unpack(reference, digest, &manifest, |descriptor, part| {
            part.check(descriptor.size())?;
            let digest = blob::digest(descriptor)?;
            let blob = blobs
                .get(&digest)
                .ok_or_else(|| Error::corrupt(format!("{} {digest}", part.noun), "is missing"))?;
            Ok((*blob).clone())
        })
    }
}

/// The blobs of an agent. The same agent gives the same bytes: no clock is read, and keys are
/// sorted. `created` is the time that its author gives it (RFC 3339).
pub(crate) fn pack(
    agentfile: &Agentfile,
    source: &str,
    lock: &Lock,
    created: Option<&str>,
) -> Result<PackedAgent, Error> {
    let config = config_json(agentfile)?;
    let mut layers = vec![source.as_bytes().to_vec()];
    let mut descriptors = vec![titled(AGENTFILE_LAYER, AGENTFILE_TITLE, source.as_bytes())?];
    for Context { name, content, .. } in &agentfile.contexts {
        let content = content.as_bytes();
        descriptors.push(titled(CONTEXT_LAYER, &context_title(name), content)?);
        layers.push(content.to_vec());
    }
    for add in &agentfile.adds {
        descriptors.push(titled(DATA_LAYER, &add.name, &add.content)?);
        layers.push(add.content.to_vec());
    }
    let mut annotations = agentfile.labels.clone();
    if let Some(name) = &agentfile.name {
        annotations
            .entry(ANNOTATION_TITLE.to_owned())
            .or_insert_with(|| name.to_string());
    }
    if let Some(created) = created {
        annotations
            .entry(ANNOTATION_CREATED.to_owned())
            .or_insert_with(|| created.to_owned());
    }
    annotations.insert(LOCK_ANNOTATION.to_owned(), lock.write()?);
    let manifest = ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageManifest)
        .artifact_type(MediaType::from(AGENT_ARTIFACT))
        .config(descriptor(AGENT_CONFIG, &config)?)
        .layers(descriptors)
        .annotations(
            annotations
                .into_iter()
                .collect::<std::collections::HashMap<_, _>>(),
        )
        .build()
        .map_err(|error| Error::io("write a manifest")(std::io::Error::other(error)))?;
    Ok(PackedAgent {
        config,
        layers,
        manifest: canonical_json(&manifest)?,
    })
}

/// The digests that the lock of a manifest names, whatever else is wrong with it.
pub(crate) fn locked_digests(manifest: &ImageManifest) -> HashSet<Digest> {
    let annotations = manifest.annotations().as_ref();
    let lock = annotations.and_then(|annotations| annotations.get(LOCK_ANNOTATION));
    lock.map_or_else(HashSet::new, |text| Lock::digests(text))
}

/// The title of a context's layer, which is its file in the agent's tree.
fn context_title(name: &str) -> String {
    format!("{name}.md")
}

fn titled(media_type: &str, title: &str, content: &[u8]) -> Result<Descriptor, Error> {
    let mut descriptor = descriptor(media_type, content)?;
    let title = (ANNOTATION_TITLE.to_owned(), title.to_owned());
    descriptor.set_annotations(Some([title].into()));
    Ok(descriptor)
}

fn text(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok()
}

fn not_utf8(what: &str) -> String {
    format!("{what} is not valid UTF-8")
}
