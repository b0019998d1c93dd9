//! `[network]`: the most of the network that any tool reaches, and who is asked for names.

use std::fmt;
use std::net::SocketAddr;

use cofferdam_capability::{HostPattern, NetworkCeiling};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// The table as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Written {
    /// Hosts that tools may be granted; every host when left out, none when empty.
    #[schemars(extend("default" = ["*"]))]
    hosts: Option<Vec<HostPattern>>,
    /// Addresses that are not public and may be reached all the same.
    #[serde(default)]
    addresses: Vec<Range>,
    /// The servers that are asked for the addresses of names; those of the system when empty.
    #[serde(default)]
    nameservers: Vec<Nameserver>,
}

/// A range of addresses, such as `10.1.0.0/16`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = "/[0-9]+$"))]
struct Range(IpNet);

/// The address and port of a nameserver, such as `10.0.0.53:53`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = ":[0-9]+$"))]
struct Nameserver(SocketAddr);

impl Written {
    /// The ceiling of every tool, and the nameservers.
    pub(super) fn into_parts(self) -> (NetworkCeiling, Vec<SocketAddr>) {
        let mut ceiling = NetworkCeiling::default();
        if let Some(hosts) = self.hosts {
            ceiling.hosts = hosts;
        }
        ceiling.addresses = self.addresses.into_iter().map(|range| range.0).collect();
        (
            ceiling,
            self.nameservers
                .into_iter()
                .map(|nameserver| nameserver.0)
                .collect(),
        )
    }
}

/// A key of the table as it is shown, with what an empty value means.
pub(super) struct Shown {
    pub(super) key: &'static str,
    pub(super) value: Value,
    pub(super) note: Option<&'static str>,
}

/// The keys of the table, as they are shown.
pub(super) fn shown(reach: &NetworkCeiling, nameservers: &[SocketAddr]) -> [Shown; 3] {
    [
        Shown::of("hosts", &reach.hosts, "none"),
        Shown::of("addresses", &reach.addresses, "public ones alone"),
        Shown::of("nameservers", nameservers, "those of the system"),
    ]
}

impl Shown {
    fn of<T: fmt::Display>(key: &'static str, values: &[T], empty: &'static str) -> Self {
        Self {
            key,
            value: list(values),
            note: values.is_empty().then_some(empty),
        }
    }
}

/// Values as they are shown.
pub(super) fn list<T: fmt::Display>(values: &[T]) -> Value {
    values.iter().map(T::to_string).collect()
}

impl TryFrom<String> for Range {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let range = text.parse();
        range.map(Self).map_err(|_| {
            format!("{text:?} is not a range of addresses: expected one such as 10.1.0.0/16")
        })
    }
}

impl TryFrom<String> for Nameserver {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let address = text.parse();
        address.map(Self).map_err(|_| {
            format!("{text:?} is not a nameserver: expected ADDR:PORT, such as 10.0.0.53:53")
        })
    }
}
