//! The operator's token: who holds it may use what listens on TCP.

use std::io::{Read, Write};
use std::path::Path;

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use cofferdam_capability::SystemError;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::Failure;
use crate::paths::DataDir;

/// The variable that brings a token instead of the file.
const VARIABLE: &str = "COFFERDAM_TOKEN";

/// The file in the data directory.
const FILE: &str = "operator.token";

/// Random bytes of a token that is made here: nobody guesses 256 bits.
const RANDOM: usize = 32;

/// The shortest token, in bytes: shorter ones can be tried out.
const MIN: usize = 16;

/// The longest token, in bytes: it has to fit into a header.
const MAX: usize = 4 << 10;

/// A token. Nothing prints it, and its memory is overwritten when it goes.
pub(crate) struct Token {
    value: Zeroizing<String>,
    /// Where it came from, for people.
    origin: String,
}

impl Token {
    /// The token of the environment, else of the data directory, where one is made if there is none.
    pub(crate) fn load(data: &DataDir) -> Result<Self, Failure> {
        if let Some(value) = std::env::var_os(VARIABLE) {
            let value = value.into_string().map_err(|_| Failure::usage(format!("{VARIABLE} is not valid UTF-8")))?;
            return Self::new(value, VARIABLE.to_owned());
        }
        let path = data.path().join(FILE);
        let wrong =
            |error: std::io::Error| Failure::work(format!("cannot use {}: {}", path.display(), SystemError(&error)));
        let dir = data.dir().map_err(wrong)?;
        make(&dir).map_err(wrong)?;
        let file = dir.open(FILE).map_err(wrong)?;
        if rustix::fs::fstat(&file).map_err(|error| wrong(error.into()))?.st_mode & 0o077 != 0 {
            let path = path.display();
            return Err(Failure::denied(format!("others may read {path}: remove it, and another one will be made")));
        }
        let mut value = String::new();
        file.take(MAX as u64 + 2).read_to_string(&mut value).map_err(wrong)?;
        Self::new(value, path.display().to_string())
    }

    fn new(value: String, origin: String) -> Result<Self, Failure> {
        let value = Zeroizing::new(value);
        let trimmed = Zeroizing::new(value.trim_end_matches(['\n', '\r']).to_owned());
        let sent = trimmed.bytes().all(|byte| byte.is_ascii_graphic());
        if !sent || !(MIN..=MAX).contains(&trimmed.len()) {
            return Err(Failure::usage(format!(
                "the token in {origin} cannot be used: expected {MIN} to {MAX} visible ASCII characters, without spaces; \
                 remove it, and another one is made"
            )));
        }
        Ok(Self { value: trimmed, origin })
    }

    /// Where it came from.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The sentence for a client that did not send it. Any user of this machine may be one, so it
    /// says nothing of places.
    pub(crate) fn wanted() -> String {
        "send `authorization: Bearer TOKEN` with the operator's token".to_owned()
    }

    /// Whether an `Authorization` header carries it. How long this takes says nothing about how much of it was right.
    pub(crate) fn is_in(&self, authorization: &[u8]) -> bool {
        let Some((scheme, sent)) = authorization.split_at_checked(b"Bearer ".len()) else { return false };
        scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(sent.ct_eq(self.value.as_bytes()))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Makes a token where there is none, whole or not at all, so that two processes that start at once agree. An empty file is
/// what a machine that lost its power can leave: nobody has that token.
fn make(dir: &Dir) -> std::io::Result<()> {
    match dir.symlink_metadata(FILE) {
        Ok(metadata) if metadata.is_file() && metadata.len() == 0 => dir.remove_file(FILE)?,
        Ok(metadata) if metadata.is_file() => return Ok(()),
        // Opening a pipe would wait for a writer for ever.
        Ok(_) => return Err(std::io::Error::other("it is not a regular file: remove it, and a token is made")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut random = [0; RANDOM];
    let mut filled = 0;
    while let Some(rest) = random.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        filled += rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::empty())?;
    }
    let token = Zeroizing::new(random.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let new = format!("{FILE}.{}", uuid::Uuid::new_v4());
    let mut file = dir.open_with(&new, OpenOptions::new().write(true).create_new(true).mode(0o600))?;
    let written = writeln!(file, "{}", token.as_str()).and_then(|()| file.sync_all());
    let made = written.and_then(|()| match dir.hard_link(&new, dir, Path::new(FILE)) {
        // Another process was first: its token holds.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    dir.remove_file(&new)?;
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_carries_the_whole_token_or_none() {
        let right = "0123456789abcdef0123456789abcdef";
        let token = Token::new(format!("{right}\n"), "a test".to_owned()).unwrap();
        let sent = |header: &str| token.is_in(header.as_bytes());
        assert!(sent(&format!("Bearer {right}")) && sent(&format!("bearer {right}")));
        // Of its length, with one character wrong wherever it is.
        for place in 0..right.len() {
            let mut wrong = right.to_owned();
            wrong.replace_range(place..=place, "x");
            assert!(!sent(&format!("Bearer {wrong}")), "{wrong}");
        }
        // Of every other length.
        for length in 0..right.len() {
            assert!(!sent(&format!("Bearer {}", &right[..length])), "{length}");
            assert!(!sent(&format!("Bearer {}", &right[length + 1..])), "{length}");
        }
        for wrong in [format!("{right}0"), format!("{right}\0"), format!(" {right}"), right.repeat(2)] {
            assert!(!sent(&format!("Bearer {wrong}")), "{wrong:?}");
        }
        for header in ["", "Bearer", "Bearer ", right, &format!("Basic {right}"), &format!("Bearer{right}")] {
            assert!(!sent(header), "{header}");
        }
    }
}
