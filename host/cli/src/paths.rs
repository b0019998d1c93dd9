//! The data directory and what lies in it.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, TryLockError};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cofferdam_capability::SystemError;

use crate::error::Failure;

/// The file that the host of a data directory holds locked, with its process id.
const LOCK_FILE: &str = "host.lock";

/// Maximum bytes that are read of that file: a process id and its line break.
const MAX_PROCESS_ID: u64 = 32;

/// The data directory of a host or of a command.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    dir: Dir,
}

/// Proof that no other host works in this data directory; the lock goes with the process, however
/// it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

/// Bytes of the process id in it: of one length, so that writing it takes no room on a disk that is
/// full.
const PID_WIDTH: usize = 10;

/// Device and inode: two files with the same ones are the same file.
type Identity = (u64, u64);

/// The data directory when nobody says otherwise.
pub(crate) fn default_data_dir() -> Result<PathBuf, Failure> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    match (absolute("XDG_DATA_HOME"), absolute("HOME")) {
        (Some(data), _) => Ok(data.join("cofferdam")),
        (None, Some(home)) => Ok(home.join(".local/share/cofferdam")),
        (None, None) => Err(Failure::usage(
            "neither XDG_DATA_HOME nor HOME is set: say where to keep data with --data-dir DIR",
        )),
    }
}

/// The way out where a data directory cannot be used.
const OTHER_DIRECTORY: &str = "name a writable one with --data-dir";

/// The directory that was asked for, or the default one.
pub(crate) fn data_dir(asked: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let path = asked.map_or_else(default_data_dir, Ok)?;
    std::path::absolute(&path)
        .map_err(|error| Failure::usage(format!("--data-dir {}: {error}", path.display())))
}

/// Docker's configuration, in which logins to registries are kept, if there is a place for it.
pub(crate) fn docker_config() -> Option<PathBuf> {
    let directory =
        match std::env::var_os("DOCKER_CONFIG").filter(|directory| !directory.is_empty()) {
            Some(directory) => PathBuf::from(directory),
            None => PathBuf::from(std::env::var_os("HOME")?).join(".docker"),
        };
    Some(directory.join("config.json"))
}

/// The socket of the host that works in `data`.
pub(crate) fn socket(data: &Path) -> PathBuf {
    data.join("cofferdam.sock")
}

/// The process id of the host that works in `data`, if there is one.
pub(crate) fn holder(data: &Path) -> Option<String> {
    let mut text = String::new();
    let path = data.join(LOCK_FILE);
    // Opening a pipe would wait for a writer for ever.
    let file = std::fs::metadata(&path)
        .is_ok_and(|found| found.is_file())
        .then(|| File::open(path))?
        .ok()?;
    // Shared, and only for this moment: two commands that look at once do not take each other for a
    // host.
    if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        return None;
    }
    file.take(MAX_PROCESS_ID).read_to_string(&mut text).ok()?;
    Some(text.trim().to_owned()).filter(|process| !process.is_empty())
}

/// A directory elsewhere that only this user can enter, made where it is missing, like
/// [`DataDir::private`].
pub(crate) fn private_at(path: &Path) -> Result<Dir, Failure> {
    let wrong = |error: std::io::Error| {
        Failure::work(format!(
            "cannot use {}: {}",
            path.display(),
            SystemError(&error)
        ))
    };
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(wrong(std::io::ErrorKind::InvalidFilename.into()));
    };
    std::fs::create_dir_all(above).map_err(wrong)?;
    let dir = Dir::open_ambient_dir(above, ambient_authority()).map_err(wrong)?;
    private(&dir, above, name)
}

/// Opens the directory `name` in `dir`, which lies at `above`.
fn private(dir: &Dir, above: &Path, name: &OsStr) -> Result<Dir, Failure> {
    let path = above.join(name);
    let refuse =
        |problem: String| Failure::work(format!("cannot use {}: {problem}", path.display()));
    let wrong = |error: std::io::Error| refuse(SystemError(&error).to_string());
    let mut builder = cap_std::fs::DirBuilder::new();
    cap_std::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match dir.create_dir_with(name, &builder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(wrong(error));
        }
        _ => {}
    }
    let found = dir.symlink_metadata(name).map_err(wrong)?;
    if !found.is_dir() {
        let problem = "it is not a directory: move it away, and a directory is made in its place";
        return Err(refuse(problem.to_owned()));
    }
    if cap_std::fs::MetadataExt::uid(&found) != rustix::process::geteuid().as_raw() {
        return Err(refuse(
            "it belongs to another user: chown it to the user that the host runs as".to_owned(),
        ));
    }
    if cap_std::fs::MetadataExt::mode(&found) & 0o777 != 0o700 {
        let mode = cap_std::fs::PermissionsExt::from_mode(0o700);
        dir.set_permissions(name, mode).map_err(wrong)?;
    }
    dir.open_dir(name).map_err(wrong)
}

