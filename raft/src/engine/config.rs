//! What a node's engine is told at birth.

use wire::Uuid;

#[cfg(test)]
use super::mistakes::Mistake;
use super::types::{Endpoint, ReplicaKey};
use super::voters::{KRAFT_VERSION_RECONFIG, Voter};

/// Identity, timing and first contacts of an engine. Times in milliseconds.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// `node.id`.
    pub node_id: i32,
    /// Id of the directory that holds the metadata log; never zero.
    pub directory_id: Uuid,
    /// The listener that controllers talk on, first of `controller.listener.names`.
    pub listener: String,
    /// Where this node listens as a controller; empty on a node that is none.
    pub endpoints: Vec<Endpoint>,
    /// `controller.quorum.bootstrap.servers` as (host, port); may be empty with static voters.
    pub bootstrap_servers: Vec<(String, u16)>,
    /// `controller.quorum.election.timeout.ms`.
    pub election_timeout_ms: u64,
    /// `controller.quorum.election.backoff.max.ms`.
    pub election_backoff_max_ms: u64,
    /// `controller.quorum.fetch.timeout.ms`.
    pub fetch_timeout_ms: u64,
    /// `controller.quorum.request.timeout.ms`.
    pub request_timeout_ms: u64,
    /// `controller.quorum.retry.backoff.ms`.
    pub retry_backoff_ms: u64,
    /// `controller.quorum.auto.join.enable`: a controller that does not vote asks to be a voter.
    pub auto_join: bool,
    /// Seed of the jitter in election timeouts.
    pub seed: u64,
    /// What tests let the engine do wrong, to see that they notice.
    #[cfg(test)]
    pub(crate) mistake: Option<Mistake>,
}

impl EngineConfig {
    /// Kafka's defaults for a node; the seed has to differ between nodes.
    #[must_use]
    pub fn new(node_id: i32, directory_id: Uuid, listener: &str, seed: u64) -> Self {
        Self {
            node_id,
            directory_id,
            listener: listener.to_owned(),
            endpoints: Vec::new(),
            bootstrap_servers: Vec::new(),
            election_timeout_ms: 1_000,
            election_backoff_max_ms: 1_000,
            fetch_timeout_ms: 2_000,
            request_timeout_ms: 2_000,
            retry_backoff_ms: 20,
            auto_join: false,
            seed,
            #[cfg(test)]
            mistake: None,
        }
    }

    /// The replica that this node is.
    #[must_use]
    pub fn key(&self) -> ReplicaKey {
        ReplicaKey { id: self.node_id, directory_id: Some(self.directory_id) }
    }

    /// This node as a voter set should describe it.
    #[must_use]
    pub fn voter(&self) -> Voter {
        Voter {
            key: self.key(),
            endpoints: self.endpoints.clone(),
            kraft_version_min: 0,
            kraft_version_max: KRAFT_VERSION_RECONFIG,
        }
    }

    /// Whether this node is a controller, so that it may be made a voter.
    pub(crate) fn can_become_voter(&self) -> bool {
        !self.endpoints.is_empty()
    }
}

/// Spreads election timeouts; the same seed gives the same sequence (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`, 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).checked_rem(bound).unwrap_or(0)
    }
}
