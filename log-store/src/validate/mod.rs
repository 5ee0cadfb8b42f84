//! What a leader checks of a batch before it appends it, and how it may have to change it.
//!
//! ```text
//! batch ─▶ header: counts, offsets, control, sequence
//!       ─▶ records: layout, order, keys of compacted topics, timestamps   (decompressed, bounded)
//!       ─▶ as it is, or rebuilt with the topic's compression
//! ```

mod error;
mod rebuild;
mod records;

use std::cell::RefCell;

use wire::batch::{BatchView, TimestampType};
use wire::compression::Compression;

pub use error::{InvalidBatch, RecordFault};

use crate::limits::SCRATCH_BYTES_KEPT;
use crate::log::{AppendOrigin, LogConfig};

/// A batch that may be appended.
#[derive(Debug)]
pub(crate) struct Validated {
    /// Largest timestamp of its records, ms; the time of the append if the topic says so.
    pub(crate) max_timestamp: i64,
    /// The batch in other bytes, if it must be compressed in another way.
    pub(crate) rebuilt: Option<Vec<u8>>,
}

thread_local! {
    /// Where records are decompressed to; one per thread, because a partition has no memory to spare.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Checks a batch whose checksum is good.
///
/// # Errors
/// [`InvalidBatch`] says what is wrong; nothing was changed.
pub(crate) fn validate(
    batch: &BatchView<'_>,
    config: &LogConfig,
    origin: AppendOrigin,
    now_ms: i64,
) -> Result<Validated, InvalidBatch> {
    if origin == AppendOrigin::Client {
        check_header(batch)?;
    }
    SCRATCH.with_borrow_mut(|scratch| {
        let validated = validate_records(batch, config, now_ms, scratch);
        scratch.clear();
        scratch.shrink_to(SCRATCH_BYTES_KEPT);
        validated
    })
}

/// What a client's header may say.
fn check_header(batch: &BatchView<'_>) -> Result<(), InvalidBatch> {
    let refuse = |reason: String| Err(InvalidBatch::Header { reason });
    let (count, delta) = (batch.record_count(), batch.last_offset_delta());
    if batch.base_offset() != 0 {
        return refuse(format!("the base offset is {}, not 0", batch.base_offset()));
    }
    if delta < 0 {
        return refuse(format!("the last offset delta is {delta}"));
    }
    if count <= 0 || i64::from(count) != i64::from(delta) + 1 {
        return refuse(format!("{count} records, but offsets for {}", i64::from(delta) + 1));
    }
    if batch.is_control() {
        return refuse("clients may not write control records".into());
    }
    if batch.has_producer_id() && batch.base_sequence() < 0 {
        return refuse(format!("the base sequence is {}", batch.base_sequence()));
    }
    Ok(())
}

fn validate_records(
    batch: &BatchView<'_>,
    config: &LogConfig,
    now_ms: i64,
    scratch: &mut Vec<u8>,
) -> Result<Validated, InvalidBatch> {
    let source = batch.compression().map_err(|code| InvalidBatch::UnknownCompression { code })?;
    let summary = records::check(batch, config, now_ms, scratch)?;
    let target = match config.compression {
        Some(_) if batch.is_control() => Compression::None,
        target => target.unwrap_or(source),
    };
    let append_time = config.timestamp_type == TimestampType::LogAppendTime;
    let max_timestamp = if append_time { now_ms } else { summary.max_timestamp };
    let rebuilt = if source != target || !summary.sequential {
        let rebuilt = rebuild::rebuild(batch, target, config, append_time.then_some(now_ms), scratch)?;
        Some(rebuilt)
    } else {
        None
    };
    Ok(Validated { max_timestamp, rebuilt })
}

#[cfg(test)]
mod tests;
