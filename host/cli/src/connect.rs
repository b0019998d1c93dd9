//! The running host, for commands that talk to it.

use std::path::Path;
use std::time::Duration;

use cofferdam_server::{Client, ClientError};

use crate::error::Failure;
use crate::paths;

/// Connects to the host that works in `data`. Where none answers, the error says what is the matter
/// with it.
pub(crate) async fn connect(data: &Path) -> Result<Client, Failure> {
    let socket = paths::socket(data);
    let connected = Client::connect(&socket).await;
    connected.map_err(|error| refused(error, data, &socket))
}

/// The same, for a request that the host answers when its work is done, within this time.
pub(crate) async fn connect_within(data: &Path, answer: Duration) -> Result<Client, Failure> {
    let socket = paths::socket(data);
    let connected = Client::connect_within(&socket, answer).await;
    connected.map_err(|error| refused(error, data, &socket))
}

fn refused(error: ClientError, data: &Path, socket: &Path) -> Failure {
    match error {
        ClientError::Unreached => unreached(data, socket),
        other => other.into(),
    }
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
