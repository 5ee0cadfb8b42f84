//! Committed offsets: commit, fetch, delete, and expiry of those that nobody uses.

use std::collections::{BTreeMap, BTreeSet};

use wire::messages::offset_commit_request::{OffsetCommitRequest, OffsetCommitRequestPartition};
use wire::messages::offset_commit_response::{
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use wire::messages::offset_delete_request::OffsetDeleteRequest;
use wire::messages::offset_delete_response::{
    OffsetDeleteResponse, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use wire::messages::offset_fetch_response::{OffsetFetchResponsePartitions, OffsetFetchResponseTopics};
use wire::{ErrorCode, Uuid};

use super::effects::{Effects, Now, OnCommit, Responder};
use super::group::{Group, State};
use super::records;
use super::shard::Shard;
use crate::limits::{OFFSET_COMMIT_BYTES_MAX, OFFSET_RECORD_BYTES};

/// OffsetCommit says from this version on that a group is not there.
const GROUP_ID_NOT_FOUND_VERSION: i16 = 9;

/// A partition by name.
pub(super) type TopicPartition = (String, i32);

/// An offset as a group has committed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CommittedOffset {
    /// The next offset that the group wants to read.
    pub(super) offset: i64,
    /// The epoch of the record before it, -1 when unknown.
    pub(super) leader_epoch: i32,
    pub(super) metadata: String,
    pub(super) committed_ms: i64,
    /// When old clients asked for it to end; absent otherwise.
    pub(super) expires_ms: Option<i64>,
    /// Zero when the client named the topic only.
    pub(super) topic_id: Uuid,
    /// The offset of its record in the log: of a plain commit and one out of a transaction, the later stands.
    pub(super) record_offset: i64,
}

/// An offset inside an open transaction.
#[derive(Debug, Clone)]
pub(super) struct PendingOffset {
    pub(super) group: String,
    pub(super) partition: TopicPartition,
    pub(super) offset: CommittedOffset,
}

/// The committed offsets of a group.
pub(super) type Offsets = BTreeMap<TopicPartition, CommittedOffset>;

impl Shard {
    /// OffsetCommit: answered when the offsets are committed to the log.
    ///
    /// `topics` holds what the caller has found to exist and to be allowed; `response` already holds
    /// the refusals of the rest.
    pub(super) fn commit_offsets(
        &mut self,
        now: Now,
        version: i16,
        request: &OffsetCommitRequest<'_>,
        reply: Responder<OffsetCommitResponse<'static>>,
        out: &mut Effects,
    ) {
        let admitted = self.validate_commit(now, version, request);
        if let Err(error) = admitted.and_then(|()| validate_size(request)) {
            let mut response = commit_response(request, |_| ErrorCode::None);
            refuse_all(&mut response, error);
            return reply.send(response);
        }
        let metadata_max = self.config.offset_metadata_max;
        let verdict = |partition: &OffsetCommitRequestPartition<'_>| {
            let units = partition.committed_metadata.as_deref().map_or(0, |text| text.encode_utf16().count());
            if units > metadata_max { ErrorCode::OffsetMetadataTooLarge } else { ErrorCode::None }
        };
        let response = commit_response(request, verdict);
        let retention_ms = request.retention_time_ms;
        let expires_ms = (retention_ms >= 0).then(|| now.wall_ms.saturating_add(retention_ms));
        let mut offsets = Vec::new();
        for topic in request.topics.iter() {
            for partition in topic.partitions.iter().filter(|partition| verdict(partition) == ErrorCode::None)
            {
                let offset = CommittedOffset {
                    offset: partition.committed_offset,
                    leader_epoch: partition.committed_leader_epoch,
                    metadata: partition.committed_metadata.as_deref().unwrap_or_default().to_owned(),
                    committed_ms: now.wall_ms,
                    expires_ms,
                    topic_id: topic.topic_id,
                    record_offset: -1,
                };
                let key = (topic.name.to_string(), partition.partition_index);
                out.records.push(records::offset(&request.group_id, &key, &offset));
                offsets.push((key, offset));
            }
        }
        out.then.push(OnCommit::CommitOffsets {
            group: request.group_id.to_string(),
            offsets,
            reply,
            response,
        });
    }

    fn validate_commit(
        &mut self,
        now: Now,
        version: i16,
        request: &OffsetCommitRequest<'_>,
    ) -> Result<(), ErrorCode> {
        let generation = request.generation_id_or_member_epoch;
        let Some(group) = self.groups.get(&*request.group_id) else {
            // A consumer without group membership, or an administrator, commits to a group of its own making.
            return match generation {
                ..0 => Ok(()),
                _ if version >= GROUP_ID_NOT_FOUND_VERSION => Err(ErrorCode::GroupIdNotFound),
                _ => Err(ErrorCode::IllegalGeneration),
            };
        };
        if generation < 0 && group.state == State::Empty {
            return Ok(());
        }
        let instance = request.group_instance_id.as_deref();
        if generation < 0 && request.member_id.is_empty() && instance.is_none() {
            return Err(ErrorCode::UnknownMemberId);
        }
        group.validate_member(&request.member_id, instance)?;
        if generation != group.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        match group.state {
            State::CompletingRebalance => return Err(ErrorCode::RebalanceInProgress),
            // A member that commits is alive.
            _ => self.expect_heartbeat(now, &request.group_id, &request.member_id),
        }
        Ok(())
    }

    /// OffsetFetch for named partitions: the committed offsets, -1 where there is none.
    pub(super) fn fetch_offsets(
        &self,
        group_id: &str,
        topic: &str,
        topic_id: Uuid,
        partitions: impl Iterator<Item = i32>,
        require_stable: bool,
    ) -> OffsetFetchResponseTopics<'static> {
        let offsets = self.groups.get(group_id).map(|group| &group.offsets);
        let answer = |index: i32| {
            let key = (topic.to_owned(), index);
            let found =
                offsets.and_then(|offsets| offsets.get(&key)).filter(|o| same_topic(o.topic_id, topic_id));
            self.fetched(group_id, &key, found, require_stable)
        };
        OffsetFetchResponseTopics {
            name: topic.to_owned().into(),
            topic_id,
            partitions: partitions.map(answer).collect::<Vec<_>>().into(),
        }
    }

    /// OffsetFetch for everything the group has committed.
    pub(super) fn fetch_all_offsets(
        &self,
        group_id: &str,
        require_stable: bool,
    ) -> Vec<OffsetFetchResponseTopics<'static>> {
        let Some(group) = self.groups.get(group_id) else { return Vec::new() };
        let mut topics: BTreeMap<&str, Vec<OffsetFetchResponsePartitions<'static>>> = BTreeMap::new();
        for (key, offset) in &group.offsets {
            let answer = self.fetched(group_id, key, Some(offset), require_stable);
            topics.entry(&key.0).or_default().push(answer);
        }
        let topic = |(name, partitions): (&str, Vec<_>)| OffsetFetchResponseTopics {
            name: name.to_owned().into(),
            topic_id: Uuid::ZERO,
            partitions: partitions.into(),
        };
        topics.into_iter().map(topic).collect()
    }

    fn fetched(
        &self,
        group_id: &str,
        key: &TopicPartition,
        found: Option<&CommittedOffset>,
        require_stable: bool,
    ) -> OffsetFetchResponsePartitions<'static> {
        let is_unstable = require_stable && self.is_in_transaction(group_id, key);
        let nothing = OffsetFetchResponsePartitions {
            partition_index: key.1,
            committed_offset: -1,
            committed_leader_epoch: -1,
            metadata: Some("".into()),
            error_code: if is_unstable { ErrorCode::UnstableOffsetCommit.code() } else { 0 },
        };
        match found {
            Some(offset) if !is_unstable => OffsetFetchResponsePartitions {
                committed_offset: offset.offset,
                committed_leader_epoch: offset.leader_epoch,
                metadata: Some(offset.metadata.clone().into()),
                ..nothing
            },
            _ => nothing,
        }
    }

    /// True while a transaction that is still open has an offset for this partition.
    fn is_in_transaction(&self, group_id: &str, key: &TopicPartition) -> bool {
        self.transactions
            .values()
            .flatten()
            .any(|pending| pending.group == group_id && pending.partition == *key)
    }

    /// OffsetDelete: answered when the tombstones are committed.
    pub(super) fn delete_offsets(
        &mut self,
        request: &OffsetDeleteRequest<'_>,
        reply: Responder<OffsetDeleteResponse<'static>>,
        out: &mut Effects,
    ) {
        let refuse =
            |error: ErrorCode| OffsetDeleteResponse { error_code: error.code(), ..Default::default() };
        let Some(group) = self.groups.get(&*request.group_id) else {
            return reply.send(refuse(ErrorCode::GroupIdNotFound));
        };
        if group.state != State::Empty && !group.is_consumer_group() {
            return reply.send(refuse(ErrorCode::NonEmptyGroup));
        }
        // A partition that is named twice is deleted once: each record repeats the names of group and topic.
        let mut partitions = BTreeSet::new();
        let mut topics = Vec::new();
        for topic in request.topics.iter() {
            let is_subscribed = group.is_subscribed(&topic.name);
            let error = if is_subscribed { ErrorCode::GroupSubscribedToTopic } else { ErrorCode::None };
            let keys =
                topic.partitions.iter().map(|partition| (topic.name.to_string(), partition.partition_index));
            partitions.extend(keys.filter(|key| !is_subscribed && group.offsets.contains_key(key)));
            let answer =
                |index| OffsetDeleteResponsePartition { partition_index: index, error_code: error.code() };
            topics.push(OffsetDeleteResponseTopic {
                name: topic.name.to_string().into(),
                partitions: topic
                    .partitions
                    .iter()
                    .map(|p| answer(p.partition_index))
                    .collect::<Vec<_>>()
                    .into(),
            });
        }
        self.forget_when_committed(&request.group_id, partitions.into_iter().collect(), out);
        let response = OffsetDeleteResponse { topics: topics.into(), ..OffsetDeleteResponse::default() };
        out.then.push(OnCommit::OffsetsDeleted { reply, response });
    }

    /// Writes tombstones for `partitions`, which are forgotten once those are committed.
    pub(super) fn forget_when_committed(
        &self,
        group: &str,
        partitions: Vec<TopicPartition>,
        out: &mut Effects,
    ) {
        if partitions.is_empty() {
            return;
        }
        out.records.extend(partitions.iter().map(|key| records::offset_tombstone(group, key)));
        out.then.push(OnCommit::ForgetOffsets { group: group.to_owned(), partitions });
    }

    pub(super) fn forget_offsets(&mut self, group: &str, partitions: &[TopicPartition]) {
        if let Some(group) = self.groups.get_mut(group) {
            partitions.iter().for_each(|key| drop(group.offsets.remove(key)));
        }
        let is_forgotten = |p: &PendingOffset| p.group == group && partitions.contains(&p.partition);
        self.transactions.values_mut().for_each(|pending| pending.retain(|p| !is_forgotten(p)));
    }

    /// Deletes offsets that nobody has used for the retention time, and groups that are left with nothing.
    pub(super) fn expire_offsets(&self, now: Now, out: &mut Effects) {
        let retention_ms = self.config.offsets_retention_ms;
        let mut expired = Vec::new();
        for group in self.groups.values() {
            let partitions: Vec<TopicPartition> = group
                .offsets
                .iter()
                .filter(|(key, offset)| is_expired(group, key, offset, now.wall_ms, retention_ms))
                .filter(|(key, _)| !self.is_in_transaction(&group.id, key))
                .map(|(key, _)| key.clone())
                .collect();
            let is_last = partitions.len() == group.offsets.len();
            let is_unused = group.state == State::Empty && group.pending_join.is_empty();
            expired.push((group.id.clone(), partitions, is_last && is_unused));
        }
        for (group, partitions, is_deleted) in expired {
            self.forget_when_committed(&group, partitions, out);
            if is_deleted {
                out.records.push(records::group_tombstone(&group));
                out.then.push(OnCommit::ForgetGroup { group });
            }
        }
    }

    /// Deletes the offsets of topics that are gone; `topic_id` tells a topic from a later one of its name.
    pub(super) fn topic_deleted(&self, name: &str, topic_id: Uuid, out: &mut Effects) {
        for group in self.groups.values() {
            let of_topic = group
                .offsets
                .iter()
                .filter(|(key, offset)| key.0 == name && same_topic(offset.topic_id, topic_id))
                .map(|(key, _)| key.clone());
            self.forget_when_committed(&group.id, of_topic.collect(), out);
        }
    }
}

