//! What a client waits for when every guest thread of the host is held.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cofferdam_report::{Report, time};

use crate::support::{Host, Scratch, binary, cofferdam, guest};

/// Turns that hold guest threads: several for each thread of a small machine.
const HOLDERS: usize = 8;

/// `ps` that are measured.
const RUNS: usize = 200;

const ANSWER: Duration = Duration::from_millis(100);

pub(crate) fn measure(report: &mut Report) {
    let scratch = Scratch::new();
    let grant = "[[grant]]\nagent = \"busy\"\ntool = \"cpu_spin\"\nlimits = \
        { fuel = 1_000_000_000_000, wall = \"5m\" }\n";
    scratch.file("data/cofferdam.toml", grant);
    let agent = format!(
        "FROM scratch\nNAME busy\nMODEL builtin/commands\nBIN cpu_spin {}\n",
        guest("cpu_spin").display()
    );
    let agent = scratch.file("Agentfile", agent);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), agent.as_os_str()]);
    let mut holders: Vec<_> = (0..HOLDERS).map(|_| hold(&scratch)).collect();
    let mut times: Vec<_> = (0..RUNS)
        .map(|_| {
            let began = Instant::now();
            cofferdam(&scratch, ["ps"]).run().exits(0);
            began.elapsed()
        })
        .collect();
    for holder in &mut holders {
        holder.kill().expect("it is ours");
        holder.wait().expect("it is ours");
    }
    host.kill();
    times.sort();
    let worst = times[RUNS * 99 / 100];
    report.row(
        "`ps` on a host whose guest threads are all held, p99, process and all",
        &time(worst),
        "≤ 100 ms",
        worst <= ANSWER,
    );
}

fn hold(scratch: &Scratch) -> Child {
    let mut command = Command::new(binary());
    command
        .args(["chat", "busy", "run cpu_spin"])
        .env("COFFERDAM_DATA_DIR", scratch.data());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts")
}
