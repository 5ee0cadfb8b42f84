//! Topics and their partitions.

use std::sync::Arc;

use imbl::OrdMap;
use wire::Uuid;
use wire::metadata_records::partition_record::PartitionRecord;
use wire::metadata_records::topic_record::TopicRecord;

use super::partition::Partition;
use crate::features::MetadataVersion;
use crate::record::Record;

/// Partitions of one chunk: the cost of changing one partition of a large topic.
const CHUNK: usize = 128;

/// A topic.
///
/// Invariant: a topic that no record touched is the same allocation in an image and in its successor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    name: Arc<str>,
    id: Uuid,
    /// All chunks but the last are full. A hole can only be there while a snapshot is being read.
    chunks: Vec<Arc<Vec<Option<Partition>>>>,
}

impl Topic {
    pub(crate) fn new(name: &str, id: Uuid) -> Self {
        Self { name: name.into(), id, chunks: Vec::new() }
    }

    /// Name of the topic.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Id of the topic, never used again after the topic's deletion.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Number of partitions.
    pub fn partition_count(&self) -> i32 {
        let full = self.chunks.len().saturating_sub(1) * CHUNK;
        (full + self.chunks.last().map_or(0, |chunk| chunk.len())) as i32
    }

    /// One partition.
    pub fn partition(&self, id: i32) -> Option<&Partition> {
        let id = usize::try_from(id).ok()?;
        self.chunks.get(id / CHUNK)?.get(id % CHUNK)?.as_ref()
    }

    /// All partitions in the order of their ids.
    pub fn partitions(&self) -> impl Iterator<Item = (i32, &Partition)> + '_ {
        let slots = self.chunks.iter().flat_map(|chunk| chunk.iter());
        (0..).zip(slots).filter_map(|(id, slot)| Some((id, slot.as_ref()?)))
    }

    pub(crate) fn set_partition(&mut self, id: i32, partition: Partition) {
        let id = usize::try_from(id).expect("partition ids start at 0");
        while self.chunks.len() <= id / CHUNK {
            if let Some(last) = self.chunks.last_mut()
                && last.len() < CHUNK
            {
                Arc::make_mut(last).resize(CHUNK, None);
            }
            self.chunks.push(Arc::default());
        }
        let chunk = Arc::make_mut(&mut self.chunks[id / CHUNK]);
        if chunk.len() <= id % CHUNK {
            chunk.resize(id % CHUNK + 1, None);
        }
        chunk[id % CHUNK] = Some(partition);
    }

    /// Gives back what growing reserved.
    pub(crate) fn shrink(&mut self) {
        self.chunks.shrink_to_fit();
        if let Some(last) = self.chunks.last_mut()
            && last.capacity() > last.len()
        {
            Arc::make_mut(last).shrink_to_fit();
        }
    }

    fn write(&self, version: MetadataVersion, out: &mut impl FnMut(Record)) {
        let name = self.name.to_string().into();
        out(Record::v0(TopicRecord { name, topic_id: self.id }));
        for (id, partition) in self.partitions() {
            out(partition_record(self.id, id, partition, version));
        }
    }
}

/// The record that creates a partition as it is, in the version that the metadata version asks for. What that
/// version cannot carry is left out.
pub(crate) fn partition_record(
    topic_id: Uuid,
    partition_id: i32,
    partition: &Partition,
    version: MetadataVersion,
) -> Record {
    let list = |items: &[i32]| items.to_vec().into();
    let non_empty = |items: &[i32]| (!items.is_empty()).then(|| items.to_vec().into());
    let mut record = PartitionRecord {
        partition_id,
        topic_id,
        replicas: list(partition.replicas()),
        isr: list(partition.isr()),
        removing_replicas: list(partition.removing_replicas()),
        adding_replicas: list(partition.adding_replicas()),
        leader: partition.leader(),
        leader_recovery_state: partition.leader_recovery_state().code(),
        leader_epoch: partition.leader_epoch(),
        partition_epoch: partition.partition_epoch(),
        ..PartitionRecord::default()
    };
    if version.has_directory_assignment() {
        record.directories = partition.directories().collect();
    }
    if version.has_elr() {
        record.eligible_leader_replicas = non_empty(partition.elr());
        record.last_known_elr = non_empty(partition.last_known_elr());
    }
    Record::new(record, version.partition_record_version())
}

/// All topics.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopicsImage {
    by_name: OrdMap<Arc<str>, Uuid>,
    by_id: OrdMap<Uuid, Arc<Topic>>,
}

impl TopicsImage {
    /// A topic by its name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Topic>> {
        self.by_name.get(name).and_then(|id| self.by_id.get(id))
    }

    /// A topic by its id.
    pub fn by_id(&self, id: Uuid) -> Option<&Arc<Topic>> {
        self.by_id.get(&id)
    }

    /// A partition by its topic's id.
    pub fn partition(&self, topic: Uuid, partition: i32) -> Option<&Partition> {
        self.by_id(topic)?.partition(partition)
    }

    /// All topics in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Topic>> + '_ {
        self.by_name.values().filter_map(|id| self.by_id.get(id))
    }

    /// Topics from `name` on, in the order of their names: for answers in pages.
    pub fn iter_from<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Arc<Topic>> + 'a {
        let from: Arc<str> = name.into();
        self.by_name.range(from..).filter_map(|(_, id)| self.by_id.get(id))
    }

    /// Number of topics.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are no topics.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(crate) fn insert(&mut self, topic: Topic) {
        self.by_name.insert(topic.name.clone(), topic.id);
        self.by_id.insert(topic.id, Arc::new(topic));
    }

    pub(crate) fn get_mut(&mut self, id: Uuid) -> Option<&mut Topic> {
        self.by_id.get_mut(&id).map(Arc::make_mut)
    }

    pub(crate) fn remove(&mut self, id: Uuid) -> Option<Arc<Topic>> {
        let topic = self.by_id.remove(&id)?;
        self.by_name.remove(&topic.name);
        Some(topic)
    }

    pub(crate) fn write(&self, version: MetadataVersion, out: &mut impl FnMut(Record)) {
        self.by_id.values().for_each(|topic| topic.write(version, out));
    }
}