/// An id that is zero on either side is not known, and stands for the name.
fn same_topic(committed: Uuid, asked: Uuid) -> bool {
    committed == Uuid::ZERO || asked == Uuid::ZERO || committed == asked
}

/// The rule of KIP-211: retention runs from the commit, or from when the group became empty.
fn is_expired(
    group: &Group,
    key: &TopicPartition,
    offset: &CommittedOffset,
    now_ms: i64,
    retention_ms: i64,
) -> bool {
    if group.is_subscribed(&key.0) {
        return false;
    }
    let base_ms = match (&group.protocol_type, group.state) {
        (None, _) => offset.committed_ms,
        (Some(_), State::Empty) => group.state_since_ms.unwrap_or(offset.committed_ms),
        (Some(_), State::Stable) if group.is_consumer_group() && group.subscribed.is_some() => {
            offset.committed_ms
        }
        _ => return false,
    };
    match offset.expires_ms {
        Some(expires_ms) => now_ms >= expires_ms,
        None => now_ms.saturating_sub(base_ms) >= retention_ms,
    }
}

/// Each record repeats the names of group and topic, which a request holds once: what it asks to be written is
/// bounded before it is made.
fn validate_size(request: &OffsetCommitRequest<'_>) -> Result<(), ErrorCode> {
    let mut bytes = 0_usize;
    for topic in request.topics.iter() {
        let names = request.group_id.len() + topic.name.len() + OFFSET_RECORD_BYTES;
        let metadata =
            |p: OffsetCommitRequestPartition<'_>| p.committed_metadata.map_or(0, |text| text.len());
        bytes += topic.partitions.iter().map(|partition| names + metadata(partition)).sum::<usize>();
    }
    if bytes > OFFSET_COMMIT_BYTES_MAX { Err(ErrorCode::InvalidCommitOffsetSize) } else { Ok(()) }
}

