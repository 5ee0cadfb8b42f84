//! EndQuorumEpoch: a leader steps down and says who should stand first.

use crate::engine::core::Engine;
use crate::engine::message::{EndQuorumEpochRequest, EpochResponse, Refusal, Reply, RequestId};
use crate::engine::role::Role;
use crate::engine::types::{LeaderAndEpoch, ReplicaKey};

impl Engine {
    pub(crate) fn on_end_quorum_epoch_request(&mut self, id: RequestId, request: EndQuorumEpochRequest) {
        let refusal = self.take_end_quorum_epoch(request).err();
        let response = self.epoch_response(refusal);
        self.reply(id, Reply::EndQuorumEpoch(response));
    }

    fn take_end_quorum_epoch(&mut self, request: EndQuorumEpochRequest) -> Result<(), Refusal> {
        if let Some(refusal) = self.refusal_of_voter_request(request.leader_id, request.epoch) {
            return Err(refusal);
        }
        let leader = LeaderAndEpoch { leader_id: Some(request.leader_id), epoch: request.epoch };
        if !self.take_leader(leader, request.leader_endpoints) {
            return Err(Refusal::InvalidRequest);
        }
        let deadline_ms = self.now_ms + self.succession_backoff_ms(&request.preferred_candidates);
        if let Role::Follower(role) = &mut self.role {
            role.fetch_deadline_ms = deadline_ms;
        }
        Ok(())
    }

    /// The first of the preferred candidates stands at once, each next one waits twice as long,
    /// whoever is not among them waits longest.
    fn succession_backoff_ms(&self, preferred: &[ReplicaKey]) -> u64 {
        let max_ms = self.config.election_backoff_max_ms;
        let position = preferred.iter().position(|key| self.is_addressee(Some(*key)));
        match position {
            Some(0) => 0,
            Some(position) => {
                let base_ms = max_ms.checked_shr(preferred.len() as u32 - 1).unwrap_or(0);
                base_ms.checked_shl(position as u32 - 1).unwrap_or(max_ms).min(max_ms)
            }
            None => max_ms,
        }
    }

    pub(crate) fn on_end_quorum_epoch_response(&mut self, peer: i32, response: EpochResponse) {
        if self.is_answer_spent(peer, response.refusal, response.leader, response.leader_endpoints) {
            return;
        }
        if let Role::Resigned(role) = &mut self.role {
            role.unacknowledged.remove(&peer);
        }
    }
}
