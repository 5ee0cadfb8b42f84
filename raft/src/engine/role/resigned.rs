//! Resigned: led this epoch and does so no more.

use std::collections::BTreeSet;

use super::Role;
use crate::engine::core::Engine;
use crate::engine::message::{EndQuorumEpochRequest, Request, RequestKind};
use crate::engine::types::ReplicaKey;

/// Tells the other voters, and stands again when nobody else has for an election timeout.
#[derive(Debug)]
pub(crate) struct Resigned {
    pub(crate) unacknowledged: BTreeSet<i32>,
    pub(crate) preferred_successors: Vec<ReplicaKey>,
    pub(crate) election_deadline_ms: u64,
}

impl Engine {
    /// Led the epoch when the node stopped: it may not lead it again, since what it appended last may
    /// be lost.
    pub(super) fn begin_resigned(&mut self) {
        self.resign(Vec::new());
        self.leader_endpoints = self.config.endpoints.clone();
        self.persist();
    }

    /// Gives the leadership up and names the most advanced voters as successors. Nothing to remember:
    /// after a restart the node is resigned as well.
    pub(crate) fn become_resigned(&mut self) {
        let Role::Leader(role) = &self.role else { panic!("only a leader resigns") };
        let successors = role.voters_by_progress(self.config.node_id);
        self.leave_role();
        self.resign(successors);
    }

    fn resign(&mut self, preferred_successors: Vec<ReplicaKey>) {
        // A quorum of one has nobody to wait for.
        let election_deadline_ms =
            if self.is_alone() { self.now_ms } else { self.random_election_deadline_ms() };
        let unacknowledged = self.other_voters().into_iter().collect();
        self.role = Role::Resigned(Resigned { unacknowledged, preferred_successors, election_deadline_ms });
    }

    pub(crate) fn on_resign(&mut self, epoch: i32) {
        if self.leading_epoch() == Some(epoch) {
            self.become_resigned();
        }
    }

    pub(crate) fn tick_resigned(&mut self) {
        let Role::Resigned(role) = &self.role else { return };
        if self.now_ms >= role.election_deadline_ms && !self.shutting_down {
            match self.epoch.checked_add(1) {
                Some(epoch) if !self.is_alone() => self.become_unattached(epoch),
                _ if self.is_alone() => self.become_prospective(),
                _ => {}
            }
        } else {
            self.send_end_quorum_epoch();
        }
    }

    fn send_end_quorum_epoch(&mut self) {
        let Role::Resigned(role) = &self.role else { return };
        let request = EndQuorumEpochRequest {
            leader_id: self.config.node_id,
            epoch: self.epoch,
            preferred_candidates: role.preferred_successors.clone(),
            leader_endpoints: self.config.endpoints.clone(),
        };
        let peers: Vec<_> = role.unacknowledged.iter().filter_map(|id| self.voter_peer(*id)).collect();
        for peer in peers {
            self.send(peer, RequestKind::EndQuorumEpoch, Request::EndQuorumEpoch(request.clone()));
        }
    }
}
