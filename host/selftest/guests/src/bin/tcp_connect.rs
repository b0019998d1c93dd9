//! Tries to be connected where it was not granted: `tcp_connect HOST:PORT…`; and to listen, and to
//! send datagrams. All of it must be refused, and the receipt must say so.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing, and this one is about connecting"
)]

use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;

use cofferdam_guests::verdict;
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

/// Does what the plain bindings let a program say and the standard library does not.
fn raw(act: impl FnOnce() -> Result<(), ErrorCode>) -> io::Result<String> {
    act()
        .map(|()| "it worked".to_owned())
        .map_err(|code| io::Error::other(code.name()))
}

fn any_address() -> IpSocketAddress {
    IpSocketAddress::Ipv4(Ipv4SocketAddress {
        port: 0,
        address: (0, 0, 0, 0),
    })
}

fn main() -> ExitCode {
    for destination in std::env::args().skip(1) {
        match TcpStream::connect(&*destination) {
            Ok(stream) => {
                println!("ESCAPED: connect to {destination}: {stream:?}");
                return ExitCode::SUCCESS;
            }
            Err(error) => eprintln!("connect to {destination}: {error}"),
        }
    }
    verdict([
        (
            "bind",
            raw(|| {
                create_tcp_socket(IpAddressFamily::Ipv4)?
                    .start_bind(&instance_network(), any_address())
            }),
        ),
        (
            "listen",
            raw(|| create_tcp_socket(IpAddressFamily::Ipv4)?.start_listen()),
        ),
        (
            "serve",
            TcpListener::bind("127.0.0.1:0").map(|listener| format!("{listener:?}")),
        ),
        (
            "datagram",
            UdpSocket::bind("0.0.0.0:0").map(|socket| format!("{socket:?}")),
        ),
    ])
}
