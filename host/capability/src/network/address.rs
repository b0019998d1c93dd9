//! Addresses that no tool reaches, whatever name leads to them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde::Serialize;

use super::refusal::Refusal;
use super::scheme::Scheme;

/// Ranges that are not public, from the IANA special-purpose address registries, and the metadata
/// services of clouds that lie outside them.
const DENIED: [(&str, &str); 28] = [
    ("0.0.0.0/8", "this host"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared by a carrier"),
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "metadata of Azure"),
    ("169.254.0.0/16", "link-local, with the metadata of clouds"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved for protocols"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "6to4 relays"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved, with broadcast"),
    ("64:ff9b:1::/48", "local translation to IPv4"),
    ("2001::/23", "reserved for protocols, with Teredo"),
    ("2001:db8::/32", "documentation"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "unique local, with the metadata of clouds"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
    // Public IPv6 addresses lie in 2000::/3; this is everything else.
    (
        "::/3",
        "not public: loopback, unspecified, IPv4-compatible, reserved",
    ),
    ("4000::/2", "reserved"),
    ("8000::/1", "reserved"),
];

/// Bits of the prefix of a network that opens this machine's own addresses in it. It is that of the
/// broadest private network, `fc00::/7`; a broader one stands for the internet, and does not mean
/// this machine.
const OWN_PREFIX: u8 = 7;

/// Which addresses a tool may be connected to: the public ones, and those that the ceiling names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AddressPolicy {
    allowed: Vec<IpNet>,
}

impl AddressPolicy {
    pub(crate) fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// The addresses that may be reached although they are not public.
    pub fn allowed(&self) -> &[IpNet] {
        &self.allowed
    }

    /// Checks that a connection to this address may be made. `is_own` tells which addresses are
    /// this machine's: one that is public all the same leads to services that listen for this
    /// machine alone, behind its firewall.
    ///
    /// # Errors
    ///
    /// The kind of address that it is instead of a public one of somebody else.
    pub fn check(&self, address: IpAddr, is_own: impl Fn(IpAddr) -> bool) -> Result<(), Refusal> {
        let address = unmapped(address);
        self.check_public(address)?;
        let reached = [Some(address), embedded(address).map(IpAddr::V4)];
        for reached in reached.into_iter().flatten() {
            if !self.names(reached, OWN_PREFIX) && is_own(reached) {
                return Err(Refusal(format!(
                    "{reached}, which is an address of this machine"
                )));
            }
        }
        Ok(())
    }

    fn check_public(&self, address: IpAddr) -> Result<(), Refusal> {
        if let Some(embedded) = embedded(address) {
            let embedded = self.check_public(embedded.into());
            return embedded.map_err(|refusal| Refusal(format!("{address} leads to {refusal}")));
        }
        for (range, what) in DENIED {
            // A range that cannot be read would let everything in it pass; a test reads them all.
            let Ok(range) = range.parse::<IpNet>() else {
                return Err(Refusal(format!("{address}, which this host cannot judge")));
            };
            if range.contains(&address) && !self.allows(address, range) {
                return Err(Refusal(format!("{address}, which is {what}")));
            }
        }
        Ok(())
    }

    /// Returns true if a secret may be sent there: through TLS, or in clear to an address that the
    /// ceiling names, which lies in a network that the operator trusts.
    pub fn trusts(&self, scheme: Scheme, address: IpAddr) -> bool {
        let address = unmapped(address);
        scheme == Scheme::Https || self.names(address, 1)
    }

    /// Returns true if the ceiling names the address, or a network of it whose prefix has at least
    /// so many bits.
    fn names(&self, address: IpAddr, prefix: u8) -> bool {
        self.allowed
            .iter()
            .any(|net| net.contains(&address) && net.prefix_len() >= prefix)
    }

    /// Returns true if an allowed range opens a denied one, which it does only where it is at least
    /// as narrow: `0.0.0.0/0` opens none.
    fn allows(&self, address: IpAddr, denied: IpNet) -> bool {
        self.allowed
            .iter()
            .any(|net| net.contains(&address) && net.prefix_len() >= denied.prefix_len())
    }
}

/// `::ffff:a.b.c.d` is the IPv4 address to the system.
fn unmapped(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// The IPv4 address that a translator or a tunnel takes out of an IPv6 address: NAT64 (RFC 6052)
/// and 6to4 (RFC 3056).
fn embedded(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else {
        return None;
    };
    let ipv4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match Ipv6Addr::segments(&address) {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(ipv4(high, low)),
        _ => None,
    }
}
