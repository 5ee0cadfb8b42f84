//! What happens to partitions from time to time. Every round looks at the open ones only.

use std::sync::Arc;
use std::time::Duration;

use log_store::directory::CheckpointKind;

use super::PartitionManager;
use crate::limits::{CLOSE_ATTEMPTS, CLOSE_PAUSE};
use crate::partition::Partition;
use crate::time::now_ms;

impl PartitionManager {
    /// Takes old segments out of the logs; their files go after `file.delete.delay.ms`. Blocks.
    pub(crate) fn apply_retention(&self) {
        let now_ms = now_ms();
        for partition in self.open_partitions() {
            let high_watermark = partition.high_watermark();
            let deleted = partition.with_log(|log| log.apply_retention(now_ms, high_watermark));
            let Some(deleted) = deleted else { continue };
            match deleted {
                Ok(deleted) if deleted.is_empty() => {}
                Ok(deleted) => {
                    let delay = Duration::from_millis(partition.file_delete_delay_ms());
                    tracing::info!(partition = %partition.place(), segments = deleted.segments(), "retention");
                    let pool = self.pool.clone();
                    self.pool.spawn(async move {
                        tokio::time::sleep(delay).await;
                        pool.spawn_blocking(move || deleted.remove());
                    });
                }
                Err(error) => tracing::error!(partition = %partition.place(), %error, "retention failed"),
            }
        }
    }

    /// Flushes partitions whose records have waited for `flush.ms`.
    pub(crate) fn flush_late(&self) {
        let now_ms = now_ms();
        self.open_partitions().iter().for_each(|partition| partition.flush_if_late(now_ms));
    }

    /// Forgets producers that were idle for `producer.id.expiration.ms`.
    pub(crate) fn expire_producers(&self) {
        let now_ms = now_ms();
        for partition in self.open_partitions() {
            partition.with_log(|log| log.expire_producers(now_ms));
        }
    }

    /// Writes a checkpoint of every directory. Blocks.
    pub(crate) fn write_checkpoint(&self, kind: CheckpointKind) {
        for partition in self.open_partitions() {
            partition.note_progress();
        }
        for disk in self.disks.iter().filter(|disk| !disk.has_failed()) {
            if let Err(error) = disk.write_checkpoint(kind) {
                tracing::error!(%error, "a checkpoint cannot be written");
            }
        }
    }

    /// Ends the use of all logs: everything is durable on return, and the next start finds a clean
    /// stop. Nothing may use the partitions any more. Blocks.
    pub(crate) fn close(&self, broker_epoch: i64) {
        let _changing = self.changing.lock();
        let open = Arc::unwrap_or_clone(self.open.swap(Arc::default()));
        for (_, partition) in open {
            let (disk, place) = (Arc::clone(partition.disk()), partition.place());
            match sole_owner(partition).map(Partition::close) {
                Some(Ok(progress)) => disk.note(&place, progress),
                Some(Err(error)) => disk.fail(&error.to_string()),
                None => disk.fail("a partition is still used while the broker stops"),
            }
        }
        for disk in self.disks.iter().filter(|disk| !disk.has_failed()) {
            let kinds =
                [CheckpointKind::RecoveryPoint, CheckpointKind::LogStart, CheckpointKind::Replication];
            let written = kinds.iter().try_for_each(|kind| disk.write_checkpoint(*kind));
            if let Err(error) = written.and_then(|()| disk.directory().write_clean_shutdown(broker_epoch)) {
                tracing::error!(%error, "the next start will check the logs of this directory");
            }
        }
    }
}

/// Waits until a flush in the background has let go of a partition.
fn sole_owner(mut partition: Arc<Partition>) -> Option<Partition> {
    for _ in 0..CLOSE_ATTEMPTS {
        match Arc::try_unwrap(partition) {
            Ok(sole) => return Some(sole),
            Err(shared) => partition = shared,
        }
        std::thread::sleep(CLOSE_PAUSE);
    }
    None
}
