//! Images against replays: the log and its snapshot say the same, and what is untouched stays where it is.

use std::sync::Arc;

use proptest::prelude::*;
use wire::metadata_records::MetadataRecord;
use wire::metadata_records::abort_transaction_record::AbortTransactionRecord;
use wire::metadata_records::access_control_entry_record::AccessControlEntryRecord;
use wire::metadata_records::begin_transaction_record::BeginTransactionRecord;
use wire::metadata_records::broker_registration_change_record::BrokerRegistrationChangeRecord;
use wire::metadata_records::clear_elr_record::ClearElrRecord;
use wire::metadata_records::client_quota_record::{ClientQuotaRecord, EntityData};
use wire::metadata_records::config_record::ConfigRecord;
use wire::metadata_records::delegation_token_record::DelegationTokenRecord;
use wire::metadata_records::end_transaction_record::EndTransactionRecord;
use wire::metadata_records::feature_level_record::FeatureLevelRecord;
use wire::metadata_records::fence_broker_record::FenceBrokerRecord;
use wire::metadata_records::no_op_record::NoOpRecord;
use wire::metadata_records::partition_change_record::PartitionChangeRecord;
use wire::metadata_records::partition_record::PartitionRecord;
use wire::metadata_records::producer_ids_record::ProducerIdsRecord;
use wire::metadata_records::register_broker_record::{BrokerEndpoint, BrokerFeature, RegisterBrokerRecord};
use wire::metadata_records::register_controller_record::{
    ControllerEndpoint, ControllerFeature, RegisterControllerRecord,
};
use wire::metadata_records::remove_access_control_entry_record::RemoveAccessControlEntryRecord;
use wire::metadata_records::remove_delegation_token_record::RemoveDelegationTokenRecord;
use wire::metadata_records::remove_topic_record::RemoveTopicRecord;
use wire::metadata_records::remove_user_scram_credential_record::RemoveUserScramCredentialRecord;
use wire::metadata_records::topic_record::TopicRecord;
use wire::metadata_records::unfence_broker_record::UnfenceBrokerRecord;
use wire::metadata_records::unregister_broker_record::UnregisterBrokerRecord;
use wire::metadata_records::user_scram_credential_record::UserScramCredentialRecord;
use wire::metadata_records::zk_migration_state_record::ZkMigrationStateRecord;
use wire::{Uuid, Writer};

use super::*;
use crate::features::MetadataVersion;
use crate::image::{
    ConfigResource, LeaderRecoveryState, MetadataImage, PartitionState, Provenance, directory_id,
};
use crate::record::{OwnedRecord, Record};

fn id(number: u8) -> Uuid {
    let mut bytes = [7; 16];
    bytes[15] = number;
    Uuid(bytes)
}

fn feature(name: &str, feature_level: i16) -> OwnedRecord {
    FeatureLevelRecord { name: name.to_owned().into(), feature_level }.into()
}

fn topic(name: &'static str, number: u8) -> OwnedRecord {
    TopicRecord { name: name.into(), topic_id: id(number) }.into()
}

fn partition(topic: u8, partition_id: i32) -> OwnedRecord {
    PartitionRecord {
        partition_id,
        topic_id: id(topic),
        replicas: vec![1, 2, 3].into(),
        isr: vec![1, 2, 3].into(),
        leader: 1,
        leader_epoch: 0,
        partition_epoch: 0,
        directories: vec![id(101), id(102), id(103)].into(),
        ..PartitionRecord::default()
    }
    .into()
}

fn broker(broker_id: i32, broker_epoch: i64) -> OwnedRecord {
    RegisterBrokerRecord {
        broker_id,
        broker_epoch,
        incarnation_id: id(broker_id as u8),
        end_points: vec![BrokerEndpoint {
            name: "PLAINTEXT".into(),
            host: "localhost".into(),
            port: 9092,
            security_protocol: 0,
        }]
        .into(),
        features: vec![BrokerFeature {
            name: "metadata.version".into(),
            min_supported_version: 7,
            max_supported_version: 30,
        }]
        .into(),
        rack: Some("r1".into()),
        log_dirs: vec![id(102), id(101)].into(),
        cordoned_log_dirs: Some(vec![id(101)].into()),
        ..RegisterBrokerRecord::default()
    }
    .into()
}

