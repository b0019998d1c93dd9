//! The command line of curl, as far as it makes sense here.

use std::time::Duration;

use cofferdam_command::Stop;
use cofferdam_http::{MAX_REDIRECTS, Url};
use lexopt::prelude::*;

use crate::data::Piece;
use crate::refused;

/// The longest time that is asked for, in seconds: a day, which is beyond every deadline.
const MAX_SECONDS: f64 = 86_400.0;

/// What of a response is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    Body,
    /// `-i`
    Both,
    /// `-I`
    Head,
}

/// The command line.
pub(crate) struct Args {
    pub(crate) urls: Vec<String>,
    pub(crate) method: Option<String>,
    pub(crate) headers: Vec<String>,
    pub(crate) data: Vec<Piece>,
    /// `--json`: the data is JSON.
    pub(crate) json: bool,
    /// `-G`: the data goes into the URL.
    pub(crate) get: bool,
    pub(crate) show: Show,
    pub(crate) agent: Option<String>,
    pub(crate) referer: Option<String>,
    pub(crate) cookies: Vec<String>,
    pub(crate) range: Option<String>,
    pub(crate) location: bool,
    pub(crate) max_redirects: usize,
    pub(crate) fail: bool,
    pub(crate) fail_with_body: bool,
    pub(crate) silent: bool,
    pub(crate) show_error: bool,
    pub(crate) verbose: bool,
    pub(crate) write_out: Option<String>,
    pub(crate) max_time: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    output: Option<String>,
    /// `-O`
    remote_name: bool,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, Stop> {
        let mut args = Self {
            urls: Vec::new(),
            method: None,
            headers: Vec::new(),
            data: Vec::new(),
            json: false,
            get: false,
            show: Show::Body,
            agent: None,
            referer: None,
            cookies: Vec::new(),
            range: None,
            location: false,
            max_redirects: MAX_REDIRECTS,
            fail: false,
            fail_with_body: false,
            silent: false,
            show_error: false,
            verbose: false,
            write_out: None,
            max_time: None,
            connect_timeout: None,
            output: None,
            remote_name: false,
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('X') | Long("request") => {
                    args.method = Some(parser.value()?.string()?.to_ascii_uppercase())
                }
                Short('H') | Long("header") => args.headers.push(parser.value()?.string()?),
                Short('d') | Long("data" | "data-ascii") => {
                    args.data.push(Piece::Text(parser.value()?.string()?))
                }
                Long("data-binary") => args.data.push(Piece::Binary(parser.value()?.string()?)),
                Long("data-raw") => args.data.push(Piece::Raw(parser.value()?.string()?)),
                Long("data-urlencode") => args.data.push(Piece::Encoded(parser.value()?.string()?)),
                Long("json") => {
                    args.data.push(Piece::Binary(parser.value()?.string()?));
                    args.json = true;
                }
                Short('G') | Long("get") => args.get = true,
                Short('i') | Long("include" | "show-headers") => args.show = Show::Both,
                Short('I') | Long("head") => args.show = Show::Head,
                Short('A') | Long("user-agent") => args.agent = Some(parser.value()?.string()?),
                Short('e') | Long("referer") => args.referer = Some(parser.value()?.string()?),
                Short('b') | Long("cookie") => args
                    .cookies
                    .push(refused::unless_cookie(parser.value()?.string()?)?),
                Short('r') | Long("range") => args.range = Some(parser.value()?.string()?),
                Short('L') | Long("location") => args.location = true,
                Long("max-redirs") => {
                    args.max_redirects = parser.value()?.parse::<usize>()?.min(MAX_REDIRECTS)
                }
                Short('f') | Long("fail") => args.fail = true,
                Long("fail-with-body") => (args.fail, args.fail_with_body) = (true, true),
                Short('s') | Long("silent") => args.silent = true,
                Short('S') | Long("show-error") => args.show_error = true,
                Short('v') | Long("verbose") => args.verbose = true,
                Short('w') | Long("write-out") => args.write_out = Some(parser.value()?.string()?),
                Short('m') | Long("max-time") => {
                    args.max_time = Some(seconds(&parser.value()?.string()?)?)
                }
                Long("connect-timeout") => {
                    args.connect_timeout = Some(seconds(&parser.value()?.string()?)?)
                }
                Short('o') | Long("output") => args.output = Some(parser.value()?.string()?),
                Short('O') | Long("remote-name") => args.remote_name = true,
                Long("url") => args.urls.push(parser.value()?.string()?),
                // What happens here anyway: one connection for each request, HTTP/1.1, no
                // buffering, no progress.
                Short('N' | '#')
                | Long("no-buffer" | "progress-bar" | "no-progress-meter" | "http1.1") => {}
                Value(url) => args.urls.push(url.string()?),
                Short(letter) => return Err(refused::short(letter)),
                Long(name) => return Err(refused::long(name)),
            }
        }
        if args.urls.is_empty() {
            return Err(Stop::new("no URL specified: curl [OPTIONS] URL"));
        }
        if args.output.is_some() && args.urls.len() > 1 {
            return Err(Stop::new(
                "-o names one file: ask for one URL at a time with it",
            ));
        }
        Ok(args)
    }

    /// The file that the response goes to, if any.
    pub(crate) fn file(&self, url: &Url) -> Result<Option<String>, Stop> {
        match (&self.output, self.remote_name) {
            (Some(name), _) if name == "-" => Ok(None),
            (Some(name), _) => Ok(Some(name.clone())),
            (None, false) => Ok(None),
            (None, true) => match url
                .path_segments()
                .and_then(|mut segments| segments.next_back())
            {
                Some(name) if !name.is_empty() => Ok(Some(name.to_owned())),
                _ => Err(Stop::new(
                    "(23) -O needs a file name at the end of the URL: use -o FILE",
                )),
            },
        }
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
