//! What must hold whatever happens, one file each.
//!
//! The first five are the properties of the Raft paper; the others are what KRaft's pulling, its snapshots
//! and its voters in the log add to them. Each sees every effect before it is performed and the cluster
//! after every event.

mod caught_up_before_added;
mod commit_rule;
mod committed_is_never_lost;
mod durable_before_it_leaves;
mod durable_state_never_goes_back;
mod election_safety;
mod high_watermark_only_rises;
mod leader_append_only;
mod leader_completeness;
mod log_matching;
mod one_vote_in_an_epoch;
mod one_voter_change_uncommitted;
mod snapshots_are_committed;
mod state_machine_safety;
mod truncation_spares_the_committed;
mod votes_go_to_complete_logs;

use super::cluster::Cluster;
use super::disk::Batch;
use crate::engine::{ElectionState, OffsetAndEpoch, Reply, Request};

/// Something that is about to happen, or has.
pub(super) enum Fact<'a> {
    /// An event was taken in and all of its effects were performed.
    Stepped,
    /// A node writes its quorum state.
    Persists { node: usize, state: ElectionState },
    /// A node begins to lead.
    Leads { node: usize, epoch: i32 },
    /// A node appends a batch, of its own when it leads.
    Appends { node: usize, batch: &'a Batch, leads: bool },
    /// A node has appended a batch.
    Appended { node: usize },
    /// A node cuts its log.
    Truncates { node: usize, end: i64 },
    /// A node shows everything before `end` as committed.
    Commits { node: usize, end: i64 },
    /// A snapshot that ends at `id` appears on a node, frozen there or fetched.
    Snapshots { node: usize, id: OffsetAndEpoch, chain: u64 },
    /// A request leaves.
    Sends { node: usize, request: &'a Request },
    /// An answer leaves.
    Replies { node: usize, request: &'a Request, reply: &'a Reply },
}

/// One property.
pub(super) trait Invariant {
    /// As it stands in the report of a failure.
    fn name(&self) -> &'static str;

    /// Why the property is broken, if this fact breaks it.
    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String>;
}

/// Every property, with nothing seen yet.
pub(super) fn all() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(election_safety::ElectionSafety::default()),
        Box::new(leader_append_only::LeaderAppendOnly),
        Box::new(log_matching::LogMatching::default()),
        Box::new(leader_completeness::LeaderCompleteness),
        Box::new(state_machine_safety::StateMachineSafety),
        Box::new(committed_is_never_lost::CommittedIsNeverLost),
        Box::new(commit_rule::CommitRule),
        Box::new(high_watermark_only_rises::HighWatermarkOnlyRises),
        Box::new(durable_state_never_goes_back::DurableStateNeverGoesBack),
        Box::new(durable_before_it_leaves::DurableBeforeItLeaves),
        Box::new(one_vote_in_an_epoch::OneVoteInAnEpoch::default()),
        Box::new(votes_go_to_complete_logs::VotesGoToCompleteLogs),
        Box::new(truncation_spares_the_committed::TruncationSparesTheCommitted),
        Box::new(snapshots_are_committed::SnapshotsAreCommitted),
        Box::new(one_voter_change_uncommitted::OneVoterChangeUncommitted),
        Box::new(caught_up_before_added::CaughtUpBeforeAdded),
    ]
}

/// The error for a condition that does not hold.
fn holds(condition: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(why()) }
}
