//! From a file to an Agentfile.

use std::io::{self, Read};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;

use super::declared::Agentfile;
use super::error::{AgentfileError, Fault, Position, ReadError};
use super::lines::{FILE_MAX_BYTES, check_length};
use super::parse::parse;

/// The longest text of a context in a file, in bytes: what a whole Agentfile may have.
const CONTEXT_MAX_BYTES: u64 = FILE_MAX_BYTES;

/// Reads and parses the Agentfile at `path`, and the texts of its contexts that lie in files. These
/// are opened beneath the directory of the Agentfile, whatever links lie there.
///
/// # Ambient authority
///
/// As [`read`].
pub fn read_whole(path: &Path) -> Result<Agentfile, ReadError> {
    let mut agentfile = read(path)?;
    let home = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    agentfile.fill(|context| {
        let file = context.file.clone().unwrap_or_default();
        text_of(home, &file).map_err(|source| ReadError::Context {
            agentfile: path.to_owned(),
            context: context.name.clone(),
            path: home.join(&file),
            source,
        })
    })?;
    Ok(agentfile)
}

#[allow(
    clippy::disallowed_methods,
    reason = "the operator names the Agentfile, and with it its directory"
)]
fn text_of(home: &Path, file: &Path) -> io::Result<String> {
    let home = Dir::open_ambient_dir(home, ambient_authority())?;
    if !home.metadata(file)?.is_file() {
        return Err(irregular());
    }
    let mut bytes = Vec::new();
    home.open(file)?
        .take(CONTEXT_MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > CONTEXT_MAX_BYTES {
        return Err(io::Error::other(format!(
            "it has more than {CONTEXT_MAX_BYTES} bytes; make it shorter"
        )));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| io::Error::other("it is not valid UTF-8; save it as UTF-8"))?;
    Ok(text.trim_end_matches('\n').to_owned())
}

fn irregular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")
}

/// Reads and parses the Agentfile at `path`. Texts of contexts that lie in files stay empty.
///
/// # Ambient authority
///
/// Opens `path` with the process's own rights: it is one a person typed, not one a guest or an
/// image chose.
pub fn read(path: &Path) -> Result<Agentfile, ReadError> {
    Ok(parse(&read_text(path)?, &path.display().to_string())?)
}

/// Reads the text of the Agentfile at `path`.
///
/// # Ambient authority
///
/// As [`read`].
pub fn read_text(path: &Path) -> Result<String, ReadError> {
    let bytes = read_bytes(path).map_err(|source| ReadError::Io {
        path: path.to_owned(),
        source,
    })?;
    let wrong = |fault| AgentfileError::new(&path.display().to_string(), vec![fault]);
    check_length(&bytes).map_err(wrong)?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        wrong(not_utf8(error.as_bytes(), valid)).into()
    })
}

/// At most one byte more than may be parsed: enough for the parser to see that it is too much.
#[allow(
    clippy::disallowed_methods,
    reason = "the operator names the Agentfile"
)]
fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for a writer for ever.
    if !std::fs::metadata(path)?.is_file() {
        return Err(irregular());
    }
    let mut bytes = Vec::new();
    let mut options = OpenOptions::new();
    // Some of the system's own files wait for news.
    options
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    File::open_ambient_with(path, &options, ambient_authority())?
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
