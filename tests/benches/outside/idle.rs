//! The cost of agents that do nothing, and the time until a host with many of them serves.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cofferdam_report::{Report, time};

use crate::support::{Scratch, binary, tool};

/// Agents of one Agentfile on one host.
const AGENTS: usize = 1_000;

/// Tools of the demo agent.
const TOOLS: [&str; 7] = ["cat", "echo", "head", "ls", "sort", "text-stats", "wc"];

/// Threads by which a host may have more after it has started with many agents, because they read
/// files side by side. They end when they have had no work for a while.
const POOLED: usize = 16;

/// The most memory of an idle agent, in KiB.
const MOST_KIB: u64 = 1_024;

/// The most time until a host serves, for each agent.
const EACH: Duration = Duration::from_millis(5);

/// A host that was started, and the moments at which it served and was done.
pub(crate) struct Started {
    child: Child,
    listening: Duration,
    pub(crate) settled: Duration,
}

pub(crate) fn measure(report: &mut Report) {
    let scratch = Scratch::new();
    let one = serve(&scratch, &agentfiles(&scratch, 0..1));
    let alone = resident(&one.child);
    let listeners_alone = listeners(&one.child);
    let threads_alone = threads(&one.child);
    end(one);
    end(serve(&scratch, &agentfiles(&scratch, 0..AGENTS)));
    let all = serve(&scratch, &[]);
    let idle = resident(&all.child);
    let each = idle.saturating_sub(alone) / (AGENTS as u64 - 1);
    let threads = threads(&all.child);
    let listeners = listeners(&all.child);
    report.row(
        &format!("an idle agent beyond the first, of {AGENTS} of one Agentfile: resident memory"),
        &format!("{each} KiB"),
        "≤ 1 MiB",
        each <= MOST_KIB,
    );
    report.row(
        &format!("`serve` to the first client with {AGENTS} agents"),
        &time(all.listening),
        "≤ 5 ms each",
        all.listening <= EACH * u32::try_from(AGENTS).expect("small"),
    );
    report.row(
        &format!("`serve` until all {AGENTS} agents are ready"),
        &time(all.settled),
        "≤ 5 ms each",
        all.settled <= EACH * u32::try_from(AGENTS).expect("small"),
    );
    report.row(
        &format!("threads of a host with {AGENTS} idle agents"),
        &format!("{threads} ({threads_alone} with one)"),
        "none of an agent",
        threads <= threads_alone + POOLED,
    );
    report.row(
        &format!("listening sockets of a host with {AGENTS} idle agents"),
        &format!("{listeners} ({listeners_alone} with one)"),
        "none of an agent",
        listeners <= listeners_alone,
    );
    end(all);
}

fn agentfiles(scratch: &Scratch, numbers: std::ops::Range<usize>) -> Vec<String> {
    let bins: String = TOOLS
        .iter()
        .map(|name| format!("BIN {name} {}\n", tool(name).display()))
        .collect();
    let write = |number: usize| {
        let text = format!("FROM scratch\nNAME idle-{number:04}\nMODEL builtin/commands\n{bins}");
        scratch
            .file(&format!("{number}/Agentfile"), text)
            .display()
            .to_string()
    };
    numbers.map(write).collect()
}

pub(crate) fn serve(scratch: &Scratch, files: &[String]) -> Started {
    let mut command = Command::new(binary());
    command.arg("serve").envs(scratch.variables());
    files.iter().for_each(|file| {
        command.args(["--agentfile", file]);
    });
    let begun = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut said = BufReader::new(child.stderr.take().expect("piped")).lines();
    let mut hear = |part: &str| {
        let mut lines = said.by_ref().map_while(Result::ok);
        assert!(
            lines.any(|line| line.contains(part)),
            "the host says `{part}`"
        );
        begun.elapsed()
    };
    let listening = hear("listening on ");
    let settled = hear("next: ");
    // The rest is read, so that nothing waits for it.
    std::thread::spawn(move || said.for_each(drop));
    Started {
        child,
        listening,
        settled,
    }
}

pub(crate) fn end(started: Started) {
    let Started { mut child, .. } = started;
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
}

/// Resident memory of a process, in KiB.
fn resident(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.expect("a number").parse().expect("a number")
}

fn threads(child: &Child) -> usize {
    let path = format!("/proc/{}/task", child.id());
    std::fs::read_dir(path).expect("it runs").count()
}

/// The number of sockets on which a process waits for clients.
fn listeners(child: &Child) -> usize {
    let waiting = waiting_sockets();
    let path = format!("/proc/{}/fd", child.id());
    let links = std::fs::read_dir(path)
        .expect("it runs")
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    links
        .filter(|link| {
            let link = link.to_string_lossy();
            let inode = link
                .strip_prefix("socket:[")
                .and_then(|rest| rest.strip_suffix(']'));
            inode.is_some_and(|inode| waiting.iter().any(|socket| socket == inode))
        })
        .count()
}

/// The inodes of all listening sockets of this machine.
fn waiting_sockets() -> Vec<String> {
    // Of each table: the column of the state, its value for a socket that listens, and that of the
    // inode. A socket of Unix has a flag in place of a state.
    let tables = [
        ("tcp", 3, "0A", 9),
        ("tcp6", 3, "0A", 9),
        ("unix", 3, "00010000", 6),
    ];
    let mut found = Vec::new();
    for (table, state, listens, inode) in tables {
        let text = std::fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let columns: Vec<_> = line.split_whitespace().collect();
            if columns.get(state) == Some(&listens) {
                found.extend(columns.get(inode).map(|&inode| inode.to_owned()));
            }
        }
    }
    found
}
