//! The network of a case: a web server on loopback that stands in for every host of the case.
//!
//! Requests come here after they were checked against the tool's grant, and instead of to the
//! network: nothing is looked up, and TLS is not spoken, also where the tool asked for https.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cofferdam_capability::{Host, HttpRow, Scheme};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::content::Content;
use super::malformed::Malformed;
use crate::error::Error;

/// Requests that are remembered: the ceiling of requests in one call.
const MAX_REQUESTS: usize = 1_024;

/// The longest body of a request that is compared, in bytes (64 KiB): with the requests above, 64
/// MiB of a call.
pub(crate) const MAX_BODY: usize = 64 << 10;

/// The URL of a request: scheme, host, port, path and query.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Url {
    https: bool,
    /// As [`Host`] writes it.
    host: String,
    port: u16,
    path: String,
}

/// The server's answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reply {
    #[serde(default)]
    status: Status,
    #[serde(default)]
    headers: Headers,
    #[serde(default)]
    body: Content,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u16")]
struct Status(StatusCode);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
struct Headers(HeaderMap);

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) scheme: Scheme,
    pub(crate) host: Host,
    pub(crate) port: u16,
    /// Without the query.
    pub(crate) path: String,
    /// All of this, and the query.
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Sent,
    /// True if the case has an answer.
    pub(crate) answered: bool,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sent {
    /// All of it.
    Whole(Vec<u8>),
    /// So many bytes, more than are kept.
    TooLong(usize),
}

impl Asked {
    /// Returns true if a tool with this row may send the request.
    pub(crate) fn is_covered_by(&self, row: &HttpRow) -> bool {
        row.covers(&self.method, self.scheme, &self.host, self.port, &self.path)
    }
}

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Web {
    /// The addresses that requests to each host go to.
    pub(crate) stand_ins: Vec<(Scheme, Host, SocketAddr)>,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// Dropping it stops them.
    _servers: JoinSet<()>,
}

impl Url {
    fn scheme(&self) -> Scheme {
        if self.https {
            Scheme::Https
        } else {
            Scheme::Http
        }
    }

    /// The port that it names or means.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            https,
            host,
            port,
            path,
        } = self;
        let scheme = if *https { "https" } else { "http" };
        write!(f, "{scheme}://{host}")?;
        if *port != self.scheme().default_port() {
            write!(f, ":{port}")?;
        }
        f.write_str(path)
    }
}

impl TryFrom<String> for Url {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        let wrong = || {
            Malformed(format!(
                "{text:?} is not a URL: expected one such as http://a.test/path"
            ))
        };
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().ok_or_else(wrong)?;
        let host: Host = authority
            .host()
            .parse()
            .map_err(|problem| Malformed(format!("{}: {problem}", wrong())))?;
        let scheme = if https { Scheme::Https } else { Scheme::Http };
        let port = authority
            .port_u16()
            .unwrap_or_else(|| scheme.default_port());
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        };
        Ok(Self {
            https,
            host: host.to_string(),
            port,
            path,
        })
    }
}

impl Default for Status {
    fn default() -> Self {
        Self(StatusCode::OK)
    }
}

impl TryFrom<u16> for Status {
    type Error = Malformed;

    fn try_from(number: u16) -> Result<Self, Malformed> {
        // 1xx is not a whole answer.
        let status = StatusCode::from_u16(number)
            .ok()
            .filter(|_| (200..600).contains(&number));
        status
            .map(Self)
            .ok_or_else(|| Malformed(format!("`status`: {number}: expected 200 to 599")))
    }
}

impl TryFrom<BTreeMap<String, String>> for Headers {
    type Error = Malformed;

    fn try_from(written: BTreeMap<String, String>) -> Result<Self, Malformed> {
        let mut headers = HeaderMap::new();
        for (name, value) in written {
            let wrong = || Malformed(format!("`headers`: `{name}: {value}` is not a header"));
            let key: HeaderName = name.parse().map_err(|_| wrong())?;
            headers.append(key, HeaderValue::from_str(&value).map_err(|_| wrong())?);
        }
        Ok(Self(headers))
    }
}

