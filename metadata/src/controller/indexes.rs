//! Indexes into the image: which partitions to look at when something happens to a broker, without looking at all.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use wire::Uuid;

use crate::delta::{MetadataDelta, TopicChange};
use crate::image::{MetadataImage, NO_LEADER, Partition, Topic};

/// A partition, by its topic's id and its number.
pub(crate) type PartitionKey = (Uuid, i32);

/// Follows from the image; kept up to date by each delta, in proportion to what changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Indexes {
    /// How many partitions of a topic have a broker in their ISR or ELR, by broker and topic.
    members: OrdMap<(i32, Uuid), u32>,
    /// How many partitions a broker leads.
    leaderships: OrdMap<i32, u32>,
    /// Partitions without a leader.
    leaderless: OrdSet<PartitionKey>,
    /// Partitions whose leader is not the preferred one.
    imbalanced: OrdSet<PartitionKey>,
    /// Topic names with `.` or `_`, under the form in which they collide.
    collisions: OrdSet<(String, Arc<str>)>,
    /// Offset of the record behind a broker's registration, where it was seen.
    registrations: OrdMap<i32, i64>,
}

impl Indexes {
    pub(crate) fn of_image(image: &MetadataImage) -> Self {
        let mut indexes = Self::default();
        image.topics().iter().for_each(|topic| indexes.add_topic(topic));
        indexes
    }

    /// Topics with partitions that have `broker` in their ISR or ELR, from the topic `from` on.
    pub(crate) fn topics_of(&self, broker: i32, from: Uuid) -> impl Iterator<Item = Uuid> + '_ {
        let last = (broker, Uuid([0xff; 16]));
        self.members.range((broker, from)..=last).map(|((_, topic), _)| *topic)
    }

    pub(crate) fn has_leaderships(&self, broker: i32) -> bool {
        self.leaderships.contains_key(&broker)
    }

    /// Partitions without a leader, from `from` on.
    pub(crate) fn leaderless_from(&self, from: PartitionKey) -> impl Iterator<Item = PartitionKey> + '_ {
        self.leaderless.range(from..).copied()
    }

    /// Partitions whose leader is not the preferred one.
    pub(crate) fn imbalanced(&self) -> impl Iterator<Item = PartitionKey> + '_ {
        self.imbalanced.iter().copied()
    }

    /// A topic whose name differs from `name` only in `.` and `_`.
    pub(crate) fn collision(&self, name: &str) -> Option<&str> {
        let unified = unify(name);
        let first = (unified.clone(), Arc::from(""));
        let (found, topic) = self.collisions.range(first..).next()?;
        (*found == unified).then_some(topic)
    }

    pub(crate) fn registration_offset(&self, broker: i32) -> Option<i64> {
        self.registrations.get(&broker).copied()
    }

    pub(crate) fn note_registrations(&mut self, registrations: &[(i32, i64)], image: &MetadataImage) {
        for (broker, offset) in registrations {
            if image.cluster().broker(*broker).is_some() {
                self.registrations.insert(*broker, *offset);
            }
        }
    }

    /// Whether everything that follows from an image alone is the same.
    #[cfg(test)]
    pub(crate) fn follow_from(&self, recomputed: &Self) -> bool {
        Self { registrations: OrdMap::new(), ..self.clone() } == *recomputed
    }

    pub(crate) fn apply(&mut self, delta: &MetadataDelta) {
        let (before, after) = (delta.before().topics(), delta.after().topics());
        for id in delta.topics().deleted().keys() {
            if let Some(topic) = before.by_id(*id) {
                self.remove_topic(topic);
            }
        }
        for (id, change) in delta.topics().changed() {
            let Some(topic) = after.by_id(*id) else { continue };
            if change.created {
                self.add_topic(topic);
            } else {
                self.change_topic(before.by_id(*id).map(|topic| &**topic), topic, change);
            }
        }
        for broker in delta.cluster().changed_brokers() {
            if delta.after().cluster().broker(*broker).is_none() {
                self.registrations.remove(broker);
            }
        }
    }

    fn add_topic(&mut self, topic: &Topic) {
        if has_collision_characters(topic.name()) {
            self.collisions.insert((unify(topic.name()), topic.name().clone()));
        }
        topic.partitions().for_each(|(number, partition)| self.add((topic.id(), number), partition));
    }

    fn remove_topic(&mut self, topic: &Topic) {
        if has_collision_characters(topic.name()) {
            self.collisions.remove(&(unify(topic.name()), topic.name().clone()));
        }
        topic.partitions().for_each(|(number, partition)| self.remove((topic.id(), number), partition));
    }

    fn change_topic(&mut self, before: Option<&Topic>, after: &Topic, change: &TopicChange) {
        for number in &change.partitions {
            if let Some(partition) = before.and_then(|topic| topic.partition(*number)) {
                self.remove((after.id(), *number), partition);
            }
            if let Some(partition) = after.partition(*number) {
                self.add((after.id(), *number), partition);
            }
        }
    }

    fn add(&mut self, key: PartitionKey, partition: &Partition) {
        for broker in members(partition) {
            *self.members.entry((broker, key.0)).or_insert(0) += 1;
        }
        if partition.leader() == NO_LEADER {
            self.leaderless.insert(key);
        } else {
            *self.leaderships.entry(partition.leader()).or_insert(0) += 1;
        }
        if partition.leader() != partition.preferred_leader() {
            self.imbalanced.insert(key);
        }
    }

    fn remove(&mut self, key: PartitionKey, partition: &Partition) {
        for broker in members(partition) {
            decrement(&mut self.members, &(broker, key.0));
        }
        self.leaderless.remove(&key);
        self.imbalanced.remove(&key);
        if partition.leader() != NO_LEADER {
            decrement(&mut self.leaderships, &partition.leader());
        }
    }
}

fn members(partition: &Partition) -> impl Iterator<Item = i32> + '_ {
    partition.isr().iter().chain(partition.elr()).copied()
}

fn decrement<K: Ord + Clone>(counts: &mut OrdMap<K, u32>, key: &K) {
    match counts.get_mut(key) {
        Some(count) if *count > 1 => *count -= 1,
        _ => {
            counts.remove(key);
        }
    }
}

/// Whether a topic's name could collide with another's in metric names.
fn has_collision_characters(name: &str) -> bool {
    name.contains(['.', '_'])
}

fn unify(name: &str) -> String {
    name.replace('.', "_")
}
