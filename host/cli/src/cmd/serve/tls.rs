//! The files of TLS: read at the start, at SIGHUP, and when they have changed.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use cofferdam_capability::SystemError;
use cofferdam_server::{Tls, TlsError, TlsText};
use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::config::TlsFiles;
use crate::console;
use crate::error::Failure;

/// The largest file that is read, in bytes (1 MiB): hundreds of certificates.
const MAX_FILE: u64 = 1 << 20;

/// TLS of one host, and the files that it comes from.
#[derive(Debug)]
pub(super) struct TlsWatch {
    files: TlsFiles,
    tls: Tls,
    /// The files as they were read last, also if they were wrong.
    seen: Mutex<Vec<Option<Seen>>>,
}

/// One state of a file: everything that changes when it is written or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    place: [u64; 2],
    modified: [i64; 2],
    size: u64,
}

impl TlsWatch {
    /// Reads the files for the first time.
    pub(super) fn new(files: TlsFiles) -> Result<Self, Failure> {
        let seen = seen(&files);
        let text = text(&files)?;
        let tls = Tls::new(&text).map_err(|error| of_server(&files, &error))?;
        Ok(Self {
            files,
            tls,
            seen: Mutex::new(seen),
        })
    }

    /// TLS as it is spoken now.
    pub(super) fn tls(&self) -> Tls {
        self.tls.clone()
    }

    /// Reads the files again if they have changed. A wrong one changes nothing, and is told once.
    pub(super) fn refresh(&self) {
        let now = seen(&self.files);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == now {
                return;
            }
            *seen = now;
        }
        match self.read() {
            Ok(()) => console::note("the certificate was read again: new connections get it"),
            Err(failure) => console::complain(&format!(
                "{}; the certificate stays as it was",
                failure.sentence()
            )),
        }
    }

    /// Reads the files, also if they have not changed.
    pub(super) fn read(&self) -> Result<(), Failure> {
        let replaced = self.tls.replace(&text(&self.files)?);
        replaced.map_err(|error| of_server(&self.files, &error))
    }
}

/// The contents of the files.
fn text(files: &TlsFiles) -> Result<TlsText, Failure> {
    let TlsFiles {
        certificate,
        key,
        client_ca,
    } = files;
    Ok(TlsText {
        certificate: read("certificate", certificate)?.to_vec(),
        key: read("key", key)?,
        client_ca: match client_ca {
            Some(path) => Some(read("client-ca", path)?.to_vec()),
            None => None,
        },
    })
}

/// Reads a regular file of limited size. A key that others may read is refused.
fn read(key: &'static str, path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let refuse =
        |problem: String| Failure::usage(format!("[tls] `{key}`: {}: {problem}", path.display()));
    let wrong = |error: std::io::Error| refuse(SystemError(&error).to_string());
    let mut options = File::options();
    // Opening a pipe would wait for a writer for ever.
    options
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let file = options.open(path).map_err(wrong)?;
    let metadata = file.metadata().map_err(wrong)?;
    if !metadata.is_file() {
        return Err(refuse("it is not a regular file".to_owned()));
    }
    if key == "key" && metadata.mode() & 0o007 != 0 {
        let mode = metadata.mode() & 0o7777;
        return Err(refuse(format!(
            "others may use it (mode {mode:04o}): chmod 600 it, or 640 for a group"
        )));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    let size = file
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(wrong)?;
    if size as u64 > MAX_FILE {
        return Err(refuse(format!("it has more than {MAX_FILE} bytes")));
    }
    Ok(bytes)
}

/// The state of every file; none for one that is not there.
fn seen(files: &TlsFiles) -> Vec<Option<Seen>> {
    let TlsFiles {
        certificate,
        key,
        client_ca,
    } = files;
    let paths = [Some(certificate), Some(key), client_ca.as_ref()];
    let state = |path: &std::path::PathBuf| {
        let found = std::fs::metadata(path).ok()?;
        Some(Seen {
            place: [found.dev(), found.ino()],
            modified: [found.mtime(), found.mtime_nsec()],
            size: found.size(),
        })
    };
    paths.into_iter().flatten().map(state).collect()
}

fn of_server(files: &TlsFiles, error: &TlsError) -> Failure {
    let path = match error.key {
        "key" => &files.key,
        "client-ca" => files.client_ca.as_ref().unwrap_or(&files.certificate),
        _ => &files.certificate,
    };
    Failure::usage(format!("[tls] {}: {error}", path.display()))
}
