//! Flags that several commands share.

use clap::Args;

use crate::console::Format;

#[derive(Debug, Args)]
pub(crate) struct Listing {
    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Settings of the connections to registries.
#[derive(Debug, Args)]
pub(crate) struct Registries {
    /// Speak HTTP without TLS to the registry; for one on this machine (localhost, 127.0.0.0/8)
    /// alone
    #[arg(long)]
    pub(crate) plain_http: bool,
}
