//! What a client may not make the coordinator do: loop, panic, forget, or hold more than it was sent.

use wire::coordinator_records::group::group_metadata_value::{GroupMetadataValue, MemberMetadata};
use wire::coordinator_records::group::{Key, Value, group_metadata_key::GroupMetadataKey};
use wire::messages::join_group_request::JoinGroupRequest;

use super::super::records::{self, Record};
use super::*;

fn leave(bench: &Bench, member: &str) {
    let identity = MemberIdentity { member_id: member.into(), ..MemberIdentity::default() };
    drop(answered(bench.coordinator.leave(bench.now, PARTITION, "g", &[identity]).expect("coordinator")));
}

/// Appends a record of the group "g" as any client may that calls itself `__admin_client`.
fn write_group(log: &MemoryLog, value: Option<GroupMetadataValue<'_>>) {
    let mut key = wire::Writer::new();
    Key::from(GroupMetadataKey { group: "g".into() }).encode(&mut key).expect("a key");
    let value = value.map(|value| {
        let mut bytes = wire::Writer::new();
        Value::from(value).encode(&mut bytes, 3).expect("a version that there is");
        bytes.into_bytes()
    });
    let record = Record { key: key.into_bytes(), value };
    log.append(PARTITION, &records::batch(&[record], 0)).expect("no refusal is set");
}

#[test]
fn members_without_rebalance_timeout_do_not_hold_the_clock_up() {
    let mut bench = Bench::new();
    let joined_static = bench.join("", Some("host-1"));
    let (leaves, joined) = bench.join_twice();
    bench.advance(6_000);
    let stays = answered(joined_static).member_id;
    drop(answered(joined));
    let synced = bench.sync(&leaves, 1, &[]);
    drop(answered(bench.sync(&stays, 1, &[])));
    drop(answered(synced));
    let mut eager = joiner("", Some("host-1"));
    eager.terms.rebalance_timeout_ms = -1;
    let back = bench.coordinator.join(bench.now, PARTITION, eager).expect("coordinator");
    assert_eq!(answered(back).generation_id, 1);

    leave(&bench, &leaves);
    bench.advance(1_000);
    assert_eq!(bench.state(), "PreparingRebalance", "the static member has until its session ends");
    bench.advance(10_000);
    assert_eq!(bench.state(), "Empty");
}

#[test]
fn a_group_whose_members_left_at_once_takes_the_next() {
    let mut bench = Bench::new();
    let (first, _joined) = bench.join_twice();
    leave(&bench, &first);
    let (_, joined) = bench.join_twice();
    bench.advance(6_000);
    assert_eq!(answered(joined).error_code, 0);
}

#[test]
fn records_that_repeat_members_are_loaded() {
    let bench = Bench::new();
    let member =
        MemberMetadata { member_id: "m".into(), session_timeout: 10_000, ..MemberMetadata::default() };
    let value = GroupMetadataValue {
        protocol_type: "consumer".into(),
        generation: 4,
        protocol: Some("range".into()),
        leader: Some("nobody".into()),
        members: vec![member.clone(), member].into(),
        ..GroupMetadataValue::default()
    };
    write_group(&bench.log, Some(value));
    let mut bench = Bench::over(Arc::clone(&bench.log));
    assert_eq!((bench.state().as_str(), bench.heartbeat("m", 4)), ("Stable", ErrorCode::None));
    bench.advance(20_000);
    assert_eq!(bench.state(), "Empty");
}

#[test]
fn a_group_that_changes_its_kind_keeps_its_offsets() {
    let bench = Bench::new();
    drop(answered(bench.commit("", -1, 9)));
    write_group(&bench.log, None);
    assert_eq!(Bench::over(Arc::clone(&bench.log)).fetch(), 9);
}

#[test]
fn a_partition_that_is_named_often_is_deleted_once() {
    let bench = Bench::new();
    drop(answered(bench.commit("", -1, 9)));
    let end = bench.log.state.lock().end;
    let partition = OffsetDeleteRequestPartition { partition_index: 3 };
    let topic = OffsetDeleteRequestTopic { name: "t".into(), partitions: vec![partition; 1_000].into() };
    let request = OffsetDeleteRequest { group_id: "g".into(), topics: vec![topic].into() };
    let deleted = bench.coordinator.delete_offsets(bench.now, PARTITION, &request).expect("coordinator");
    assert_eq!(answered(deleted).error_code, 0);
    assert_eq!((bench.fetch(), bench.log.state.lock().end), (-1, end + 1));
}

#[test]
fn a_commit_that_multiplies_a_long_name_is_refused() {
    let bench = Bench::new();
    let partition = OffsetCommitRequestPartition::default();
    let topic = OffsetCommitRequestTopic {
        name: "t".into(),
        partitions: vec![partition; 1_000].into(),
        ..Default::default()
    };
    let request = OffsetCommitRequest {
        group_id: "g".repeat(30_000).into(),
        generation_id_or_member_epoch: -1,
        topics: vec![topic].into(),
        ..OffsetCommitRequest::default()
    };
    let committed = bench.coordinator.commit_offsets(bench.now, PARTITION, 9, &request).expect("coordinator");
    let code = answered(committed).topics.iter().next().unwrap().partitions.iter().next().unwrap().error_code;
    assert_eq!((code, bench.log.state.lock().end), (ErrorCode::InvalidCommitOffsetSize.code(), 0));
}

#[test]
fn an_offset_may_be_kept_for_ever() {
    let bench = Bench::new();
    let topic = OffsetCommitRequestTopic {
        name: "t".into(),
        partitions: vec![OffsetCommitRequestPartition { partition_index: 3, ..Default::default() }].into(),
        ..Default::default()
    };
    let request = OffsetCommitRequest {
        group_id: "g".into(),
        retention_time_ms: i64::MAX,
        topics: vec![topic].into(),
        ..OffsetCommitRequest::default()
    };
    drop(bench.coordinator.commit_offsets(bench.now, PARTITION, 2, &request).expect("coordinator"));
    bench.coordinator.expire_offsets(bench.now);
    assert_eq!(bench.fetch(), 0);
}

#[test]
fn an_election_that_was_overtaken_changes_nothing() {
    let mut bench = Bench::new();
    bench.coordinator.load_partition(bench.now, PARTITION, 5);
    let member = bench.stable_group();
    bench.coordinator.load_partition(bench.now, PARTITION, 4);
    assert_eq!(bench.heartbeat(&member, 1), ErrorCode::None);
    bench.coordinator.unload_partition(PARTITION, 4);
    assert_eq!(bench.heartbeat(&member, 1), ErrorCode::None);
}

#[test]
fn a_reason_takes_one_line_of_the_log() {
    let request = JoinGroupRequest {
        reason: Some(format!("{}\nforged", "x".repeat(1_000)).into()),
        ..JoinGroupRequest::default()
    };
    let joiner = Joiner::new(&request, 9, "app", std::net::Ipv4Addr::LOCALHOST.into());
    assert_eq!(joiner.reason, "x".repeat(255));
    let request = JoinGroupRequest { reason: Some("a\nb".into()), ..JoinGroupRequest::default() };
    assert_eq!(Joiner::new(&request, 9, "app", std::net::Ipv4Addr::LOCALHOST.into()).reason, "a\\nb");
}
