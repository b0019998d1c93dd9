//! The command line of curl, as far as it makes sense here.

use std::time::Duration;

use cofferdam_command::{Stop, read};
use cofferdam_http::{MAX_REDIRECTS, Url};
use lexopt::prelude::*;

use crate::data::Piece;
use crate::retry::Retry;
use crate::{proto, refused};

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
    /// `-F`: fields of a form of several parts.
    pub(crate) form: Vec<String>,
    /// `-T`: a file that is the body.
    pub(crate) upload: Option<String>,
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
    /// `-D`: where the heads of responses go.
    pub(crate) dump_header: Option<String>,
    /// `--compressed`: responses may be compressed on the way.
    pub(crate) compressed: bool,
    pub(crate) retry: Retry,
    /// `-g`: braces and brackets in URLs mean themselves.
    pub(crate) globs_off: bool,
    /// `--fail-early`: the first failure is the last request.
    pub(crate) fail_early: bool,
    /// `--proto`: schemes that may be used.
    pub(crate) schemes: Vec<String>,
    /// `--max-filesize`, in bytes.
    pub(crate) max_size: Option<u64>,
    /// `--create-dirs`
    pub(crate) creates_dirs: bool,
    /// `--output-dir`
    output_dir: Option<String>,
    /// `-o` and `-O`, one for each URL.
    outputs: Vec<Target>,
    /// `--remote-name-all`
    all_remote: bool,
}

