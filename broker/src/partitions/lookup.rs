//! Finding a partition, and opening it when it is used for the first time.

use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

use log_store::directory::{DirectoryState, PartitionDirectory, TopicPartition, read_partition_metadata};
use log_store::log::{Log, OpenError};
use metadata::image::{self, MetadataImage, Topic};
use thiserror::Error;
use wire::Uuid;

use super::{Key, PartitionManager};
use crate::disks::Disk;
use crate::partition::{Leadership, Partition, PartitionName, Seen};
use crate::time::now_ms;
use crate::topic_names::CONSUMER_OFFSETS;

/// Why there is no partition to work with.
#[derive(Debug, Error)]
pub(crate) enum LookupFault {
    /// The cluster has no such topic or partition.
    #[error("unknown topic or partition")]
    Unknown,
    /// The cluster has no topic with this id.
    #[error("unknown topic id")]
    UnknownId,
    /// It is on other brokers.
    #[error("this broker has no replica of the partition")]
    Elsewhere,
    /// Its log directory is offline.
    #[error("the log directory is offline")]
    Offline,
    /// Its log cannot be opened; the directory is offline from here on.
    #[error(transparent)]
    Open(#[from] Arc<OpenError>),
}

impl PartitionManager {
    /// A partition by the name of its topic.
    ///
    /// # Errors
    /// [`LookupFault`].
    pub(crate) fn by_name(&self, topic: &str, index: i32) -> Result<Arc<Partition>, LookupFault> {
        let id = self.image.load().topics().by_name(topic).ok_or(LookupFault::Unknown)?.id();
        self.by_id(id, index)
    }

    /// A partition by the id of its topic.
    ///
    /// # Errors
    /// [`LookupFault`].
    pub(crate) fn by_id(&self, topic: Uuid, index: i32) -> Result<Arc<Partition>, LookupFault> {
        match self.open.load().get(&(topic, index)) {
            Some(partition) => Ok(Arc::clone(partition)),
            None => self.open_partition((topic, index)),
        }
    }

    /// A partition that is in use, without opening it.
    pub(crate) fn if_open(&self, topic: Uuid, index: i32) -> Option<Arc<Partition>> {
        self.open.load().get(&(topic, index)).cloned()
    }

    fn open_partition(&self, key: Key) -> Result<Arc<Partition>, LookupFault> {
        let _busy = self.busy.enter(key);
        if let Some(partition) = self.open.load().get(&key) {
            return Ok(Arc::clone(partition));
        }
        let image = self.image.load_full();
        let topic = image.topics().by_id(key.0).ok_or(LookupFault::UnknownId)?;
        let state = topic.partition(key.1).ok_or(LookupFault::Unknown)?;
        if !state.replicas().contains(&self.node_id) {
            return Err(LookupFault::Elsewhere);
        }
        let partition = Arc::new(self.open_log(&image, topic, key.1, state)?);
        partition.lead(Leadership::of(state, self.node_id));
        self.open.rcu(|open| open.update(key, Arc::clone(&partition)));
        self.catch_up(&partition);
        Ok(partition)
    }

    /// Puts the newest settings in force. Whoever changes them tells the open partitions afterwards, and may
    /// not have seen this one yet.
    fn catch_up(&self, partition: &Partition) {
        loop {
            let (image, settings) = (self.image.load_full(), self.settings.load_full());
            partition.set_config(self.topic_config(&image, &partition.name().topic));
            fence(Ordering::SeqCst);
            let is_newest =
                Arc::ptr_eq(&image, &self.image.load()) && Arc::ptr_eq(&settings, &self.settings.load());
            if is_newest {
                return;
            }
        }
    }

    fn open_log(
        &self,
        image: &MetadataImage,
        topic: &Topic,
        index: i32,
        state: &image::Partition,
    ) -> Result<Partition, LookupFault> {
        let place = TopicPartition { topic: topic.name().to_string(), partition: index };
        let disk = self.disk_of(&place, state).ok_or(LookupFault::Offline)?;
        let has_directory = set_stranger_aside(&disk, &place, topic.id());
        let config = self.topic_config(image, topic.name());
        let (recovery, high_watermark) = disk.recovery(&place);
        let path = disk.partition_path(&place);
        let log =
            Log::open_cached(Arc::clone(&self.files), &path, Arc::clone(&config.log), recovery, now_ms());
        let log = log.map_err(|error| {
            disk.fail(&error.to_string());
            Arc::new(error)
        })?;
        // A log that lost what was flushed once: it grows again from below its checkpoint.
        let lowered = disk.lower_recovery_point(&place, log.recovery_point());
        lowered.map_err(|_| LookupFault::Offline)?;
        let name = PartitionName { topic: Arc::clone(topic.name()), topic_id: topic.id(), index };
        let partition = Partition::new(
            name,
            log,
            config,
            disk,
            self.pool.clone(),
            Seen { high_watermark, has_directory },
        );
        let groups = self.groups.read().clone().filter(|_| **topic.name() == *CONSUMER_OFFSETS);
        Ok(partition.with_listener(groups.map(|groups| groups as _)))
    }

    /// The directory in which a partition lies, or shall lie: where the metadata says, else where
    /// it is found, else the first that works.
    pub(super) fn disk_of(&self, place: &TopicPartition, state: &image::Partition) -> Option<Arc<Disk>> {
        let assigned = state.directory(self.node_id);
        let by_id = self.disks.iter().find(|disk| Some(disk.id()) == assigned);
        let by_files = || {
            let has = |disk: &&Arc<Disk>| disk.io().exists(&disk.partition_path(place)).unwrap_or(false);
            self.disks.iter().find(has)
        };
        let first = || self.disks.iter().find(|disk| !disk.has_failed());
        by_id.or_else(by_files).or_else(first).cloned()
    }
}

/// Renames the directory of an older topic of the same name, so that nothing of it is served. True
/// when there is a directory that belongs to this topic.
fn set_stranger_aside(disk: &Disk, place: &TopicPartition, topic_id: Uuid) -> bool {
    let path = disk.partition_path(place);
    match read_partition_metadata(&**disk.io(), &path) {
        Ok(Some(found)) if found.topic_id != topic_id => {}
        found => return found.is_ok_and(|found| found.is_some()),
    }
    let stray = PartitionDirectory::new(place.clone(), DirectoryState::Stray, u128::from(topic_id));
    disk.forget(place);
    tracing::warn!(dir = %path.display(), renamed = stray.name, "belongs to another topic of the same name");
    if let Err(error) = disk.io().rename(&path, &disk.path().join(&stray.name)) {
        disk.fail(&format!("cannot rename {}: {error}", path.display()));
    }
    false
}
