//! Nothing leaves a node that its disk does not know: no epoch, no vote, no end of its log.

use super::{Fact, Invariant, holds};
use crate::engine::tests::cluster::Cluster;
use crate::engine::{Reply, Request};

pub(super) struct DurableBeforeItLeaves;

impl Invariant for DurableBeforeItLeaves {
    fn name(&self) -> &'static str {
        "durable before it leaves"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let (node, epoch) = match fact {
            Fact::Sends { node, request } => (*node, epoch_of_request(request)),
            Fact::Replies { node, reply, .. } => (*node, epoch_of_reply(reply)),
            Fact::Appends { node, batch, .. } => (*node, Some(batch.epoch)),
            _ => return Ok(()),
        };
        let disk = &cluster.nodes[node].disk;
        let known = disk.election.map_or(0, |state| state.epoch);
        holds(epoch.is_none_or(|epoch| epoch <= known), || {
            format!("node {node} speaks of epoch {epoch:?} with {known} on disk")
        })?;
        if let Fact::Sends { request: Request::Fetch(fetch), .. } = fact {
            let (promised, flushed) = (fetch.fetch_offset, disk.flushed);
            holds(promised <= flushed, || format!("node {node} promises {promised} of {flushed}"))?;
        }
        Ok(())
    }
}

fn epoch_of_request(request: &Request) -> Option<i32> {
    match request {
        Request::Vote(request) => Some(request.epoch),
        Request::BeginQuorumEpoch(request) => Some(request.epoch),
        Request::EndQuorumEpoch(request) => Some(request.epoch),
        Request::Fetch(request) => Some(request.leader_epoch),
        Request::FetchSnapshot(request) => Some(request.leader_epoch),
        _ => None,
    }
}

fn epoch_of_reply(reply: &Reply) -> Option<i32> {
    match reply {
        Reply::Vote(reply) => Some(reply.leader.epoch),
        Reply::BeginQuorumEpoch(reply) | Reply::EndQuorumEpoch(reply) => Some(reply.leader.epoch),
        Reply::Fetch(reply) => Some(reply.leader.epoch),
        Reply::FetchSnapshot(reply) => Some(reply.leader.epoch),
        _ => None,
    }
}
