//! `cofferdam tool inspect --agent`: what the tools of an agent get, as the next start of the host
//! decides it.

use cofferdam_agent::BinAccess;
use serde_json::json;

use crate::access::{self, AccessRow};
use crate::config::Config;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;
use crate::remedy;

/// Shows the access of one BIN, or of all BINs of the agent.
pub(super) async fn show(
    agent: &str,
    bin: Option<&str>,
    format: Format,
    config: &Config,
    data: &DataDir,
) -> Result<(), Failure> {
    let mut bins = host::agent_access(agent, config, data).await?;
    if let Some(bin) = bin {
        let names = bins
            .iter()
            .map(BinAccess::bin)
            .collect::<Vec<_>>()
            .join(", ");
        bins.retain(|access| access.bin() == bin);
        if bins.is_empty() {
            return Err(Failure::usage(format!(
                "agent {agent} has no BIN `{bin}`; there are: {names}"
            )));
        }
    }
    let defaults = &config.ceiling.defaults;
    if format == Format::Json {
        let tool = |access: &BinAccess| match access {
            BinAccess::Granted(grant) => access::json(grant, defaults),
            BinAccess::Withheld { bin, reason } => json!({ "tool": bin, "not_offered": reason }),
        };
        let tools: Vec<_> = bins.iter().map(tool).collect();
        return console::json(&json!({ "agent": agent, "tools": tools }));
    }
    let mut rows = Vec::new();
    for access in &bins {
        let grant = match access {
            BinAccess::Granted(grant) => grant,
            BinAccess::Withheld { bin, reason } => {
                rows.push(vec![
                    bin.clone(),
                    "nothing".to_owned(),
                    format!("it is not offered: {reason}"),
                ]);
                continue;
            }
        };
        let mut given = access::given(grant, defaults);
        if given.is_empty() {
            given.push(AccessRow {
                kind: "nothing",
                what: "but its input".to_owned(),
            });
        }
        given.extend(grant.withheld().iter().map(|withheld| AccessRow {
            kind: "withheld",
            what: withheld.to_string(),
        }));
        rows.extend(
            given
                .into_iter()
                .map(|given| vec![grant.tool().to_owned(), given.kind.to_owned(), given.what]),
        );
    }
    console::table(&["tool", "gets", "what"], rows);
    let grants = bins.iter().filter_map(|access| match access {
        BinAccess::Granted(grant) => Some(grant),
        BinAccess::Withheld { .. } => None,
    });
    for sentence in grants.filter_map(|grant| remedy::grant_lines(config, agent, grant)) {
        console::notes(&sentence);
    }
    Ok(())
}
