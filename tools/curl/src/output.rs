//! What is told of a response beside its body.

use std::io::Write;

use cofferdam_command::{Output, Stop};
use cofferdam_http::{Request, Response, Url, reason};

/// What `-w` can ask for.
pub(crate) struct Transfer {
    pub(crate) url: Url,
    pub(crate) method: String,
    pub(crate) status: u16,
    pub(crate) redirects: usize,
    pub(crate) content_type: String,
    pub(crate) location: String,
    pub(crate) size: u64,
    pub(crate) seconds: f64,
}

/// The head of a response, as it would come over the wire.
pub(crate) fn head(response: &Response) -> String {
    let mut head = format!(
        "HTTP/1.1 {} {}\r\n",
        response.status,
        reason(response.status)
    );
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head
}

/// `-v`, on standard error.
#[allow(clippy::print_stderr, reason = "this is what -v is for")]
pub(crate) fn verbose_request(request: &Request) {
    let query = request
        .url
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    eprintln!(
        "> {} {}{query} HTTP/1.1",
        request.method,
        request.url.path()
    );
    eprintln!("> host: {}", request.url.host_str().unwrap_or_default());
    for (name, value) in &request.headers {
        eprintln!("> {name}: {value}");
    }
    eprintln!(">");
}

/// `-v`, on standard error.
#[allow(clippy::print_stderr, reason = "this is what -v is for")]
pub(crate) fn verbose_response(response: &Response) {
    for line in head(response).lines() {
        eprintln!("< {line}");
    }
}

/// `-w FORMAT`.
pub(crate) fn write_out(out: &mut Output, format: &str, transfer: &Transfer) -> Result<(), Stop> {
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        let variable = rest
            .strip_prefix("%{")
            .and_then(|rest| rest.split_once('}'));
        if let Some((name, after)) = variable {
            write!(out, "{}", value(name, transfer)?)?;
            rest = after;
            continue;
        }
        let escaped = [("\\n", "\n"), ("\\t", "\t"), ("\\r", "\r"), ("%%", "%")];
        match escaped
            .iter()
            .find_map(|(written, meant)| Some((rest.strip_prefix(written)?, meant)))
        {
            Some((after, meant)) => {
                write!(out, "{meant}")?;
                rest = after;
            }
            None => {
                write!(out, "{first}")?;
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    Ok(())
}

fn value(name: &str, transfer: &Transfer) -> Result<String, Stop> {
    Ok(match name {
        "http_code" | "response_code" => format!("{:03}", transfer.status),
        "url" | "url_effective" => transfer.url.to_string(),
        "method" => transfer.method.clone(),
        "num_redirects" => transfer.redirects.to_string(),
        "redirect_url" => match transfer.url.join(&transfer.location) {
            Ok(url) if !transfer.location.is_empty() => url.to_string(),
            _ => String::new(),
        },
        "content_type" => transfer.content_type.clone(),
        "size_download" => transfer.size.to_string(),
        "time_total" => format!("{:.6}", transfer.seconds),
        "scheme" => transfer.url.scheme().to_ascii_uppercase(),
        other => {
            return Err(Stop::new(format!(
                "-w: %{{{other}}} is unknown here; --help says what there is"
            )));
        }
    })
}
