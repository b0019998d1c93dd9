//! The meaning of a manifest's config and layers: the layouts a tool comes in.

use oci_spec::image::{ANNOTATION_TITLE, Descriptor, ImageManifest};

use super::annotation;
use crate::error::Error;
use crate::kind::{Kind, misfit};
use crate::reference::Reference;
use crate::store::limits::{COMPONENT, CONFIG, LAYERS_MAX, Part, USAGE};

/// The config of a Wasm artifact.
pub(super) const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";

/// The layer of a Wasm artifact.
pub(super) const WASM_LAYER: &str = "application/wasm";

/// The artifact type of an openotters tool image.
const BIN_ARTIFACT: &str = "application/vnd.openotters.bin.v1";

/// The configs of images that say nothing of WebAssembly and may still carry a component: an
/// openotters tool has one of a container, so that it can be mounted. The last is older `oras`'s.
const PLAIN_CONFIGS: [&str; 4] = [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.oci.empty.v1+json",
    "application/vnd.unknown.config.v1+json",
];

/// Maximum characters of a title: what file systems take.
const TITLE_MAX_CHARS: usize = 255;

/// The parts of a tool image.
#[derive(Debug)]
pub(crate) enum Layout<'a> {
    /// The CNCF layout.
    Artifact {
        /// Says what the component is.
        config: &'a Descriptor,
        /// The component.
        layer: &'a Descriptor,
    },
    /// The layout of openotters: a file, and perhaps its usage text.
    Bin {
        /// Says nothing that is asked here.
        config: &'a Descriptor,
        /// The file, as it is or in an archive.
        layer: &'a Descriptor,
        /// The packing of the file.
        packing: Packing,
        /// The usage text.
        usage: Option<&'a Descriptor>,
    },
}

/// The form in which a layer holds its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// The layer is the file.
    Raw,
    /// An archive of files.
    Tar,
    /// The same, compressed.
    TarGzip,
}

impl<'a> Layout<'a> {
    /// The layout of `manifest`. Any other shape is refused, with what it is instead.
    pub(crate) fn of(reference: &Reference, manifest: &'a ImageManifest) -> Result<Self, Error> {
        let refuse = |problem: String| Err(Error::not_a_tool(reference, problem));
        if let Some(problem) = misfit(manifest) {
            return refuse(problem);
        }
        if Kind::of(manifest) == Kind::Agent {
            return refuse(
                "it is an agent image, which `cofferdam image inspect` shows".to_owned(),
            );
        }
        let config = manifest.config();
        let layers = manifest.layers().as_slice();
        if layers.len() > LAYERS_MAX {
            return refuse(format!(
                "it has {} layers, more than {LAYERS_MAX}; a tool has exactly one",
                layers.len()
            ));
        }
        for title in layers.iter().filter_map(title) {
            if !is_safe(title) {
                let title = title.escape_debug();
                return refuse(format!(
                    "a layer is titled `{title}`, which is no file name inside one directory"
                ));
            }
        }
        if config.media_type().as_ref() != WASM_CONFIG {
            return bin(reference, manifest);
        }
        match layers {
            [layer] if layer.media_type().as_ref() == WASM_LAYER => {
                Ok(Self::Artifact { config, layer })
            }
            [layer] => refuse(format!(
                "its layer is `{}`, not `{WASM_LAYER}`",
                layer.media_type()
            )),
            layers => refuse(format!(
                "it has {}; a tool has exactly one layer, `{WASM_LAYER}`",
                counted(layers.iter())
            )),
        }
    }

    /// Every blob the manifest needs, and how large it may be.
    pub(crate) fn blobs(&self) -> impl Iterator<Item = (&'static Part, &'a Descriptor)> + use<'a> {
        let (config, layer, usage) = match *self {
            Self::Artifact { config, layer } => (config, layer, None),
            Self::Bin {
                config,
                layer,
                packing: _,
                usage,
            } => (config, layer, usage),
        };
        [(&CONFIG, config), (&COMPONENT, layer)]
            .into_iter()
            .chain(usage.map(|usage| (&USAGE, usage)))
    }
}

