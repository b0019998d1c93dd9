//! One request and its response.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method,
    OutgoingBody, OutgoingRequest, RequestOptions, Scheme, http_error_code,
};
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::{InputStream, StreamError};

use crate::{Failure, Kind, Request};

/// The most of a request's body that one call hands over (4 KiB): `blocking-write-and-flush` takes
/// no more.
const WRITE_CHUNK: usize = 4096;

/// A response whose body has not been read.
#[derive(Debug)]
pub struct Response {
    /// The status, such as 200.
    pub status: u16,
    /// Names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The rest, not read yet.
    pub body: Body,
}

/// The body of a response, read as it comes.
#[derive(Debug)]
pub struct Body {
    // In the order in which they must go: a stream before its body.
    stream: InputStream,
    _body: IncomingBody,
    _response: IncomingResponse,
    deadline: Deadline,
    /// For the words of an error.
    request: Request,
}

/// When the exchange must be over.
#[derive(Debug, Clone, Copy)]
struct Deadline(Option<Instant>);

impl Response {
    /// The first value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(there, _)| there == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Sends a request and waits for the head of its response.
///
/// # Errors
///
/// Why there is none.
pub fn send(request: &Request) -> Result<Response, Failure> {
    let deadline = Deadline(
        request
            .waits
            .total
            .and_then(|total| Instant::now().checked_add(total)),
    );
    let failed = |code: ErrorCode| Failure::of(&code, request);
    let outgoing = outgoing(request)?;
    let body = outgoing.body().map_err(|()| wrong("body"))?;
    let future = handle(outgoing, Some(options(request)?)).map_err(failed)?;
    // Where the request is refused its body cannot be written, and the answer says why.
    let written = write(body, request.body.as_deref().unwrap_or_default());
    let response = answer(&future, deadline, request)?.map_err(failed)?;
    written?;
    let headers = response.headers().entries();
    let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
    let status = response.status();
    let body = response.consume().map_err(|()| wrong("response"))?;
    let stream = body.stream().map_err(|()| wrong("response"))?;
    let body = Body {
        stream,
        _body: body,
        _response: response,
        deadline,
        request: request.clone(),
    };
    let headers = headers
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), text(value)))
        .collect();
    Ok(Response {
        status,
        headers,
        body,
    })
}

fn outgoing(request: &Request) -> Result<OutgoingRequest, Failure> {
    let fields = Fields::new();
    for (name, value) in &request.headers {
        fields.append(name, value.as_bytes()).map_err(|_| {
            Failure::new(
                Kind::Denied,
                format!("the header {name:?} is malformed, or the host's own to write"),
            )
        })?;
    }
    if let Some(body) = &request.body {
        // Without a length it would be sent in chunks, which not every server takes.
        fields
            .set("content-length", &[body.len().to_string().into_bytes()])
            .map_err(|_| wrong("length"))?;
    }
    let outgoing = OutgoingRequest::new(fields);
    let scheme = if request.url.scheme() == "https" {
        Scheme::Https
    } else {
        Scheme::Http
    };
    let url = &request.url;
    let authority = match (url.host_str().unwrap_or_default(), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    };
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    outgoing
        .set_method(&method(&request.method))
        .map_err(|()| wrong("method"))?;
    outgoing
        .set_scheme(Some(&scheme))
        .map_err(|()| wrong("scheme"))?;
    outgoing
        .set_authority(Some(&authority))
        .map_err(|()| wrong("host"))?;
    outgoing
        .set_path_with_query(Some(&path))
        .map_err(|()| wrong("path"))?;
    Ok(outgoing)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

fn options(request: &Request) -> Result<RequestOptions, Failure> {
    let options = RequestOptions::new();
    let nanoseconds = |wait: Option<Duration>| {
        wait.map(|wait| u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX))
    };
    options
        .set_connect_timeout(nanoseconds(request.waits.connect))
        .map_err(|()| wrong("connect timeout"))?;
    Ok(options)
}

fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), Failure> {
    let cut = |_| {
        Failure::new(
            Kind::Broken,
            "the connection was cut while the request was sent",
        )
    };
    let stream = body.write().map_err(|()| wrong("body"))?;
    for chunk in bytes.chunks(WRITE_CHUNK) {
        stream.blocking_write_and_flush(chunk).map_err(cut)?;
    }
    drop(stream);
    OutgoingBody::finish(body, None)
        .map_err(|code| Failure::new(Kind::Broken, format!("the request's body: {code:?}")))
}

/// Waits for the head of the response.
fn answer(
    future: &FutureIncomingResponse,
    deadline: Deadline,
    request: &Request,
) -> Result<Result<IncomingResponse, ErrorCode>, Failure> {
    if !deadline.wait(&future.subscribe()) {
        return Err(Failure::of(&ErrorCode::HttpResponseTimeout, request));
    }
    match future.get() {
        Some(Ok(answer)) => Ok(answer),
        _ => Err(wrong("response")),
    }
}

impl Deadline {
    /// Waits for an event; `false` when the deadline comes first.
    fn wait(self, event: &Pollable) -> bool {
        let Some(deadline) = self.0 else {
            event.block();
            return true;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let clock = subscribe_duration(u64::try_from(left.as_nanos()).unwrap_or(u64::MAX));
        // The event counts also when both are there.
        poll(&[event, &clock]).contains(&0)
    }
}

impl Read for Body {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.deadline.wait(&self.stream.subscribe()) {
                let failure = Failure::of(&ErrorCode::HttpResponseTimeout, &self.request);
                return Err(io::Error::new(io::ErrorKind::TimedOut, failure.sentence));
            }
            match self.stream.read(bytes.len() as u64) {
                Ok(read) if read.is_empty() => {}
                Ok(read) => {
                    let (start, _) = bytes.split_at_mut(read.len());
                    start.copy_from_slice(&read);
                    return Ok(read.len());
                }
                Err(StreamError::Closed) => return Ok(0),
                Err(StreamError::LastOperationFailed(error)) => {
                    let sentence = match http_error_code(&error) {
                        Some(code) => Failure::of(&code, &self.request).sentence,
                        None => format!("the response was cut: {}", error.to_debug_string()),
                    };
                    return Err(io::Error::other(sentence));
                }
            }
        }
    }
}

/// The bindings refused a part of a request, which the host checks too.
fn wrong(what: &str) -> Failure {
    Failure::new(
        Kind::Denied,
        format!("the host does not take the {what} of this request"),
    )
}
