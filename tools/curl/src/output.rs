//! What is told of a response beside its body.

use std::io::Write;
use std::time::Duration;

use cofferdam_command::{Output, Stop};
use cofferdam_http::{Request, Response, Url, reason};

/// Facts that `-w` can ask for.
pub(crate) struct Transfer {
    /// As it was asked for.
    pub(crate) asked: Url,
    /// Of the response, after redirects.
    url: Url,
    method: String,
    /// The number of its argument.
    pub(crate) number: usize,
    /// 0 without a response.
    pub(crate) status: u16,
    redirects: usize,
    headers: Vec<(String, String)>,
    head_size: usize,
    pub(crate) encoding: String,
    uploaded: usize,
    pub(crate) size: u64,
    pub(crate) file: String,
    pub(crate) seconds: f64,
    first_byte: f64,
}

impl Transfer {
    /// A request that has no response yet.
    pub(crate) fn new(request: &Request, number: usize) -> Self {
        Self {
            asked: request.url.clone(),
            url: request.url.clone(),
            method: request.method.clone(),
            number,
            status: 0,
            redirects: 0,
            headers: Vec::new(),
            head_size: 0,
            encoding: String::new(),
            uploaded: request.body.as_ref().map_or(0, Vec::len),
            size: 0,
            file: String::new(),
            seconds: 0.0,
            first_byte: 0.0,
        }
    }

    /// Notes the head of the response.
    pub(crate) fn answered(
        &mut self,
        url: Url,
        redirects: usize,
        response: &Response,
        after: Duration,
    ) {
        self.url = url;
        self.redirects = redirects;
        self.status = response.status;
        self.headers.clone_from(&response.headers);
        self.head_size = head(response).len();
        response
            .header("content-encoding")
            .unwrap_or_default()
            .clone_into(&mut self.encoding);
        self.first_byte = after.as_secs_f64();
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(there, _)| there.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value.as_str())
    }
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

/// `-w FORMAT`, after a transfer that went well or failed.
#[allow(clippy::print_stderr, reason = "%{stderr} asks for it")]
pub(crate) fn write_out(
    out: &mut Output,
    format: &str,
    transfer: &Transfer,
    failure: Option<&Stop>,
) -> Result<(), Stop> {
    let (mut rest, mut to_stderr) = (format, false);
    while let Some(first) = rest.chars().next() {
        let variable = rest
            .strip_prefix("%{")
            .and_then(|rest| rest.split_once('}'));
        let header = rest
            .strip_prefix("%header{")
            .and_then(|rest| rest.split_once('}'));
        let escaped = [("\\n", "\n"), ("\\t", "\t"), ("\\r", "\r"), ("%%", "%")]
            .iter()
            .find_map(|(written, meant)| Some((rest.strip_prefix(written)?, *meant)));
        let (text, after) = match (variable, header, escaped) {
            (Some(("onerror", _)), ..) if failure.is_none() => break,
            (Some((name @ ("stderr" | "stdout" | "onerror"), after)), ..) => {
                to_stderr = match name {
                    "stderr" => true,
                    "stdout" => false,
                    _ => to_stderr,
                };
                (String::new(), after)
            }
            (Some((name, after)), ..) => (value(name, transfer, failure)?, after),
            (_, Some((name, after)), _) => (transfer.header(name).to_owned(), after),
            (.., Some((after, meant))) => (meant.to_owned(), after),
            _ => (
                first.to_string(),
                rest.get(first.len_utf8()..).unwrap_or_default(),
            ),
        };
        match to_stderr {
            true => eprint!("{text}"),
            false => write!(out, "{text}")?,
        }
        rest = after;
    }
    Ok(())
}

fn value(name: &str, transfer: &Transfer, failure: Option<&Stop>) -> Result<String, Stop> {
    let answered = transfer.status > 0;
    Ok(match name {
        "http_code" | "response_code" => format!("{:03}", transfer.status),
        "http_version" if answered => "1.1".to_owned(),
        "http_version" => "0".to_owned(),
        "url" => transfer.asked.to_string(),
        "url_effective" => transfer.url.to_string(),
        "urlnum" => transfer.number.to_string(),
        "method" => transfer.method.clone(),
        "num_redirects" => transfer.redirects.to_string(),
        "num_headers" => transfer.headers.len().to_string(),
        "num_connects" => (usize::from(answered) + transfer.redirects).to_string(),
        "redirect_url" => match transfer.url.join(transfer.header("location")) {
            Ok(url) if !transfer.header("location").is_empty() => url.to_string(),
            _ => String::new(),
        },
        "content_type" => transfer.header("content-type").to_owned(),
        "filename_effective" => transfer.file.clone(),
        "size_download" => transfer.size.to_string(),
        "size_header" => transfer.head_size.to_string(),
        "size_upload" => transfer.uploaded.to_string(),
        "speed_download" => speed(transfer).to_string(),
        "time_total" => format!("{:.6}", transfer.seconds),
        "time_starttransfer" => format!("{:.6}", transfer.first_byte),
        "scheme" => transfer.url.scheme().to_ascii_uppercase(),
        "exitcode" => failure.map_or(0, Stop::code).to_string(),
        "errormsg" => failure.map(Stop::sentence).unwrap_or_default().to_owned(),
        other => {
            return Err(Stop::new(format!(
                "-w: %{{{other}}} is unknown here; --help says what there is"
            )));
        }
    })
}

/// Bytes in a second.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a speed is rounded"
)]
fn speed(transfer: &Transfer) -> u64 {
    match transfer.seconds > 0.0 {
        true => (transfer.size as f64 / transfer.seconds) as u64,
        false => 0,
    }
}
