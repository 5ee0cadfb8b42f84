//! UpdateRaftVoter: a voter tells the leader where it listens and what it supports (KIP-853).
//!
//! With dynamic voters it does so when the voter set says otherwise, and the leader appends the corrected
//! set. Static voters do it once for each leader, which keeps it in memory for the upgrade.

use super::add_voter::named_voter;
use crate::engine::core::Engine;
use crate::engine::membership::{ChangeFault, SupportedVersions, UpdateVoterRequest};
use crate::engine::message::{EpochResponse, Refusal, Reply, RequestId};
use crate::engine::role::Role;
use crate::engine::voter_history::ControlRecord;
use crate::engine::voters::{KRAFT_VERSION_RECONFIG, Voter};

impl Engine {
    pub(crate) fn on_update_voter_request(&mut self, id: RequestId, request: UpdateVoterRequest) {
        let refusal = self.take_update_voter(request).err();
        let response = self.epoch_response(refusal);
        self.reply(id, Reply::UpdateVoter(response));
    }

    fn take_update_voter(&mut self, request: UpdateVoterRequest) -> Result<(), Refusal> {
        if let Some(refusal) = self.refusal_of_leader_request(request.epoch) {
            return Err(refusal);
        }
        let key = named_voter(request.voter).map_err(|fault| fault.refusal())?;
        let SupportedVersions { min, max } = request.kraft_versions;
        if self.peer_at(key.id, &request.endpoints).is_none() || min < 0 || max < min {
            return Err(Refusal::InvalidRequest);
        }
        let Role::Leader(role) = &self.role else { return Err(Refusal::NotLeaderOrFollower) };
        if role.change.is_some() || !role.has_committed {
            return Err(Refusal::RequestTimedOut);
        }
        if !request.kraft_versions.contains(self.voters.kraft_version()) {
            return Err(Refusal::InvalidRequest);
        }
        let voter =
            Voter { key, endpoints: request.endpoints, kraft_version_min: min, kraft_version_max: max };
        if self.voters.kraft_version() >= KRAFT_VERSION_RECONFIG {
            self.append_updated_voter(voter).map_err(|fault| fault.refusal())?;
        } else {
            self.note_static_voter(voter)?;
        }
        self.leader_note_alive(key);
        Ok(())
    }

    fn append_updated_voter(&mut self, voter: Voter) -> Result<(), ChangeFault> {
        let voters = self.committed_voters()?;
        let key = voter.key;
        if voters.get(key.id) == Some(&voter) {
            return Ok(());
        }
        let updated = voters.with_updated(voter).ok_or(ChangeFault::NotRemovable { key, voters })?;
        self.leader_append_control(vec![ControlRecord::Voters(updated)]);
        Ok(())
    }

    fn note_static_voter(&mut self, voter: Voter) -> Result<(), Refusal> {
        let Role::Leader(role) = &mut self.role else { return Err(Refusal::NotLeaderOrFollower) };
        // Empty once the upgrade is appended and before it is committed.
        let voters = role.static_voters.as_ref().ok_or(Refusal::RequestTimedOut)?;
        role.static_voters = Some(voters.with_identified(voter).ok_or(Refusal::VoterNotFound)?);
        Ok(())
    }

    pub(crate) fn on_update_voter_response(&mut self, peer: i32, response: EpochResponse) {
        let EpochResponse { refusal, leader, leader_endpoints } = response;
        if refusal != Some(Refusal::UnsupportedVersion)
            && self.is_answer_spent(peer, refusal, leader, leader_endpoints)
        {
            return;
        }
        self.follower_has_updated();
    }

    /// The leader knows how this voter describes itself; it answered, so it lives.
    pub(super) fn follower_has_updated(&mut self) {
        if let Role::Follower(role) = &mut self.role {
            role.has_updated = true;
            self.follower_fetched();
        }
    }
}
