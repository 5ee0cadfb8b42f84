//! Records of `__consumer_offsets`: what a group and a committed offset look like in the log.

use std::collections::BTreeMap;

use wire::batch::BatchBuilder;
use wire::coordinator_records::group::group_metadata_key::GroupMetadataKey;
use wire::coordinator_records::group::group_metadata_value::{GroupMetadataValue, MemberMetadata};
use wire::coordinator_records::group::offset_commit_key::OffsetCommitKey;
use wire::coordinator_records::group::offset_commit_value::OffsetCommitValue;
use wire::coordinator_records::group::{Key, Value};
use wire::{DecodeError, Writer};

use super::group::Group;
use super::member::Member;
use super::offsets::{CommittedOffset, TopicPartition};

/// Kafka 4.3.1 writes groups in version 3, since older brokers cannot skip a later one.
const GROUP_VALUE_VERSION: i16 = 3;
/// Likewise for offsets: 1 has an expiry time, 3 has the leader epoch.
const OFFSET_VALUE_VERSION: i16 = 3;
const OFFSET_VALUE_VERSION_WITH_EXPIRY: i16 = 1;

/// A record before it has an offset. Without a value it deletes what its key names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(super) key: Vec<u8>,
    pub(super) value: Option<Vec<u8>>,
}

/// What a record of the log says about classic groups.
#[derive(Debug)]
pub(super) enum Replayed<'a> {
    Offset {
        group: String,
        partition: TopicPartition,
        value: Option<OffsetCommitValue<'a>>,
    },
    Group {
        group: String,
        value: Option<GroupMetadataValue<'a>>,
    },
    /// Kinds of groups that this coordinator does not serve, and records of later releases.
    Other,
}

/// The record of a group with its members and `assignment`.
pub(super) fn group(group: &Group, assignment: &BTreeMap<String, Vec<u8>>) -> Record {
    let protocol = group.protocol.as_deref().unwrap_or_default();
    let describe = |member: &Member| MemberMetadata {
        member_id: member.id.clone().into(),
        group_instance_id: member.instance.clone().map(Into::into),
        client_id: member.client_id.clone().into(),
        client_host: member.client_host.clone().into(),
        rebalance_timeout: member.terms.rebalance_timeout_ms,
        session_timeout: member.terms.session_timeout_ms,
        subscription: member.metadata(protocol).to_vec().into(),
        assignment: assignment.get(&member.id).cloned().unwrap_or_default().into(),
    };
    let value = GroupMetadataValue {
        protocol_type: group.protocol_type.clone().unwrap_or_default().into(),
        generation: group.generation,
        protocol: group.protocol.clone().map(Into::into),
        leader: group.leader.clone().map(Into::into),
        current_state_timestamp: group.state_since_ms.unwrap_or(-1),
        members: group.members.values().map(describe).collect::<Vec<_>>().into(),
    };
    Record { key: group_key(&group.id), value: Some(encode_value(&value.into(), GROUP_VALUE_VERSION)) }
}

/// The record of a group that has just been made.
pub(super) fn empty_group(id: &str, now_ms: i64) -> Record {
    group(&Group::new(id, now_ms), &BTreeMap::new())
}

/// The record that deletes a group.
pub(super) fn group_tombstone(id: &str) -> Record {
    Record { key: group_key(id), value: None }
}

/// The record of a committed offset.
pub(super) fn offset(group: &str, partition: &TopicPartition, offset: &CommittedOffset) -> Record {
    let version =
        if offset.expires_ms.is_some() { OFFSET_VALUE_VERSION_WITH_EXPIRY } else { OFFSET_VALUE_VERSION };
    let value = OffsetCommitValue {
        offset: offset.offset,
        leader_epoch: offset.leader_epoch,
        metadata: offset.metadata.as_str().into(),
        commit_timestamp: offset.committed_ms,
        expire_timestamp: offset.expires_ms.unwrap_or(-1),
        topic_id: offset.topic_id,
    };
    Record { key: offset_key(group, partition), value: Some(encode_value(&value.into(), version)) }
}

/// The record that deletes a committed offset.
pub(super) fn offset_tombstone(group: &str, partition: &TopicPartition) -> Record {
    Record { key: offset_key(group, partition), value: None }
}

/// One batch of `records`, as the log takes it.
pub(super) fn batch(records: &[Record], now_ms: i64) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0);
    for record in records {
        builder.push(now_ms, Some(&record.key), record.value.as_deref(), &[]);
    }
    builder.build()
}

/// Reads a record of the log.
///
/// # Errors
/// The key or the value is damaged.
pub(super) fn replay<'a>(key: &'a [u8], value: Option<&'a [u8]>) -> Result<Replayed<'a>, DecodeError> {
    let key = match Key::decode(key) {
        Ok(key) => key,
        Err(DecodeError::Unknown { .. }) => return Ok(Replayed::Other),
        Err(error) => return Err(error),
    };
    let value = value.map(|bytes| key.decode_value(bytes)).transpose()?;
    Ok(match (key, value) {
        (Key::OffsetCommit(key), value) => {
            let partition = (key.topic.into_owned(), key.partition);
            let value = value.map(|value| match value {
                Value::OffsetCommit(value) => value,
                other => unreachable!("a value has the type of its key, not {}", other.record_type()),
            });
            Replayed::Offset { group: key.group.into_owned(), partition, value }
        }
        (Key::GroupMetadata(key), value) => {
            let value = value.map(|value| match value {
                Value::GroupMetadata(value) => value,
                other => unreachable!("a value has the type of its key, not {}", other.record_type()),
            });
            Replayed::Group { group: key.group.into_owned(), value }
        }
        _ => Replayed::Other,
    })
}

fn offset_key(group: &str, (topic, partition): &TopicPartition) -> Vec<u8> {
    let key = OffsetCommitKey { group: group.into(), topic: topic.as_str().into(), partition: *partition };
    encode_key(&key.into())
}

fn group_key(group: &str) -> Vec<u8> {
    encode_key(&GroupMetadataKey { group: group.into() }.into())
}

fn encode_key(key: &Key<'_>) -> Vec<u8> {
    let mut writer = Writer::new();
    key.encode(&mut writer).expect("a key has one version");
    writer.into_bytes()
}

fn encode_value(value: &Value<'_>, version: i16) -> Vec<u8> {
    let mut writer = Writer::new();
    value.encode(&mut writer, version).expect("every field of these records exists in the version written");
    writer.into_bytes()
}