fn config(
    resource_type: i8,
    name: &'static str,
    key: &'static str,
    value: Option<&'static str>,
) -> OwnedRecord {
    ConfigRecord { resource_type, resource_name: name.into(), name: key.into(), value: value.map(Into::into) }
        .into()
}

fn quota(key: &'static str, value: f64, remove: bool) -> OwnedRecord {
    ClientQuotaRecord {
        entity: vec![
            EntityData { entity_type: "user".into(), entity_name: Some("u".into()) },
            EntityData { entity_type: "client-id".into(), entity_name: None },
        ]
        .into(),
        key: key.into(),
        value,
        remove,
    }
    .into()
}

fn acl(number: u8) -> OwnedRecord {
    AccessControlEntryRecord {
        id: id(number),
        resource_type: 2,
        resource_name: "t".into(),
        pattern_type: 3,
        principal: "User:a".into(),
        host: "*".into(),
        operation: 3,
        permission_type: 3,
    }
    .into()
}

fn scram(name: &'static str) -> OwnedRecord {
    UserScramCredentialRecord {
        name: name.into(),
        mechanism: 1,
        salt: vec![1, 2].into(),
        stored_key: vec![3].into(),
        server_key: vec![4].into(),
        iterations: 8192,
    }
    .into()
}

fn token(name: &'static str) -> OwnedRecord {
    DelegationTokenRecord {
        owner: "User:a".into(),
        requester: "User:b".into(),
        renewers: vec!["User:c".into()].into(),
        issue_timestamp: 1,
        max_timestamp: 9,
        expiration_timestamp: 5,
        token_id: name.into(),
    }
    .into()
}

fn controller() -> OwnedRecord {
    RegisterControllerRecord {
        controller_id: 3000,
        incarnation_id: id(9),
        zk_migration_ready: false,
        end_points: vec![ControllerEndpoint {
            name: "CONTROLLER".into(),
            host: "localhost".into(),
            port: 9093,
            security_protocol: 0,
        }]
        .into(),
        features: vec![ControllerFeature {
            name: "kraft.version".into(),
            min_supported_version: 0,
            max_supported_version: 1,
        }]
        .into(),
    }
    .into()
}

