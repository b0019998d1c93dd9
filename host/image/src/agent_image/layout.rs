//! The layers of an agent image.

use oci_spec::image::{Descriptor, ImageManifest};

use crate::error::Error;
use crate::kind::{AGENT_ARTIFACT, AGENT_CONFIG, misfit};
use crate::reference::Reference;
use crate::store::limits::{self, AGENT_LAYERS_MAX, AGENT_MAX_BYTES, Part};
use crate::tool_image::{base_name, is_safe, title};

/// The layer with the Agentfile as it was written.
pub(super) const AGENTFILE_LAYER: &str = "application/vnd.openotters.agentfile";

/// The title of that layer.
pub(super) const AGENTFILE_TITLE: &str = "Agentfile";

/// A layer with the text of a context.
pub(super) const CONTEXT_LAYER: &str = "application/vnd.openotters.context.v1";

/// A layer with a file of `ADD`.
pub(super) const DATA_LAYER: &str = "application/octet-stream";

/// The parts of an agent image.
#[derive(Debug)]
pub(crate) struct AgentLayout<'a> {
    /// The resolved Agentfile.
    pub(super) config: &'a Descriptor,
    /// The Agentfile as it was written. Images of the first versions have none.
    pub(super) agentfile: Option<&'a Descriptor>,
    contexts: Vec<File<'a>>,
    data: Vec<File<'a>>,
}

/// A layer that becomes a file.
#[derive(Debug)]
struct File<'a> {
    /// Its name, without a directory.
    name: &'a str,
    layer: &'a Descriptor,
}

impl<'a> AgentLayout<'a> {
    /// The layout of `manifest`. Any other shape is refused, with what it is instead, and so is one
    /// that is too large: no blob has been read yet.
    pub(crate) fn of(reference: &Reference, manifest: &'a ImageManifest) -> Result<Self, Error> {
        let refuse = |problem: String| Err(Error::not_an_agent(reference, problem));
        if let Some(problem) = misfit(manifest) {
            return refuse(problem);
        }
        if let Some(artifact) = manifest
            .artifact_type()
            .as_ref()
            .filter(|artifact| artifact.as_ref() != AGENT_ARTIFACT)
        {
            return refuse(format!("it is `{artifact}`, not `{AGENT_ARTIFACT}`"));
        }
        let config = manifest.config();
        if config.media_type().as_ref() != AGENT_CONFIG {
            return refuse(format!(
                "its config is `{}`, not `{AGENT_CONFIG}`",
                config.media_type()
            ));
        }
        let layers = manifest.layers();
        if layers.len() > AGENT_LAYERS_MAX {
            return refuse(format!(
                "it has {} layers, at most {AGENT_LAYERS_MAX} are allowed",
                layers.len()
            ));
        }
        let mut layout = Self {
            config,
            agentfile: None,
            contexts: Vec::new(),
            data: Vec::new(),
        };
        for layer in layers {
            let added = layout.add(layer);
            added.map_err(|problem| Error::not_an_agent(reference, problem.0))?;
        }
        for (part, descriptor) in layout.blobs() {
            part.check(descriptor.size())?;
        }
        if layout.size() > AGENT_MAX_BYTES {
            return Err(Error::TooLarge {
                what: format!("the agent image {reference}"),
                size: layout.size(),
                max: AGENT_MAX_BYTES,
            });
        }
        Ok(layout)
    }

    fn add(&mut self, layer: &'a Descriptor) -> Result<(), Misplaced> {
        let media_type = layer.media_type().as_ref();
        if media_type == AGENTFILE_LAYER {
            return match self.agentfile.replace(layer) {
                None => Ok(()),
                Some(_) => Err(Misplaced("it has two Agentfiles".to_owned())),
            };
        }
        let files = match media_type {
            CONTEXT_LAYER => &mut self.contexts,
            DATA_LAYER => &mut self.data,
            other => {
                return Err(Misplaced(format!(
                    "it has a layer `{}`, which this host does not know",
                    other.escape_debug()
                )));
            }
        };
        let Some(title) = title(layer) else {
            return Err(Misplaced(format!("a layer `{media_type}` has no title")));
        };
        if !is_safe(title) {
            return Err(Misplaced(format!(
                "a layer is titled `{}`, which is no file name inside one directory",
                title.escape_debug()
            )));
        }
        let name = base_name(title);
        // Names that differ in case alone are one file on some file systems.
        if files
            .iter()
            .any(|file| file.name.eq_ignore_ascii_case(name))
        {
            return Err(Misplaced(format!(
                "two layers are titled `{}`",
                name.escape_debug()
            )));
        }
        files.push(File { name, layer });
        Ok(())
    }

    /// The text of a context, by the title of its layer.
    pub(super) fn context(&self, title: &str) -> Option<&'a Descriptor> {
        find(&self.contexts, title)
    }

    /// A file of `ADD`, by its name.
    pub(super) fn data(&self, name: &str) -> Option<&'a Descriptor> {
        find(&self.data, name)
    }

    /// Number of the layers that become files.
    pub(super) fn files(&self) -> usize {
        self.contexts.len() + self.data.len()
    }

    /// The size of all blobs together, in bytes.
    pub(super) fn size(&self) -> u64 {
        let sizes = self.blobs().into_iter();
        sizes.fold(0, |size, (_, descriptor)| {
            size.saturating_add(descriptor.size())
        })
    }

    /// Every blob the manifest needs, and how large it may be.
    pub(crate) fn blobs(&self) -> Vec<(&'static Part, &'a Descriptor)> {
        let mut blobs = vec![(&limits::AGENT_CONFIG, self.config)];
        blobs.extend(self.agentfile.map(|layer| (&limits::AGENTFILE, layer)));
        let contexts = self.contexts.iter();
        blobs.extend(contexts.map(|file| (&limits::CONTEXT, file.layer)));
        let data = self.data.iter();
        blobs.extend(data.map(|file| (&limits::DATA, file.layer)));
        blobs
    }
}

/// A layer that does not belong where it is: a sentence about the image.
struct Misplaced(String);

fn find<'a>(files: &[File<'a>], name: &str) -> Option<&'a Descriptor> {
    let found = files.iter().find(|file| file.name == name);
    found.map(|file| file.layer)
}
