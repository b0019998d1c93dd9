//! The sockets that clients connect to.

use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, UnixListener};

use super::tls::Tls;
use crate::error::ServerError;

/// The longest path of a unix socket, in bytes (`sun_path`, with its NUL).
const MAX_SOCKET_PATH: usize = 107;

/// Listens on TCP. Without TLS on loopback alone: tokens would cross a network in clear.
pub async fn tcp(address: SocketAddr, tls: Option<&Tls>) -> Result<TcpListener, ServerError> {
    check(address, tls)?;
    TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            std::io::ErrorKind::AddrInUse => ServerError::PortInUse(address),
            _ => ServerError::Tcp { address, source },
        })
}

/// Refuses an address on which tokens would cross a network in clear.
fn check(address: SocketAddr, tls: Option<&Tls>) -> Result<(), ServerError> {
    if tls.is_none() && !address.ip().is_loopback() {
        return Err(ServerError::NotLoopback(address));
    }
    Ok(())
}

/// Takes over a listener that a service manager made, on loopback as well where there is no TLS.
pub fn inherited_tcp(
    listener: std::net::TcpListener,
    tls: Option<&Tls>,
) -> Result<(SocketAddr, TcpListener), ServerError> {
    let wrong = |source| ServerError::Inherited { source };
    let address = listener.local_addr().map_err(wrong)?;
    check(address, tls)?;
    listener.set_nonblocking(true).map_err(wrong)?;
    Ok((address, TcpListener::from_std(listener).map_err(wrong)?))
}

/// Takes over a unix socket that a service manager made, with its file, which stays. Whoever may
/// connect, the host serves its own user alone.
pub fn inherited_unix(
    listener: std::os::unix::net::UnixListener,
) -> Result<(UnixListener, SocketFile), ServerError> {
    let wrong = |source| ServerError::Inherited { source };
    let address = listener.local_addr().map_err(wrong)?;
    let Some(path) = address.as_pathname() else {
        return Err(wrong(std::io::Error::other("it has no path")));
    };
    let made = std::fs::symlink_metadata(path).map_err(wrong)?;
    let file = SocketFile {
        path: path.to_owned(),
        device: made.dev(),
        inode: made.ino(),
        is_inherited: true,
    };
    listener.set_nonblocking(true).map_err(wrong)?;
    Ok((UnixListener::from_std(listener).map_err(wrong)?, file))
}

/// The socket file; removed when the host ends, unless another host has its own under that name by
/// then.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
    /// True if a service manager made it, which goes on to listen after this host.
    is_inherited: bool,
}

impl SocketFile {
    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns true if the name still leads to this socket.
    pub fn is_in_place(&self) -> bool {
        let named = std::fs::symlink_metadata(&self.path);
        named.is_ok_and(|named| (named.dev(), named.ino()) == (self.device, self.inode))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if !self.is_inherited && self.is_in_place() {
            // If it stays behind, the next host on this data directory removes it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Listens on a unix socket that only this user can connect to. The caller holds the lock of the
/// data directory, so a socket that is there already belongs to a host that is gone.
pub fn unix(path: &Path) -> Result<(UnixListener, SocketFile), ServerError> {
    let wrong = |source: std::io::Error| ServerError::Socket {
        path: path.to_owned(),
        source,
    };
    if path.as_os_str().len() > MAX_SOCKET_PATH {
        return Err(ServerError::SocketPath {
            path: path.to_owned(),
            most: MAX_SOCKET_PATH,
        });
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(wrong(error)),
        _ => {}
    }
    // The data directory lets nobody else in, so the moment before the mode is set is harmless.
    let listener = UnixListener::bind(path).map_err(wrong)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(wrong)?;
    let made = std::fs::symlink_metadata(path).map_err(wrong)?;
    Ok((
        listener,
        SocketFile {
            path: path.to_owned(),
            device: made.dev(),
            inode: made.ino(),
            is_inherited: false,
        },
    ))
}
