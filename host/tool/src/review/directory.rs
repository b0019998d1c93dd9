//! Decisions on disk: `reviews/decisions/<digest>.json` holds one envelope, under the digest of the
//! file; `reviews/trusted.json` the keys whose decisions count.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Read, Write};
use std::path::PathBuf;

use cap_std::fs::{Dir, DirBuilder, DirBuilderExt, OpenOptions, OpenOptionsExt};
use cofferdam_capability::{Digest, Envelope};

use super::directory_error::ReviewDirectoryError;
use super::statement::{DECISION_MAX_BYTES, DecisionError, SignedDecision, decision_id};
use super::trust::TrustedKeys;
use crate::file_lock::{FileLock, LockError};
use crate::file_print::FilePrint;

/// The directory of reviews in the data directory.
const REVIEWS: &str = "reviews";

/// The directory of decisions in it.
const DECISIONS: &str = "decisions";

/// The file of the keys that are trusted.
const TRUSTED: &str = "trusted.json";

/// The ending of the file of a decision.
const ENDING: &str = ".json";

/// The file that writers hold locked, one at a time.
const LOCK: &str = ".lock";

/// A file that is being written.
const NEW: &str = ".new";

/// Decisions that are kept (4,096): more than anybody reads, and what is checked in a second.
pub(super) const DECISIONS_MAX: usize = 4096;

/// The largest file of trusted keys: 64 of them with all their scopes take less.
const TRUSTED_MAX_BYTES: u64 = 1 << 20;

/// The reviews of a data directory.
#[derive(Debug)]
pub struct ReviewDirectory {
    data: Dir,
    /// The path of the data directory, for messages to the operator.
    path: PathBuf,
}

/// A decision that is kept, whoever has signed it.
#[derive(Debug, Clone)]
pub struct KeptDecision {
    /// The digest of its file, which is the file's name.
    pub file: Digest,
    /// Its id: the digest of what was signed.
    pub id: Digest,
    /// The envelope.
    pub envelope: Envelope,
}

/// The right to write reviews, which one process has at a time.
#[derive(Debug)]
pub struct ReviewLock {
    _lock: FileLock,
}

/// All decisions of a directory, and those that cannot be read.
#[derive(Debug, Default)]
pub struct ReviewSurvey {
    /// Decisions that are as they were written.
    pub decisions: Vec<KeptDecision>,
    /// The others.
    pub damaged: Vec<DamagedDecision>,
}

/// A file that is no decision any more.
#[derive(Debug)]
pub struct DamagedDecision {
    /// The name of the file.
    pub file: String,
    /// The problem.
    pub problem: ReviewDirectoryError,
}

/// Metadata of all reviews that changes when one of them does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReviewPrints {
    decisions: Option<FilePrint>,
    trusted: Option<FilePrint>,
}

impl ReviewPrints {
    pub(super) fn are_settled(&self) -> bool {
        let both = [&self.decisions, &self.trusted];
        both.into_iter().flatten().all(FilePrint::is_settled)
    }
}

impl KeptDecision {
    /// The name of the file of this digest.
    pub fn file_name(file: Digest) -> String {
        format!("{}{ENDING}", file.hex())
    }

    /// The decision in an envelope, as it would be kept.
    pub fn of(envelope: Envelope) -> Self {
        Self {
            file: Digest::of(&envelope.to_json()),
            id: decision_id(&envelope),
            envelope,
        }
    }
}

impl ReviewDirectory {
    /// The reviews of this data directory, which lies at `path`. What is missing is made when
    /// something is written.
    pub fn new(data: Dir, path: PathBuf) -> Self {
        Self { data, path }
    }

    /// The keys that are trusted.
    ///
    /// # Errors
    ///
    /// If the file of keys cannot be read, or is damaged.
    pub fn trusted(&self) -> Result<TrustedKeys, ReviewDirectoryError> {
        Ok(self.written_keys()?.unwrap_or_default())
    }

