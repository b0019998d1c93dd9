//! The part of a tool's grant that a call by another tool may use.

use std::fmt;

use serde::Serialize;

use crate::access::Access;
use crate::guest_path::GuestPath;
use crate::network::HostPattern;

/// The part of a called tool's grant that its call may use: what the caller passes on. The default
/// is all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CallBound {
    /// Directories; none for all.
    pub(crate) directories: Option<Vec<GuestPath>>,
    /// The most access to them; none for all.
    pub(crate) access: Option<Access>,
    /// Hosts; none for all.
    pub(crate) hosts: Option<Vec<HostPattern>>,
}

impl CallBound {
    /// Returns true if it passes on the whole grant.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Returns true if it passes on nothing that the other one does not: no access to a directory,
    /// and no host.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let Self {
            directories: _,
            access,
            hosts: _,
        } = self;
        let most = Access::ReadWrite;
        let others = other.reached_directories();
        let access = access.unwrap_or(most) <= other.access.unwrap_or(most);
        let has_directory =
            |own: &GuestPath| access && others.iter().any(|other| other.contains(own));
        let reached = other.reached_hosts();
        let has_host = |own: &HostPattern| reached.iter().any(|other| own.is_within(other));
        self.reached_directories().iter().all(has_directory)
            && self.reached_hosts().iter().all(has_host)
    }

    /// The directories that it passes on: all of them are those below the root.
    fn reached_directories(&self) -> Vec<GuestPath> {
        self.directories
            .clone()
            .unwrap_or_else(|| vec![GuestPath::root()])
    }

    /// The hosts that it passes on.
    fn reached_hosts(&self) -> Vec<HostPattern> {
        self.hosts.clone().unwrap_or_else(|| vec![HostPattern::ANY])
    }
}

/// On one line, as far as it is not the whole grant.
impl fmt::Display for CallBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            directories,
            access,
            hosts,
        } = self;
        if self.is_all() {
            return f.write_str("all of its grant");
        }
        let list = |items: Vec<String>| match items.as_slice() {
            [] => "none".to_owned(),
            items => items.join(", "),
        };
        let directories = match directories {
            None => "all".to_owned(),
            Some(paths) => list(paths.iter().map(ToString::to_string).collect()),
        };
        let hosts = match hosts {
            None => "all".to_owned(),
            Some(hosts) => list(hosts.iter().map(ToString::to_string).collect()),
        };
        let access = access.unwrap_or(Access::ReadWrite);
        write!(
            f,
            "directories {directories}, at most {access}; hosts {hosts}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(
        directories: Option<&[&str]>,
        access: Option<Access>,
        hosts: Option<&[&str]>,
    ) -> CallBound {
        CallBound {
            directories: directories
                .map(|paths| paths.iter().map(|path| path.parse().unwrap()).collect()),
            access,
            hosts: hosts.map(|hosts| hosts.iter().map(|host| host.parse().unwrap()).collect()),
        }
    }

    #[test]
    fn less_is_within_more() {
        let all = CallBound::default();
        let one = bound(
            Some(&["/workspace/a"]),
            Some(Access::ReadOnly),
            Some(&["a.example.com"]),
        );
        let more = bound(Some(&["/workspace"]), None, Some(&["*.example.com"]));
        assert!(all.is_all() && !one.is_all());
        assert!(one.is_within(&all) && one.is_within(&more) && one.is_within(&one));
        assert!(!all.is_within(&one) && !more.is_within(&one) && !all.is_within(&more));
        let nothing = bound(Some(&[]), None, Some(&[]));
        assert!(nothing.is_within(&more) && nothing.is_within(&one));
        let root = bound(Some(&["/"]), None, Some(&["*"]));
        assert!(all.is_within(&root) && root.is_within(&all));
    }
}
