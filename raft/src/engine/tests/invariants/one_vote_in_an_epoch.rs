//! A replica votes for one candidate in an epoch, whatever it forgets in between, and has it on disk.

use std::collections::BTreeMap;

use super::{Fact, Invariant, holds};
use crate::engine::tests::cluster::Cluster;
use crate::engine::{ReplicaKey, Reply, Request};

/// Whom each replica voted for in each epoch.
#[derive(Default)]
pub(super) struct OneVoteInAnEpoch(BTreeMap<(ReplicaKey, i32), ReplicaKey>);

impl Invariant for OneVoteInAnEpoch {
    fn name(&self) -> &'static str {
        "one vote in an epoch"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let Fact::Replies { node, request: Request::Vote(request), reply: Reply::Vote(reply) } = fact else {
            return Ok(());
        };
        if !reply.vote_granted || request.pre_vote {
            return Ok(());
        }
        let node = &cluster.nodes[*node];
        let (voter, candidate, epoch) = (node.key(), request.candidate, request.epoch);
        let first = *self.0.entry((voter, epoch)).or_insert(candidate);
        holds(first == candidate, || format!("{voter} votes for {first} and {candidate} in epoch {epoch}"))?;
        let on_disk = node.disk.election.filter(|state| state.epoch == epoch).and_then(|state| state.voted);
        holds(on_disk == Some(candidate), || {
            format!("{voter} votes for {candidate} in epoch {epoch} with {on_disk:?} on disk")
        })
    }
}
