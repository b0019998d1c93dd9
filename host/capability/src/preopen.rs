//! Directories: offered by the operator, opened once, handed on by descriptor.
//!
//! This is the only file of the host that opens a directory for a guest. Everything after it holds
//! a descriptor, so a directory that is swapped for a symbolic link after the grant changes
//! nothing.

use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::access::Access;
use crate::error::GrantError;
use crate::guest_path::GuestPath;
use crate::kernel_files;
use crate::location::Location;
use crate::room::Room;

/// A directory that the operator is willing to show, under the name by which a guest would know it.
#[derive(Debug, Clone)]
pub struct Offer {
    pub(crate) guest: GuestPath,
    access: Access,
    dir: Arc<Dir>,
    /// The directory's origin, for messages.
    host: String,
    /// The operator named it by a path of the host; else it lies in a tree that the host keeps for
    /// its tools.
    named: bool,
    /// The room in which what is written there counts over all calls, if it does.
    room: Option<Arc<Room>>,
}

/// A directory that a tool was granted: open, and what it may do there.
#[derive(Debug, Clone)]
pub struct Preopen {
    guest: GuestPath,
    access: Access,
    dir: Arc<Dir>,
    /// The directory's path on the host when it was opened.
    host: PathBuf,
    /// The room in which what is written there counts over all calls, if it does.
    room: Option<Arc<Room>>,
}

impl Offer {
    /// Offers a directory of the host, which the operator named.
    ///
    /// # Ambient Authority
    ///
    /// Resolves `host` as the operator would, symbolic links included. Errors when it is not a
    /// directory, or leads to a file system by which the kernel shows itself.
    #[allow(
        clippy::disallowed_methods,
        reason = "the operator names it; this is where guests' directories are opened"
    )]
    pub fn host_directory(
        host: &Path,
        guest: GuestPath,
        access: Access,
    ) -> Result<Self, GrantError> {
        let name = host.display().to_string();
        let open = |source| GrantError::Open {
            path: name.clone(),
            source,
        };
        let dir = Dir::open_ambient_dir(host, ambient_authority()).map_err(open)?;
        if let Some(found) = kernel_files::found_in(&dir).map_err(open)? {
            return Err(GrantError::KernelFiles {
                host: name,
                guest,
                found: found.display().to_string(),
            });
        }
        Ok(Self {
            guest,
            access,
            dir: Arc::new(dir),
            host: name,
            named: true,
            room: None,
        })
    }

    /// Offers a directory that the host keeps for its tools, wherever it lies.
    pub fn kept(dir: Arc<Dir>, guest: GuestPath, access: Access) -> Self {
        Self {
            host: guest.to_string(),
            guest,
            access,
            dir,
            named: false,
            room: None,
        }
    }

    /// The same offer, of a directory whose files share this room.
    #[must_use]
    pub fn in_room(mut self, room: Arc<Room>) -> Self {
        self.room = Some(room);
        self
    }

    /// Refuses a directory that holds `data`, the data directory of the host, or lies in it: keys,
    /// tokens, conversations and the components of all agents would be the tool's. A workspace,
    /// which the host itself offers, may lie there.
    ///
    /// # Errors
    ///
    /// [`GrantError::HostData`], or [`GrantError::Open`] if the system does not say where a
    /// directory lies.
    pub fn refuse_host_data(&self, data: &Dir) -> Result<(), GrantError> {
        let open = |source| GrantError::Open {
            path: self.host.clone(),
            source,
        };
        if !self.named {
            return Ok(());
        }
        let own = Location::of(&*self.dir).map_err(open)?;
        let data = Location::of(data).map_err(open)?;
        if own.lies_in(&data) || data.lies_in(&own) {
            return Err(GrantError::HostData {
                host: self.host.clone(),
                guest: self.guest.clone(),
            });
        }
        Ok(())
    }

    /// The guest path it is offered under.
    pub fn guest(&self) -> &GuestPath {
        &self.guest
    }

    /// The most that a guest may do in it.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Returns true if a guest finds this directory where `asked` is in the other one, which holds
    /// it: its name leads here.
    pub(crate) fn hides(&self, other: &Self, asked: &GuestPath) -> bool {
        self.guest != other.guest && other.guest.contains(&self.guest) && self.guest.contains(asked)
    }

    /// Returns the part that both the offer and a row `asked` (path and access) cover: the deeper
    /// directory, the lesser access.
    pub(crate) fn meet(
        &self,
        asked: &GuestPath,
        access: Access,
    ) -> Result<Option<Preopen>, GrantError> {
        let access = access.min(self.access);
        if let Some(below) = self.guest.below(asked) {
            let open = |source| GrantError::Open {
                path: format!("{below} in {}", self.host),
                source,
            };
            let dir = match below {
                "." => Arc::clone(&self.dir),
                below => Arc::new(self.dir.open_dir(below).map_err(open)?),
            };
            return Ok(Some(self.preopen(asked.clone(), access, dir)));
        }
        if asked.contains(&self.guest) {
            return Ok(Some(self.preopen(
                self.guest.clone(),
                access,
                Arc::clone(&self.dir),
            )));
        }
        Ok(None)
    }

    fn preopen(&self, guest: GuestPath, access: Access, dir: Arc<Dir>) -> Preopen {
        let host =
            std::fs::read_link(format!("/proc/self/fd/{}", dir.as_raw_fd())).unwrap_or_default();
        Preopen {
            guest,
            access,
            dir,
            host,
            room: self.room.clone(),
        }
    }
}

impl Preopen {
    /// The part of it that lies in `within`, if there is one.
    pub(crate) fn meet(&self, within: &GuestPath) -> Result<Option<Self>, GrantError> {
        if within.contains(&self.guest) {
            return Ok(Some(self.clone()));
        }
        let Some(below) = self.guest.below(within) else {
            return Ok(None);
        };
        let open = |source| GrantError::Open {
            path: within.to_string(),
            source,
        };
        let dir = Arc::new(self.dir.open_dir(below).map_err(open)?);
        Ok(Some(Self {
            guest: within.clone(),
            dir,
            ..self.clone()
        }))
    }

    /// The same directory with no more access than this.
    pub(crate) fn with_at_most(self, access: Access) -> Self {
        Self {
            access: self.access.min(access),
            ..self
        }
    }

    /// The path under which the guest sees it.
    pub fn guest(&self) -> &GuestPath {
        &self.guest
    }

    /// The guest's rights there.
    pub fn access(&self) -> Access {
        self.access
    }

    /// The directory's path on the host when it was opened, for people; empty if the system does
    /// not say.
    pub fn host(&self) -> &Path {
        &self.host
    }

    /// The room in which what is written there counts over all calls, if it does.
    pub fn room(&self) -> Option<&Arc<Room>> {
        self.room.as_ref()
    }

    /// The open directory.
    pub fn dir(&self) -> &Dir {
        &self.dir
    }
}
