//! The group coordinator of a broker: its shards, their log, and what waits for a commit.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, oneshot};
use tracing::{info, warn};
use wire::messages::delete_groups_response::DeletableGroupResult;
use wire::messages::describe_groups_response::DescribedGroup;
use wire::messages::heartbeat_request::HeartbeatRequest;
use wire::messages::join_group_response::JoinGroupResponse;
use wire::messages::leave_group_request::MemberIdentity;
use wire::messages::leave_group_response::LeaveGroupResponse;
use wire::messages::list_groups_response::ListedGroup;
use wire::messages::offset_commit_request::OffsetCommitRequest;
use wire::messages::offset_commit_response::OffsetCommitResponse;
use wire::messages::offset_delete_request::OffsetDeleteRequest;
use wire::messages::offset_delete_response::OffsetDeleteResponse;
use wire::messages::offset_fetch_response::OffsetFetchResponseTopics;
use wire::messages::sync_group_request::SyncGroupRequest;
use wire::messages::sync_group_response::SyncGroupResponse;
use wire::{ErrorCode, Uuid};

use super::config::GroupConfig;
pub(crate) use super::describe::GroupFilter;
use super::effects::{Effects, Now, OnCommit, Responder};
use super::join::Joiner;
use super::records::{self, Record};
use super::shard::{MemberIds, Shard};

/// Bytes of the log that one step of loading reads.
const LOAD_CHUNK_BYTES: usize = 4 * 1024 * 1024;
/// Tombstones of one clean-up go into batches of this many records, far below any limit of a batch.
const TOMBSTONES_PER_BATCH: usize = 1_000;

/// Where an append to a partition of `__consumer_offsets` has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AppendedOffsets {
    /// Exclusive end of what was appended.
    pub(crate) end: i64,
    /// The high watermark after the append; at or past `end` the append is committed.
    pub(crate) high_watermark: i64,
}

/// The partitions of `__consumer_offsets`, as the coordinator needs them.
pub(crate) trait OffsetsLog: Send + Sync + 'static {
    /// Appends one batch as leader.
    ///
    /// # Errors
    /// What a producer would be told: not the leader, too few in-sync replicas, the disk, the size.
    fn append(&self, partition: i32, batch: &[u8]) -> Result<AppendedOffsets, ErrorCode>;

    /// Whole batches from `offset` on, about `bytes_max` of them, and the offset after; nothing at the end of the log.
    ///
    /// # Errors
    /// The partition is not here, or its files cannot be read.
    fn read(
        &self,
        partition: i32,
        offset: i64,
        bytes_max: usize,
    ) -> Result<Option<(Vec<u8>, i64)>, ErrorCode>;

    /// Where the log of the partition starts.
    ///
    /// # Errors
    /// The partition is not here.
    fn log_start(&self, partition: i32) -> Result<i64, ErrorCode>;
}

/// One partition that this broker leads.
struct Slot {
    /// Absent while the log is being read.
    shard: Option<Shard>,
    leader_epoch: i32,
    /// What follows once the high watermark has reached an offset, in the order of the log.
    uncommitted: VecDeque<(i64, Vec<OnCommit>)>,
}

/// Serves classic groups whose partition of `__consumer_offsets` this broker leads.
pub(crate) struct GroupCoordinator {
    config: Arc<GroupConfig>,
    log: Arc<dyn OffsetsLog>,
    member_ids: MemberIds,
    slots: RwLock<BTreeMap<i32, Arc<Mutex<Slot>>>>,
    /// Told when an operation has set a deadline that may be earlier than all others.
    deadline_moved: Notify,
}

impl GroupCoordinator {
    /// A coordinator that leads nothing yet. `member_ids` makes random parts of member ids.
    pub(crate) fn new(config: GroupConfig, log: Arc<dyn OffsetsLog>, member_ids: MemberIds) -> Self {
        GroupCoordinator {
            config: Arc::new(config),
            log,
            member_ids,
            slots: RwLock::new(BTreeMap::new()),
            deadline_moved: Notify::new(),
        }
    }

    /// The settings.
    pub(crate) fn config(&self) -> &GroupConfig {
        &self.config
    }

