//! The time of a typed call by phase: the sandbox tells the end of each at trace level.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cofferdam_report::{Report, time};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::fixture::Fixture;

/// Calls that are measured, after some that are not.
const CALLS: usize = 20_000;
const WARM: usize = 2_000;

const TARGET: &str = "cofferdam::phases";

/// The phases as the sandbox names them, and in words. The first one comes before the call.
const PHASES: [(&str, &str); 8] = [
    ("Beginning", ""),
    ("Preparation", "preparation"),
    ("Queue", "queue"),
    ("Store", "store and context"),
    ("Instantiation", "instantiation"),
    ("Call", "call"),
    ("Teardown", "teardown"),
    ("Receipt", "receipt"),
];

/// The ends of the phases of one call.
type Ends = [Option<Instant>; PHASES.len()];

/// Hears the ends of phases.
#[derive(Default)]
struct Clock(Mutex<Ends>);

/// Finds the phase of an event.
struct Named<'a> {
    ends: &'a mut Ends,
    now: Instant,
}

impl Visit for Named<'_> {
    fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
        let name = format!("{value:?}");
        let place = PHASES.iter().position(|(phase, _)| *phase == name);
        if let Some(end) = place.and_then(|place| self.ends.get_mut(place)) {
            *end = Some(self.now);
        }
    }
}

impl Subscriber for Clock {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::TRACE && metadata.target() == TARGET
    }

    fn event(&self, event: &Event<'_>) {
        let now = Instant::now();
        let ends = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        event.record(&mut Named { ends, now });
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

pub(crate) fn measure(fixture: &Fixture, report: &mut Report) {
    let tool = fixture.load("target/tools/text-stats.wasm");
    let input = "{\"text\":\"one two three\"}";
    (0..WARM).for_each(|_| fixture.typed(&tool, input));
    let mut taken: [Vec<Duration>; PHASES.len()] = Default::default();
    let clock = Arc::new(Clock::default());
    tracing::subscriber::with_default(Arc::clone(&clock), || {
        for _ in 0..CALLS {
            fixture.typed(&tool, input);
            let ends = std::mem::take(&mut *clock.0.lock().unwrap_or_else(PoisonError::into_inner));
            let ends = ends.map(|end| end.expect("every phase has an end"));
            let phases = ends.iter().zip(ends.iter().skip(1));
            for ((begin, end), taken) in phases.zip(taken.iter_mut().skip(1)) {
                taken.push(end.duration_since(*begin));
            }
        }
    });
    let mut shown = String::new();
    for ((_, words), taken) in PHASES.iter().zip(&mut taken).skip(1) {
        taken.sort();
        let median = taken.get(CALLS / 2).copied().unwrap_or_default();
        let _ = write!(shown, "{words} {}, ", time(median));
    }
    report.figure(
        "where the time of a typed call goes, medians, each with the clock's own time",
        shown.trim_end_matches(", "),
    );
}
