//! Compilation, in processes of its own.
//!
//! Compiling a hostile component can take a minute and gigabytes, and the engine does not defend
//! against that. So the host starts its own binary again ([`worker`]), which takes a component on
//! standard input under limits of the operating system, and answers with native code on standard
//! output.
//!
//! Two compilations run at once, and only one of them may be long: every other component waits for
//! short ones alone.

mod refused;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use cofferdam_capability::Digest;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::cache::{Cache, Native};
use crate::error::LoadError;
use refused::Refused;
use worker::Failure;

pub use worker::{CompileError, compile_worker};

/// The times that compilations may take and wait.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// The longest short compilation: all but components of a few megabytes take less.
    short: Duration,
    /// The longest compilation: its CPU time on one core that it shares with four other processes.
    long: Duration,
    /// The longest wait for a place.
    place: Duration,
}

const PATIENCE: Patience = Patience {
    short: Duration::from_secs(10),
    long: Duration::from_secs(300),
    // One long compilation.
    place: Duration::from_secs(300),
};

/// The compilations of one host. With one place for each kind, all compilers together have twice
/// the memory of one.
#[derive(Debug)]
struct Compilations {
    /// The place where every compilation begins.
    short: Semaphore,
    /// The place of one that has turned out to be long.
    long: Semaphore,
    /// Components under way, so that none is compiled twice at once. One that is known to be long
    /// begins in its place.
    under_way: Mutex<HashMap<String, Weak<tokio::sync::Mutex<Pace>>>>,
    refused: Refused,
    patience: Patience,
}

/// The time that a component takes, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Pace {
    #[default]
    Unknown,
    Long,
}

/// A component to be compiled.
struct Job<'a> {
    compiler: &'a Path,
    cache: &'a Cache,
    /// The name of its entry in the cache.
    name: &'a str,
    bytes: &'a [u8],
}

/// Compiles components, each once.
pub(crate) struct Compiler {
    /// The `cofferdam` binary.
    program: PathBuf,
    cache: Cache,
    compilations: Compilations,
}

impl Compiler {
    pub(crate) fn new(program: PathBuf, cache: Cache) -> Self {
        Self {
            program,
            cache,
            compilations: Compilations::default(),
        }
    }

    /// Returns native code for a component: from the cache, or compiled now. `compatibility` is
    /// that of the engine.
    pub(crate) async fn native(
        &self,
        digest: Digest,
        compatibility: u64,
        bytes: &[u8],
        origin: &str,
    ) -> Result<Native, LoadError> {
        let name = entry_name(digest, compatibility);
        let job = Job {
            compiler: &self.program,
            cache: &self.cache,
            name: &name,
            bytes,
        };
        let failed = |problem: String| LoadError::Compile {
            origin: origin.to_owned(),
            problem,
        };
        self.compilations.make(&job).await.map_err(failed)
    }
}

/// The name of an entry says everything that native code depends on: the component, the engine's
/// version and configuration, the machine it was made for.
fn entry_name(digest: Digest, compatibility: u64) -> String {
    format!("{}-{compatibility:016x}", digest.hex())
}

impl Default for Compilations {
    fn default() -> Self {
        Self::new(PATIENCE)
    }
}

impl Compilations {
    fn new(patience: Patience) -> Self {
        let place = || Semaphore::new(1);
        Self {
            short: place(),
            long: place(),
            under_way: Mutex::default(),
            refused: Refused::default(),
            patience,
        }
    }

    async fn make(&self, job: &Job<'_>) -> Result<Native, String> {
        if let Some(native) = job.cache.get(job.name) {
            return Ok(native);
        }
        let pace = self.pace(job.name);
        let mut pace = pace.lock().await;
        // Another load of the same component may have compiled it, or failed to, while this one
        // waited.
        if let Some(native) = job.cache.get(job.name) {
            return Ok(native);
        }
        if let Some(problem) = self.refused.problem(job.name) {
            return Err(problem);
        }
        let made = match *pace {
            Pace::Long => self.long(job).await,
            Pace::Unknown => match self.short(job).await? {
                Some(made) => made,
                None => {
                    *pace = Pace::Long;
                    self.long(job).await
                }
            },
        };
        match made {
            Ok(native) => Ok(native),
            Err(Failure::Host(problem)) => Err(problem),
            Err(Failure::Component(problem)) => {
                self.refused.remember(job.name, &problem);
                Err(problem)
            }
        }
    }

    /// Begins a compilation in the place of short ones. One that takes longer gives that place up
    /// and goes on in the place of long ones. Where that is taken, it is ended, and there is no
    /// result.
    async fn short(&self, job: &Job<'_>) -> Result<Option<Result<Native, Failure>>, String> {
        let place = self.place(&self.short).await?;
        let mut compilation = pin!(job.compile());
        if let Ok(made) = timeout(self.patience.short, compilation.as_mut()).await {
            return Ok(Some(made));
        }
        let Ok(_long) = self.long.try_acquire() else {
            return Ok(None);
        };
        drop(place);
        Ok(Some(
            self.within(
                self.patience.long.saturating_sub(self.patience.short),
                compilation,
            )
            .await,
        ))
    }

    async fn long(&self, job: &Job<'_>) -> Result<Native, Failure> {
        let _place = self.place(&self.long).await.map_err(Failure::Host)?;
        self.within(self.patience.long, job.compile()).await
    }

    async fn within(
        &self,
        patience: Duration,
        compilation: impl Future<Output = Result<Native, Failure>>,
    ) -> Result<Native, Failure> {
        let late = || {
            Failure::Component(format!(
                "it took longer than {} s",
                self.patience.long.as_secs()
            ))
        };
        timeout(patience, compilation).await.map_err(|_| late())?
    }

    async fn place<'a>(&self, places: &'a Semaphore) -> Result<SemaphorePermit<'a>, String> {
        let waited = self.patience.place;
        match timeout(waited, places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(format!(
                "other components were compiled for {} s: try again later",
                waited.as_secs()
            )),
        }
    }

    /// Loads of one component wait for each other here.
    fn pace(&self, name: &str) -> Arc<tokio::sync::Mutex<Pace>> {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(pace) = under_way.get(name).and_then(Weak::upgrade) {
            return pace;
        }
        under_way.retain(|_, pace| pace.strong_count() > 0);
        let pace = Arc::default();
        under_way.insert(name.to_owned(), Arc::downgrade(&pace));
        pace
    }
}

impl Job<'_> {
    async fn compile(&self) -> Result<Native, Failure> {
        worker::compile(self.compiler, self.cache, self.name, self.bytes).await
    }
}