/// Every kind of record once or more, each on an image that it fits.
fn everything() -> Vec<OwnedRecord> {
    vec![
        feature("metadata.version", 30),
        feature("group.version", 1),
        feature("share.version", 1),
        feature("share.version", 0),
        feature("kraft.version", 1),
        BeginTransactionRecord { name: Some("x".into()) }.into(),
        EndTransactionRecord::default().into(),
        AbortTransactionRecord::default().into(),
        NoOpRecord::default().into(),
        ZkMigrationStateRecord::default().into(),
        controller(),
        broker(1, 5),
        broker(2, 6),
        broker(3, 7),
        broker(4, 8),
        UnfenceBrokerRecord { id: 1, epoch: 5 }.into(),
        UnfenceBrokerRecord { id: 2, epoch: 6 }.into(),
        FenceBrokerRecord { id: 2, epoch: 6 }.into(),
        BrokerRegistrationChangeRecord {
            broker_id: 3,
            broker_epoch: 7,
            fenced: -1,
            in_controlled_shutdown: 1,
            log_dirs: vec![id(103)].into(),
            ..Default::default()
        }
        .into(),
        UnregisterBrokerRecord { broker_id: 4, broker_epoch: 8 }.into(),
        topic("a", 1),
        partition(1, 0),
        partition(1, 1),
        topic("b", 2),
        partition(2, 0),
        topic("gone", 3),
        partition(3, 0),
        config(2, "gone", "retention.ms", Some("1")),
        PartitionChangeRecord {
            partition_id: 1,
            topic_id: id(1),
            isr: Some(vec![2].into()),
            leader: 2,
            leader_recovery_state: 1,
            eligible_leader_replicas: Some(vec![3].into()),
            last_known_elr: Some(vec![1].into()),
            ..Default::default()
        }
        .into(),
        PartitionChangeRecord {
            partition_id: 0,
            topic_id: id(2),
            eligible_leader_replicas: Some(vec![3].into()),
            adding_replicas: Some(vec![4].into()),
            removing_replicas: Some(vec![1].into()),
            replicas: Some(vec![1, 2, 3, 4].into()),
            directories: Some(vec![id(101), id(102), id(103), directory_id::UNASSIGNED].into()),
            ..Default::default()
        }
        .into(),
        ClearElrRecord { topic_name: "b".into() }.into(),
        RemoveTopicRecord { topic_id: id(3) }.into(),
        config(2, "a", "retention.ms", Some("1000")),
        config(2, "a", "cleanup.policy", Some("compact")),
        config(2, "a", "cleanup.policy", None),
        config(4, "", "min.insync.replicas", Some("1")),
        config(64, "later", "x", Some("y")),
        quota("producer_byte_rate", 5.5, false),
        quota("consumer_byte_rate", 1.0, false),
        quota("consumer_byte_rate", 0.0, true),
        ProducerIdsRecord { broker_id: 1, broker_epoch: 5, next_producer_id: 1000 }.into(),
        acl(200),
        acl(201),
        RemoveAccessControlEntryRecord { id: id(201) }.into(),
        scram("u"),
        scram("v"),
        RemoveUserScramCredentialRecord { name: "v".into(), mechanism: 1 }.into(),
        token("t1"),
        token("t2"),
        RemoveDelegationTokenRecord { token_id: "t2".into() }.into(),
    ]
}

fn replay(image: &MetadataImage, records: &[OwnedRecord]) -> MetadataDelta {
    let mut delta = MetadataDelta::new(image);
    for record in records {
        assert_eq!(delta.replay(record), Ok(()), "{}", record.name());
    }
    delta.finish(Provenance { end_offset: 77, epoch: 3, append_ms: 4 });
    delta
}

/// Writes a snapshot as bytes and reads it again.
fn through_a_snapshot(image: &MetadataImage) -> MetadataImage {
    let mut delta = MetadataDelta::new(&MetadataImage::default());
    image.write(|Record { message, version }| {
        let mut writer = Writer::new();
        message.encode(&mut writer, version).expect("encodes");
        delta.replay(&MetadataRecord::decode(writer.buffer()).expect("decodes")).expect("fits");
    });
    delta.finish(image.provenance())
}

#[test]
fn every_kind_of_record_survives_a_snapshot() {
    let records = everything();
    let mut kinds: Vec<&str> = records.iter().map(MetadataRecord::name).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 26, "{kinds:?}");
    let image = replay(&MetadataImage::default(), &records).after().clone();
    assert_eq!(through_a_snapshot(&image), image);
    assert_eq!(image.topics().len(), 2);
    assert_eq!(image.provenance().end_offset, 77);
    let broker = image.cluster().broker(3).expect("registered");
    assert!(!broker.fenced && broker.in_controlled_shutdown);
    assert_eq!(broker.directories, [id(103)]);
    assert_eq!(image.features().level("share.version"), 0);
    assert_eq!(image.producer_ids().next_producer_id(), 1000);
    assert!(image.configs().of(&ConfigResource::topic("gone")).is_empty());
}

#[test]
fn a_change_of_leader_starts_an_epoch_and_a_change_of_isr_does_not() {
    let image = replay(&MetadataImage::default(), &everything()).after().clone();
    let changed = image.topics().partition(id(1), 1).expect("there");
    assert_eq!((changed.leader(), changed.leader_epoch(), changed.partition_epoch()), (2, 1, 1));
    assert_eq!((changed.isr(), changed.elr(), changed.last_known_elr()), (&[2][..], &[3][..], &[1][..]));
    assert_eq!(changed.leader_recovery_state(), LeaderRecoveryState::Recovering);
    let grown = image.topics().partition(id(2), 0).expect("there");
    assert_eq!((grown.leader_epoch(), grown.partition_epoch()), (0, 2));
    assert!(grown.elr().is_empty() && grown.is_reassigning());
    assert_eq!(grown.directory(4), Some(directory_id::UNASSIGNED));
    assert_eq!(grown.directory(9), None);
}