    /// This broker leads `partition` from now on: its groups are answered for once the log is read.
    ///
    /// Reads the whole partition and returns when done; call it where blocking is allowed.
    pub(crate) fn load_partition(&self, now: Now, partition: i32, leader_epoch: i32) {
        let slot = Arc::new(Mutex::new(Slot { shard: None, leader_epoch, uncommitted: VecDeque::new() }));
        let mut slots = self.slots.write();
        if slots.get(&partition).is_some_and(|present| present.lock().leader_epoch > leader_epoch) {
            // Elections are told by several threads: this one has been overtaken.
            return;
        }
        let previous = slots.insert(partition, Arc::clone(&slot));
        drop(slots);
        if let Some(previous) = previous {
            unload(&mut previous.lock());
        }
        match self.load(now, partition) {
            Ok(shard) => {
                info!("groups of __consumer_offsets-{partition} are loaded: {}", shard.groups.len());
                slot.lock().shard = Some(shard);
                self.deadline_moved.notify_one();
            }
            Err(error) => {
                warn!("groups of __consumer_offsets-{partition} cannot be loaded: {}", error.name());
                self.unload_partition(partition, leader_epoch);
            }
        }
    }

    /// This broker no longer leads `partition`: whoever waits is sent to look for the coordinator again.
    pub(crate) fn unload_partition(&self, partition: i32, leader_epoch: i32) {
        let mut slots = self.slots.write();
        if slots.get(&partition).is_some_and(|slot| slot.lock().leader_epoch <= leader_epoch)
            && let Some(slot) = slots.remove(&partition)
        {
            unload(&mut slot.lock());
        }
    }

    fn load(&self, now: Now, partition: i32) -> Result<Shard, ErrorCode> {
        let mut shard = Shard::new(Arc::clone(&self.config), Arc::clone(&self.member_ids));
        let mut offset = self.log.log_start(partition)?;
        while let Some((batches, next)) = self.log.read(partition, offset, LOAD_CHUNK_BYTES)? {
            assert!(next > offset, "a read that returns batches moves on");
            shard.replay_batches(now, &batches);
            offset = next;
        }
        shard.loaded(now);
        Ok(shard)
    }

    /// The high watermark of `partition` has moved: replies that waited for it go out.
    pub(crate) fn committed_to(&self, now: Now, partition: i32, high_watermark: i64) {
        let Ok(slot) = self.slot(partition) else { return };
        settle_committed(&mut slot.lock(), now, high_watermark);
    }

    /// Performs what is due, and says when the next deadline is.
    pub(crate) fn fire_timers(&self, now: Now) -> Option<u64> {
        let slots: Vec<(i32, Arc<Mutex<Slot>>)> =
            self.slots.read().iter().map(|(partition, slot)| (*partition, Arc::clone(slot))).collect();
        let mut next: Option<u64> = None;
        for (partition, slot) in slots {
            let mut slot = slot.lock();
            let Some(shard) = &mut slot.shard else { continue };
            if shard.timers.next_deadline_ms().is_some_and(|deadline| deadline <= now.monotonic_ms) {
                let mut effects = Effects::default();
                shard.fire_timers(now, &mut effects);
                self.settle(&mut slot, now, partition, effects);
            }
            let deadline = slot.shard.as_ref().and_then(|shard| shard.timers.next_deadline_ms());
            next = [next, deadline].into_iter().flatten().min();
        }
        next
    }

    /// Waits until an operation may have set an earlier deadline.
    pub(crate) async fn deadline_moved(&self) {
        self.deadline_moved.notified().await;
    }

    /// Deletes what nobody has used for the retention time.
    pub(crate) fn expire_offsets(&self, now: Now) {
        self.for_each_shard(now, |shard, effects| shard.expire_offsets(now, effects));
    }

    /// Deletes the offsets that groups had committed for a topic that is gone.
    pub(crate) fn forget_topic(&self, now: Now, name: &str, topic_id: Uuid) {
        self.for_each_shard(now, |shard, effects| shard.topic_deleted(name, topic_id, effects));
    }

