//! `ping`: whether a host answers over HTTP, and how long it takes. A sandbox has no ICMP, and this
//! one no TCP of its own.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cofferdam_command::{Ending, Output, Stop, run};
use cofferdam_http::{Kind, Request, reason, send, url};
use lexopt::prelude::*;

/// Requests when none are asked for: one says whether the host is there.
const COUNT: u32 = 1;

/// The most requests; below the limit of a call.
const MAX_COUNT: u32 = 20;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest wait that is asked for, in seconds: a call is over sooner.
const MAX_PATIENCE: u64 = 60;

fn main() -> ExitCode {
    run("ping", include_str!("../USAGE.md"), |out, _| ping(out))
}

fn ping(out: &mut Output) -> Result<Ending, Stop> {
    let mut parser = cofferdam_command::parser();
    let (mut count, mut patience, mut quiet, mut target) = (COUNT, PATIENCE, false, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('c') => count = parser.value()?.parse::<u32>()?.clamp(1, MAX_COUNT),
            Short('W' | 'w') => {
                patience =
                    Duration::from_secs(parser.value()?.parse::<u64>()?.clamp(1, MAX_PATIENCE))
            }
            Short('q') => quiet = true,
            // Addresses are looked up by the host.
            Short('n') => {}
            Value(text) if target.is_none() => {
                target = Some(url(&text.string()?).map_err(Stop::of)?)
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let target =
        target.ok_or_else(|| Stop::new("a host is missing: ping [-c COUNT] [-W SECONDS] HOST"))?;
    writeln!(out, "PING {target} over HTTP (HEAD, not ICMP)")?;
    let mut times = Vec::new();
    for number in 1..=count {
        let mut request = Request::new("HEAD", target.clone());
        request.waits.total = Some(patience);
        let started = Instant::now();
        match send(&request) {
            Ok(response) => {
                let time = started.elapsed();
                times.push(time);
                if !quiet {
                    let status = response.status;
                    let milliseconds = milliseconds(time);
                    writeln!(
                        out,
                        "{number}: {status} {} time={milliseconds:.1} ms",
                        reason(status)
                    )?;
                }
            }
            // The same answer would come to every further request.
            Err(failure) if matches!(failure.kind, Kind::Denied | Kind::Name) => {
                return Err(Stop::of(failure));
            }
            Err(failure) => writeln!(out, "{number}: {}", failure.sentence)?,
        }
    }
    let answered = times.len();
    writeln!(out, "{count} requests, {answered} answered")?;
    if let (Some(least), Some(most)) = (times.iter().min(), times.iter().max()) {
        let sum: Duration = times.iter().sum();
        let mean = sum
            .checked_div(count.min(u32::try_from(answered).unwrap_or(count)))
            .unwrap_or_default();
        let (least, mean, most) = (
            milliseconds(*least),
            milliseconds(mean),
            milliseconds(*most),
        );
        writeln!(out, "time min/avg/max = {least:.1}/{mean:.1}/{most:.1} ms")?;
    }
    Ok((answered > 0).into())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
