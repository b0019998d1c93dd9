//! Blobs: files named by the digest of what they hold.

use std::fs::File;
use std::io::{self, Read};

use cap_std::fs::Dir;
use cofferdam_capability::{Digest, Digester};
use oci_spec::image::Descriptor;
use serde::de::DeserializeOwned;

use super::file;
use super::limits::Part;
use crate::error::Error;

/// The directory of the blobs. The only algorithm of this store; the image layout has a directory
/// for each.
pub(super) const BLOBS: &str = "blobs/sha256";

/// The digest a descriptor gives, if it is one this store can hold.
pub(crate) fn digest(descriptor: &Descriptor) -> Result<Digest, Error> {
    let text = descriptor.digest().as_ref();
    text.parse()
        .map_err(|error| Error::corrupt("a descriptor", format!("cannot be followed: {error}")))
}

/// A blob that is being read in pieces. The last piece is given only when all of them together have
/// been checked, so nobody holds a damaged blob that looks whole.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Whatever happens to its name meanwhile: blobs are replaced and removed, and never written
    /// to.
    file: File,
    digest: Digest,
    size: u64,
    noun: &'static str,
    digester: Digester,
    read: u64,
}

impl Reader {
    /// Opens the blob a descriptor describes, and believes neither: the size must be allowed and
    /// the file must have it.
    pub(super) fn open(dir: &Dir, descriptor: &Descriptor, part: &Part) -> Result<Self, Error> {
        Self::sized(dir, digest(descriptor)?, descriptor.size(), part)
    }

    fn sized(dir: &Dir, digest: Digest, size: u64, part: &Part) -> Result<Self, Error> {
        let noun = part.noun;
        part.check(size)?;
        let path = path(&digest);
        let corrupt = |problem: String| Error::corrupt(format!("{noun} {digest}"), problem);
        let file = match file::open_regular(dir, &path) {
            Ok(file) => file.into_std(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(corrupt(format!(
                    "is missing from {BLOBS}; put or pull the image again"
                )));
            }
            Err(error) => return Err(Error::io(format!("open {path}"))(error)),
        };
        let found = file
            .metadata()
            .map_err(Error::io(format!("read {path}")))?
            .len();
        if found != size {
            return Err(corrupt(format!(
                "has {found} bytes where its descriptor says {size}"
            )));
        }
        Ok(Self {
            file,
            digest,
            size,
            noun,
            digester: Digester::default(),
            read: 0,
        })
    }

    /// Appends the next piece of at most `max` bytes to `bytes`, and returns its size: 0 after the
    /// last. The content must have the digest.
    pub(crate) fn next(&mut self, bytes: &mut Vec<u8>, max: u64) -> Result<usize, Error> {
        let corrupt =
            |problem: String| Error::corrupt(format!("{} {}", self.noun, self.digest), problem);
        let begin = bytes.len();
        let wanted = max.min(self.size - self.read);
        let piece = (&self.file)
            .take(wanted)
            .read_to_end(bytes)
            .map_err(Error::io(format!("read {}", self.noun)))?;
        self.digester.update(bytes.get(begin..).unwrap_or_default());
        self.read += piece as u64;
        if (piece as u64) < wanted {
            let Self { read, size, .. } = self;
            return Err(corrupt(format!(
                "has {read} bytes where its descriptor says {size}"
            )));
        }
        if self.read == self.size {
            let actual = self.digester.clone().finish();
            if actual != self.digest {
                return Err(corrupt(format!(
                    "holds other content, {actual}; put or pull the image again"
                )));
            }
        }
        Ok(piece)
    }
}

/// Reads the blob a descriptor describes.
pub(super) fn read(dir: &Dir, descriptor: &Descriptor, part: &Part) -> Result<Vec<u8>, Error> {
    whole(Reader::open(dir, descriptor, part)?)
}

/// Reads the blob of this digest, if there is one: nothing says its size before.
pub(super) fn find(dir: &Dir, digest: &Digest, part: &Part) -> Result<Option<Vec<u8>>, Error> {
    let path = path(digest);
    let size = match dir.symlink_metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(format!("look at {path}"))(error)),
    };
    whole(Reader::sized(dir, *digest, size, part)?).map(Some)
}

fn whole(mut blob: Reader) -> Result<Vec<u8>, Error> {
    /// Small enough to be hashed while the processor still has it at hand.
    const PIECE_BYTES: u64 = 256 << 10;
    let mut bytes = Vec::with_capacity(usize::try_from(blob.size).unwrap_or_default());
    while blob.next(&mut bytes, PIECE_BYTES)? > 0 {}
    Ok(bytes)
}

/// Reads a blob that is a JSON document.
pub(super) fn read_json<T: DeserializeOwned>(
    dir: &Dir,
    descriptor: &Descriptor,
    part: &Part,
) -> Result<T, Error> {
    let bytes = read(dir, descriptor, part)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let what = format!("{} {}", part.noun, descriptor.digest());
        Error::corrupt(
            what,
            format!(
                "is not the JSON its media type `{}` promises: {error}",
                descriptor.media_type()
            ),
        )
    })
}

/// Stores `bytes`, also where a file of that name is already: if it was damaged, now it is not. The
/// caller holds the exclusive lock.
pub(super) fn write(dir: &Dir, bytes: &[u8]) -> Result<(), Error> {
    dir.create_dir_all(BLOBS)
        .map_err(Error::io(format!("create {BLOBS}")))?;
    file::replace(dir, &path(&Digest::of(bytes)), bytes)
}

/// Returns the path of the blob of this digest.
pub(super) fn path(digest: &Digest) -> String {
    format!("{BLOBS}/{}", digest.hex())
}
