//! From a file to an Agentfile.

use std::io::{self, Read};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::File;

use super::declared::Agentfile;
use super::error::{Fault, Position, ReadError};
use super::lines::{FILE_MAX_BYTES, check_length};
use super::parse::parse;

/// Reads and parses the Agentfile at `path`.
///
/// # Ambient authority
///
/// Opens `path` with the process's own rights: it is one a person typed, not one a guest or an
/// image chose.
pub fn read(path: &Path) -> Result<Agentfile, ReadError> {
    let bytes = read_bytes(path).map_err(|source| ReadError::Io {
        path: path.to_owned(),
        source,
    })?;
    let file = path.display().to_string();
    check_length(&bytes).map_err(|fault| fault.in_file(&file))?;
    let text = match str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => return Err(not_utf8(&bytes, error.valid_up_to()).in_file(&file).into()),
    };
    Ok(parse(text, &file)?)
}

/// At most one byte more than may be parsed: enough for the parser to see that it is too much.
#[allow(
    clippy::disallowed_methods,
    reason = "the operator names the Agentfile"
)]
fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for a writer for ever.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ));
    }
    let mut bytes = Vec::new();
    File::open_ambient(path, ambient_authority())?
        .take(FILE_MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn not_utf8(bytes: &[u8], valid_up_to: usize) -> Fault {
    let valid = bytes
        .get(..valid_up_to)
        .map(String::from_utf8_lossy)
        .unwrap_or_default();
    let line = valid.matches('\n').count() + 1;
    let column = valid.chars().rev().take_while(|&c| c != '\n').count() + 1;
    let byte = bytes.get(valid_up_to).copied().unwrap_or_default();
    Fault::new(
        Position { line, column },
        format!("byte {byte:#04x} is not UTF-8; save the file as UTF-8"),
    )
}
