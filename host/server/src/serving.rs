//! The server of a host: its doors from the first connection to the last.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cofferdam_agent::Agents;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::contract::door::Contract;
use crate::edge::accept::{Listener, accept};
use crate::edge::connections::Connections;
use crate::edge::credentials::{Credentials, Identification};
use crate::edge::failures::Failures;
use crate::edge::tls::Tls;
use crate::error::ServerError;
use crate::grpc::connection::{GrpcDoor, Services, Stack};
use crate::grpc::{self, Shared};
use crate::http::pages::Health;
use crate::http::{self, Paths};
use crate::telemetry::metrics::{Metrics, Totals};
use crate::token::Token;
use crate::token_book::TokenBook;

/// Time that turns have to store their parts once they are cancelled.
const STORE: Duration = Duration::from_secs(5);

/// The services of a host, and its doors, which are still closed.
#[derive(Debug)]
pub struct Server {
    shared: Shared,
    credentials: Arc<Credentials>,
    stack: Stack,
    /// The services for clients over TCP.
    tcp: Stack,
    failures: Arc<Failures>,
    doors: Vec<(String, Listener, Arc<GrpcDoor>)>,
}

/// A server whose doors are open.
#[derive(Debug)]
pub struct Serving {
    shared: Shared,
    closing: CancellationToken,
    doors: Vec<JoinHandle<()>>,
}

impl Server {
    /// The services of these agents, and the metrics of `totals`. Who sends the token `operator` is
    /// the operator.
    pub async fn new(
        agents: Arc<Agents>,
        operator: Arc<Token>,
        totals: Totals,
    ) -> Result<Self, ServerError> {
        let book = TokenBook::open(Arc::clone(&agents)).await;
        let book = Arc::new(book.map_err(|error| ServerError::Tokens(Box::new(error)))?);
        let credentials = Arc::new(Credentials::new(operator, Some(book.live())));
        let shared = Shared::new(Arc::clone(&agents));
        let contract = Contract::new(shared.clone());
        let paths = Paths {
            contract: Arc::clone(&contract),
            metrics: Arc::new(Metrics::new(Arc::clone(&agents), totals)),
        };
        let services = Services {
            grpc: grpc::routes(&shared, book, contract).await?,
            plain: http::service(Some(paths)),
            health: Health::new(shared.ending.clone()),
        };
        let stack = Stack::new(agents, services);
        Ok(Self {
            shared,
            credentials,
            tcp: stack.for_tcp(),
            stack,
            failures: Failures::new(),
            doors: Vec::new(),
        })
    }

    /// Adds the unix socket, which lets this user alone connect.
    pub fn add_unix(&mut self, path: &Path, listener: UnixListener) {
        self.doors.push((
            path.display().to_string(),
            Listener::Unix(listener),
            self.stack
                .door(Identification::Peer(Arc::clone(&self.credentials)), None),
        ));
    }

    /// Adds TCP, with `tls` or in clear, where each request carries a token.
    pub fn add_tcp(&mut self, address: SocketAddr, listener: TcpListener, tls: Option<Tls>) {
        let credentials = Arc::clone(&self.credentials);
        let identification = Identification::Token(credentials, Arc::clone(&self.failures));
        self.doors.push((
            address.to_string(),
            Listener::Tcp(listener),
            self.tcp.door(identification, tls),
        ));
    }

    /// Opens the doors.
    pub fn open(self) -> Serving {
        let Self {
            shared, tcp, doors, ..
        } = self;
        let closing = CancellationToken::new();
        let open =
            |(name, listener, door)| tokio::spawn(serve(name, listener, door, closing.clone()));
        let mut doors: Vec<_> = doors.into_iter().map(open).collect();
        let runtime_doors = Arc::clone(&shared.runtime_doors);
        let agents = Arc::clone(&shared.agents);
        doors.push(tokio::spawn(runtime_doors.keep(
            agents,
            tcp,
            closing.clone(),
        )));
        Serving {
            shared,
            closing,
            doors,
        }
    }
}

impl Serving {
    /// Serves the one agent of a drop-in runtime, which has this id, and nothing else, as executors
    /// of openotters dial it: without a token, on loopback.
    pub async fn drop_in(
        agents: Arc<Agents>,
        id: &str,
        address: SocketAddr,
        listener: TcpListener,
    ) -> Result<Self, ServerError> {
        let shared = Shared::new(Arc::clone(&agents));
        let routes = grpc::drop_in::routes(&shared).await?;
        let services = Services {
            grpc: routes,
            plain: http::service(None),
            health: Health::new(shared.ending.clone()),
        };
        let stack = Stack::new(agents, services).for_tcp();
        let door = stack.door(Identification::Dialed(Arc::from(id)), None);
        let closing = CancellationToken::new();
        let name = address.to_string();
        let door = tokio::spawn(serve(name, Listener::Tcp(listener), door, closing.clone()));
        Ok(Self {
            shared,
            closing,
            doors: vec![door],
        })
    }

    /// Takes no new turns and calls from now on, and returns the number of those that run. Clients
    /// may still ask what goes on.
    pub fn end(&self) -> usize {
        self.shared.ending.cancel();
        self.shared.agents.approvals().suspend();
        self.shared.turns.close();
        self.shared.turns.len()
    }

    /// Waits until no turn and no call runs any more.
    pub async fn ended(&self) {
        self.shared.turns.wait().await;
    }

    /// Stops turns and calls, and gives them a moment to store what they have.
    pub async fn stop(&self) {
        self.end();
        self.shared.stop.cancel();
        // What a turn has said is in the database already; this is for its last words.
        let _ = tokio::time::timeout(STORE, self.shared.turns.wait()).await;
    }

    /// Closes the doors, and waits until their connections have ended.
    pub async fn close(self) -> Result<(), ServerError> {
        self.closing.cancel();
        for door in self.doors {
            door.await?;
        }
        Ok(())
    }
}

/// Serves a door until `closing` says so and its connections have ended.
async fn serve(name: String, listener: Listener, door: Arc<GrpcDoor>, closing: CancellationToken) {
    let serve = |socket, place| Arc::clone(&door).connection(socket, place, closing.clone());
    accept(Connections::new(name), listener, &closing, serve).await;
}
