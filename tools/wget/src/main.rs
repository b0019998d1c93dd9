//! `wget`: downloads files from hosts that were granted.

mod args;
mod save;

use std::path::Path;
use std::process::ExitCode;

use args::Args;
use cofferdam_command::{Complaints, Ending, Output, Stop, run};
use cofferdam_http::{Failure, Kind, Request, Response, Waits, follow, reason, url};

/// What this client calls itself: its name and the version of its manifest.
const AGENT: &str = "cofferdam-wget/0.1.0";

/// Exit code for a response that is an error.
const BAD_STATUS: u8 = 8;

fn main() -> ExitCode {
    run("wget", include_str!("../USAGE.md"), wget)
}

fn wget(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let mut target = save::Target::new(&args)?;
    let mut ending = Ending::Success;
    for url in &args.urls {
        match download(out, &args, &mut target, url) {
            Ok(told) if args.quiet => drop(told),
            Ok(told) => complaints.say(told),
            Err(stop) => {
                if !args.quiet {
                    complaints.say(stop.sentence());
                }
                // Of several failures the one with the smallest number counts.
                ending = match ending {
                    Ending::Success => Ending::Code(stop.code()),
                    before => Ending::Code(before.code().min(stop.code())),
                };
            }
        }
    }
    Ok(ending)
}

/// Downloads one URL and says what was done.
fn download(
    out: &mut Output,
    args: &Args,
    target: &mut save::Target,
    text: &str,
) -> Result<String, Stop> {
    let is_look = args.spider && args.method == "GET";
    let method = if is_look { "HEAD" } else { &args.method };
    let mut request = Request::new(method, url(text).map_err(Stop::of)?);
    if args.no_clobber && args.output.is_none() {
        let name = save::name(args, &request.url);
        if Path::new(&name).exists() {
            return Ok(format!("{name} is already there; not retrieving"));
        }
    }
    request.headers.clone_from(&args.headers);
    request.default_header("user-agent", args.agent.as_deref().unwrap_or(AGENT));
    request.default_header("accept", "*/*");
    if let Some(body) = &args.body {
        request.default_header("content-type", "application/x-www-form-urlencoded");
        request.body = Some(body.clone());
    }
    request.waits = Waits {
        connect: args.timeout,
        total: args.timeout,
    };
    let asked = request.url.clone();
    let (response, from) = follow(request, args.max_redirects, false, |hop| {
        tell_head(args, hop)
    })
    .map_err(numbered)?;
    tell_head(args, &response);
    let status = response.status;
    if args.spider || (!(200..300).contains(&status) && !args.content_on_error) {
        return match (200..300).contains(&status) {
            true => Ok(format!("{from} is there: {status} {}", reason(status))),
            false => Err(Stop::new(format!(
                "{from}: server returned {status} {}",
                reason(status)
            ))
            .with_code(BAD_STATUS)),
        };
    }
    let (bytes, name) = target.save(out, args, &asked, response)?;
    let told = format!("saved {bytes} bytes of {from} to {name}");
    if (200..300).contains(&status) {
        Ok(told)
    } else {
        Err(Stop::new(format!("{told}; server returned {status}")).with_code(BAD_STATUS))
    }
}

/// The exit code of wget for a failure, and the sentence.
fn numbered(failure: Failure) -> Stop {
    let code = match failure.kind {
        Kind::Tls => 5,
        Kind::Redirects => BAD_STATUS,
        _ => 4,
    };
    Stop::of(failure).with_code(code)
}

/// `-S`: the head of a response, on standard error.
#[allow(clippy::print_stderr, reason = "this is what -S is for")]
fn tell_head(args: &Args, response: &Response) {
    if args.server_response {
        eprintln!("  HTTP/1.1 {} {}", response.status, reason(response.status));
        for (name, value) in &response.headers {
            eprintln!("  {name}: {value}");
        }
    }
}
