//! The request that the options describe.

use cofferdam_command::{STDIN, Stop, read};
use cofferdam_http::{Failure, Kind, Request, Url, Waits, url};

use crate::args::{Args, Show};
use crate::form;

/// What this client calls itself: its name and the version of its manifest.
const AGENT: &str = "cofferdam-curl/0.1.0";

/// One `-d` and its kin.
pub(crate) enum Piece {
    /// `-d`: text, or `@FILE` without its line breaks.
    Text(String),
    /// `--data-binary`, `--json`: text, or `@FILE` as it is.
    Binary(String),
    /// `--data-raw`: text, also when it begins with `@`.
    Raw(String),
    /// `--data-urlencode`: `CONTENT`, `=CONTENT`, `NAME=CONTENT`, `@FILE` or `NAME@FILE`.
    Encoded(String),
}

/// The request for one URL.
pub(crate) fn request(args: &Args, text: &str) -> Result<Request, Stop> {
    let mut target = target(args, text)?;
    if let Some(file) = &args.upload {
        return upload(args, target, file);
    }
    if !args.form.is_empty() {
        let form = form::form(&args.form)?;
        let mut request = Request::new(args.method.as_deref().unwrap_or("POST"), target);
        request.body = Some(form.body);
        headers(args, &mut request)?;
        let kind = format!("multipart/form-data; boundary={}", form.boundary);
        request.default_header("content-type", &kind);
        return Ok(waiting(args, request));
    }
    let body = body(&args.data, args.json)?;
    let mut request = match body {
        Some(body) if args.get || args.show == Show::Head => {
            let more = String::from_utf8_lossy(&body).into_owned();
            let query = target
                .query()
                .map_or_else(|| more.clone(), |query| format!("{query}&{more}"));
            target.set_query(Some(&query));
            Request::new("GET", target)
        }
        Some(body) => {
            let mut request = Request::new("POST", target);
            request.body = Some(body);
            request
        }
        None => Request::new("GET", target),
    };
    if args.show == Show::Head {
        "HEAD".clone_into(&mut request.method);
    }
    if let Some(method) = &args.method {
        method.clone_into(&mut request.method);
    }
    headers(args, &mut request)?;
    Ok(waiting(args, request))
}

/// The URL, if its scheme may be used.
fn target(args: &Args, text: &str) -> Result<Url, Stop> {
    let malformed = |failure: Failure| {
        // What is no HTTP is code 1, what is no URL code 3.
        let code = if text.contains("://") && failure.kind == Kind::Scheme {
            1
        } else {
            3
        };
        Stop::new(format!("({code}) {failure}")).with_code(code)
    };
    let target = url(text).map_err(malformed)?;
    if !args.schemes.iter().any(|scheme| scheme == target.scheme()) {
        return Err(Stop::new(format!(
            "(1) Protocol \"{}\" is not among those of --proto",
            target.scheme()
        ))
        .with_code(1));
    }
    Ok(target)
}

/// `-T`: a file becomes the body, under its own name where the URL ends in a slash.
fn upload(args: &Args, mut target: Url, file: &str) -> Result<Request, Stop> {
    let body = read(file).map_err(|stop| stop.with_code(26))?;
    if target.path().ends_with('/') && file != STDIN {
        let name = file.rsplit('/').next().unwrap_or(file);
        let path = format!("{}{name}", target.path());
        target.set_path(&path);
    }
    let mut request = Request::new(args.method.as_deref().unwrap_or("PUT"), target);
    request.body = Some(body);
    headers(args, &mut request)?;
    Ok(waiting(args, request))
}

fn waiting(args: &Args, mut request: Request) -> Request {
    request.waits = Waits {
        connect: args.connect_timeout,
        total: args.max_time,
    };
    request
}

fn headers(args: &Args, request: &mut Request) -> Result<(), Stop> {
    // `NAME:` takes a header away, `NAME;` sends it without a value.
    let mut taken = Vec::new();
    for header in &args.headers {
        match (header.split_once(':'), header.strip_suffix(';')) {
            (Some((name, value)), _) if value.trim().is_empty() => {
                taken.push(name.trim().to_ascii_lowercase())
            }
            (Some((name, value)), _) => request
                .headers
                .push((name.trim().to_owned(), value.trim().to_owned())),
            (None, Some(name)) => request
                .headers
                .push((name.trim().to_owned(), String::new())),
            (None, None) => return Err(Stop::new(format!("-H {header:?}: expected NAME: VALUE"))),
        }
    }
    let mut default = |name: &str, value: Option<&str>| {
        if let Some(value) = value
            && !taken.contains(&name.to_owned())
        {
            request.default_header(name, value);
        }
    };
    let has_body = !args.data.is_empty() && !args.get && args.show != Show::Head;
    let (kind, accept) = match (has_body, args.json) {
        (true, true) => (Some("application/json"), "application/json"),
        (true, false) => (Some("application/x-www-form-urlencoded"), "*/*"),
        (false, _) => (None, "*/*"),
    };
    default(
        "user-agent",
        Some(args.agent.as_deref().unwrap_or(AGENT)).filter(|agent| !agent.is_empty()),
    );
    default("accept", Some(accept));
    default(
        "accept-encoding",
        args.compressed.then_some("deflate, gzip"),
    );
    default("content-type", kind);
    default("referer", args.referer.as_deref());
    default(
        "range",
        args.range
            .as_ref()
            .map(|range| format!("bytes={range}"))
            .as_deref(),
    );
    default(
        "cookie",
        (!args.cookies.is_empty())
            .then(|| args.cookies.join("; "))
            .as_deref(),
    );
    Ok(())
}

/// All pieces together; `&` between them, as fields of a form, and nothing between pieces of JSON.
fn body(pieces: &[Piece], json: bool) -> Result<Option<Vec<u8>>, Stop> {
    let mut body: Option<Vec<u8>> = None;
    for piece in pieces {
        let bytes = match piece {
            Piece::Raw(text) => text.clone().into_bytes(),
            Piece::Text(text) => match text.strip_prefix('@') {
                Some(file) => body_file(file)?
                    .into_iter()
                    .filter(|byte| !matches!(byte, b'\n' | b'\r' | 0))
                    .collect(),
                None => text.clone().into_bytes(),
            },
            Piece::Binary(text) => match text.strip_prefix('@') {
                Some(file) => body_file(file)?,
                None => text.clone().into_bytes(),
            },
            Piece::Encoded(text) => encoded(text)?,
        };
        body = Some(match body {
            Some(mut before) => {
                if !json {
                    before.push(b'&');
                }
                before.extend(bytes);
                before
            }
            None => bytes,
        });
    }
    Ok(body)
}

fn encoded(text: &str) -> Result<Vec<u8>, Stop> {
    let (name, content) = match text.find(['=', '@']) {
        Some(at) => {
            let (name, rest) = text.split_at(at);
            match rest.split_at(1) {
                ("@", file) => (name, body_file(file)?),
                (_, content) => (name, content.as_bytes().to_vec()),
            }
        }
        None => ("", text.as_bytes().to_vec()),
    };
    let content = escape(&content);
    Ok(if name.is_empty() {
        content
    } else {
        format!("{name}={content}")
    }
    .into_bytes())
}

/// Escapes all but what is unreserved (RFC 3986, section 2.3), as curl does; a space is `+`.
fn escape(bytes: &[u8]) -> String {
    let mut escaped = String::new();
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(*byte))
            }
            b' ' => escaped.push('+'),
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

/// A file whose content is sent.
fn body_file(file: &str) -> Result<Vec<u8>, Stop> {
    read(file).map_err(|stop| stop.with_code(26))
}
