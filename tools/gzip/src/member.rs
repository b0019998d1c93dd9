//! The format: members of RFC 1952, one after another. Nothing is held but fixed buffers.

use std::io::{self, BufRead, Read, Write};

use flate2::bufread::GzDecoder;
use flate2::{Compression, GzBuilder};

/// The first two bytes of a member.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What a header tells about the file.
#[derive(Default)]
pub(crate) struct Origin {
    pub(crate) name: Option<String>,
    /// Seconds since 1970; 0 means unknown.
    pub(crate) modified: u32,
}

/// The result of compressing or decompressing.
#[derive(Default)]
pub(crate) struct Sizes {
    /// Bytes that are not compressed.
    pub(crate) plain: u64,
    /// Bytes of the compressed data, without headers and checksums.
    pub(crate) packed: u64,
    /// Something that is no member followed, and was left out.
    pub(crate) garbage: bool,
}

/// Treatment of an input that is not compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Foreign {
    Refused,
    /// `-f` with `-c`: it is passed on as it is.
    Copied,
}

/// The header and the trailer of a member without a name, in bytes.
const FRAME: u64 = 18;

/// Counts what goes through it.
struct Counted<T> {
    inner: T,
    bytes: u64,
}

impl<T: Write> Write for Counted<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: BufRead> Read for Counted<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

impl<T: BufRead> BufRead for Counted<T> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.inner.consume(bytes);
    }
}

impl Sizes {
    /// The share that was saved, in percent.
    #[allow(clippy::cast_precision_loss, reason = "a ratio with one decimal")]
    pub(crate) fn ratio(&self) -> f64 {
        match self.plain {
            0 => 0.0,
            plain => 100.0 * (plain as f64 - self.packed as f64) / plain as f64,
        }
    }
}

/// Writes the whole input as one member.
pub(crate) fn compress(
    input: &mut dyn Read,
    out: &mut dyn Write,
    level: Compression,
    origin: &Origin,
) -> io::Result<Sizes> {
    let mut frame = FRAME;
    let mut builder = GzBuilder::new().mtime(origin.modified);
    if let Some(name) = &origin.name {
        builder = builder.filename(name.as_str());
        frame += name.len() as u64 + 1;
    }
    let counted = Counted {
        inner: out,
        bytes: 0,
    };
    let mut encoder = builder.write(counted, level);
    let plain = io::copy(input, &mut encoder)?;
    let mut counted = encoder.finish()?;
    counted.flush()?;
    Ok(Sizes {
        plain,
        packed: counted.bytes.saturating_sub(frame),
        garbage: false,
    })
}

/// Reads members until the input ends, or something else follows. Each one's checksum is compared.
pub(crate) fn decompress(
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    foreign: Foreign,
) -> io::Result<Sizes> {
    let mut input = Counted {
        inner: input,
        bytes: 0,
    };
    let (mut plain, mut members, mut frames, mut garbage) = (0, 0_u64, 0, false);
    loop {
        let more = input.fill_buf()?;
        match more {
            [] if members == 0 && foreign == Foreign::Copied => break,
            [] if members == 0 => return Err(io::Error::other("unexpected end of file")),
            [] => break,
            // Tapes and blocks are padded with zeros.
            [0, ..] if members > 0 => {
                let zeros = more.iter().take_while(|byte| **byte == 0).count();
                input.consume(zeros);
                continue;
            }
            [first, ..] if *first != MAGIC[0] && members > 0 => {
                garbage = true;
                break;
            }
            [first, rest @ ..]
                if *first != MAGIC[0] || rest.first().is_some_and(|byte| *byte != MAGIC[1]) =>
            {
                if members == 0 && foreign == Foreign::Copied {
                    plain = io::copy(&mut input, out)?;
                    break;
                }
                return Err(io::Error::other("not in gzip format"));
            }
            _ => {}
        }
        let mut decoder = GzDecoder::new(&mut input);
        plain += io::copy(&mut decoder, out).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => io::Error::other("unexpected end of file"),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                io::Error::other(format!("invalid compressed data: {error}"))
            }
            _ => error,
        })?;
        let name = decoder.header().and_then(|header| header.filename());
        frames += FRAME + name.map_or(0, |name| name.len() as u64 + 1);
        members += 1;
    }
    Ok(Sizes {
        plain,
        packed: input.bytes.saturating_sub(frames),
        garbage,
    })
}
