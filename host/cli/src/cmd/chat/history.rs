//! Messages that were typed before, for the arrow keys: a file for each agent in the data
//! directory, for this user alone.

use std::path::{Path, PathBuf};

use crate::error::Failure;
use crate::paths::DataDir;

/// The directory of these files in the data directory.
const DIRECTORY: &str = "history";

/// Messages that are kept for an agent.
pub(super) const MOST_MESSAGES: usize = 500;

/// The longest message that is kept, in bytes (4 KiB): longer ones were pasted, and are in the
/// session.
pub(super) const MAX_MESSAGE: usize = 4 << 10;

/// The largest file that is read, in bytes (8 MiB): as many messages as are kept, with every
/// character escaped, and some more of another chat at the same time.
const MAX_FILE: u64 = 8 << 20;

/// Returns the file for the agent of this id, in its directory, which is made where it is missing.
pub(super) fn file(data: &Path, agent: &str) -> Result<PathBuf, Failure> {
    let data = DataDir::open(data.to_owned())?;
    data.private(DIRECTORY)?;
    let file = data.path().join(DIRECTORY).join(agent);
    let size = std::fs::metadata(&file).map_or(0, |found| found.len());
    if size > MAX_FILE {
        return Err(Failure::work(format!(
            "the history {} has more than {MAX_FILE} bytes: remove it",
            file.display()
        )));
    }
    Ok(file)
}

/// Removes the file of an agent that was removed. One that cannot be removed is left behind.
pub(crate) fn forget(data: &Path, agent: &str) {
    let _ = std::fs::remove_file(data.join(DIRECTORY).join(agent));
}
