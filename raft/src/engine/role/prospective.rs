//! Prospective: asks who would vote for it, without a new epoch (KIP-996).

use super::{Role, Tally};
use crate::engine::core::Engine;
use crate::engine::message::{Request, RequestKind, VoteRequest};

/// Keeps epoch, leader and vote. A node that others would not elect never disturbs a leader.
#[derive(Debug)]
pub(crate) struct Prospective {
    pub(crate) tally: Tally,
    pub(crate) election_deadline_ms: u64,
}

impl Engine {
    /// A quorum of one wins at once: it is leader when this returns.
    pub(crate) fn become_prospective(&mut self) {
        assert!(self.may_stand(), "only who may stand for election does");
        self.leave_role();
        let tally = self.own_tally();
        let election_deadline_ms = self.random_election_deadline_ms();
        self.role = Role::Prospective(Prospective { tally, election_deadline_ms });
        self.prospective_count();
    }

    /// Acts on the votes so far.
    pub(crate) fn prospective_count(&mut self) {
        let Role::Prospective(role) = &self.role else { return };
        if role.tally.is_won(self.voters.voters()) && self.may_stand() {
            self.become_candidate();
        } else if role.tally.is_lost(self.voters.voters()) {
            self.prospective_lost();
        } else {
            self.ask_for_votes();
        }
    }

    pub(crate) fn tick_prospective(&mut self) {
        let Role::Prospective(role) = &self.role else { return };
        let is_over = self.now_ms >= role.election_deadline_ms && !self.shutting_down;
        if is_over || !self.may_stand() {
            self.prospective_lost();
        } else {
            self.ask_for_votes();
        }
    }

    /// Back to the leader, if one is known and can be reached.
    fn prospective_lost(&mut self) {
        match self.leader_id {
            Some(leader_id) if leader_id != self.config.node_id && !self.leader_endpoints.is_empty() => {
                self.become_follower(self.epoch, leader_id, self.leader_endpoints.clone());
            }
            _ => self.become_unattached(self.epoch),
        }
    }

    /// Asks those voters that have not answered, for a vote or a pre-vote.
    pub(super) fn ask_for_votes(&mut self) {
        let (tally, pre_vote) = match &self.role {
            Role::Prospective(role) => (&role.tally, true),
            Role::Candidate(role) => (&role.tally, false),
            _ => return,
        };
        if tally.is_lost(self.voters.voters()) {
            return;
        }
        for id in tally.unanswered(self.voters.voters()) {
            let voter = self.voters.voters().get(id).map(|voter| voter.key);
            let Some(peer) = self.voter_peer(id) else { continue };
            let request = Request::Vote(VoteRequest {
                voter,
                candidate: self.config.key(),
                epoch: self.epoch,
                log_end: self.log.end_and_epoch(),
                pre_vote,
            });
            self.send(peer, RequestKind::Vote, request);
        }
    }

    /// Voters that have not answered while this node stands for election.
    pub(crate) fn awaited_votes(&self) -> Vec<i32> {
        match &self.role {
            Role::Prospective(role) => role.tally.unanswered(self.voters.voters()),
            Role::Candidate(role) => role.tally.unanswered(self.voters.voters()),
            _ => Vec::new(),
        }
    }
}
