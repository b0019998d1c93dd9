//! The losses of a call: entries that it removed or renamed, files that it made shorter.

use cofferdam_call::Changed;

/// Names that are kept of each kind. A receipt is read by people; the count tells the rest.
const MAX_NAMES: usize = 32;

/// The removals, renames and truncations of a call, for its receipt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    pub(crate) removed: Changed,
    pub(crate) renamed: Changed,
    pub(crate) truncated: Changed,
}

impl Changes {
    /// A file, directory or link was removed, or replaced by a rename.
    pub(super) fn removed(&mut self, path: String) {
        note(&mut self.removed, || path);
    }

    /// An entry got another name.
    pub(super) fn renamed(&mut self, from: &str, to: &str) {
        note(&mut self.renamed, || format!("{from} -> {to}"));
    }

    /// A file lost the end of its content, or all of it.
    pub(super) fn truncated(&mut self, path: String) {
        note(&mut self.truncated, || path);
    }
}

fn note(changed: &mut Changed, name: impl FnOnce() -> String) {
    changed.count = changed.count.saturating_add(1);
    if changed.names.len() < MAX_NAMES {
        changed.names.push(name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_cannot_fill_the_receipt() {
        let mut changes = Changes::default();
        for number in 0..1_000 {
            changes.removed(number.to_string());
        }
        assert_eq!(
            (changes.removed.count, changes.removed.names.len()),
            (1_000, MAX_NAMES)
        );
    }
}
