//! The cost of history: a page of a long session, and the start of a host with many sessions.

use std::time::Duration;

use cofferdam_report::{Report, time};

use crate::client::Client;
use crate::idle;
use crate::support::{Host, Scratch, tool};
use crate::{count, median};

/// The agent.
const AGENT: &str = "old";

/// Messages of the two sessions.
const LONG: usize = 100_000;
const SHORT: usize = 100;

/// Messages of a page.
const PAGE: i32 = 50;

/// The most that a page of the long one may take, in pages of the short one.
const MOST: f64 = 1.5;

/// Pages of each that are measured.
const PAGES: usize = 1_000;

/// Sessions of a host that starts, and messages in each.
const SESSIONS: usize = 100;
const EACH: usize = 100;

/// Starts that are measured.
const STARTS: usize = 15;

const READY: Duration = Duration::from_millis(150);

/// Tools of the agent.
const TOOLS: [&str; 7] = ["cat", "echo", "head", "ls", "sort", "text-stats", "wc"];

pub(crate) fn measure(report: &mut Report) {
    let scratch = Scratch::new();
    let host = host(&scratch);
    pages(report, &host);
    host.kill();
    starts(report);
}

fn pages(report: &mut Report, host: &Host<'_>) {
    let client = Client::connect(host);
    client.import(AGENT, "long", LONG);
    client.import(AGENT, "short", SHORT);
    let mut of_long = Vec::new();
    let mut of_short = Vec::new();
    for _ in 0..count(PAGES) {
        of_long.push(client.messages(AGENT, "long", PAGE));
        of_short.push(client.messages(AGENT, "short", PAGE));
    }
    let of_long = median(of_long);
    let of_short = median(of_short);
    let ratio = of_long.as_secs_f64() / of_short.as_secs_f64();
    report.row(
        "`ListSessionMessages(50)` of a session of 100,000 messages ÷ of one of 100",
        &format!("{ratio:.2} ({} ÷ {})", time(of_long), time(of_short)),
        "≤ 1.5",
        ratio <= MOST,
    );
}

fn starts(report: &mut Report) {
    let scratch = Scratch::new();
    let host = host(&scratch);
    let client = Client::connect(&host);
    for session in 0..SESSIONS {
        client.import(AGENT, &format!("session-{session}"), EACH);
    }
    drop(client);
    host.kill();
    let start = |_| {
        let started = idle::serve(&scratch, &[]);
        let settled = started.settled;
        idle::end(started);
        settled
    };
    let ready = median((0..count(STARTS)).map(start).collect());
    report.row(
        "`serve` until its agent is ready, 7 tools cached, 100 sessions of 100 messages, after \
         `kill -9`",
        &time(ready),
        "≤ 150 ms",
        ready <= READY,
    );
}

/// A host with one agent.
fn host(scratch: &Scratch) -> Host<'_> {
    let bins: String = TOOLS
        .iter()
        .map(|name| format!("BIN {name} {}\n", tool(name).display()))
        .collect();
    let agent = format!("FROM scratch\nNAME {AGENT}\nMODEL builtin/commands\n{bins}");
    let file = scratch.file("Agentfile", agent);
    Host::start(scratch, ["--agentfile".as_ref(), file.as_os_str()])
}