/// The place for a response.
#[derive(Debug, Clone)]
enum Target {
    /// `-o`
    Named(String),
    /// `-O`
    Remote,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, Stop> {
        let mut args = Self {
            urls: Vec::new(),
            method: None,
            headers: Vec::new(),
            data: Vec::new(),
            form: Vec::new(),
            upload: None,
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
            dump_header: None,
            compressed: false,
            retry: Retry::default(),
            globs_off: false,
            fail_early: false,
            schemes: proto::all(),
            max_size: None,
            creates_dirs: false,
            output_dir: None,
            outputs: Vec::new(),
            all_remote: false,
        };
        let mut parser = cofferdam_command::parser();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('X') | Long("request") => {
                    args.method = Some(parser.value()?.string()?.to_ascii_uppercase())
                }
                Short('H') | Long("header") => args.header(parser.value()?.string()?)?,
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
                Short('F') | Long("form") => args.form.push(parser.value()?.string()?),
                Long("form-string") => {
                    let field = parser.value()?.string()?;
                    args.form.push(crate::form::literal(&field));
                }
                Short('T') | Long("upload-file") => args.upload = Some(parser.value()?.string()?),
                Short('D') | Long("dump-header") => {
                    args.dump_header = Some(parser.value()?.string()?)
                }
                Long("compressed") => args.compressed = true,
                Long("retry") => args.retry.times = parser.value()?.parse()?,
                Long("retry-delay") => {
                    args.retry.delay = Some(seconds(&parser.value()?.string()?)?)
                }
                Long("retry-max-time") => {
                    args.retry.max_time = Some(seconds(&parser.value()?.string()?)?)
                }
                Long("retry-connrefused") => args.retry.connect = true,
                Long("retry-all-errors") => args.retry.all = true,
                Short('g') | Long("globoff") => args.globs_off = true,
                Long("fail-early") => args.fail_early = true,
                Long("proto") => {
                    args.schemes = proto::schemes(&args.schemes, &parser.value()?.string()?)?
                }
                Long("proto-default") => {
                    return Err(Stop::new("--proto-default: write the scheme into the URL"));
                }
                Long("max-filesize") => args.max_size = Some(parser.value()?.parse()?),
                Long("create-dirs") => args.creates_dirs = true,
                Long("output-dir") => args.output_dir = Some(parser.value()?.string()?),
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
                    // -1 is no bound, which is this one here.
                    let most = parser.value()?.parse::<i64>()?;
                    args.max_redirects =
                        usize::try_from(most).map_or(MAX_REDIRECTS, |most| most.min(MAX_REDIRECTS))
                }
                Short('f') | Long("fail") => args.fail = true,
                Long("fail-with-body") => (args.fail, args.fail_with_body) = (true, true),
                Short('s') | Long("silent") => args.silent = true,
                Short('S') | Long("show-error") => args.show_error = true,
                Short('v') | Long("verbose") => args.verbose = true,
                Short('w') | Long("write-out") => {
                    args.write_out = Some(format(parser.value()?.string()?)?)
                }
                Short('m') | Long("max-time") => {
                    args.max_time = Some(seconds(&parser.value()?.string()?)?)
                }
                Long("connect-timeout") => {
                    args.connect_timeout = Some(seconds(&parser.value()?.string()?)?)
                }
                Short('o') | Long("output") => {
                    args.outputs.push(Target::Named(parser.value()?.string()?))
                }
                Short('O') | Long("remote-name") => args.outputs.push(Target::Remote),
                Long("remote-name-all") => args.all_remote = true,
                Long("url") => args.urls.push(parser.value()?.string()?),
                // What happens here anyway, or changes no response: the host connects, with TLS 1.2
                // or later and HTTP/1.1, each request has a connection of its own, there is no
                // configuration file, and no progress is shown.
                Short('N' | '#' | '4' | 'q')
                | Long(
                    "no-buffer" | "progress-bar" | "no-progress-meter" | "http1.1" | "http2"
                    | "ipv4" | "disable" | "tlsv1.2" | "no-keepalive" | "tcp-nodelay"
                    | "no-sessionid" | "styled-output" | "no-styled-output" | "no-alpn",
                ) => {}
                Long("keepalive-time") => {
                    let _: u64 = parser.value()?.parse()?;
                }
                Value(url) => args.urls.push(url.string()?),
                Short(letter) => return Err(refused::short(letter)),
                Long(name) => return Err(refused::long(name)),
            }
        }
        if args.urls.is_empty() {
            return Err(Stop::new("no URL specified: curl [OPTIONS] URL"));
        }
        let bodies = [
            !args.data.is_empty() && !args.get,
            !args.form.is_empty(),
            args.upload.is_some(),
        ];
        if bodies.iter().filter(|body| **body).count() > 1 {
            return Err(Stop::new(
                "a request has one body: give one of -d, -F and -T",
            ));
        }
        Ok(args)
    }

    /// A header, or a file of them behind `@`.
    fn header(&mut self, text: String) -> Result<(), Stop> {
        match text.strip_prefix('@') {
            Some(file) => {
                let lines = read(file)?;
                let lines = String::from_utf8_lossy(&lines);
                let lines = lines.lines().filter(|line| !line.trim().is_empty());
                self.headers.extend(lines.map(str::to_owned));
            }
            None => self.headers.push(text),
        }
        Ok(())
    }

    /// The file that the response to the URL of that number goes to, if any. `parts` are those that
    /// globs in the URL stood for: `#1` is the first of them.
    pub(crate) fn file(
        &self,
        number: usize,
        parts: &[String],
        url: &Url,
    ) -> Result<Option<String>, Stop> {
        let target = match self.outputs.get(number) {
            None if self.all_remote => Target::Remote,
            None => return Ok(None),
            Some(target) => target.clone(),
        };
        let name = match target {
            Target::Named(name) if name == "-" => return Ok(None),
            Target::Named(name) => with_parts(&name, parts),
            Target::Remote => match url
                .path_segments()
                .and_then(|mut segments| segments.next_back())
            {
                Some(name) if !name.is_empty() => name.to_owned(),
                _ => {
                    return Err(Stop::new(
                        "(23) -O needs a file name at the end of the URL: use -o FILE",
                    )
                    .with_code(23));
                }
            },
        };
        Ok(Some(match &self.output_dir {
            Some(directory) => format!("{}/{name}", directory.trim_end_matches('/')),
            None => name,
        }))
    }
}

/// A name with the parts of a URL in the places of `#1`, `#2` and so on.
fn with_parts(name: &str, parts: &[String]) -> String {
    let numbered = parts.iter().enumerate();
    numbered.fold(name.to_owned(), |name, (number, part)| {
        name.replace(&format!("#{}", number + 1), part)
    })
}

/// The format of `-w`, or the file that holds it behind `@`.
fn format(text: String) -> Result<String, Stop> {
    match text.strip_prefix('@') {
        // Line breaks are written as `\\n`.
        Some(file) => Ok(String::from_utf8_lossy(&read(file)?).replace(['\r', '\n'], "")),
        None => Ok(text),
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
