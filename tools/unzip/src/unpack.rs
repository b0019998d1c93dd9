//! Members become files below a directory.

use std::fs::{self, File, FileTimes};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use cofferdam_command::{Complaints, Output, Stop, path_error};
use jiff::civil;
use jiff::tz::TimeZone;
use zip::read::ZipFile;

use crate::args::{Args, Existing};

/// The longest target of a link that is read, in bytes.
const MAX_TARGET: u64 = 4096;

/// A run that unpacks.
pub(crate) struct Unpacking<'a> {
    pub(crate) args: &'a Args,
    pub(crate) complaints: &'a Complaints,
    pub(crate) failed: bool,
    /// Links come last, so that no file is written through one.
    pub(crate) links: Vec<(PathBuf, PathBuf)>,
}

impl Unpacking<'_> {
    fn complain(&mut self, sentence: &str) {
        self.complaints.say(sentence);
        self.failed = true;
    }

    /// Unpacks a member.
    pub(crate) fn member<R: Read>(
        &mut self,
        out: &mut Output,
        name: &str,
        file: ZipFile<'_, R>,
    ) -> Result<(), Stop> {
        let Some(inside) = self.inside(name) else {
            return Ok(());
        };
        if inside.as_os_str().is_empty() || (self.args.junk && file.is_dir()) {
            return Ok(());
        }
        let path = Path::new(&self.args.directory).join(&inside);
        let shown = path.to_string_lossy().into_owned();
        if let Err(error) = self.put(out, &path, &shown, &inside, file) {
            self.complain(&path_error(&shown, &error));
        }
        Ok(())
    }

    /// The path below the directory; `None` for one that would leave it.
    fn inside(&mut self, name: &str) -> Option<PathBuf> {
        let path = Path::new(name);
        let mut parts = Vec::new();
        for part in path.components() {
            match part {
                Component::Normal(part) => parts.push(part),
                Component::CurDir => {}
                _ => {
                    self.complain(&format!(
                        "{name}: it would leave the directory; not unpacked"
                    ));
                    return None;
                }
            }
        }
        if self.args.junk {
            return parts.pop().map(PathBuf::from);
        }
        Some(parts.into_iter().collect())
    }

    fn say(&self, out: &mut Output, what: &str, shown: &str) -> io::Result<()> {
        if self.args.quiet > 0 {
            return Ok(());
        }
        if what == "creating" {
            return writeln!(out, "   creating: {shown}");
        }
        writeln!(out, "{what:>11}: {shown:<22}  ")
    }

    fn put<R: Read>(
        &mut self,
        out: &mut Output,
        path: &Path,
        shown: &str,
        inside: &Path,
        mut file: ZipFile<'_, R>,
    ) -> io::Result<()> {
        if file.is_dir() {
            if !path.is_dir() {
                fs::create_dir_all(path)?;
                self.say(out, "creating", &format!("{shown}/"))?;
            }
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let there = fs::symlink_metadata(path);
        if there.is_ok() {
            match self.args.existing {
                Existing::Keep => return Ok(()),
                Existing::Refuse => {
                    return Err(io::Error::other(
                        "it is there already (-o replaces, -n keeps)",
                    ));
                }
                Existing::Replace => {}
            }
        }
        if there.is_ok_and(|there| !there.is_dir()) {
            // A link that is there must not lead the new file elsewhere.
            fs::remove_file(path)?;
        }
        if file.is_symlink() {
            let mut target = String::new();
            file.by_ref().take(MAX_TARGET).read_to_string(&mut target)?;
            let target = PathBuf::from(target);
            if leaves(inside, &target) {
                return Err(io::Error::other(format!(
                    "a link to {} would leave the directory; not unpacked",
                    target.display()
                )));
            }
            if self.args.quiet == 0 {
                writeln!(out, "    linking: {shown:<22}  -> {} ", target.display())?;
            }
            self.links.push((path.to_owned(), target));
            return Ok(());
        }
        let what = if file.compression() == zip::CompressionMethod::Stored {
            "extracting"
        } else {
            "inflating"
        };
        self.say(out, what, shown)?;
        let modified = file.last_modified().and_then(seconds);
        let mut made = File::create(path)?;
        io::copy(&mut file, &mut made)?;
        made.flush()?;
        if let Some(seconds) = modified {
            let modified = UNIX_EPOCH + Duration::from_secs(seconds);
            // A file system that keeps no times is no reason to fail.
            made.set_times(FileTimes::new().set_modified(modified)).ok();
        }
        Ok(())
    }

    /// Makes the links.
    pub(crate) fn finish(&mut self, out: &mut Output) -> Result<(), Stop> {
        if !self.links.is_empty() && self.args.quiet == 0 {
            writeln!(out, "finishing deferred symbolic links:")?;
        }
        for (path, target) in std::mem::take(&mut self.links) {
            let shown = path.to_string_lossy().into_owned();
            if self.args.quiet == 0 {
                writeln!(out, "  {shown:<22} -> {}", target.display())?;
            }
            if let Err(error) = rustix::fs::symlink(&target, &path).map_err(io::Error::from) {
                self.complain(&path_error(&shown, &error));
            }
        }
        Ok(())
    }
}

/// The time of a member as the local time of the sandbox, which is UTC.
pub(crate) fn seconds(time: zip::DateTime) -> Option<u64> {
    let field = |value: u8| i8::try_from(value).ok();
    let date = civil::DateTime::new(
        i16::try_from(time.year()).ok()?,
        field(time.month())?,
        field(time.day())?,
        field(time.hour())?,
        field(time.minute())?,
        field(time.second())?,
        0,
    );
    let zoned = date.ok()?.to_zoned(TimeZone::UTC).ok()?;
    u64::try_from(zoned.timestamp().as_second()).ok()
}

/// Returns true if a link would lead out of the directory it is unpacked into.
fn leaves(inside: &Path, target: &Path) -> bool {
    let mut depth = inside.components().count().saturating_sub(1);
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return true,
        }
    }
    false
}
