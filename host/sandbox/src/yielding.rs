//! Host calls let others run.
//!
//! A guest that computes yields by its fuel. A guest that makes cheap host calls in a loop uses
//! almost none, and its calls answer at once, so without this it would keep a thread to itself and
//! its deadline would go unseen.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use wasmtime::{CallHook, CallHookHandler, StoreContextMut};

use crate::transfer::Transfer;

/// Time for which a guest may keep a thread with host calls: about as long as with computing.
const SLICE: Duration = Duration::from_micros(500);

/// Gives the thread back at a host call when the guest has had it for a whole slice.
pub(crate) struct Yielding<T> {
    /// The moment at which the guest last got its thread.
    pub(crate) slice_began: fn(&mut T) -> &mut Instant,
    /// Data that may be copied out of the guest at once.
    pub(crate) transfer: fn(&mut T) -> &mut Transfer,
}

type Hook<'a> = Pin<Box<dyn Future<Output = wasmtime::Result<()>> + Send + 'a>>;

impl<T: Send + 'static> CallHookHandler<T> for Yielding<T> {
    fn handle_call_event<'this, 'store, 'call>(
        &'this self,
        mut store: StoreContextMut<'store, T>,
        event: CallHook,
    ) -> Hook<'call>
    where
        'this: 'call,
        'store: 'call,
        Self: 'call,
    {
        Transfer::apply(&mut store, &event, self.transfer);
        let slice_began = (self.slice_began)(store.data_mut());
        if !matches!(event, CallHook::CallingHost) || slice_began.elapsed() < SLICE {
            // A future without size: the usual case allocates nothing.
            return Box::pin(GoOn);
        }
        *slice_began = Instant::now();
        Box::pin(async {
            tokio::task::yield_now().await;
            Ok(())
        })
    }
}

struct GoOn;

impl Future for GoOn {
    type Output = wasmtime::Result<()>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(()))
    }
}
