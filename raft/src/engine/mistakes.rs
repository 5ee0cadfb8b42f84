//! Mistakes that tests plant, to see that their invariants notice. Outside of tests nobody makes any.

use super::core::Engine;

/// One thing done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// A vote is given without a word in the quorum state.
    VoteNotPersisted,
    /// Whoever asks gets the vote, although somebody has it.
    TwoVotesInAnEpoch,
    /// A vote or pre-vote goes to a log that lacks records.
    VoteForStaleLog,
    /// A request that names another directory of this node is answered.
    VoteOfOtherDirectory,
    /// The leader counts what it has not flushed.
    CountsUnflushed,
    /// A follower's fetch promises what it has not flushed.
    FetchBeforeFlush,
    /// The high watermark moves over records of older epochs.
    CommitsOlderEpoch,
    /// A replica counts by its node id, whatever its directory.
    CountsOtherDirectory,
    /// One voter less than a majority suffices.
    CommitsWithMinority,
    /// The leader sends records to a log that does not continue in its own.
    DivergenceUnseen,
    /// A follower cuts its log too far back.
    TruncatesCommitted,
    /// A voter is added before it has caught up.
    AddsLaggingVoter,
    /// A voter set follows one that is not committed.
    StacksVoterChanges,
    /// The leader that the log removed stays.
    StaysAfterRemoval,
}

impl Engine {
    /// Whether a test planted this mistake.
    #[cfg(test)]
    pub(crate) fn makes(&self, mistake: Mistake) -> bool {
        self.config.mistake == Some(mistake)
    }

    /// Nobody plants mistakes outside of tests.
    #[cfg(not(test))]
    pub(crate) const fn makes(&self, _: Mistake) -> bool {
        false
    }
}