fn bin<'a>(reference: &Reference, manifest: &'a ImageManifest) -> Result<Layout<'a>, Error> {
    let refuse = |problem: String| Err(Error::not_a_tool(reference, problem));
    let config = manifest.config();
    let annotations = annotation::read(manifest.annotations().iter().flatten());
    let is_bin = manifest
        .artifact_type()
        .as_ref()
        .is_some_and(|kind| kind.as_ref() == BIN_ARTIFACT)
        || annotations.contains_key(annotation::NAME);
    if !is_bin && !PLAIN_CONFIGS.contains(&config.media_type().as_ref()) {
        return refuse(format!(
            "its config is `{}`, not `{WASM_CONFIG}`",
            config.media_type()
        ));
    }
    let usage_title = annotations
        .get(annotation::USAGE)
        .map_or("USAGE.md", String::as_str);
    let is_usage = |layer: &&Descriptor| {
        layer.media_type().as_ref() == "text/markdown"
            || title(layer).is_some_and(|title| base_name(title) == base_name(usage_title))
    };
    let (usage, files): (Vec<_>, Vec<_>) = manifest.layers().iter().partition(is_usage);
    let usage = match usage.as_slice() {
        [] => None,
        [usage] => Some(*usage),
        several => {
            return refuse(format!(
                "it has {} usage texts; a tool has at most one",
                several.len()
            ));
        }
    };
    let [layer] = files.as_slice() else {
        return refuse(format!(
            "it has {}; a tool has exactly one layer with a file",
            counted(files.iter().copied())
        ));
    };
    match packing(layer, is_bin) {
        Some(packing) => Ok(Layout::Bin {
            config,
            layer,
            packing,
            usage,
        }),
        None => refuse(format!(
            "its layer is `{}`; Cofferdam reads `{WASM_LAYER}`, and of openotters' layouts files \
             as they are and `tar+gzip`",
            layer.media_type()
        )),
    }
}

/// The layers that there are instead of one, with the kinds of those that are not the component.
fn counted<'a>(layers: impl ExactSizeIterator<Item = &'a Descriptor>) -> String {
    let count = layers.len();
    let mut others: Vec<_> = layers
        .map(|layer| layer.media_type().as_ref())
        .filter(|kind| *kind != WASM_LAYER)
        .map(|kind| format!("`{}`", kind.escape_debug()))
        .collect();
    let has_component = others.len() + 1 == count;
    others.dedup();
    match others.as_slice() {
        [] => format!("{count} layers"),
        others if has_component => format!("{} beside the component", others.join(", ")),
        others => format!("{count} layers, with {} among them", others.join(", ")),
    }
}

fn packing(layer: &Descriptor, is_bin: bool) -> Option<Packing> {
    match layer.media_type().as_ref() {
        WASM_LAYER => Some(Packing::Raw),
        "application/vnd.oci.image.layer.v1.tar+gzip"
        | "application/vnd.docker.image.rootfs.diff.tar.gzip" => Some(Packing::TarGzip),
        "application/vnd.oci.image.layer.v1.tar" => Some(Packing::Tar),
        other if other.contains(".tar") => None,
        // The older form: the file itself, by its title.
        _ if is_bin && title(layer).is_some() => Some(Packing::Raw),
        _ => None,
    }
}

/// Returns the name of the file in a layer.
pub(crate) fn title(layer: &Descriptor) -> Option<&str> {
    layer
        .annotations()
        .as_ref()?
        .get(ANNOTATION_TITLE)
        .map(String::as_str)
}

/// The last component of a path.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Returns true if a path from an image stays where it is put: a leading `/` means the image's
/// root.
pub(crate) fn is_safe(path: &str) -> bool {
    let path = path.strip_prefix('/').unwrap_or(path);
    let is_plain = |component: &str| {
        !matches!(component, "" | "." | "..")
            && !component.contains(|c: char| c.is_control() || c == '\\')
    };
    path.len() <= TITLE_MAX_CHARS && path.split('/').all(is_plain)
}
