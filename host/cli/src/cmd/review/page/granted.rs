//! The grants of this host for a tool that is reviewed: for agents that have it, and for agents
//! that a `[[grant]]` row names.

use cofferdam_agent::{BinAccess, Holder, holders};
use cofferdam_capability::Limits;
use cofferdam_tool::{Effect, Runner};
use cofferdam_workbench::review::ToolPage;
use serde::Serialize;
use serde_json::{Value, json};

use crate::access;
use crate::config::{Config, GrantRow};
use crate::error::Failure;
use crate::host::{self, GrantDecisions};
use crate::paths::DataDir;

/// Agents whose grants are decided at most. Each opens its tools; the rest are counted.
const MOST_AGENTS: usize = 20;

/// The grants of this host.
#[derive(Debug, Default)]
pub(super) struct Granted {
    /// Rows: agent, kind, value.
    pub(super) rows: Vec<Vec<String>>,
    /// The same for machines.
    pub(super) json: Vec<Value>,
    /// Agents that have the tool and are left out.
    pub(super) more: usize,
    /// True if there are rows of agents that do not have this component.
    pub(super) has_offers: bool,
}

/// The parts of this host that decide grants, made once for all agents.
struct Host<'a> {
    runner: Runner,
    grants: GrantDecisions,
    /// True if the tool can only compute.
    is_pure: bool,
    /// The limits without an operator's decision.
    defaults: &'a Limits,
}

/// One thing that a row offers.
#[derive(Serialize)]
struct Offer {
    kind: &'static str,
    what: String,
}

impl Granted {
    /// Decides what this host would grant to the tool now.
    pub(super) async fn of(
        page: &ToolPage,
        config: &Config,
        data: &DataDir,
    ) -> Result<Self, Failure> {
        let mut granted = Self::default();
        let holders = holders(data.path(), page.component, page.size).await;
        let holders = holders.map_err(Failure::work)?;
        granted.more = holders.len().saturating_sub(MOST_AGENTS);
        if !holders.is_empty() {
            let host = Host {
                runner: host::runner(config, data)?,
                grants: host::grant_decisions(config, data)?,
                is_pure: page.effect == Effect::Pure.as_str(),
                defaults: &config.ceiling.defaults,
            };
            for holder in holders.iter().take(MOST_AGENTS) {
                granted.decided(holder, &host, data).await?;
            }
        }
        for row in &config.grants.rows {
            let is_there = |holder: &Holder| holder.agent == row.agent && holder.bin == row.tool;
            if row.tool == page.name && !holders.iter().any(is_there) {
                granted.configured(row);
            }
        }
        Ok(granted)
    }

    fn add(&mut self, agent: &str, kind: &str, what: impl Into<String>) {
        let row = vec![agent.to_owned(), kind.to_owned(), what.into()];
        self.rows.push(row);
    }

    /// Adds the grant of an agent that has the tool, as the next start of the host decides it.
    async fn decided(
        &mut self,
        holder: &Holder,
        host: &Host<'_>,
        data: &DataDir,
    ) -> Result<(), Failure> {
        let Holder { agent, bin } = holder;
        let Host {
            runner,
            grants:
                GrantDecisions {
                    decisions,
                    secrets: _,
                    withheld,
                },
            is_pure,
            defaults,
        } = host;
        let dir = data.dir().map_err(Failure::work)?;
        let path = data.path();
        let found = cofferdam_agent::grants(&dir, path, agent, runner, decisions, withheld).await;
        let found = match found {
            Ok(found) => found,
            // One agent that is broken keeps nobody from reading the page.
            Err(error) => {
                self.add(agent, "unknown", error.to_string());
                self.json
                    .push(json!({ "agent": agent, "bin": bin, "unknown": error.to_string() }));
                return Ok(());
            }
        };
        for access in found.iter().filter(|access| access.bin() == bin) {
            let grant = match access {
                BinAccess::Granted(grant) => grant,
                BinAccess::Withheld { bin, reason } => {
                    self.add(agent, "nothing", format!("it is not offered: {reason}"));
                    self.json
                        .push(json!({ "agent": agent, "bin": bin, "not_offered": reason }));
                    continue;
                }
            };
            let effect = Effect::of(*is_pure, grant).to_string();
            self.add(agent, "effect", &effect);
            for row in access::given(grant, defaults) {
                self.add(agent, row.kind, row.what);
            }
            for withheld in grant.withheld() {
                self.add(agent, "withheld", withheld.to_string());
            }
            self.json
                .push(json!({ "agent": agent, "bin": bin, "effect": effect,
                "grant": access::json(grant, defaults) }));
        }
        Ok(())
    }

    /// Adds the offers of a row for an agent that does not have this very component.
    fn configured(&mut self, row: &GrantRow) {
        let GrantRow {
            agent,
            tool,
            workspace: _,
            dirs,
            env,
            limits,
            http,
            tcp,
            secrets,
            retry: _,
        } = row;
        let mut offers: Vec<Offer> = Vec::new();
        let mut offer = |kind, what: String| offers.push(Offer { kind, what });
        dirs.iter().for_each(|dir| offer("directory", dir.clone()));
        http.iter().for_each(|host| offer("http", host.to_string()));
        tcp.iter().for_each(|host| offer("tcp", host.to_string()));
        secrets
            .iter()
            .for_each(|name| offer("secret", name.to_string()));
        env.keys().for_each(|name| offer("variable", name.clone()));
        for limit in limits.rows() {
            offer("limit", format!("{} = {}", limit.name, limit.value));
        }
        if offers.is_empty() {
            offers.push(Offer {
                kind: "nothing",
                what: "beyond the agent's workspace".to_owned(),
            });
        }
        self.has_offers = true;
        self.json
            .push(json!({ "agent": agent, "bin": tool, "has": false, "configured": offers }));
        for Offer { kind, what } in offers {
            self.add(&format!("{agent} (has it not)"), kind, what);
        }
    }
}
