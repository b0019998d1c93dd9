//! Served components and what their tools may write, kept apart: a tool that could put a component where it is served from
//! would choose what runs next, under the operator's offers.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::io::{Error, ErrorKind};
use std::path::{Component, Path, PathBuf};

use cofferdam_capability::{Access, Location};
use cofferdam_tool::Tool;
use rustix::fs::{Mode, OFlags, open};

use crate::error::Failure;

/// Symbolic links on the way to one file: as many as Linux follows.
const MAX_LINKS: usize = 40;

/// Directories that decide what is served, each with the name by which the operator knows it.
#[derive(Debug, Default)]
pub(super) struct Served {
    /// Directories in which a name is looked up on the way to a component.
    on_the_way: Vec<(Location, PathBuf)>,
    /// Directories that are served as a whole.
    whole: Vec<(Location, PathBuf)>,
}

impl Served {
    /// Looks at everything that is served: directories and files that the operator named, and the files found in them.
    pub(super) fn new(named: &[PathBuf], files: &[PathBuf]) -> Result<Self, Failure> {
        let (mut served, mut seen) = (Self::default(), BTreeSet::new());
        for path in named.iter().chain(files) {
            let wrong = |error: Error| Failure::usage(format!("{}: {error}", path.display()));
            for directory in looked_up_in(path).map_err(wrong)? {
                if seen.insert(directory.clone()) {
                    served.on_the_way.push((location(&directory).map_err(wrong)?, path.clone()));
                }
            }
            if path.is_dir() {
                let location = location(path).map_err(wrong)?;
                served.on_the_way.push((location.clone(), path.clone()));
                served.whole.push((location, path.clone()));
            }
        }
        Ok(served)
    }

    /// Refuses tools that may write where components are served from.
    pub(super) fn refuse_writers<'a>(&self, tools: impl Iterator<Item = &'a Tool>) -> Result<(), Failure> {
        for tool in tools {
            let writable = |access| access == Access::ReadWrite;
            for preopen in tool.grant().preopens().iter().filter(|preopen| writable(preopen.access())) {
                let (name, guest) = (tool.name(), preopen.guest());
                let writable = Location::of(preopen.dir())
                    .map_err(|error| Failure::usage(format!("the directories above {guest} of {name}: {error}")))?;
                let inside = self.on_the_way.iter().find(|(served, _)| served.lies_in(&writable));
                let around = || self.whole.iter().find(|(served, _)| writable.lies_in(served));
                if let Some((_, path)) = inside.or_else(around) {
                    return Err(Failure::usage(format!(
                        "{name} may write to {guest}, where {} is served from: it could choose what runs next; offer the \
                         directory read-only (`:ro`), or serve components from a directory beside it",
                        path.display()
                    )));
                }
            }
        }
        Ok(())
    }
}

/// The directories in which a name is looked up on the way to `path`, links included: whoever writes to one of them can
/// lead the path elsewhere.
fn looked_up_in(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let (mut at, mut directories, mut links) = (PathBuf::from("/"), Vec::new(), 0);
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
                    return Err(Error::other(format!("more than {MAX_LINKS} links lead there")));
                }
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                parts(&target).rev().for_each(|part| rest.push_front(part));
            }
            // No link.
            Err(error) if error.kind() == ErrorKind::InvalidInput => at = next,
            Err(error) => return Err(error),
        }
    }
    Ok(directories)
}

fn parts(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    let part = |part: Component<'_>| match part {
        Component::Normal(_) | Component::ParentDir => Some(part.as_os_str().to_owned()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().filter_map(part).collect::<Vec<_>>().into_iter()
}

fn location(directory: &Path) -> std::io::Result<Location> {
    // One that may be passed through and not listed has a place all the same.
    Location::of(open(directory, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}
