//! Outgoing TCP: `wasi:sockets` for tools whose grant names hosts and ports, and denied to all others.
//!
//! wasmtime-wasi makes the sockets and moves the bytes. What stands before it: the host looks names up itself, with the
//! resolver and the address rules of HTTP; a socket is connected to an address that such a lookup has checked, at a port
//! granted for that name; sockets and lookups are counted. Nobody binds, listens or gets UDP.

mod lookup;
mod socket;

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use cofferdam_capability::{Grant, Host, NetworkPolicy};
use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::p2::bindings::sockets;
use wasmtime_wasi::sockets::{SocketAddrUse, WasiSockets, WasiSocketsCtxView, WasiSocketsView};

use crate::network::{Client, Record, is_own};
use crate::state::State;

/// What the host keeps of the sockets of one call.
pub(crate) struct Sockets {
    reach: Reach,
    client: Arc<Client>,
    /// Sockets and lookups that the call may make, each.
    most: u64,
    made: u64,
    lookups: u64,
}

/// Where the sockets of a call may be connected to. Shared with the check that wasmtime-wasi makes before it connects.
#[derive(Clone)]
pub(crate) struct Reach {
    policy: Arc<NetworkPolicy>,
    record: Record,
    /// Addresses that lookups of this call have found and checked, with the hosts whose they are.
    checked: Arc<Mutex<BTreeMap<IpAddr, Vec<Host>>>>,
}

/// wasmtime-wasi's sockets with the grant before them.
pub(crate) struct SocketsView<'a> {
    wasi: WasiSocketsCtxView<'a>,
    sockets: &'a mut Sockets,
}

/// Tells wasmtime that [`SocketsView`] is how the host sees a call's sockets.
struct GrantedSockets;

impl HasData for GrantedSockets {
    type Data<'a> = SocketsView<'a>;
}

/// A yes or no of wasmtime-wasi's check, which it waits for.
type Verdict = Pin<Box<dyn Future<Output = bool> + Send + Sync>>;

/// Links `wasi:sockets`.
pub(crate) fn add_to_linker(l: &mut Linker<State>) -> wasmtime::Result<()> {
    let network = sockets::network::LinkOptions::default();
    sockets::network::add_to_linker::<State, WasiSockets>(l, &network, State::sockets)?;
    sockets::instance_network::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    lookup::add_to_linker(l)?;
    sockets::tcp::add_to_linker::<State, GrantedSockets>(l, State::granted_sockets)?;
    sockets::tcp_create_socket::add_to_linker::<State, GrantedSockets>(l, State::granted_sockets)?;
    // Without one that was created, nothing can be done with the rest.
    sockets::udp::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::udp_create_socket::add_to_linker::<State, GrantedSockets>(l, State::granted_sockets)
}

impl Sockets {
    /// `record` is that of the call's HTTP: hosts and refusals stand together in its receipt.
    pub(crate) fn new(grant: &Grant, client: Arc<Client>, record: Record) -> Self {
        let policy = Arc::new(grant.network().clone());
        let reach = Reach { policy, record, checked: Arc::default() };
        Self { reach, client, most: grant.limits().tcp_connections.0, made: 0, lookups: 0 }
    }

    /// What wasmtime-wasi asks before it does anything with an address.
    pub(crate) fn check(&self) -> impl Fn(SocketAddr, SocketAddrUse) -> Verdict + Send + Sync + 'static {
        let reach = self.reach.clone();
        move |address, used| Box::pin(ready(reach.allows(address, used)))
    }

    pub(crate) fn view<'a>(&'a mut self, wasi: WasiSocketsCtxView<'a>) -> SocketsView<'a> {
        SocketsView { wasi, sockets: self }
    }

    /// Whether one more socket may be made.
    fn may_make(&mut self) -> bool {
        self.made = self.made.saturating_add(1);
        if self.made > self.most {
            self.reach.record.beyond("tcp-connections", self.most);
        }
        self.made <= self.most
    }
}

impl Reach {
    fn allows(&self, address: SocketAddr, used: SocketAddrUse) -> bool {
        match used {
            // The system chooses where a connection comes from. Explicit binding never gets this far.
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

    /// Who is behind an address and port, as `host:port` of the grant; the error says why nobody is reached there.
    fn destination(&self, address: SocketAddr) -> Result<String, String> {
        let (ip, port) = (address.ip().to_canonical(), address.port());
        let literal = Host::Address(ip);
        let granted = |host: &Host| self.policy.tcp_ports(host).contains(&port);
        if granted(&literal) {
            let checked = self.policy.addresses().check(ip, is_own);
            return checked
                .map(|()| format!("{literal}:{port}"))
                .map_err(|refusal| format!("tcp {literal}:{port}: it is {refusal}"));
        }
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        match checked.get(&ip).and_then(|hosts| hosts.iter().find(|host| granted(host))) {
            Some(host) => Ok(format!("{host}:{port}")),
            None => Err(format!("tcp {literal}:{port}: neither granted nor an address of a granted name")),
        }
    }

    /// Remembers an address that was checked for a host.
    fn remember(&self, ip: IpAddr, host: &Host) {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let hosts = checked.entry(ip.to_canonical()).or_default();
        if !hosts.contains(host) {
            hosts.push(host.clone());
        }
    }
}
