//! What was acknowledged holds until something else is asked for, through every crash.

use std::collections::{BTreeMap, BTreeSet};

use metadata::image::{ConfigResource, MetadataImage};
use wire::Uuid;

use super::{Event, Invariant, Moment, ensure};
use crate::workload::{Ask, Gain};

/// What is certain about a topic that exists.
#[derive(Debug)]
struct Topic {
    name: String,
    partitions_min: i32,
    /// `None` while a change is open.
    retention_ms: Option<String>,
}

#[derive(Default)]
pub(super) struct AcknowledgedMetadataSurvives {
    topics: BTreeMap<Uuid, Topic>,
    deleted: BTreeSet<Uuid>,
    /// Epoch of the last acknowledged registration of each broker.
    brokers: BTreeMap<i32, i64>,
}

impl Invariant for AcknowledgedMetadataSurvives {
    fn name(&self) -> &'static str {
        "acknowledged_metadata_survives"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        moment.events.iter().for_each(|event| self.note(event));
        for (id, topic) in &self.topics {
            check_topic(moment.image, *id, topic)?;
        }
        let back = self.deleted.iter().find(|id| moment.image.topics().by_id(**id).is_some());
        ensure(back.is_none(), || format!("{back:?} was deleted and is there"))?;
        for (id, epoch) in &self.brokers {
            let found = moment.image.cluster().broker(*id).map(|broker| broker.epoch);
            ensure(found >= Some(*epoch), || format!("broker {id} has epoch {found:?} after {epoch}"))?;
        }
        Ok(())
    }
}

impl AcknowledgedMetadataSurvives {
    fn note(&mut self, event: &Event) {
        match event {
            Event::Asked(Ask::Delete { id }) => {
                self.topics.remove(id);
            }
            Event::Asked(Ask::Alter { id, .. }) => self.change(*id, |topic| topic.retention_ms = None),
            Event::Asked(_) | Event::Answered(_, Err(_)) => {}
            Event::Answered(ask, Ok(gain)) => self.acknowledge(ask, *gain),
        }
    }

    fn acknowledge(&mut self, ask: &Ask, gain: Gain) {
        match (ask, gain) {
            (Ask::Create { name, partitions }, Gain::Topic(id)) => {
                let name = name.clone();
                self.topics.insert(id, Topic { name, partitions_min: *partitions, retention_ms: None });
            }
            (Ask::Delete { id }, _) => {
                self.deleted.insert(*id);
            }
            (Ask::Grow { id, count, .. }, _) => self.change(*id, |topic| topic.partitions_min = *count),
            (Ask::Alter { id, retention_ms, .. }, _) => {
                self.change(*id, |topic| topic.retention_ms = Some(retention_ms.clone()));
            }
            (Ask::Register { broker, .. }, Gain::BrokerEpoch(epoch)) => {
                self.brokers.insert(*broker, epoch);
            }
            _ => {}
        }
    }

    fn change(&mut self, id: Uuid, change: impl FnOnce(&mut Topic)) {
        if let Some(topic) = self.topics.get_mut(&id) {
            change(topic);
        }
    }
}

fn check_topic(image: &MetadataImage, id: Uuid, topic: &Topic) -> Result<(), String> {
    let name = &topic.name;
    let found = image.topics().by_id(id).ok_or_else(|| format!("{name} with id {id} is gone"))?;
    ensure(**found.name() == **name, || format!("{name} is now called {}", found.name()))?;
    let count = found.partition_count();
    ensure(count >= topic.partitions_min, || {
        format!("{name} has {count} partitions of {}", topic.partitions_min)
    })?;
    let value = image.configs().value(&ConfigResource::topic(name), "retention.ms").map(str::to_owned);
    ensure(topic.retention_ms.is_none() || topic.retention_ms == value, || {
        format!("{name} keeps for {value:?} instead of {:?}", topic.retention_ms)
    })
}
