//! `jina`: a web page as Markdown, by the reader of Jina AI.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use cofferdam_command::{Complaints, Ending, Output, Stop, run};
use cofferdam_http::{Request, Url, reason, send, url};
use lexopt::prelude::*;

/// Where the reader is.
const READER: &str = "https://r.jina.ai";

/// How much of a page is printed (256 KiB): what a model can make use of.
const MAX_PAGE: u64 = 256 << 10;

/// How long the reader may take to fetch and convert a page.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    run("jina", include_str!("../USAGE.md"), jina)
}

fn jina(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let mut parser = cofferdam_command::parser();
    let (mut page, mut reader) = (None, READER.to_owned());
    while let Some(argument) = parser.next()? {
        match argument {
            Long("reader") => reader = parser.value()?.string()?,
            Value(text) if page.is_none() => page = Some(url(&text.string()?).map_err(Stop::of)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let page = page.ok_or_else(|| Stop::new("a URL is missing: jina URL"))?;
    let mut request = Request::new("GET", target(&reader, &page)?);
    request.default_header("accept", "text/plain");
    request.waits.total = Some(PATIENCE);
    let response = send(&request).map_err(Stop::of)?;
    if !(200..300).contains(&response.status) {
        let status = response.status;
        return Err(Stop::new(format!(
            "{page}: the reader answered {status} {}",
            reason(status)
        )));
    }
    let mut body = response.body;
    let printed = io::copy(&mut (&mut body).take(MAX_PAGE), out)?;
    if printed == MAX_PAGE && body.read(&mut [0])? > 0 {
        out.flush()?;
        complaints.say(format!(
            "the page is longer; cut after {} KiB",
            MAX_PAGE >> 10
        ));
    }
    Ok(Ending::Success)
}

/// The page's URL as a path of the reader. Its fragment is for browsers alone.
fn target(reader: &str, page: &Url) -> Result<Url, Stop> {
    let mut page = page.clone();
    page.set_fragment(None);
    url(&format!("{}/{page}", reader.trim_end_matches('/'))).map_err(Stop::of)
}
