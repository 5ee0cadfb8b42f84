//! One role, one file.

mod candidate;
mod follower;
mod leader;
mod progress;
mod prospective;
mod resigned;
mod tally;
mod unattached;
mod voter_change;

use std::fmt;

use super::core::{Engine, NEVER};

pub(crate) use candidate::Candidate;
pub(crate) use follower::{Follower, SnapshotFetch};
pub(crate) use leader::{Leader, Parked};
pub(crate) use progress::Progress;
pub(crate) use prospective::Prospective;
pub(crate) use resigned::Resigned;
pub(crate) use tally::Tally;
pub(crate) use unattached::Unattached;
pub(crate) use voter_change::{Stage, VoterChange};

/// What a node is in its epoch.
#[derive(Debug)]
pub(crate) enum Role {
    /// Knows no leader, or none it can reach.
    Unattached(Unattached),
    /// Asks whether an election could be won.
    Prospective(Prospective),
    /// Stands for election.
    Candidate(Candidate),
    /// Leads.
    Leader(Leader),
    /// Reads the leader's log.
    Follower(Follower),
    /// Led, and gave it up.
    Resigned(Resigned),
}

/// The name of a role, as Kafka writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleName {
    /// Knows no leader, or none it can reach.
    Unattached,
    /// Asks whether an election could be won.
    Prospective,
    /// Stands for election.
    Candidate,
    /// Leads.
    Leader,
    /// Reads the leader's log.
    Follower,
    /// Led, and gave it up.
    Resigned,
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Default for Role {
    fn default() -> Self {
        Self::Unattached(Unattached { election_deadline_ms: NEVER })
    }
}

impl Role {
    pub(crate) fn name(&self) -> RoleName {
        match self {
            Self::Unattached(_) => RoleName::Unattached,
            Self::Prospective(_) => RoleName::Prospective,
            Self::Candidate(_) => RoleName::Candidate,
            Self::Leader(_) => RoleName::Leader,
            Self::Follower(_) => RoleName::Follower,
            Self::Resigned(_) => RoleName::Resigned,
        }
    }
}

impl Engine {
    /// Takes the role that the files speak for.
    pub(crate) fn begin(&mut self) {
        let log_epoch = self.log.end_and_epoch().epoch;
        if self.epoch < log_epoch {
            // The log outlived the quorum state; nobody can have got our vote in the log's epoch
            // that had not won already.
            self.enter_epoch(log_epoch);
        }
        let voted_for_itself = self.voted.is_some_and(|key| self.is_addressee(Some(key)));
        match self.leader_id {
            Some(leader_id) if leader_id == self.config.node_id => self.begin_resigned(),
            Some(leader_id) => {
                let endpoints = self.voters.voters().endpoints(leader_id).to_vec();
                if endpoints.is_empty() {
                    self.begin_unattached();
                } else {
                    self.become_follower(self.epoch, leader_id, endpoints);
                }
            }
            None if voted_for_itself && self.may_stand() => self.begin_candidate(),
            None => self.begin_unattached(),
        }
        if self.is_alone() && !matches!(self.role, Role::Leader(_)) {
            self.become_prospective();
        }
    }
}
