//! The host put together.

use std::sync::Arc;

use cofferdam_agent::{Agents, AgentsConfig};
use cofferdam_capability::Ceiling;
use cofferdam_image::Store as ImageStore;
use cofferdam_model::Credentials;
use cofferdam_tool::{Runner, RunnerConfig};

use crate::error::Failure;
use crate::paths::DataDir;

/// Calls at once on this host. A call that computes has a core to itself for half a millisecond at a time; more calls
/// than this only wait for each other.
const CALLS: u32 = 64;

/// What runs tools, for the host and for `tool run` alike.
pub(crate) fn runner(data: &DataDir) -> Result<Runner, Failure> {
    let compiler = std::env::current_exe()
        .map_err(|error| Failure::work(format!("this program cannot find itself to start the compiler: {error}")))?;
    let (cache, scratch) = (data.private("cache")?, data.private("scratch")?);
    let config = RunnerConfig { compiler, cache, scratch, ceiling: Ceiling::default(), calls: CALLS };
    Runner::new(config).map_err(Failure::work)
}

/// The tool images on this machine.
pub(crate) fn images(data: &DataDir) -> Result<ImageStore, Failure> {
    ImageStore::open(data.private("images")?).map_err(Failure::work)
}

/// Every agent of the data directory.
pub(crate) async fn agents(data: &DataDir) -> Result<Agents, Failure> {
    let runner = Arc::new(runner(data)?);
    let images = Arc::new(images(data)?);
    let credentials = Credentials::new(
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    );
    let dir = data.dir().map_err(Failure::work)?;
    let config = AgentsConfig { data: dir, path: data.path().to_owned(), credentials, runner, images };
    Agents::open(config).await.map_err(Failure::work)
}
