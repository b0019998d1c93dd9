//! Addresses of this machine, also public ones: what listens there is often meant for this machine
//! alone.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use rustix::io::Errno;

/// Addresses of documentation (RFC 5737, RFC 3849), which no machine has: where a socket can be
/// bound to them, the system binds to any address (`ip_nonlocal_bind`), and binding tells nothing.
const NOBODYS: (Ipv4Addr, Ipv6Addr) = (
    Ipv4Addr::new(192, 0, 2, 1),
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1),
);

/// Returns true if this machine has the address now, or if the system does not say so. Nothing is
/// sent.
///
/// A socket can be bound to the machine's own addresses alone, whichever interface has them.
pub(crate) fn is_own(address: IpAddr) -> bool {
    let nobodys = if address.is_ipv4() {
        IpAddr::V4(NOBODYS.0)
    } else {
        IpAddr::V6(NOBODYS.1)
    };
    can_bind(address) && (!can_bind(nobodys) || is_own_source(address))
}

/// Errors other than "not this machine's" count as yes: a connection is then refused. A machine
/// without IPv6 has no address of it.
fn can_bind(address: IpAddr) -> bool {
    match UdpSocket::bind(SocketAddr::new(address, 0)) {
        Ok(_) => true,
        Err(error) => !matches!(
            Errno::from_io_error(&error),
            Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT)
        ),
    }
}

/// Returns true if packets to the address would come from it, as those to a machine's own address
/// do.
fn is_own_source(address: IpAddr) -> bool {
    /// Any port: connecting a datagram socket only asks the system for the route.
    const PORT: u16 = 9;
    let any = if address.is_ipv4() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    } else {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    };
    let source = UdpSocket::bind(SocketAddr::new(any, 0)).and_then(|socket| {
        socket.connect(SocketAddr::new(address, PORT))?;
        socket.local_addr()
    });
    match source {
        Ok(source) => source.ip() == address || source.ip().is_loopback(),
        // No route leads there, so no connection does.
        Err(error) => !matches!(
            error.kind(),
            ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_own_and_other_machines_are_not() {
        for own in ["127.0.0.1", "127.9.9.9"] {
            assert!(is_own(own.parse().unwrap()), "{own}");
            assert!(is_own_source(own.parse().unwrap()), "{own}");
        }
        for other in ["8.8.8.8", "192.0.2.1", "2606:4700::1111"] {
            assert!(!is_own(other.parse().unwrap()), "{other}");
            assert!(!is_own_source(other.parse().unwrap()), "{other}");
        }
    }
}
