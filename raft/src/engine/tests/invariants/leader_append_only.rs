//! A leader never cuts its own log.

use super::{Fact, Invariant, holds};
use crate::engine::tests::cluster::Cluster;

pub(super) struct LeaderAppendOnly;

impl Invariant for LeaderAppendOnly {
    fn name(&self) -> &'static str {
        "leader append-only"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let Fact::Truncates { node, end } = fact else { return Ok(()) };
        let engine = cluster.nodes[*node].engine.as_ref();
        let leads = engine.is_some_and(|engine| engine.leading_epoch().is_some());
        holds(!leads, || format!("node {node} leads and cuts its log to {end}"))
    }
}
