//! Changes of [`TopicsImage`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wire::Uuid;
use wire::metadata_records::clear_elr_record::ClearElrRecord;
use wire::metadata_records::partition_change_record::PartitionChangeRecord;
use wire::metadata_records::partition_record::PartitionRecord;
use wire::metadata_records::topic_record::TopicRecord;

use super::error::ReplayError;
use crate::image::{Partition, PartitionState, Topic, TopicsImage};

/// What happened to a topic that is still there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopicChange {
    /// Whether it came with this delta.
    pub created: bool,
    /// Partitions that are new or different.
    pub partitions: BTreeSet<i32>,
}

/// Topics that came, went, or have changed partitions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopicsDelta {
    changed: BTreeMap<Uuid, TopicChange>,
    deleted: BTreeMap<Uuid, Arc<str>>,
}

impl TopicsDelta {
    /// Topics that came or have changed partitions, by id. Look into the images for what they were and are.
    pub fn changed(&self) -> &BTreeMap<Uuid, TopicChange> {
        &self.changed
    }

    /// Topics that were there before and are gone, with their names.
    pub fn deleted(&self) -> &BTreeMap<Uuid, Arc<str>> {
        &self.deleted
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.deleted.is_empty()
    }

    pub(crate) fn replay_topic(&mut self, image: &mut TopicsImage, record: &TopicRecord<'_>) {
        image.insert(Topic::new(&record.name, record.topic_id));
        self.changed.entry(record.topic_id).or_default().created = true;
    }

    /// Removes the topic and returns its name.
    pub(crate) fn replay_remove_topic(
        &mut self,
        image: &mut TopicsImage,
        id: Uuid,
    ) -> Result<Arc<str>, ReplayError> {
        let topic = image.remove(id).ok_or(ReplayError::UnknownTopic(id))?;
        let was_created = self.changed.remove(&id).is_some_and(|change| change.created);
        if !was_created {
            self.deleted.insert(id, topic.name().clone());
        }
        Ok(topic.name().clone())
    }

    pub(crate) fn replay_partition(
        &mut self,
        image: &mut TopicsImage,
        record: &PartitionRecord<'_>,
    ) -> Result<(), ReplayError> {
        let state = PartitionState::from_record(record);
        self.put(image, record.topic_id, record.partition_id, &state)
    }

    pub(crate) fn replay_partition_change(
        &mut self,
        image: &mut TopicsImage,
        record: &PartitionChangeRecord<'_>,
    ) -> Result<(), ReplayError> {
        let (topic, partition) = (record.topic_id, record.partition_id);
        let before = image.by_id(topic).ok_or(ReplayError::UnknownTopic(topic))?;
        let before = before.partition(partition).ok_or(ReplayError::UnknownPartition { topic, partition })?;
        let mut state = before.unpack();
        state.merge(record);
        self.put(image, topic, partition, &state)
    }

    fn put(
        &mut self,
        image: &mut TopicsImage,
        topic: Uuid,
        partition: i32,
        state: &PartitionState,
    ) -> Result<(), ReplayError> {
        if partition < 0 || state.directories.len() != state.replicas.len() {
            return Err(ReplayError::MalformedPartition { topic, partition });
        }
        let topic_image = image.get_mut(topic).ok_or(ReplayError::UnknownTopic(topic))?;
        topic_image.set_partition(partition, Partition::pack(state));
        self.changed.entry(topic).or_default().partitions.insert(partition);
        Ok(())
    }

    /// Takes the eligible leader replicas away from one topic, or from all under the empty name.
    pub(crate) fn replay_clear_elr(
        &mut self,
        image: &mut TopicsImage,
        record: &ClearElrRecord<'_>,
    ) -> Result<(), ReplayError> {
        let ids: Vec<Uuid> = if record.topic_name.is_empty() {
            image.iter().map(|topic| topic.id()).collect()
        } else {
            let topic = image.by_name(&record.topic_name);
            let unknown = || ReplayError::UnknownTopicName(record.topic_name.to_string());
            vec![topic.ok_or_else(unknown)?.id()]
        };
        ids.into_iter().try_for_each(|id| self.clear_elr(image, id))
    }

    fn clear_elr(&mut self, image: &mut TopicsImage, id: Uuid) -> Result<(), ReplayError> {
        let topic = image.by_id(id).ok_or(ReplayError::UnknownTopic(id))?.clone();
        for (number, partition) in topic.partitions() {
            if partition.elr().is_empty() && partition.last_known_elr().is_empty() {
                continue;
            }
            let mut state = partition.unpack();
            state.elr.clear();
            state.last_known_elr.clear();
            state.partition_epoch += 1;
            self.put(image, id, number, &state)?;
        }
        Ok(())
    }

    /// Gives back what growing topics reserved; once, after the last record.
    pub(crate) fn finish(&self, image: &mut TopicsImage) {
        for (id, _) in self.changed.iter().filter(|(_, change)| change.created) {
            if let Some(topic) = image.get_mut(*id) {
                topic.shrink();
            }
        }
    }

    /// Topics of `before` that are not in `after` are deleted; those in both were not created.
    pub(crate) fn add_gone(&mut self, before: &TopicsImage, after: &TopicsImage) {
        for topic in before.iter() {
            if let Some(change) = self.changed.get_mut(&topic.id()) {
                change.created = false;
            }
            if after.by_id(topic.id()).is_none() {
                self.deleted.insert(topic.id(), topic.name().clone());
            }
        }
    }
}
