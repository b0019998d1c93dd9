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

/// What decompressing came to.
pub(crate) struct Plain {
    /// Bytes written.
    pub(crate) bytes: u64,
    /// Something that is no member followed, and was left out.
    pub(crate) garbage: bool,
}

/// Writes the whole input as one member.
pub(crate) fn compress(
    input: &mut dyn Read,
    out: &mut dyn Write,
    level: Compression,
    origin: &Origin,
) -> io::Result<()> {
    let mut builder = GzBuilder::new().mtime(origin.modified);
    if let Some(name) = &origin.name {
        builder = builder.filename(name.as_str());
    }
    let mut encoder = builder.write(out, level);
    io::copy(input, &mut encoder)?;
    encoder.finish()?.flush()
}

/// Reads members until the input ends, or something else follows. Each one's checksum is compared.
pub(crate) fn decompress(input: &mut dyn BufRead, out: &mut dyn Write) -> io::Result<Plain> {
    let mut bytes = 0;
    let mut members = 0;
    loop {
        let more = input.fill_buf()?;
        match more {
            [] if members == 0 => return Err(io::Error::other("unexpected end of file")),
            [] => {
                return Ok(Plain {
                    bytes,
                    garbage: false,
                });
            }
            // Tapes and blocks are padded with zeros.
            [0, ..] if members > 0 => {
                let zeros = more.iter().take_while(|byte| **byte == 0).count();
                input.consume(zeros);
                continue;
            }
            [first, ..] if *first != MAGIC[0] && members > 0 => {
                return Ok(Plain {
                    bytes,
                    garbage: true,
                });
            }
            [first, second, ..] if [*first, *second] != MAGIC => {
                return Err(io::Error::other("not in gzip format"));
            }
            [first] if *first != MAGIC[0] => return Err(io::Error::other("not in gzip format")),
            _ => {}
        }
        let mut decoder = GzDecoder::new(&mut *input);
        bytes += io::copy(&mut decoder, out).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => io::Error::other("unexpected end of file"),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                io::Error::other(format!("invalid compressed data: {error}"))
            }
            _ => error,
        })?;
        members += 1;
    }
}
