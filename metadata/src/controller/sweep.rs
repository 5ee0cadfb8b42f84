//! Changes of many partitions, in bounded steps: between two of them other requests go through.

use wire::Uuid;

use super::indexes::PartitionKey;
use super::partition_change::{Circumstances, Election, PartitionChange};
use super::plan::View;
use crate::image::{NO_LEADER, Topic};
use crate::limits::{SWEEP_PARTITIONS_PER_STEP, SWEEP_RECORDS_PER_STEP};
use crate::record::Record;

/// Why partitions are gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SweepReason {
    /// The broker is fenced, shuts down or is forgotten: it leaves its ISRs, and others lead.
    Leaves(i32),
    /// The broker ended without goodbye and may have lost what it had not flushed (KIP-966).
    EndedUncleanly(i32),
    /// The broker is back: partitions without a leader may have one.
    Returns(i32),
}

/// A walk over the partitions that something concerns. It goes on from where it stopped, on whatever the state is
/// by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sweep {
    pub(crate) reason: SweepReason,
    /// Incarnation of the broker; the sweep ends if there is another one.
    epoch: Option<i64>,
    cursor: PartitionKey,
}

/// What one step of a sweep did.
pub(crate) struct Step {
    pub(crate) records: Vec<Record>,
    /// Whether everything has been gone through.
    pub(crate) is_last: bool,
}

impl Sweep {
    pub(crate) fn new(reason: SweepReason, view: View<'_>) -> Self {
        let broker = reason.broker();
        Self { reason, epoch: view.broker(broker).map(|broker| broker.epoch), cursor: (Uuid::ZERO, 0) }
    }

    /// Whether the broker is still what it was when the sweep began.
    pub(crate) fn is_current(&self, view: View<'_>) -> bool {
        let broker = view.broker(self.reason.broker());
        if broker.map(|broker| broker.epoch) != self.epoch {
            return false;
        }
        match self.reason {
            SweepReason::Returns(id) => view.is_active(id),
            SweepReason::Leaves(id) | SweepReason::EndedUncleanly(id) => !view.is_active(id),
        }
    }

    /// Records for the next partitions. The caller appends them before it asks for more.
    pub(crate) fn step(&mut self, view: View<'_>) -> Step {
        let mut step = Step { records: Vec::new(), is_last: true };
        let mut topic: Option<TopicCircumstances<'_>> = None;
        for (visited, key) in self.partitions(view).enumerate() {
            if step.records.len() >= SWEEP_RECORDS_PER_STEP || visited >= SWEEP_PARTITIONS_PER_STEP {
                step.is_last = false;
                self.cursor = key;
                break;
            }
            if topic.as_ref().is_none_or(|topic| topic.topic.id() != key.0) {
                topic = TopicCircumstances::find(view, key.0);
            }
            let Some(topic) = &topic else { continue };
            step.records.extend(self.change(topic, key.1));
        }
        step
    }

    fn partitions<'v>(&self, view: View<'v>) -> Box<dyn Iterator<Item = PartitionKey> + 'v> {
        let indexes = view.state.indexes();
        let (from_topic, from_partition) = self.cursor;
        let (broker, with_elr) = match self.reason {
            SweepReason::Returns(_) => return Box::new(indexes.leaderless_from(self.cursor)),
            SweepReason::Leaves(broker) => (broker, false),
            SweepReason::EndedUncleanly(broker) => (broker, true),
        };
        let topics = indexes.topics_of(broker, from_topic);
        let topics = topics.filter_map(move |id| view.image().topics().by_id(id));
        Box::new(topics.flat_map(move |topic| {
            let first = if topic.id() == from_topic { from_partition } else { 0 };
            let concerned = topic.partitions().filter(move |(number, partition)| {
                let is_member =
                    partition.isr().contains(&broker) || with_elr && partition.elr().contains(&broker);
                is_member && *number >= first
            });
            concerned.map(|(number, _)| (topic.id(), number))
        }))
    }

    fn change(&self, topic: &TopicCircumstances<'_>, number: i32) -> Option<Record> {
        let partition = topic.topic.partition(number)?;
        let view = topic.circumstances.view;
        let (remove, add) = match self.reason {
            SweepReason::Returns(broker) => (NO_LEADER, broker),
            SweepReason::Leaves(broker) | SweepReason::EndedUncleanly(broker) => (broker, NO_LEADER),
        };
        let may_lead = |broker: i32| broker != remove && (broker == add || view.is_active(broker));
        let mut change =
            PartitionChange::new(partition, (topic.topic.id(), number), topic.circumstances, &may_lead);
        change.election = if topic.elects_uncleanly { Election::Unclean } else { Election::Online };
        change.isr.retain(|replica| *replica != remove);
        if self.reason == SweepReason::EndedUncleanly(remove) {
            change.unclean_shutdown = Some(remove);
        }
        change.build()
    }
}

impl SweepReason {
    pub(crate) fn broker(self) -> i32 {
        match self {
            Self::Leaves(id) | Self::EndedUncleanly(id) | Self::Returns(id) => id,
        }
    }
}

/// A topic with what changes of its partitions depend on, looked up once.
struct TopicCircumstances<'a> {
    topic: &'a Topic,
    circumstances: Circumstances<'a>,
    elects_uncleanly: bool,
}

impl<'a> TopicCircumstances<'a> {
    fn find(view: View<'a>, id: Uuid) -> Option<Self> {
        let topic = view.image().topics().by_id(id)?;
        Some(Self {
            topic,
            circumstances: view.circumstances(topic),
            elects_uncleanly: view.elects_uncleanly(topic.name()),
        })
    }
}
