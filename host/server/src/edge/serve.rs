//! One connection, from its first byte to its last.

use std::fmt::Display;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::rt::bounds::Http2ServerConnExec;
use hyper::rt::{Read, Write};
use hyper::server::conn::{http1, http2};
use hyper::service::HttpService;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::connections::ConnectionPlace;

/// Time between two looks at the patience of a connection: small beside the times that are looked
/// at.
const LOOK: Duration = Duration::from_secs(1);

/// A connection that can be asked to end after the requests that it has.
pub(crate) trait Graceful {
    /// Takes no further request, and ends when those that came are answered.
    fn finish(self: Pin<&mut Self>);
}

impl<I, S, B, E> Graceful for http2::Connection<I, S, E>
where
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: Read + Write + Unpin,
    B: Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    E: Http2ServerConnExec<S::Future, B>,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, S, B> Graceful for http1::Connection<I, S>
where
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: Read + Write + Unpin,
    B: Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Runs a connection until its client ends it, its patience is at an end, another one needs its
/// place, or the door closes.
pub(crate) async fn connection<C, E>(
    served: C,
    place: &ConnectionPlace,
    closing: &CancellationToken,
) where
    C: Graceful + Future<Output = Result<(), E>>,
    E: Display,
{
    let connection = place.connection();
    let mut served = pin!(served);
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut leaving = false;
    loop {
        tokio::select! {
            ended = served.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!("a connection ended: {error}");
                }
                return;
            }
            () = closing.cancelled(), if !leaving => leaving = true,
            () = connection.asked_to_leave(), if !leaving => {
                if !connection.is_proven() {
                    return;
                }
                leaving = true;
            }
            _ = looks.tick() => {
                if let Some(reason) = connection.overdue() {
                    tracing::info!("a connection is closed: {reason}");
                    return;
                }
                // The farewell has had the time between two looks to reach the client.
                if leaving && connection.is_idle() {
                    return;
                }
                continue;
            }
        }
        looks.reset();
        served.as_mut().finish();
    }
}
