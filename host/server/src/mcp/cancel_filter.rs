//! A transport on which nothing follows a cancel, and that answers what is no message.
//!
//! Clients forget the id and the progress token of a request as soon as they cancel it. Some close
//! the connection when either comes once more. The library drops the response of a cancelled
//! request, but not what is queued for the client, nor its progress. So every message is looked at
//! once more right before it is written, after all that was written before.
//!
//! A client that does not read its answers is not read from either: each request has a place until
//! its answer is written.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::RoleServer;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, ErrorData, GetMeta, JsonRpcMessage,
    ProgressToken, RequestId, ServerJsonRpcMessage, ServerNotification,
};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::{Mutex as Turn, OwnedSemaphorePermit, Semaphore};

use super::message;

/// Cancelled requests that are remembered: several times as many as can be under way.
const MAX_CANCELLED: usize = 1_024;

/// Requests whose answers are not written yet: twice as many as the calls that may wait, so that a
/// client that is refused a call hears of it. Each may hold its largest message and its largest
/// result.
const MAX_OPEN: usize = 512;

/// A message that is being written.
type Sending<E> = Pin<Box<dyn Future<Output = Result<(), E>> + Send>>;

/// A transport without messages about cancelled requests.
pub(super) struct CancelFilter<T: Transport<RoleServer>> {
    inner: T,
    requests: Arc<Mutex<Requests>>,
    /// Messages are written one after the other, so that a cancel counts for all that wait.
    turn: Arc<Turn<()>>,
    /// Places of requests.
    places: Arc<Semaphore>,
    /// The place of the next one. It is kept here, because reading may be interrupted.
    place: Option<OwnedSemaphorePermit>,
    /// The answer to what was no message. It is kept here, because reading may be interrupted.
    refusal: Option<Sending<T::Error>>,
}

/// The requests of one client.
#[derive(Debug, Default)]
struct Requests {
    /// Requests without a response, with their tokens.
    running: HashMap<RequestId, Option<ProgressToken>>,
    /// The last ones that were cancelled.
    cancelled: VecDeque<(RequestId, Option<ProgressToken>)>,
    /// Places of the requests without a response. A client may use one id several times at once.
    open: HashMap<RequestId, Vec<OwnedSemaphorePermit>>,
}

impl<T: Transport<RoleServer>> CancelFilter<T> {
    pub(super) fn new(inner: T) -> Self {
        Self {
            inner,
            requests: Arc::default(),
            turn: Arc::default(),
            places: Arc::new(Semaphore::new(MAX_OPEN)),
            place: None,
            refusal: None,
        }
    }

    /// The requests of this client that were cancelled, as they are at any time.
    pub(super) fn cancelled(&self) -> Cancelled {
        Cancelled(Arc::clone(&self.requests))
    }

    /// Takes note of a message of the client. Returns the error that answers it, if it is none.
    fn hear(&mut self, message: &ClientJsonRpcMessage) -> Option<ErrorData> {
        let place = self.place.take();
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        match message {
            JsonRpcMessage::Request(request) => {
                requests.begin(request.id.clone(), &request.request);
                let open = requests.open.entry(request.id.clone()).or_default();
                open.extend(place);
            }
            JsonRpcMessage::Notification(notification) => match &notification.notification {
                ClientNotification::CancelledNotification(cancelled) => {
                    if let Some(id) = &cancelled.params.request_id {
                        requests.cancel(id);
                    }
                }
                ClientNotification::CustomNotification(custom) => {
                    return message::refusal(&custom.method);
                }
                _ => {}
            },
            _ => {}
        }
        None
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for CancelFilter<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let about = About::of(&message);
        let sending = self.inner.send(message);
        let requests = Arc::clone(&self.requests);
        let turn = Arc::clone(&self.turn);
        async move {
            let _turn = turn.lock().await;
            let silent = requests
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_over(&about);
            let sent = if silent { Ok(()) } else { sending.await };
            if let About::Response(id) = &about {
                let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
                requests.close(id);
            }
            sent
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            if let Some(refusal) = &mut self.refusal {
                let sent = refusal.await;
                self.refusal = None;
                sent.ok()?;
            }
            if self.place.is_none() {
                let place = Arc::clone(&self.places).acquire_owned().await;
                self.place = Some(place.ok()?);
            }
            let message = self.inner.receive().await?;
            match self.hear(&message) {
                None => return Some(message),
                Some(error) => {
                    let refusal = ServerJsonRpcMessage::error(error, None);
                    self.refusal = Some(Box::pin(self.send(refusal)));
                }
            }
        }
    }

