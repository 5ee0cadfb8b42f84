//! What a driver and its handles have in common.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::{Mutex, RwLock};
use snapshot::SnapshotDirectory;

use super::queue::ProposalQueue;
use crate::engine::{LeaderAndEpoch, OffsetAndEpoch, RoleName, VoterHistory, VoterSet};

/// How the node stands in the quorum, for operators and tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumInfo {
    /// This node.
    pub node_id: i32,
    /// What it is.
    pub role: RoleName,
    /// Who leads, and since which epoch.
    pub leader: LeaderAndEpoch,
    /// End of what is committed, `None` while unknown.
    pub high_watermark: Option<i64>,
    /// End of what the state machine has been shown.
    pub applied: i64,
    /// End of the log.
    pub log_end: i64,
    /// The voters.
    pub voters: VoterSet,
    /// `kraft.version`.
    pub kraft_version: i16,
    /// The newest snapshot.
    pub latest_snapshot: Option<OffsetAndEpoch>,
    /// Voters whose vote is asked for and has not come, while the node stands for election.
    pub awaited_votes: Vec<i32>,
    /// Peers that could not be reached when last tried, and why. Bootstrap servers have negative ids.
    pub unreachable: Vec<(i32, String)>,
}

type Watcher = Box<dyn Fn(i64) + Send + Sync>;

pub(crate) struct Shared {
    pub(crate) queue: Mutex<ProposalQueue>,
    pub(crate) info: RwLock<Arc<QuorumInfo>>,
    pub(crate) voters: Mutex<VoterHistory>,
    pub(crate) snapshots: SnapshotDirectory,
    /// -1 while unknown.
    high_watermark: AtomicI64,
    watchers: Mutex<Vec<Watcher>>,
}

impl Shared {
    pub(crate) fn new(info: QuorumInfo, voters: VoterHistory, snapshots: SnapshotDirectory) -> Self {
        Self {
            queue: Mutex::default(),
            info: RwLock::new(Arc::new(info)),
            voters: Mutex::new(voters),
            snapshots,
            high_watermark: AtomicI64::new(-1),
            watchers: Mutex::default(),
        }
    }

    pub(crate) fn high_watermark(&self) -> Option<i64> {
        Some(self.high_watermark.load(Ordering::Acquire)).filter(|end| *end >= 0)
    }

    pub(crate) fn watch(&self, watcher: Watcher) {
        self.watchers.lock().push(watcher);
    }

    pub(crate) fn advance_high_watermark(&self, high_watermark: i64) {
        self.high_watermark.store(high_watermark, Ordering::Release);
        for watcher in &*self.watchers.lock() {
            watcher(high_watermark);
        }
    }
}

impl Debug for Shared {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("info", &self.info.read()).finish_non_exhaustive()
    }
}
