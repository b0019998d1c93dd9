//! Of an image for several platforms, the one for WebAssembly.

use oci_spec::image::{Arch, Descriptor, ImageIndex, MediaType, Platform};

use crate::error::Error;
use crate::reference::Reference;

/// The names `os` has for components, the better one first.
const SYSTEMS: [&str; 2] = ["wasip2", "wasi"];

/// Number of platforms that an error names of an image without one for WebAssembly: more say
/// nothing more.
const NAMED_MAX: usize = 8;

/// The row of `index` that is a WebAssembly component. Tools that push artifacts write rows without
/// a platform: a single one is taken, and its layers say whether it is a component. Without either,
/// the image is native and refused.
pub(crate) fn wasm<'a>(
    reference: &Reference,
    index: &'a ImageIndex,
) -> Result<&'a Descriptor, Error> {
    let is_for = |platform: &Platform, system: &str| {
        *platform.architecture() == Arch::Wasm && platform.os().to_string() == system
    };
    SYSTEMS
        .iter()
        .find_map(|system| {
            index.manifests().iter().find(|row| {
                row.platform()
                    .as_ref()
                    .is_some_and(|platform| is_for(platform, system))
            })
        })
        .or_else(|| without_platform(index))
        .ok_or_else(|| Error::not_a_tool(reference, refusal(index)))
}

/// The row without a platform, if there is just one.
fn without_platform(index: &ImageIndex) -> Option<&Descriptor> {
    let mut rows = index.manifests().iter().filter(|row| is_unmarked(row));
    rows.next().filter(|_| rows.next().is_none())
}

fn is_unmarked(row: &Descriptor) -> bool {
    row.platform().is_none() && *row.media_type() == MediaType::ImageManifest
}

fn refusal(index: &ImageIndex) -> String {
    let unmarked = index.manifests().iter().filter(|row| is_unmarked(row));
    let unmarked = unmarked.count();
    if unmarked > 1 {
        return format!(
            "it is an image index in which {unmarked} entries say no platform: name one by its \
             digest, or give the component's `wasip2/wasm`"
        );
    }
    let name = |platform: &Platform| {
        format!("{}/{}", platform.os(), platform.architecture())
            .escape_debug()
            .to_string()
    };
    let found: Vec<_> = index
        .manifests()
        .iter()
        .filter_map(|row| row.platform().as_ref().map(name))
        .take(NAMED_MAX)
        .collect();
    match found.as_slice() {
        [] => "it is an image index without an entry for `wasip2/wasm`".to_owned(),
        found => format!(
            "it is a native binary image, for {}, and Cofferdam runs WebAssembly components; build \
             it for wasip2",
            found.join(", ")
        ),
    }
}
