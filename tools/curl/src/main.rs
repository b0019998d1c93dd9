//! `curl`: sends HTTP requests to hosts that were granted, with the flags of curl.

mod args;
mod data;
mod output;
mod refused;

use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use args::{Args, Show};
use cofferdam_command::{Complaints, Ending, Output, Stop, path_error, run, words};
use cofferdam_http::{Failure, Kind, Request, Response, Url, follow, send};
use output::Transfer;

fn main() -> ExitCode {
    run("curl", include_str!("../USAGE.md"), curl)
}

fn curl(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let mut ending = Ending::Success;
    for url in &args.urls {
        if let Err(stop) = transfer(out, &args, url) {
            if !args.silent || args.show_error {
                complaints.say(stop.sentence());
            }
            ending = Ending::Failure;
        }
    }
    Ok(ending)
}

/// One URL, from the request to `-w`.
fn transfer(out: &mut Output, args: &Args, url: &str) -> Result<(), Stop> {
    let started = Instant::now();
    let request = data::request(args, url)?;
    let method = request.method.clone();
    if args.verbose {
        output::verbose_request(&request);
    }
    let mut hops = Vec::new();
    let (response, url) =
        exchange(args, request, &mut hops).map_err(|failure| numbered(&failure))?;
    let mut transfer = Transfer {
        url,
        method,
        status: response.status,
        redirects: hops.len(),
        content_type: response
            .header("content-type")
            .unwrap_or_default()
            .to_owned(),
        location: response.header("location").unwrap_or_default().to_owned(),
        size: 0,
        seconds: 0.0,
    };
    if args.verbose {
        output::verbose_response(&response);
    }
    let failed = args.fail && response.status >= 400;
    let done = if failed && !args.fail_with_body {
        Ok(())
    } else {
        write(out, args, &hops, response, &mut transfer)
    };
    transfer.seconds = started.elapsed().as_secs_f64();
    if let Some(format) = &args.write_out {
        output::write_out(out, format, &transfer)?;
    }
    done?;
    if failed {
        return Err(Stop::new(format!(
            "(22) The requested URL returned error: {}",
            transfer.status
        )));
    }
    Ok(())
}

fn exchange(
    args: &Args,
    request: Request,
    hops: &mut Vec<String>,
) -> Result<(Response, Url), Failure> {
    if args.location {
        return follow(request, args.max_redirects, args.method.is_some(), |hop| {
            hops.push(output::head(hop))
        });
    }
    let url = request.url.clone();
    Ok((send(&request)?, url))
}

/// Head and body, to where they go.
fn write(
    out: &mut Output,
    args: &Args,
    hops: &[String],
    mut response: Response,
    transfer: &mut Transfer,
) -> Result<(), Stop> {
    let mut file = match args.file(&transfer.url)? {
        Some(name) => Some((
            File::create(&name).map_err(|error| Stop::new(path_error(&name, &error)))?,
            name,
        )),
        None => None,
    };
    let to: &mut dyn Write = match &mut file {
        Some((file, _)) => file,
        None => out,
    };
    if args.show != Show::Body {
        for hop in hops {
            to.write_all(hop.as_bytes())?;
        }
        to.write_all(output::head(&response).as_bytes())?;
    }
    if args.show == Show::Head {
        return Ok(());
    }
    let copied = io::copy(&mut response.body, to);
    transfer.size = *copied.as_ref().unwrap_or(&0);
    match copied {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            Err(Stop::new(format!("(28) {}", words(&error))))
        }
        Err(error) => Err(Stop::new(format!("(56) {}", words(&error)))),
    }
}

/// The number by which curl calls a failure, and the sentence.
fn numbered(failure: &Failure) -> Stop {
    let number = match failure.kind {
        Kind::Name => 6,
        Kind::Denied | Kind::Connect => 7,
        Kind::Timeout => 28,
        Kind::Tls => 60,
        Kind::TooLarge | Kind::Broken => 56,
    };
    Stop::new(format!("({number}) {}", failure.sentence))
}
