//! One request at a time to each peer, with backoff after a failure.

use std::collections::BTreeMap;

use super::message::{CorrelationId, RequestKind};

/// What goes on with one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Connection {
    Awaiting { correlation_id: CorrelationId, kind: RequestKind, until_ms: u64 },
    BackingOff { until_ms: u64 },
}

/// The requests under way, by peer. An answer that is not awaited is not heard.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    request_timeout_ms: u64,
    retry_backoff_ms: u64,
    next_correlation_id: CorrelationId,
    by_peer: BTreeMap<i32, Connection>,
}

impl Connections {
    pub(crate) fn new(request_timeout_ms: u64, retry_backoff_ms: u64) -> Self {
        Self { request_timeout_ms, retry_backoff_ms, next_correlation_id: 1, by_peer: BTreeMap::new() }
    }

    /// Forgets all requests under way: the role that sent them is over.
    pub(crate) fn reset(&mut self) {
        self.by_peer.clear();
    }

    /// A request that waited too long has failed; a backoff that is over is over.
    pub(crate) fn expire(&mut self, now_ms: u64) {
        let backed_off = Connection::BackingOff { until_ms: now_ms + self.retry_backoff_ms };
        self.by_peer.retain(|_, connection| match connection {
            Connection::Awaiting { until_ms, .. } => {
                if *until_ms <= now_ms {
                    *connection = backed_off.clone();
                }
                true
            }
            Connection::BackingOff { until_ms } => *until_ms > now_ms,
        });
    }

    pub(crate) fn is_ready(&self, peer: i32) -> bool {
        !self.by_peer.contains_key(&peer)
    }

    pub(crate) fn is_backing_off(&self, peer: i32) -> bool {
        matches!(self.by_peer.get(&peer), Some(Connection::BackingOff { .. }))
    }

    pub(crate) fn is_awaiting_any(&self) -> bool {
        self.by_peer.values().any(|connection| matches!(connection, Connection::Awaiting { .. }))
    }

    pub(crate) fn sent(&mut self, peer: i32, kind: RequestKind, now_ms: u64) -> CorrelationId {
        assert!(self.is_ready(peer), "one request at a time to each peer");
        let correlation_id = self.next_correlation_id;
        self.next_correlation_id += 1;
        let until_ms = now_ms + self.request_timeout_ms;
        self.by_peer.insert(peer, Connection::Awaiting { correlation_id, kind, until_ms });
        correlation_id
    }

    /// The peer that answered with an answer of this kind, if it was awaited.
    pub(crate) fn answered(&mut self, correlation_id: CorrelationId, kind: RequestKind) -> Option<i32> {
        let peer = self.peer_awaiting(correlation_id, Some(kind))?;
        self.by_peer.remove(&peer);
        Some(peer)
    }

    /// The peer that refused a request as a whole, and what was asked.
    pub(crate) fn refused(&mut self, correlation_id: CorrelationId) -> Option<(i32, RequestKind)> {
        let peer = self.peer_awaiting(correlation_id, None)?;
        match self.by_peer.remove(&peer) {
            Some(Connection::Awaiting { kind, .. }) => Some((peer, kind)),
            _ => None,
        }
    }

    /// The peer that a request did not reach. It is left alone for a while.
    pub(crate) fn failed(&mut self, correlation_id: CorrelationId, now_ms: u64) -> Option<i32> {
        let peer = self.peer_awaiting(correlation_id, None)?;
        self.back_off(peer, now_ms);
        Some(peer)
    }

    pub(crate) fn back_off(&mut self, peer: i32, now_ms: u64) {
        let until_ms = now_ms + self.retry_backoff_ms;
        self.by_peer.insert(peer, Connection::BackingOff { until_ms });
    }

    /// When the next peer becomes ready by itself.
    pub(crate) fn next_deadline_ms(&self) -> Option<u64> {
        self.by_peer
            .values()
            .map(|connection| match connection {
                Connection::Awaiting { until_ms, .. } | Connection::BackingOff { until_ms } => *until_ms,
            })
            .min()
    }

    fn peer_awaiting(&self, wanted: CorrelationId, wanted_kind: Option<RequestKind>) -> Option<i32> {
        self.by_peer.iter().find_map(|(peer, connection)| match connection {
            Connection::Awaiting { correlation_id, kind, .. }
                if *correlation_id == wanted && wanted_kind.is_none_or(|wanted| wanted == *kind) =>
            {
                Some(*peer)
            }
            _ => None,
        })
    }
}
