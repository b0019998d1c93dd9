//! The host put together.

use std::net::SocketAddr;
use std::sync::Arc;

use cofferdam_agent::{Agents, AgentsConfig};
use cofferdam_capability::Ceiling;
use cofferdam_image::Store as ImageStore;
use cofferdam_model::Credentials;
use cofferdam_tool::{Runner, RunnerConfig, Secrets};
use ipnet::IpNet;

use crate::error::Failure;
use crate::paths::DataDir;

/// Calls at once on this host. A call that computes has a core to itself for half a millisecond at a time; more calls
/// than this only wait for each other.
const CALLS: u32 = 64;

/// How tools reach the network, beyond what each is granted.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// Addresses that are not public and may be reached all the same.
    pub(crate) addresses: Vec<IpNet>,
    /// Who is asked for the addresses of names; those of the system when empty.
    pub(crate) nameservers: Vec<SocketAddr>,
    /// Values of secrets.
    pub(crate) secrets: Secrets,
}

/// What runs tools on a host.
pub(crate) fn runner(data: &DataDir) -> Result<Runner, Failure> {
    runner_with(data, Reach::default())
}

/// What runs tools, for the host and for `tool run` alike.
pub(crate) fn runner_with(data: &DataDir, reach: Reach) -> Result<Runner, Failure> {
    let Reach { addresses, nameservers, secrets } = reach;
    let compiler = std::env::current_exe()
        .map_err(|error| Failure::work(format!("this program cannot find itself to start the compiler: {error}")))?;
    let cache = data.private("cache")?;
    let mut ceiling = Ceiling::default();
    ceiling.network.addresses = addresses;
    let config = RunnerConfig { compiler, cache, ceiling, calls: CALLS, nameservers, secrets };
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
