//! The key that signs checkpoints (Ed25519, RFC 8032), and its public half.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use cap_std::fs::{Dir, MetadataExt, OpenOptions, OpenOptionsExt};
use cofferdam_capability::Digest;
use rustix::rand::GetRandomFlags;

use super::error::AuditError;
use super::hex;

/// The file of the key, for its owner alone.
const SECRET_FILE: &str = "key";

/// The file of the public half.
pub const KEY_FILE: &str = "key.pub";

/// A file of a key that is being written.
const NEW_FILE: &str = "key.new";

/// The word before the digits in both files.
const ALGORITHM: &str = "ed25519";

/// Bytes of a key, and of its public half.
const LENGTH: usize = 32;

/// The most bytes that are read of a file of a key: the word, the digits, spaces.
const MAX_FILE: u64 = 256;

/// The key of a trail. Nothing prints it.
pub(super) struct AuditKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

/// The public half of a key: 32 bytes, written `ed25519 <64 hexadecimal digits>`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; LENGTH]);

/// A text that is no public key.
#[derive(Debug, thiserror::Error)]
#[error("it is no public key: expected `ed25519 ` and 64 hexadecimal digits")]
pub struct NoPublicKey;

impl AuditKey {
    /// The key in the directory of a trail; one is made for a trail that has no lines yet. The
    /// public half is written again where it is missing.
    pub(super) fn load(dir: &Dir, has_lines: bool) -> Result<Self, AuditError> {
        let wrong = |problem| AuditError::Key {
            file: SECRET_FILE,
            problem,
        };
        let secret = match dir.symlink_metadata(SECRET_FILE) {
            Ok(found) if !found.is_file() => {
                return Err(wrong("it is not a regular file: put the key back"));
            }
            Ok(found) if found.mode() & 0o077 != 0 => {
                return Err(wrong("others may read it: chmod it to 600"));
            }
            Ok(_) => read(dir, SECRET_FILE)?,
            Err(error) if error.kind() == ErrorKind::NotFound && has_lines => {
                return Err(wrong(
                    "it is missing, and lines that it signed are here: put it back, or move the \
                     directory away to begin a new trail",
                ));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => make(dir)?,
            Err(error) => return Err(AuditError::of(SECRET_FILE)(error)),
        };
        let damaged = || wrong("it is damaged: put it back, or move the directory away");
        let seed = parsed(&secret).ok_or_else(damaged)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| damaged())?;
        let public = pair.public_key().as_ref().try_into();
        let public = PublicKey(public.map_err(|_| damaged())?);
        if dir.symlink_metadata(KEY_FILE).is_err() {
            write(dir, KEY_FILE, &public.to_string(), 0o644)?;
        }
        Ok(Self { pair, public })
    }

    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message, in hexadecimal digits.
    pub(super) fn sign(&self, message: &[u8]) -> String {
        hex::encode(self.pair.sign(message).as_ref())
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditKey").finish_non_exhaustive()
    }
}

impl PublicKey {
    /// Reads the public half in the directory of a trail.
    ///
    /// # Errors
    ///
    /// If there is none, or it is damaged.
    pub fn load(dir: &Dir) -> Result<Self, AuditError> {
        let text = read(dir, KEY_FILE)?;
        text.parse().map_err(|NoPublicKey| AuditError::Key {
            file: KEY_FILE,
            problem: "it is damaged: put it back, or name a copy of it with --key",
        })
    }

    /// The digest by which checkpoints name it.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// Returns true if the key has signed the message so, in hexadecimal digits.
    pub(super) fn has_signed(&self, message: &[u8], signature: &str) -> bool {
        hex::decode(signature).is_some_and(|signature| {
            UnparsedPublicKey::new(&ED25519, self.0)
                .verify(message, &signature)
                .is_ok()
        })
    }
}

impl FromStr for PublicKey {
    type Err = NoPublicKey;

    fn from_str(text: &str) -> Result<Self, NoPublicKey> {
        parsed(text).map(Self).ok_or(NoPublicKey)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM} {}", hex::encode(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Makes a key and returns the text of its file.
fn make(dir: &Dir) -> Result<String, AuditError> {
    let mut seed = [0; LENGTH];
    let filled = rustix::rand::getrandom(&mut seed, GetRandomFlags::empty());
    if filled != Ok(LENGTH) {
        return Err(AuditError::Key {
            file: SECRET_FILE,
            problem: "the system gives no random bytes to make one: try again",
        });
    }
    let text = format!("{ALGORITHM} {}", hex::encode(&seed));
    write(dir, SECRET_FILE, &text, 0o600)?;
    Ok(text)
}

/// Writes a file, whole or not at all.
fn write(dir: &Dir, name: &str, text: &str, mode: u32) -> Result<(), AuditError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(mode);
    let written = dir.open_with(NEW_FILE, &options).and_then(|mut file| {
        writeln!(file, "{text}")?;
        file.sync_all()?;
        dir.rename(NEW_FILE, dir, name)?;
        dir.open(".")?.sync_all()
    });
    written.map_err(AuditError::of(name))
}

fn read(dir: &Dir, name: &str) -> Result<String, AuditError> {
    let mut text = String::new();
    dir.open(name)
        .and_then(|file| file.take(MAX_FILE).read_to_string(&mut text))
        .map_err(AuditError::of(name))?;
    Ok(text)
}

fn parsed(text: &str) -> Option<[u8; LENGTH]> {
    let digits = text.trim().strip_prefix(ALGORITHM)?.trim();
    hex::decode(digits)?.try_into().ok()
}
