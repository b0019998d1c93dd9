//! Requests over HTTP: [`Context::send`](crate::Context::send) sends one.

use std::borrow::Cow;

pub use cofferdam_http::{Failure, Kind, Request, Url, Waits, url};
use serde::de::DeserializeOwned;

use crate::ToolError;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status, such as 200.
    pub status: u16,
    /// Names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer without headers, for tests.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// The first value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(there, _)| there == name)?;
        Some(&found.1)
    }

    /// The body as text; what is no UTF-8 in it becomes U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as JSON.
    ///
    /// # Errors
    ///
    /// `failed` if it is not JSON, or other JSON than was asked for.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ToolError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| ToolError::failed(format!("the answer is something else: {error}")))
    }

    /// The same answer, if its status says that it is what was asked for: 200 to 299.
    ///
    /// # Errors
    ///
    /// For other statuses, with the status in the sentence: `not-found` for 404 and 410,
    /// `unavailable` for 429 and 500 and above, else `failed`.
    pub fn ok(self) -> Result<Self, ToolError> {
        let sentence = format!("the server answered {}", self.status);
        match self.status {
            200..300 => Ok(self),
            404 | 410 => Err(ToolError::not_found(sentence)),
            429 | 500.. => Err(ToolError::unavailable(sentence)),
            _ => Err(ToolError::failed(sentence)),
        }
    }
}

impl From<Failure> for ToolError {
    fn from(failure: Failure) -> Self {
        let Failure { kind, sentence } = failure;
        match kind {
            Kind::Url | Kind::Scheme => Self::invalid_input(sentence),
            Kind::Name | Kind::Connect | Kind::Timeout => Self::unavailable(sentence),
            Kind::Denied | Kind::Tls | Kind::Redirects | Kind::TooLarge | Kind::Broken => {
                Self::failed(sentence)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, FailureCode};

    #[test]
    fn a_test_stands_in_for_a_server() {
        let context = Context::for_tests().with_server(|request| match request.url.path() {
            "/sum" => Ok(Response::new(200, request.body.clone().unwrap_or_default())),
            _ => Ok(Response::new(404, "no")),
        });
        let send = |text: &str| {
            let request = Request::post(text, "[1,2]")?.header("accept", "application/json");
            context.send(&request)?.ok()?.json::<Vec<u8>>()
        };
        assert_eq!(send("https://a.test/sum"), Ok(vec![1, 2]));
        let code = |text: &str| send(text).map_err(|error| error.code());
        assert_eq!(code("https://a.test/x"), Err(FailureCode::NotFound));
        assert_eq!(code("ftp://a.test/x"), Err(FailureCode::InvalidInput));
        let alone = Context::for_tests().send(&Request::get("https://a.test/").unwrap());
        let alone = ToolError::from(alone.unwrap_err());
        assert!(alone.message().contains("with_server"), "{alone}");
    }
}
