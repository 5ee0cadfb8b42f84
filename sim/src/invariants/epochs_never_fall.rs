//! Neither the quorum's epoch nor those of partitions and brokers fall, and a restart begins a new one.

use std::collections::BTreeMap;

use wire::Uuid;

use super::{Invariant, Moment, ensure};

#[derive(Default)]
pub(super) struct EpochsNeverFall {
    quorum: i32,
    /// Leader epoch and partition epoch.
    partitions: BTreeMap<(Uuid, i32), (i32, i32)>,
    brokers: BTreeMap<i32, i64>,
}

impl Invariant for EpochsNeverFall {
    fn name(&self) -> &'static str {
        "epochs_never_fall"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        let epoch = moment.quorum.leader.epoch;
        let least = self.quorum + i32::from(moment.reopened_at.is_some());
        ensure(epoch >= least, || format!("the quorum's epoch is {epoch}, not {least} or more"))?;
        self.quorum = epoch;
        for topic in moment.image.topics().iter() {
            for (number, partition) in topic.partitions() {
                let epochs = (partition.leader_epoch(), partition.partition_epoch());
                let before = self.partitions.insert((topic.id(), number), epochs).unwrap_or_default();
                let has_fallen = epochs.0 < before.0 || epochs.1 < before.1;
                ensure(!has_fallen, || format!("{}-{number}: {before:?}, {epochs:?}", topic.name()))?;
            }
        }
        for broker in moment.image.cluster().brokers() {
            let before = self.brokers.insert(broker.id, broker.epoch).unwrap_or(-1);
            ensure(before <= broker.epoch, || format!("broker {}: {before}, {}", broker.id, broker.epoch))?;
        }
        Ok(())
    }
}
