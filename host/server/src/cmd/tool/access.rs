//! `cofferdam tool inspect --agent`: what the tools of an agent get, as the next start of the host decides it.

use cofferdam_capability::Grant;

use crate::access::{self, Given};
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
    let runner = host::runner(config, data)?;
    let decisions = config.decisions()?;
    let dir = data.dir().map_err(Failure::work)?;
    let mut grants =
        cofferdam_agent::grants(&dir, data.path(), agent, &runner, &decisions).await.map_err(Failure::usage)?;
    if let Some(bin) = bin {
        let names = grants.iter().map(Grant::tool).collect::<Vec<_>>().join(", ");
        grants.retain(|grant| grant.tool() == bin);
        if grants.is_empty() {
            return Err(Failure::usage(format!("agent {agent} has no BIN `{bin}`; there are: {names}")));
        }
    }
    let defaults = &config.ceiling.defaults;
    if format == Format::Json {
        let tools: Vec<_> = grants.iter().map(|grant| access::json(grant, defaults)).collect();
        return console::json(&serde_json::json!({ "agent": agent, "tools": tools }));
    }
    let mut rows = Vec::new();
    for grant in &grants {
        let mut given = access::given(grant, defaults);
        if given.is_empty() {
            given.push(Given { kind: "nothing", what: "but its input".to_owned() });
        }
        given.extend(grant.withheld().iter().map(|withheld| Given { kind: "withheld", what: withheld.to_string() }));
        rows.extend(given.into_iter().map(|given| vec![grant.tool().to_owned(), given.kind.to_owned(), given.what]));
    }
    console::table(&["tool", "gets", "what"], rows);
    for sentence in grants.iter().filter_map(|grant| remedy::grant_lines(config, agent, grant)) {
        console::notes(&sentence);
    }
    Ok(())
}