    fn close(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        self.inner.close()
    }
}

/// The requests of one client that were cancelled, for messages that are written once more.
#[derive(Debug, Clone)]
pub(super) struct Cancelled(Arc<Mutex<Requests>>);

impl Cancelled {
    /// Returns true if a message is about one of them.
    pub(super) fn concerns(&self, message: &ServerJsonRpcMessage) -> bool {
        let requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        requests.is_cancelled(&About::of(message))
    }
}

/// The request that a message of the server is about.
#[derive(Debug)]
enum About {
    /// The response to it.
    Response(RequestId),
    /// Its progress.
    Progress(ProgressToken),
    /// None.
    Nothing,
}

impl About {
    fn of(message: &ServerJsonRpcMessage) -> Self {
        match message {
            JsonRpcMessage::Response(response) => Self::Response(response.id.clone()),
            JsonRpcMessage::Error(error) => error.id.clone().map_or(Self::Nothing, Self::Response),
            JsonRpcMessage::Notification(notification) => match &notification.notification {
                ServerNotification::ProgressNotification(progress) => {
                    Self::Progress(progress.params.progress_token.clone())
                }
                _ => Self::Nothing,
            },
            JsonRpcMessage::Request(_) => Self::Nothing,
        }
    }
}

impl Requests {
    fn begin(&mut self, id: RequestId, request: &ClientRequest) {
        let token = request.get_meta().get_progress_token();
        // A client may use them again.
        self.cancelled.retain(|(known, known_token)| {
            *known != id && (token.is_none() || *known_token != token)
        });
        self.running.insert(id, token);
    }

    fn cancel(&mut self, id: &RequestId) {
        let Some(token) = self.running.remove(id) else {
            return;
        };
        // The library may have no response for it any more.
        self.close(id);
        if self.cancelled.len() == MAX_CANCELLED {
            self.cancelled.pop_front();
        }
        self.cancelled.push_back((id.clone(), token));
    }

    /// Frees the place of one request with this id.
    fn close(&mut self, id: &RequestId) {
        if let Some(open) = self.open.get_mut(id) {
            open.pop();
            if open.is_empty() {
                self.open.remove(id);
            }
        }
    }

    /// Returns true if the client does not want to hear of it. A response is the last of its
    /// request.
    fn is_over(&mut self, about: &About) -> bool {
        if let About::Response(id) = about {
            self.running.remove(id);
        }
        self.is_cancelled(about)
    }

    fn is_cancelled(&self, about: &About) -> bool {
        match about {
            About::Response(id) => self.cancelled.iter().any(|(cancelled, _)| cancelled == id),
            About::Progress(token) => self
                .cancelled
                .iter()
                .any(|(_, cancelled)| cancelled.as_ref() == Some(token)),
            About::Nothing => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn client(message: Value) -> ClientJsonRpcMessage {
        serde_json::from_value(message).unwrap()
    }

    fn call(id: u64, token: &str) -> ClientJsonRpcMessage {
        let params = json!({ "name": "a", "_meta": { "progressToken": token } });
        client(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }))
    }

    fn progress(token: &str) -> About {
        About::Progress(ProgressToken(RequestId::String(token.into())))
    }

    #[test]
    fn nothing_is_said_of_a_cancelled_request_until_its_id_is_used_again() {
        let mut requests = Requests::default();
        let hear = |requests: &mut Requests, message| match message {
            JsonRpcMessage::Request(request) => {
                requests.begin(request.id.clone(), &request.request)
            }
            _ => requests.cancel(&RequestId::Number(1)),
        };
        let cancel = || {
            let params = json!({ "requestId": 1 });
            let method = "notifications/cancelled";
            client(json!({ "jsonrpc": "2.0", "method": method, "params": params }))
        };
        hear(&mut requests, call(1, "one"));
        hear(&mut requests, call(2, "two"));
        assert!(!requests.is_over(&progress("one")));
        hear(&mut requests, cancel());
        assert!(requests.is_over(&progress("one")));
        assert!(requests.is_over(&About::Response(RequestId::Number(1))));
        assert!(!requests.is_over(&progress("two")));
        assert!(!requests.is_over(&About::Response(RequestId::Number(2))));
        hear(&mut requests, call(1, "one"));
        assert!(!requests.is_over(&progress("one")));
        // What has a response already is not cancelled any more.
        assert!(!requests.is_over(&About::Response(RequestId::Number(1))));
        hear(&mut requests, cancel());
        assert!(requests.cancelled.is_empty());
    }
}