    /// The keys that are trusted, for decisions in these files. No decision is kept before a key is
    /// trusted: where the file of keys is gone, rejections must not be passed over for want of it.
    pub(super) fn trusted_for(
        &self,
        files: &[String],
    ) -> Result<TrustedKeys, ReviewDirectoryError> {
        let path = format!("{REVIEWS}/{TRUSTED}");
        match self.written_keys()? {
            None if !files.is_empty() => Err(ReviewDirectoryError::KeysGone {
                path: self.path.join(&path),
                name: path,
            }),
            keys => Ok(keys.unwrap_or_default()),
        }
    }

    /// The keys in the file of them; none if there is no such file.
    fn written_keys(&self) -> Result<Option<TrustedKeys>, ReviewDirectoryError> {
        let path = format!("{REVIEWS}/{TRUSTED}");
        let json = read(&self.data, &path, TRUSTED_MAX_BYTES).map_err(self.at(&path))?;
        let keys = json.map(|json| TrustedKeys::from_json(&json)).transpose();
        keys.map_err(|source| ReviewDirectoryError::Trust {
            path: self.path.join(&path),
            name: path,
            source,
        })
    }

    /// Waits until nobody else writes here, and keeps it so until the guard is dropped.
    ///
    /// # Errors
    ///
    /// If the file of the lock cannot be used, or another process keeps it for too long.
    pub fn lock(&self) -> Result<ReviewLock, ReviewDirectoryError> {
        let reviews = self.make(REVIEWS)?;
        let path = format!("{REVIEWS}/{LOCK}");
        let mut options = OpenOptions::new();
        options.write(true).create(true).mode(0o600);
        let file = reviews.open_with(LOCK, &options).map_err(self.at(&path))?;
        let locked = FileLock::of(file.into_std());
        let lock = locked.map_err(|error| match error {
            LockError::Busy { waited } => ReviewDirectoryError::Busy {
                path: self.path.join(&path),
                waited,
            },
            LockError::Io(source) => self.at(&path)(source),
        })?;
        Ok(ReviewLock { _lock: lock })
    }

    /// Trusts these keys and no others. The lock is the one under which the former ones were read.
    ///
    /// # Errors
    ///
    /// If the file cannot be written; the former one then stays.
    pub fn trust(
        &self,
        keys: &TrustedKeys,
        _lock: &ReviewLock,
    ) -> Result<(), ReviewDirectoryError> {
        let reviews = self.make(REVIEWS)?;
        let written = write(&reviews, TRUSTED, &keys.to_json());
        written.map_err(self.at(&format!("{REVIEWS}/{TRUSTED}")))
    }

    /// Each decision that is kept.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or is damaged: a decision that nobody can read may be a rejection.
    pub fn decisions(&self) -> Result<Vec<KeptDecision>, ReviewDirectoryError> {
        let mut decisions = Vec::new();
        for file in self.files()? {
            decisions.push(self.decision(&file)?);
        }
        Ok(decisions)
    }

    /// The decisions that can be read, and what is wrong with the others: for people, who may want
    /// to remove those.
    ///
    /// # Errors
    ///
    /// If the directory cannot be read.
    pub fn survey(&self) -> Result<ReviewSurvey, ReviewDirectoryError> {
        let mut survey = ReviewSurvey::default();
        for file in self.files()? {
            match self.decision(&file) {
                Ok(kept) => survey.decisions.push(kept),
                Err(problem) => survey.damaged.push(DamagedDecision { file, problem }),
            }
        }
        Ok(survey)
    }

    /// Keeps these decisions; one that is there already stays as it is.
    ///
    /// # Errors
    ///
    /// If one is too large or cannot be written. Those before it are kept.
    pub fn keep(&self, envelopes: &[Envelope]) -> Result<(), ReviewDirectoryError> {
        self.write_all(envelopes.iter(), &self.lock()?)
    }

