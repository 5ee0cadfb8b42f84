//! What a controller writes when it becomes active.

use wire::metadata_records::MetadataRecord;
use wire::metadata_records::abort_transaction_record::AbortTransactionRecord;
use wire::metadata_records::begin_transaction_record::BeginTransactionRecord;
use wire::metadata_records::end_transaction_record::EndTransactionRecord;

use super::config::ControllerConfig;
use crate::features::{ELIGIBLE_LEADER_REPLICAS_VERSION, METADATA_VERSION, MetadataVersion};
use crate::image::{ConfigResource, MetadataImage, config_record};
use crate::record::Record;

/// Records of the activation: the bootstrap records if the log holds no metadata yet, and the end of a transaction
/// that an earlier controller left open (`in_transaction`).
pub(crate) fn plan(config: &ControllerConfig, image: &MetadataImage, in_transaction: bool) -> Vec<Record> {
    if image.features().metadata_version().is_some() {
        return if in_transaction { vec![abort()] } else { Vec::new() };
    }
    let level = |feature: &str| {
        let mut levels = config.bootstrap.iter().rev().filter_map(|record| match &record.message {
            MetadataRecord::FeatureLevel(record) if record.name == feature => Some(record.feature_level),
            _ => None,
        });
        levels.next()
    };
    let version = level(METADATA_VERSION).and_then(MetadataVersion::from_level);
    let version = version.unwrap_or(MetadataVersion::MINIMUM);
    let mut records = Vec::new();
    if in_transaction {
        records.push(abort());
    }
    if version.has_metadata_transactions() {
        records.push(Record::v0(BeginTransactionRecord { name: Some("Bootstrap records".into()) }));
    }
    records.extend(config.bootstrap.iter().cloned());
    if level(ELIGIBLE_LEADER_REPLICAS_VERSION).is_some_and(|level| level > 0) {
        let value = config.integer("min.insync.replicas").to_string();
        records.push(config_record(&ConfigResource::broker_default(), "min.insync.replicas", Some(&value)));
    }
    if version.has_metadata_transactions() {
        records.push(Record::v0(EndTransactionRecord {}));
    }
    records
}

fn abort() -> Record {
    Record::v0(AbortTransactionRecord { reason: Some("Controller failover".into()) })
}
