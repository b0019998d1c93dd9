//! Of an image for several platforms, the one for WebAssembly.

use oci_spec::image::{Arch, Descriptor, ImageIndex, Platform};

use crate::error::Error;
use crate::reference::Reference;

/// The names `os` has for components, the better one first.
const SYSTEMS: [&str; 2] = ["wasip2", "wasi"];

/// Number of platforms that an error names of an image without one for WebAssembly: more say
/// nothing more.
const NAMED_MAX: usize = 8;

/// The row of `index` that is a WebAssembly component. Without one, the image is native and
/// refused.
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
        .ok_or_else(|| Error::not_a_tool(reference, refusal(index)))
}

fn refusal(index: &ImageIndex) -> String {
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
