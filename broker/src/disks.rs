//! The log directories of a broker (`log.dirs`): what their checkpoints say, and where a partition
//! lies.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use log_store::directory::{CheckpointKind, DirectoryError, LogDirectory, TopicPartition};
use log_store::io::Io;
use log_store::log::Recovery;
use parking_lot::Mutex;
use wire::Uuid;

/// A log directory. It fails by itself: nothing more is written to it then, and what is there
/// stays readable.
#[derive(Debug)]
pub(crate) struct Disk {
    directory: Arc<LogDirectory>,
    id: Uuid,
    /// Epoch of the broker that stopped cleanly on this directory.
    previous_epoch: Option<i64>,
    checkpoints: Mutex<Checkpoints>,
    /// Held while a checkpoint is put together and written: an older one never replaces a newer.
    writing: Mutex<()>,
}

/// The offsets of the checkpoint files, by partition.
#[derive(Debug, Default)]
pub(crate) struct Checkpoints {
    /// Whether the last stop was clean: no log needs recovery.
    clean: bool,
    recovery_points: BTreeMap<TopicPartition, i64>,
    log_starts: BTreeMap<TopicPartition, i64>,
    high_watermarks: BTreeMap<TopicPartition, i64>,
}

/// What the checkpoints keep of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Everything before is on the disk.
    pub(crate) recovery_point: i64,
    /// First readable offset.
    pub(crate) log_start: i64,
    /// What consumers may read ends here.
    pub(crate) high_watermark: i64,
}

impl Disk {
    /// Reads the checkpoints of an open directory. A damaged one costs a longer recovery.
    ///
    /// # Errors
    /// The disk fails.
    pub(crate) fn load(directory: Arc<LogDirectory>, id: Uuid) -> Result<Self, DirectoryError> {
        let marker = directory.take_clean_shutdown()?;
        let (clean, previous_epoch) = (marker.is_some(), marker.and_then(|marker| marker.broker_epoch));
        let read = |kind| match directory.read_checkpoint(kind) {
            Err(error @ DirectoryError::Damaged { .. }) => {
                tracing::warn!(%error, "a damaged checkpoint is left out");
                Ok(BTreeMap::new())
            }
            other => other,
        };
        let checkpoints = Checkpoints {
            clean,
            recovery_points: read(CheckpointKind::RecoveryPoint)?,
            log_starts: read(CheckpointKind::LogStart)?,
            high_watermarks: read(CheckpointKind::Replication)?,
        };
        let checkpoints = Mutex::new(checkpoints);
        Ok(Self { directory, id, previous_epoch, checkpoints, writing: Mutex::default() })
    }

    /// How it is reached.
    pub(crate) fn io(&self) -> &Arc<dyn Io> {
        self.directory.io()
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The directory itself.
    pub(crate) fn directory(&self) -> &LogDirectory {
        &self.directory
    }

    /// Its id in the cluster (KIP-858).
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// Epoch of the broker that stopped cleanly on it; `None` after a crash.
    pub(crate) fn previous_epoch(&self) -> Option<i64> {
        self.previous_epoch
    }

    /// Where a partition lies.
    pub(crate) fn partition_path(&self, partition: &TopicPartition) -> PathBuf {
        self.path().join(partition.to_string())
    }

    /// Takes it offline: a write or flush failed.
    pub(crate) fn fail(&self, reason: &str) {
        self.directory.take_offline(reason);
    }

    /// Whether it is offline.
    pub(crate) fn has_failed(&self) -> bool {
        self.directory.offline_reason().is_some()
    }

    /// Whether the last stop was clean.
    pub(crate) fn was_clean(&self) -> bool {
        self.checkpoints.lock().clean
    }

    /// Notes that every log has been recovered.
    pub(crate) fn recovered(&self) {
        self.checkpoints.lock().clean = true;
    }

    /// How a log of this directory is to be opened, and its last known high watermark.
    pub(crate) fn recovery(&self, partition: &TopicPartition) -> (Recovery, i64) {
        let checkpoints = self.checkpoints.lock();
        let of = |offsets: &BTreeMap<TopicPartition, i64>| offsets.get(partition).copied().unwrap_or(0);
        let recovery = Recovery {
            clean: checkpoints.clean,
            recovery_point: of(&checkpoints.recovery_points),
            log_start: of(&checkpoints.log_starts),
        };
        (recovery, of(&checkpoints.high_watermarks))
    }

    /// Sets the recovery point of a partition back if the checkpoint has a later one, durably: nothing below
    /// that may be written before.
    ///
    /// # Errors
    /// As [`Disk::write_checkpoint`].
    pub(crate) fn lower_recovery_point(
        &self,
        partition: &TopicPartition,
        recovery_point: i64,
    ) -> Result<(), DirectoryError> {
        match self.checkpoints.lock().recovery_points.get_mut(partition) {
            Some(known) if *known > recovery_point => *known = recovery_point,
            _ => return Ok(()),
        }
        self.write_checkpoint(CheckpointKind::RecoveryPoint)
    }

    /// Notes how far a partition is. `write_checkpoint` makes it durable.
    pub(crate) fn note(&self, partition: &TopicPartition, progress: Progress) {
        let mut checkpoints = self.checkpoints.lock();
        let Checkpoints { recovery_points, log_starts, high_watermarks, .. } = &mut *checkpoints;
        set(recovery_points, partition, progress.recovery_point);
        set(log_starts, partition, progress.log_start);
        set(high_watermarks, partition, progress.high_watermark);
    }

    /// Forgets a partition that is gone.
    pub(crate) fn forget(&self, partition: &TopicPartition) {
        let mut checkpoints = self.checkpoints.lock();
        checkpoints.recovery_points.remove(partition);
        checkpoints.log_starts.remove(partition);
        checkpoints.high_watermarks.remove(partition);
    }

    /// Writes the checkpoints of one kind. Durable on `Ok`.
    ///
    /// # Errors
    /// The disk fails, or failed before.
    pub(crate) fn write_checkpoint(&self, kind: CheckpointKind) -> Result<(), DirectoryError> {
        let _writing = self.writing.lock();
        let checkpoints = self.checkpoints.lock();
        let offsets = match kind {
            CheckpointKind::RecoveryPoint => &checkpoints.recovery_points,
            CheckpointKind::LogStart => &checkpoints.log_starts,
            CheckpointKind::Replication => &checkpoints.high_watermarks,
            CheckpointKind::Cleaner => return Ok(()),
        };
        // A log start of 0 is what is assumed anyway.
        let kept = offsets.iter().filter(|(_, offset)| kind != CheckpointKind::LogStart || **offset > 0);
        let entries: Vec<_> = kept.map(|(partition, offset)| (partition.clone(), *offset)).collect();
        drop(checkpoints);
        self.directory.write_checkpoint(kind, entries.iter().map(|(partition, offset)| (partition, *offset)))
    }
}

fn set(offsets: &mut BTreeMap<TopicPartition, i64>, partition: &TopicPartition, offset: i64) {
    match offsets.get_mut(partition) {
        Some(known) => *known = offset,
        None => drop(offsets.insert(partition.clone(), offset)),
    }
}
