//! The small values that everything in the quorum speaks of.

use std::cmp::Ordering;
use std::fmt;

use wire::Uuid;

/// An exclusive end in the log and the epoch of the last record before it.
///
/// Ordered as KIP-595 compares logs: the later epoch is the longer log, then the larger offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct OffsetAndEpoch {
    /// Exclusive end offset.
    pub offset: i64,
    /// Epoch of the record at `offset - 1`; 0 at the start of an empty log.
    pub epoch: i32,
}

impl OffsetAndEpoch {
    /// The snapshot that formatting leaves behind: it bootstraps a quorum and is never replicated.
    pub const BOOTSTRAP: Self = Self { offset: 0, epoch: 0 };

    /// Names an end of the log.
    #[must_use]
    pub const fn new(offset: i64, epoch: i32) -> Self {
        Self { offset, epoch }
    }
}

impl Ord for OffsetAndEpoch {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.epoch, self.offset).cmp(&(other.epoch, other.offset))
    }
}

impl PartialOrd for OffsetAndEpoch {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for OffsetAndEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.offset, self.epoch)
    }
}

/// A replica of the metadata log: a node, and the directory its log lives in (KIP-853).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaKey {
    /// The node's id; -1 for a reader without one.
    pub id: i32,
    /// The id of the log directory; `None` where a peer or an old voter set does not say.
    pub directory_id: Option<Uuid>,
}

impl ReplicaKey {
    /// A key as it stands in a message, where the zero id means "not said".
    #[must_use]
    pub fn of(id: i32, directory_id: Uuid) -> Self {
        Self { id, directory_id: (directory_id != Uuid::ZERO).then_some(directory_id) }
    }
}

impl fmt::Display for ReplicaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.directory_id {
            Some(directory_id) => write!(f, "{} ({directory_id})", self.id),
            None => write!(f, "{}", self.id),
        }
    }
}

/// Who leads, and since which epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeaderAndEpoch {
    /// The leader of `epoch`, `None` while nobody is known to lead it.
    pub leader_id: Option<i32>,
    /// The epoch that the node is in.
    pub epoch: i32,
}

impl LeaderAndEpoch {
    /// Whether node `id` leads.
    #[must_use]
    pub fn is_leader(&self, id: i32) -> bool {
        self.leader_id == Some(id)
    }
}

/// What a node must not forget over a restart: its epoch, and whom it voted for or follows in it.
///
/// Invariant: `epoch` never falls; within one epoch `leader_id` and `voted` go from `None` to
/// `Some` once and stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ElectionState {
    /// The newest epoch the node has seen.
    pub epoch: i32,
    /// The leader of `epoch`, once known.
    pub leader_id: Option<i32>,
    /// The replica that this node voted for in `epoch`.
    pub voted: Option<ReplicaKey>,
}

/// Where a node can be reached on one of its listeners.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Name of the listener, upper case as in `controller.listener.names`.
    pub listener: String,
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A node to send a request to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The node's id; negative for a bootstrap server whose id is not known yet.
    pub id: i32,
    /// Where it listens.
    pub endpoint: Endpoint,
}
