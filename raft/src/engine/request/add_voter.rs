//! AddRaftVoter: one voter more (KIP-853). The leader asks it which versions it supports, looks whether it
//! has caught up, and appends the new set.

use crate::engine::core::Engine;
use crate::engine::membership::{AddVoterRequest, ChangeFault, SupportedVersions};
use crate::engine::message::{Refusal, Reply, Request, RequestId, RequestKind};
use crate::engine::role::{Role, Stage, VoterChange};
use crate::engine::types::ReplicaKey;
use crate::engine::voter_history::ControlRecord;
use crate::engine::voters::Voter;

impl Engine {
    pub(crate) fn on_add_voter_request(&mut self, id: RequestId, request: AddVoterRequest) {
        if let Err(fault) = self.begin_add_voter(id, request) {
            self.reply(id, Reply::AddVoter(Err(fault)));
        }
    }

    fn begin_add_voter(&mut self, id: RequestId, request: AddVoterRequest) -> Result<(), ChangeFault> {
        self.leading_epoch().ok_or(ChangeFault::NotLeader)?;
        let voter = named_voter(request.voter)?;
        let listener = self.config.listener.clone();
        let peer = self.peer_at(voter.id, &request.endpoints).ok_or(ChangeFault::NoEndpoint { listener })?;
        let voters = self.changeable_voters()?;
        if voters.get(voter.id).is_some() {
            return Err(ChangeFault::Duplicate { id: voter.id, voters });
        }
        if !self.connections.is_ready(voter.id) {
            return Err(ChangeFault::Unreachable(voter));
        }
        self.send(peer, RequestKind::ApiVersions, Request::ApiVersions);
        self.begin_voter_change(Some(id), Stage::AskingVersions { voter, request });
        Ok(())
    }

    pub(crate) fn on_api_versions_response(
        &mut self,
        peer: i32,
        versions: Result<SupportedVersions, Refusal>,
    ) {
        let Role::Leader(role) = &mut self.role else { return };
        let Some(VoterChange { stage: Stage::AskingVersions { voter, request }, .. }) = &role.change else {
            return;
        };
        if voter.id != peer {
            return;
        }
        let (voter, request) = (*voter, request.clone());
        match self.append_added_voter(voter, &request, versions) {
            Ok(()) if !request.ack_when_committed => self.acknowledge_appended(),
            Ok(()) => {}
            Err(fault) => self.end_voter_change(Err(fault)),
        }
    }

    fn append_added_voter(
        &mut self,
        key: ReplicaKey,
        request: &AddVoterRequest,
        versions: Result<SupportedVersions, Refusal>,
    ) -> Result<(), ChangeFault> {
        let versions = versions.map_err(|_| ChangeFault::Unreachable(key))?;
        let finalized = self.voters.kraft_version();
        if !versions.contains(finalized) {
            return Err(ChangeFault::OtherVersions { key, versions, finalized });
        }
        if !self.has_observer_caught_up(&key) {
            return Err(ChangeFault::Lagging(key));
        }
        let voter = Voter {
            key,
            endpoints: request.endpoints.clone(),
            kraft_version_min: versions.min,
            kraft_version_max: versions.max,
        };
        // A voter may have described itself anew since the request came.
        let voters = self.committed_voters()?;
        let added = voters.with_added(voter).ok_or(ChangeFault::Duplicate { id: key.id, voters })?;
        let offset = self.leader_append_control(vec![ControlRecord::Voters(added)]);
        if let Role::Leader(role) = &mut self.role
            && let Some(change) = &mut role.change
        {
            change.stage = Stage::Added { offset };
        }
        Ok(())
    }

    /// The asker did not want to wait for the commit; the next change has to.
    fn acknowledge_appended(&mut self) {
        let Role::Leader(role) = &mut self.role else { return };
        let asker = role.change.as_mut().and_then(|change| change.asker.take());
        if let Some(asker) = asker {
            self.reply(asker, Reply::AddVoter(Ok(())));
        }
    }
}

/// A voter is named by its node and its directory.
pub(super) fn named_voter(key: Option<ReplicaKey>) -> Result<ReplicaKey, ChangeFault> {
    key.filter(|key| key.id >= 0 && key.directory_id.is_some()).ok_or(ChangeFault::NoVoter)
}
