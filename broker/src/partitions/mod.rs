//! The partitions of this broker.
//!
//! An idle partition costs nothing here: a [`Partition`] is made when a request first asks for it,
//! from the metadata image and what lies in its directory. Lookups take no lock.
//!
//! ```text
//! lookup.rs     name or id ─▶ open partition; opens on first use
//! follow.rs     metadata changes ─▶ leaders, settings, deletions, coordinators told
//! busy.rs       one thread at a time per partition
//! located.rs    what lies in a directory, without opening anything
//! recover.rs    at the start: logs checked after a crash, what the metadata does not know set aside
//! sweep.rs      retention, flushes by time, checkpoints, producers, removal of deleted files
//! ```

mod busy;
mod follow;
mod located;
mod lookup;
mod recover;
mod sweep;

use std::sync::Arc;

use arc_swap::ArcSwap;
use imbl::GenericHashMap;
use imbl::shared_ptr::DefaultSharedPtr;
use log_store::io::DescriptorCache;
use metadata::image::{ConfigResource, MetadataImage};
use parking_lot::{Mutex, RwLock};
use tokio::runtime::Handle;
use wire::Uuid;

use crate::config::{BrokerConfig, Settings};
use crate::descriptors::Descriptors;
use crate::disks::Disk;
use crate::partition::{HighWatermarkListener, Partition};
use crate::topic_config::TopicConfig;

use busy::Busy;
pub(crate) use located::Located;
pub(crate) use lookup::LookupFault;

/// Which partition: the id of its topic, and its index.
type Key = (Uuid, i32);

/// The partitions in use; a map and its successor share what did not change.
type OpenPartitions = GenericHashMap<Key, Arc<Partition>, foldhash::fast::FixedState, DefaultSharedPtr>;

/// A coordinator whose state lies in a topic; told which partitions this broker leads.
pub(crate) trait Coordinator: HighWatermarkListener {
    /// This broker leads `partition` from `leader_epoch` on. May block.
    fn elected(&self, partition: i32, leader_epoch: i32);

    /// This broker no longer leads `partition`, from `leader_epoch` on. May block.
    fn resigned(&self, partition: i32, leader_epoch: i32);

    /// A topic is gone. May block.
    fn topic_deleted(&self, name: &str, topic_id: Uuid);
}

/// All partitions of this broker.
pub(crate) struct PartitionManager {
    node_id: i32,
    image: Arc<ArcSwap<MetadataImage>>,
    settings: Arc<ArcSwap<Settings>>,
    disks: Vec<Arc<Disk>>,
    /// The open files of all logs, bounded in number.
    files: Arc<DescriptorCache>,
    /// Threads that may block.
    pool: Handle,
    open: ArcSwap<OpenPartitions>,
    /// Held while the metadata changes, and at the end.
    changing: Mutex<()>,
    /// Who opens, recovers or removes a partition, or tells it who leads, is busy with it.
    busy: Busy,
    /// The coordinator of `__consumer_offsets`.
    groups: RwLock<Option<Arc<dyn Coordinator>>>,
}

impl PartitionManager {
    /// A manager without open partitions.
    pub(crate) fn new(
        config: &BrokerConfig,
        image: Arc<ArcSwap<MetadataImage>>,
        settings: Arc<ArcSwap<Settings>>,
        disks: Vec<Arc<Disk>>,
        pool: Handle,
    ) -> Self {
        let io = disks.first().expect("a broker has a log directory").io();
        let files = DescriptorCache::new(Arc::clone(io), Descriptors::of_process().files);
        Self {
            node_id: config.node_id,
            image,
            settings,
            disks,
            files,
            pool,
            open: ArcSwap::default(),
            changing: Mutex::default(),
            busy: Busy::default(),
            groups: RwLock::default(),
        }
    }

    /// Sets who is told about the leadership of `__consumer_offsets`. Before the first metadata.
    pub(crate) fn set_groups(&self, coordinator: Arc<dyn Coordinator>) {
        *self.groups.write() = Some(coordinator);
    }

    /// The log directories.
    pub(crate) fn disks(&self) -> &[Arc<Disk>] {
        &self.disks
    }

    /// The epoch in which this broker stopped cleanly; -1 if any directory says otherwise (KIP-966).
    pub(crate) fn previous_epoch(&self) -> i64 {
        let epochs: Option<Vec<i64>> = self.disks.iter().map(|disk| disk.previous_epoch()).collect();
        match epochs.as_deref() {
            Some([first, rest @ ..]) if rest.iter().all(|epoch| epoch == first) => *first,
            _ => -1,
        }
    }

    /// The partitions in use.
    pub(crate) fn open_partitions(&self) -> Vec<Arc<Partition>> {
        self.open.load().values().cloned().collect()
    }

    /// The settings of a topic.
    fn topic_config(&self, image: &MetadataImage, topic: &str) -> Arc<TopicConfig> {
        let own = image.configs().of(&ConfigResource::topic(topic));
        Arc::new(TopicConfig::resolve(&own, &self.settings.load()))
    }
}
