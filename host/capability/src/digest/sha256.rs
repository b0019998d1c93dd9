//! SHA-256, computed by the library that suits who asks.
//!
//! The host hashes megabytes for every component that it loads, pulls or pushes. It takes what its
//! TLS is made of, which has code for each kind of processor: without SHA instructions it is twice
//! as fast as the other. The macros of the guest SDK hash a manifest at most, so they take the one
//! in Rust, and no author waits for a library in C.

/// A digest in the making.
#[derive(Clone)]
pub(super) struct Sha256(Context);

#[cfg(feature = "aws-lc")]
type Context = aws_lc_rs::digest::Context;

#[cfg(not(feature = "aws-lc"))]
type Context = sha2::Sha256;

#[cfg(feature = "aws-lc")]
impl Sha256 {
    pub(super) fn new() -> Self {
        Self(Context::new(&aws_lc_rs::digest::SHA256))
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn finish(self) -> [u8; 32] {
        let mut digest = [0; 32];
        digest.copy_from_slice(self.0.finish().as_ref());
        digest
    }
}

#[cfg(not(feature = "aws-lc"))]
impl Sha256 {
    pub(super) fn new() -> Self {
        Self(sha2::Digest::new())
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        sha2::Digest::update(&mut self.0, bytes);
    }

    pub(super) fn finish(self) -> [u8; 32] {
        sha2::Digest::finalize(self.0).into()
    }
}
