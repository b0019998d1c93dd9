//! Saving the head and the body of a response.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use cofferdam_command::{Output, Stop, path_error, words};
use cofferdam_http::Response;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::args::{Args, Show};
use crate::glob::Globbed;
use crate::output::{self, Transfer};

/// Exit code for a file that cannot be written.
const NO_WRITE: u8 = 23;

/// Exit code for a response that takes too long.
const TIMED_OUT: u8 = 28;

/// Exit code for a response that was cut.
const NO_READ: u8 = 56;

/// Exit code for a response that cannot be decompressed.
const BAD_ENCODING: u8 = 61;

/// Exit code for a response beyond `--max-filesize`.
const TOO_LARGE: u8 = 63;

/// The heads of all responses, for `-D`.
pub(crate) enum Dump {
    Nowhere,
    /// `-D -`
    Output,
    File(File, String),
}

impl Dump {
    pub(crate) fn new(args: &Args) -> Result<Self, Stop> {
        Ok(match args.dump_header.as_deref() {
            None => Self::Nowhere,
            Some("-") => Self::Output,
            Some(name) => Self::File(create(name, args.creates_dirs)?, name.to_owned()),
        })
    }

    /// Writes the head of a response, and before it those of the redirects to it.
    pub(crate) fn heads(
        &mut self,
        out: &mut Output,
        hops: &[String],
        response: &Response,
    ) -> Result<(), Stop> {
        let heads = hops.concat() + &output::head(response);
        match self {
            Self::Nowhere => Ok(()),
            Self::Output => Ok(out.write_all(heads.as_bytes())?),
            Self::File(file, name) => file
                .write_all(heads.as_bytes())
                .map_err(|error| Stop::new(path_error(name, &error)).with_code(NO_WRITE)),
        }
    }
}

fn create(name: &str, creates_dirs: bool) -> Result<File, Stop> {
    let failed = |error: io::Error| {
        Stop::new(format!("(23) {}", path_error(name, &error))).with_code(NO_WRITE)
    };
    if let Some(directory) = Path::new(name).parent().filter(|_| creates_dirs) {
        fs::create_dir_all(directory).map_err(failed)?;
    }
    File::create(name).map_err(failed)
}

/// Writes head and body to where they go.
pub(crate) fn save(
    out: &mut Output,
    args: &Args,
    globbed: &Globbed,
    hops: &[String],
    response: Response,
    transfer: &mut Transfer,
) -> Result<(), Stop> {
    let name = args.file(transfer.number, &globbed.parts, &transfer.asked)?;
    let mut file = match &name {
        Some(name) => Some(create(name, args.creates_dirs)?),
        None => None,
    };
    transfer.file = name.unwrap_or_default();
    let to: &mut dyn Write = match &mut file {
        Some(file) => file,
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
    let mut body = Counted {
        bytes: 0,
        most: args.max_size.unwrap_or(u64::MAX),
        body: response.body,
    };
    let encoding = transfer.encoding.to_lowercase();
    let copied = match encoding.as_str() {
        "gzip" | "x-gzip" if args.compressed => io::copy(&mut MultiGzDecoder::new(&mut body), to),
        "deflate" if args.compressed => inflate(&mut body, to),
        _ => io::copy(&mut body, to),
    };
    transfer.size = body.bytes.min(body.most);
    match copied {
        Ok(_) => Ok(()),
        Err(_) if body.bytes > body.most => Err(Stop::new(format!(
            "(63) the response is larger than --max-filesize {}",
            body.most
        ))
        .with_code(TOO_LARGE)),
        Err(error) => Err(match error.kind() {
            ErrorKind::TimedOut => {
                Stop::new(format!("(28) {}", words(&error))).with_code(TIMED_OUT)
            }
            ErrorKind::InvalidInput | ErrorKind::InvalidData => Stop::new(format!(
                "(61) the response cannot be decompressed: {}",
                words(&error)
            ))
            .with_code(BAD_ENCODING),
            _ => Stop::new(format!("(56) {}", words(&error))).with_code(NO_READ),
        }),
    }
}

/// `deflate` is with the header of zlib, as RFC 9110 has it, or without, as some servers send it.
fn inflate(body: &mut impl Read, to: &mut dyn Write) -> io::Result<u64> {
    let mut head = [0; 1];
    if body.read(&mut head)? == 0 {
        return Ok(0);
    }
    let whole = io::Cursor::new(head).chain(body);
    // The first four bits of zlib's header are 8.
    match head[0] & 0x0f {
        8 => io::copy(&mut ZlibDecoder::new(whole), to),
        _ => io::copy(&mut DeflateDecoder::new(whole), to),
    }
}

/// Counts the bytes of a body as they come over the wire, and ends it beyond a bound.
struct Counted<T> {
    body: T,
    bytes: u64,
    most: u64,
}

impl<T: Read> Read for Counted<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.body.read(bytes)?;
        self.bytes += read as u64;
        match self.bytes > self.most {
            true => Err(io::Error::other("the response is too large")),
            false => Ok(read),
        }
    }
}
