//! The record that brings a partition where it should be: who leads, who is in sync, who stays eligible.

use std::collections::BTreeSet;

use wire::Uuid;
use wire::metadata_records::partition_change_record::PartitionChangeRecord;

use super::plan::View;
use crate::image::{LeaderRecoveryState, NO_LEADER, NO_LEADER_CHANGE, Partition};
use crate::record::Record;

/// Which leader is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Election {
    /// The present one if it can, else the first in-sync replica that can.
    Online,
    /// The preferred replica if it can.
    Preferred,
    /// Any replica rather than none, even if records are lost.
    Unclean,
}

/// Facts about the cluster and the topic that a change depends on.
#[derive(Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    pub(crate) view: View<'a>,
    pub(crate) min_isr: usize,
    pub(crate) elr_enabled: bool,
}

/// A partition, and what should become of it. `build` says which record gets there.
pub(crate) struct PartitionChange<'a> {
    partition: &'a Partition,
    topic_id: Uuid,
    partition_id: i32,
    circumstances: Circumstances<'a>,
    /// Which brokers may lead, besides having the replica's directory online.
    may_lead: &'a dyn Fn(i32) -> bool,
    pub(crate) election: Election,
    pub(crate) isr: Vec<i32>,
    pub(crate) recovery: LeaderRecoveryState,
    /// A replica whose broker ended uncleanly and cannot be eligible any more.
    pub(crate) unclean_shutdown: Option<i32>,
    /// New directories of replicas, by broker.
    pub(crate) directories: Vec<(i32, Uuid)>,
    replicas: Vec<i32>,
    removing: Vec<i32>,
    adding: Vec<i32>,
    elr: Vec<i32>,
}

impl<'a> PartitionChange<'a> {
    pub(crate) fn new(
        partition: &'a Partition,
        (topic_id, partition_id): (Uuid, i32),
        circumstances: Circumstances<'a>,
        may_lead: &'a dyn Fn(i32) -> bool,
    ) -> Self {
        Self {
            partition,
            topic_id,
            partition_id,
            circumstances,
            may_lead,
            election: Election::Online,
            isr: partition.isr().to_vec(),
            recovery: partition.leader_recovery_state(),
            unclean_shutdown: None,
            directories: Vec::new(),
            replicas: partition.replicas().to_vec(),
            removing: partition.removing_replicas().to_vec(),
            adding: partition.adding_replicas().to_vec(),
            elr: partition.elr().to_vec(),
        }
    }

    /// The record, or `None` if the partition is already where it should be.
    pub(crate) fn build(mut self) -> Option<Record> {
        let mut record = PartitionChangeRecord {
            topic_id: self.topic_id,
            partition_id: self.partition_id,
            ..PartitionChangeRecord::default()
        };
        self.complete_reassignment();
        self.keep_eligible();
        self.elect(&mut record);
        self.bump_epoch_if_replicas_left(&mut record);
        self.set_elr(&mut record);
        self.set_isr(&mut record);
        self.set_last_known_leader(&mut record);
        self.set_assignment(&mut record);
        if self.recovery != self.partition.leader_recovery_state() {
            record.leader_recovery_state = self.recovery.code();
        }
        let version = self.circumstances.view.image().features().metadata_version_or_minimum();
        (!is_no_op(&record)).then(|| Record::new(record, version.partition_record_version()))
    }

    /// Ends a reassignment once the replicas that stay are in sync.
    fn complete_reassignment(&mut self) {
        if self.removing.is_empty() && self.adding.is_empty() {
            return;
        }
        let keep = |list: &[i32]| -> Vec<i32> {
            list.iter().copied().filter(|replica| !self.removing.contains(replica)).collect()
        };
        let (isr, replicas) = (keep(&self.isr), keep(&self.replicas));
        let in_sync = |wanted: &[i32]| wanted.iter().all(|replica| isr.contains(replica));
        let is_whole = self.adding.len() >= self.removing.len() || in_sync(&replicas);
        if isr.is_empty() || replicas.is_empty() || !in_sync(&self.adding) || !is_whole {
            return;
        }
        self.isr = isr;
        self.replicas = replicas;
        self.removing.clear();
        self.adding.clear();
    }

    /// Who leaves an ISR that falls below its minimum stays eligible (KIP-966), unless it ended uncleanly.
    fn keep_eligible(&mut self) {
        if !self.circumstances.elr_enabled {
            return;
        }
        if self.isr.len() >= self.circumstances.min_isr {
            self.elr.clear();
            return;
        }
        let candidates: BTreeSet<i32> = self.elr.iter().chain(self.partition.isr()).copied().collect();
        let stays = |replica: &i32| !self.isr.contains(replica) && self.unclean_shutdown != Some(*replica);
        self.elr = candidates.into_iter().filter(stays).collect();
    }

    fn can_lead(&self, replica: i32) -> bool {
        if !(self.may_lead)(replica) {
            return false;
        }
        let directory = self.partition.directory(replica);
        directory.is_none_or(|directory| self.circumstances.view.has_online_directory(replica, directory))
    }

    /// Whether electing this replica loses nothing.
    fn is_clean_leader(&self, replica: i32) -> bool {
        let holds_all = self.isr.contains(&replica) || self.isr.is_empty() && self.elr.contains(&replica);
        holds_all && self.can_lead(replica)
    }

