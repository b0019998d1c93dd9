//! A thousand calls at once: throughput against one after the other, and the memory they take.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use cofferdam_capability::Digest;
use cofferdam_report::Report;
use cofferdam_sandbox::Invocation;
use tokio::sync::oneshot;

use crate::fixture::{CALLS, Fixture, Tool, resident_memory};

const AT_ONCE: usize = 1_000;

/// Times that both are measured, in turns.
const TURNS: usize = 15;

/// A call to make: a tool and what it gets.
#[derive(Clone)]
struct Work {
    name: &'static str,
    fixture: Arc<Fixture>,
    tool: Arc<Tool>,
    invocation: Invocation,
}

pub(crate) fn measure(fixture: &Arc<Fixture>, report: &mut Report) {
    fixture.small_file();
    let args = vec!["small.txt".to_owned()];
    let input = "{\"text\":\"one two three\"}".to_owned();
    let work = |name, path, invocation| Work {
        name,
        fixture: Arc::clone(fixture),
        tool: Arc::new(fixture.load(path)),
        invocation,
    };
    let works = [
        work(
            "`wc`",
            "target/tools/wc.wasm",
            Invocation::Command {
                args,
                stdin: Vec::new().into(),
            },
        ),
        work(
            "typed",
            "target/tools/text-stats.wasm",
            Invocation::Typed {
                tool: "text-stats".to_owned(),
                input,
            },
        ),
    ];
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    machine(cores, report);
    for work in &works {
        // Touches every slot of the pool once, so that neither side pays for the first touch.
        at_once(work);
        let before = resident_memory();
        let mut sequential = Vec::new();
        let mut concurrent = Vec::new();
        for _ in 0..TURNS {
            sequential.push(one_after_the_other(work));
            concurrent.push(at_once(work));
        }
        let grown = resident_memory().saturating_sub(before);
        let sequential = median(sequential);
        let concurrent = median(concurrent);
        let ratio = concurrent / cores as f64 / sequential;
        let shown = format!(
            "{ratio:.2} ({concurrent:.0}/s on {cores} cores, {sequential:.0}/s sequential)"
        );
        let what = format!(
            "1,000 {} calls at once: throughput per core ÷ sequential",
            work.name
        );
        report.row(&what, &shown, "≥ 0.9", ratio >= 0.9);
        // A slot keeps at most half a mebibyte of memory, and its stack and tables, between calls.
        let bound = u64::from(CALLS) << 20;
        let what = format!("resident memory of 1,000 {} calls at once", work.name);
        let shown = format!("{} KiB more", grown >> 10);
        report.row(
            &what,
            &shown,
            "≤ 1 MiB for each of 64 places",
            grown <= bound,
        );
    }
}

/// The machine without this host: threads that only compute, on all cores, against one. Where cores
/// are virtual they may share a real one, and then nothing gets more.
fn machine(cores: usize, report: &mut Report) {
    /// Digests of one measurement: some tens of milliseconds.
    const DIGESTS: usize = 100;
    let block = vec![7; 64 << 10];
    let digests = || {
        for _ in 0..DIGESTS {
            black_box(Digest::of(black_box(&block)));
        }
    };
    let rate = |threads: usize| {
        let began = Instant::now();
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(digests))));
        (threads * DIGESTS) as f64 / began.elapsed().as_secs_f64()
    };
    let (one, all): (Vec<_>, Vec<_>) = (0..TURNS).map(|_| (rate(1), rate(cores))).unzip();
    let ratio = median(all) / cores as f64 / median(one);
    let what =
        "what the machine gives: native computing on all cores, throughput per core ÷ on one";
    report.figure(what, &format!("{ratio:.2}"));
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(TURNS / 2).copied().unwrap_or_default()
}

/// Calls a second, each started when the one before has ended, on one worker of the runtime.
fn one_after_the_other(work: &Work) -> f64 {
    let work = work.clone();
    let fixture = Arc::clone(&work.fixture);
    let all = async move {
        let began = Instant::now();
        for _ in 0..AT_ONCE {
            call(&work).await;
        }
        AT_ONCE as f64 / began.elapsed().as_secs_f64()
    };
    fixture
        .runtime
        .block_on(async { tokio::spawn(all).await.expect("a call does not panic") })
}

/// Calls a second, all started before the first has ended, each a task as on a host.
fn at_once(work: &Work) -> f64 {
    work.fixture.runtime.block_on(async {
        let began = Instant::now();
        // Who waits is woken once, by the last call, and takes no time from the others.
        let left = Arc::new(AtomicUsize::new(AT_ONCE));
        let (last, ended) = oneshot::channel();
        let last = Arc::new(Mutex::new(Some(last)));
        for _ in 0..AT_ONCE {
            let work = work.clone();
            let left = Arc::clone(&left);
            let last = Arc::clone(&last);
            tokio::spawn(async move {
                call(&work).await;
                if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                    let last = last.lock().expect("nobody panics here").take();
                    last.expect("there is one last call").send(()).ok();
                }
            });
        }
        ended.await.expect("a call does not panic");
        AT_ONCE as f64 / began.elapsed().as_secs_f64()
    })
}

async fn call(work: &Work) {
    work.fixture.call(&work.tool, work.invocation.clone()).await;
}
