//! Generates the Rust of the `.proto` files, with protox instead of an installed `protoc`.

use std::error::Error;
use std::path::PathBuf;

use prost::Message;

const FILES: [&str; 9] = [
    "openotters/agent/v1/agent.proto",
    "cofferdam/v1/agents.proto",
    "cofferdam/v1/approvals.proto",
    "cofferdam/v1/chat.proto",
    "cofferdam/v1/images.proto",
    "cofferdam/v1/reviews.proto",
    "cofferdam/v1/sessions.proto",
    "cofferdam/v1/tokens.proto",
    "cofferdam/v1/tools.proto",
];

#[allow(
    clippy::disallowed_methods,
    reason = "cargo says where generated code goes"
)]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=openotters");
    println!("cargo::rerun-if-changed=cofferdam");
    let descriptors = protox::compile(FILES, ["."])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .codec_path("crate::codec::Codec")
        .compile_fds(descriptors)?;
    Ok(())
}
