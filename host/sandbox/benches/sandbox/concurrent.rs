//! A thousand calls at once: throughput against one after the other, and the memory they take.

use std::time::Instant;

use cofferdam_sandbox::Invocation;

use crate::fixture::{CALLS, Fixture, Tool, resident_memory};
use crate::report::Report;

const AT_ONCE: usize = 1_000;

/// A call to make: a tool and what it gets.
struct Work<'a> {
    name: &'static str,
    tool: &'a Tool,
    invocation: Invocation,
}

pub(crate) fn measure(fixture: &Fixture, report: &mut Report) {
    fixture.small_file();
    let command = fixture.load("target/tools/wc.wasm");
    let typed = fixture.load("target/tools/text-stats.wasm");
    let args = vec!["small.txt".to_owned()];
    let input = "{\"text\":\"one two three\"}".to_owned();
    let works = [
        Work { name: "`wc`", tool: &command, invocation: Invocation::Command { args, stdin: Vec::new() } },
        Work { name: "typed", tool: &typed, invocation: Invocation::Typed { tool: "text-stats".to_owned(), input } },
    ];
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for work in &works {
        // Touches every slot of the pool once, so that neither side pays for the first touch.
        at_once(fixture, work);
        let sequential = one_after_the_other(fixture, work);
        let before = resident_memory();
        let concurrent = at_once(fixture, work);
        let grown = resident_memory().saturating_sub(before);
        let ratio = concurrent / cores as f64 / sequential;
        let shown = format!("{ratio:.2} ({concurrent:.0}/s on {cores} cores, {sequential:.0}/s sequential)");
        let what = format!("1,000 {} calls at once: throughput per core ÷ sequential", work.name);
        report.row(&what, &shown, "≥ 0.9", ratio >= 0.9);
        // A slot keeps at most half a mebibyte of memory, and its stack and tables, between calls.
        let bound = u64::from(CALLS) << 20;
        let what = format!("resident memory of 1,000 {} calls at once", work.name);
        let shown = format!("{} KiB more", grown >> 10);
        report.row(&what, &shown, "≤ 1 MiB for each of 64 places", grown <= bound);
    }
}

/// Calls a second, one after the other on one thread of the runtime.
fn one_after_the_other(fixture: &Fixture, work: &Work<'_>) -> f64 {
    fixture.runtime.block_on(async {
        let began = Instant::now();
        for _ in 0..AT_ONCE {
            fixture.call(work.tool, work.invocation.clone()).await;
        }
        AT_ONCE as f64 / began.elapsed().as_secs_f64()
    })
}

/// Calls a second, all handed in at once.
fn at_once(fixture: &Fixture, work: &Work<'_>) -> f64 {
    let began = Instant::now();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        // The calls borrow the fixture, so they run as one set of futures for each core instead of as tasks.
        for _ in 0..cores {
            scope.spawn(|| {
                let calls = (0..AT_ONCE / cores).map(|_| fixture.call(work.tool, work.invocation.clone()));
                fixture.runtime.block_on(futures_util::future::join_all(calls));
            });
        }
    });
    AT_ONCE as f64 / began.elapsed().as_secs_f64()
}
