//! The blobs of an image of either kind, and the check that they are what the image says.

use cofferdam_capability::Digest;
use oci_spec::image::{Descriptor, ImageManifest};

use crate::agent_image::{AgentImage, AgentLayout};
use crate::error::Error;
use crate::kind::Kind;
use crate::reference::Reference;
use crate::store::limits::Part;
use crate::tool_image::{Layout, ToolImage};

/// Every blob that a manifest needs beside itself, and how large it may be.
pub(crate) fn blobs<'a>(
    reference: &Reference,
    manifest: &'a ImageManifest,
) -> Result<Vec<(&'static Part, &'a Descriptor)>, Error> {
    match Kind::of(manifest) {
        Kind::Agent => Ok(AgentLayout::of(reference, manifest)?.blobs()),
        Kind::Tool => Ok(Layout::of(reference, manifest)?.blobs().collect()),
    }
}

/// Refuses an image that could not be loaded; `read` gives its blobs, checked.
pub(crate) fn check(
    reference: &Reference,
    digest: Digest,
    manifest: &ImageManifest,
    read: impl Fn(&Descriptor, &Part) -> Result<Vec<u8>, Error>,
) -> Result<(), Error> {
    match Kind::of(manifest) {
        Kind::Agent => AgentImage::unpack(reference, digest, manifest, read).map(drop),
        Kind::Tool => {
            let layout = Layout::of(reference, manifest)?;
            ToolImage::unpack(reference, manifest, &layout, read).map(drop)
        }
    }
}
