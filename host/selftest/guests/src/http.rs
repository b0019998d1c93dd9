//! HTTP by the plain bindings of `wasi:http`, so that a guest can try what no library would send.

use std::io::{self, Read, Write};

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method,
    OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use wasip2::io::streams::InputStream;

/// A response whose body has not been read yet. Dropping it gives its connection back.
#[derive(Debug)]
pub struct Open {
    /// The status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, Vec<u8>)>,
    // In the order in which they must go: a stream before its body.
    stream: InputStream,
    body: IncomingBody,
    _response: IncomingResponse,
}

/// A request toward a URL such as `http://host:1/path`. The scheme, the host and the path are sent
/// as they are written.
///
/// # Errors
///
/// When the bindings refuse a part of it.
pub fn request(method: &str, url: &str, headers: Fields) -> io::Result<OutgoingRequest> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| refused("not a URL"))?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let request = OutgoingRequest::new(headers);
    let method = match method {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "TRACE" => Method::Trace,
        other => Method::Other(other.to_owned()),
    };
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    request
        .set_method(&method)
        .map_err(|()| refused("the method"))?;
    request
        .set_scheme(Some(&scheme))
        .map_err(|()| refused("the scheme"))?;
    request
        .set_authority(Some(authority))
        .map_err(|()| refused("the authority"))?;
    request
        .set_path_with_query((!path.is_empty()).then_some(path))
        .map_err(|()| refused("the path"))?;
    Ok(request)
}

/// Sends a request without a body.
///
/// # Errors
///
/// The host's answer in place of a response.
pub fn send(request: OutgoingRequest) -> io::Result<Open> {
    open(handle(request, None).map_err(failed)?)
}

/// The longest times that a guest waits, in nanoseconds; nothing for those that the host chooses.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// To be connected.
    pub connect: Option<u64>,
    /// For the response to begin.
    pub first_byte: Option<u64>,
    /// Between two pieces of its body.
    pub between_bytes: Option<u64>,
}

impl Patience {
    /// As the host chooses.
    pub const NONE: Self = Self {
        connect: None,
        first_byte: None,
        between_bytes: None,
    };

    /// The same time for everything.
    pub const fn of(nanoseconds: u64) -> Self {
        Self {
            connect: Some(nanoseconds),
            first_byte: Some(nanoseconds),
            between_bytes: Some(nanoseconds),
        }
    }
}

/// Sends a request without a body, and waits no longer than `patience`.
///
/// # Errors
///
/// The error with which the host answers instead of a response.
pub fn send_within(request: OutgoingRequest, patience: Patience) -> io::Result<Open> {
    let options = RequestOptions::new();
    let Patience {
        connect,
        first_byte,
        between_bytes,
    } = patience;
    options
        .set_connect_timeout(connect)
        .map_err(|()| refused("the time to connect"))?;
    options
        .set_first_byte_timeout(first_byte)
        .map_err(|()| refused("the time to the first byte"))?;
    options
        .set_between_bytes_timeout(between_bytes)
        .map_err(|()| refused("the time between bytes"))?;
    open(handle(request, Some(options)).map_err(failed)?)
}

/// Sends a request with `bytes` as its body, and waits for the answer whatever becomes of the body.
///
/// # Errors
///
/// What the host answers instead of a response.
pub fn send_all(request: OutgoingRequest, bytes: &[u8]) -> io::Result<Open> {
    let body = request.body().map_err(|()| refused("the body"))?;
    let future = handle(request, None).map_err(failed)?;
    let stream = body.write().map_err(|()| refused("the body's stream"))?;
    let written = stream.blocking_write_and_flush(bytes);
    drop(stream);
    let finished = OutgoingBody::finish(body, None);
    let opened = open(future);
    written.map_err(|error| io::Error::other(format!("the body: {error:?}")))?;
    finished.map_err(failed)?;
    opened
}

/// Sends a request with a body that `write` writes.
///
/// # Errors
///
/// What the host answers instead of a response, or what `write` came upon.
pub fn send_body(
    request: OutgoingRequest,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<Open> {
    let body = request.body().map_err(|()| refused("the body"))?;
    let future = handle(request, None).map_err(failed)?;
    let mut stream = body.write().map_err(|()| refused("the body's stream"))?;
    write(&mut stream)?;
    drop(stream);
    OutgoingBody::finish(body, None).map_err(failed)?;
    open(future)
}

/// Sends a request in one of the ways in which guests send no body: `unasked` asks for none,
/// `finished` finishes it before the request is handed over, `later` after that, `stream` after its
/// stream was opened and closed, and `waiting` after the response. `bytes` writes five bytes.
///
/// # Errors
///
/// What the host answers instead of a response.
pub fn send_so(request: OutgoingRequest, how: &str) -> io::Result<Open> {
    let finish = |body| OutgoingBody::finish(body, None).map_err(failed);
    if how == "unasked" {
        return send(request);
    }
    let body = request.body().map_err(|()| refused("the body"))?;
    if how == "finished" {
        finish(body)?;
        return send(request);
    }
    let future = handle(request, None).map_err(failed)?;
    if how == "waiting" {
        let response = open(future)?;
        finish(body)?;
        return Ok(response);
    }
    if how != "later" {
        let mut stream = body.write().map_err(|()| refused("the body's stream"))?;
        if how == "bytes" {
            stream.write_all(b"bytes")?;
        }
    }
    finish(body)?;
    open(future)
}

/// `GET`, without headers.
///
/// # Errors
///
/// As [`send`].
pub fn get(url: &str) -> io::Result<Open> {
    send(request("GET", url, Fields::new())?)
}

impl Open {
    /// Trailers that the server sends after the body. To be asked when that was read.
    ///
    /// # Errors
    ///
    /// What the host answers instead.
    pub fn trailers(self) -> io::Result<Vec<(String, Vec<u8>)>> {
        drop(self.stream);
        let future = IncomingBody::finish(self.body);
        future.subscribe().block();
        let trailers = future
            .get()
            .ok_or_else(|| refused("no trailers"))?
            .map_err(|()| refused("taken"))?;
        Ok(trailers
            .map_err(failed)?
            .map_or_else(Vec::new, |fields| fields.entries()))
    }
}

fn open(future: FutureIncomingResponse) -> io::Result<Open> {
    future.subscribe().block();
    let response = future
        .get()
        .ok_or_else(|| refused("no response"))?
        .map_err(|()| refused("taken"))?
        .map_err(failed)?;
    let status = response.status();
    let headers = response.headers().entries();
    let body = response.consume().map_err(|()| refused("the body"))?;
    let stream = body.stream().map_err(|()| refused("the stream"))?;
    Ok(Open {
        status,
        headers,
        stream,
        body,
        _response: response,
    })
}

fn failed(error: ErrorCode) -> io::Error {
    io::Error::other(format!("{error:?}"))
}

fn refused(what: &str) -> io::Error {
    io::Error::other(format!("refused: {what}"))
}

impl Read for Open {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        Read::read(&mut self.stream, bytes)
    }
}
