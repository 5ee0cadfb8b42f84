//! What is committed is never cut away, whether or not the node knows that it is.

use super::{Fact, Invariant, holds};
use crate::engine::tests::cluster::Cluster;

pub(super) struct TruncationSparesTheCommitted;

impl Invariant for TruncationSparesTheCommitted {
    fn name(&self) -> &'static str {
        "truncation spares the committed"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let Fact::Truncates { node, end } = fact else { return Ok(()) };
        let state = &cluster.nodes[*node];
        let known = state.high_watermark;
        holds(*end >= known, || format!("node {node} cuts to {end}, below its high watermark {known}"))?;
        let mut cut = state.disk.batches.iter().filter(|batch| batch.end() > *end);
        let lost = cut.find(|batch| cluster.history.is_committed(batch.end(), batch.chain));
        holds(lost.is_none(), || format!("node {node} cuts to {end} what is committed"))
    }
}
