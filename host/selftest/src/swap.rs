//! The proof that memory of one call is not left for the next on a machine that swaps.
//!
//! A guest fills its memory and waits; meanwhile its pages are written to swap from outside; the
//! next call in the same process traps if it finds one of them. It needs root, a swap area, and a
//! control group whose memory can be reclaimed: where one of these is missing, it is said which.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::guest;
use crate::place::Place;
use crate::problem::Problem;
use crate::program::memory;

/// Calls in one process: each finds the slot of the one before.
const CALLS: &str = "6";

/// Time for all calls; each waits for half a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// Time between two attempts to push pages out.
const PAUSE: Duration = Duration::from_millis(20);

/// KiB that the guest fills. If less than half of it was seen in swap, nothing was proven.
const FILLED_KIB: u64 = 24 << 10;

/// Memory that a group of version 2 is asked to give up at once.
const RECLAIMED: &str = "64M";

/// The result of the proof.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SwapProof {
    /// It could not be run here, for this reason.
    NotRun(String),
    /// No call found anything. At most so many KiB of the process were in swap.
    Holds(u64),
    /// A call found memory of the one before, or did not run.
    Fails(String),
}

/// A control group whose memory is pushed out.
struct Group {
    path: PathBuf,
    lever: PathBuf,
    request: &'static str,
}

impl SwapProof {
    /// Runs the proof with `binary`, if this machine has a swap area and lets it be used. `config`
    /// is the operator's.
    ///
    /// # Errors
    ///
    /// If the binary does not start, or does not end.
    pub fn run(binary: &Path, config: &str) -> Result<Self, Problem> {
        if !has_swap() {
            return Ok(Self::NotRun(
                "this machine has no swap area (see /proc/swaps)".to_owned(),
            ));
        }
        Self::run_and(binary, config, || Ok(()))
    }

    /// The same, with `meanwhile` done when the first call has filled its memory.
    ///
    /// # Errors
    ///
    /// If the binary does not start or does not end, or what is done meanwhile fails.
    pub fn run_and(
        binary: &Path,
        config: &str,
        meanwhile: impl FnOnce() -> Result<(), Problem>,
    ) -> Result<Self, Problem> {
        let place = Place::new(binary)?;
        place.file("data/cofferdam.toml", config)?;
        let component = place.file("guest.wasm", guest::MEMORY_SWAPPED.bytes)?;
        // Compiled before, so that the calls begin at once.
        place
            .cofferdam(["tool".as_ref(), "inspect".as_ref(), component.as_os_str()])
            .run()?;
        let group = match Group::new() {
            Ok(group) => group,
            Err(reason) => return Ok(Self::NotRun(reason)),
        };
        let args = ["tool", "run", "guest.wasm", "--repeat", CALLS];
        let mut child = place.cofferdam(args).start()?;
        let began = Instant::now();
        group.take(child.id())?;
        while memory(child.id(), "VmRSS:") < FILLED_KIB && began.elapsed() < PATIENCE {
            thread::park_timeout(PAUSE);
        }
        meanwhile()?;
        let mut most = 0;
        while Problem::at("waiting for a process", child.try_wait())?.is_none() {
            if began.elapsed() > PATIENCE {
                child.kill().ok();
                child.wait().ok();
                return Err(Problem(format!(
                    "the process did not end within {PATIENCE:?}"
                )));
            }
            group.push_out();
            most = most.max(memory(child.id(), "VmSwap:"));
            thread::park_timeout(PAUSE);
        }
        let ended = Problem::at("waiting for a process", child.wait_with_output())?;
        if !ended.status.success() {
            return Ok(Self::Fails(
                String::from_utf8_lossy(&ended.stderr).trim_end().to_owned(),
            ));
        }
        if most < FILLED_KIB / 2 {
            return Ok(Self::NotRun(format!(
                "only {most} KiB of the process could be pushed into swap"
            )));
        }
        Ok(Self::Holds(most))
    }
}

fn has_swap() -> bool {
    fs::read_to_string("/proc/swaps").is_ok_and(|areas| areas.lines().count() > 1)
}

impl Group {
    /// The error says what is missing.
    fn new() -> Result<Self, String> {
        let name = format!("cofferdam-selftest-{}", std::process::id());
        let kinds = [
            ("/sys/fs/cgroup", "memory.reclaim", RECLAIMED),
            ("/sys/fs/cgroup/unified", "memory.reclaim", RECLAIMED),
            ("/sys/fs/cgroup/memory", "memory.force_empty", "0"),
        ];
        for (root, lever, request) in kinds {
            let path = Path::new(root).join(&name);
            if fs::create_dir(&path).is_err() {
                continue;
            }
            let group = Self {
                lever: path.join(lever),
                path,
                request,
            };
            if group.lever.exists() {
                return Ok(group);
            }
        }
        Err("it needs root, and a control group of memory that can be reclaimed".to_owned())
    }

    fn take(&self, process: u32) -> Result<(), Problem> {
        let members = self.path.join("cgroup.procs");
        Problem::at(members.display(), fs::write(&members, process.to_string()))
    }

    /// The kernel reports an error if less could be reclaimed than was asked for.
    fn push_out(&self) {
        fs::write(&self.lever, self.request).ok();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A group without processes is removed like a directory.
        fs::remove_dir(&self.path).ok();
    }
}
