//! The reviews of a host: read anew whenever they have changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use cofferdam_capability::{Digest, Grant};
use cofferdam_sandbox::Component;

use super::directory::{ReviewDirectory, ReviewPrints};
use super::directory_error::ReviewDirectoryError;
use super::seen::Seen;
use super::standing::{ReviewRule, Reviews, Standing};
use super::statement::{DecisionError, SignedDecision};
use super::trust::TrustedKeys;

/// Standings that are kept (4,096): each pair of a component and a grant has one.
const MAX_STANDINGS: usize = 4096;

/// The reviews of a host.
#[derive(Debug)]
pub(crate) struct ReviewBook {
    directory: ReviewDirectory,
    read: Mutex<Reading>,
}

/// The reviews as they were read, and what came of it.
#[derive(Debug, Default)]
struct Reading {
    /// None if something had changed just before: it is read again.
    prints: Option<ReviewPrints>,
    current: Option<Result<Reviews, Arc<str>>>,
    trusted: TrustedKeys,
    /// Decisions that were verified by these keys, by the names of their files: no file changes.
    verified: HashMap<String, Result<SignedDecision, DecisionError>>,
    standings: HashMap<StandingKey, Standing>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct StandingKey {
    component: Digest,
    grant: Digest,
    is_by_digest: bool,
}

impl ReviewBook {
    /// The reviews in this directory.
    pub(crate) fn new(directory: ReviewDirectory) -> Self {
        Self {
            directory,
            read: Mutex::default(),
        }
    }

    pub(crate) fn directory(&self) -> &ReviewDirectory {
        &self.directory
    }

    /// The standing of a component under a grant.
    ///
    /// # Errors
    ///
    /// If the reviews cannot be read.
    pub(crate) fn standing(
        &self,
        component: &Component,
        grant: &Grant,
        rule: ReviewRule,
    ) -> Result<Standing, Arc<str>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let prints = self.directory.prints();
        let prints = prints.map_err(|error| Arc::from(error.for_callers()))?;
        if read.prints.as_ref() != Some(&prints) || read.current.is_none() {
            read.load(&self.directory);
            read.prints = prints.are_settled().then_some(prints);
        }
        let reviews = match read.current.as_ref() {
            Some(Ok(reviews)) => reviews,
            Some(Err(problem)) => return Err(Arc::clone(problem)),
            None => return Ok(Standing::Unreviewed),
        };
        if reviews.is_empty() && read.verified.is_empty() {
            return Ok(Standing::Unreviewed);
        }
        let now = SystemTime::now();
        let key = StandingKey {
            component: component.digest(),
            grant: grant.digest(),
            is_by_digest: rule == ReviewRule::ByDigest,
        };
        let known = read.standings.get(&key);
        if let Some(standing) = known.filter(|known| known.until().is_none_or(|until| now < until))
        {
            return Ok(standing.clone());
        }
        let seen = Seen::under(component, grant);
        let standing = match reviews.standing(&seen, rule, now) {
            Standing::Unreviewed if read.is_out_of_scope(&seen.name) => Standing::OutOfScope,
            standing => standing,
        };
        if read.standings.len() >= MAX_STANDINGS {
            read.standings.clear();
        }
        read.standings.insert(key, standing.clone());
        Ok(standing)
    }
}

impl Reading {
    /// True if a decision about tools of this name does not count, because its key is trusted for
    /// others.
    fn is_out_of_scope(&self, name: &str) -> bool {
        let mut verified = self.verified.values();
        verified.any(|one| matches!(one, Err(DecisionError::OutOfScope(about)) if about == name))
    }

    fn load(&mut self, directory: &ReviewDirectory) {
        self.standings.clear();
        let current = self.read(directory).map_err(|error| {
            let problem: Arc<str> = Arc::from(error.for_callers());
            let is_known = matches!(&self.current, Some(Err(before)) if *before == problem);
            if !is_known {
                tracing::error!("the reviews of this host cannot be used: {error}");
            }
            problem
        });
        self.current = Some(current);
    }

    fn read(&mut self, directory: &ReviewDirectory) -> Result<Reviews, ReviewDirectoryError> {
        let files = directory.files()?;
        let trusted = directory.trusted_for(&files)?;
        if trusted != self.trusted {
            self.verified.clear();
            self.trusted = trusted;
        }
        self.verified.retain(|file, _| files.contains(file));
        for file in files {
            if self.verified.contains_key(&file) {
                continue;
            }
            let envelope = directory.decision(&file)?.envelope;
            let verified = self.trusted.verify(&envelope);
            if let Err(error) = &verified {
                tracing::info!("the decision {file} does not count: {error}");
            }
            self.verified.insert(file, verified);
        }
        let counting = self.verified.values().filter_map(|one| one.as_ref().ok());
        Ok(Reviews::of(counting.cloned().collect(), SystemTime::now()))
    }
}
