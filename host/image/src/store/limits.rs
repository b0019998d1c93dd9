//! Maximum sizes of the parts of an image. Nothing is read or written beyond.

use crate::agentfile::{CONTEXT_MAX_BYTES, DATA_MAX_BYTES, FILE_MAX_BYTES};
use crate::error::Error;

/// The largest `index.json` in bytes. A row has about 300, so it holds over ten thousand images,
/// and it is read whole for every one of them.
pub const INDEX_MAX_BYTES: u64 = 4 << 20;

/// The largest manifest or image index in bytes. A tool's has about 2 KiB; registries take no more
/// than 4 MiB, and nothing a tool says of itself needs as much.
pub const MANIFEST_MAX_BYTES: u64 = 1 << 20;

/// The largest config in bytes. It holds the lists of imports and exports and the usage text, which
/// goes into a prompt.
pub const CONFIG_MAX_BYTES: u64 = 1 << 20;

/// The largest component in bytes, which is held in memory while it is loaded. A Python tool with
/// its interpreter has 18 MB; ten of those still fit.
pub const COMPONENT_MAX_BYTES: u64 = 256 << 20;

/// The largest usage text that is a layer of its own, in bytes. It goes into a prompt; the longest
/// of the known tools has 4 KiB.
pub const USAGE_MAX_BYTES: u64 = 256 << 10;

/// The most layers a manifest may have. A tool has one or two; images of other hosts rarely have as
/// many.
pub(crate) const LAYERS_MAX: usize = 32;

/// The largest config of an agent, in bytes (8 MiB). It holds what an Agentfile of 1 MiB says, and
/// every byte of that may take six.
const AGENT_CONFIG_MAX_BYTES: u64 = 8 << 20;

/// The most layers of an agent image. Each is a document of a prompt or a file that a tool reads.
pub(crate) const AGENT_LAYERS_MAX: usize = 1024;

/// The largest agent image, in bytes (64 MiB): it is read whole, and held in memory.
pub(crate) const AGENT_MAX_BYTES: u64 = 64 << 20;

/// The largest part of a document that refers to an image, in bytes (8 MiB): a bill of materials of
/// a large image.
const REFERRER_MAX_BYTES: u64 = 8 << 20;

/// The largest `oci-layout` file in bytes: it holds a version number.
const LAYOUT_MAX_BYTES: u64 = 4 << 10;

/// A part of an image, as errors call it, and its limit.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) noun: &'static str,
    pub(crate) max: u64,
}

pub(crate) const LAYOUT: Part = Part {
    noun: "oci-layout",
    max: LAYOUT_MAX_BYTES,
};
pub(crate) const INDEX: Part = Part {
    noun: "index.json",
    max: INDEX_MAX_BYTES,
};
pub(crate) const MANIFEST: Part = Part {
    noun: "the manifest",
    max: MANIFEST_MAX_BYTES,
};
pub(crate) const CONFIG: Part = Part {
    noun: "the config",
    max: CONFIG_MAX_BYTES,
};
pub(crate) const USAGE: Part = Part {
    noun: "the usage text",
    max: USAGE_MAX_BYTES,
};
pub(crate) const COMPONENT: Part = Part {
    noun: "the component",
    max: COMPONENT_MAX_BYTES,
};

/// Any blob, before anybody knows what it is: the largest is a component.
pub(crate) const BLOB: Part = Part {
    noun: "the blob",
    max: COMPONENT_MAX_BYTES,
};
pub(crate) const REFERRER: Part = Part {
    noun: "a part of a referrer",
    max: REFERRER_MAX_BYTES,
};
pub(crate) const AGENT_CONFIG: Part = Part {
    noun: "the config of an agent",
    max: AGENT_CONFIG_MAX_BYTES,
};
pub(crate) const AGENTFILE: Part = Part {
    noun: "the Agentfile",
    max: FILE_MAX_BYTES,
};
pub(crate) const CONTEXT: Part = Part {
    noun: "the text of a context",
    max: CONTEXT_MAX_BYTES,
};
pub(crate) const DATA: Part = Part {
    noun: "a file of ADD",
    max: DATA_MAX_BYTES,
};

impl Part {
    /// Refuses `size` if it is beyond the limit.
    pub(crate) fn check(&self, size: u64) -> Result<(), Error> {
        if size <= self.max {
            return Ok(());
        }
        Err(Error::TooLarge {
            what: self.noun.to_owned(),
            size,
            max: self.max,
        })
    }
}
