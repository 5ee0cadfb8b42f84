//! A vote or pre-vote is given only by the replica that was asked, to a log that is not behind its own.

use super::{Fact, Invariant, holds};
use crate::engine::tests::cluster::Cluster;
use crate::engine::{Reply, Request};

pub(super) struct VotesGoToCompleteLogs;

impl Invariant for VotesGoToCompleteLogs {
    fn name(&self) -> &'static str {
        "votes go to complete logs"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let Fact::Replies { node, request: Request::Vote(request), reply: Reply::Vote(reply) } = fact else {
            return Ok(());
        };
        if !reply.vote_granted {
            return Ok(());
        }
        let node = &cluster.nodes[*node];
        let (own, asked) = (node.disk.end_and_epoch(), request.log_end);
        holds(asked >= own, || format!("node {} has {own} and votes for a log up to {asked}", node.id))?;
        let meant = request.voter.and_then(|voter| voter.directory_id);
        holds(meant.is_none_or(|directory_id| directory_id == node.disk.directory_id), || {
            format!("node {} votes in the name of a directory that it does not have", node.id)
        })
    }
}
