//! The losses of a call: entries that it removed or renamed, files that it made shorter, and names
//! that it could not be told.

use cofferdam_call::Changed;

/// Names that are kept of each kind. A receipt is read by people; the count tells the rest.
pub(super) const MAX_NAMES: usize = 32;

/// The removals, renames and truncations of a call, and the entries that its listings lack, for its
/// receipt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    pub(crate) removed: Changed,
    pub(crate) renamed: Changed,
    pub(crate) truncated: Changed,
    pub(crate) unlisted: Changed,
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

    /// A listing lacks so many entries, because their names are not UTF-8. These are the first of
    /// them.
    pub(super) fn unlisted(&mut self, count: u64, names: Vec<String>) {
        self.unlisted.count = self.unlisted.count.saturating_add(count);
        let room = MAX_NAMES.saturating_sub(self.unlisted.names.len());
        self.unlisted.names.extend(names.into_iter().take(room));
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
