//! What a driver is told at birth.

use std::path::PathBuf;
use std::sync::Arc;

use log_store::log::LogConfig;

use crate::engine::{EngineConfig, VoterSet};

/// The metadata log of one node: where it is and how much of it is kept.
#[derive(Clone, Debug)]
pub struct DriverConfig {
    /// `__cluster_metadata-0` below `metadata.log.dir`. Made when absent.
    pub directory: PathBuf,
    /// The cluster's id; requests that name another are refused.
    pub cluster_id: String,
    /// Identity and timing.
    pub engine: EngineConfig,
    /// `controller.quorum.voters`; empty for a dynamic quorum.
    pub static_voters: VoterSet,
    /// `metadata.log.segment.bytes`.
    pub segment_bytes: u32,
    /// `metadata.log.segment.ms`.
    pub segment_ms: i64,
    /// `metadata.max.retention.bytes`: log and snapshots together; -1 for no limit.
    pub retention_bytes: i64,
    /// `metadata.max.retention.ms`: age of the oldest snapshot; -1 for no limit.
    pub retention_ms: i64,
}

impl DriverConfig {
    /// Kafka's defaults.
    #[must_use]
    pub fn new(directory: PathBuf, cluster_id: &str, engine: EngineConfig, static_voters: VoterSet) -> Self {
        Self {
            directory,
            cluster_id: cluster_id.to_owned(),
            engine,
            static_voters,
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 3_600_000,
            retention_bytes: 100 << 20,
            retention_ms: 7 * 24 * 3_600_000,
        }
    }

    /// The log never deletes by itself: what goes is behind a snapshot.
    pub(crate) fn log(&self) -> Arc<LogConfig> {
        Arc::new(LogConfig {
            segment_bytes: self.segment_bytes,
            segment_ms: self.segment_ms,
            retention_ms: -1,
            retention_bytes: -1,
            max_message_bytes: u32::MAX,
            contiguous: true,
            ..LogConfig::default()
        })
    }
}
