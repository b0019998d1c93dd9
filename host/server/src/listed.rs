//! A tool as clients are told of it, whichever door they use.

use cofferdam_call::Descriptor;
use cofferdam_capability::{Access, Grant};
use cofferdam_tool::Tool;

/// A tool as clients are told of it, wherever it runs.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) descriptor: Descriptor,
    /// True if its grant lets it change nothing.
    pub(crate) read_only: bool,
    /// True if its grant lets it reach the network, or call tools that may.
    pub(crate) open_world: bool,
}

impl Listed {
    pub(crate) fn of(tool: &Tool) -> Self {
        Self::announced(tool.descriptor().clone(), tool.grant())
    }

    /// A tool that will run under this grant.
    pub(crate) fn announced(descriptor: Descriptor, grant: &Grant) -> Self {
        Self {
            descriptor,
            read_only: changes_nothing(grant),
            open_world: reaches_out(grant),
        }
    }
}

/// A directory of its own under `/tmp` is gone with the call, so writing there changes nothing. The
/// powers of the tools that it calls are not known here.
fn changes_nothing(grant: &Grant) -> bool {
    let kept = grant
        .preopens()
        .iter()
        .any(|preopen| preopen.access() == Access::ReadWrite);
    !kept && grant.calls().is_empty() && !reaches_out(grant)
}

fn reaches_out(grant: &Grant) -> bool {
    let network = grant.network();
    !network.rules().is_empty() || network.has_tcp() || !grant.calls().is_empty()
}
