//! `rand`: the same numbers in every run, as the standard has it.

/// Marsaglia's xorshift with a multiplication ("xorshift64*"): enough for scripts that throw dice.
pub(super) struct Random {
    state: u64,
    /// The seed, which the next `srand` returns.
    pub(super) seed: f64,
}

impl Random {
    pub(super) fn new() -> Self {
        let mut random = Self {
            state: 0,
            seed: 0.0,
        };
        random.set(0.0);
        random
    }

    pub(super) fn set(&mut self, seed: f64) {
        self.seed = seed;
        // A state of 0 would stay 0; the constant spreads small seeds.
        self.state = (seed.to_bits() ^ 0x9e37_79b9_7f4a_7c15).max(1);
        for _ in 0..8 {
            self.next();
        }
    }

    /// From 0 to 1, without 1.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(super) fn next(&mut self) -> f64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let bits = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
        bits as f64 / (1_u64 << 53) as f64
    }
}
