//! On disk an epoch never falls, and within it neither leader nor vote changes.

use super::{Fact, Invariant, holds};
use crate::engine::tests::cluster::Cluster;

pub(super) struct DurableStateNeverGoesBack;

impl Invariant for DurableStateNeverGoesBack {
    fn name(&self) -> &'static str {
        "durable state never goes back"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let Fact::Persists { node, state } = fact else { return Ok(()) };
        let Some(before) = cluster.nodes[*node].disk.election else { return Ok(()) };
        holds(state.epoch >= before.epoch, || format!("node {node}: {before:?}, then {state:?}"))?;
        // A leader says with its leading whom it voted for.
        let is_own = state.leader_id == Some(*node as i32);
        let stays = (before.leader_id.is_none() || before.leader_id == state.leader_id)
            && (before.voted.is_none() || before.voted == state.voted || is_own);
        holds(state.epoch > before.epoch || stays, || format!("node {node}: {before:?}, then {state:?}"))
    }
}
