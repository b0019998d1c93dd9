//! How the tests reach the real thing: the built binary, the built tools and guests, a host of
//! their own.

pub(crate) mod agents;
pub(crate) mod call;
mod command;
pub(crate) mod components;
pub(crate) mod dialect;
pub(crate) mod grpc;
mod host;
pub(crate) mod http;
pub(crate) mod images;
pub(crate) mod liar;
pub(crate) mod mcp;
mod network;
mod registry;
mod scratch;
mod terminal;
mod tmpfs;
mod typed;
pub(crate) mod vendor;

pub(crate) use command::{Cofferdam, Ran, cofferdam};
pub(crate) use host::{Host, content_of};
pub(crate) use network::{dns, start_tls, web};
pub(crate) use registry::{PASSWORD, Registry, skopeo, skopeo_json};
pub(crate) use scratch::Scratch;
pub(crate) use terminal::{Dialogue, on_terminal, on_terminal_of, typed_unseen};
pub(crate) use tmpfs::Tmpfs;
pub(crate) use typed::Typed;

use std::path::{Path, PathBuf};

/// The top of the checkout.
pub(crate) fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests lie in the checkout")
}

/// A file that a recipe must have built.
fn built(path: &str) -> PathBuf {
    let path = checkout().join("target").join(path);
    assert!(
        path.exists(),
        "{} is missing: `./just test` builds it",
        path.display()
    );
    path
}

/// The binary under test, of the same profile as what drives it.
pub(crate) fn binary() -> PathBuf {
    built(if cfg!(debug_assertions) {
        "debug/cofferdam"
    } else {
        "release/cofferdam"
    })
}

/// A tool that ships with the host, with its manifest inside.
pub(crate) fn tool(name: &str) -> PathBuf {
    built(&format!("tools/{name}.wasm"))
}

/// A guest of the corpus as a file, without a manifest. The corpus carries its bytes; all tests
/// share the file.
pub(crate) fn guest(name: &str) -> PathBuf {
    let guest =
        cofferdam_selftest::guest(name).unwrap_or_else(|| panic!("the corpus has no guest {name}"));
    let directory = checkout().join("target/corpus");
    std::fs::create_dir_all(&directory).expect("a directory");
    let path = directory.join(format!("{name}.wasm"));
    // Another test may be reading it.
    let new = tempfile::NamedTempFile::new_in(&directory).expect("a file");
    std::fs::write(new.path(), guest.bytes).expect("a file");
    new.persist(&path).expect("a file of its name");
    path
}

/// A component that a foreign toolchain made.
pub(crate) fn component(name: &str) -> PathBuf {
    built(&format!("components/{name}.wasm"))
}

/// A core module, as a C compiler left it.
pub(crate) fn module(name: &str) -> PathBuf {
    built(&format!("components/c/{name}.wasm"))
}

/// The directory in which the projects of all tests are compiled, so that the SDK is compiled
/// once.
pub(crate) fn target_dir() -> PathBuf {
    checkout().join("target/authoring")
}

/// The Python that has the gRPC client.
pub(crate) fn python() -> PathBuf {
    built("python/bin/python")
}