#[test]
fn an_untouched_topic_keeps_its_pointer() {
    let before = replay(&MetadataImage::default(), &everything()).after().clone();
    let delta = replay(
        &before,
        &[PartitionChangeRecord {
            partition_id: 0,
            topic_id: id(1),
            isr: Some(vec![1].into()),
            ..Default::default()
        }
        .into()],
    );
    let pointer = |image: &MetadataImage, name| Arc::as_ptr(image.topics().by_name(name).expect(name));
    assert_eq!(pointer(&before, "b"), pointer(delta.after(), "b"));
    assert_ne!(pointer(&before, "a"), pointer(delta.after(), "a"));
    let change = &delta.topics().changed()[&id(1)];
    assert!(!change.created);
    assert_eq!(change.partitions.iter().copied().collect::<Vec<_>>(), [0]);
    assert_eq!(before.topics().partition(id(1), 0).expect("there").isr(), [1, 2, 3]);
}

#[test]
fn a_delta_names_what_came_and_went() {
    let before = replay(&MetadataImage::default(), &everything()).after().clone();
    let records = [
        RemoveTopicRecord { topic_id: id(1) }.into(),
        topic("c", 5),
        topic("brief", 6),
        RemoveTopicRecord { topic_id: id(6) }.into(),
        topic("a", 7),
    ];
    let delta = replay(&before, &records);
    assert_eq!(delta.topics().deleted().values().map(|name| &**name).collect::<Vec<_>>(), ["a"]);
    assert_eq!(delta.topics().changed().keys().copied().collect::<Vec<_>>(), [id(5), id(7)]);
    assert_eq!(delta.after().topics().by_name("a").expect("new").id(), id(7));
    let names = &delta.configs().changed()[&ConfigResource::topic("a")];
    assert!(names.contains("retention.ms"));
}

#[test]
fn records_that_contradict_the_image_are_refused() {
    let cases: Vec<(OwnedRecord, ReplayError)> = vec![
        (partition(99, 0), ReplayError::UnknownTopic(id(99))),
        (RemoveTopicRecord { topic_id: id(99) }.into(), ReplayError::UnknownTopic(id(99))),
        (partition(1, -1), ReplayError::MalformedPartition { topic: id(1), partition: -1 }),
        (
            PartitionChangeRecord { partition_id: 9, topic_id: id(1), ..Default::default() }.into(),
            ReplayError::UnknownPartition { topic: id(1), partition: 9 },
        ),
        (FenceBrokerRecord { id: 9, epoch: 1 }.into(), ReplayError::UnknownBroker(9)),
        (
            UnfenceBrokerRecord { id: 1, epoch: 4 }.into(),
            ReplayError::WrongBrokerEpoch { broker: 1, registered: 5, given: 4 },
        ),
        (feature("metadata.version", 31), ReplayError::UnsupportedMetadataVersion(31)),
        (RemoveAccessControlEntryRecord { id: id(9) }.into(), ReplayError::UnknownAcl(id(9))),
        (ClearElrRecord { topic_name: "zz".into() }.into(), ReplayError::UnknownTopicName("zz".into())),
    ];
    let image = replay(&MetadataImage::default(), &everything()).after().clone();
    for (record, error) in cases {
        assert_eq!(MetadataDelta::new(&image).replay(&record), Err(error));
    }
}

