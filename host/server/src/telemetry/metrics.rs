//! The metrics of a host, as OpenMetrics text. They are summed up where the work is done, and read
//! here when somebody asks, so that no call waits for this.

use std::collections::BTreeSet;
use std::fmt::Error;
use std::sync::Arc;

use cofferdam_agent::{Agents, ProviderCounts, TurnTotals};
use cofferdam_tool::Runner;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::rows::{Family, Row, counters, gauge, histograms};

/// The type of the text.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The sums that metrics are read from.
#[derive(Debug, Clone)]
pub struct Totals {
    /// Runs the tools of all agents.
    pub runner: Arc<Runner>,
    /// Turns of all agents.
    pub turns: Arc<TurnTotals>,
}

/// The metrics of a host.
#[derive(Debug)]
pub(crate) struct Metrics(Registry);

#[derive(Debug)]
struct Collected {
    agents: Arc<Agents>,
    totals: Totals,
}

impl Metrics {
    /// The metrics of the host of these agents.
    pub(crate) fn new(agents: Arc<Agents>, totals: Totals) -> Self {
        let mut registry = Registry::with_prefix("cofferdam");
        registry.register_collector(Box::new(Collected { agents, totals }));
        Self(registry)
    }

    /// The text of now.
    pub(crate) fn text(&self) -> Result<String, Error> {
        let mut text = String::new();
        encode(&mut text, &self.0)?;
        Ok(text)
    }
}

impl Collector for Collected {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let Self { agents, totals } = self;
        let listed = agents.list();
        let installed: BTreeSet<_> = listed.into_iter().flat_map(|agent| agent.tools).collect();
        totals.runner.totals().keep(&installed);
        tools(&mut encoder, &totals.runner)?;
        pool(&mut encoder, &totals.runner)?;
        turns(&mut encoder, &totals.turns)?;
        models(&mut encoder, &totals.turns.providers())
    }
}

fn tools(encoder: &mut DescriptorEncoder<'_>, runner: &Runner) -> Result<(), Error> {
    let totals = runner.totals();
    let tools = totals.tools();
    let calls = Family {
        name: "tool_calls",
        help: "Calls of tools by how they ended",
    };
    let rows = tools.iter().flat_map(|tool| {
        tool.outcomes.iter().map(|(outcome, calls)| Row {
            labels: vec![("tool", tool.tool.as_str()), ("outcome", outcome.as_str())],
            value: *calls,
        })
    });
    counters(encoder, calls, rows)?;
    let fuel = Family {
        name: "tool_fuel",
        help: "Fuel that calls of tools used, about one unit for each WebAssembly instruction",
    };
    let rows = tools.iter().map(|tool| Row {
        labels: vec![("tool", tool.tool.as_str())],
        value: tool.fuel,
    });
    counters(encoder, fuel, rows)?;
    let duration = Family {
        name: "tool_call_duration",
        help: "Time of calls of tools, with their wait for a place",
    };
    let rows = tools.iter().map(|tool| Row {
        labels: vec![("tool", tool.tool.as_str())],
        value: tool.wall.clone(),
    });
    histograms(encoder, duration, rows)?;
    let queued = Family {
        name: "tool_call_wait",
        help: "Time that calls of tools waited for a place",
    };
    let row = Row {
        labels: Vec::new(),
        value: totals.queued(),
    };
    histograms(encoder, queued, [row])?;
    let limits = Family {
        name: "tool_limit_refusals",
        help: "Calls of tools that a limit ended, or to which it refused something",
    };
    let rows = totals.limits().into_iter().map(|(limit, calls)| Row {
        labels: vec![("limit", limit)],
        value: calls,
    });
    counters(encoder, limits, rows)
}

fn pool(encoder: &mut DescriptorEncoder<'_>, runner: &Runner) -> Result<(), Error> {
    let pool = runner.pool_use();
    let places = usize::try_from(pool.places).unwrap_or(usize::MAX);
    for (name, help, value) in [
        ("pool_places", "Calls of tools that may run at once", places),
        ("pool_running", "Calls of tools that run", pool.running),
        (
            "pool_waiting",
            "Calls of tools that wait for a place",
            pool.waiting,
        ),
    ] {
        gauge(encoder, Family { name, help }, value)?;
    }
    Ok(())
}

fn turns(encoder: &mut DescriptorEncoder<'_>, turns: &TurnTotals) -> Result<(), Error> {
    let ends = Family {
        name: "turns",
        help: "Turns of agents by why they ended",
    };
    let rows = turns.ends().into_iter().map(|(reason, turns)| Row {
        labels: vec![("stop_reason", reason.as_str())],
        value: turns,
    });
    counters(encoder, ends, rows)?;
    let duration = Family {
        name: "turn_duration",
        help: "Time of turns, with their wait for the turn before",
    };
    let row = Row {
        labels: Vec::new(),
        value: turns.wall(),
    };
    histograms(encoder, duration, [row])
}

fn models(encoder: &mut DescriptorEncoder<'_>, models: &[ProviderCounts]) -> Result<(), Error> {
    let requests = Family {
        name: "model_requests",
        help: "Model calls by how they ended",
    };
    let rows = models.iter().flat_map(|counts| {
        counts.outcomes.iter().map(|(outcome, calls)| Row {
            labels: vec![
                ("provider", counts.provider.as_str()),
                ("outcome", outcome.as_str()),
            ],
            value: *calls,
        })
    });
    counters(encoder, requests, rows)?;
    let tokens = Family {
        name: "model_tokens",
        help: "Tokens that models read and wrote, as their providers count them; cached ones are \
               a part of the input",
    };
    let rows = models.iter().flat_map(|counts| {
        let kinds = [
            ("input", counts.input_tokens),
            ("output", counts.output_tokens),
            ("cached", counts.cached_tokens),
        ];
        kinds.map(|(kind, value)| Row {
            labels: vec![("provider", counts.provider.as_str()), ("kind", kind)],
            value,
        })
    });
    counters(encoder, tokens, rows)?;
    let duration = Family {
        name: "model_request_duration",
        help: "Time of model calls, to the end of the answer",
    };
    let rows = models.iter().map(|counts| Row {
        labels: vec![("provider", counts.provider.as_str())],
        value: counts.wall.clone(),
    });
    histograms(encoder, duration, rows)
}