    /// The last leader before nobody was left may lead again, though nobody knows what it lost.
    fn last_known_leader(&self) -> Option<i32> {
        let [last] = self.partition.last_known_elr() else { return None };
        let nobody = self.elr.is_empty() && self.isr.is_empty();
        (self.circumstances.elr_enabled && nobody && self.can_lead(*last)).then_some(*last)
    }

    /// The leader to be, and whether electing it is unclean.
    fn choose_leader(&self) -> (i32, bool) {
        let present = self.partition.leader();
        let preferred = self.replicas.first().copied().filter(|_| self.election == Election::Preferred);
        let in_order = preferred.into_iter().chain([present]).chain(self.replicas.iter().copied());
        if let Some(leader) = in_order.into_iter().find(|replica| self.is_clean_leader(*replica)) {
            return (leader, false);
        }
        if let Some(leader) = self.last_known_leader() {
            return (leader, true);
        }
        if self.election == Election::Unclean
            && let Some(leader) = self.replicas.iter().find(|replica| self.can_lead(**replica))
        {
            return (*leader, true);
        }
        (NO_LEADER, false)
    }

    fn elect(&mut self, record: &mut PartitionChangeRecord<'_>) {
        let (leader, unclean) = self.choose_leader();
        if leader == self.partition.leader() {
            return;
        }
        if self.elr.contains(&leader) {
            self.isr = vec![leader];
            self.elr.retain(|replica| *replica != leader);
        }
        record.leader = leader;
        if unclean {
            record.isr = Some(vec![leader].into());
            if self.partition.leader_recovery_state() != LeaderRecoveryState::Recovering {
                record.leader_recovery_state = LeaderRecoveryState::Recovering.code();
            }
        }
    }

    /// Replicas that are taken away must not go on fetching under the old epoch.
    fn bump_epoch_if_replicas_left(&self, record: &mut PartitionChangeRecord<'_>) {
        let all_stay = self.partition.replicas().iter().all(|replica| self.replicas.contains(replica));
        if record.leader == NO_LEADER_CHANGE && !all_stay {
            record.leader = self.partition.leader();
        }
    }

    fn set_elr(&mut self, record: &mut PartitionChangeRecord<'_>) {
        let is_clean = record.isr.is_none();
        if !is_clean || !self.circumstances.elr_enabled {
            self.elr.clear();
        }
        if self.elr != self.partition.elr() {
            record.eligible_leader_replicas = Some(self.elr.clone().into());
        }
    }

    fn set_isr(&self, record: &mut PartitionChangeRecord<'_>) {
        let may_be_empty = self.circumstances.elr_enabled;
        if record.isr.is_none() && (!self.isr.is_empty() || may_be_empty) && self.isr != self.partition.isr()
        {
            record.isr = Some(self.isr.clone().into());
        }
        let version = self.circumstances.view.image().features().metadata_version_or_minimum();
        if version.bumps_leader_epoch_on_isr_shrink()
            && record.leader == NO_LEADER_CHANGE
            && let Some(isr) = &record.isr
            && !self.partition.isr().iter().all(|replica| isr.iter().any(|kept| kept == *replica))
        {
            record.leader = self.partition.leader();
        }
    }

    /// Remembers the last leader when nobody is left, and forgets it when somebody leads.
    fn set_last_known_leader(&self, record: &mut PartitionChangeRecord<'_>) {
        if !self.circumstances.elr_enabled {
            return;
        }
        let known = self.partition.last_known_elr();
        if record.leader == NO_LEADER && known.is_empty() {
            record.last_known_elr = Some(vec![self.partition.leader()].into());
        } else if record.leader >= 0 && !known.is_empty() {
            record.last_known_elr = Some(Vec::new().into());
        }
    }

    fn set_assignment(&self, record: &mut PartitionChangeRecord<'_>) {
        let view = self.circumstances.view;
        let version = view.image().features().metadata_version_or_minimum();
        if version.has_directory_assignment() && !self.replicas.is_empty() {
            let assigned = |replica: i32| {
                let new = self.directories.iter().find(|(broker, _)| *broker == replica);
                let known =
                    new.map(|(_, directory)| *directory).or_else(|| self.partition.directory(replica));
                known.unwrap_or_else(|| view.default_directory(replica))
            };
            let directories: Vec<Uuid> = self.replicas.iter().map(|replica| assigned(*replica)).collect();
            if !self.partition.directories().eq(directories.iter().copied()) {
                record.directories = Some(directories.into());
            }
        }
        let changed = |new: &[i32], old: &[i32]| (new != old).then(|| new.to_vec().into());
        record.replicas = changed(&self.replicas, self.partition.replicas());
        record.removing_replicas = changed(&self.removing, self.partition.removing_replicas());
        record.adding_replicas = changed(&self.adding, self.partition.adding_replicas());
    }
}

fn is_no_op(record: &PartitionChangeRecord<'_>) -> bool {
    let unchanged = PartitionChangeRecord {
        partition_id: record.partition_id,
        topic_id: record.topic_id,
        ..PartitionChangeRecord::default()
    };
    *record == unchanged
}
