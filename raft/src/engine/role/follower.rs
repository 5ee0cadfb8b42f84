//! Follower: reads the leader's log, with a vote or as an observer.

use super::Role;
use crate::engine::core::{Engine, NEVER};
use crate::engine::effect::Effect;
use crate::engine::message::{FetchRequest, FetchSnapshotRequest, Request, RequestKind};
use crate::engine::mistakes::Mistake;
use crate::engine::types::{Endpoint, OffsetAndEpoch, Peer};
use crate::limits;

/// A voter stands for election when no fetch succeeded for the fetch timeout.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) fetch_deadline_ms: u64,
    /// Whether this leader has answered a fetch: from then on it is alive as far as we know.
    pub(crate) has_fetched: bool,
    /// What the leader last said, possibly ahead of this log.
    pub(crate) leader_high_watermark: i64,
    pub(crate) snapshot: Option<SnapshotFetch>,
    /// When to look again whether the leader's voters describe this node as it is.
    pub(crate) membership_deadline_ms: u64,
    /// Whether this leader has been told, which static voters do once.
    pub(crate) has_updated: bool,
}

/// A snapshot on its way here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SnapshotFetch {
    pub(crate) id: OffsetAndEpoch,
    pub(crate) position: i64,
    /// Whole, and handed to the executor; no fetch until it is in place.
    pub(crate) installing: bool,
}

impl Engine {
    pub(crate) fn become_follower(&mut self, epoch: i32, leader_id: i32, endpoints: Vec<Endpoint>) {
        assert!(leader_id != self.config.node_id, "nobody follows itself");
        self.leave_role();
        self.enter_epoch(epoch);
        assert!(self.leader_id.is_none_or(|known| known == leader_id), "one leader in an epoch");
        self.leader_id = Some(leader_id);
        self.leader_endpoints = endpoints;
        self.role = Role::Follower(Follower {
            fetch_deadline_ms: self.now_ms + self.config.fetch_timeout_ms,
            has_fetched: false,
            leader_high_watermark: -1,
            snapshot: None,
            membership_deadline_ms: self.now_ms + self.config.fetch_timeout_ms,
            has_updated: false,
        });
        self.persist();
    }

    pub(crate) fn tick_follower(&mut self) {
        let Role::Follower(role) = &self.role else { return };
        if self.shutting_down {
            return;
        }
        if self.now_ms >= role.fetch_deadline_ms && self.may_stand() {
            self.become_prospective();
        } else if !self.send_membership_request_when_due() {
            self.fetch_from_leader();
        }
    }

    pub(crate) fn follower_deadline_ms(&self, role: &Follower) -> u64 {
        let may_stand = self.may_stand();
        let fetch = if may_stand { role.fetch_deadline_ms } else { NEVER };
        // One that is due waits for the leader's answer to something else.
        let is_ahead = role.membership_deadline_ms > self.now_ms && (may_stand || self.config.auto_join);
        fetch.min(if is_ahead { role.membership_deadline_ms } else { NEVER })
    }

    /// A fetch succeeded: the leader lives.
    pub(crate) fn follower_fetched(&mut self) {
        let deadline = self.now_ms + self.config.fetch_timeout_ms;
        if let Role::Follower(role) = &mut self.role {
            role.has_fetched = true;
            role.fetch_deadline_ms = deadline;
        }
    }

    /// The leader's high watermark, as far as this log is durable.
    pub(crate) fn follower_advance_high_watermark(&mut self) {
        let Role::Follower(role) = &self.role else { return };
        let reached = role.leader_high_watermark.min(self.log.flushed());
        if reached >= 0 && self.high_watermark.is_none_or(|known| known < reached) {
            self.high_watermark = Some(reached);
            self.outbox.push(Effect::AdvanceHighWatermark { high_watermark: reached });
        }
    }

    /// Asks the leader for more, or somebody else for the leader while it does not answer.
    ///
    /// The fetch offset tells the leader what is durable here, so there is no fetch while a flush or
    /// the installation of a snapshot is under way.
    fn fetch_from_leader(&mut self) {
        let Role::Follower(role) = &self.role else { return };
        let installing = role.snapshot.is_some_and(|snapshot| snapshot.installing);
        let Some(leader_id) = self.leader_id else { return };
        if installing || !self.may_promise_log_end() {
            return;
        }
        let snapshot = role.snapshot;
        let Some(peer) = self.peer_at(leader_id, &self.leader_endpoints) else {
            return self.fetch_from_any_bootstrap();
        };
        if self.connections.is_backing_off(leader_id) {
            self.fetch_from_any_bootstrap();
        } else if !self.connections.is_awaiting_any() {
            match snapshot {
                Some(snapshot) => self.send_fetch_snapshot(peer, snapshot),
                None => self.send_fetch(peer),
            }
        }
    }

    /// Asks one of the bootstrap servers, which knows the leader or leads itself.
    pub(super) fn fetch_from_any_bootstrap(&mut self) {
        if self.connections.is_awaiting_any() || !self.may_promise_log_end() {
            return;
        }
        let connections = &self.connections;
        let mut ready: Vec<Peer> = self.bootstrap_peers();
        ready.retain(|peer| connections.is_ready(peer.id));
        if !ready.is_empty() {
            let choice = self.jitter.below(ready.len() as u64) as usize;
            self.send_fetch(ready.swap_remove(choice));
        }
    }

    /// Whether all of the log is durable, which a fetch at its end says.
    fn may_promise_log_end(&self) -> bool {
        self.log.flushed() == self.log.end() || self.makes(Mistake::FetchBeforeFlush)
    }

    fn send_fetch(&mut self, to: Peer) {
        let end = self.log.end_and_epoch();
        let request = FetchRequest {
            replica: self.config.key(),
            leader_epoch: self.epoch,
            fetch_offset: end.offset,
            last_fetched_epoch: end.epoch,
            high_watermark: self.high_watermark.unwrap_or(-1),
            max_wait_ms: self.fetch_max_wait_ms(),
            max_bytes: limits::FETCH_MAX_BYTES,
        };
        self.send(to, RequestKind::Fetch, Request::Fetch(request));
    }

    /// A fetch that waits must come back before anybody gives it up.
    fn fetch_max_wait_ms(&self) -> i32 {
        let patience_ms = self.config.fetch_timeout_ms.min(self.config.request_timeout_ms) / 2;
        i32::try_from(patience_ms).unwrap_or(i32::MAX).min(limits::FETCH_MAX_WAIT_MS)
    }

    fn send_fetch_snapshot(&mut self, to: Peer, snapshot: SnapshotFetch) {
        let request = FetchSnapshotRequest {
            replica: self.config.key(),
            leader_epoch: self.epoch,
            snapshot_id: snapshot.id,
            position: snapshot.position,
            max_bytes: limits::FETCH_SNAPSHOT_MAX_BYTES,
        };
        self.send(to, RequestKind::FetchSnapshot, Request::FetchSnapshot(request));
    }
}
