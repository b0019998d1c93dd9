//! Values of secrets, from files that nobody but the operator can read.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use cofferdam_agent::Withheld;
use cofferdam_capability::SecretName;
use cofferdam_tool::Secrets;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::paths::DataDir;

/// The largest file of a secret, in bytes: the largest secret and a line break.
pub(crate) const MAX_FILE: u64 = (64 << 10) + 2;

/// Secrets of one host. All output of every tool is searched for each of them, in two dozen
/// spellings.
const MAX_SECRETS: usize = 128;

/// The directory of the values in the data directory, a file for each.
const DIRECTORY: &str = "secrets";

/// The secrets that the grants of the configuration name.
#[derive(Debug, Default)]
pub(crate) struct OfGrants {
    pub(crate) secrets: Secrets,
    /// Tools that are withheld, by agent and tool, each with the reason: the value of a secret is
    /// missing, or is not the operator's alone. The tool would send requests without it, or
    /// somebody else may have written it.
    pub(crate) withheld: Withheld,
}

/// Reads the secrets that the grants of the configuration name.
pub(crate) fn of_grants(config: &Config, data: &DataDir) -> OfGrants {
    let mut found = OfGrants::default();
    for (place, row, name) in config.secrets() {
        let secrets = &mut found.secrets;
        if secrets.names().any(|known| known == name) {
            continue;
        }
        let read = if secrets.names().count() == MAX_SECRETS {
            Err(format!("a host takes at most {MAX_SECRETS} secrets"))
        } else {
            read(data, name).and_then(|value| {
                secrets
                    .insert(name.clone(), value)
                    .map_err(|error| error.to_string())
            })
        };
        if let Err(problem) = read {
            let reason = format!("{place} names the secret `{name}`: {problem}");
            found
                .withheld
                .entry((row.agent.clone(), row.tool.clone()))
                .or_insert(reason);
        }
    }
    found
}

/// The secret in the bytes of a file. The line break that an editor leaves at the end is not part
/// of it.
pub(crate) fn value(mut bytes: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    bytes
}

/// Reads `secrets/<name>`. Neither of the two may be a link: it would say in another place who can
/// write there.
fn read(data: &DataDir, name: &SecretName) -> Result<Zeroizing<Vec<u8>>, String> {
    let directory = data.path().join(DIRECTORY);
    let path = directory.join(name.as_str());
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let hint = format!(
        "make it with mkdir -m 700, and write the value into {} with mode 600",
        path.display()
    );
    let opened = open(
        data.dir().map_err(failed)?,
        DIRECTORY,
        OFlags::DIRECTORY,
        &directory,
        &hint,
    )?;
    private(&opened, &directory, "700")?;
    // A named pipe that stands there would otherwise wait for its other end.
    let file = open(
        opened,
        name.as_str(),
        OFlags::NONBLOCK,
        &path,
        "write the value into it, with mode 600",
    )?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(format!("{} is not a file", path.display()));
    }
    private(&file, &path, "600")?;
    // At its full size from the beginning: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(MAX_FILE).unwrap_or(usize::MAX) + 1,
    ));
    let size = file
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if size as u64 > MAX_FILE {
        return Err(format!("{} has more than {MAX_FILE} bytes", path.display()));
    }
    Ok(value(bytes))
}

/// Opens what stands under a name in a directory. `hint` says what to do where there is nothing.
fn open(at: impl AsFd, name: &str, flags: OFlags, path: &Path, hint: &str) -> Result<File, String> {
    let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(at, name, flags, Mode::empty())
        .map(File::from)
        .map_err(|error| match error {
            Errno::NOENT => format!("{} is missing: {hint}", path.display()),
            // What the kernel says of a link depends on whether a directory was asked for.
            Errno::LOOP | Errno::NOTDIR => {
                format!(
                    "{} is a link or of the wrong kind: put the real one there",
                    path.display()
                )
            }
            other => format!("{}: {other}", path.display()),
        })
}

/// Refuses what others than this user can read or write.
fn private(file: &File, path: &Path, mode: &str) -> Result<(), String> {
    let metadata = file
        .metadata()
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let path = path.display();
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(format!(
            "{path} belongs to another user: chown it to the user that the host runs as"
        ));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(format!(
            "{path} is open to others (mode {:04o}): chmod {mode} {path}",
            metadata.mode() & 0o7777
        ));
    }
    Ok(())
}
