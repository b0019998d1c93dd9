//! The command line of wget, as far as it makes sense here.

use std::time::Duration;

use cofferdam_command::{Stop, read};
use cofferdam_http::MAX_REDIRECTS;
use lexopt::prelude::*;

/// The longest time that is asked for, in seconds: a day, which is beyond every deadline.
const MAX_SECONDS: f64 = 86_400.0;

/// Exit code for a command line that cannot be followed.
const BAD_USAGE: u8 = 2;

/// The command line.
pub(crate) struct Args {
    pub(crate) urls: Vec<String>,
    /// `-O`
    pub(crate) output: Option<String>,
    /// `-P`
    pub(crate) directory: Option<String>,
    /// `-nc`: what is there stays, and nothing is downloaded.
    pub(crate) no_clobber: bool,
    pub(crate) quiet: bool,
    pub(crate) server_response: bool,
    pub(crate) spider: bool,
    pub(crate) content_on_error: bool,
    pub(crate) method: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) agent: Option<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_redirects: usize,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, Stop> {
        let mut args = Self {
            urls: Vec::new(),
            output: None,
            directory: None,
            no_clobber: false,
            quiet: false,
            server_response: false,
            spider: false,
            content_on_error: false,
            method: "GET".to_owned(),
            headers: Vec::new(),
            body: None,
            agent: None,
            timeout: None,
            max_redirects: MAX_REDIRECTS,
        };
        let mut parser = cofferdam_command::parser();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('O') | Long("output-document") => {
                    args.output = Some(parser.value()?.string()?)
                }
                Short('P') | Long("directory-prefix") => {
                    args.directory = Some(parser.value()?.string()?)
                }
                Short('q') | Long("quiet") => args.quiet = true,
                Short('S') | Long("server-response") => args.server_response = true,
                Short('U') | Long("user-agent") => args.agent = Some(parser.value()?.string()?),
                Short('T') | Long("timeout") => {
                    args.timeout = Some(seconds(&parser.value()?.string()?)?)
                }
                Long("header") => args.headers.push(header(&parser.value()?.string()?)?),
                Long("method") => args.method = parser.value()?.string()?.to_ascii_uppercase(),
                Long("post-data") => args.post(parser.value()?.string()?.into_bytes()),
                Long("post-file") => args.post(read(&parser.value()?.string()?)?),
                Long("body-data") => args.body = Some(parser.value()?.string()?.into_bytes()),
                Long("body-file") => args.body = Some(read(&parser.value()?.string()?)?),
                Long("max-redirect") => {
                    args.max_redirects = parser.value()?.parse::<usize>()?.min(MAX_REDIRECTS)
                }
                Long("spider") => args.spider = true,
                Long("content-on-error") => args.content_on_error = true,
                Long("no-clobber") => args.no_clobber = true,
                // `-nv`, `-nc`, `-nd`, `-nH`: two letters for one option.
                Short('n') => {
                    match parser
                        .optional_value()
                        .map(|rest| rest.to_string_lossy().into_owned())
                        .as_deref()
                    {
                        Some("c") => args.no_clobber = true,
                        Some("v" | "d" | "H") => {}
                        other => return Err(refused(&format!("-n{}", other.unwrap_or_default()))),
                    }
                }
                // What happens here anyway: no progress, one try, no directories.
                Short('v' | '4')
                | Long(
                    "inet4-only" | "no-verbose" | "verbose" | "no-directories" | "show-progress",
                ) => {}
                Short('t') | Long("tries" | "progress") => drop(parser.value()?),
                Value(url) => args.urls.push(url.string()?),
                Short(letter) => return Err(refused(&format!("-{letter}"))),
                Long(name) => return Err(refused(&format!("--{name}"))),
            }
        }
        if args.urls.is_empty() {
            return Err(Stop::new("missing URL: wget [OPTIONS] URL..."));
        }
        Ok(args)
    }

    fn post(&mut self, body: Vec<u8>) {
        "POST".clone_into(&mut self.method);
        self.body = Some(body);
    }
}

fn header(text: &str) -> Result<(String, String), Stop> {
    match text.split_once(':') {
        Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
        None => Err(Stop::new(format!(
            "--header {text:?}: expected NAME: VALUE"
        ))),
    }
}

fn seconds(text: &str) -> Result<Duration, Stop> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=MAX_SECONDS).contains(&seconds) => {
            Ok(Duration::from_secs_f64(seconds))
        }
        _ => Err(Stop::new(format!("{text:?} is not a number of seconds"))),
    }
}

/// What wget can and this one cannot, with the reason.
fn refused(option: &str) -> Stop {
    let reason = match option {
        "-r" | "--recursive" | "-m" | "--mirror" | "-p" | "--page-requisites" | "-k"
        | "--convert-links" => "one page at a time: read it, and ask for the pages that you need",
        "-c" | "--continue" => "downloads begin anew here; curl -r FROM- gets the rest of a file",
        "-b" | "--background" => "a tool ends with its call",
        "-i" | "--input-file" => "name the URLs as arguments",
        "--user" | "--password" | "--http-user" | "--http-password" | "--ask-password" => {
            "credentials are not given to a tool: the operator gives a secret, and the host adds \
             it to the request"
        }
        "--no-check-certificate" | "--ca-certificate" => {
            "the host connects, and trusts what its system trusts"
        }
        "-e" | "--execute" | "--proxy" | "--no-proxy" | "--bind-address" | "-6" => {
            "the host connects, and chooses the way"
        }
        "--load-cookies" | "--save-cookies" => {
            "cookies are not kept here: send one with --header 'Cookie: NAME=VALUE'"
        }
        "--content-disposition" => "the server does not choose file names here: use -O FILE",
        "--compression" => "the host decompresses nothing",
        _ => "there is no such option here; --help says what there is",
    };
    Stop::new(format!("{option}: {reason}")).with_code(BAD_USAGE)
}
