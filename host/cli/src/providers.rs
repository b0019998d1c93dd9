//! `providers.yaml` of the data directory, and the keys in the environment.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use cofferdam_capability::SystemError;
use cofferdam_model::{Credentials, Error, Providers, ProvidersFile};
use cofferdam_tool::FileLock;
use rustix::fs::OFlags;
use tempfile::NamedTempFile;

use crate::error::Failure;
use crate::paths::DataDir;

/// The name of the file in the data directory. It has no flag of its own: a link there may lead to
/// it, and every command and the host then agree.
const FILE: &str = "providers.yaml";

/// The largest file that is changed, in bytes, as that of one that is read.
const MAX_FILE: u64 = 1 << 20;

/// The path of the file.
pub(crate) fn path(data: &Path) -> PathBuf {
    data.join(FILE)
}

/// The keys and addresses of providers: of the file, which is read whenever it has changed, and of
/// the environment.
pub(crate) fn credentials(data: &Path) -> Credentials {
    let path = path(data);
    let opened = path.clone();
    let open = move || {
        let mut options = File::options();
        options.read(true);
        // A pipe would keep the host waiting for its other end.
        options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
        options.open(&opened)
    };
    let owner = rustix::process::geteuid().as_raw();
    let shown = path.display().to_string();
    let file = ProvidersFile::new(shown, owner, Box::new(open), Box::new(variable));
    of_environment().with_file(file)
}

/// The same, for a command or a host that starts: a file that is wrong is refused.
pub(crate) fn checked(data: &Path) -> Result<Credentials, Failure> {
    let credentials = credentials(data);
    credentials.refresh()?;
    Ok(credentials)
}

/// The keys and addresses in the environment.
pub(crate) fn of_environment() -> Credentials {
    Credentials::new(
        std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }),
    )
}

/// Changes the text of the file, whole or not at all. It is checked before it is written.
pub(crate) fn change(
    data: &DataDir,
    change: impl FnOnce(&str, &str) -> Result<String, Error>,
) -> Result<(), Failure> {
    let path = path(data.path());
    let wrong = |error: std::io::Error| {
        Failure::work(format!(
            "cannot change {}: {}",
            path.display(),
            SystemError(&error)
        ))
    };
    // Two commands at once would each write what the other has not seen.
    let directory = File::open(data.path()).map_err(wrong)?;
    let _lock = FileLock::of(directory).map_err(|error| {
        let directory = data.path().display();
        Failure::work(format!("cannot lock {directory}: {error}"))
    })?;
    checked(data.path())?;
    let text = match File::open(&path) {
        Ok(file) => {
            let mut text = String::new();
            file.take(MAX_FILE)
                .read_to_string(&mut text)
                .map_err(wrong)?;
            text
        }
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(wrong(error)),
    };
    let shown = path.display().to_string();
    let changed = change(&text, &shown)?;
    Providers::parse(&changed, &shown, &variable)?;
    // A link stays, and what it leads to is replaced.
    let target = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
    let directory = target.parent().unwrap_or(data.path());
    // With mode 0600 from the beginning.
    let mut file = NamedTempFile::new_in(directory).map_err(wrong)?;
    file.write_all(changed.as_bytes()).map_err(wrong)?;
    file.as_file().sync_all().map_err(wrong)?;
    file.persist(&target).map_err(|error| wrong(error.error))?;
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(wrong)
}

fn variable(name: &str) -> Option<String> {
    // `var` panics on a name that cannot be one.
    let can_be = !name.is_empty() && !name.contains(['=', '\0']);
    can_be.then(|| std::env::var(name).ok()).flatten()
}
