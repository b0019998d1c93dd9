//! The directories of an agent's tree that its tools see.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cap_std::fs::Dir;
use cofferdam_capability::{Access, GrantError, GuestPath, Offer};

/// The directories of one tree. Each is opened once, however many tools see it: an idle agent
/// holds a few descriptors.
pub(crate) struct Places<'a> {
    tree: &'a Dir,
    opened: Mutex<HashMap<GuestPath, Arc<Dir>>>,
}

impl<'a> Places<'a> {
    pub(crate) fn of(tree: &'a Dir) -> Self {
        Self {
            tree,
            opened: Mutex::default(),
        }
    }

    /// Offers a directory of the tree, which has this name in it and for guests.
    pub(crate) fn offer(&self, place: GuestPath, access: Access) -> Result<Offer, GrantError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dir) = opened.get(&place) {
            return Ok(Offer::kept(Arc::clone(dir), place, access));
        }
        let dir = self.tree.open_dir(place.below_root());
        let dir = Arc::new(dir.map_err(|source| GrantError::Open {
            path: place.to_string(),
            source,
        })?);
        opened.insert(place.clone(), Arc::clone(&dir));
        Ok(Offer::kept(dir, place, access))
    }
}
