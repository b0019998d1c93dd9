//! Settings as they are shown.

use serde::Serialize;

/// One effective value.
#[derive(Debug, Serialize)]
pub(crate) struct Setting {
    /// Its key, as it is written in the file.
    pub(crate) key: String,
    /// The value that holds.
    pub(crate) value: String,
    /// `default`, or the file and line.
    pub(crate) origin: String,
}
