//! Counting votes.

use std::collections::BTreeSet;

use crate::engine::voters::VoterSet;

/// The answers of the voters in one election.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    granted: BTreeSet<i32>,
    rejected: BTreeSet<i32>,
}

impl Tally {
    /// An election that begins with the candidate's own vote, if it has one.
    pub(crate) fn new(own: Option<i32>) -> Self {
        Self { granted: own.into_iter().collect(), rejected: BTreeSet::new() }
    }

    /// Notes an answer; the first of a voter counts.
    pub(crate) fn record(&mut self, id: i32, granted: bool) {
        if !self.granted.contains(&id) && !self.rejected.contains(&id) {
            let answers = if granted { &mut self.granted } else { &mut self.rejected };
            answers.insert(id);
        }
    }

    pub(crate) fn is_won(&self, voters: &VoterSet) -> bool {
        count(&self.granted, voters) >= voters.majority()
    }

    /// Whether the votes that are still out cannot win it any more.
    pub(crate) fn is_lost(&self, voters: &VoterSet) -> bool {
        voters.len() - count(&self.rejected, voters) < voters.majority()
    }

    pub(crate) fn granting(&self) -> Vec<i32> {
        self.granted.iter().copied().collect()
    }

    pub(crate) fn unanswered(&self, voters: &VoterSet) -> Vec<i32> {
        voters.ids().filter(|id| !self.granted.contains(id) && !self.rejected.contains(id)).collect()
    }
}

fn count(answers: &BTreeSet<i32>, voters: &VoterSet) -> usize {
    answers.iter().filter(|id| voters.get(**id).is_some()).count()
}
