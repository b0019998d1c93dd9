//! How the tests reach the real thing: the built binary, the built tools and guests, a host of their own.

mod command;
mod dns;
mod host;
pub(crate) mod liar;
mod registry;
mod scratch;
mod web;

pub(crate) use command::{Cofferdam, Ran, cofferdam};
pub(crate) use dns::Dns;
pub(crate) use host::{Host, content_of};
pub(crate) use registry::{PASSWORD, Registry, skopeo, skopeo_json};
pub(crate) use scratch::Scratch;
pub(crate) use web::{Reply, Web};

use std::path::{Path, PathBuf};

/// The top of the checkout.
pub(crate) fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the checkout")
}

/// A file that a recipe must have built.
fn built(path: &str) -> PathBuf {
    let path = checkout().join("target").join(path);
    assert!(path.exists(), "{} is missing: `./just test` builds it", path.display());
    path
}

/// The binary under test.
pub(crate) fn binary() -> PathBuf {
    built("debug/cofferdam")
}

/// A tool that ships with the host, with its manifest inside.
pub(crate) fn tool(name: &str) -> PathBuf {
    built(&format!("tools/{name}.wasm"))
}

/// A hostile guest, as cargo built it: without a manifest.
pub(crate) fn guest(name: &str) -> PathBuf {
    built(&format!("wasm32-wasip2/guest/{name}.wasm"))
}

/// The text of a hostile guest that Rust cannot say.
pub(crate) fn wat_guest(name: &str) -> PathBuf {
    checkout().join("tests/guests/wat").join(format!("{name}.wat"))
}

/// A component that a foreign toolchain made.
pub(crate) fn component(name: &str) -> PathBuf {
    built(&format!("components/{name}.wasm"))
}

/// The Python that has the gRPC client.
pub(crate) fn python() -> PathBuf {
    built("python/bin/python")
}
