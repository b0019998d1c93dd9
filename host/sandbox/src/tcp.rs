//! Outgoing TCP: `wasi:sockets` for tools whose grant names hosts and ports, and denied to all
//! others.
//!
//! wasmtime-wasi makes the sockets and moves the bytes. What stands before it: the host looks names
//! up itself, with the resolver and the address rules of HTTP; a socket is connected to an address
//! that such a lookup has checked, at a port granted for that name; sockets and lookups are
//! counted. Nobody binds, listens or gets UDP.

mod destinations;
mod lookup;
mod socket;
mod sockets;

use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::p2::bindings::sockets as wasi;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsCtxView};

pub(crate) use sockets::{Sockets, SocketsView};

/// Tells wasmtime that [`SocketsView`] is how the host sees a call's sockets.
struct GrantedSockets;

impl HasData for GrantedSockets {
    type Data<'a> = SocketsView<'a>;
}

/// Links `wasi:sockets`: the sockets of a call as `granted` shows them, and as `all` does where
/// there is nothing to refuse.
pub(crate) fn add_to_linker<T: Send + 'static>(
    l: &mut Linker<T>,
    granted: fn(&mut T) -> SocketsView<'_>,
    all: fn(&mut T) -> WasiSocketsCtxView<'_>,
) -> wasmtime::Result<()> {
    let network = wasi::network::LinkOptions::default();
    wasi::network::add_to_linker::<T, WasiSockets>(l, &network, all)?;
    wasi::instance_network::add_to_linker::<T, WasiSockets>(l, all)?;
    lookup::add_to_linker(l, granted)?;
    wasi::tcp::add_to_linker::<T, GrantedSockets>(l, granted)?;
    wasi::tcp_create_socket::add_to_linker::<T, GrantedSockets>(l, granted)?;
    // Without one that was created, nothing can be done with the rest.
    wasi::udp::add_to_linker::<T, WasiSockets>(l, all)?;
    wasi::udp_create_socket::add_to_linker::<T, GrantedSockets>(l, granted)
}