impl Web {
    /// Starts a server for these URLs. Hosts that are in none do not exist.
    pub(crate) async fn start(replies: &BTreeMap<Url, Reply>) -> Result<Self, Error> {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut servers = JoinSet::new();
        let mut stand_ins: Vec<(Scheme, Host, SocketAddr)> = Vec::new();
        for scheme in [Scheme::Http, Scheme::Https] {
            let mut hosts: Vec<_> = replies
                .keys()
                .filter(|url| url.scheme() == scheme)
                .map(|url| &url.host)
                .collect();
            hosts.dedup();
            if hosts.is_empty() {
                continue;
            }
            let wrong =
                |error: std::io::Error| Error::work(format!("the web server of the case: {error}"));
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .map_err(wrong)?;
            let address = listener.local_addr().map_err(wrong)?;
            stand_ins.extend(
                hosts
                    .into_iter()
                    .filter_map(|host| Some((scheme, host.parse().ok()?, address))),
            );
            let site = Arc::new(Site {
                scheme,
                replies: replies.clone(),
                asked: Arc::clone(&asked),
            });
            servers.spawn(serve(listener, site));
        }
        Ok(Self {
            stand_ins,
            asked,
            _servers: servers,
        })
    }

    /// The requests that came, in their order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The answers of one listener, and its list of requests.
struct Site {
    scheme: Scheme,
    replies: BTreeMap<Url, Reply>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// Each connection in a task of its own, which ends with the server: the limits of the call bound
/// how many there are.
async fn serve(listener: TcpListener, site: Arc<Site>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let site = Arc::clone(&site);
        connections.spawn(async move {
            let answer = service_fn(|request| answer(&site, request));
            // No header but those of the case: a date would be another in each run.
            // A tool that goes away in the middle is the tool's affair.
            let _ = http1::Builder::new()
                .auto_date_header(false)
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(
    site: &Site,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, mut body) = request.into_parts();
    let sent = received(&mut body).await;
    let target = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let host = head
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let scheme = if site.scheme == Scheme::Https {
        "https"
    } else {
        "http"
    };
    let url = Url::try_from(format!("{scheme}://{host}{target}")).ok();
    let reply = url.as_ref().and_then(|url| site.replies.get(url));
    if let Some(url) = &url
        && let Ok(host) = url.host.parse()
    {
        let asked = Asked {
            method: head.method.to_string(),
            scheme: site.scheme,
            host,
            port: url.port,
            path: head.uri.path().to_owned(),
            url: url.clone(),
            headers: head.headers,
            body: sent,
            answered: reply.is_some(),
        };
        let mut all = site.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MAX_REQUESTS {
            all.push(asked);
        }
    }
    let mut response = Response::new(Full::default());
    match reply {
        Some(reply) => {
            *response.status_mut() = reply.status.0;
            *response.headers_mut() = reply.headers.0.clone();
            *response.body_mut() = Full::new(Bytes::from(reply.body.0.clone()));
        }
        None => {
            *response.status_mut() = StatusCode::NOT_FOUND;
            *response.body_mut() =
                Full::new(Bytes::from_static(b"no reply for this URL in the case\n"));
        }
    }
    Ok(response)
}

/// Reads a body to its end, so that the tool can send it; the limit of the call holds for its size.
async fn received(body: &mut Incoming) -> Sent {
    let mut kept = Vec::new();
    let mut size = 0_usize;
    while let Some(Ok(frame)) = body.frame().await {
        let Some(data) = frame.data_ref() else {
            continue;
        };
        size = size.saturating_add(data.len());
        if size <= MAX_BODY {
            kept.extend_from_slice(data);
        }
    }
    if size > MAX_BODY {
        Sent::TooLong(size)
    } else {
        Sent::Whole(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_mean_the_same_are_the_same() {
        let url = |text: &str| Url::try_from(text.to_owned());
        let right = |text: &str| url(text).unwrap();
        assert_eq!(right("http://A.test:80"), right("http://a.test/"));
        assert_eq!(right("https://a.test:443/x?y"), right("https://a.test/x?y"));
        assert_ne!(right("https://a.test/x"), right("http://a.test/x"));
        for shown in ["https://a.test/x?y", "http://a.test:8080/"] {
            assert_eq!(right(shown).to_string(), shown);
        }
        for wrong in ["a.test/x", "ftp://a.test/", "http:///x", "http://a b/", ""] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
    }
}
