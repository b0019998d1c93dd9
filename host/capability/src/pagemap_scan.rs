//! The operator's choice of how the memory of sandboxes is reset between calls.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Lets the kernel say which pages a call has written, so that only those are reset
/// (`PAGEMAP_SCAN`, Linux 6.7).
///
/// It overlooks pages that were swapped out: the next call would find them as they were left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PagemapScan {
    /// Scans while the memory of the host cannot be swapped.
    #[default]
    Auto,
    /// Always scans. Safe only where other means keep the memory of the host from swap.
    Always,
    /// Never scans.
    Never,
}

impl fmt::Display for PagemapScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        })
    }
}
