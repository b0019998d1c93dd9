//! Lines of the log that a client could otherwise write as fast as it connects.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time between two lines of one kind. An operator learns of a flood at once, and the log grows by
/// a few kilobytes an hour.
const INTERVAL: Duration = Duration::from_secs(10);

/// One kind of line, written at most once in an interval.
#[derive(Debug, Default)]
pub(crate) struct Seldom {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    left_out: u64,
}

impl Seldom {
    /// Warns with `sentence` and the number of lines left out since the last one, or counts this
    /// one as left out.
    pub(crate) fn warn(&self, sentence: impl FnOnce() -> String) {
        let left_out = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.last.is_some_and(|last| last.elapsed() < INTERVAL) {
                state.left_out = state.left_out.saturating_add(1);
                return;
            }
            state.last = Some(Instant::now());
            std::mem::take(&mut state.left_out)
        };
        let sentence = sentence();
        tracing::warn!(left_out, "{sentence}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_line_at_once_is_counted_and_not_written() {
        let seldom = Seldom::default();
        let mut written = 0;
        for _ in 0..3 {
            seldom.warn(|| {
                written += 1;
                String::new()
            });
        }
        assert_eq!((written, seldom.state.lock().unwrap().left_out), (1, 2));
    }
}
