//! Unattached: in an epoch without a leader that could be followed.

use super::{Prospective, Resigned, Role};
use crate::engine::core::{Engine, NEVER};

/// Asks the bootstrap servers for the leader; a voter stands for election when time is up.
#[derive(Debug)]
pub(crate) struct Unattached {
    /// [`NEVER`] for an observer.
    pub(crate) election_deadline_ms: u64,
}

impl Engine {
    /// As found on disk: nothing new to remember but a newer epoch in the log.
    pub(super) fn begin_unattached(&mut self) {
        let election_deadline_ms = if self.may_stand() { self.random_election_deadline_ms() } else { NEVER };
        self.role = Role::Unattached(Unattached { election_deadline_ms });
        self.persist();
    }

    /// A newer epoch came up whose leader is not known, or a pre-vote went nowhere. Whoever waited for
    /// an election keeps the time it has waited.
    pub(crate) fn become_unattached(&mut self, epoch: i32) {
        let election_deadline_ms = match &self.role {
            _ if !self.may_stand() => NEVER,
            Role::Candidate(role) => role.election_deadline_ms,
            Role::Unattached(role) if role.election_deadline_ms != NEVER => role.election_deadline_ms,
            Role::Prospective(Prospective { tally, election_deadline_ms, .. })
                if !tally.is_lost(self.voters.voters()) =>
            {
                *election_deadline_ms
            }
            Role::Resigned(Resigned { election_deadline_ms, .. }) => *election_deadline_ms,
            _ => self.random_election_deadline_ms(),
        };
        self.leave_role();
        self.enter_epoch(epoch);
        self.role = Role::Unattached(Unattached { election_deadline_ms });
        self.persist();
    }

    pub(crate) fn tick_unattached(&mut self) {
        let may_stand = self.may_stand();
        let Role::Unattached(role) = &mut self.role else { return };
        if !may_stand {
            role.election_deadline_ms = NEVER;
        } else if role.election_deadline_ms == NEVER && !self.shutting_down {
            self.await_election();
        }
        let Role::Unattached(role) = &self.role else { return };
        if self.shutting_down {
            return;
        }
        if self.now_ms >= role.election_deadline_ms && self.may_stand() {
            self.become_prospective();
        } else {
            self.fetch_from_any_bootstrap();
        }
    }

    /// An observer that the log has made a voter begins to wait for elections.
    fn await_election(&mut self) {
        let election_deadline_ms = self.random_election_deadline_ms();
        self.role = Role::Unattached(Unattached { election_deadline_ms });
    }
}