#[test]
fn an_older_metadata_version_writes_what_it_can_carry() {
    let mut records = everything();
    records.push(feature("metadata.version", 7));
    let old = replay(&MetadataImage::default(), &records).after().clone();
    let back = through_a_snapshot(&old);
    assert_eq!(back.features().metadata_version(), Some(MetadataVersion::MINIMUM));
    let partition = back.topics().partition(id(1), 0).expect("there");
    assert_eq!(partition.directory(1), Some(directory_id::MIGRATING));
    assert!(back.scram().iter().next().is_none() && back.cluster().controller(3000).is_none());
    assert_eq!(through_a_snapshot(&back), back);
}

#[test]
fn partitions_may_come_in_any_order() {
    let mut records = vec![feature("metadata.version", 30), topic("t", 1)];
    records.extend((0..400).rev().map(|number| partition(1, number)));
    let image = replay(&MetadataImage::default(), &records).after().clone();
    let topic = image.topics().by_name("t").expect("there");
    assert_eq!(topic.partition_count(), 400);
    assert_eq!(
        topic.partitions().map(|(number, _)| number).collect::<Vec<_>>(),
        (0..400).collect::<Vec<_>>()
    );
    assert!(topic.partition(400).is_none() && topic.partition(-1).is_none());
    assert_eq!(through_a_snapshot(&image), image);
}

fn any_list(max: usize) -> impl Strategy<Value = Vec<i32>> {
    prop::collection::vec(0..50, 0..max)
}

prop_compose! {
    fn any_partition()(
        replicas in any_list(6), isr in any_list(6), removing_replicas in any_list(3),
        adding_replicas in any_list(3), elr in any_list(3), last_known_elr in any_list(2), same in any::<bool>(),
        dirs in prop::collection::vec(0u8..4, 6), leader in -1..50, recovering in any::<bool>(),
        leader_epoch in 0..9, partition_epoch in 0..9,
    ) -> PartitionState {
        PartitionState {
            directories: dirs.iter().take(replicas.len()).map(|dir| if *dir == 0 { directory_id::MIGRATING } else { id(*dir) }).collect(),
            isr: if same { replicas.clone() } else { isr },
            replicas, removing_replicas, adding_replicas, elr, last_known_elr, leader, leader_epoch, partition_epoch,
            leader_recovery_state: if recovering { LeaderRecoveryState::Recovering } else { LeaderRecoveryState::Recovered },
        }
    }
}

proptest! {
    #[test]
    fn packing_loses_nothing(state in any_partition()) {
        let packed = crate::image::Partition::pack(&state);
        prop_assert_eq!(&packed.unpack(), &state);
        for (at, replica) in state.replicas.iter().enumerate() {
            let first = state.replicas.iter().position(|other| other == replica).unwrap_or(at);
            prop_assert_eq!(packed.directory(*replica), Some(state.directories[first]));
        }
    }

    /// Replaying a log in pieces, in one run, and through a snapshot in its middle all give the same image.
    #[test]
    fn a_log_and_its_snapshots_agree(cut in 0usize..60, order in prop::collection::vec(0usize..60, 0..120)) {
        let all = everything();
        let mut records: Vec<OwnedRecord> = Vec::new();
        let mut image = MetadataDelta::new(&MetadataImage::default());
        records.push(feature("metadata.version", 30));
        image.replay(&records[0]).expect("fits");
        for pick in order {
            let record = all[pick % all.len()].clone();
            // What doesn't fit is refused before it changes anything, and a controller would not have written it.
            let fits = MetadataDelta::new(image.after()).replay(&record).is_ok();
            let duplicate = matches!(&record, MetadataRecord::Topic(t)
                if image.after().topics().by_name(&t.name).is_some());
            if fits && !duplicate {
                image.replay(&record).expect("fits");
                records.push(record);
            }
        }
        let cut = cut.min(records.len());
        let whole = replay(&MetadataImage::default(), &records).after().clone();
        let half = replay(&MetadataImage::default(), &records[..cut]).after().clone();
        let in_two = replay(&half, &records[cut..]).after().clone();
        prop_assert_eq!(&in_two, &whole);
        let loaded = through_a_snapshot(&half);
        let from_snapshot = replay(&loaded, &records[cut..]).after().clone();
        prop_assert_eq!(&from_snapshot, &whole);
    }
}
