//! The host put together.

use std::sync::Arc;

use cofferdam_agent::{Agents, AgentsConfig};
use cofferdam_capability::Decision;
use cofferdam_image::Store as ImageStore;
use cofferdam_model::Credentials;
use cofferdam_tool::{Runner, RunnerConfig};

use crate::config::{Config, GrantRow};
use crate::error::Failure;
use crate::paths::DataDir;

/// What runs tools, for the host and for `tool run` alike.
pub(crate) fn runner(config: &Config, data: &DataDir) -> Result<Runner, Failure> {
    let compiler = std::env::current_exe()
        .map_err(|error| Failure::work(format!("this program cannot find itself to start the compiler: {error}")))?;
    let cache = data.private("cache")?;
    let runner = RunnerConfig {
        compiler,
        cache,
        ceiling: config.ceiling.clone(),
        calls: config.calls,
        calls_per_agent: config.calls_per_agent,
    };
    Runner::new(runner).map_err(Failure::work)
}

/// The tool images on this machine.
pub(crate) fn images(data: &DataDir) -> Result<ImageStore, Failure> {
    ImageStore::open(data.private("images")?).map_err(Failure::work)
}

/// Every agent of the data directory.
pub(crate) async fn agents(config: &Config, data: &DataDir) -> Result<Agents, Failure> {
    let runner = Arc::new(runner(config, data)?);
    let images = Arc::new(images(data)?);
    let credentials = Credentials::new(
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    );
    let dir = data.dir().map_err(Failure::work)?;
    let decisions = config.grants.iter().map(|row| ((row.agent.clone(), row.tool.clone()), decision(row))).collect();
    let agents = AgentsConfig { data: dir, path: data.path().to_owned(), credentials, runner, images, decisions };
    Agents::open(agents).await.map_err(Failure::work)
}

/// What the operator decided for one tool, beyond the workspace that every agent's tools are offered.
fn decision(row: &GrantRow) -> Decision {
    let env = row.env.clone().into_iter().collect();
    Decision { env, limits: row.limits.clone(), ..Decision::default() }
}
