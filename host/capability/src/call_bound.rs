//! The part of a tool's grant that a call by another tool may use.

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

    /// Returns true if it passes on nothing that the other one does not.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let Self {
            directories,
            access,
            hosts,
        } = self;
        let directories = match (directories, &other.directories) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(others)) => own
                .iter()
                .all(|own| others.iter().any(|other| other.contains(own))),
        };
        let hosts = match (hosts, &other.hosts) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(others)) => own
                .iter()
                .all(|own| others.iter().any(|other| own.is_within(other))),
        };
        let most = Access::ReadWrite;
        directories && hosts && access.unwrap_or(most) <= other.access.unwrap_or(most)
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
        assert!(nothing.is_within(&more) && !nothing.is_within(&one));
    }
}
