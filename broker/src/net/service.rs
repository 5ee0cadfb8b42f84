//! What the network asks of whoever answers the requests.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use crate::authorise::Principal;
use crate::net::Outgoing;

/// Who connects to a listener, which decides the requests it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListenerKind {
    /// Clients and other brokers.
    Broker,
    /// Named in `controller.listener.names`: other controllers, brokers, administrators.
    Controller,
}

/// One listener of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerInfo {
    /// Its name in `listeners`, in upper case.
    pub name: String,
    /// The requests it serves.
    pub kind: ListenerKind,
}

/// The other end of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Where it connected from.
    pub(crate) address: SocketAddr,
    /// Where it connected to.
    pub(crate) listener: Arc<ListenerInfo>,
    /// Who it is.
    pub(crate) principal: Principal,
}

/// An answer that is not there yet. `None` when nothing is to be sent and the connection closes.
pub(crate) type LaterAnswer = Pin<Box<dyn Future<Output = Option<Outgoing>> + Send>>;

/// What became of a request frame.
pub(crate) enum Outcome {
    /// The answer has been added to the outgoing bytes.
    Answered,
    /// The request has no answer (produce with acks=0).
    Unanswered,
    /// The answer follows. Later requests that may overtake are handled meanwhile.
    Later(LaterAnswer),
    /// The connection is to be closed, as Kafka does with a request it cannot answer.
    Close,
}

/// Answers requests. Called on the network threads, with one frame (without its length) at a time
/// for each connection; `frame` may be reused when it returns.
pub(crate) trait Service: Send + Sync {
    /// Handles one request; its answer, if there is one now, is appended to `outgoing`.
    fn handle(&self, peer: &Peer, frame: &[u8], outgoing: &mut Outgoing) -> Outcome;

    /// Whether a request may be handled while the answer to an earlier one of its connection is
    /// outstanding. Kafka lets none; answers leave in the order of the requests in any case.
    fn may_overtake(&self, frame: &[u8]) -> bool;
}
