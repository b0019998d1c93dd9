//! `wasi:http/types` with the account of the call before it.
//!
//! wasmtime-wasi-http does the work and holds the resources. Each function by which a guest makes
//! the host hold something (header lists, paths, buffers of bodies) charges it here first. Methods,
//! schemes and authorities are refused beyond the length that any server takes.

mod fields;
mod holdings;
mod received;
mod sent;
mod served;
mod view;

use wasmtime::component::{HasData, Linker};
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types};

pub(crate) use holdings::Holdings;
pub(crate) use view::HttpView;

/// Tells wasmtime that [`HttpView`] is how the host sees a call's HTTP resources.
struct AccountedHttp;

impl HasData for AccountedHttp {
    type Data<'a> = HttpView<'a>;
}

/// Links `wasi:http`, with the resources of a call as `view` shows them.
pub(crate) fn add_to_linker<T: Send + 'static>(
    l: &mut Linker<T>,
    view: fn(&mut T) -> HttpView<'_>,
) -> wasmtime::Result<()> {
    outgoing_handler::add_to_linker::<T, AccountedHttp>(l, view)?;
    types::add_to_linker::<T, AccountedHttp>(l, &types::LinkOptions::default(), view)
}
