//! Memory of one call is not left for the next, also where the host swaps. These tests switch a
//! swap file on, which needs root: elsewhere they say so and prove nothing.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use cofferdam_selftest::{Problem, SwapProof};

use crate::support::{Scratch, binary};

/// Room for what the guest fills, several times.
const SWAP_FILE: u64 = 256 << 20;

/// One swap file at a time: each test begins on a machine without one.
static ONE: Mutex<()> = Mutex::new(());

/// A swap area that is switched off and removed with this.
struct SwapFile {
    path: PathBuf,
    _scratch: Scratch,
}

impl SwapFile {
    fn make() -> Self {
        let scratch = Scratch::new();
        let path = scratch.path().join("swap");
        // Swap files have no holes.
        std::fs::write(&path, vec![0; usize::try_from(SWAP_FILE).expect("it fits")])
            .expect("room on the disk");
        run("chmod", &["600".as_ref(), path.as_ref()]);
        run("mkswap", &[path.as_ref()]);
        Self {
            path,
            _scratch: scratch,
        }
    }

    fn switch_on(&self) {
        run("swapon", &[&self.path]);
    }
}

impl Drop for SwapFile {
    fn drop(&mut self) {
        // It may not be on.
        let _ = Command::new("swapoff").arg(&self.path).output();
    }
}

#[track_caller]
fn run(program: &str, args: &[&Path]) {
    let output = Command::new(program)
        .args(args)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn is_root() -> bool {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if !root {
        eprintln!("not run: switching swap on needs root");
    }
    root
}

fn swaps_already() -> bool {
    std::fs::read_to_string("/proc/swaps").is_ok_and(|areas| areas.lines().count() > 1)
}

#[test]
fn memory_in_swap_is_not_left_for_the_next_call() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    if !is_root() {
        return;
    }
    let swap = SwapFile::make();
    swap.switch_on();
    let proof = SwapProof::run(&binary(), "").expect("it runs");
    assert!(matches!(proof, SwapProof::Holds(_)), "{proof:?}");
    // The proof proves something: without the watch on swap, the memory is found.
    let forced = SwapProof::run(&binary(), "[host]\npagemap-scan = \"always\"\n").expect("it runs");
    assert!(
        matches!(&forced, SwapProof::Fails(words) if words.contains("unreachable")),
        "{forced:?}"
    );
}

#[test]
fn swap_that_is_switched_on_while_calls_run_is_noticed() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    if !is_root() || swaps_already() {
        return;
    }
    let swap = SwapFile::make();
    let proof = SwapProof::run_and(&binary(), "", || -> Result<(), Problem> {
        swap.switch_on();
        Ok(())
    });
    let proof = proof.expect("it runs");
    assert!(matches!(proof, SwapProof::Holds(_)), "{proof:?}");
}
