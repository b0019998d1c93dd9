//! The files of a publication: all are written beside their places first, and then named.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cofferdam_capability::Digest;
use tempfile::{Builder, NamedTempFile};

use crate::error::Error;

/// The mode of the files, before the author's mask takes from it: what other programs give theirs.
const MODE: u32 = 0o666;

/// A file that was made.
#[derive(Debug)]
pub struct PublishedFile {
    /// Its path.
    pub path: PathBuf,
    /// Its purpose, in a few words.
    pub purpose: &'static str,
    /// The digest of its content.
    pub digest: Digest,
    /// Its size, in bytes.
    pub size: u64,
}

/// A file before it is written.
pub(super) struct Draft {
    /// Its path below the directory.
    pub(super) path: PathBuf,
    /// Its purpose, in a few words.
    pub(super) purpose: &'static str,
    /// Its content.
    pub(super) bytes: Vec<u8>,
}

/// Writes the files below `out`. Where one of them cannot be written, none is there; a link in the
/// place of one is replaced, and not what it points to.
pub(super) fn write(out: &Path, drafts: Vec<Draft>) -> Result<Vec<PublishedFile>, Error> {
    for draft in &drafts {
        draft.check(out)?;
    }
    let staged = drafts.iter().map(|draft| draft.stage(out));
    let staged: Vec<_> = staged.collect::<Result<_, _>>()?;
    let mut files = Vec::new();
    for (draft, staged) in drafts.into_iter().zip(staged) {
        let path = out.join(&draft.path);
        staged
            .persist(&path)
            .map_err(|error| unwritten(&path, &error.error))?;
        files.push(PublishedFile {
            path,
            purpose: draft.purpose,
            digest: Digest::of(&draft.bytes),
            size: draft.bytes.len() as u64,
        });
    }
    Ok(files)
}

impl Draft {
    /// Refuses a place that is no file's, and a way to it that leads elsewhere. The directory
    /// itself is the author's choice, and may be a link.
    fn check(&self, out: &Path) -> Result<(), Error> {
        let path = out.join(&self.path);
        if there(&path)?.is_some_and(|there| there.is_dir()) {
            return Err(Error::usage(format!(
                "{} is a directory, where a file is to be; move it away",
                path.display()
            )));
        }
        let parents = self.path.ancestors().skip(1);
        for parent in parents.filter(|parent| !parent.as_os_str().is_empty()) {
            let parent = out.join(parent);
            if there(&parent)?.is_some_and(|there| !there.is_dir()) {
                return Err(Error::usage(format!(
                    "{} is no directory, where one is to be; move it away",
                    parent.display()
                )));
            }
        }
        Ok(())
    }

    /// Writes the content under a name of its own beside its place, which nobody else has.
    fn stage(&self, out: &Path) -> Result<NamedTempFile, Error> {
        let path = out.join(&self.path);
        let directory = path.parent().unwrap_or(out);
        let stage = || -> io::Result<NamedTempFile> {
            fs::create_dir_all(directory)?;
            let mut builder = Builder::new();
            builder.permissions(Permissions::from_mode(MODE));
            let mut staged = builder.tempfile_in(directory)?;
            staged.write_all(&self.bytes)?;
            Ok(staged)
        };
        stage().map_err(|error| unwritten(&path, &error))
    }
}

/// The kind of what is at a path, itself and not what it points to; none if nothing is there.
fn there(path: &Path) -> Result<Option<fs::FileType>, Error> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata.file_type())),
        // A file in the place of a directory is told of when that one is looked at.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(unwritten(path, &error)),
    }
}

fn unwritten(path: &Path, error: &io::Error) -> Error {
    Error::work(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{Draft, write};

    fn drafts() -> Vec<Draft> {
        let draft = |path: &str| Draft {
            path: path.into(),
            purpose: "a file",
            bytes: b"new".to_vec(),
        };
        vec![draft("a.tar"), draft("skill/a/SKILL.md"), draft("b.json")]
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn links_are_replaced_and_not_followed() {
        let scratch = tempfile::tempdir().unwrap();
        let out = scratch.path().join("out");
        fs::create_dir(&out).unwrap();
        let victim = scratch.path().join("victim");
        fs::write(&victim, "old").unwrap();
        symlink(&victim, out.join("b.json")).unwrap();
        assert_eq!(write(&out, drafts()).unwrap().len(), 3);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "old");
        assert!(out.join("b.json").symlink_metadata().unwrap().is_file());
        assert_eq!(fs::read_to_string(out.join("b.json")).unwrap(), "new");
        assert_eq!(names(&out), ["a.tar", "b.json", "skill"]);
    }

    #[test]
    fn nothing_is_written_where_one_place_is_taken() {
        let scratch = tempfile::tempdir().unwrap();
        let out = scratch.path().join("out");
        fs::create_dir_all(out.join("b.json")).unwrap();
        assert!(write(&out, drafts()).is_err());
        assert_eq!(names(&out), ["b.json"]);
        // Neither where the way to one leads elsewhere.
        fs::remove_dir(out.join("b.json")).unwrap();
        let elsewhere = scratch.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        symlink(&elsewhere, out.join("skill")).unwrap();
        assert!(write(&out, drafts()).is_err());
        assert_eq!(names(&out), ["skill"]);
        assert!(names(&elsewhere).is_empty());
    }
}
