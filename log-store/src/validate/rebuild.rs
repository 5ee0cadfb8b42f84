//! Writing a batch anew: with the topic's compression, or with offsets that follow one another.

use wire::batch::{BatchBuilder, BatchView};
use wire::compression::Compression;

use super::error::InvalidBatch;
use crate::limits::DECOMPRESSED_BATCH_BYTES_MAX;
use crate::log::LogConfig;

/// The same records in a batch of the other compression; base offset 0, to be stamped.
pub(super) fn rebuild(
    batch: &BatchView<'_>,
    target: Compression,
    config: &LogConfig,
    append_time: Option<i64>,
    scratch: &mut Vec<u8>,
) -> Result<Vec<u8>, InvalidBatch> {
    let mut builder = BatchBuilder::new(0).compression(target, config.compression_level).producer(
        batch.producer_id(),
        batch.producer_epoch(),
        batch.base_sequence(),
    );
    if batch.is_transactional() {
        builder = builder.transactional();
    }
    if let Some(now_ms) = append_time {
        builder = builder.log_append_time(now_ms);
    }
    for record in batch.records(scratch, DECOMPRESSED_BATCH_BYTES_MAX)? {
        let record = record?;
        let headers: Vec<_> = record.headers().map(|header| (header.key, header.value)).collect();
        builder.push(record.timestamp, record.key, record.value, &headers);
    }
    Ok(builder.build())
}
