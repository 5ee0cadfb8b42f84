//! Following the metadata.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use log_store::directory::{DirectoryState, PartitionDirectory, TopicPartition};
use metadata::delta::MetadataDelta;
use metadata::image::{ConfigResourceType, MetadataImage, Topic};
use wire::Uuid;

use super::PartitionManager;
use crate::disks::Disk;
use crate::partition::{Leadership, Partition};
use crate::topic_names::CONSUMER_OFFSETS;

impl PartitionManager {
    /// Puts new metadata in force: `image` is seen by every lookup that begins from here on, and
    /// the partitions that are open follow what `delta` changed. `settings_changed` when the
    /// broker's own settings are different, too.
    pub(crate) fn follow(
        self: &Arc<Self>,
        delta: &MetadataDelta,
        image: &Arc<MetadataImage>,
        settings_changed: bool,
    ) {
        let changing = self.changing.lock();
        self.image.store(Arc::clone(image));
        for (id, change) in delta.topics().changed() {
            let Some(topic) = image.topics().by_id(*id) else { continue };
            self.lead_open(topic, &change.partitions);
            if **topic.name() == *CONSUMER_OFFSETS {
                self.tell_groups(delta.before(), topic, &change.partitions);
            }
        }
        for (id, name) in delta.topics().deleted() {
            self.delete_topic(delta.before(), *id, name);
        }
        drop(changing);
        self.reconfigure(delta, image, settings_changed);
    }

    /// Tells open partitions who leads them.
    fn lead_open(&self, topic: &Topic, partitions: &BTreeSet<i32>) {
        for index in partitions {
            let Some(state) = topic.partition(*index) else { continue };
            // Whoever opens it now may have looked into the metadata before.
            let _busy = self.busy.enter((topic.id(), *index));
            if let Some(partition) = self.if_open(topic.id(), *index) {
                partition.lead(Leadership::of(state, self.node_id));
            }
        }
    }

    /// Tells the group coordinator which partitions of its topic it has won or lost.
    fn tell_groups(&self, before: &MetadataImage, topic: &Topic, partitions: &BTreeSet<i32>) {
        let Some(groups) = self.groups.read().clone() else { return };
        for &index in partitions {
            let led = |image: &MetadataImage| {
                image
                    .topics()
                    .partition(topic.id(), index)
                    .and_then(|state| Leadership::of(state, self.node_id))
            };
            let Some(state) = topic.partition(index) else { continue };
            let (was, is) = (led(before), Leadership::of(state, self.node_id));
            let (groups, epoch) = (Arc::clone(&groups), state.leader_epoch());
            match (was, is) {
                (Some(was), Some(is)) if was.epoch == is.epoch => {}
                (_, Some(is)) => drop(self.pool.spawn_blocking(move || groups.elected(index, is.epoch))),
                (Some(_), None) => drop(self.pool.spawn_blocking(move || groups.resigned(index, epoch))),
                (None, None) => {}
            }
        }
    }

    /// Takes the partitions of a topic out of use, and their directories away after `file.delete.delay.ms`.
    fn delete_topic(self: &Arc<Self>, before: &MetadataImage, id: Uuid, name: &Arc<str>) {
        let delay = Duration::from_millis(self.topic_config(before, name).file_delete_delay_ms);
        let partitions = before.topics().by_id(id).map_or(0, |topic| topic.partition_count());
        for index in 0..partitions {
            let _busy = self.busy.enter((id, index));
            let open = self.if_open(id, index);
            if open.is_some() {
                self.open.rcu(|open| open.without(&(id, index)));
            }
            let place = TopicPartition { topic: name.to_string(), partition: index };
            for disk in &self.disks {
                let open = open.as_deref().filter(|partition| Arc::ptr_eq(partition.disk(), disk));
                if let Some(renamed) = retire_directory(disk, &place, id, open) {
                    self.remove_later(disk, renamed, delay);
                }
            }
        }
        if let Some(groups) = self.groups.read().clone() {
            let name = Arc::clone(name);
            self.pool.spawn_blocking(move || groups.topic_deleted(&name, id));
        }
    }

    /// Removes a renamed directory after the topic's `file.delete.delay.ms`.
    pub(super) fn remove_later(&self, disk: &Arc<Disk>, name: String, delay: Duration) {
        let (disk, pool) = (Arc::clone(disk), self.pool.clone());
        self.pool.spawn(async move {
            tokio::time::sleep(delay).await;
            pool.spawn_blocking(move || remove_directory(&disk, &name));
        });
    }

    /// Puts changed settings in force.
    fn reconfigure(&self, delta: &MetadataDelta, image: &MetadataImage, settings_changed: bool) {
        let changed = delta.configs().changed();
        let topics: BTreeSet<&str> = changed
            .keys()
            .filter(|resource| resource.kind == ConfigResourceType::TOPIC)
            .map(|resource| &*resource.name)
            .collect();
        if topics.is_empty() && !settings_changed {
            return;
        }
        fence(Ordering::SeqCst);
        for partition in self.open_partitions() {
            let topic = &partition.name().topic;
            if settings_changed || topics.contains(&**topic) {
                partition.set_config(self.topic_config(image, topic));
            }
        }
    }
}

/// Renames the directory of a deleted partition so that it is never opened again, and returns its
/// new name; `None` when there is nothing to remove. An offline directory stays as it is: the next start
/// finds what the metadata does not know.
fn retire_directory(
    disk: &Disk,
    place: &TopicPartition,
    id: Uuid,
    open: Option<&Partition>,
) -> Option<String> {
    if disk.has_failed() {
        open.inspect(|partition| partition.lead(None));
        return None;
    }
    let deleted = PartitionDirectory::new(place.clone(), DirectoryState::Deleted, u128::from(id));
    let (from, to) = (disk.partition_path(place), disk.path().join(&deleted.name));
    let renamed = match open {
        Some(partition) => partition.retire(&to),
        None => unless_gone(disk.io().rename(&from, &to)),
    };
    disk.forget(place);
    match renamed {
        Ok(renamed) => renamed.then_some(deleted.name),
        Err(error) => {
            disk.fail(&format!("cannot rename {}: {error}", from.display()));
            None
        }
    }
}

/// Whether a call has found what it was for.
pub(super) fn unless_gone(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        result => result.map(|()| true),
    }
}

/// Removes a directory and what is in it.
pub(super) fn remove_directory(disk: &Disk, name: &str) {
    if disk.has_failed() {
        return;
    }
    let (io, path) = (disk.io(), disk.path().join(name));
    let removed = io.list_dir(&path).and_then(|entries| {
        // Files that retention had set aside may go at the same time.
        entries.iter().try_for_each(|entry| unless_gone(io.remove(&path.join(&entry.name))).map(drop))?;
        io.remove_dir(&path)
    });
    match removed {
        Ok(()) => tracing::info!(dir = %path.display(), "removed"),
        Err(error) => tracing::warn!(dir = %path.display(), %error, "cannot be removed"),
    }
}
