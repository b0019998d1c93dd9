//! `curl`: sends HTTP requests to hosts that were granted, with the flags of curl.

mod args;
mod data;
mod form;
mod glob;
mod output;
mod proto;
mod refused;
mod retry;
mod save;

use std::time::{Duration, Instant};

use args::Args;
use cofferdam_command::{Complaints, Ending, Output, Stop, run};
use cofferdam_http::{Failure, Kind, Request, Response, Url, follow, send};
use glob::Globbed;
use output::Transfer;

/// Exit code for a command line that cannot be followed.
const BAD_USAGE: u8 = 2;

/// Exit code for a status of 400 and above, with `-f`.
const BAD_STATUS: u8 = 22;

fn main() {
    run("curl", include_str!("../USAGE.md"), |out, complaints| {
        let args = Args::parse().map_err(|stop| stop.with_code(BAD_USAGE))?;
        curl(out, complaints, &args)
    })
}

fn curl(out: &mut Output, complaints: &Complaints, args: &Args) -> Result<Ending, Stop> {
    let mut ending = Ending::Success;
    let mut dump = save::Dump::new(args)?;
    for (number, text) in args.urls.iter().enumerate() {
        let urls = match args.globs_off {
            true => vec![Globbed {
                url: text.clone(),
                parts: Vec::new(),
            }],
            false => glob::expand(text)?,
        };
        for url in urls {
            let done = transfer(out, &mut dump, args, number, &url);
            ending = match done {
                Ok(()) => Ending::Success,
                Err(stop) => {
                    if !args.silent || args.show_error {
                        complaints.say(stop.sentence());
                    }
                    Ending::Code(stop.code())
                }
            };
            if args.fail_early && ending != Ending::Success {
                return Ok(ending);
            }
        }
    }
    // The last request decides.
    Ok(ending)
}

/// One URL, from the request to `-w`.
fn transfer(
    out: &mut Output,
    dump: &mut save::Dump,
    args: &Args,
    number: usize,
    globbed: &Globbed,
) -> Result<(), Stop> {
    let request = data::request(args, &globbed.url)?;
    let mut transfer = Transfer::new(&request, number);
    let done = attempts(out, dump, args, globbed, request, &mut transfer);
    if let Some(format) = &args.write_out {
        output::write_out(out, format, &transfer, done.as_ref().err())?;
    }
    done
}

/// Sends the request, again where `--retry` says so, and saves what comes.
fn attempts(
    out: &mut Output,
    dump: &mut save::Dump,
    args: &Args,
    globbed: &Globbed,
    request: Request,
    transfer: &mut Transfer,
) -> Result<(), Stop> {
    let mut tries = args.retry.begin();
    loop {
        let started = Instant::now();
        if args.verbose {
            output::verbose_request(&request);
        }
        let mut hops = Vec::new();
        let exchanged = exchange(args, request.clone(), &mut hops);
        let (response, url) = match exchanged {
            Ok(exchanged) => exchanged,
            Err(failure) => {
                if tries.again(tries.is_transient(&failure), None) {
                    continue;
                }
                transfer.seconds = started.elapsed().as_secs_f64();
                return Err(numbered(&failure));
            }
        };
        if args.verbose {
            output::verbose_response(&response);
        }
        let transient = tries.is_transient_status(response.status, args.fail);
        let pause = pause(&response);
        transfer.answered(url, hops.len(), &response, started.elapsed());
        dump.heads(out, &hops, &response)?;
        let failed = args.fail && response.status >= 400;
        let saved = match failed && !args.fail_with_body {
            true => Ok(()),
            false => save::save(out, args, globbed, &hops, response, transfer),
        };
        transfer.seconds = started.elapsed().as_secs_f64();
        saved?;
        // What came is saved also where more comes after it, as curl does.
        if tries.again(transient, pause) {
            continue;
        }
        if failed {
            return Err(Stop::new(format!(
                "(22) The requested URL returned error: {}",
                transfer.status
            ))
            .with_code(BAD_STATUS));
        }
        return Ok(());
    }
}

/// The time that the server asks to wait.
fn pause(response: &Response) -> Option<Duration> {
    let seconds = response.header("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
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

/// The number by which curl calls a failure, and the sentence.
fn numbered(failure: &Failure) -> Stop {
    let number = match failure.kind {
        Kind::Scheme => 1,
        Kind::Url => 3,
        Kind::Name => 6,
        Kind::Denied | Kind::Connect => 7,
        Kind::Timeout => 28,
        Kind::Redirects => 47,
        Kind::Tls => 60,
        Kind::TooLarge | Kind::Broken => 56,
    };
    Stop::new(format!("({number}) {}", failure.sentence)).with_code(number)
}
