//! One node of the simulated cluster.

use wire::Uuid;

use crate::engine::tests::disk::Disk;
use crate::engine::{Engine, ReplicaKey};

pub(in crate::engine::tests) struct Node {
    pub(in crate::engine::tests) id: i32,
    /// `None` while the process is down.
    pub(in crate::engine::tests) engine: Option<Engine>,
    /// Counts processes, so that what was meant for an earlier one is told apart.
    pub(super) incarnation: u64,
    pub(in crate::engine::tests) disk: Disk,
    /// Disks that were taken out, as they were then.
    pub(in crate::engine::tests) former: Vec<Disk>,
    pub(super) flush_under_way: bool,
    pub(super) snapshot_bytes: Vec<u8>,
    /// What this process last showed as committed.
    pub(in crate::engine::tests) high_watermark: i64,
    pub(super) port: u16,
}

impl Node {
    pub(super) fn new(id: i32, disk: Disk) -> Self {
        Self {
            id,
            engine: None,
            incarnation: 0,
            disk,
            former: Vec::new(),
            flush_under_way: false,
            snapshot_bytes: Vec::new(),
            high_watermark: 0,
            port: 9093,
        }
    }

    pub(in crate::engine::tests) fn key(&self) -> ReplicaKey {
        ReplicaKey { id: self.id, directory_id: Some(self.disk.directory_id) }
    }

    /// The disk that `key` names, whether it is in use or was taken out.
    pub(in crate::engine::tests) fn disk_of(&self, key: &ReplicaKey) -> Option<&Disk> {
        let is_meant = |disk: &&Disk| key.directory_id.is_none_or(|id: Uuid| id == disk.directory_id);
        std::iter::once(&self.disk).chain(&self.former).filter(|_| key.id == self.id).find(is_meant)
    }
}
