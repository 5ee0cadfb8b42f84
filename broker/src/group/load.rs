//! Rebuilding a shard from the log of its partition.

use tracing::warn;
use wire::batch::{ControlType, batches};
use wire::coordinator_records::group::group_metadata_value::{GroupMetadataValue, MemberMetadata};
use wire::coordinator_records::group::offset_commit_value::OffsetCommitValue;

use super::effects::Now;
use super::group::{Group, State};
use super::member::{Member, MemberTerms, Protocol};
use super::offsets::{CommittedOffset, PendingOffset, TopicPartition};
use super::records::{self, Replayed};
use super::shard::Shard;

/// Decompressed bytes of one batch of `__consumer_offsets`.
const BATCH_DECOMPRESSED_MAX: usize = 128 * 1024 * 1024;

impl Shard {
    /// Replays whole batches, in the order of the log.
    pub(super) fn replay_batches(&mut self, now: Now, bytes: &[u8]) {
        let mut scratch = Vec::new();
        for batch in batches(bytes) {
            let Ok(batch) = batch else {
                warn!(
                    "__consumer_offsets holds a batch that cannot be read; what follows it in this read is lost"
                );
                return;
            };
            let header = batch.header();
            let transaction = header.is_transactional().then(|| header.producer_id());
            let Ok(records) = batch.records(&mut scratch, BATCH_DECOMPRESSED_MAX) else {
                warn!("__consumer_offsets: the batch at offset {} cannot be read", header.base_offset());
                continue;
            };
            for record in records.filter_map(Result::ok) {
                let Some(key) = record.key else { continue };
                if header.is_control() {
                    self.end_transaction(header.producer_id(), ControlType::from_key(key));
                } else {
                    self.replay_record(now, record.offset, transaction, key, record.value);
                }
            }
        }
    }

    fn replay_record(
        &mut self,
        now: Now,
        record_offset: i64,
        transaction: Option<i64>,
        key: &[u8],
        value: Option<&[u8]>,
    ) {
        match records::replay(key, value) {
            Ok(Replayed::Offset { group, partition, value: Some(value) }) => {
                let offset = committed_offset(&value, record_offset);
                self.replay_offset(now, transaction, group, partition, offset);
            }
            Ok(Replayed::Offset { group, partition, value: None }) => {
                self.forget_offsets(&group, &[partition]);
            }
            Ok(Replayed::Group { group, value: Some(value) }) => self.replay_group(now, &group, &value),
            Ok(Replayed::Group { group, value: None }) => self.replay_group_tombstone(&group, now),
            Ok(Replayed::Other) => {}
            Err(error) => warn!("__consumer_offsets: the record at offset {record_offset}: {error}"),
        }
    }

    fn replay_offset(
        &mut self,
        now: Now,
        transaction: Option<i64>,
        group: String,
        partition: TopicPartition,
        offset: CommittedOffset,
    ) {
        match transaction {
            None => drop(self.group_or_new(&group, now).offsets.insert(partition, offset)),
            Some(producer) => {
                self.group_or_new(&group, now);
                let pending = self.transactions.entry(producer).or_default();
                pending.push(PendingOffset { group, partition, offset });
            }
        }
    }

    /// The offsets of a transaction take effect, or are dropped.
    fn end_transaction(&mut self, producer: i64, outcome: Option<ControlType>) {
        let pending = self.transactions.remove(&producer).unwrap_or_default();
        if outcome != Some(ControlType::Commit) {
            return;
        }
        for PendingOffset { group, partition, offset } in pending {
            let Some(group) = self.groups.get_mut(&group) else { continue };
            let later = group.offsets.get(&partition).is_some_and(|o| o.record_offset > offset.record_offset);
            if !later {
                group.offsets.insert(partition, offset);
            }
        }
    }

    fn replay_group(&mut self, now: Now, id: &str, value: &GroupMetadataValue<'_>) {
        let group = self.group_or_new(id, now);
        let offsets = std::mem::take(&mut group.offsets);
        *group = loaded_group(id, value, now);
        group.offsets = offsets;
    }

    /// The offsets of a deleted group have tombstones of their own. Those without stay: the group has become one of
    /// another kind (KIP-848), and goes on from them.
    fn replay_group_tombstone(&mut self, id: &str, now: Now) {
        let Some(group) = self.groups.remove(id) else { return };
        if !group.offsets.is_empty() {
            self.group_or_new(id, now).offsets = group.offsets;
        }
    }

    /// Everything is replayed: the members get one session to show that they are alive.
    pub(super) fn loaded(&mut self, now: Now) {
        let members: Vec<(String, String)> = self
            .groups
            .values()
            .flat_map(|group| group.members.keys().map(|member| (group.id.clone(), member.clone())))
            .collect();
        members.iter().for_each(|(group, member)| self.expect_heartbeat(now, group, member));
    }
}

fn loaded_group(id: &str, value: &GroupMetadataValue<'_>, now: Now) -> Group {
    let mut group = Group::new(id, now.wall_ms);
    let some_text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    group.generation = value.generation;
    group.protocol_type = some_text(&value.protocol_type);
    group.protocol = value.protocol.as_deref().and_then(some_text);
    group.state_since_ms = (value.current_state_timestamp >= 0).then_some(value.current_state_timestamp);
    // Whoever may write to the topic may have written anything.
    for member in value.members.iter() {
        if !group.members.contains_key(&*member.member_id) {
            group.add(loaded_member(&member, value));
        }
    }
    let leader = value.leader.as_deref().filter(|leader| group.members.contains_key(*leader));
    if let Some(leader) = leader.and_then(some_text) {
        group.leader = Some(leader);
    }
    group.state = if group.members.is_empty() { State::Empty } else { State::Stable };
    group.previous = group.state;
    group.subscribed = group.read_subscriptions();
    group
}

fn loaded_member(member: &MemberMetadata<'_>, group: &GroupMetadataValue<'_>) -> Member {
    let protocol = Protocol {
        name: group.protocol.as_deref().unwrap_or_default().to_owned(),
        metadata: member.subscription.to_vec(),
    };
    let rebalance_timeout_ms =
        if member.rebalance_timeout < 0 { member.session_timeout } else { member.rebalance_timeout };
    Member {
        id: member.member_id.to_string(),
        instance: member.group_instance_id.as_deref().map(str::to_owned),
        client_id: member.client_id.to_string(),
        client_host: member.client_host.to_string(),
        protocol_type: group.protocol_type.to_string(),
        terms: MemberTerms {
            session_timeout_ms: member.session_timeout,
            rebalance_timeout_ms,
            protocols: vec![protocol],
        },
        assignment: member.assignment.to_vec(),
        is_new: false,
        join_reply: None,
        sync_reply: None,
    }
}

fn committed_offset(value: &OffsetCommitValue<'_>, record_offset: i64) -> CommittedOffset {
    CommittedOffset {
        offset: value.offset,
        leader_epoch: value.leader_epoch,
        metadata: value.metadata.to_string(),
        committed_ms: value.commit_timestamp,
        expires_ms: (value.expire_timestamp >= 0).then_some(value.expire_timestamp),
        topic_id: value.topic_id,
        record_offset,
    }
}
