//! `wasi:sockets/ip-name-lookup`: names that the grant has passed, resolved by the host.
//!
//! Linked by hand, because the stream of addresses that wasmtime-wasi knows can be made by its own resolver alone.

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

use super::{Reach, Sockets};
use crate::network::{Client, is_own};
use crate::state::State;

/// The interface. A component may import any version of 0.2: the linker finds this one.
const INTERFACE: &str = "wasi:sockets/ip-name-lookup@0.2.12";

/// Addresses of one name that a guest gets; all of them are checked. Clients try a few.
const MAX_ADDRESSES: usize = 16;

/// The addresses of a name, under way or found. It asks on only while the guest waits for it, and goes with its call.
struct Lookup(Answer);

enum Answer {
    Asked(Pin<Box<dyn Future<Output = Found> + Send>>),
    Came(Result<vec::IntoIter<IpAddr>, ErrorCode>),
}

type Found = Result<Vec<IpAddr>, ErrorCode>;

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interface = linker.instance(INTERFACE)?;
    interface.resource("resolve-address-stream", ResourceType::host::<Lookup>(), |mut store, rep| {
        store.data_mut().table.delete(Resource::<Lookup>::new_own(rep))?;
        Ok(())
    })?;
    interface.func_wrap(
        "resolve-addresses",
        |mut store: StoreContextMut<'_, State>, (network, name): (Resource<Network>, String)| {
            let State { sockets, table, .. } = store.data_mut();
            // Having the handle is what lets a guest ask at all.
            table.get(&network)?;
            let lookup = match sockets.look_up(&name) {
                Ok(lookup) => Ok(table.push(lookup)?),
                Err(code) => Err(code),
            };
            Ok((lookup,))
        },
    )?;
    interface.func_wrap(
        "[method]resolve-address-stream.resolve-next-address",
        |mut store: StoreContextMut<'_, State>, (stream,): (Resource<Lookup>,)| {
            Ok((store.data_mut().table.get_mut(&stream)?.next(),))
        },
    )?;
    interface.func_wrap(
        "[method]resolve-address-stream.subscribe",
        |mut store: StoreContextMut<'_, State>,
         (stream,): (Resource<Lookup>,)|
         -> wasmtime::Result<(Resource<DynPollable>,)> {
            Ok((subscribe(&mut store.data_mut().table, stream)?,))
        },
    )
}

impl Sockets {
    /// Begins to look a name up. Nobody is asked for one that the grant does not hold; an address is its own answer.
    fn look_up(&mut self, name: &str) -> Result<Lookup, ErrorCode> {
        let record = &self.reach.record;
        let host = match name.parse().map(Host::Address).or_else(|_| name.parse()) {
            Ok(host) => host,
            Err(problem) => {
                record.refuse(&format!("tcp {name:?}: {problem}"));
                return Err(ErrorCode::InvalidArgument);
            }
        };
        if self.reach.policy.tcp_ports(&host).is_empty() {
            record.refuse(&format!("tcp {host}: the host is not granted"));
            return Err(ErrorCode::AccessDenied);
        }
        self.lookups = self.lookups.saturating_add(1);
        if self.lookups > self.most {
            record.beyond("lookups of tcp-connections", self.most);
            return Err(ErrorCode::AccessDenied);
        }
        let asked = ask(host, self.reach.clone(), Arc::clone(&self.client));
        Ok(Lookup(Answer::Asked(Box::pin(asked))))
    }
}

/// Every address is checked before one is handed out: a name with one wrong address is a trick.
async fn ask(host: Host, reach: Reach, client: Arc<Client>) -> Found {
    let mut addresses = client.resolve(&host).await.map_err(|_| ErrorCode::NameUnresolvable)?;
    for address in &addresses {
        if let Err(refusal) = reach.policy.addresses().check(*address, is_own) {
            reach.record.refuse(&format!("tcp {host}: it resolves to {refusal}"));
            return Err(ErrorCode::AccessDenied);
        }
    }
    addresses.truncate(MAX_ADDRESSES);
    for address in &addresses {
        reach.remember(*address, &host);
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
        if self.poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            return Err(ErrorCode::WouldBlock);
        }
        match &mut self.0 {
            Answer::Came(Ok(addresses)) => Ok(addresses.next().map(|address| address.to_canonical().into())),
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
