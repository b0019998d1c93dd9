//! A thousand calls at once: throughput against one after the other, and the memory they take.

use std::sync::Arc;
use std::time::Instant;

use cofferdam_sandbox::Invocation;

use crate::fixture::{CALLS, Fixture, Tool, resident_memory};
use crate::report::Report;

const AT_ONCE: usize = 1_000;

pub(crate) fn measure(fixture: &Fixture, report: &mut Report) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let tool = fixture.load("target/tools/text-stats.wasm");
    // Touches every slot of the pool once, so that neither side pays for the first touch.
    at_once(fixture, &tool);
    let sequential = one_after_the_other(fixture, &tool);
    let before = resident_memory();
    let concurrent = at_once(fixture, &tool);
    let grown = resident_memory().saturating_sub(before);
    let ratio = concurrent / cores as f64 / sequential;
    let shown = format!("{ratio:.2} ({concurrent:.0}/s on {cores} cores, {sequential:.0}/s sequential)");
    report.row("1,000 calls at once: throughput per core ÷ sequential", &shown, "≥ 0.9", ratio >= 0.9);
    // A slot keeps at most half a mebibyte of memory, and its stack and tables, between calls.
    let bound = u64::from(CALLS) << 20;
    let shown = format!("{} KiB more", grown >> 10);
    report.row("resident memory of 1,000 calls at once", &shown, "≤ 1 MiB for each of 64 places", grown <= bound);
}

fn typed() -> Invocation {
    Invocation::Typed { tool: "text-stats".to_owned(), input: "{\"text\":\"one two three\"}".to_owned() }
}

/// Calls a second, one after the other on one thread of the runtime.
fn one_after_the_other(fixture: &Fixture, tool: &Tool) -> f64 {
    fixture.runtime.block_on(async {
        let began = Instant::now();
        for _ in 0..AT_ONCE {
            fixture.call(tool, typed()).await;
        }
        AT_ONCE as f64 / began.elapsed().as_secs_f64()
    })
}

/// Calls a second, all handed in at once.
fn at_once(fixture: &Fixture, tool: &Tool) -> f64 {
    let done = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let began = Instant::now();
    std::thread::scope(|scope| {
        // The calls borrow the fixture, so they run as one set of futures for each core instead of as tasks.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores {
            let done = Arc::clone(&done);
            scope.spawn(move || {
                fixture.runtime.block_on(async {
                    let calls = (0..AT_ONCE / cores).map(|_| fixture.call(tool, typed()));
                    futures_util::future::join_all(calls).await;
                    done.fetch_add(AT_ONCE / cores, std::sync::atomic::Ordering::Relaxed);
                });
            });
        }
    });
    done.load(std::sync::atomic::Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}
