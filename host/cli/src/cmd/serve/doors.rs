//! The doors of a host: those that it opens, and those that a service manager has opened for it.

use std::net::SocketAddr;

use cofferdam_server::{Server, SocketFile, Tls, Token};
use tokio::net::{TcpListener, UnixListener};

use crate::error::Failure;
use crate::paths::{self, DataDir};
use crate::service_manager::Handed;

/// Doors that are not open yet.
#[derive(Debug)]
pub(super) struct Doors {
    tcp: Vec<(SocketAddr, TcpListener)>,
    tls: Option<Tls>,
    /// Unix sockets of the service manager.
    inherited: Vec<(UnixListener, SocketFile)>,
}

/// The doors that a server was given.
#[derive(Debug)]
pub(super) struct Opened {
    /// The socket in the data directory.
    pub(super) socket: SocketFile,
    /// All of them, in words.
    pub(super) places: String,
}

impl Doors {
    /// Listens on `address`, and takes over what the service manager handed over. TCP speaks `tls`.
    pub(super) async fn of(
        address: Option<SocketAddr>,
        handed: Handed,
        tls: Option<Tls>,
    ) -> Result<Self, Failure> {
        let Handed { unix, tcp } = handed;
        let mut doors = Self {
            tcp: Vec::new(),
            tls,
            inherited: Vec::new(),
        };
        for listener in tcp {
            doors.tcp.push(cofferdam_server::inherited_tcp(
                listener,
                doors.tls.as_ref(),
            )?);
        }
        for listener in unix {
            doors
                .inherited
                .push(cofferdam_server::inherited_unix(listener)?);
        }
        if let Some(address) = address {
            let listener = cofferdam_server::tcp(address, doors.tls.as_ref()).await?;
            let address = listener.local_addr().map_err(Failure::work)?;
            doors.tcp.push((address, listener));
        }
        Ok(doors)
    }

    /// Gives them to a server, and makes the socket of the data directory unless the service
    /// manager has made that.
    pub(super) fn open(
        self,
        data: &DataDir,
        operator: &Token,
        server: &mut Server,
    ) -> Result<Opened, Failure> {
        let Self {
            tcp,
            tls,
            inherited,
        } = self;
        let path = paths::socket(data.path());
        let mut places = vec![path.display().to_string()];
        let mut own = None;
        for (listener, file) in inherited {
            let is_own = file.is_in_place()
                && std::fs::canonicalize(file.path()).ok() == std::fs::canonicalize(&path).ok();
            if is_own {
                server.add_unix(&path, listener);
                own = Some(file);
            } else {
                places.push(file.path().display().to_string());
                server.add_unix(file.path(), listener);
            }
        }
        let socket = match own {
            Some(file) => file,
            None => {
                let (listener, file) = cofferdam_server::unix(&path)?;
                server.add_unix(&path, listener);
                file
            }
        };
        if !tcp.is_empty() {
            let scheme = if tls.is_some() { "https" } else { "http" };
            let addresses: Vec<_> = tcp
                .iter()
                .map(|(address, _)| format!("{scheme}://{address}"))
                .collect();
            let of_tcp = addresses.join(" and ");
            places.push(format!(
                "{of_tcp}, where clients send the token in {}",
                operator.origin()
            ));
            for (address, listener) in tcp {
                server.add_tcp(address, listener, tls.clone());
            }
        }
        Ok(Opened {
            socket,
            places: places.join(" and "),
        })
    }
}
