//! The cost of a turn and of a unary call over gRPC, beside the same call of the tool made directly
//! in process. Everything that a host makes durable is on the disk before it is counted.

use std::path::PathBuf;
use std::time::Duration;

use cofferdam_report::{Report, time};
use serde_json::json;

use crate::client::Client;
use crate::in_process::Calls;
use crate::support::{Host, Scratch, tool};
use crate::{count, median};

/// The tool of the turns and its input.
const TOOL: &str = "text-stats";
const INPUT: &str = r#"{"text":"one two three"}"#;

/// The most that a turn with one call may take, in calls in process and in time.
const TURN_CALLS: f64 = 6.0;
const TURN: Duration = Duration::from_millis(2);

/// The most that a unary call may take, in calls in process.
const UNARY: f64 = 4.0;

/// Calls of a short turn and of a long one.
const SHORT: usize = 2;
const LONG: usize = 20;

/// Rounds in which everything is measured once more, so that what else the machine does falls on
/// all of it.
const ROUNDS: usize = 7;

pub(crate) fn measure(report: &mut Report) {
    let scratch = Scratch::new();
    let component = tool(TOOL);
    let agents = [1, SHORT, LONG].map(|calls| agentfile(&scratch, calls));
    let files = agents
        .iter()
        .flat_map(|file| ["--agentfile".as_ref(), file.as_os_str()]);
    let host = Host::start(&scratch, files);
    let client = Client::connect(&host);
    // Each turn begins a session: the script replays from its first line.
    let mut sessions = 0;
    let mut turn = |calls: usize| {
        sessions += 1;
        let turn = client.turn(&name(calls), &format!("turn-{sessions}"));
        assert_eq!(turn.results, calls);
        turn.took
    };
    // In a data directory of its own: the host has the other trail.
    let apart = Scratch::new();
    let direct = Calls {
        scratch: &apart,
        component: &component,
        input: INPUT,
        count: u32::try_from(count(1_000)).expect("small"),
        flags: &[],
    };
    direct.each();
    let warm = count(200);
    for _ in 0..warm {
        turn(1);
        client.call(&name(1), TOOL, INPUT);
    }
    let mut turns = Vec::new();
    let mut unary = Vec::new();
    let mut directly = Vec::new();
    let mut short = Vec::new();
    let mut long = Vec::new();
    for _ in 0..ROUNDS {
        turns.extend((0..count(150)).map(|_| turn(1)));
        unary.extend((0..count(300)).map(|_| client.call(&name(1), TOOL, INPUT)));
        directly.push(direct.each());
        short.extend((0..count(60)).map(|_| turn(SHORT)));
        long.extend((0..count(20)).map(|_| turn(LONG)));
    }
    let directly = median(directly);
    let turn = median(turns);
    let ratio = turn.as_secs_f64() / directly.as_secs_f64();
    report.row(
        "turn with one tool call, scripted model, over gRPC on the unix socket ÷ the same call in \
         process, durable commits included in both",
        &format!("{ratio:.1} ({} ÷ {})", time(turn), time(directly)),
        "≤ 6, and ≤ 2 ms",
        ratio <= TURN_CALLS && turn <= TURN,
    );
    let unary = median(unary);
    let ratio = unary.as_secs_f64() / directly.as_secs_f64();
    report.row(
        "`cofferdam.v1.Tools/CallTool` over the unix socket, p50 ÷ in process, recorded both",
        &format!("{ratio:.2} ({} ÷ {})", time(unary), time(directly)),
        "≤ 4",
        ratio <= UNARY,
    );
    let of_short = median(short) / u32::try_from(SHORT).expect("small");
    let of_long = median(long) / u32::try_from(LONG).expect("small");
    let ratio = of_long.as_secs_f64() / of_short.as_secs_f64();
    report.row(
        &format!("a turn with {LONG} tool calls ÷ one with {SHORT}, per call"),
        &format!("{ratio:.2} ({} ÷ {})", time(of_long), time(of_short)),
        "≤ 1",
        ratio <= 1.0,
    );
    host.kill();
}

/// The agent whose turns have so many calls.
pub(crate) fn name(calls: usize) -> String {
    format!("calls-{calls}")
}

/// An agent whose script makes so many calls, one in each step, and then says a word.
pub(crate) fn agentfile(scratch: &Scratch, calls: usize) -> PathBuf {
    let name = name(calls);
    let input: serde_json::Value = serde_json::from_str(INPUT).expect("it is JSON");
    let call = json!({ "tool_calls": [{ "name": TOOL, "arguments": input }] });
    let script = format!(
        "{}{{\"text\": \"done\"}}\n",
        format!("{call}\n").repeat(calls)
    );
    scratch.file(&format!("{name}/turn.jsonl"), script);
    let text = format!(
        "FROM scratch\nNAME {name}\nMODEL script/turn.jsonl\nCONFIG max-iterations={} \"one for \
         each call and the end\"\nBIN {TOOL} {}\n",
        calls + 1,
        tool(TOOL).display()
    );
    scratch.file(&format!("{name}/Agentfile"), text)
}
