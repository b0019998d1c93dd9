//! A file and its digest.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};

use sha1::Sha1;
use sha2::digest::DynDigest;
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};

/// How much of a file is held at once: large enough that calls of the host do not count.
const CHUNK: usize = 64 << 10;

/// A digest of FIPS PUB 180-4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512Of224,
    Sha512Of256,
}

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Text,
    Binary,
    /// Every end of a line counts as a line feed.
    Universal,
}

impl Algorithm {
    /// Those that a length means by itself come first.
    pub(crate) const ALL: [Self; 7] = [
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha512Of224,
        Self::Sha512Of256,
    ];

    /// By the number that `-a` takes.
    pub(crate) fn numbered(number: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.tag().trim_start_matches("SHA").replace('/', "") == number)
    }

    /// By its name in a BSD-style line, without `SHA`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::numbered(&name.replace('/', ""))
    }

    /// Its name in a BSD-style line.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha224 => "SHA224",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
            Self::Sha512Of224 => "SHA512/224",
            Self::Sha512Of256 => "SHA512/256",
        }
    }

    /// How many hexadecimal digits a digest has.
    pub(crate) fn digits(self) -> usize {
        match self {
            Self::Sha1 => 40,
            Self::Sha224 | Self::Sha512Of224 => 56,
            Self::Sha256 | Self::Sha512Of256 => 64,
            Self::Sha384 => 96,
            Self::Sha512 => 128,
        }
    }

    fn hasher(self) -> Box<dyn DynDigest> {
        match self {
            Self::Sha1 => Box::new(Sha1::default()),
            Self::Sha224 => Box::new(Sha224::default()),
            Self::Sha256 => Box::new(Sha256::default()),
            Self::Sha384 => Box::new(Sha384::default()),
            Self::Sha512 => Box::new(Sha512::default()),
            Self::Sha512Of224 => Box::new(Sha512_224::default()),
            Self::Sha512Of256 => Box::new(Sha512_256::default()),
        }
    }

    /// The digest of a file, or of standard input for `-`, in hexadecimal.
    pub(crate) fn digest(self, file: &str, mode: Mode) -> io::Result<String> {
        let mut input: Box<dyn Read> = if file == "-" {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(file)?)
        };
        let (mut hasher, mut ends) = (self.hasher(), LineEnds::default());
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = match input.read(&mut chunk) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let bytes = chunk.get(..count).unwrap_or_default();
            match mode {
                Mode::Universal => hasher.update(&ends.unified(bytes)),
                Mode::Text | Mode::Binary => hasher.update(bytes),
            }
            if count == 0 {
                break;
            }
        }
        Ok(hexadecimal(&hasher.finalize()))
    }
}

impl Mode {
    /// The character between a digest and a name.
    pub(crate) fn symbol(self) -> char {
        match self {
            Self::Text => ' ',
            Self::Binary => '*',
            Self::Universal => 'U',
        }
    }
}

/// Makes CR LF and CR to LF, over the borders of chunks.
#[derive(Default)]
struct LineEnds {
    /// A CR that ended the last chunk and was not passed on yet.
    open: bool,
}

impl LineEnds {
    /// The next chunk; an empty one is the end.
    fn unified(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len().saturating_add(1));
        for &byte in bytes {
            if std::mem::take(&mut self.open) {
                out.push(b'\n');
                if byte == b'\n' {
                    continue;
                }
            }
            match byte {
                b'\r' => self.open = true,
                other => out.push(other),
            }
        }
        if bytes.is_empty() && std::mem::take(&mut self.open) {
            out.push(b'\n');
        }
        out
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}
