//! The sources of secrets, as the configuration names them.

use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cofferdam_capability::SystemError;
use cofferdam_tool::{
    ExpectedSecret, IdentityFile, MAX_SECRET, SecretCommand, SecretEnvironment, SecretSources,
    SecretStore, encrypt_plain,
};

use crate::config::{Config, NamedSecret};
use crate::console;
use crate::error::Failure;
use crate::paths::DataDir;

/// The largest file of a secret, in bytes: the largest secret and a line break.
pub(crate) const MAX_FILE: u64 = MAX_SECRET as u64 + 2;

/// The encrypted store of the data directory.
pub(crate) fn store(config: &Config, data: &DataDir) -> Result<SecretStore, Failure> {
    let owner = rustix::process::geteuid().as_raw();
    let identity = match &config.secret_places.identity {
        Some(path) => identity_at(path, owner)?,
        None => IdentityFile {
            elsewhere: None,
            name: IdentityFile::NAME.to_owned(),
            path: data.path().join("secrets").join(IdentityFile::NAME),
            owner,
        },
    };
    let dir = data.dir().map_err(Failure::work)?;
    Ok(SecretStore::new(dir, data.path(), identity))
}

/// The identity where the operator wants it. Its directory has to be there.
///
/// # Ambient Authority
///
/// The path is the operator's choice, and no guest has a say in it.
fn identity_at(path: &Path, owner: u32) -> Result<IdentityFile, Failure> {
    let wrong = |error: std::io::Error| {
        Failure::usage(format!(
            "[secrets] `identity` = {}: {}",
            path.display(),
            SystemError(&error)
        ))
    };
    let (Some(above), Some(name)) = (
        path.parent(),
        path.file_name().and_then(|name| name.to_str()),
    ) else {
        return Err(wrong(std::io::ErrorKind::InvalidFilename.into()));
    };
    let dir = Dir::open_ambient_dir(above, ambient_authority()).map_err(wrong)?;
    Ok(IdentityFile {
        elsewhere: Some(dir),
        name: name.to_owned(),
        path: path.to_owned(),
        owner,
    })
}

/// The sources of a host: store, environment, program. All secrets that grants name are expected.
pub(crate) fn sources(config: &Config, data: &DataDir) -> Result<SecretSources, Failure> {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_vec())));
    let expected = config.secrets().map(|named| ExpectedSecret {
        agent: named.grant.agent.clone(),
        name: named.name.clone(),
    });
    Ok(SecretSources {
        store: Some(store(config, data)?),
        environment: SecretEnvironment::new(variables),
        command: SecretCommand::new(&config.secret_places.command),
        expected: expected.collect(),
        ..SecretSources::default()
    })
}

/// Encrypts what former hosts kept in plain files.
pub(crate) fn encrypt_former(store: &SecretStore) {
    match encrypt_plain(store) {
        Ok(all) => all.into_iter().for_each(|one| match one {
            Ok(name) => console::note(&format!(
                "note: the secret `{name}` was a plain file and is encrypted now; copies of the \
                 file in backups are not"
            )),
            Err(problem) => console::complain(&format!("a plain secret stays as it is: {problem}")),
        }),
        Err(problem) => console::complain(&format!("the store of secrets: {problem}")),
    }
}

/// Says which secrets of grants cannot be had now. Calls that need them are refused until then.
pub(crate) fn tell_missing(config: &Config, sources: &SecretSources) {
    for named in config.secrets() {
        let NamedSecret { place, grant, name } = named;
        let problem = match sources.find_here(&grant.agent, name) {
            Ok(Some(_)) => continue,
            Ok(None) if sources.asks_a_program() => continue,
            Ok(None) => {
                format!("it is not set, and `cofferdam secret set {name}` sets it")
            }
            Err(problem) => problem.to_string(),
        };
        console::complain(&format!(
            "{place} names the secret `{name}`: {problem}; calls of {} by agent {} are refused \
             until then",
            grant.tool, grant.agent
        ));
    }
}
