//! The service manager that started this host, such as systemd: it hands sockets over, and hears
//! how far the host is.

use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;

use listenfd::ListenFd;
use rustix::net::sockopt::socket_acceptconn;
use sd_notify::NotifyState;

use crate::error::Failure;

/// Sockets that are taken. A unit has one for each door.
const MAX_SOCKETS: usize = 16;

/// Number of the first descriptor that is handed over (`SD_LISTEN_FDS_START`).
const FIRST: usize = 3;

/// Sockets that the service manager listens on for this host.
#[derive(Debug, Default)]
pub(crate) struct Handed {
    pub(crate) unix: Vec<UnixListener>,
    pub(crate) tcp: Vec<TcpListener>,
}

/// Takes the sockets that are for this process. `LISTEN_PID` says whose they are: without it, or
/// with that of another process, nothing is taken. The variables are removed, so this comes before
/// other threads read the environment.
pub(crate) fn handed() -> Result<Handed, Failure> {
    let mut handed = Handed::default();
    let own = std::process::id().to_string();
    if std::env::var("LISTEN_PID").ok() != Some(own) {
        return Ok(handed);
    }
    let written = std::env::var("LISTEN_FDS").unwrap_or_default();
    let is_count = |count: &usize| *count <= MAX_SOCKETS;
    if written.parse().ok().filter(is_count).is_none() {
        return Err(Failure::usage(format!(
            "LISTEN_FDS = {written:?}: expected the number of sockets of this host, at most \
             {MAX_SOCKETS}"
        )));
    }
    let mut sockets = ListenFd::from_env();
    for place in 0..sockets.len() {
        let number = FIRST + place;
        let wrong = |problem: &str| {
            Failure::usage(format!(
                "descriptor {number}, which the service manager handed over, {problem}"
            ))
        };
        // The library refuses one that is not of the kind, and leaves it.
        if let Ok(Some(listener)) = sockets.take_unix_listener(place) {
            refuse_connected(&listener, wrong)?;
            handed.unix.push(listener);
        } else if let Ok(Some(listener)) = sockets.take_tcp_listener(place) {
            refuse_connected(&listener, wrong)?;
            handed.tcp.push(listener);
        } else {
            return Err(wrong(
                "is neither a stream socket of a path nor one of TCP: use ListenStream= in its \
                 .socket unit",
            ));
        }
    }
    Ok(handed)
}

/// Refuses a socket that does not listen, such as a connection.
fn refuse_connected(socket: impl AsFd, wrong: impl Fn(&str) -> Failure) -> Result<(), Failure> {
    match socket_acceptconn(socket) {
        Ok(true) => Ok(()),
        Ok(false) => Err(wrong("does not listen: use Accept=no in its .socket unit")),
        Err(error) => Err(wrong(&format!("cannot be looked at: {error}"))),
    }
}

/// The host serves, or serves again.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready, NotifyState::Status("serving")]);
}

/// The host reads its files again, and says [`ready`] after that.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[
            NotifyState::Reloading,
            now,
            NotifyState::Status("reloading"),
        ]),
        Err(error) => tracing::warn!("no clock for the service manager: {error}"),
    }
}

/// The host ends.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("ending")]);
}

/// Tells the service manager, if there is one.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("the service manager cannot be told: {error}");
    }
}
