//! A request that the host itself sends for a tool, under the tool's grant.

use std::sync::Arc;

use bytes::Bytes;
use cofferdam_capability::{Grant, TokenUrl};
use http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};
use tokio_util::task::AbortOnDropHandle;

use crate::allowance::Allowance;
use crate::http::{Egress, Injection, RequestNames};
use crate::network::{Connect, Record};

/// The largest answer that is read, in bytes (64 KiB). A token has a few kilobytes.
const MAX_ANSWER: usize = 64 << 10;

/// A form that the host posts for a tool: what the grant does not permit to the tool, it does not
/// permit to the host either.
pub struct OwnRequest<'a> {
    /// The grant of the tool.
    pub grant: &'a Grant,
    /// The server, which the grant has to permit.
    pub url: &'a TokenUrl,
    /// The credentials for it.
    pub credentials: Injection,
    /// The form, as `application/x-www-form-urlencoded` writes it.
    pub form: String,
    /// The call that it is done for.
    pub allowance: &'a Allowance,
}

/// The answer of a server to the host.
pub struct OwnAnswer {
    /// The status of HTTP.
    pub status: u16,
    /// The body.
    pub body: Bytes,
    /// `host:port` of the servers that were contacted.
    pub contacted: Vec<String>,
}

/// A request of the host that had no answer.
#[derive(Debug, thiserror::Error)]
pub enum OwnRequestError {
    /// The grant or a limit does not permit it.
    #[error("{0}")]
    Refused(String),
    /// The server was not reached, or did not answer as HTTP has it.
    #[error("{0}")]
    Failed(String),
}

/// Sends the form, and reads the answer.
pub(crate) async fn post(
    network: Arc<dyn Connect>,
    request: OwnRequest<'_>,
) -> Result<OwnAnswer, OwnRequestError> {
    let OwnRequest {
        grant,
        url,
        credentials,
        form,
        allowance,
    } = request;
    let record = Record::default();
    let account = allowance.account().clone();
    // Nobody makes it again under its name.
    let names = RequestNames::new(String::new());
    let injections = vec![credentials];
    let mut egress = Egress::new(grant, network, injections, names, account, record.clone());
    let failed = |error: &dyn std::fmt::Display| {
        let refusals = record.contacts().refusals;
        match refusals.as_slice() {
            [] => OwnRequestError::Failed(error.to_string()),
            refusals => OwnRequestError::Refused(refusals.join("; ")),
        }
    };
    let length = form.len();
    let body = Full::new(Bytes::from(form))
        .map_err(|never| match never {})
        .boxed_unsync();
    let request = Request::post(url.as_str())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::CONTENT_LENGTH, length)
        .header(header::ACCEPT, "application/json")
        .body(body)
        .map_err(|error| failed(&error))?;
    let (response, io) = egress.send(request).await.map_err(|error| failed(&error))?;
    // Keeps the connection going while the body is read, and ends with it.
    let _io = AbortOnDropHandle::new(tokio::spawn(Box::into_pin(io)));
    // The credentials did not travel: the answer is to somebody unknown.
    if let [_, ..] = record.contacts().refusals.as_slice() {
        return Err(failed(&"refused"));
    }
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_ANSWER)
        .collect()
        .await
        .map_err(|error| failed(&error))?
        .to_bytes();
    Ok(OwnAnswer {
        status: status.as_u16(),
        body,
        contacted: record.contacts().hosts.into_keys().collect(),
    })
}
