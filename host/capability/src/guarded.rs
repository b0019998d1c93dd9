//! Files of the operator that decide what runs next, and what tools may write, kept apart.
//!
//! A tool that could replace the configuration, an Agentfile, a component or this program would
//! choose what runs next, under the operator's offers. It could do so in every directory in which a
//! name is looked up on the way to one of them.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::io::{Error, ErrorKind, Result};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, open};

use crate::access::Access;
use crate::error::GrantError;
use crate::grant::Grant;
use crate::location::Location;

/// Symbolic links on the way to one file: as many as Linux follows.
const MAX_LINKS: usize = 40;

/// Files and directories that no tool may replace, and some that none may read. The default holds
/// none.
#[derive(Debug, Clone, Default)]
pub struct Guarded {
    /// Directories in which a name is looked up on the way to a file, and the file itself.
    on_the_way: Vec<(Location, Arc<GuardedPath>)>,
    /// Directories of which every entry counts, also one that is added later.
    whole: Vec<(Location, Arc<GuardedPath>)>,
    /// Directories that hold what no tool may read.
    hidden: Vec<(Location, Arc<GuardedPath>)>,
    /// Paths of `on_the_way`, without links.
    seen: BTreeSet<PathBuf>,
}

/// A file or directory, for messages.
#[derive(Debug)]
struct GuardedPath {
    path: PathBuf,
    /// The operator's name for it, such as `the configuration`.
    role: &'static str,
}

/// The way to a path.
struct Walk {
    /// Directories in which a name is looked up, without links in their paths.
    directories: Vec<PathBuf>,
    /// The path's end after all links, if it is there.
    end: Option<PathBuf>,
}

impl Guarded {
    /// Guards a file or directory. One that is missing is guarded as far as its way is there,
    /// because a tool could make it.
    ///
    /// # Errors
    ///
    /// More links lead there than Linux follows, or the system does not say where a directory on
    /// the way lies.
    pub fn add(&mut self, path: &Path, role: &'static str) -> Result<()> {
        let kept = Arc::new(GuardedPath {
            path: path.to_owned(),
            role,
        });
        let Walk { directories, end } = way(path)?;
        for directory in directories {
            if self.seen.insert(directory.clone()) {
                self.on_the_way
                    .push((location(&directory)?, Arc::clone(&kept)));
            }
        }
        if let Some(file) = end.filter(|end| !end.is_dir() && self.seen.insert(end.clone())) {
            // A file may be mounted on its own, away from the directory in which it can be
            // replaced.
            let location =
                Location::of_file(open(&file, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?)?;
            self.on_the_way.push((location, kept));
        }
        Ok(())
    }

    /// Guards a directory with everything in it.
    ///
    /// # Errors
    ///
    /// Those of [`Self::add`]; it is missing; or it is no directory.
    pub fn add_whole(&mut self, path: &Path, role: &'static str) -> Result<()> {
        self.add(path, role)?;
        let kept = Arc::new(GuardedPath {
            path: path.to_owned(),
            role,
        });
        let location = location(path)?;
        self.on_the_way.push((location.clone(), Arc::clone(&kept)));
        self.whole.push((location, kept));
        Ok(())
    }

    /// Guards a file that no tool may read either, or a directory of such files.
    ///
    /// # Errors
    ///
    /// The same as [`Self::add`].
    pub fn add_hidden(&mut self, path: &Path, role: &'static str) -> Result<()> {
        self.add(path, role)?;
        let Some(end) = way(path)?.end else {
            return Ok(());
        };
        let directory = if end.is_dir() {
            Some(end.as_path())
        } else {
            end.parent()
        };
        if let Some(directory) = directory {
            let kept = GuardedPath {
                path: path.to_owned(),
                role,
            };
            self.hidden.push((location(directory)?, Arc::new(kept)));
        }
        Ok(())
    }

    /// Refuses a grant by which a tool could replace something of it, or read what is hidden.
    ///
    /// # Errors
    ///
    /// [`GrantError::Guarded`], [`GrantError::Hidden`], or [`GrantError::Open`] if the system does
    /// not say where a directory lies.
    pub fn check(&self, grant: &Grant) -> std::result::Result<(), GrantError> {
        for preopen in grant
            .preopens()
            .iter()
            .filter(|preopen| preopen.access() == Access::ReadWrite)
        {
            let wrong = |source| GrantError::Open {
                path: format!("the directories above {}", preopen.guest()),
                source,
            };
            let writable = Location::of(preopen.dir()).map_err(wrong)?;
            let inside = self
                .on_the_way
                .iter()
                .find(|(kept, _)| kept.lies_in(&writable));
            let around = || self.whole.iter().find(|(kept, _)| writable.lies_in(kept));
            if let Some((_, kept)) = inside.or_else(around) {
                return Err(GrantError::Guarded {
                    host: preopen.host().display().to_string(),
                    guest: preopen.guest().clone(),
                    role: kept.role,
                    path: kept.path.display().to_string(),
                });
            }
        }
        for preopen in grant.preopens() {
            let wrong = |source| GrantError::Open {
                path: format!("the directories above {}", preopen.guest()),
                source,
            };
            let readable = Location::of(preopen.dir()).map_err(wrong)?;
            let hidden = self.hidden.iter().find(|(kept, _)| kept.lies_in(&readable));
            if let Some((_, kept)) = hidden {
                return Err(GrantError::Hidden {
                    host: preopen.host().display().to_string(),
                    guest: preopen.guest().clone(),
                    role: kept.role,
                    path: kept.path.display().to_string(),
                });
            }
        }
        Ok(())
    }
}

/// Follows a path name by name, links included: whoever writes to one of the directories can lead
/// it elsewhere.
fn way(path: &Path) -> Result<Walk> {
    let mut at = PathBuf::from("/");
    let mut directories = Vec::new();
    let mut links = 0;
    let mut rest: VecDeque<OsString> = parts(&std::path::absolute(path)?).collect();
    while let Some(part) = rest.pop_front() {
        if part == ".." {
            at.pop();
            continue;
        }
        directories.push(at.clone());
        let next = at.join(&part);
        match std::fs::read_link(&next) {
            Ok(target) => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(Error::other(format!(
                        "more than {MAX_LINKS} links lead there"
                    )));
                }
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                parts(&target).rev().for_each(|part| rest.push_front(part));
            }
            Err(error) => match error.kind() {
                // No link.
                ErrorKind::InvalidInput => at = next,
                ErrorKind::NotFound => {
                    return Ok(Walk {
                        directories,
                        end: None,
                    });
                }
                // This user looks nothing up in a file, or in a directory that is closed to it, and
                // no tool does.
                ErrorKind::NotADirectory | ErrorKind::PermissionDenied => {
                    directories.pop();
                    return Ok(Walk {
                        directories,
                        end: None,
                    });
                }
                _ => return Err(error),
            },
        }
    }
    Ok(Walk {
        directories,
        end: Some(at),
    })
}

fn parts(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    let part = |part: Component<'_>| match part {
        Component::Normal(_) | Component::ParentDir => Some(part.as_os_str().to_owned()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components()
        .filter_map(part)
        .collect::<Vec<_>>()
        .into_iter()
}

fn location(directory: &Path) -> Result<Location> {
    // One that may be passed through and not listed has a place all the same.
    Location::of(open(
        directory,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?)
}