    /// JoinGroup. The receiver fails only when the coordinator is dropped.
    ///
    /// # Errors
    /// This broker does not coordinate `partition`, or is still loading it.
    pub(crate) fn join(
        &self,
        now: Now,
        partition: i32,
        joiner: Joiner,
    ) -> Result<oneshot::Receiver<JoinGroupResponse<'static>>, ErrorCode> {
        let (reply, receiver) = Responder::new();
        self.with_shard(now, partition, |shard, out| shard.join(now, joiner, reply, out))?;
        Ok(receiver)
    }

    /// SyncGroup.
    ///
    /// # Errors
    /// As [`Self::join`].
    pub(crate) fn sync(
        &self,
        now: Now,
        partition: i32,
        request: &SyncGroupRequest<'_>,
    ) -> Result<oneshot::Receiver<SyncGroupResponse<'static>>, ErrorCode> {
        let (reply, receiver) = Responder::new();
        self.with_shard(now, partition, |shard, out| shard.sync(request, reply, out))?;
        Ok(receiver)
    }

    /// Heartbeat: what the member is told.
    ///
    /// # Errors
    /// As [`Self::join`].
    pub(crate) fn heartbeat(
        &self,
        now: Now,
        partition: i32,
        request: &HeartbeatRequest<'_>,
    ) -> Result<ErrorCode, ErrorCode> {
        self.with_shard(now, partition, |shard, _| shard.heartbeat(now, request))
    }

    /// LeaveGroup.
    ///
    /// # Errors
    /// As [`Self::join`].
    pub(crate) fn leave(
        &self,
        now: Now,
        partition: i32,
        group: &str,
        members: &[MemberIdentity<'_>],
    ) -> Result<oneshot::Receiver<LeaveGroupResponse<'static>>, ErrorCode> {
        let (reply, receiver) = Responder::new();
        self.with_shard(now, partition, |shard, out| shard.leave(now, group, members, reply, out))?;
        Ok(receiver)
    }

    /// OffsetCommit, for topics that the caller has found to exist and to be allowed.
    ///
    /// # Errors
    /// As [`Self::join`].
    pub(crate) fn commit_offsets(
        &self,
        now: Now,
        partition: i32,
        version: i16,
        request: &OffsetCommitRequest<'_>,
    ) -> Result<oneshot::Receiver<OffsetCommitResponse<'static>>, ErrorCode> {
        let (reply, receiver) = Responder::new();
        self.with_shard(now, partition, |shard, out| {
            shard.commit_offsets(now, version, request, reply, out);
        })?;
        Ok(receiver)
    }

    /// OffsetFetch for one topic of a group; -1 where nothing is committed.
    ///
    /// # Errors
    /// As [`Self::join`].
    pub(crate) fn fetch_offsets(
        &self,
        now: Now,
        partition: i32,
        group: &str,
        topic: (&str, Uuid),
        indexes: impl Iterator<Item = i32>,
        require_stable: bool,
    ) -> Result<OffsetFetchResponseTopics<'static>, ErrorCode> {
        self.with_shard(now, partition, |shard, _| {
            shard.fetch_offsets(group, topic.0, topic.1, indexes, require_stable)
        })
    }

    /// OffsetFetch for everything a group has committed.
    ///
    /// # Errors
    /// As [`Self::join`].
    pub(crate) fn fetch_all_offsets(
        &self,
        now: Now,
        partition: i32,
        group: &str,
        require_stable: bool,
    ) -> Result<Vec<OffsetFetchResponseTopics<'static>>, ErrorCode> {
        self.with_shard(now, partition, |shard, _| shard.fetch_all_offsets(group, require_stable))
    }

    /// OffsetDelete.
    ///
    /// # Errors
    /// As [`Self::join`].
    pub(crate) fn delete_offsets(
        &self,
        now: Now,
        partition: i32,
        request: &OffsetDeleteRequest<'_>,
    ) -> Result<oneshot::Receiver<OffsetDeleteResponse<'static>>, ErrorCode> {
        let (reply, receiver) = Responder::new();
        self.with_shard(now, partition, |shard, out| shard.delete_offsets(request, reply, out))?;
        Ok(receiver)
    }

    /// DeleteGroups, for groups of one partition.
    ///
    /// # Errors
    /// As [`Self::join`].
    pub(crate) fn delete_groups(
        &self,
        now: Now,
        partition: i32,
        groups: &[String],
    ) -> Result<oneshot::Receiver<Vec<DeletableGroupResult<'static>>>, ErrorCode> {
        let (reply, receiver) = Responder::new();
        self.with_shard(now, partition, |shard, out| shard.delete_groups(groups, reply, out))?;
        Ok(receiver)
    }

    /// DescribeGroups, for one group.
    ///
    /// # Errors
    /// As [`Self::join`].
    pub(crate) fn describe(
        &self,
        now: Now,
        partition: i32,
        group: &str,
        version: i16,
    ) -> Result<DescribedGroup<'static>, ErrorCode> {
        self.with_shard(now, partition, |shard, _| shard.describe(group, version))
    }

    /// ListGroups over all partitions of this broker.
    ///
    /// # Errors
    /// `CoordinatorLoadInProgress`: some partition is still being read, and the list would lack its groups.
    pub(crate) fn list(&self, filter: &GroupFilter) -> Result<Vec<ListedGroup<'static>>, ErrorCode> {
        let mut groups = Vec::new();
        for slot in self.slots.read().values() {
            let slot = slot.lock();
            groups.extend(slot.shard.as_ref().ok_or(ErrorCode::CoordinatorLoadInProgress)?.list(filter));
        }
        Ok(groups)
    }

    fn slot(&self, partition: i32) -> Result<Arc<Mutex<Slot>>, ErrorCode> {
        self.slots.read().get(&partition).cloned().ok_or(ErrorCode::NotCoordinator)
    }

    /// Runs one operation on a shard and performs what it asks for.
    fn with_shard<R>(
        &self,
        now: Now,
        partition: i32,
        operation: impl FnOnce(&mut Shard, &mut Effects) -> R,
    ) -> Result<R, ErrorCode> {
        let slot = self.slot(partition)?;
        let mut slot = slot.lock();
        let shard = slot.shard.as_mut().ok_or(ErrorCode::CoordinatorLoadInProgress)?;
        let before = shard.timers.next_deadline_ms();
        let mut effects = Effects::default();
        let result = operation(shard, &mut effects);
        self.settle(&mut slot, now, partition, effects);
        let after = slot.shard.as_ref().and_then(|shard| shard.timers.next_deadline_ms());
        if after.is_some_and(|after| before.is_none_or(|before| after < before)) {
            self.deadline_moved.notify_one();
        }
        Ok(result)
    }

    fn for_each_shard(&self, now: Now, operation: impl Fn(&Shard, &mut Effects)) {
        let partitions: Vec<i32> = self.slots.read().keys().copied().collect();
        for partition in partitions {
            // A partition that is loading, or has just gone, is swept next time or elsewhere.
            let _ = self.with_shard(now, partition, |shard, out| operation(shard, out));
        }
    }

    /// Appends what an operation asks for, and does what follows now or once it is committed.
    fn settle(&self, slot: &mut Slot, now: Now, partition: i32, mut effects: Effects) {
        while !effects.records.is_empty() || !effects.then.is_empty() {
            let Effects { records, then } = std::mem::take(&mut effects);
            let Some(shard) = &mut slot.shard else { return };
            if records.is_empty() {
                then.into_iter().for_each(|then| shard.committed(now, then));
                continue;
            }
            match self.append(now, partition, &records) {
                Ok(appended) => {
                    slot.uncommitted.push_back((appended.end, then));
                    settle_committed(slot, now, appended.high_watermark);
                }
                Err(error) => then.into_iter().for_each(|then| shard.refused(now, then, error, &mut effects)),
            }
        }
    }

    fn append(&self, now: Now, partition: i32, records: &[Record]) -> Result<AppendedOffsets, ErrorCode> {
        // What must take effect as a whole is one batch; a clean-up may take several.
        let is_divisible = records.iter().all(|record| record.value.is_none());
        let batch_records = if is_divisible { TOMBSTONES_PER_BATCH } else { records.len() };
        let mut appended = Err(ErrorCode::UnknownServerError);
        for chunk in records.chunks(batch_records) {
            appended = Ok(self.log.append(partition, &records::batch(chunk, now.wall_ms))?);
        }
        appended
    }
}

