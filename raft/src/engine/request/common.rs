//! What all requests and answers have in common: epochs, and who leads them.

use crate::engine::core::Engine;
use crate::engine::effect::{Effect, Report};
use crate::engine::message::{CorrelationId, Refusal, Reply, RequestId, RequestKind};
use crate::engine::mistakes::Mistake;
use crate::engine::role::Role;
use crate::engine::types::{Endpoint, LeaderAndEpoch, ReplicaKey};

impl Engine {
    pub(crate) fn reply(&mut self, to: RequestId, reply: Reply) {
        self.outbox.push(Effect::Reply { to, reply });
    }

    /// A request that only a voter or a leader sends, naming itself and its epoch.
    pub(super) fn refusal_of_voter_request(&self, sender: i32, epoch: i32) -> Option<Refusal> {
        if epoch < self.epoch {
            Some(Refusal::FencedLeaderEpoch)
        } else if sender < 0 {
            Some(Refusal::InvalidRequest)
        } else {
            None
        }
    }

    /// A request that only the leader of exactly this epoch answers.
    pub(super) fn refusal_of_leader_request(&self, epoch: i32) -> Option<Refusal> {
        if epoch < self.epoch {
            Some(Refusal::FencedLeaderEpoch)
        } else if epoch > self.epoch {
            Some(Refusal::UnknownLeaderEpoch)
        } else if self.leading_epoch().is_none() {
            Some(Refusal::NotLeaderOrFollower)
        } else {
            None
        }
    }

    /// Whether a key, as far as it says, means this node with this directory.
    pub(crate) fn is_addressee(&self, key: Option<ReplicaKey>) -> bool {
        key.is_none_or(|key| {
            key.id == self.config.node_id
                && (key.directory_id.is_none_or(|directory_id| directory_id == self.config.directory_id)
                    || self.makes(Mistake::VoteOfOtherDirectory))
        })
    }

    /// Learns from a leader or about one. False, with nothing changed, when the peer contradicts what
    /// is known of the same epoch.
    pub(super) fn take_leader(&mut self, leader: LeaderAndEpoch, endpoints: Vec<Endpoint>) -> bool {
        let endpoints = match leader.leader_id {
            Some(id) if endpoints.is_empty() => self.voters.voters().endpoints(id).to_vec(),
            _ => endpoints,
        };
        if !self.is_consistent(leader) {
            let report = Report::InconsistentLeader {
                epoch: leader.epoch,
                claimed: leader.leader_id,
                known: self.leader_id,
            };
            self.report(report);
            return false;
        }
        let is_news = leader.epoch > self.epoch;
        match leader.leader_id {
            Some(id) if id != self.config.node_id && !endpoints.is_empty() => {
                let is_better = self.leader_id.is_none() || endpoints.len() > self.leader_endpoints.len();
                let is_followable = leader.epoch == self.epoch && is_better;
                if is_news || is_followable {
                    self.become_follower(leader.epoch, id, endpoints);
                }
            }
            _ if is_news => self.become_unattached(leader.epoch),
            _ => {}
        }
        true
    }

    fn is_consistent(&self, leader: LeaderAndEpoch) -> bool {
        match leader.leader_id {
            None => true,
            Some(id) if id == self.config.node_id => leader.epoch == self.epoch && self.leader_id == Some(id),
            Some(id) => leader.epoch != self.epoch || self.leader_id.is_none_or(|known| known == id),
        }
    }

    /// What every answer tells of epochs and leaders. True when there is nothing more in it.
    pub(super) fn is_answer_spent(
        &mut self,
        peer: i32,
        refusal: Option<Refusal>,
        leader: LeaderAndEpoch,
        endpoints: Vec<Endpoint>,
    ) -> bool {
        if leader.epoch < self.epoch || refusal == Some(Refusal::UnknownLeaderEpoch) {
            self.connections.back_off(peer, self.now_ms);
            return true;
        }
        let refers = matches!(refusal, Some(Refusal::FencedLeaderEpoch | Refusal::NotLeaderOrFollower));
        if leader.epoch > self.epoch || refers {
            self.take_leader(leader, endpoints);
            if refers {
                // Its leader is ours too, or it knows none: no use in asking it again at once.
                self.connections.back_off(peer, self.now_ms);
            }
            return true;
        }
        // A node that restarted may remember who leads and not where.
        let is_unreachable = self.leader_id.is_none() || self.leader_endpoints.is_empty();
        if leader.leader_id.is_some() && is_unreachable && !self.take_leader(leader, endpoints) {
            return true;
        }
        let Some(refusal) = refusal else { return false };
        self.refused(peer, refusal);
        true
    }

    /// A peer refused for a reason that no other epoch or leader explains.
    pub(super) fn refused(&mut self, peer: i32, refusal: Refusal) {
        self.connections.back_off(peer, self.now_ms);
        if !matches!(refusal, Refusal::BrokerNotAvailable | Refusal::RequestTimedOut) {
            self.report(Report::Refused { peer, refusal });
        }
    }

    /// A peer refused a request as a whole. A voter too old for pre-votes is asked for a vote.
    pub(crate) fn on_refused(&mut self, correlation_id: CorrelationId, refusal: Refusal) {
        let Some((peer, kind)) = self.connections.refused(correlation_id) else { return };
        let is_unknown = refusal == Refusal::UnsupportedVersion;
        match (&self.role, kind) {
            (Role::Prospective(_), RequestKind::Vote) if is_unknown => self.become_candidate(),
            // A leader too old for KIP-853 gets along without the description.
            (Role::Follower(_), RequestKind::UpdateVoter) if is_unknown => self.follower_has_updated(),
            _ => self.refused(peer, refusal),
        }
        self.abandon_voter_change(peer);
    }

    /// A request did not reach its peer, or no answer came back.
    pub(crate) fn on_send_failed(&mut self, correlation_id: CorrelationId) {
        if let Some(peer) = self.connections.failed(correlation_id, self.now_ms) {
            self.abandon_voter_change(peer);
        }
    }

    /// Ends what the present role has under way; the caller sets the next.
    pub(crate) fn leave_role(&mut self) {
        self.connections.reset();
        self.leader_refuse_waiting();
    }
}