    /// Keeps those of these decisions that a key which is trusted here for their tool has signed,
    /// because anybody can write decisions, and there is room for so many. Returns each that counts
    /// as such, and the reason why another one was not taken, in their order.
    ///
    /// # Errors
    ///
    /// If one cannot be written. Those before it are kept.
    pub fn import(
        &self,
        envelopes: &[Envelope],
    ) -> Result<Vec<Result<SignedDecision, DecisionError>>, ReviewDirectoryError> {
        let lock = self.lock()?;
        let trusted = self.trusted()?;
        let verified = envelopes.iter().map(|envelope| trusted.verify(envelope));
        let verified: Vec<_> = verified.collect();
        let taken = envelopes.iter().zip(&verified);
        let taken = taken.filter_map(|(envelope, verified)| verified.is_ok().then_some(envelope));
        self.write_all(taken, &lock)?;
        Ok(verified)
    }

    fn write_all<'a>(
        &self,
        envelopes: impl Iterator<Item = &'a Envelope>,
        _lock: &ReviewLock,
    ) -> Result<(), ReviewDirectoryError> {
        let path = format!("{REVIEWS}/{DECISIONS}");
        let directory = self.make(&path)?;
        let mut files: BTreeSet<_> = self.files()?.into_iter().collect();
        for envelope in envelopes {
            let json = envelope.to_json();
            let size = json.len() as u64;
            if size > DECISION_MAX_BYTES {
                return Err(DecisionError::TooLarge(size).into());
            }
            let file = KeptDecision::file_name(Digest::of(&json));
            if files.contains(&file) {
                continue;
            }
            if files.len() >= DECISIONS_MAX {
                return Err(ReviewDirectoryError::Full(DECISIONS_MAX));
            }
            write(&directory, &file, &json).map_err(self.at(&format!("{path}/{file}")))?;
            files.insert(file);
        }
        Ok(())
    }

    /// Removes the file of a damaged decision.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    pub fn discard(&self, damaged: &DamagedDecision) -> Result<(), ReviewDirectoryError> {
        let path = format!("{REVIEWS}/{DECISIONS}/{}", damaged.file);
        self.data.remove_file(&path).map_err(self.at(&path))
    }

    /// Keeps a decision no longer.
    ///
    /// # Errors
    ///
    /// If its file cannot be removed.
    pub fn forget(&self, decision: &KeptDecision) -> Result<(), ReviewDirectoryError> {
        let path = format!(
            "{REVIEWS}/{DECISIONS}/{}",
            KeptDecision::file_name(decision.file)
        );
        self.data.remove_file(&path).map_err(self.at(&path))
    }

    /// True where nobody has made a directory for decisions.
    fn is_unmade(&self) -> bool {
        let found = |path: &str| self.data.symlink_metadata(path);
        let is_missing =
            |path: &str| found(path).is_err_and(|error| error.kind() == ErrorKind::NotFound);
        let is_link = |path: &str| found(path).is_ok_and(|found| found.is_symlink());
        let leads_nowhere = is_link(REVIEWS) && self.data.metadata(REVIEWS).is_err();
        !leads_nowhere && is_missing(&format!("{REVIEWS}/{DECISIONS}"))
    }

    /// The names of the files of decisions.
    pub(super) fn files(&self) -> Result<Vec<String>, ReviewDirectoryError> {
        let path = format!("{REVIEWS}/{DECISIONS}");
        let wrong = self.at(&path);
        let directory = match self.data.open_dir(&path) {
            // A link that leads nowhere is no directory that nobody has made.
            Err(error) if error.kind() == ErrorKind::NotFound && self.is_unmade() => {
                return Ok(Vec::new());
            }
            directory => directory.map_err(&wrong)?,
        };
        let mut files = Vec::new();
        for entry in directory.entries().map_err(&wrong)? {
            let entry = entry.map_err(&wrong)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == NEW {
                continue;
            }
            if files.len() >= DECISIONS_MAX {
                return Err(ReviewDirectoryError::Full(DECISIONS_MAX));
            }
            files.push(name);
        }
        files.sort();
        Ok(files)
    }

    /// Reads a decision that is there, and checks that it is what was written.
    pub(super) fn decision(&self, file: &str) -> Result<KeptDecision, ReviewDirectoryError> {
        let found = self.read(file)?;
        found.ok_or_else(|| self.damaged(file, "it is gone".to_owned()))
    }

    /// Reads a decision, and checks that it is what was written; nothing if it is not there.
    pub(super) fn read(&self, file: &str) -> Result<Option<KeptDecision>, ReviewDirectoryError> {
        let path = format!("{REVIEWS}/{DECISIONS}/{file}");
        let json = read(&self.data, &path, DECISION_MAX_BYTES).map_err(self.at(&path))?;
        let Some(json) = json else {
            return Ok(None);
        };
        let digest = Digest::of(&json);
        if file.strip_suffix(ENDING) != Some(digest.hex().as_str()) {
            let problem = "its name is not the digest of what it holds".to_owned();
            return Err(self.damaged(file, problem));
        }
        let envelope = Envelope::from_json(&json);
        let envelope = envelope.map_err(|error| self.damaged(file, error.to_string()))?;
        Ok(Some(KeptDecision {
            file: digest,
            id: decision_id(&envelope),
            envelope,
        }))
    }

    /// Reads the decision in the file of this digest; nothing if it is not there.
    ///
    /// # Errors
    ///
    /// If it cannot be read or is damaged.
    pub fn get(&self, file: Digest) -> Result<Option<KeptDecision>, ReviewDirectoryError> {
        self.read(&KeptDecision::file_name(file))
    }

    fn damaged(&self, file: &str, problem: String) -> ReviewDirectoryError {
        let name = format!("{REVIEWS}/{DECISIONS}/{file}");
        ReviewDirectoryError::Damaged {
            path: self.path.join(&name),
            name,
            problem,
        }
    }

    /// Metadata of all reviews, as they are now.
    pub(super) fn prints(&self) -> Result<ReviewPrints, ReviewDirectoryError> {
        let print = |path: String| match self.data.metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            found => found
                .map(|found| Some(FilePrint::of(&found)))
                .map_err(self.at(&path)),
        };
        Ok(ReviewPrints {
            decisions: print(format!("{REVIEWS}/{DECISIONS}"))?,
            trusted: print(format!("{REVIEWS}/{TRUSTED}"))?,
        })
    }

    fn make(&self, path: &str) -> Result<Dir, ReviewDirectoryError> {
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        match self.data.create_dir_with(path, &builder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(self.at(path)(error)),
            _ => self.data.open_dir(path).map_err(self.at(path)),
        }
    }

    /// The error about a file below the data directory.
    fn at<'a>(&'a self, name: &'a str) -> impl Fn(io::Error) -> ReviewDirectoryError + 'a {
        move |source| ReviewDirectoryError::Io {
            path: self.path.join(name),
            name: name.to_owned(),
            source,
        }
    }
}

/// Reads a file of at most so many bytes; nothing if it is not there.
fn read(dir: &Dir, path: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
    match dir.metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Ok(found) if !found.is_file() => return Err(ErrorKind::InvalidInput.into()),
        Ok(found) if found.len() > most => return Err(ErrorKind::FileTooLarge.into()),
        found => found?,
    };
    let mut bytes = Vec::new();
    let file = dir.open(path)?;
    file.take(most).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Writes a file, whole or not at all.
fn write(dir: &Dir, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    // What a process left that was killed: writers come one after the other.
    match dir.remove_file(NEW) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    options.write(true).create_new(true).mode(0o600);
    let mut file = dir.open_with(NEW, &options)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    dir.rename(NEW, dir, name)?;
    dir.open(".")?.sync_all()
}
