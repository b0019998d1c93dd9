//! Paths as a guest sees them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The directory in which a tool's relative paths resolve.
const WORKING_DIRECTORY: &str = "/workspace";

/// The directory that every call gets empty and for itself.
const SCRATCH: &str = "/tmp";

/// The directory that `HOME` and the variables of XDG name or that holds theirs.
const HOME: &str = "/home";

/// The directory of files that an agent's author added.
const DATA: &str = "/etc/data";

/// An absolute path in a guest's own tree, in its shortest form: `/workspace/notes`. It never holds
/// `.`, `..`, an empty component or a NUL, so two guest paths are the same directory only when they
/// are the same text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("pattern" = "^/")))]
#[serde(into = "String", try_from = "String")]
pub struct GuestPath(String);

impl GuestPath {
    /// The root of the tree: `/`.
    pub(crate) fn root() -> Self {
        Self("/".to_owned())
    }

    /// The directory against which relative paths resolve: `/workspace`.
    pub fn working_directory() -> Self {
        Self(WORKING_DIRECTORY.to_owned())
    }

    /// The scratch directory of a call: `/tmp`.
    pub fn scratch() -> Self {
        Self(SCRATCH.to_owned())
    }

    /// The home directory of an agent's tools: `/home`.
    pub fn home() -> Self {
        Self(HOME.to_owned())
    }

    /// The files that an agent's author added: `/etc/data`.
    pub fn data() -> Self {
        Self(DATA.to_owned())
    }

    /// The path as text, beginning with `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path below the root of the tree, without the leading `/`; `.` for the root itself.
    pub fn below_root(&self) -> &str {
        match self.0.trim_start_matches('/') {
            "" => ".",
            below => below,
        }
    }

    /// Returns true if `other` is this directory or lies inside it.
    pub fn contains(&self, other: &Self) -> bool {
        self.below(other).is_some()
    }

    /// Returns the path of `other` inside this directory: `.` for the directory itself, `None` when
    /// it is outside.
    pub fn below<'a>(&self, other: &'a Self) -> Option<&'a str> {
        if self.0 == "/" {
            return Some(other.below_root());
        }
        match other.0.strip_prefix(&self.0)? {
            "" => Some("."),
            rest => rest.strip_prefix('/'),
        }
    }

    /// The same directory as a relative path names it, for a path in or at the working directory.
    pub fn relative(&self) -> Option<&str> {
        Self::working_directory().below(self)
    }
}

impl fmt::Display for GuestPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<GuestPath> for String {
    fn from(path: GuestPath) -> Self {
        path.0
    }
}

impl std::str::FromStr for GuestPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let below = text.strip_prefix('/').ok_or_else(|| {
            format!("`{text}` is not a guest path: expected an absolute path such as /workspace")
        })?;
        if below.is_empty() {
            return Ok(Self("/".to_owned()));
        }
        let plain =
            |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\0');
        if !below.split('/').all(plain) {
            return Err(format!(
                "`{text}` is not a guest path: write it without `.`, `..`, `//` or a trailing `/`, \
                 such as /workspace"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for GuestPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}
