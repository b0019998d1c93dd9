//! The time that a client gives a request: `grpc-timeout`, as the gRPC specification has it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::{HeaderMap, Request, Response};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use super::cut::{Ended, cut};

/// The header.
const HEADER: &str = "grpc-timeout";

/// The most digits that the specification allows.
const MAX_DIGITS: usize = 8;

/// Ends each request when the time that its client gave is over, also while its answer is streamed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeadlineLayer;

/// See [`DeadlineLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Deadline<S>(S);

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline(inner)
    }
}

impl<S, B> Service<Request<B>> for Deadline<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let time = match of(request.headers()) {
            Ok(time) => time,
            Err(status) => return Box::pin(std::future::ready(Ok(status.into_http()))),
        };
        let answered = self.0.call(request);
        let Some(time) = time else {
            return Box::pin(answered);
        };
        let mut over: Ended = Box::pin(over(time));
        Box::pin(async move {
            tokio::select! {
                biased;
                answered = answered => {
                    answered.map(|response| response.map(|body| cut(body, over)))
                }
                status = &mut over => Ok(status.into_http()),
            }
        })
    }
}

/// Returns the time that the client gives, if it gives one.
fn of(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get(HEADER) else {
        return Ok(None);
    };
    let parsed = value.to_str().ok().and_then(parse);
    parsed.map(Some).ok_or_else(|| {
        let value = String::from_utf8_lossy(value.as_bytes());
        Status::invalid_argument(format!(
            "{HEADER} `{}`: expected up to {MAX_DIGITS} digits and H, M, S, m, u or n",
            value.escape_default()
        ))
    })
}

fn parse(value: &str) -> Option<Duration> {
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    if digits.is_empty()
        || digits.len() > MAX_DIGITS
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number.checked_mul(3_600)?),
        "M" => Duration::from_secs(number.checked_mul(60)?),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// Waits until the time of a client is over.
async fn over(time: Duration) -> Status {
    tokio::time::sleep(time).await;
    Status::deadline_exceeded("the time that the client gave with its request is over")
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tonic::Code;
    use tower::{ServiceExt, service_fn};

    use super::*;

    #[tokio::test]
    async fn a_stream_ends_when_the_time_of_its_client_is_over() {
        let endless = service_fn(|_: Request<()>| async {
            let body = http_body_util::StreamBody::new(futures_util::stream::pending::<
                Result<hyper::body::Frame<hyper::body::Bytes>, Status>,
            >());
            Ok(Response::new(Body::new(body)))
        });
        let mut request = Request::new(());
        let value = hyper::header::HeaderValue::from_static("1m");
        request.headers_mut().insert(HEADER, value);
        let answered = DeadlineLayer.layer(endless).oneshot(request).await;
        let Ok(response) = answered;
        let ended = response.into_body().collect().await.unwrap();
        let status = Status::from_header_map(ended.trailers().unwrap()).unwrap();
        assert_eq!(status.code(), Code::DeadlineExceeded);
    }

    #[test]
    fn every_unit_is_read_and_anything_else_is_refused() {
        let day = Duration::from_secs(86_400);
        let times = [
            ("24H", day),
            ("1440M", day),
            ("86400S", day),
            ("250m", Duration::from_millis(250)),
        ];
        for (value, time) in times {
            assert_eq!(parse(value), Some(time), "{value}");
        }
        for wrong in ["", "S", "5", "-1S", "1 S", "123456789S", "1s", "1é"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
