//! Tasks that carry requests, one per address.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::connection::{Connection, Connector, Tcp};
use crate::driver::{Answered, Handle, SendFailed, Transport};
use crate::engine::{CorrelationId, Endpoint, Peer};
use crate::limits;
use crate::protocol::RequestBody;

/// A request on its way to a task.
struct Outgoing {
    correlation_id: CorrelationId,
    request: RequestBody,
}

/// What all tasks have in common.
struct Shared<C> {
    connector: C,
    client_id: String,
    request_timeout: Duration,
    /// Set once the driver is open; it asks for nothing before its first round.
    handle: Arc<OnceLock<Handle>>,
}

/// Carries the quorum's requests over TCP, or over what a [`Connector`] makes of it.
///
/// Each address has a task of its own that connects when there is something to send, keeps the connection,
/// and leaves the peer alone for a while after a failure; requests then fail at once. An answer that takes
/// longer than the request timeout costs the connection, since it could come later than the next one's.
pub struct TcpTransport<C: Connector = Tcp> {
    runtime: runtime::Handle,
    shared: Arc<Shared<C>>,
    tasks: BTreeMap<Endpoint, mpsc::Sender<Outgoing>>,
}

impl<C: Connector> Debug for TcpTransport<C> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpTransport").field("peers", &self.tasks.keys()).finish_non_exhaustive()
    }
}

impl TcpTransport {
    /// Plain TCP on `runtime`, as node `node_id`. `handle` is to be set as soon as the driver is open.
    #[must_use]
    pub fn new(
        runtime: runtime::Handle,
        node_id: i32,
        request_timeout: Duration,
        handle: Arc<OnceLock<Handle>>,
    ) -> Self {
        Self::with_connector(Tcp, runtime, node_id, request_timeout, handle)
    }
}

impl<C: Connector> TcpTransport<C> {
    /// As [`TcpTransport::new`], with connections of the caller's making.
    #[must_use]
    pub fn with_connector(
        connector: C,
        runtime: runtime::Handle,
        node_id: i32,
        request_timeout: Duration,
        handle: Arc<OnceLock<Handle>>,
    ) -> Self {
        let client_id = format!("raft-client-{node_id}");
        let shared = Arc::new(Shared { connector, client_id, request_timeout, handle });
        Self { runtime, shared, tasks: BTreeMap::new() }
    }

    fn task(&mut self, endpoint: &Endpoint) -> &mpsc::Sender<Outgoing> {
        let (runtime, shared) = (&self.runtime, &self.shared);
        self.tasks.entry(endpoint.clone()).or_insert_with(|| {
            let (sender, requests) = mpsc::channel(limits::REQUESTS_PER_PEER_MAX);
            let link = Link {
                shared: Arc::clone(shared),
                endpoint: endpoint.clone(),
                connection: None,
                backoff_ms: limits::RECONNECT_BACKOFF_MS.0,
                silent_until: None,
            };
            runtime.spawn(link.run(requests));
            sender
        })
    }
}

impl<C: Connector> Transport for TcpTransport<C> {
    fn send(&mut self, to: &Peer, correlation_id: CorrelationId, request: RequestBody) {
        let outgoing = Outgoing { correlation_id, request };
        if let Err(error) = self.task(&to.endpoint).try_send(outgoing) {
            // Not from here: the driver's thread is the one that would take the answer.
            let (shared, correlation_id) = (Arc::clone(&self.shared), error.into_inner().correlation_id);
            let reason = format!("{}: too many requests wait for it", to.endpoint);
            self.runtime
                .spawn(async move { shared.deliver(correlation_id, Err(SendFailed { reason })).await });
        }
    }
}

impl<C> Shared<C> {
    /// Hands an answer to the driver, when it has room.
    async fn deliver(&self, correlation_id: CorrelationId, answer: Answered) {
        let Some(handle) = self.handle.get() else { return };
        let mut waiting = Some(answer);
        while let Some(answer) = waiting.take() {
            waiting = handle.try_handle_response(correlation_id, answer);
            if waiting.is_some() {
                sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

/// The way to one address.
struct Link<C: Connector> {
    shared: Arc<Shared<C>>,
    endpoint: Endpoint,
    connection: Option<Connection<C::Stream>>,
    /// How long the next failure silences this link.
    backoff_ms: u64,
    silent_until: Option<(Instant, String)>,
}

impl<C: Connector> Link<C> {
    /// Ends when the transport is dropped.
    async fn run(mut self, mut requests: mpsc::Receiver<Outgoing>) {
        while let Some(Outgoing { correlation_id, request }) = requests.recv().await {
            let answer = self.answer(&request).await;
            self.shared.deliver(correlation_id, answer).await;
        }
    }

    async fn answer(&mut self, request: &RequestBody) -> Answered {
        if let Some((until, reason)) = &self.silent_until
            && Instant::now() < *until
        {
            return Err(SendFailed { reason: reason.clone() });
        }
        let allowed = self.shared.request_timeout;
        let outcome = timeout(allowed, self.exchange(request)).await;
        let fault = match outcome {
            Ok(Ok(answer)) => {
                self.backoff_ms = limits::RECONNECT_BACKOFF_MS.0;
                self.silent_until = None;
                return Ok(answer);
            }
            Ok(Err(fault)) => fault,
            Err(_) => format!("no answer within {} ms", allowed.as_millis()),
        };
        Err(self.failed(&fault))
    }

    async fn exchange(&mut self, request: &RequestBody) -> Result<crate::ResponseBody, String> {
        // Taken out: whatever ends this early leaves no connection with half an answer on it.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let stream = self.shared.connector.connect(&self.endpoint).await;
                let stream = stream.map_err(|error| error.to_string())?;
                let opened = Connection::open(stream, &self.shared.client_id).await;
                opened.map_err(|fault| fault.to_string())?
            }
        };
        let answer = connection.exchange(request).await.map_err(|fault| fault.to_string())?;
        self.connection = Some(connection);
        Ok(answer)
    }

    fn failed(&mut self, fault: &str) -> SendFailed {
        let reason = format!("{}: {fault}", self.endpoint);
        let silence = Duration::from_millis(self.backoff_ms);
        self.silent_until = Some((Instant::now() + silence, reason.clone()));
        self.backoff_ms = (self.backoff_ms * 2).min(limits::RECONNECT_BACKOFF_MS.1);
        SendFailed { reason }
    }
}
