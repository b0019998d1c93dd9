//! The running host, for commands that talk to it.

use std::path::Path;

use cofferdam_server::{Client, ClientError};

use crate::error::Failure;
use crate::paths;

/// Connects to the host that works in `data`. Where none answers, the error says what is the matter
/// with it.
pub(crate) async fn connect(data: &Path) -> Result<Client, Failure> {
    let socket = paths::socket(data);
    Client::connect(&socket).await.map_err(|error| match error {
        ClientError::Unreached => unreached(data, &socket),
        other => other.into(),
    })
}

fn unreached(data: &Path, socket: &Path) -> Failure {
    let socket = socket.display();
    match paths::holder(data) {
        Some(process) => Failure::work(format!(
            "the host (process {process}) takes no commands on {socket}: it is starting or ending, \
             or does not run"
        ))
        .hint("try again, or look at that process"),
        None => Failure::work(format!("no host answers on {socket}"))
            .hint("start one with `cofferdam serve`"),
    }
}