/// Does what waited for the high watermark to get here.
fn settle_committed(slot: &mut Slot, now: Now, high_watermark: i64) {
    let Some(shard) = &mut slot.shard else { return };
    while slot.uncommitted.front().is_some_and(|(end, _)| *end <= high_watermark) {
        let Some((_, then)) = slot.uncommitted.pop_front() else { return };
        then.into_iter().for_each(|then| shard.committed(now, then));
    }
}

/// Refuses everybody who waits on a slot that this broker gives up.
fn unload(slot: &mut Slot) {
    let Some(mut shard) = slot.shard.take() else { return };
    let now = Now { monotonic_ms: 0, wall_ms: 0 };
    let mut nowhere = Effects::default();
    for (_, then) in slot.uncommitted.drain(..) {
        then.into_iter().for_each(|then| shard.refused(now, then, ErrorCode::NotCoordinator, &mut nowhere));
    }
    shard.unload();
}

/// The partition of `__consumer_offsets` that keeps `group`, of `count`: Java's hash of the name.
pub(crate) fn partition_for(group: &str, count: i32) -> i32 {
    assert!(count > 0, "a topic has partitions");
    let hash =
        group.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    // Kafka takes the absolute value, and 0 where there is none.
    hash.checked_abs().unwrap_or(0) % count
}
