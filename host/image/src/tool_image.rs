//! A tool as OCI carries it: the CNCF Wasm artifact layout
//! (<https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>), one `application/wasm` layer under a
//! config `application/vnd.wasm.config.v0+json`, so that `wkg`, `oras` and other hosts can pull it.
//!
//! # How the usage text travels
//!
//! A native openotters tool image carries `USAGE.md` as a second layer, found by the title that the annotation
//! `io.openotters.bin.usage` gives. A Wasm artifact has exactly one layer, and readers refuse a second. An annotation
//! is for short texts that tables show, and an OCI referrer is not covered by the tool's digest although the text
//! ends up in a model's prompt: whoever may push could change it under a pinned tool. So the text is the key
//! `cofferdam.usage` of the config: readers of that config ignore keys they do not know, and the manifest's digest
//! covers it. The annotation keeps its meaning, the name the text is to have beside the tool.

pub mod annotation;
mod config;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use cofferdam_capability::Digest;
use oci_spec::image::{
    ANNOTATION_CREATED, Descriptor, ImageManifest, ImageManifestBuilder, MediaType, SCHEMA_VERSION, Sha256Digest,
};
use serde::Serialize;

use crate::error::Error;
use crate::reference::Reference;
use config::WasmConfig;

const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
const WASM_LAYER: &str = "application/wasm";

/// One WebAssembly component and what its image says about it. What it says was written by whoever built the image;
/// only the component itself decides what it imports.
#[derive(Clone, PartialEq, Eq)]
pub struct ToolImage {
    /// The component, as binary.
    pub component: Vec<u8>,
    /// The manifest's annotations. Those of a tool are under [`annotation`]; the older names beside them are written
    /// to every image and, where an image has only those, read as the newer ones.
    pub annotations: BTreeMap<String, String>,
    /// How to call the tool, Markdown, for the model.
    pub usage: Option<String>,
    /// The interfaces the component imports, spelt as in WIT: `wasi:cli/environment@0.2.6`.
    pub imports: Vec<String>,
    /// The interfaces the component exports.
    pub exports: Vec<String>,
}

impl fmt::Debug for ToolImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { component, annotations, usage, imports, exports } = self;
        f.debug_struct("ToolImage")
            .field("component", &format_args!("{} bytes", component.len()))
            .field("annotations", annotations)
            .field("usage", usage)
            .field("imports", imports)
            .field("exports", exports)
            .finish()
    }
}

impl ToolImage {
    /// What its author calls the tool.
    pub fn name(&self) -> Option<&str> {
        self.annotations.get(annotation::NAME).map(String::as_str)
    }

    /// What the tool is for.
    pub fn description(&self) -> Option<&str> {
        self.annotations.get(annotation::DESCRIPTION).map(String::as_str)
    }

    /// The blobs beside the component. The same tool gives the same bytes: no clock is read, and keys are sorted.
    pub(crate) fn pack(&self) -> Result<Packed, Error> {
        let config = canonical_json(&WasmConfig::of(self))?;
        let manifest = ImageManifestBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageManifest)
            .config(descriptor(WASM_CONFIG, &config)?)
            .layers(vec![descriptor(WASM_LAYER, &self.component)?])
            .annotations(annotation::written(self))
            .build()
            .map_err(|error| Error::io("write a manifest")(std::io::Error::other(error)))?;
        Ok(Packed { config, manifest: canonical_json(&manifest)? })
    }

    /// The tool that `manifest`, its config blob and its layer blob describe.
    pub(crate) fn unpack(
        reference: &Reference,
        manifest: &ImageManifest,
        config: &[u8],
        component: Vec<u8>,
    ) -> Result<Self, Error> {
        let config = WasmConfig::read(reference, config, &Digest::of(&component))?;
        let (imports, exports) = config.interfaces();
        let annotations = annotation::read(manifest.annotations().iter().flatten());
        Ok(Self { component, annotations, usage: config.usage(), imports, exports })
    }
}

/// A packed tool image, without the component.
pub(crate) struct Packed {
    pub(crate) config: Vec<u8>,
    pub(crate) manifest: Vec<u8>,
}

/// The config and the one layer of a tool's manifest. Any other shape is refused, with what it is instead.
pub(crate) fn parts<'a>(
    reference: &Reference,
    manifest: &'a ImageManifest,
) -> Result<(&'a Descriptor, &'a Descriptor), Error> {
    let refuse = |problem: String| Err(Error::not_a_tool(reference, problem));
    if manifest.schema_version() != SCHEMA_VERSION {
        return refuse(format!("its manifest has schema version {}, not {SCHEMA_VERSION}", manifest.schema_version()));
    }
    if let Some(media_type) =
        manifest.media_type().as_ref().filter(|media_type| **media_type != MediaType::ImageManifest)
    {
        return refuse(format!("its manifest is `{media_type}`, not `{}`", MediaType::ImageManifest));
    }
    let config = manifest.config();
    if is_native(config.media_type()) || manifest.layers().iter().any(|layer| is_native(layer.media_type())) {
        return refuse(
            "it is a native binary image, and Cofferdam runs WebAssembly components; build it for wasip2".to_owned(),
        );
    }
    if config.media_type().as_ref() != WASM_CONFIG {
        return refuse(format!("its config is `{}`, not `{WASM_CONFIG}`", config.media_type()));
    }
    match manifest.layers().as_slice() {
        [layer] if layer.media_type().as_ref() == WASM_LAYER => Ok((config, layer)),
        [layer] => refuse(format!("its layer is `{}`, not `{WASM_LAYER}`", layer.media_type())),
        layers => refuse(format!("it has {} layers; a tool has exactly one, `{WASM_LAYER}`", layers.len())),
    }
}

/// Whether a media type is one that container images are made of: a container's config, or a tar archive of files.
fn is_native(media_type: &MediaType) -> bool {
    let text = media_type.as_ref();
    *media_type == MediaType::ImageConfig
        || text == "application/vnd.docker.container.image.v1+json"
        || text.contains(".tar+")
        || text.contains(".tar.")
        || text.ends_with(".tar")
}

/// Describes `bytes` as a blob of this media type.
pub(crate) fn descriptor(media_type: &str, bytes: &[u8]) -> Result<Descriptor, Error> {
    let digest: Sha256Digest = Digest::of(bytes)
        .hex()
        .parse()
        .map_err(|error: oci_spec::OciSpecError| Error::io("describe a blob")(std::io::Error::other(error)))?;
    Ok(Descriptor::new(media_type.into(), bytes.len() as u64, digest))
}

/// JSON without whitespace and with sorted keys (RFC 8785), whatever order maps and structures have in memory.
pub(crate) fn canonical_json(document: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json_canonicalizer::to_vec(document).map_err(Error::io("write JSON"))
}
