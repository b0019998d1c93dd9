//! Quotients of two things that criterion measures in turns, because a machine that others use too
//! is faster in one minute than in the next.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cofferdam_report::{Report, time};
use criterion::Criterion;

const TURNS: usize = 5;
const SAMPLES: usize = 20;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASUREMENT: Duration = Duration::from_secs(2);

/// Two measurements that are compared, and the largest quotient that they may have.
pub(crate) struct Quotient<'a> {
    pub(crate) what: &'a str,
    /// Criterion's name for it.
    pub(crate) group: &'a str,
    pub(crate) most: f64,
}

impl Quotient<'_> {
    /// Measures both sides and adds the row: the median of `over` divided by that of `under`.
    pub(crate) fn measure(
        self,
        criterion: &mut Criterion,
        report: &mut Report,
        mut over: impl FnMut(),
        mut under: impl FnMut(),
    ) {
        let mut group = criterion.benchmark_group(self.group);
        group
            .sample_size(SAMPLES)
            .warm_up_time(WARM_UP)
            .measurement_time(MEASUREMENT);
        for turn in 0..TURNS {
            group.bench_function(format!("over-{turn}"), |bencher| bencher.iter(&mut over));
            group.bench_function(format!("under-{turn}"), |bencher| bencher.iter(&mut under));
        }
        group.finish();
        let over = self.median("over");
        let under = self.median("under");
        let ratio = over.as_secs_f64() / under.as_secs_f64();
        let shown = format!("{ratio:.2} ({} ÷ {})", time(over), time(under));
        report.row(
            self.what,
            &shown,
            &format!("≤ {}", self.most),
            ratio <= self.most,
        );
    }

    /// The median of the turns' medians.
    fn median(&self, side: &str) -> Duration {
        let turn = |turn| {
            median(
                &measurements()
                    .join(self.group)
                    .join(format!("{side}-{turn}/new/estimates.json")),
            )
        };
        let mut turns: Vec<_> = (0..TURNS).map(turn).collect();
        turns.sort();
        turns.get(TURNS / 2).copied().unwrap_or_default()
    }
}

/// The directory in which criterion writes its measurements.
pub(crate) fn measurements() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/criterion")
}

/// Criterion's median.
fn median(estimates: &Path) -> Duration {
    let text = std::fs::read_to_string(estimates)
        .unwrap_or_else(|error| panic!("{}: {error}", estimates.display()));
    let estimates: serde_json::Value = serde_json::from_str(&text).expect("criterion writes JSON");
    let nanoseconds = estimates
        .pointer("/median/point_estimate")
        .and_then(serde_json::Value::as_f64);
    Duration::from_secs_f64(nanoseconds.expect("a median") / 1e9)
}
