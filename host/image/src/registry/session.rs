//! Requests to one repository: who we are, where redirects may lead, what an answer means.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use cofferdam_capability::Digest;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};

use super::backoff::Failure;
use super::body;
use super::challenge::Challenge;
use super::credentials::Credentials;
use super::target::{Target, is_allowed, is_loopback};
use super::transfer::{TRANSFER_WALL, Transfer, Watch};
use crate::error::Error;

/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// The longest time a registry may take to begin its answer to a small request.
pub(super) const ANSWER: Duration = Duration::from_secs(60);

/// The most redirects of one request. Registries send to their storage, which is one.
const REDIRECTS_MAX: usize = 5;

/// Part of the complaint of rustls about an answer that is no record of TLS.
const NO_TLS: &str = "InvalidContentType";

/// A client of one repository, with what it is authorized by.
pub(super) struct Session<'a> {
    pub(super) client: Client,
    pub(super) target: Target,
    credentials: &'a Credentials,
    watch: Option<&'a Watch>,
    push: bool,
    authorization: Option<HeaderValue>,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        target: Target,
        push: bool,
        credentials: &'a Credentials,
        watch: Option<&'a Watch>,
    ) -> Result<Self, Error> {
        let plain_http = target.plain_http;
        let redirect = Policy::custom(move |attempt| {
            let allowed = is_allowed(attempt.url(), plain_http);
            match attempt.previous().len() {
                _ if !allowed => attempt.error("it leads to an address without TLS"),
                0..=REDIRECTS_MAX => attempt.follow(),
                _ => attempt.error("it leads nowhere"),
            }
        });
        let here = |address: std::net::IpAddr| SocketAddr::new(address, 0);
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect)
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            // A blob is what its digest says, not what a coding on the way made of it.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            // Whatever a nameserver says of it, this name stays on this machine.
            .resolve_to_addrs(
                "localhost",
                &[
                    here(Ipv4Addr::LOCALHOST.into()),
                    here(Ipv6Addr::LOCALHOST.into()),
                ],
            )
            .user_agent("cofferdam")
            .build()
            .map_err(|error| target.error(format!("no HTTP client can be made: {error}")))?;
        Ok(Self {
            client,
            target,
            credentials,
            watch,
            push,
            authorization: None,
        })
    }

    /// Another client of the same repository, authorized by the same: for what travels beside.
    pub(super) fn fork(&self) -> Self {
        Self {
            client: self.client.clone(),
            target: self.target.clone(),
            credentials: self.credentials,
            watch: self.watch,
            push: self.push,
            authorization: self.authorization.clone(),
        }
    }

    /// Sends a request, meets the challenge that may come back once, and returns an answer that is
    /// a success. `make` makes the request anew for each attempt; `wait` is how long the answer may
    /// take to begin.
    pub(super) async fn send(
        &mut self,
        url: &Url,
        wait: Duration,
        make: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Response, Failure> {
        let mut response = self.attempt(url, wait, &make).await?;
        let challenges = match response.status() {
            StatusCode::UNAUTHORIZED if self.target.is_registry(url) => {
                Challenge::all(response.headers())
            }
            _ => Vec::new(),
        };
        if !challenges.is_empty() {
            let credential = self.credentials.find(&self.target).await?;
            let met = match Challenge::to_meet(challenges, credential.as_ref()) {
                Some(challenge) => {
                    let push = self.push;
                    challenge
                        .meet(&self.client, &self.target, push, credential)
                        .await?
                }
                None => None,
            };
            if met.is_some() {
                self.authorization = met;
                response = self.attempt(url, wait, &make).await?;
            }
        }
        match response.status() {
            status if status.is_success() => Ok(response),
            _ => Err(self.refusal(response).await),
        }
    }

    async fn attempt(
        &self,
        url: &Url,
        wait: Duration,
        make: &impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Response, Failure> {
        let mut request = make(&self.client);
        // Elsewhere, such as a storage that uploads are sent to, nobody needs to know who we are.
        if let Some(authorization) = self
            .authorization
            .clone()
            .filter(|_| self.target.is_registry(url))
        {
            request = request.header(AUTHORIZATION, authorization);
        }
        match tokio::time::timeout(wait, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(self.unreachable(&error)),
            Err(_) => {
                let problem = format!("it gave no answer in {} s", wait.as_secs());
                Err(Failure::passing(self.target.error(problem), None))
            }
        }
    }

    /// The failure for a request that got no answer.
    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let mut causes =
            std::iter::successors(std::error::Error::source(error), |error| error.source());
        let cause = causes
            .by_ref()
            .last()
            .map_or_else(|| error.to_string(), ToString::to_string);
        let error_of = |problem: String| self.target.error(problem);
        if error.is_redirect() {
            return Failure::lasting(error_of(format!("its redirect is not followed: {cause}")));
        }
        if cause.contains(NO_TLS) {
            let help = if is_loopback(&self.target.base) {
                "for one on this machine add `--plain-http`, or pull the image first with \
                 `cofferdam tool pull --plain-http`"
            } else {
                "give the registry a certificate"
            };
            return Failure::lasting(error_of(format!("it does not speak TLS; {help}")));
        }
        let hint = if is_loopback(&self.target.base) && !self.target.plain_http {
            "; if this registry on this machine speaks plain HTTP, \
             pull the image with `cofferdam tool pull --plain-http`, or name it so in this command"
        } else {
            ""
        };
        Failure::passing(
            error_of(format!("it cannot be reached: {cause}{hint}")),
            None,
        )
    }

    /// Returns the meaning of an answer that is no success.
    async fn refusal(&self, response: Response) -> Failure {
        let status = response.status();
        let after = retry_after(response.headers());
        let sentence = body::sentence(response).await;
        let help = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                format!(
                    "; `docker login {}` keeps who you are where this is looked for",
                    self.target.registry
                )
            }
            _ => String::new(),
        };
        let error = self
            .target
            .error(format!("it answered {status}{sentence}{help}"));
        let passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        let failure = if passing {
            Failure::passing(error, after)
        } else {
            Failure::lasting(error)
        };
        failure.with_status(status)
    }

    /// Tells how far a blob has come.
    pub(super) fn tell(&self, digest: Digest, done: u64, total: u64) {
        if let Some(watch) = self.watch {
            watch(&Transfer {
                digest,
                done,
                total,
            });
        }
    }

    pub(super) fn watch(&self) -> Option<&'a Watch> {
        self.watch
    }

    pub(super) fn late(&self) -> Error {
        self.target.error(format!(
            "the transfer took longer than {} minutes",
            TRANSFER_WALL.as_secs() / 60
        ))
    }
}

/// So many seconds a registry asks to be left alone.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .parse()
        .ok()
        .map(Duration::from_secs)
}

/// The digest a registry says that something has.
pub(super) fn digest_header(headers: &HeaderMap) -> Option<&str> {
    headers.get("docker-content-digest")?.to_str().ok()
}
