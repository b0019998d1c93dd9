//! `cofferdam stats`: what the tools of agents used.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use cofferdam_server::{Client, StatsEntry, ToolStatsEntry};

use crate::args::Listing;
use crate::connect::connect;
use crate::console::{self, Format};
use crate::error::Failure;

#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// Names or ids of agents [default: all of them]
    #[arg(value_name = "AGENT")]
    pub(crate) agents: Vec<String>,

    /// Print them again every second, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,

    #[command(flatten)]
    pub(crate) listing: Listing,
}

/// Time between two looks.
const INTERVAL: Duration = Duration::from_secs(1);

pub(crate) async fn run(stats: &Stats, data: &Path) -> Result<(), Failure> {
    let host = connect(data).await?;
    print(&read(&host, &stats.agents).await?, stats.listing.format)?;
    if !stats.watch {
        return Ok(());
    }
    loop {
        tokio::time::sleep(INTERVAL).await;
        print(&read(&host, &stats.agents).await?, stats.listing.format)?;
    }
}

async fn read(host: &Client, named: &[String]) -> Result<Vec<StatsEntry>, Failure> {
    let names = if named.is_empty() {
        let all = host.agents().await?.agents.into_iter();
        all.map(|agent| agent.name).collect()
    } else {
        named.to_vec()
    };
    let mut stats = Vec::new();
    for name in names {
        stats.push(host.agent_stats(name).await?);
    }
    Ok(stats)
}

fn print(stats: &[StatsEntry], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return console::json(&stats);
    }
    let row = |agent: &str, tool: &ToolStatsEntry| {
        vec![
            agent.to_owned(),
            tool.tool.clone(),
            tool.calls.to_string(),
            tool.failed.to_string(),
            tool.refusals.to_string(),
            tool.fuel.to_string(),
            console::size(tool.peak_memory),
            milliseconds(tool.wall_us),
            milliseconds(tool.cpu_us),
        ]
    };
    let rows = stats
        .iter()
        .flat_map(|agent| agent.tools.iter().map(|tool| row(&agent.agent, tool)));
    console::table(
        &[
            "agent",
            "tool",
            "calls",
            "failed",
            "refusals",
            "fuel",
            "peak memory",
            "time (ms)",
            "cpu (ms)",
        ],
        rows.collect(),
    );
    Ok(())
}

/// Milliseconds with a tenth.
pub(super) fn milliseconds(microseconds: u64) -> String {
    format!("{}.{:01}", microseconds / 1_000, microseconds / 100 % 10)
}
