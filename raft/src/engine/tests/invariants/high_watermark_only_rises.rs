//! What a node shows as committed it has durably, and never takes back.

use super::{Fact, Invariant, holds};
use crate::engine::tests::cluster::Cluster;

pub(super) struct HighWatermarkOnlyRises;

impl Invariant for HighWatermarkOnlyRises {
    fn name(&self) -> &'static str {
        "the high watermark only rises"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let Fact::Commits { node, end } = fact else { return Ok(()) };
        let node = &cluster.nodes[*node];
        let (known, flushed) = (node.high_watermark, node.disk.flushed);
        holds(*end >= known, || format!("node {} falls from {known} to {end}", node.id))?;
        holds(*end <= flushed, || format!("node {} shows {end} and has flushed {flushed}", node.id))
    }
}
