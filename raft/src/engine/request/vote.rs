//! Vote: who may lead an epoch (KIP-595), and who could (KIP-996).

use crate::engine::core::Engine;
use crate::engine::message::{Refusal, Reply, RequestId, VoteRequest, VoteResponse};
use crate::engine::mistakes::Mistake;
use crate::engine::role::{Prospective, Role, Unattached};
use crate::engine::types::ReplicaKey;

impl Engine {
    pub(crate) fn on_vote_request(&mut self, id: RequestId, request: &VoteRequest) {
        let (refusal, vote_granted) = match self.decide_vote(request) {
            Ok(granted) => (None, granted),
            Err(refusal) => (Some(refusal), false),
        };
        if vote_granted && !request.pre_vote {
            self.give_vote(request.candidate);
        }
        let response = VoteResponse {
            refusal,
            leader: self.leader_and_epoch(),
            leader_endpoints: self.leader_endpoints.clone(),
            vote_granted,
        };
        self.reply(id, Reply::Vote(response));
    }

    fn decide_vote(&mut self, request: &VoteRequest) -> Result<bool, Refusal> {
        let log_end = request.log_end;
        // A candidate has opened an epoch that nobody has written in; a prospective node has not.
        let is_epoch_possible =
            if request.pre_vote { log_end.epoch <= request.epoch } else { log_end.epoch < request.epoch };
        if log_end.offset < 0 || log_end.epoch < 0 || !is_epoch_possible {
            return Err(Refusal::InvalidRequest);
        }
        if let Some(refusal) = self.refusal_of_voter_request(request.candidate.id, request.epoch) {
            return Err(refusal);
        }
        if request.epoch > self.epoch {
            self.become_unattached(request.epoch);
        }
        if !self.is_addressee(request.voter) || request.candidate.id == self.config.node_id {
            return Err(Refusal::InvalidVoterKey);
        }
        let is_up_to_date = log_end >= self.log.end_and_epoch() || self.makes(Mistake::VoteForStaleLog);
        Ok(self.can_grant(request.candidate, is_up_to_date, request.pre_vote))
    }

    fn can_grant(&self, candidate: ReplicaKey, is_up_to_date: bool, pre_vote: bool) -> bool {
        match &self.role {
            Role::Leader(_) => false,
            Role::Follower(role) => pre_vote && is_up_to_date && !role.has_fetched,
            Role::Candidate(_) | Role::Resigned(_) => pre_vote && is_up_to_date,
            Role::Unattached(_) | Role::Prospective(_) if pre_vote => is_up_to_date,
            Role::Unattached(_) | Role::Prospective(_) if self.makes(Mistake::TwoVotesInAnEpoch) => {
                is_up_to_date
            }
            Role::Unattached(_) | Role::Prospective(_) => match self.voted {
                Some(voted) => {
                    voted.id == candidate.id
                        && (voted.directory_id.is_none() || voted.directory_id == candidate.directory_id)
                }
                None => self.leader_id.is_none() && is_up_to_date,
            },
        }
    }

    /// Remembers the vote before the answer may leave, and waits anew for the election to end.
    fn give_vote(&mut self, candidate: ReplicaKey) {
        if self.voted.is_some() {
            return;
        }
        self.voted = Some(candidate);
        let election_deadline_ms = self.random_election_deadline_ms();
        let (may_stand, tally) = (self.may_stand(), self.own_tally());
        match &mut self.role {
            Role::Unattached(role) => {
                if may_stand {
                    *role = Unattached { election_deadline_ms };
                }
            }
            Role::Prospective(role) => {
                *role = Prospective { tally, election_deadline_ms };
            }
            _ => unreachable!("other roles have voted, or know their leader"),
        }
        if !self.makes(Mistake::VoteNotPersisted) {
            self.persist();
        }
    }

    pub(crate) fn on_vote_response(&mut self, peer: i32, response: VoteResponse) {
        let VoteResponse { refusal, leader, leader_endpoints, vote_granted } = response;
        if self.is_answer_spent(peer, refusal, leader, leader_endpoints) {
            return;
        }
        match &mut self.role {
            Role::Prospective(role) => {
                role.tally.record(peer, vote_granted);
                self.prospective_count();
            }
            Role::Candidate(role) => {
                role.tally.record(peer, vote_granted);
                self.candidate_count();
            }
            _ => {}
        }
    }
}
