//! The operator's token: from the environment, or from the data directory, where one is made if
//! there is none.

use std::io::{Read, Write};
use std::path::Path;

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use cofferdam_capability::SystemError;
use cofferdam_server::Token;
use zeroize::Zeroizing;

use crate::error::Failure;
use crate::paths::DataDir;

/// The variable that brings a token instead of the file.
const VARIABLE: &str = "COFFERDAM_TOKEN";

/// The file in the data directory.
const FILE: &str = "operator.token";

/// Random bytes of a token that is made here: nobody guesses 256 bits.
const RANDOM: usize = 32;

/// The token of the environment, else of the data directory, where one is made if there is none.
pub(crate) fn load(data: &DataDir) -> Result<Token, Failure> {
    if let Some(value) = std::env::var_os(VARIABLE) {
        let value = value
            .into_string()
            .map_err(|_| Failure::usage(format!("{VARIABLE} is not valid UTF-8")))?;
        return Token::new(value, VARIABLE.to_owned()).map_err(Failure::usage);
    }
    let path = data.path().join(FILE);
    let wrong = |error: std::io::Error| {
        Failure::work(format!(
            "cannot use {}: {}",
            path.display(),
            SystemError(&error)
        ))
    };
    let dir = data.dir().map_err(wrong)?;
    make(&dir).map_err(wrong)?;
    let file = dir.open(FILE).map_err(wrong)?;
    if rustix::fs::fstat(&file)
        .map_err(|error| wrong(error.into()))?
        .st_mode
        & 0o077
        != 0
    {
        let path = path.display();
        return Err(Failure::denied(format!("others may read {path}"))
            .hint("remove it, and another one will be made"));
    }
    let mut value = String::new();
    file.take(Token::MAX as u64 + 2)
        .read_to_string(&mut value)
        .map_err(wrong)?;
    Token::new(value, path.display().to_string()).map_err(Failure::usage)
}

/// Makes a token where there is none, whole or not at all, so that two processes that start at once
/// agree. An empty file is what a machine that lost its power can leave: nobody has that token.
fn make(dir: &Dir) -> std::io::Result<()> {
    match dir.symlink_metadata(FILE) {
        Ok(metadata) if metadata.is_file() && metadata.len() == 0 => dir.remove_file(FILE)?,
        Ok(metadata) if metadata.is_file() => return Ok(()),
        // Opening a pipe would wait for a writer for ever.
        Ok(_) => {
            return Err(std::io::Error::other(
                "it is not a regular file: remove it, and a token is made",
            ));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut random = [0; RANDOM];
    let mut filled = 0;
    while let Some(rest) = random.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        filled += rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::empty())?;
    }
    let token = Zeroizing::new(
        random
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>(),
    );
    let new = format!("{FILE}.{}", uuid::Uuid::new_v4());
    let mut file = dir.open_with(
        &new,
        OpenOptions::new().write(true).create_new(true).mode(0o600),
    )?;
    let written = writeln!(file, "{}", token.as_str()).and_then(|()| file.sync_all());
    let made = written.and_then(|()| match dir.hard_link(&new, dir, Path::new(FILE)) {
        // Another process was first: its token holds.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    dir.remove_file(&new)?;
    made
}
