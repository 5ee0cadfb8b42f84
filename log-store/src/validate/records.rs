//! The records of a batch, one by one.

use wire::batch::{BatchView, NO_TIMESTAMP, Record, TimestampType};
use wire::compression::Compression;

use super::error::{InvalidBatch, RecordFault};
use crate::limits::{DECOMPRESSED_BATCH_BYTES_MAX, RECORD_FAULTS_MAX};
use crate::log::LogConfig;

/// What the records of a valid batch add up to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summary {
    pub(super) max_timestamp: i64,
    /// Whether their offset deltas are 0, 1, 2, …; some old clients compress batches in which they
    /// aren't, and Kafka numbers those anew.
    pub(super) sequential: bool,
}

/// A fault in one record, by the error code it leads to.
enum Fault {
    Record(String),
    Timestamp(String),
}

/// Reads every record: layout, count, order, key and timestamp.
pub(super) fn check(
    batch: &BatchView<'_>,
    config: &LogConfig,
    now_ms: i64,
    scratch: &mut Vec<u8>,
) -> Result<Summary, InvalidBatch> {
    let compressed = batch.compression() != Ok(Compression::None);
    let mut summary = Summary { max_timestamp: NO_TIMESTAMP, sequential: true };
    let mut faults = Faults::default();
    for (index, record) in (0..).zip(batch.records(scratch, DECOMPRESSED_BATCH_BYTES_MAX)?) {
        let record = record?;
        if record.offset_delta != index {
            summary.sequential = false;
            if !compressed {
                let message = format!("offset delta {} where {index} is next", record.offset_delta);
                faults.add(index, Fault::Record(message));
            }
        }
        if let Err(fault) = check_record(&record, batch, config, now_ms) {
            faults.add(index, fault);
        }
        summary.max_timestamp = summary.max_timestamp.max(record.timestamp);
    }
    faults.into_result(summary)
}

fn check_record(
    record: &Record<'_>,
    batch: &BatchView<'_>,
    config: &LogConfig,
    now_ms: i64,
) -> Result<(), Fault> {
    if config.compact && record.key.is_none() && !batch.is_control() {
        return Err(Fault::Record("a compacted topic takes no record without a key".into()));
    }
    if config.timestamp_type == TimestampType::CreateTime && record.timestamp != NO_TIMESTAMP {
        return check_range(record.timestamp, config, now_ms);
    }
    if batch.timestamp_type() == TimestampType::LogAppendTime {
        return Err(Fault::Timestamp("only a broker stamps records with LogAppendTime".into()));
    }
    Ok(())
}

fn check_range(timestamp: i64, config: &LogConfig, now_ms: i64) -> Result<(), Fault> {
    let earliest = now_ms.saturating_sub(config.timestamp_before_max_ms);
    let latest = now_ms.saturating_add(config.timestamp_after_max_ms);
    if (earliest..=latest).contains(&timestamp) {
        return Ok(());
    }
    Err(Fault::Timestamp(format!("timestamp {timestamp} is out of range, [{earliest}, {latest}] is allowed")))
}

/// The faults found so far; no memory is taken while there are none.
#[derive(Default)]
struct Faults {
    list: Vec<RecordFault>,
    timestamp: bool,
}

impl Faults {
    fn add(&mut self, index: i32, fault: Fault) {
        let message = match fault {
            Fault::Record(message) => message,
            Fault::Timestamp(message) => {
                self.timestamp = true;
                message
            }
        };
        if self.list.len() < RECORD_FAULTS_MAX {
            self.list.push(RecordFault { index, message });
        }
    }

    /// One bad timestamp makes it INVALID_TIMESTAMP, as Kafka has it.
    fn into_result(self, summary: Summary) -> Result<Summary, InvalidBatch> {
        let faults = self.list;
        if faults.is_empty() {
            return Ok(summary);
        }
        Err(if self.timestamp {
            InvalidBatch::Timestamps { faults }
        } else {
            InvalidBatch::Records { faults }
        })
    }
}
