//! The one change of the voters that a leader may have under way (KIP-853).

use super::Role;
use crate::engine::core::Engine;
use crate::engine::membership::{AddVoterRequest, ChangeFault};
use crate::engine::message::{Reply, RequestId};
use crate::engine::mistakes::Mistake;
use crate::engine::types::ReplicaKey;
use crate::engine::voters::{KRAFT_VERSION_RECONFIG, VoterSet};

/// A change that is not decided.
#[derive(Debug)]
pub(crate) struct VoterChange {
    /// Who waits for the answer; `None` once it has been given.
    pub(crate) asker: Option<RequestId>,
    pub(crate) stage: Stage,
    /// The asker is told at this time that nothing is decided. The record, if any, stays.
    pub(crate) deadline_ms: u64,
}

/// How far a change is.
#[derive(Debug)]
pub(crate) enum Stage {
    /// The new voter is asked which versions it supports.
    AskingVersions { voter: ReplicaKey, request: AddVoterRequest },
    /// The new voters, with this one more, are in the log at an offset.
    Added { offset: i64 },
    /// The new voters, with one less, are in the log at an offset.
    Removed { offset: i64 },
}

impl Engine {
    /// The voters, if they may be changed now: nothing else is under way, and the present set is
    /// committed, as is a record of this leader's epoch. That keeps any two sets that could elect a
    /// leader or commit a record within one voter of each other.
    pub(crate) fn changeable_voters(&self) -> Result<VoterSet, ChangeFault> {
        let Role::Leader(role) = &self.role else { return Err(ChangeFault::NotLeader) };
        if role.change.is_some() {
            return Err(ChangeFault::Pending);
        }
        if !role.has_committed && !self.makes(Mistake::StacksVoterChanges) {
            return Err(ChangeFault::NothingCommitted);
        }
        let version = self.voters.kraft_version();
        if version < KRAFT_VERSION_RECONFIG {
            return Err(ChangeFault::StaticVoters(version));
        }
        self.committed_voters()
    }

    /// The newest voters, if they are committed.
    pub(crate) fn committed_voters(&self) -> Result<VoterSet, ChangeFault> {
        let (voters_offset, high_watermark) = (self.voters.voters_offset(), self.leader_high_watermark());
        let is_committed = voters_offset.is_some_and(|offset| offset < high_watermark);
        if !is_committed && !self.makes(Mistake::StacksVoterChanges) {
            return Err(ChangeFault::Uncommitted { voters_offset, high_watermark });
        }
        Ok(self.voters.voters().clone())
    }

    pub(crate) fn begin_voter_change(&mut self, asker: Option<RequestId>, stage: Stage) {
        let deadline_ms = self.now_ms + self.config.request_timeout_ms;
        if let Role::Leader(role) = &mut self.role {
            role.change = Some(VoterChange { asker, stage, deadline_ms });
        }
    }

    /// Ends the change that is under way and tells the asker how.
    pub(crate) fn end_voter_change(&mut self, result: Result<(), ChangeFault>) {
        let Role::Leader(role) = &mut self.role else { return };
        let Some(VoterChange { asker: Some(asker), stage, .. }) = role.change.take() else { return };
        let reply = match stage {
            Stage::AskingVersions { .. } | Stage::Added { .. } => Reply::AddVoter(result),
            Stage::Removed { .. } => Reply::RemoveVoter(result),
        };
        self.reply(asker, reply);
    }

    /// The node that is asked for its versions could not be reached.
    pub(crate) fn abandon_voter_change(&mut self, peer: i32) {
        let Role::Leader(role) = &self.role else { return };
        if let Some(VoterChange { stage: Stage::AskingVersions { voter, .. }, .. }) = role.change
            && voter.id == peer
        {
            self.end_voter_change(Err(ChangeFault::Unreachable(voter)));
        }
    }

    pub(crate) fn tick_voter_change(&mut self) {
        let Role::Leader(role) = &self.role else { return };
        let Some(change) = &role.change else { return };
        match change.stage {
            Stage::Added { offset } | Stage::Removed { offset } if offset < self.leader_high_watermark() => {
                self.end_voter_change(Ok(()));
            }
            _ if change.deadline_ms <= self.now_ms => self.end_voter_change(Err(ChangeFault::TimedOut)),
            _ => {}
        }
    }

    /// Whether it is committed that this leader votes no more. It then has nothing left to do, even if
    /// whoever removed it has gone.
    pub(crate) fn is_removed(&self) -> bool {
        let is_committed =
            self.voters.voters_offset().is_some_and(|offset| offset < self.leader_high_watermark());
        is_committed && !self.is_voter() && !self.makes(Mistake::StaysAfterRemoval)
    }
}
