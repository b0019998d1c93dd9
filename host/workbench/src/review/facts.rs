//! Facts about the code of a component that take long to find: its imports, and what its functions
//! reach. They follow from its bytes, so they are kept by its digest.

use cap_std::fs::Dir;
use cofferdam_capability::Digest;
use cofferdam_tool::{Import, imports};
use serde::{Deserialize, Serialize};

use super::reached::ReachPage;
use crate::error::Error;

/// The most bytes of the facts about one component (4 MiB). A thousand exports that each reach a
/// hundred functions have as much.
const MOST: u64 = 4 << 20;

/// Components whose facts are kept at most. Then all of them are found anew.
const MOST_KEPT: usize = 4_096;

/// Facts that were found before, in a directory of the host's own.
#[derive(Debug)]
pub struct FactsCache {
    directory: Dir,
    /// A name of this very program: another version may follow calls in another way.
    program: String,
}

/// The facts about a component.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Facts {
    imports: Vec<String>,
    pub(super) reach: ReachPage,
}

impl Facts {
    /// Finds them, or takes those that were found before.
    pub(super) fn of(
        component: &[u8],
        digest: Digest,
        origin: &str,
        cache: Option<&FactsCache>,
    ) -> Result<Self, Error> {
        if let Some(kept) = cache.and_then(|cache| cache.read(digest)) {
            return Ok(kept);
        }
        let imports = imports(component);
        let imports = imports.map_err(|error| Error::usage(format!("{origin}: {error}")))?;
        let facts = Self {
            imports: imports
                .iter()
                .map(|import| import.name().to_owned())
                .collect(),
            reach: ReachPage::of(component),
        };
        if let Some(cache) = cache {
            cache.keep(digest, &facts);
        }
        Ok(facts)
    }

    /// Its imports.
    pub(super) fn imports(&self) -> Vec<Import> {
        self.imports.iter().map(Import::named).collect()
    }
}

impl FactsCache {
    /// The facts in this directory that this very program has found; `program` names it.
    pub fn new(directory: Dir, program: String) -> Self {
        Self { directory, program }
    }

    fn name(&self, digest: Digest) -> String {
        format!("{}-{}.json", digest.hex(), self.program)
    }

    /// Reads facts. Those that cannot be read are found again.
    fn read(&self, digest: Digest) -> Option<Facts> {
        let name = self.name(digest);
        let file = self.directory.metadata(&name).ok()?;
        let json = (file.len() <= MOST).then(|| self.directory.read(&name).ok());
        serde_json::from_slice(&json??).ok()
    }

    /// Keeps facts. Where that fails, they are found again the next time.
    fn keep(&self, digest: Digest, facts: &Facts) {
        let Ok(json) = serde_json::to_vec(facts) else {
            return;
        };
        if json.len() as u64 > MOST {
            return;
        }
        self.make_room();
        // Whole or not at all: another process may read it meanwhile.
        let name = self.name(digest);
        let new = format!("{name}.{}.tmp", uuid::Uuid::new_v4());
        let written = self
            .directory
            .write(&new, json)
            .and_then(|()| self.directory.rename(&new, &self.directory, &name));
        if written.is_err() {
            let _ = self.directory.remove_file(&new);
        }
    }

    /// Removes all of them where there are too many.
    fn make_room(&self) {
        let Ok(entries) = self.directory.entries() else {
            return;
        };
        let names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        if names.len() < MOST_KEPT {
            return;
        }
        for name in names {
            let _ = self.directory.remove_file(name);
        }
    }
}
