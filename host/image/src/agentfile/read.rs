//! From a file to an Agentfile.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;

use super::declared::{Add, Agentfile};
use super::draft::{PlacedAdd, PlacedContext};
use super::error::{AgentfileError, Fault, Position, ReadError};
use super::lines::{FILE_MAX_BYTES, check_length};
use super::name::{is_add_name, is_data_directory};
use super::needed::Needed;
use super::parse::{Written, parse};
use crate::tool_source::ToolSource;

/// The longest text of a context in a file, in bytes: what a whole Agentfile may have.
pub const CONTEXT_MAX_BYTES: u64 = FILE_MAX_BYTES;

/// The largest file of `ADD`, in bytes (16 MiB). It travels with the image and is held in memory
/// while that is built and read; data beyond belong into the workspace.
pub const DATA_MAX_BYTES: u64 = 16 << 20;

/// The beginning of a model that replays a file.
const SCRIPT: &str = "script/";

/// The name of the file in a directory that is given in its place.
const AGENTFILE: &str = "Agentfile";

/// The text of an Agentfile, and the directory that its files lie beneath.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The text, verbatim.
    pub text: String,
    /// The name of the file in errors.
    pub file: PathBuf,
    /// The directory of contexts, files of `ADD` and components.
    pub home: PathBuf,
}

impl Source {
    /// Reads the Agentfile at `path`, or the one in the directory at `path`.
    ///
    /// # Ambient authority
    ///
    /// As [`read`].
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let file = if path.is_dir() {
            path.join(AGENTFILE)
        } else {
            path.to_owned()
        };
        Ok(Self {
            text: read_text(&file)?,
            home: home_of(&file).to_owned(),
            file,
        })
    }

    /// An Agentfile that was read elsewhere, such as from standard input. `file` is how errors call
    /// it, and `home` the directory that its files lie beneath.
    ///
    /// # Errors
    ///
    /// [`ReadError::Agentfile`] if the bytes are too many, or no UTF-8.
    pub fn of(bytes: Vec<u8>, file: PathBuf, home: PathBuf) -> Result<Self, ReadError> {
        let text = text_of(bytes, &file)?;
        Ok(Self { text, file, home })
    }

    /// Reads the instructions, and the files that they name: texts of contexts and files of `ADD`.
    /// These are opened beneath the directory, whatever links lie there. `arguments` are values
    /// that its `ARG`s get instead of their own, and `needed` are instructions that must be there.
    ///
    /// # Errors
    ///
    /// Every mistake of the text; else every file that cannot be read, or is too large.
    pub fn parse(
        &self,
        arguments: BTreeMap<String, String>,
        needed: Needed,
    ) -> Result<Written, ReadError> {
        let file = self.file.display().to_string();
        let mut written = Written::parse(&self.text, &file, arguments, needed)?;
        let unused = written.unused();
        if !unused.is_empty() {
            return Err(ReadError::Unused {
                names: unused.join(", "),
                agentfile: self.file.clone(),
            });
        }
        let mut faults = Vec::new();
        for PlacedContext { context, at } in written.contexts_mut() {
            let Some(file) = &context.file else {
                continue;
            };
            match context_text(&self.home, file) {
                Ok(text) => context.content = text,
                Err(error) => {
                    let what = format!("context {}", context.name);
                    faults.push(self.unread(&what, file, *at, &error));
                }
            }
        }
        for PlacedAdd { add, source_at, .. } in written.adds_mut() {
            match bytes_of(&self.home, &add.source, DATA_MAX_BYTES) {
                Ok(content) => add.content = content.into(),
                Err(error) => {
                    let what = format!("ADD {}", add.name);
                    faults.push(self.unread(&what, &add.source, *source_at, &error));
                }
            }
        }
        if faults.is_empty() {
            return Ok(written);
        }
        Err(written.wrong(faults).into())
    }

    /// Reads the file of a model `script/FILE`, so that it goes with the image as a file of `ADD`
    /// does; nothing for another model, where `there` has it already, and where it is missing.
    ///
    /// # Errors
    ///
    /// It cannot be read, or has a name that no file of an image can have.
    pub(crate) fn script(
        &self,
        written: &Written,
        there: &[Add],
    ) -> Result<Option<Add>, ReadError> {
        let script = written.model().and_then(|(model, at)| {
            let file = PathBuf::from(model.strip_prefix(SCRIPT)?);
            Some((file, at))
        });
        let Some((file, at)) = script else {
            return Ok(None);
        };
        let adds = || there.iter().chain(written.adds());
        if adds().any(|add| add.source == file) {
            return Ok(None);
        }
        let wrong = |problem: String| {
            let fault = Fault::new(at, format!("MODEL {SCRIPT}{}: {problem}", file.display()));
            ReadError::from(written.wrong(vec![fault]))
        };
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let is_taken = |add: &Add| add.name.eq_ignore_ascii_case(&name);
        if !is_add_name(&name) || is_data_directory(&name) || adds().any(is_taken) {
            return Err(wrong(format!(
                "its file goes with the image as etc/data/{name}, which cannot be its name or is \
                 taken; give the file another name"
            )));
        }
        let content = match bytes_of(&self.home, &file, DATA_MAX_BYTES) {
            // It may come later, beside the Agentfile, where the image is run from there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            content => content.map_err(|error| {
                let path = self.home.join(&file);
                wrong(format!("cannot read {}: {error}", path.display()))
            })?,
        };
        Ok(Some(Add {
            name: name.into_owned(),
            source: file,
            description: Some("what the model says, turn by turn".to_owned()),
            content: content.into(),
        }))
    }

    /// The mistake of an instruction whose file cannot be read.
    fn unread(&self, what: &str, file: &Path, at: Position, error: &io::Error) -> Fault {
        let path = self.home.join(file);
        Fault::new(
            at,
            format!("{what}: cannot read {}: {error}", path.display()),
        )
    }

    /// Reads the component of a BIN that is a file. `check` says what is wrong with one.
    ///
    /// # Ambient authority
    ///
    /// As [`read`]: whoever wrote the Agentfile here names the file too.
    pub(crate) fn component(
        &self,
        bin: &str,
        file: &Path,
        max: u64,
        check: impl FnOnce(&[u8]) -> Option<&'static str>,
    ) -> Result<Vec<u8>, ReadError> {
        let path = self.home.join(file);
        let wrong = |source| ReadError::Bin {
            agentfile: self.file.clone(),
            bin: bin.to_owned(),
            path: path.clone(),
            source,
        };
        let bytes = read_bytes(&path, max).map_err(wrong)?;
        if bytes.len() as u64 > max {
            let problem = format!("it has more than {max} bytes");
            return Err(wrong(io::Error::other(problem)));
        }
        match check(&bytes) {
            None => Ok(bytes),
            Some(what) => Err(wrong(io::Error::other(format!(
                "it is {what}, and Cofferdam runs WebAssembly components; build it for \
                 wasm32-wasip2"
            )))),
        }
    }
}