fn commit_response(
    request: &OffsetCommitRequest<'_>,
    verdict: impl Fn(&OffsetCommitRequestPartition<'_>) -> ErrorCode,
) -> OffsetCommitResponse<'static> {
    let topics = request.topics.iter().map(|topic| OffsetCommitResponseTopic {
        name: topic.name.to_string().into(),
        topic_id: topic.topic_id,
        partitions: topic
            .partitions
            .iter()
            .map(|partition| OffsetCommitResponsePartition {
                partition_index: partition.partition_index,
                error_code: verdict(&partition).code(),
            })
            .collect::<Vec<_>>()
            .into(),
    });
    OffsetCommitResponse { topics: topics.collect::<Vec<_>>().into(), ..OffsetCommitResponse::default() }
}

/// Refuses every partition of an OffsetCommit with `error`, as clients of this API expect it.
pub(super) fn refuse_all(response: &mut OffsetCommitResponse<'static>, error: ErrorCode) {
    let error = match error {
        ErrorCode::UnknownTopicOrPartition | ErrorCode::NotEnoughReplicas | ErrorCode::RequestTimedOut => {
            ErrorCode::CoordinatorNotAvailable
        }
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge | ErrorCode::InvalidFetchSize => {
            ErrorCode::InvalidCommitOffsetSize
        }
        other => other,
    };
    let refuse = |mut partition: OffsetCommitResponsePartition| {
        partition.error_code = error.code();
        partition
    };
    let topics = response.topics.iter().map(|topic| OffsetCommitResponseTopic {
        partitions: topic.partitions.iter().map(refuse).collect::<Vec<_>>().into(),
        ..topic
    });
    response.topics = topics.collect::<Vec<_>>().into();
}
