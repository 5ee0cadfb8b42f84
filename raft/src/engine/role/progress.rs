//! How far another replica is, as its leader knows.

use crate::engine::message::ReplicaDescription;
use crate::engine::types::ReplicaKey;
use crate::limits;

/// What one replica's fetches said in this epoch.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) key: ReplicaKey,
    /// End of what it has durably; -1 before its first fetch in this epoch.
    pub(crate) log_end: i64,
    pub(crate) last_fetch_ms: Option<u64>,
    last_caught_up_ms: Option<u64>,
    /// End of the leader's log at its last fetch.
    leader_end_at_fetch: i64,
}

impl Progress {
    pub(crate) fn new(key: ReplicaKey) -> Self {
        Self { key, log_end: -1, last_fetch_ms: None, last_caught_up_ms: None, leader_end_at_fetch: -1 }
    }

    /// A replica has caught up when it has what the leader had at its previous fetch.
    pub(crate) fn fetched(&mut self, offset: i64, leader_end: i64, now_ms: u64) {
        if offset >= leader_end {
            self.last_caught_up_ms = Some(now_ms);
        } else if self.leader_end_at_fetch >= 0 && offset >= self.leader_end_at_fetch {
            self.last_caught_up_ms = self.last_caught_up_ms.max(self.last_fetch_ms);
        }
        self.log_end = offset;
        self.leader_end_at_fetch = leader_end;
        self.last_fetch_ms = Some(now_ms);
    }

    /// Whether it still counts among those who read.
    pub(crate) fn is_active(&self, now_ms: u64) -> bool {
        self.fetched_within(limits::OBSERVER_SESSION_TIMEOUT_MS, now_ms)
    }

    /// Whether it would hold up no commit as a voter (KIP-853): it had everything once, and still reads.
    pub(crate) fn has_caught_up(&self, now_ms: u64) -> bool {
        self.last_caught_up_ms.is_some() && self.fetched_within(limits::CAUGHT_UP_TIMEOUT_MS, now_ms)
    }

    fn fetched_within(&self, timeout_ms: u64, now_ms: u64) -> bool {
        self.last_fetch_ms.is_some_and(|last| last + timeout_ms > now_ms)
    }

    pub(crate) fn describe(&self) -> ReplicaDescription {
        ReplicaDescription {
            key: self.key,
            endpoints: Vec::new(),
            log_end: self.log_end,
            last_fetch_ms: self.last_fetch_ms,
            last_caught_up_ms: self.last_caught_up_ms,
        }
    }
}
