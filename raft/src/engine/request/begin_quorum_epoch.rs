//! BeginQuorumEpoch: a leader introduces itself to voters that don't read from it.

use crate::engine::core::Engine;
use crate::engine::message::{BeginQuorumEpochRequest, EpochResponse, Refusal, Reply, RequestId};
use crate::engine::types::LeaderAndEpoch;

impl Engine {
    pub(crate) fn on_begin_quorum_epoch_request(&mut self, id: RequestId, request: BeginQuorumEpochRequest) {
        let refusal = self.take_begin_quorum_epoch(request).err();
        let response = self.epoch_response(refusal);
        self.reply(id, Reply::BeginQuorumEpoch(response));
    }

    fn take_begin_quorum_epoch(&mut self, request: BeginQuorumEpochRequest) -> Result<(), Refusal> {
        if let Some(refusal) = self.refusal_of_voter_request(request.leader_id, request.epoch) {
            return Err(refusal);
        }
        let leader = LeaderAndEpoch { leader_id: Some(request.leader_id), epoch: request.epoch };
        if !self.take_leader(leader, request.leader_endpoints) {
            return Err(Refusal::InvalidRequest);
        }
        if self.is_addressee(request.voter) { Ok(()) } else { Err(Refusal::InvalidVoterKey) }
    }

    pub(super) fn epoch_response(&self, refusal: Option<Refusal>) -> EpochResponse {
        EpochResponse {
            refusal,
            leader: self.leader_and_epoch(),
            leader_endpoints: self.leader_endpoints.clone(),
        }
    }

    pub(crate) fn on_begin_quorum_epoch_response(&mut self, peer: i32, response: EpochResponse) {
        // An acknowledgement changes nothing: the voter's fetches say that it follows.
        self.is_answer_spent(peer, response.refusal, response.leader, response.leader_endpoints);
    }
}
