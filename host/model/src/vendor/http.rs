//! The HTTP client that vendors are asked with.

use std::time::Duration;

use super::failure::Failure;
use super::provider::Provider;

/// The longest wait for a connection. A vendor's edge answers within a second; ten allow for a lost
/// packet or two and still leave room for both retries in the time a person waits.
const CONNECT: Duration = Duration::from_secs(10);

/// A client for this provider.
///
/// The HTTP part is built here and not by genai: that would take a proxy from the environment, and
/// follow a redirect with the key in a header that only its vendor knows to be secret.
pub(super) fn client(provider: &Provider) -> Result<genai::Client, Failure> {
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        .build()
        .map_err(|problem| Failure::invalid(format!("cannot be asked over HTTPS: {problem}")))?;
    let client = genai::Client::builder().with_reqwest(http).build();
    client.map_err(|error| Failure::of(&error, provider))
}
