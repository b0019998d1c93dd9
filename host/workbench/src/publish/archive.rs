//! Zip archives, as far as a bundle needs them (PKWARE APPNOTE 6.3, sections 4.3 and 4.4): a few
//! compressed files, no times, the same bytes each time.
//!
//! Written here on `flate2`, because the crate `zip` switches on a feature of `crc32fast` with
//! which the engine would be compiled a second time.

use std::io::Write;

use flate2::Compression;
use flate2::Crc;
use flate2::write::DeflateEncoder;

use crate::error::Error;

/// The version that a reader needs: 2.0, for DEFLATE.
const VERSION: u16 = 20;

/// The version of the writer, on a system that knows modes of files (3, Unix).
const MADE_BY: u16 = (3 << 8) | VERSION;

/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;

/// DEFLATE.
const METHOD: u16 = 8;

/// The first day that the format knows, 1 January 1980: an archive holds no time.
const DATE: u16 = (1 << 5) | 1;

/// A regular file that everybody reads and its owner writes.
const MODE: u32 = 0o100_644 << 16;

/// An archive that grows.
#[derive(Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    /// The directory of its files, which comes last.
    directory: Vec<u8>,
    files: u16,
}

impl Archive {
    /// Adds a file.
    pub(super) fn add(&mut self, path: &str, content: &[u8]) -> Result<(), Error> {
        let mut crc = Crc::new();
        crc.update(content);
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).map_err(Error::work)?;
        let packed = encoder.finish().map_err(Error::work)?;
        let offset = size(self.bytes.len())?;
        let length = u16::try_from(path.len()).map_err(Error::work)?;
        // What the entry and the directory both say.
        let mut shared = Vec::new();
        for value in [VERSION, FLAGS, METHOD, 0, DATE] {
            shared.extend(value.to_le_bytes());
        }
        for value in [crc.sum(), size(packed.len())?, size(content.len())?] {
            shared.extend(value.to_le_bytes());
        }
        // The length of the name, and of nothing more.
        for value in [length, 0] {
            shared.extend(value.to_le_bytes());
        }
        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(&shared);
        self.bytes.extend(path.as_bytes());
        self.bytes.extend(packed);
        self.directory.extend(b"PK\x01\x02");
        self.directory.extend(MADE_BY.to_le_bytes());
        self.directory.extend(&shared);
        // No comment, one disk, no attributes of the file's content.
        self.directory.extend([0; 6]);
        self.directory.extend(MODE.to_le_bytes());
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(path.as_bytes());
        self.files += 1;
        Ok(())
    }

    /// Ends the archive with its directory.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Error> {
        let begin = size(self.bytes.len())?;
        let length = size(self.directory.len())?;
        self.bytes.append(&mut self.directory);
        self.bytes.extend(b"PK\x05\x06");
        for value in [0, 0, self.files, self.files] {
            self.bytes.extend(value.to_le_bytes());
        }
        for value in [length, begin] {
            self.bytes.extend(value.to_le_bytes());
        }
        self.bytes.extend([0; 2]);
        Ok(self.bytes)
    }
}

/// A size or a place, which has 32 bits: a component has at most 256 MiB.
fn size(bytes: usize) -> Result<u32, Error> {
    u32::try_from(bytes).map_err(|_| Error::usage("the bundle would be larger than 4 GiB"))
}
