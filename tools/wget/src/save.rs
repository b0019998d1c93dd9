//! Where a download goes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};

use cofferdam_command::{Output, Stop, path_error};
use cofferdam_http::{Response, Url};

use crate::args::Args;

/// The name of a page whose URL ends in a slash.
const INDEX: &str = "index.html";

/// Names `NAME.1`, `NAME.2` … that are tried when one is taken.
const MAX_NUMBER: usize = 1000;

/// `-O` takes all downloads, one after another; without it each gets a file of its own.
pub(crate) struct Target {
    one: Option<(File, String)>,
}

impl Target {
    pub(crate) fn new(args: &Args) -> Result<Self, Stop> {
        if let Some(directory) = &args.directory {
            fs::create_dir_all(directory)
                .map_err(|error| Stop::new(path_error(directory, &error)))?;
        }
        let one = match &args.output {
            Some(name) if name != "-" && !args.spider => Some((
                File::create(name).map_err(|error| Stop::new(path_error(name, &error)))?,
                name.clone(),
            )),
            _ => None,
        };
        Ok(Self { one })
    }

    /// Writes a body, and returns its bytes and the name of the file.
    pub(crate) fn save(
        &mut self,
        out: &mut Output,
        args: &Args,
        url: &Url,
        mut response: Response,
    ) -> Result<(u64, String), Stop> {
        if args.output.as_deref() == Some("-") {
            return Ok((
                io::copy(&mut response.body, out)?,
                "standard output".to_owned(),
            ));
        }
        if let Some((file, name)) = &mut self.one {
            return copy(&mut response, file, name);
        }
        let (mut file, name) = create(args, url)?;
        let copied = copy(&mut response, &mut file, &name);
        if copied.is_err() {
            // Half a file looks like a whole one.
            fs::remove_file(&name).ok();
        }
        copied
    }
}

fn copy(response: &mut Response, file: &mut File, name: &str) -> Result<(u64, String), Stop> {
    let bytes = io::copy(&mut response.body, file)?;
    file.flush()?;
    Ok((bytes, name.to_owned()))
}

/// The name at the end of the URL, below `-P`.
pub(crate) fn name(args: &Args, url: &Url) -> String {
    let last = url
        .path_segments()
        .and_then(|mut segments| segments.next_back())
        .filter(|name| !name.is_empty());
    let base = match url.query() {
        Some(query) => format!("{}?{}", last.unwrap_or(INDEX), query.replace('/', "%2F")),
        None => last.unwrap_or(INDEX).to_owned(),
    };
    match &args.directory {
        Some(directory) => format!("{}/{base}", directory.trim_end_matches('/')),
        None => base,
    }
}

/// A file of that name, or with the first free number behind it.
fn create(args: &Args, url: &Url) -> Result<(File, String), Stop> {
    let base = name(args, url);
    for number in 0..MAX_NUMBER {
        let name = if number == 0 {
            base.clone()
        } else {
            format!("{base}.{number}")
        };
        match OpenOptions::new().write(true).create_new(true).open(&name) {
            Ok(file) => return Ok((file, name)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Stop::new(path_error(&name, &error))),
        }
    }
    Err(Stop::new(format!(
        "{base} and {MAX_NUMBER} names after it are taken: use -O FILE"
    )))
}
