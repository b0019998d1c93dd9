//! Many sessions at once on one host: throughput, and the memory of those that are in flight.

use std::fs;
use std::time::Instant;

use cofferdam_report::Report;
use tokio::task::JoinSet;
use tonic::transport::Channel;

use crate::client::{Client, connection, turn};
use crate::support::{Host, Scratch};
use crate::{count, turns};

/// Sessions with a turn in flight: few, and many.
const FEW: usize = 10;
const MANY: usize = 1_000;

/// Turns of one measurement: several of each of the many.
const TURNS: usize = 4_000;

/// Connections of the client: a host takes 128 requests at once on each.
const CONNECTIONS: usize = 10;

/// Measurements of each.
const ROUNDS: usize = 5;

/// The least throughput of many sessions, as a part of that of few.
const FLAT: f64 = 0.9;

/// The most memory that all of the many may add to the host, in KiB (128 MiB).
const MOST_KIB: u64 = 128 << 10;

/// The turns of one measurement.
struct Crowd {
    /// Turns per second.
    rate: f64,
    /// The most memory of the host meanwhile, in KiB.
    peak: u64,
}

pub(crate) fn measure(report: &mut Report) {
    let scratch = Scratch::new();
    let file = turns::agentfile(&scratch, 1);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let client = Client::connect(&host);
    let channels: Vec<_> = (0..CONNECTIONS)
        .map(|_| client.run(connection(&host.address)))
        .collect();
    let mut number = 0;
    let mut crowd = |sessions: usize, turns: usize| {
        number += 1;
        forget_peak(&host);
        let began = Instant::now();
        client.run(all(&channels, number, sessions, turns));
        Crowd {
            rate: turns as f64 / began.elapsed().as_secs_f64(),
            peak: peak(&host),
        }
    };
    crowd(FEW, count(1_000));
    let turns = count(TURNS).max(MANY);
    let mut few = Vec::new();
    let mut many = Vec::new();
    for _ in 0..count(ROUNDS) {
        few.push(crowd(FEW, turns));
        many.push(crowd(MANY, turns));
    }
    host.kill();
    let slow = rate(&few);
    let fast = rate(&many);
    let ratio = fast / slow;
    report.row(
        "sessions with a turn in flight, each with one tool call: throughput with 1,000 of them ÷ \
         with 10",
        &format!("{ratio:.2} ({fast:.0}/s ÷ {slow:.0}/s)"),
        "≥ 0.9",
        ratio >= FLAT,
    );
    let of_few = few.iter().map(|crowd| crowd.peak).max();
    let of_many = many.iter().map(|crowd| crowd.peak).max();
    let more = of_many
        .unwrap_or_default()
        .saturating_sub(of_few.unwrap_or_default());
    report.row(
        "the most memory of the host with 1,000 turns in flight, over that with 10",
        &format!("{:.1} MiB more", more as f64 / 1024.0),
        "≤ 128 MiB",
        more <= MOST_KIB,
    );
}

/// The median of their throughput.
fn rate(crowds: &[Crowd]) -> f64 {
    let mut rates: Vec<_> = crowds.iter().map(|crowd| crowd.rate).collect();
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// So many turns, each in a session of its own, with so many in flight all the time.
async fn all(channels: &[Channel], crowd: usize, sessions: usize, turns: usize) {
    let mut flying = JoinSet::new();
    for number in 0..turns {
        if flying.len() == sessions {
            let ended = flying.join_next().await.expect("one is in flight");
            ended.expect("every turn ends well");
        }
        let channel = channels[number % channels.len()].clone();
        flying.spawn(async move {
            let session = format!("crowd-{crowd}-{number}");
            let turn = turn(channel, &turns::name(1), &session).await;
            assert_eq!(turn.expect("none is refused").results, 1);
        });
    }
    while let Some(ended) = flying.join_next().await {
        ended.expect("every turn ends well");
    }
}

/// Lets the host's peak of memory begin anew.
fn forget_peak(host: &Host<'_>) {
    fs::write(format!("/proc/{}/clear_refs", host.pid()), "5").expect("the process is ours");
}

/// The most memory that the host had since then, in KiB.
fn peak(host: &Host<'_>) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", host.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.expect("a number").parse().expect("a number")
}
