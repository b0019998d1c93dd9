//! The environment of a build, as an argument.

use std::ffi::OsString;
use std::path::PathBuf;

/// Variables that decide how a component is built. The default has none of them.
///
/// Cargo reads the environment of the process as well; these are the ones that its flags are made
/// from here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildEnvironment {
    /// `CARGO_ENCODED_RUSTFLAGS`: the author's flags for the compiler, separated by U+001F.
    pub encoded_rustflags: Option<String>,
    /// `RUSTFLAGS`: the same, separated by spaces; ignored beside the former.
    pub rustflags: Option<String>,
    /// `CARGO_HOME`: the directory of dependencies. A relative path is ignored.
    pub cargo_home: Option<PathBuf>,
    /// `HOME`, for the default of the former. A relative path is ignored.
    pub home: Option<PathBuf>,
    /// `SOURCE_DATE_EPOCH`: the time in an image
    /// (<https://reproducible-builds.org/specs/source-date-epoch/>).
    pub source_date_epoch: Option<OsString>,
}
