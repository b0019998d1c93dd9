//! A decision among ten thousand policies.

use std::fmt::Write;
use std::time::{Duration, Instant};

use cofferdam_report::{Report, time};
use cofferdam_tool::{Origin, explain, read_policy};

use crate::fixture::{Data, Host, INPUT, TOOL};
use crate::median;

/// Policies of the host. All but one are about one agent, as where operators write them for agents.
const POLICIES: usize = 10_000;

/// Agents that are asked about, each for the first time and again.
const AGENTS: usize = 500;

const DECISION: Duration = Duration::from_millis(1);

pub(crate) fn measure(report: &mut Report) {
    let data = Data::new().with_policy(&policies());
    let began = Instant::now();
    let rules = read_policy(&data.open()).expect("they are right");
    let read = began.elapsed();
    assert_eq!(rules.len(), POLICIES);
    let host = Host::new(data);
    let ask = |number: usize| {
        let origin = Origin::session(&agent(number), "session");
        let began = Instant::now();
        let decided = explain(
            &host.runner,
            &host.toolbox,
            TOOL,
            origin,
            Some(INPUT.to_owned()),
        );
        let took = began.elapsed();
        let decided = decided.expect("there is the tool").decided;
        assert_eq!(decided.policies.len(), 1, "{decided:?}");
        took
    };
    // The files have settled by then, and are not read again.
    std::thread::sleep(Duration::from_millis(100));
    ask(AGENTS);
    let first = median((0..AGENTS).map(ask).collect());
    let again = median((0..AGENTS).map(ask).collect());
    report.row(
        &format!("{POLICIES} policies: the first decision about an agent and a tool"),
        &time(first),
        "≤ 1 ms",
        first <= DECISION,
    );
    report.row(
        &format!("{POLICIES} policies: the next ones, whose policies read the arguments"),
        &time(again),
        "≤ 1 ms",
        again <= DECISION,
    );
    report.figure(
        &format!("{POLICIES} policies: read and validated, when a file has changed"),
        &time(read),
    );
}

fn agent(number: usize) -> String {
    format!("agent-{number}")
}

fn policies() -> String {
    let mut text = "permit (principal, action, resource);\n".to_owned();
    for number in 1..POLICIES {
        let agent = agent(number % (POLICIES / 2));
        let _ = writeln!(
            text,
            "forbid (principal == Agent::\"{agent}\", action, resource) when {{\n  \
             context.arguments.hasTag(\"path\") && \
             context.arguments.getTag(\"path\") like \"/private/{number}/*\"\n}};"
        );
    }
    text
}
