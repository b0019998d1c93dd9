//! Tokens, as providers count them.

use std::ops::AddAssign;

/// Tokens of a turn. A provider that counts none leaves zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens that the model read, those of the provider's cache included.
    pub input: u64,
    /// Tokens that the model wrote, its thinking included.
    pub output: u64,
    /// The part of `input` that came from the provider's cache.
    pub cached: u64,
    /// The part of `input` that the provider put into its cache.
    pub cache_writes: u64,
    /// The part of `output` that was thinking.
    pub thinking: u64,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        let Self {
            input,
            output,
            cached,
            cache_writes,
            thinking,
        } = other;
        self.input = self.input.saturating_add(input);
        self.output = self.output.saturating_add(output);
        self.cached = self.cached.saturating_add(cached);
        self.cache_writes = self.cache_writes.saturating_add(cache_writes);
        self.thinking = self.thinking.saturating_add(thinking);
    }
}
