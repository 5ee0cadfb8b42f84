//! The start: which directories there are, and whether their logs are whole.

use std::sync::Arc;
use std::time::Duration;

use log_store::directory::{
    CheckpointKind, DirectoryError, DirectoryState, PartitionDirectory, read_partition_metadata,
};
use log_store::log::{Log, OpenError};
use metadata::image::MetadataImage;

use super::PartitionManager;
use super::follow::remove_directory;
use crate::disks::{Disk, Progress};
use crate::time::now_ms;

impl PartitionManager {
    /// Makes the directories fit the metadata, before anything is served: logs are checked if the
    /// last stop was not clean, replicas that the metadata does not know are set aside, and what
    /// was deleted before is removed. Blocks for as long as that takes.
    pub(crate) fn recover(self: &Arc<Self>) {
        std::thread::scope(|scope| {
            for disk in &self.disks {
                scope.spawn(move || {
                    if let Err(error) = self.recover_disk(disk) {
                        disk.fail(&error.to_string());
                    }
                });
            }
        });
    }

    fn recover_disk(&self, disk: &Arc<Disk>) -> Result<(), DirectoryError> {
        let listing = disk.directory().partitions()?;
        let image = self.image.load_full();
        let mut current = Vec::new();
        for found in listing.partitions {
            match found.state {
                DirectoryState::Deleted => self.remove_later(disk, found.name, Duration::ZERO),
                DirectoryState::Current if is_metadata_log(&found) => {}
                DirectoryState::Current if self.is_stray(disk, &image, &found) => set_aside(disk, &found),
                DirectoryState::Current => current.push(found),
                DirectoryState::Future | DirectoryState::Stray => {}
            }
        }
        if !disk.was_clean() {
            for found in &current {
                // Nobody opens a log while it is recovered; one that is open was recovered then.
                let _changing = self.changing.lock();
                if self.is_open(&image, found) {
                    continue;
                }
                if let Err(error) = self.recover_log(disk, &image, found) {
                    disk.fail(&error.to_string());
                    return Ok(());
                }
            }
            disk.write_checkpoint(CheckpointKind::RecoveryPoint)?;
            disk.recovered();
        }
        Ok(())
    }

    /// Whether the metadata has no such replica on this broker.
    fn is_stray(&self, disk: &Disk, image: &MetadataImage, found: &PartitionDirectory) -> bool {
        let topic = image.topics().by_name(&found.partition.topic);
        let here = topic.and_then(|topic| topic.partition(found.partition.partition));
        if !here.is_some_and(|partition| partition.replicas().contains(&self.node_id)) {
            return true;
        }
        let written = read_partition_metadata(&**disk.io(), &disk.partition_path(&found.partition));
        match written {
            Ok(Some(written)) => topic.is_none_or(|topic| topic.id() != written.topic_id),
            _ => false,
        }
    }

    fn is_open(&self, image: &MetadataImage, found: &PartitionDirectory) -> bool {
        let topic = image.topics().by_name(&found.partition.topic);
        topic.is_some_and(|topic| self.if_open(topic.id(), found.partition.partition).is_some())
    }

    /// Opens a log after a crash, which cuts a torn tail and rebuilds indexes, and closes it again.
    fn recover_log(
        &self,
        disk: &Disk,
        image: &MetadataImage,
        found: &PartitionDirectory,
    ) -> Result<(), OpenError> {
        let (recovery, high_watermark) = disk.recovery(&found.partition);
        let path = disk.partition_path(&found.partition);
        let config = self.topic_config(image, &found.partition.topic);
        let log =
            Log::open_cached(Arc::clone(&self.files), &path, Arc::clone(&config.log), recovery, now_ms())?;
        let (log_start, log_end) = (log.log_start(), log.log_end());
        match log.close() {
            Ok(recovery_point) => {
                let high_watermark = high_watermark.clamp(log_start, log_end);
                disk.note(&found.partition, Progress { recovery_point, log_start, high_watermark });
            }
            Err(error) => disk.fail(&error.to_string()),
        }
        Ok(())
    }
}

/// The metadata log lies beside the partitions and is not one of ours.
fn is_metadata_log(found: &PartitionDirectory) -> bool {
    found.partition.topic == "__cluster_metadata"
}

fn set_aside(disk: &Disk, found: &PartitionDirectory) {
    let unique = u128::from(now_ms().unsigned_abs());
    let stray = PartitionDirectory::new(found.partition.clone(), DirectoryState::Stray, unique);
    let (from, to) = (disk.path().join(&found.name), disk.path().join(&stray.name));
    disk.forget(&found.partition);
    if !has_files(disk, &found.name) {
        return remove_directory(disk, &found.name);
    }
    tracing::warn!(dir = found.name, renamed = stray.name, "the metadata knows no such replica here");
    if let Err(error) = disk.io().rename(&from, &to) {
        disk.fail(&format!("cannot rename {}: {error}", from.display()));
    }
}

fn has_files(disk: &Disk, name: &str) -> bool {
    disk.io().list_dir(&disk.path().join(name)).is_ok_and(|entries| !entries.is_empty())
}
