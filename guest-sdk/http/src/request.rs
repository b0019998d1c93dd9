//! A request, as it is sent.

use std::time::Duration;

use url::Url;

use crate::{Failure, Kind};

/// A request, before anybody has agreed to it.
#[derive(Debug, Clone)]
pub struct Request {
    /// In upper case, such as `GET`.
    pub method: String,
    /// The address it goes to.
    pub url: Url,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body, if it has one.
    pub body: Option<Vec<u8>>,
    /// The longest waits.
    pub waits: Waits,
}

/// The longest waits. Nothing means what the host allows at most, which the call's own
/// deadline bounds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waits {
    /// Until there is a connection.
    pub connect: Option<Duration>,
    /// The whole exchange, body included.
    pub total: Option<Duration>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: &str, url: Url) -> Self {
        Self {
            method: method.to_owned(),
            url,
            headers: Vec::new(),
            body: None,
            waits: Waits::default(),
        }
    }

    /// A `GET` of this URL.
    ///
    /// # Errors
    ///
    /// If the text is no URL.
    pub fn get(text: &str) -> Result<Self, Failure> {
        Ok(Self::new("GET", url(text)?))
    }

    /// A `POST` of this body to this URL.
    ///
    /// # Errors
    ///
    /// If the text is no URL.
    pub fn post(text: &str, body: impl Into<Vec<u8>>) -> Result<Self, Failure> {
        let mut request = Self::new("POST", url(text)?);
        request.body = Some(body.into());
        Ok(request)
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns true if a header is there already, however it is written.
    pub fn has(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(there, _)| there.eq_ignore_ascii_case(name))
    }

    /// Adds a header unless it is there.
    pub fn default_header(&mut self, name: &str, value: &str) {
        if !self.has(name) {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// Reads a URL as people write it: without a scheme it is `http`.
///
/// # Errors
///
/// What is wrong with it.
pub fn url(text: &str) -> Result<Url, Failure> {
    let wrong = |sentence: String| Failure::new(Kind::Url, sentence);
    let whole = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let url =
        Url::parse(&whole).map_err(|error| wrong(format!("{text:?} is not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Failure::new(
            Kind::Scheme,
            format!(
                "{text}: only http and https are spoken here, not {}",
                url.scheme()
            ),
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "a user or password in a URL is not sent: the operator gives a secret, and the host \
             adds it to the request"
                .to_owned(),
        ));
    }
    Ok(url)
}
