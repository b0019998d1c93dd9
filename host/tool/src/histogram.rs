//! Durations, counted by how long they were.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets, in microseconds: half a millisecond, which a small tool takes, to
/// five minutes, which a model may.
pub const BOUNDS: [u64; 16] = [
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    60_000_000,
    300_000_000,
];

/// Durations, counted by how long they were. Counting takes two additions and no lock.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS.len()],
    beyond: AtomicU64,
    sum: AtomicU64,
}

/// A histogram as it was at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistogramCounts {
    /// Durations of each bucket of [`BOUNDS`], without those of the buckets before it.
    pub buckets: [u64; BOUNDS.len()],
    /// Durations beyond the last bound.
    pub beyond: u64,
    /// The sum of all, in microseconds.
    pub sum: u64,
}

impl Histogram {
    /// Counts one duration.
    pub fn observe(&self, duration: Duration) {
        self.observe_us(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    /// Counts one duration, in microseconds.
    pub fn observe_us(&self, duration: u64) {
        let index = BOUNDS.partition_point(|bound| *bound < duration);
        let bucket = self.buckets.get(index).unwrap_or(&self.beyond);
        bucket.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(duration, Ordering::Relaxed);
    }

    /// The counts as they are now.
    pub fn counts(&self) -> HistogramCounts {
        HistogramCounts {
            buckets: self
                .buckets
                .each_ref()
                .map(|bucket| bucket.load(Ordering::Relaxed)),
            beyond: self.beyond.load(Ordering::Relaxed),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_in_the_first_bucket_that_holds_it() {
        let histogram = Histogram::default();
        for duration in [0, 500, 501, 1_000, 300_000_000, 300_000_001] {
            histogram.observe_us(duration);
        }
        let counts = histogram.counts();
        assert_eq!(counts.buckets[..3], [2, 2, 0]);
        assert_eq!((counts.buckets[15], counts.beyond), (1, 1));
        assert_eq!(counts.sum, 600_002_002);
    }
}
