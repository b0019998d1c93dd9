//! Decisions by their ids, or by the beginnings of them.

use super::directory::{DamagedDecision, KeptDecision, ReviewDirectory};
use super::directory_error::ReviewDirectoryError;

/// The fewest characters of an id that name a decision.
const MIN_PREFIX: usize = 4;

/// The files that are removed with a decision.
#[derive(Debug)]
pub enum Removal {
    /// A decision, in the copy of each reviewer who has signed the same words.
    Copies(Vec<KeptDecision>),
    /// A file that is no decision any more.
    Damaged(DamagedDecision),
}

/// Returns the decision with this id, or whose id alone begins so. There are several copies where
/// several reviewers have signed the same words.
///
/// # Errors
///
/// If the text is no such beginning, or the directory cannot be read.
pub fn find_decision(
    directory: &ReviewDirectory,
    written: &str,
) -> Result<Vec<KeptDecision>, ReviewDirectoryError> {
    let wanted = written.strip_prefix("sha256:").unwrap_or(written);
    if wanted.len() < MIN_PREFIX {
        return Err(ReviewDirectoryError::Short {
            written: written.to_owned(),
            least: MIN_PREFIX,
        });
    }
    let mut found = Vec::<KeptDecision>::new();
    for file in directory.files()? {
        // What is damaged has no id.
        let Ok(Some(kept)) = directory.read(&file) else {
            continue;
        };
        if !kept.id.hex().starts_with(wanted) {
            continue;
        }
        if found.first().is_some_and(|first| first.id != kept.id) {
            return Err(ReviewDirectoryError::Ambiguous(written.to_owned()));
        }
        found.push(kept);
    }
    if found.is_empty() {
        return Err(ReviewDirectoryError::Unknown(written.to_owned()));
    }
    Ok(found)
}

impl Removal {
    /// Finds a decision as [`find_decision`] does, or a damaged file by the beginning of its name.
    ///
    /// # Errors
    ///
    /// The same as of [`find_decision`].
    pub fn find(directory: &ReviewDirectory, written: &str) -> Result<Self, ReviewDirectoryError> {
        if written.len() >= MIN_PREFIX {
            let begins = |file: &&String| file.starts_with(written);
            for file in directory.files()?.iter().filter(begins) {
                if let Err(problem) = directory.read(file) {
                    let file = file.clone();
                    return Ok(Self::Damaged(DamagedDecision { file, problem }));
                }
            }
        }
        find_decision(directory, written).map(Self::Copies)
    }

    /// Removes the files.
    ///
    /// # Errors
    ///
    /// If one cannot be removed.
    pub fn run(&self, directory: &ReviewDirectory) -> Result<(), ReviewDirectoryError> {
        match self {
            Self::Copies(copies) => copies.iter().try_for_each(|copy| directory.forget(copy)),
            Self::Damaged(damaged) => directory.discard(damaged),
        }
    }

    /// The id of the decision, or the name of the file.
    pub fn name(&self) -> String {
        match self {
            Self::Copies(copies) => copies
                .first()
                .map_or_else(String::new, |copy| copy.id.to_string()),
            Self::Damaged(damaged) => damaged.file.clone(),
        }
    }
}
