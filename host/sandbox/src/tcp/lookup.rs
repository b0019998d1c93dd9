//! `wasi:sockets/ip-name-lookup`: names that the grant has passed, resolved by the host.
//!
//! Linked by hand, because the stream of addresses that wasmtime-wasi knows can be made by its own
//! resolver alone.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::vec;

use cofferdam_capability::Host;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddress, Network};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use super::destinations::Destinations;
use super::sockets::{Sockets, SocketsView};
use crate::network::{Connect, is_own};

/// The interface. A component may import any version of 0.2: the linker finds this one.
const INTERFACE: &str = "wasi:sockets/ip-name-lookup@0.2.12";

/// Addresses of one name that a guest gets; all of them are checked. Clients try a few.
const MAX_ADDRESSES: usize = 16;

/// The addresses of a name, under way or found. It asks on only while the guest waits for it, and
/// goes with its call.
struct Lookup(Answer);

enum Answer {
    Asked(Pin<Box<dyn Future<Output = Found> + Send>>),
    Came(Result<vec::IntoIter<IpAddr>, ErrorCode>),
}

type Found = Result<Vec<IpAddr>, ErrorCode>;

pub(super) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> SocketsView<'_>,
) -> wasmtime::Result<()> {
    let mut interface = linker.instance(INTERFACE)?;
    interface.resource(
        "resolve-address-stream",
        ResourceType::host::<Lookup>(),
        move |mut store, rep| {
            view(store.data_mut())
                .wasi
                .table
                .delete(Resource::<Lookup>::new_own(rep))?;
            Ok(())
        },
    )?;
    interface.func_wrap(
        "resolve-addresses",
        move |mut store: StoreContextMut<'_, T>, (network, name): (Resource<Network>, String)| {
            let SocketsView { wasi, sockets } = view(store.data_mut());
            // Having the handle is what lets a guest ask at all.
            wasi.table.get(&network)?;
            let lookup = match begin(sockets, &name) {
                Ok(lookup) => Ok(wasi.table.push(lookup)?),
                Err(code) => Err(code),
            };
            Ok((lookup,))
        },
    )?;
    interface.func_wrap(
        "[method]resolve-address-stream.resolve-next-address",
        move |mut store: StoreContextMut<'_, T>, (stream,): (Resource<Lookup>,)| {
            Ok((view(store.data_mut()).wasi.table.get_mut(&stream)?.next(),))
        },
    )?;
    interface.func_wrap(
        "[method]resolve-address-stream.subscribe",
        move |mut store: StoreContextMut<'_, T>,
              (stream,): (Resource<Lookup>,)|
              -> wasmtime::Result<(Resource<DynPollable>,)> {
            Ok((subscribe(view(store.data_mut()).wasi.table, stream)?,))
        },
    )
}

/// Begins to look a name up. Nobody is asked for one that the grant does not hold; an address is
/// its own answer.
fn begin(sockets: &mut Sockets, name: &str) -> Result<Lookup, ErrorCode> {
    let Destinations { policy, record, .. } = &sockets.destinations;
    let host = match name.parse().map(Host::Address).or_else(|_| name.parse()) {
        Ok(host) => host,
        Err(problem) => {
            record.refuse(&format!("tcp {name:?}: {problem}"));
            return Err(ErrorCode::InvalidArgument);
        }
    };
    if policy.tcp_ports(&host).is_empty() {
        record.refuse(&format!("tcp {host}: the host is not granted"));
        return Err(ErrorCode::AccessDenied);
    }
    sockets.lookups = sockets.lookups.saturating_add(1);
    if sockets.lookups > sockets.most {
        record.beyond("lookups of tcp-connections", sockets.most);
        return Err(ErrorCode::AccessDenied);
    }
    let asked = ask(
        host,
        sockets.destinations.clone(),
        Arc::clone(&sockets.network),
    );
    Ok(Lookup(Answer::Asked(Box::pin(asked))))
}

/// Every address is checked before one is handed out: a name with one wrong address is a trick.
async fn ask(host: Host, destinations: Destinations, network: Arc<dyn Connect>) -> Found {
    let mut addresses = network
        .resolve(&host)
        .await
        .map_err(|_| ErrorCode::NameUnresolvable)?;
    for address in &addresses {
        if let Err(refusal) = destinations.policy.addresses().check(*address, is_own) {
            destinations
                .record
                .refuse(&format!("tcp {host}: it resolves to {refusal}"));
            return Err(ErrorCode::AccessDenied);
        }
    }
    addresses.truncate(MAX_ADDRESSES);
    for address in &addresses {
        destinations.remember(*address, &host);
    }
    Ok(addresses)
}

impl Lookup {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Answer::Asked(asked) = &mut self.0 {
            let found = std::task::ready!(asked.as_mut().poll(context));
            self.0 = Answer::Came(found.map(Vec::into_iter));
        }
        Poll::Ready(())
    }

    fn next(&mut self) -> Result<Option<IpAddress>, ErrorCode> {
        // A guest that asks again and again without waiting gets on all the same.
        if self
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
        {
            return Err(ErrorCode::WouldBlock);
        }
        match &mut self.0 {
            Answer::Came(Ok(addresses)) => Ok(addresses
                .next()
                .map(|address| address.to_canonical().into())),
            Answer::Came(Err(code)) => Err(*code),
            Answer::Asked(_) => Err(ErrorCode::WouldBlock),
        }
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Lookup {
    async fn ready(&mut self) {
        std::future::poll_fn(|context| self.poll(context)).await;
    }
}
