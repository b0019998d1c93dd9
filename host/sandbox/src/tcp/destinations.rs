//! Addresses that the sockets of a call may be connected to.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use cofferdam_capability::{Grant, Host, NetworkPolicy};
use wasmtime_wasi::sockets::SocketAddrUse;

use crate::network::{Record, is_own};

/// The destinations of a call over TCP. Shared with the check that wasmtime-wasi makes before it
/// connects.
#[derive(Clone)]
pub(super) struct Destinations {
    pub(super) policy: Arc<NetworkPolicy>,
    pub(super) record: Record,
    /// Addresses that lookups of this call have found and checked, with the hosts whose they are.
    checked: Arc<Mutex<BTreeMap<IpAddr, Vec<Host>>>>,
}

/// An address and port that the call may not connect to, with the reason.
#[derive(Debug, thiserror::Error)]
#[error("tcp {host}:{port}: {reason}")]
pub(super) struct Unreachable {
    host: Host,
    port: u16,
    reason: String,
}

impl Destinations {
    /// Those of a grant, before any lookup.
    pub(super) fn new(grant: &Grant, record: Record) -> Self {
        Self {
            policy: Arc::new(grant.network().clone()),
            record,
            checked: Arc::default(),
        }
    }

    pub(super) fn allows(&self, address: SocketAddr, used: SocketAddrUse) -> bool {
        match used {
            // The system chooses where a connection comes from. Explicit binding never gets this
            // far.
            SocketAddrUse::TcpBind => address.ip().is_unspecified() && address.port() == 0,
            SocketAddrUse::TcpConnect => match self.destination(address) {
                Ok(destination) => {
                    self.record.contact(destination);
                    true
                }
                Err(_) => false,
            },
            SocketAddrUse::TcpListen
            | SocketAddrUse::TcpAccept
            | SocketAddrUse::UdpBind
            | SocketAddrUse::UdpSend
            | SocketAddrUse::UdpReceive => false,
        }
    }

    /// Returns the host behind an address and port, as `host:port` of the grant.
    ///
    /// # Errors
    ///
    /// If the grant reaches nothing there.
    pub(super) fn destination(&self, address: SocketAddr) -> Result<String, Unreachable> {
        let ip = address.ip().to_canonical();
        let port = address.port();
        let host = Host::Address(ip);
        let granted = |host: &Host| self.policy.tcp_ports(host).contains(&port);
        if granted(&host) {
            return match self.policy.addresses().check(ip, is_own) {
                Ok(()) => Ok(format!("{host}:{port}")),
                Err(refusal) => Err(Unreachable {
                    host,
                    port,
                    reason: format!("it is {refusal}"),
                }),
            };
        }
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        match checked
            .get(&ip)
            .and_then(|hosts| hosts.iter().find(|host| granted(host)))
        {
            Some(host) => Ok(format!("{host}:{port}")),
            None => {
                let reason = "neither granted nor an address of a granted name".to_owned();
                Err(Unreachable { host, port, reason })
            }
        }
    }

    /// Remembers an address that was checked for a host.
    pub(super) fn remember(&self, ip: IpAddr, host: &Host) {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let hosts = checked.entry(ip.to_canonical()).or_default();
        if !hosts.contains(host) {
            hosts.push(host.clone());
        }
    }
}
