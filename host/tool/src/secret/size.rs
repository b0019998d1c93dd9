//! The size of a secret.

/// The shortest secret, in bytes. A shorter one is found by chance in harmless output, and can be
/// guessed.
pub(super) const MIN_SECRET: usize = 8;

/// The longest secret, in bytes (64 KiB): more than any server takes in a header.
pub const MAX_SECRET: usize = 64 << 10;