impl DataDir {
    /// Opens the directory, making it for this user alone where it is missing.
    pub(crate) fn open(path: PathBuf) -> Result<Self, Failure> {
        let wrong = |error: std::io::Error| {
            let path = path.display();
            let error = SystemError(&error);
            Failure::work(format!("cannot use the data directory {path}: {error}"))
                .hint(OTHER_DIRECTORY)
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(wrong)?;
        keep_private(&path).map_err(wrong)?;
        let dir = open_ambient(&path).map_err(wrong)?;
        Ok(Self { path, dir })
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn try_clone(&self) -> std::io::Result<Self> {
        Ok(Self {
            path: self.path.clone(),
            dir: self.dir.try_clone()?,
        })
    }

    /// The open directory.
    pub(crate) fn dir(&self) -> std::io::Result<Dir> {
        self.dir.try_clone()
    }

    /// The directory of compiled code. Anything else under its name goes: it holds nothing that
    /// cannot be made again.
    pub(crate) fn cache(&self) -> Result<Dir, Failure> {
        const NAME: &str = crate::config::IN_DATA;
        let found = self.dir.symlink_metadata(NAME);
        if found.is_ok_and(|found| !found.is_dir()) {
            let path = self.path.join(NAME);
            tracing::warn!(
                "{} is not a directory: it is removed, and tools are compiled again",
                path.display()
            );
            // If it stays, the next lines say what is the matter with it.
            let _ = self.dir.remove_file(NAME);
        }
        self.private(NAME)
    }

    /// A directory in it that only this user can enter. One that others could enter is closed to
    /// them.
    pub(crate) fn private(&self, name: &str) -> Result<Dir, Failure> {
        private(&self.dir, &self.path, name.as_ref())
    }

    /// Takes the directory for one host.
    pub(crate) fn lock(&self) -> Result<Lock, Failure> {
        let path = self.path.join(LOCK_FILE);
        let wrong = |error: std::io::Error| {
            let path = self.path.display();
            let error = SystemError(&error);
            Failure::work(format!(
                "cannot write to the data directory {path}: {error}"
            ))
            .hint(OTHER_DIRECTORY)
        };
        let file = File::options()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(wrong)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = std::fs::read_to_string(&path).unwrap_or_default();
                return Err(Failure::work(format!(
                    "another host (process {}) works in {}",
                    holder.trim(),
                    self.path.display()
                ))
                .hint("stop it, or name another directory with --data-dir"));
            }
            Err(TryLockError::Error(error)) => return Err(wrong(error)),
        }
        // It is for people alone: a disk that is full keeps nobody from starting.
        let _ = file.write_all_at(format!("{:PID_WIDTH$}\n", std::process::id()).as_bytes(), 0);
        let lock = Lock { file, path };
        if !lock.is_ours() {
            return Err(wrong(std::io::Error::other(
                "its lock was removed while it was taken: try again",
            )));
        }
        Ok(lock)
    }

    /// Refuses to go on when the directory of a running host was removed or replaced, or its lock,
    /// which lets another host in.
    pub(crate) fn check(&self, lock: &Lock) -> Result<(), Failure> {
        let gone = match (self.is_ours(), lock.is_ours()) {
            (true, true) => return Ok(()),
            (false, _) => &self.path,
            (true, false) => &lock.path,
        };
        let gone = gone.display();
        Err(Failure::work(format!(
            "{gone} was removed or replaced while this host ran: what it stores would be lost"
        )))
    }

    /// Returns true if the directory is still the one that was opened.
    fn is_ours(&self) -> bool {
        let opened = self.dir.dir_metadata().map(|metadata| {
            (
                cap_std::fs::MetadataExt::dev(&metadata),
                cap_std::fs::MetadataExt::ino(&metadata),
            )
        });
        opened.is_ok_and(|opened| identity(&self.path) == Some(opened))
    }
}

impl Lock {
    /// Returns true if the file under the name of the lock is still the one that is locked.
    fn is_ours(&self) -> bool {
        let locked = self
            .file
            .metadata()
            .map(|metadata| (metadata.dev(), metadata.ino()));
        locked.is_ok_and(|locked| identity(&self.path) == Some(locked))
    }
}

fn identity(path: &Path) -> Option<Identity> {
    std::fs::metadata(path)
        .ok()
        .map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Closes the directory to everybody else: it holds what users said, and the socket that makes its
/// holder the operator.
fn keep_private(path: &Path) -> std::io::Result<()> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_dir() {
        return Err(std::io::Error::other("it is not a directory"));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(std::io::Error::other("it belongs to another user"));
    }
    let mut permissions = metadata.permissions();
    if permissions.mode() & 0o077 != 0 {
        permissions.set_mode(0o700);
        std::fs::set_permissions(path, permissions)?;
    }
    Ok(())
}

/// Opens a directory of the host's own by its path.
///
/// # Ambient Authority
///
/// The data directory is the operator's choice, and no guest has a say in it.
fn open_ambient(path: &Path) -> std::io::Result<Dir> {
    Dir::open_ambient_dir(path, ambient_authority())
}
