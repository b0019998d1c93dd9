//! Files of keys: a private key is for its owner alone.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use cofferdam_capability::{KEY_TEXT_MAX_BYTES, KeyError, SigningKey, SystemError, VerifyingKey};
use zeroize::Zeroizing;

/// The mode of a private key.
const PRIVATE_MODE: u32 = 0o600;

/// The first line of a public key in PEM (RFC 7468, section 13).
const PUBLIC_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";

/// The two files of a new key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFiles {
    /// The private key, with mode 0600.
    pub private: PathBuf,
    /// The public key, beside it, with `.pub` at its end.
    pub public: PathBuf,
}

/// The problem with the file of a key.
#[derive(Debug, thiserror::Error)]
#[error("the key {path}: {problem}", path = path.display())]
pub struct KeyFileError {
    path: PathBuf,
    #[source]
    problem: Problem,
}

/// The ways in which it is wrong.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{0}")]
    Key(#[from] KeyError),
    #[error("it is not a regular file")]
    NotAFile,
    #[error(
        "it is a public key; the private half is needed, usually beside it without `.pub` in its \
         name"
    )]
    Public,
    #[error("others may read it (mode {0:04o}): `chmod 600` it")]
    Readable(u32),
    #[error("it is not text")]
    NotText,
    #[error("a file of this name is there already; name another one")]
    Exists,
    #[error("{}", SystemError(.0))]
    Io(#[from] io::Error),
}

/// Reads a public key (PEM, Ed25519 or ECDSA P-256).
///
/// # Errors
///
/// If it is not a regular file, or holds no such key.
pub fn read_verifying_key(path: &Path) -> Result<VerifyingKey, KeyFileError> {
    let read = || {
        let KeyText { text, .. } = read(path)?;
        Ok(VerifyingKey::from_pem(&text)?)
    };
    read().map_err(at(path))
}

/// Reads a private key (PEM, PKCS#8, Ed25519), which only its owner may be able to read.
///
/// # Errors
///
/// If it is not a regular file, holds the public half, others may read it, or it holds no such key.
pub fn read_signing_key(path: &Path) -> Result<SigningKey, KeyFileError> {
    let read = || {
        let KeyText { text, mode } = read(path)?;
        if text.contains(PUBLIC_BEGIN) {
            return Err(Problem::Public);
        }
        if mode & 0o077 != 0 {
            return Err(Problem::Readable(mode));
        }
        Ok(SigningKey::from_pem(&text)?)
    };
    read().map_err(at(path))
}

impl KeyFiles {
    /// Writes a key to `path`, and its public half to the same name with `.pub`. Replaces no file.
    ///
    /// # Errors
    ///
    /// If either file is there already, or cannot be written. Neither is left then.
    pub fn create(path: &Path, key: &SigningKey) -> Result<Self, KeyFileError> {
        let mut public = path.as_os_str().to_owned();
        public.push(".pub");
        let files = Self {
            private: path.to_owned(),
            public: public.into(),
        };
        let text = key.to_pem().map_err(|error| at(path)(error.into()))?;
        write(&files.private, &text, PRIVATE_MODE).map_err(at(path))?;
        let public = key.verifying_key().to_pem();
        if let Err(problem) = write(&files.public, &public, 0o644) {
            // It was made here, a moment ago.
            fs::remove_file(&files.private).ok();
            return Err(at(&files.public)(problem));
        }
        Ok(files)
    }
}

fn at(path: &Path) -> impl Fn(Problem) -> KeyFileError {
    move |problem| KeyFileError {
        path: path.to_owned(),
        problem,
    }
}

/// The text of a key, and the mode of its file.
struct KeyText {
    text: Zeroizing<String>,
    mode: u32,
}

fn read(path: &Path) -> Result<KeyText, Problem> {
    // Looked at before it is opened, because opening a pipe waits for its writer.
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(Problem::NotAFile);
    }
    let mode = metadata.permissions().mode() & 0o7777;
    let size = metadata.len();
    if size > KEY_TEXT_MAX_BYTES {
        return Err(KeyError::TooLarge(size).into());
    }
    let mut text = Zeroizing::new(String::new());
    let file = File::open(path)?;
    match file.take(KEY_TEXT_MAX_BYTES).read_to_string(&mut text) {
        Ok(_) => Ok(KeyText { text, mode }),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(Problem::NotText),
        Err(error) => Err(error.into()),
    }
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), Problem> {
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(mode).open(path);
    let mut file = match opened {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(Problem::Exists),
        opened => opened?,
    };
    let written = file
        // The umask may have taken more away than it should.
        .set_permissions(Permissions::from_mode(mode))
        .and_then(|()| file.write_all(text.as_bytes()))
        .and_then(|()| file.sync_all());
    if written.is_err() {
        fs::remove_file(path).ok();
    }
    Ok(written?)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::{KeyFiles, read_signing_key, read_verifying_key};
    use cofferdam_capability::SigningKey;

    #[test]
    fn a_key_is_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::generate().unwrap();
        let files = KeyFiles::create(&dir.path().join("release"), &key).unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&files.private), 0o600);
        let public = read_verifying_key(&files.public).unwrap();
        assert_eq!(&public, key.verifying_key());
        let again = read_signing_key(&files.private).unwrap();
        assert_eq!(again.verifying_key(), &public);

        fs::set_permissions(&files.private, Permissions::from_mode(0o640)).unwrap();
        let refused = read_signing_key(&files.private).unwrap_err().to_string();
        assert!(refused.contains("mode 0640"), "{refused}");
        let refused = KeyFiles::create(&files.private, &key)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("there already"), "{refused}");
        let refused = read_verifying_key(dir.path()).unwrap_err().to_string();
        assert!(refused.contains("not a regular file"), "{refused}");
        let refused = read_signing_key(&files.public).unwrap_err().to_string();
        assert!(refused.contains("it is a public key"), "{refused}");
    }
}