/// The directory of a file.
fn home_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn context_text(home: &Path, file: &Path) -> io::Result<String> {
    let bytes = bytes_of(home, file, CONTEXT_MAX_BYTES)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| io::Error::other("it is not valid UTF-8; save it as UTF-8"))?;
    Ok(text.trim_end_matches('\n').to_owned())
}

#[allow(
    clippy::disallowed_methods,
    reason = "the operator names the Agentfile, and with it its directory"
)]
fn bytes_of(home: &Path, file: &Path, max: u64) -> io::Result<Vec<u8>> {
    let home = Dir::open_ambient_dir(home, ambient_authority())?;
    // Opening a pipe would wait for a writer for ever.
    if !home.metadata(file)?.is_file() {
        return Err(irregular());
    }
    let mut bytes = Vec::new();
    home.open_with(file, &unwaiting())?
        .take(max + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::Error::other(format!(
            "it has more than {max} bytes; make it shorter"
        )));
    }
    Ok(bytes)
}

/// Opens to read, and waits for nothing: some of the system's own files wait for news, and a file
/// may be replaced by a pipe.
fn unwaiting() -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    options
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

/// The files that an Agentfile names itself, whatever it builds on, as paths from its directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedFiles {
    /// Texts of contexts, and files of `ADD`.
    pub data: Vec<PathBuf>,
    /// Components of BINs.
    pub components: Vec<PathBuf>,
}

/// Reads which files the Agentfile at `path` names. None of them is opened.
///
/// # Ambient authority
///
/// As [`read`].
pub fn named_files(path: &Path) -> Result<NamedFiles, ReadError> {
    let file = path.display().to_string();
    let mut written = Written::parse(&read_text(path)?, &file, BTreeMap::new(), Needed::IMAGE)?;
    let contexts = written.contexts_mut();
    let mut data: Vec<_> = contexts
        .filter_map(|placed| placed.context.file.clone())
        .collect();
    data.extend(written.adds_mut().map(|placed| placed.add.source.clone()));
    let components = written.bins().filter_map(|bin| match &bin.source {
        ToolSource::Path(path) => Some(path.clone()),
        ToolSource::Image(_) => None,
    });
    Ok(NamedFiles {
        data,
        components: components.collect(),
    })
}

/// Reads the text of the Agentfile at `path`.
///
/// # Ambient authority
///
/// As [`read`].
pub fn read_text(path: &Path) -> Result<String, ReadError> {
    let bytes = read_bytes(path, FILE_MAX_BYTES).map_err(|source| ReadError::Io {
        path: path.to_owned(),
        source,
    })?;
    text_of(bytes, path)
}

/// The text of the Agentfile at `path`, of which these bytes have been read.
fn text_of(bytes: Vec<u8>, path: &Path) -> Result<String, ReadError> {
    let wrong = |fault| AgentfileError::new(&path.display().to_string(), vec![fault]);
    check_length(&bytes).map_err(wrong)?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        wrong(not_utf8(error.as_bytes(), valid)).into()
    })
}

/// At most one byte more than `max`: enough to see that it is too much.
#[allow(
    clippy::disallowed_methods,
    reason = "the operator names the Agentfile"
)]
fn read_bytes(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for a writer for ever.
    if !std::fs::metadata(path)?.is_file() {
        return Err(irregular());
    }
    let mut bytes = Vec::new();
    File::open_ambient_with(path, &unwaiting(), ambient_authority())?
        .take(max + 1)
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
