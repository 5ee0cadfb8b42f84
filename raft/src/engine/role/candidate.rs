//! Candidate: stands for election in a new epoch, with its own vote.

use super::{Role, Tally};
use crate::engine::core::Engine;

/// Leads when a majority grants it the vote before time is up, else asks again.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) tally: Tally,
    pub(crate) election_deadline_ms: u64,
}

impl Engine {
    /// Stood for election when the node stopped; goes on in the same epoch.
    pub(super) fn begin_candidate(&mut self) {
        // Version 0 of the file forgets the directory.
        self.voted = Some(self.config.key());
        self.stand();
    }

    /// Opens an epoch and votes for itself. Remembered before anybody is asked.
    pub(crate) fn become_candidate(&mut self) {
        assert!(matches!(self.role, Role::Prospective(_)), "a candidate was prospective before");
        self.leave_role();
        let Some(epoch) = self.epoch.checked_add(1) else { return };
        self.enter_epoch(epoch);
        self.voted = Some(self.config.key());
        self.stand();
    }

    fn stand(&mut self) {
        let tally = self.own_tally();
        let election_deadline_ms = self.random_election_deadline_ms();
        self.role = Role::Candidate(Candidate { tally, election_deadline_ms });
        self.persist();
        self.candidate_count();
    }

    /// Acts on the votes so far. An election that is lost is waited out, so that losers don't meet
    /// again at once.
    pub(crate) fn candidate_count(&mut self) {
        let Role::Candidate(role) = &self.role else { return };
        if role.tally.is_won(self.voters.voters()) && self.may_stand() {
            let granting = role.tally.granting();
            self.become_leader(granting);
        } else {
            self.ask_for_votes();
        }
    }

    pub(crate) fn tick_candidate(&mut self) {
        let Role::Candidate(role) = &self.role else { return };
        if !self.may_stand() {
            // A snapshot that was on its way has removed it.
            self.become_unattached(self.epoch);
        } else if self.now_ms >= role.election_deadline_ms && !self.shutting_down {
            self.become_prospective();
        } else {
            self.ask_for_votes();
        }
    }
}
