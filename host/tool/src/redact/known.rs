//! Values of secrets that this host knows.

use std::collections::VecDeque;

use cofferdam_capability::SecretName;
use zeroize::Zeroizing;

/// Values that are looked for at once: the secrets of a large host, their passwords and tokens.
/// Each is looked for in two dozen spellings.
const MAX_KNOWN: usize = 512;

/// Values of secrets that were replaced and are still looked for, because a server or a file may
/// still have one.
const MAX_FORMER: usize = 64;

/// The value of a secret.
pub(crate) struct Known {
    /// Its source; another value from there replaces it.
    pub(crate) source: String,
    /// The name that stands in its place.
    pub(crate) mark: SecretName,
    pub(crate) value: Zeroizing<Vec<u8>>,
}

/// More values than are looked for at once.
#[derive(Debug, thiserror::Error)]
#[error(
    "this host knows {MAX_KNOWN} values of secrets already, and looks for each of them in all \
     output: let fewer grants name secrets"
)]
pub(crate) struct TooMany;

/// All values.
#[derive(Default)]
pub(super) struct KnownValues {
    current: Vec<Known>,
    former: VecDeque<Known>,
}

impl KnownValues {
    /// Returns true if a value is none of those that are known.
    pub(super) fn lacks(&self, known: &Known) -> bool {
        let same = |other: &Known| other.source == known.source && other.value == known.value;
        !self.current.iter().any(same)
    }

    /// Adds a value in the place of the one from the same source.
    pub(super) fn add(&mut self, known: Known) -> Result<(), TooMany> {
        let source = |other: &Known| other.source == known.source;
        if let Some(index) = self.current.iter().position(source) {
            self.former.push_back(self.current.swap_remove(index));
            if self.former.len() > MAX_FORMER {
                self.former.pop_front();
            }
        } else if self.current.len() >= MAX_KNOWN {
            return Err(TooMany);
        }
        self.current.push(known);
        Ok(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Known> {
        self.current.iter().chain(&self.former)
    }
}
