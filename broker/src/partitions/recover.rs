//! The start: which directories there are, and whether their logs are whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use log_store::directory::{
    CheckpointKind, DirectoryError, DirectoryState, PartitionDirectory, read_partition_metadata,
};
use log_store::log::Log;
use metadata::image::MetadataImage;

use super::PartitionManager;
use super::follow::{remove_directory, unless_gone};
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

    fn recover_disk(self: &Arc<Self>, disk: &Arc<Disk>) -> Result<(), DirectoryError> {
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
        let (dir, count) = (disk.path().display(), current.len());
        if disk.was_clean() {
            tracing::info!("{count} logs in {dir} need no recovery: the last stop was clean");
            return Ok(());
        }
        tracing::info!("Recovering {count} logs in {dir}: the last stop was not clean");
        self.recover_logs(disk, &current);
        if !disk.has_failed() {
            disk.write_checkpoint(CheckpointKind::RecoveryPoint)?;
            disk.recovered();
            tracing::info!("Recovered {count} logs in {dir}");
        }
        Ok(())
    }

    /// Recovers logs on `num.recovery.threads.per.data.dir` threads, until one of them fails.
    fn recover_logs(&self, disk: &Disk, logs: &[PartitionDirectory]) {
        let threads = self.settings.load().integer("num.recovery.threads.per.data.dir");
        let done = AtomicUsize::new(0);
        in_parallel(usize::try_from(threads).unwrap_or(1), logs, |found| {
            if disk.has_failed() {
                return;
            }
            match self.recover_log(disk, found) {
                Ok(Some(log_end)) => tracing::info!(
                    "Recovered the log {} up to offset {log_end} ({}/{} logs in {})",
                    found.name,
                    done.fetch_add(1, Ordering::Relaxed) + 1,
                    logs.len(),
                    disk.path().display()
                ),
                Ok(None) => _ = done.fetch_add(1, Ordering::Relaxed),
                Err(reason) => disk.fail(&reason),
            }
        });
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

    /// Opens a log after a crash, which cuts a torn tail and rebuilds indexes, and closes it again. Returns
    /// its end; `None` if it is in use, and so was recovered, or was deleted meanwhile.
    fn recover_log(&self, disk: &Disk, found: &PartitionDirectory) -> Result<Option<i64>, String> {
        let place = &found.partition;
        let image = self.image.load_full();
        let Some(topic) = image.topics().by_name(&place.topic) else { return Ok(None) };
        // Nobody opens or deletes it meanwhile.
        let _busy = self.busy.enter((topic.id(), place.partition));
        let is_known = self.image.load().topics().by_id(topic.id()).is_some();
        if !is_known || self.if_open(topic.id(), place.partition).is_some() {
            return Ok(None);
        }
        let (recovery, high_watermark) = disk.recovery(place);
        let config = self.topic_config(&image, &place.topic);
        let path = disk.partition_path(place);
        let mut log =
            Log::open_cached(Arc::clone(&self.files), &path, Arc::clone(&config.log), recovery, now_ms())
                .map_err(|error| error.to_string())?;
        disk.lower_recovery_point(place, log.recovery_point()).map_err(|error| error.to_string())?;
        if !matches!(read_partition_metadata(&**disk.io(), &path), Ok(Some(_))) {
            // The crash came before it was durable.
            log.create(topic.id()).map_err(|error| error.to_string())?;
        }
        let (log_start, log_end) = (log.log_start(), log.log_end());
        let recovery_point = log.close().map_err(|error| error.to_string())?;
        let high_watermark = high_watermark.clamp(log_start, log_end);
        disk.note(place, Progress { recovery_point, log_start, high_watermark });
        Ok(Some(log_end))
    }
}

/// Does `work` for every item, on at most so many threads.
fn in_parallel<T: Sync>(threads: usize, items: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, items.len().max(1)) {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(item);
                }
            });
        }
    });
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
    // It may have been deleted meanwhile.
    if let Err(error) = unless_gone(disk.io().rename(&from, &to)) {
        disk.fail(&format!("cannot rename {}: {error}", from.display()));
    }
}

fn has_files(disk: &Disk, name: &str) -> bool {
    disk.io().list_dir(&disk.path().join(name)).is_ok_and(|entries| !entries.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn every_item_is_worked_on_once_by_as_many_threads_as_there_may_be() {
        let (items, meeting) = ((0..30).collect::<Vec<usize>>(), Barrier::new(3));
        let seen: Vec<AtomicUsize> = items.iter().map(|_| AtomicUsize::new(0)).collect();
        in_parallel(3, &items, |item| {
            // Three must be here at the same time.
            meeting.wait();
            seen[*item].fetch_add(1, Ordering::Relaxed);
        });
        assert!(seen.iter().all(|count| count.load(Ordering::Relaxed) == 1));
        in_parallel(3, &[], |_: &usize| panic!("nothing to do"));
    }
}
